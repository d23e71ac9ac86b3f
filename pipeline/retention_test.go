package pipeline

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/retention"
	"github.com/quoll/quoll/schema"
)

// old is auditLines of a year before.
func old(p model.Payload) model.Payload {
	p.Body = []byte(strings.ReplaceAll(string(p.Body), "2026-03-14", "2025-03-14"))
	return p
}

// TestTombstonesAreKnownEverywhere removes what is a year old, and has check,
// reconciliation, replay and a second delivery know that it was not lost.
func TestTombstonesAreKnownEverywhere(t *testing.T) {
	dir := t.TempDir()
	r := openRiver(t, dir, nil)
	r.add(t, old(auditLines(0, 20)))
	r.add(t, old(revised(3)))
	noTime := auditLines(900, 1)
	noTime.Body = []byte(strings.Replace(string(noTime.Body), `"CreationTime":"2026-03-14T12:00:00",`, "", 1))
	r.add(t, noTime)
	r.add(t, auditLines(50, 10))
	if err := errors.Join(r.Catchup(t.Context()), r.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	policy, err := retention.NewPolicy([]retention.Rule{{Name: "a year", Priority: 1, Keep: retention.Period{Months: 12}}})
	if err != nil {
		t.Fatal(err)
	}
	hold := []retention.Hold{{ID: "H", Tables: []string{schema.OfficeActivity}, To: time.Date(2025, 3, 14, 12, 5, 0, 0, time.UTC)}}
	run, err := r.lake.Expire(t.Context(), lake.Terms{Policy: policy, Holds: hold, Day: time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)})
	if err != nil || len(run.Tables) != 3 {
		t.Fatalf("%+v, %v", run, err)
	}
	const office = 5 + 10 + 1 // five are held
	counts := func(when string) {
		t.Helper()
		if all, some, revisions := r.rows(t, schema.UnifiedAuditLog), r.rows(t, schema.OfficeActivity), r.rows(t, schema.UnifiedAuditLogRevisions); all != 11 || some != office || revisions != 0 {
			t.Errorf("%s: %d, %d and %d rows", when, all, some, revisions)
		}
	}
	counts("after the run")
	r.add(t, old(auditLines(0, 20)))
	if err := errors.Join(r.Catchup(t.Context()), r.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	counts("delivered again")
	if s := r.Status(); s.Expired != 15 { // those that are held in one table are known there
		t.Errorf("%d records are counted as out of date", s.Expired)
	}
	if got := r.reconcile(t, nil); !got.Equal() || got.Expired != 20+15+1 {
		t.Errorf("%+v", got)
	}
	// What is lost is still found beside what was let go of.
	got := r.reconcile(t, func(position uint64, p *model.Payload) error {
		if position == 4 {
			p.Body = append(p.Body, auditLines(70, 1).Body...)
		}
		return nil
	})
	if got.Missing != 2 {
		t.Errorf("%+v", got)
	}

	if check := checkRiver(t, r, dir, nil); len(check.Problems) > 0 {
		t.Errorf("check: %+v", check.Problems)
	}
	r = replayed(t, r, dir)
	counts("after a replay")
	if got := r.reconcile(t, nil); !got.Equal() {
		t.Errorf("after a replay: %+v", got)
	}
	if check := checkRiver(t, r, dir, nil); len(check.Problems) > 0 {
		t.Errorf("check after a replay: %+v", check.Problems)
	}
}

func TestAnImportCountsWhatIsOutOfDate(t *testing.T) {
	r := importRun{summary: ImportSummary{Reasons: map[string]int{}, Rows: map[string]int{}}}
	r.count(outcome{applied: lake.Applied{Records: 5, Added: 1, Duplicates: 1, Expired: 3}})
	if s := r.summary; s.Expired != 3 || s.Records != s.Added+s.Duplicates+s.Revisions+s.Expired+s.Rejected {
		t.Errorf("%+v", s)
	}
}

// TestRevisionsOfWhatWentStay removes records and keeps their revisions, which are under
// no rule: they are there after a replay, too, and one that comes late is taken.
func TestRevisionsOfWhatWentStay(t *testing.T) {
	dir := t.TempDir()
	r := openRiver(t, dir, nil)
	for _, p := range []model.Payload{auditLines(0, 20), revised(3), revised(3), auditLines(30, 5)} {
		p = old(p)
		p.Received = time.Date(2025, 3, 15, 0, 0, 0, 0, time.UTC)
		r.add(t, p)
	}
	r.add(t, auditLines(50, 10))
	if err := errors.Join(r.Catchup(t.Context()), r.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	policy, err := retention.NewPolicy([]retention.Rule{{Name: "a year", Priority: 1, Keep: retention.Period{Months: 12}, Tables: []string{schema.UnifiedAuditLog, schema.OfficeActivity}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.lake.Expire(t.Context(), lake.Terms{Policy: policy, Day: time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	counts := func(when string, revisions int64) {
		t.Helper()
		if all, some, revised := r.rows(t, schema.UnifiedAuditLog), r.rows(t, schema.OfficeActivity), r.rows(t, schema.UnifiedAuditLogRevisions); all != 10 || some != 10 || revised != revisions {
			t.Errorf("%s: %d, %d and %d rows", when, all, some, revised)
		}
		if got := r.reconcile(t, nil); !got.Equal() {
			t.Errorf("%s: %+v", when, got)
		}
	}
	counts("after the run", 1)
	replay := func() { r = replayed(t, r, dir) }
	if check := checkRiver(t, r, dir, nil); len(check.Problems) > 0 {
		t.Errorf("check: %+v", check.Problems)
	}
	replay()
	counts("after a replay", 1)

	// What the records were taken from goes out of the journal, but not the payload by
	// which the revision is one.
	trimmed, err := (&life{river: r}).trimmer(r.journal, func(uint64) bool { return true }).Trim(t.Context(), TrimTerms{Policy: policy, Holds: fixedHolds(nil), Through: through(5)})
	if err != nil || trimmed.Payloads != 1 || trimmed.First != 4 {
		t.Errorf("%+v, %v", trimmed, err)
	}
	if check := checkRiver(t, r, dir, nil); len(check.Problems) > 0 {
		t.Errorf("check: %+v", check.Problems)
	}
	replay()
	if all, revised := r.rows(t, schema.UnifiedAuditLog), r.rows(t, schema.UnifiedAuditLogRevisions); all != 10 || revised != 1 {
		t.Errorf("after trimming and a replay: %d and %d rows", all, revised)
	}
}

// TestAReplayAfterACrashOfRetention replays before anything has opened a lake whose run of
// retention was committed and not ended: what it removed stays away.
func TestAReplayAfterACrashOfRetention(t *testing.T) {
	dir := t.TempDir()
	r := openRiver(t, dir, nil)
	r.add(t, old(auditLines(0, 20)))
	r.add(t, auditLines(50, 10))
	if err := errors.Join(r.Catchup(t.Context()), r.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	policy, err := retention.NewPolicy([]retention.Rule{{Name: "a year", Priority: 1, Keep: retention.Period{Months: 12}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.lake.Expire(t.Context(), lake.Terms{Policy: policy, Day: time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	if err := r.lake.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "lake-tombstones", "00000000000000000001.tombstone.json")
	text, err := os.ReadFile(path)
	var tombstone map[string]any
	if err = errors.Join(err, json.Unmarshal(text, &tombstone)); err != nil {
		t.Fatal(err)
	}
	delete(tombstone, "ended")
	delete(tombstone, "done")
	if text, err = json.Marshal(tombstone); err == nil {
		err = os.WriteFile(path, text, 0o640)
	}
	if err != nil {
		t.Fatal(err)
	}
	r = replayed(t, r, dir)
	if n := r.rows(t, schema.UnifiedAuditLog); n != 10 {
		t.Errorf("%d rows after the replay", n)
	}
	if all := r.lake.Tombstones(); len(all) != 1 || len(all[0].Tables) != 2 {
		t.Errorf("tombstones: %+v", all)
	}
	if got := r.reconcile(t, nil); !got.Equal() {
		t.Errorf("%+v", got)
	}
}

// replayed builds the tables anew from the journal, and opens what was built.
func replayed(t *testing.T, r *river, dir string) *river {
	t.Helper()
	parts := r.Parts
	parts.Normaliser = normalise.New(normalise.Config{WorkspaceID: "w"})
	if err := Replay(t.Context(), lake.DefaultConfig(filepath.Join(dir, "lake")), DefaultConfig(), parts, nil); err != nil {
		t.Fatal(err)
	}
	r.close()
	return openRiver(t, dir, nil)
}

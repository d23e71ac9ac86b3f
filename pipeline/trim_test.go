package pipeline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/retention"
	"github.com/quoll/quoll/schema"
)

// trimDay is the day on which retention runs in these tests.
var trimDay = time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)

// heldBy is an archive that has what has says, and every copy of it.
func heldBy(j *journal.Journal, has func(uint64) bool) Held {
	return func(ctx context.Context, first, last uint64, wanted func(uint64) bool, use func(uint64, [32]byte, model.Payload) error) error {
		return j.Read(ctx, journal.Position(first-1), func(e journal.Entry) error {
			at := uint64(e.Position)
			if at > last || !wanted(at) || !has(at) {
				return nil
			}
			return use(at, e.SHA256, model.Payload{Source: model.SourceQuoll, Format: model.FormatOwnRows, ContentType: model.ContentTrimmed, Name: fmt.Sprint("object of ", at), Received: e.Payload.Received})
		})
	}
}

// fixedHolds are in force.
type fixedHolds []retention.Hold

func (h fixedHolds) RetentionHolds(context.Context) ([]retention.Hold, error) { return h, nil }

// holdsThatCome has another one each time it is asked.
type holdsThatCome struct{ asked int }

func (h *holdsThatCome) RetentionHolds(context.Context) ([]retention.Hold, error) {
	h.asked++
	return []retention.Hold{{ID: fmt.Sprint(h.asked), Users: []string{"nobody@example.org"}}}, nil
}

func through(position uint64) func(context.Context) (uint64, error) {
	return func(context.Context) (uint64, error) { return position, nil }
}

// life is a journal of random payloads, of which retention has removed rows.
type life struct {
	*river
	dir    string
	policy *retention.Policy
	holds  fixedHolds
}

// trimPayload is a payload of a kind that trimming has to tell apart. When a record
// happened and who did it goes by its number, so that its revisions are as old.
func trimPayload(rng *rand.Rand, i int) model.Payload {
	var text strings.Builder
	newest := 0
	for range 1 + rng.IntN(3) {
		n := rng.IntN(40) // some are repeats
		year := []int{2021, 2022, 2023, 2026}[n%4]
		line := strings.ReplaceAll(string(auditLines(n, 1).Body), "2026-03-14", fmt.Sprint(year, "-03-14"))
		sum := sha256.Sum256([]byte{byte(n)}) // so that it cannot be packed into nothing
		line = strings.Replace(line, `"UserKey":"k"`, fmt.Sprintf(`"UserKey":"%x"`, sum), 1)
		if n%3 == 0 {
			line = strings.ReplaceAll(line, "ada@example.org", "minister@example.org")
		}
		if rng.IntN(4) == 0 { // revisions
			line = strings.ReplaceAll(line, "FileAccessed", "FileModified")
		}
		text.WriteString(line)
		newest = max(newest, year)
		if rng.IntN(3) > 0 { // mostly of one record
			break
		}
	}
	p := auditLines(0, 1)
	p.Name, p.Received = fmt.Sprint("payload ", i), time.Date(newest, 3, 15, 0, 0, 0, 0, time.UTC)
	switch rng.IntN(10) {
	case 0:
		text.WriteString("this is no record\n")
	case 1: // gives no rows
		p.Source, p.Format = model.SourceLedger, model.FormatCertificate
	case 2:
		p.Received = time.Time{}
	}
	p.Body = []byte(text.String())
	return p
}

func newLife(t *testing.T, rng *rand.Rand, payloads int) *life {
	t.Helper()
	l := &life{dir: t.TempDir()}
	cfg := journal.DefaultConfig(filepath.Join(l.dir, "journal"))
	cfg.SegmentBytes = 3 << 10
	l.river = openRiverWith(t, l.dir, cfg, nil)
	all := make([]model.Payload, payloads)
	for i := range all {
		all[i] = trimPayload(rng, i)
	}
	slices.SortStableFunc(all, func(a, b model.Payload) int { return a.Received.Compare(b.Received) })
	if _, err := l.journal.Append(t.Context(), all...); err != nil {
		t.Fatal(err)
	}
	rules := []retention.Rule{{Name: "rest", Priority: 100, Keep: retention.Period{Months: 12 * (1 + rng.IntN(2))}}}
	if rng.IntN(2) == 0 {
		rules = append(rules, retention.Rule{Name: "minister", Priority: 1, Keep: retention.Period{Years: 2, Forever: rng.IntN(2) == 0}, Users: []string{"minister@example.org"}})
	}
	if rng.IntN(3) == 0 {
		rules = append(rules, retention.Rule{Name: "office", Priority: 2, Keep: retention.Period{Years: 10}, Tables: []string{schema.OfficeActivity}})
	}
	var err error
	if l.policy, err = retention.NewPolicy(rules); err != nil {
		t.Fatal(err)
	}
	if rng.IntN(2) == 0 {
		l.holds = fixedHolds{{ID: "H", Users: []string{"ADA@example.org"}, To: trimDay.AddDate(-2, 0, 0)}}
	}
	if err := errors.Join(l.Catchup(t.Context()), l.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	if _, err := l.lake.Expire(t.Context(), lake.Terms{Policy: l.policy, Holds: l.holds, Ask: l.holds, Day: trimDay}); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *life) trimmer(j *journal.Journal, has func(uint64) bool) *Trimmer {
	return &Trimmer{Journal: j, Lake: l.lake, Normaliser: l.Normaliser, Held: heldBy(j, has), State: l.State, Clock: l.Clock, part: 20}
}

// tables are the rows of all tables, in some order: what they are and where from.
func (l *life) tables(t *testing.T, of *lake.Lake) []string {
	t.Helper()
	var rows []string
	for _, table := range schema.Tables() {
		err := of.Contents(t.Context(), table.Name, func(c lake.Content) error {
			rows = append(rows, fmt.Sprintf("%s %x %x %d %x", table.Name, c.Key, c.Digest, c.Position, c.Sum))
			return nil
		}, func(path string, err error) { t.Errorf("%s: %v", path, err) })
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(rows)
	return rows
}

// replayed builds the tables anew from a journal.
func (l *life) replayed(t *testing.T, j *journal.Journal) []string {
	t.Helper()
	config := lake.DefaultConfig(filepath.Join(t.TempDir(), "lake"))
	config.Tombstones = filepath.Join(l.dir, "lake-tombstones")
	fresh, err := lake.Open(t.Context(), config, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	parts := l.Parts
	parts.Journal, parts.Lake, parts.Rejects = j, fresh, nil
	p, err := New(t.Context(), DefaultConfig(), parts)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Catchup(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l.tables(t, fresh)
}

func entries(t *testing.T, j *journal.Journal) (all []journal.Entry) {
	t.Helper()
	if err := j.Read(t.Context(), 0, func(e journal.Entry) error { all = append(all, e); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestNothingNeededIsTrimmed trims random journals under random rules, holds and states
// of the archive: what is left makes the same tables, and what the archive lacks, is
// held, was rejected, may be made into rows yet or is young, is there.
func TestNothingNeededIsTrimmed(t *testing.T) {
	seeds, total := uint64(16), int64(0)
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 48))
			l := newLife(t, rng, 40)
			before, rows := entries(t, l.journal), l.tables(t, l.lake)
			archived, limit := map[uint64]bool{}, uint64(20+rng.IntN(40))
			for i := range before {
				archived[uint64(i+1)] = rng.IntN(4) > 0
			}
			quarantined := map[journal.Position]bool{}
			for range 5 {
				at := journal.Position(1 + rng.IntN(40))
				quarantined[at] = true
				if _, err := l.State.ExecContext(t.Context(), `INSERT OR IGNORE INTO pipeline_quarantine (position, name, format, sha256, reason, seen) VALUES (?, '', '', x'', '', 0)`, at); err != nil {
					t.Fatal(err)
				}
			}
			done, err := l.trimmer(l.journal, func(p uint64) bool { return archived[p] }).Trim(t.Context(), TrimTerms{Policy: l.policy, Holds: l.holds, Through: through(limit)})
			if err != nil {
				t.Fatal(err)
			}
			total += done.Payloads
			after, gone := entries(t, l.journal), int64(0)
			for i, e := range after {
				if e.SHA256 == before[i].SHA256 {
					continue
				}
				gone++
				body, received := string(before[i].Payload.Body), before[i].Payload.Received
				switch held := len(l.holds) > 0; {
				case !IsTrimmed(e.Payload), !archived[uint64(e.Position)], uint64(e.Position) > limit, quarantined[e.Position], received.IsZero():
					t.Errorf("position %d: %+v", e.Position, e.Payload)
				case strings.Contains(body, "no record"), !received.Before(trimDay.AddDate(-1, 0, 0)):
					t.Errorf("position %d was trimmed: %s", e.Position, body)
				case before[i].Payload.Format == model.FormatCertificate && !received.Before(l.policy.OutOfDateByAll(trimDay)):
					t.Errorf("position %d gives no rows and is not older than all rules", e.Position)
				case held && (strings.Contains(body, "ada@") && received.Before(l.holds[0].To) || before[i].Payload.Format == model.FormatCertificate):
					t.Errorf("position %d is held: %s", e.Position, body)
				}
			}
			if gone != done.Payloads {
				t.Errorf("%+v, and %d went", done, gone)
			}
			if again := l.replayed(t, l.journal); !slices.Equal(again, rows) {
				t.Errorf("%d rows before, and %d after a replay", len(rows), len(again))
			}
			if check := checkRiver(t, l.river, l.dir, nil); len(check.Problems) > 0 || check.Trimmed != gone {
				t.Errorf("%d trimmed, the check says %+v", gone, check)
			}
		})
	}
	if total == 0 {
		t.Error("nothing was trimmed at all")
	}
}

// TestCrashWhileTrimming crashes at each operation on the journal's files: what is left
// is the payload or what stands for it, the tables can be made of it, and the next run
// goes on.
func TestCrashWhileTrimming(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 48))
	l := newLife(t, rng, 24)
	before, rows := entries(t, l.journal), l.tables(t, l.lake)
	from := durabletest.New(nil)
	cfg := journal.DefaultConfig("/journal")
	cfg.SegmentBytes, cfg.FS = 3<<10, from
	j := mustJournal(t, cfg)
	for _, e := range before {
		if _, err := j.Append(t.Context(), e.Payload); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	terms := TrimTerms{Policy: l.policy, Holds: l.holds, Through: through(1000)}
	all := func(uint64) bool { return true }
	step, checked := 1, 0
	if testing.Short() {
		step = 12
	}
	for n := 1; ; n += step {
		fsys := from.AfterCrash(durabletest.KeepAll, nil)
		cfg.FS = fsys
		j := mustJournal(t, cfg)
		fsys.SetInject(durabletest.At(fsys.Ops()+n, durabletest.Crash))
		if done, err := l.trimmer(j, all).Trim(t.Context(), terms); err == nil {
			if done.Payloads < 3 || checked < 3 {
				t.Fatalf("%+v with %d operations: the test does not trim enough", done, n)
			}
			return
		}
		checked++
		cfg.FS = fsys.AfterCrash(durabletest.Keep(n%2), rng)
		j = mustJournal(t, cfg)
		check := func(when string) (gone int) {
			for i, e := range entries(t, j) {
				if e.SHA256 != before[i].SHA256 {
					if gone++; !IsTrimmed(e.Payload) {
						t.Errorf("operation %d, %s: position %d is %+v", n, when, e.Position, e.Payload)
					}
				}
			}
			if j.Last() != journal.Position(len(before)) {
				t.Errorf("operation %d, %s: the journal ends at %d", n, when, j.Last())
			}
			return gone
		}
		gone := check("after the crash")
		done, err := l.trimmer(j, all).Trim(t.Context(), terms)
		if err != nil || check("again") != gone+int(done.Payloads) || done.Payloads == 0 && gone == 0 {
			t.Errorf("operation %d: %+v, %v", n, done, err)
		}
		if checked == 1 && !slices.Equal(l.replayed(t, j), rows) {
			t.Errorf("operation %d: other rows after a replay", n)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// What the archive has otherwise stays, and so does everything when a hold comes.
func TestTrimmingStops(t *testing.T) {
	l := newLife(t, rand.New(rand.NewPCG(1, 48)), 24)
	before := entries(t, l.journal)
	trimmer := l.trimmer(l.journal, func(uint64) bool { return true })
	if _, err := trimmer.Trim(t.Context(), TrimTerms{Policy: l.policy, Holds: &holdsThatCome{}, Through: through(1000)}); !errors.Is(err, lake.ErrHoldsChanged) {
		t.Errorf("a hold that comes meanwhile: %v", err)
	}
	held := trimmer.Held
	trimmer.Held = func(ctx context.Context, first, last uint64, wanted func(uint64) bool, use func(uint64, [32]byte, model.Payload) error) error {
		return held(ctx, first, last, wanted, func(p uint64, _ [32]byte, place model.Payload) error { return use(p, [32]byte{1}, place) })
	}
	if done, err := trimmer.Trim(t.Context(), TrimTerms{Policy: l.policy, Holds: l.holds, Through: through(1000)}); err != nil || done.Payloads != 0 {
		t.Errorf("the archive has other bodies: %+v, %v", done, err)
	}
	forever, err := retention.NewPolicy([]retention.Rule{{Name: "for ever", Priority: 1, Keep: retention.Period{Forever: true}}})
	if err != nil {
		t.Fatal(err)
	}
	trimmer.Held = held
	for _, policy := range []*retention.Policy{{}, forever} {
		if done, err := trimmer.Trim(t.Context(), TrimTerms{Policy: policy, Holds: l.holds, Through: through(1000)}); err != nil || done.Payloads != 0 {
			t.Errorf("rules were widened: %+v, %v", done, err)
		}
	}
	late := fixedHolds{{ID: "placed after the run"}}
	if done, err := trimmer.Trim(t.Context(), TrimTerms{Policy: l.policy, Holds: late, Through: through(1000)}); err != nil || done.Payloads != 0 {
		t.Errorf("held since: %+v, %v", done, err)
	}
	// A mapping that makes no rows of anything any more: those that are in the tables need
	// what they are from.
	rows := map[uint64]bool{}
	if err := l.lake.Positions(t.Context(), math.MaxUint64, func(position uint64) { rows[position] = true }); err != nil {
		t.Fatal(err)
	}
	trimmer.Normaliser, trimmer.looked = noRows{}, nil
	trimmer.Held = func(ctx context.Context, first, last uint64, wanted func(uint64) bool, _ func(uint64, [32]byte, model.Payload) error) error {
		for p := first; p <= last; p++ {
			if wanted(p) && rows[p] {
				t.Errorf("position %d has rows, and would be trimmed", p)
			}
		}
		return nil
	}
	month, err := retention.NewPolicy([]retention.Rule{{Name: "a month", Priority: 1, Keep: retention.Period{Months: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trimmer.Trim(t.Context(), TrimTerms{Policy: month, Holds: fixedHolds{}, Through: through(1000)}); err != nil || len(rows) == 0 {
		t.Errorf("%v, %d positions have rows", err, len(rows))
	}
	trimmer.Normaliser, trimmer.Held, trimmer.looked = l.Normaliser, held, nil
	for i, e := range entries(t, l.journal) {
		if !bytes.Equal(e.Payload.Body, before[i].Payload.Body) {
			t.Errorf("position %d has gone", e.Position)
		}
	}
	size := func() (n int64) {
		files, _ := filepath.Glob(filepath.Join(l.dir, "journal", "*.journal"))
		for _, f := range files {
			if info, err := os.Stat(f); err == nil {
				n += info.Size()
			}
		}
		return n
	}
	full := size()
	terms := TrimTerms{Policy: l.policy, Holds: l.holds, Through: through(1000)}
	done, err := trimmer.Trim(t.Context(), terms)
	if err != nil || done.Payloads == 0 || size() >= full {
		t.Errorf("%+v, %v; %d bytes of %d", done, err, size(), full)
	}
	if again, err := trimmer.Trim(t.Context(), terms); err != nil || again.Payloads != 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
	normaliser := normalise.New(normalise.Config{})
	for _, e := range entries(t, l.journal) {
		if r := normaliser.Payload(e.Payload); IsTrimmed(e.Payload) && len(r.Records)+len(r.Rejects) > 0 {
			t.Errorf("what stands for a payload is read as %+v", r)
		}
	}
}

// noRows is a mapping that makes nothing of anything.
type noRows struct{}

func (noRows) Payload(model.Payload) normalise.Result { return normalise.Result{} }

func mustJournal(t *testing.T, cfg journal.Config) *journal.Journal {
	t.Helper()
	j, err := journal.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// askedLake counts how often the positions of rows are asked for.
type askedLake struct {
	Remaining
	asked int
}

func (l *askedLake) Positions(ctx context.Context, last uint64, use func(position uint64)) error {
	l.asked++
	return l.Remaining.Positions(ctx, last, use)
}

// The tables are read when something has come that lets more go, and then what waited
// for it is looked at again; otherwise they are not.
func TestTrimmingLooksAgain(t *testing.T) {
	l := newLife(t, rand.New(rand.NewPCG(1, 48)), 24)
	trimmer, asked := l.trimmer(l.journal, func(uint64) bool { return true }), &askedLake{Remaining: l.lake}
	trimmer.Lake = asked
	trim := func(holds fixedHolds, trims bool, times int) {
		t.Helper()
		done, err := trimmer.Trim(t.Context(), TrimTerms{Policy: l.policy, Holds: holds, Through: through(1000)})
		if err != nil || done.Payloads > 0 != trims || asked.asked != times {
			t.Errorf("%+v, %v, and the tables were read %d times, want %d", done, err, asked.asked, times)
		}
	}
	all := fixedHolds{{ID: "everything"}}
	trim(all, false, 1)
	trim(all, false, 1)
	trim(l.holds, true, 2)
	trim(l.holds, false, 2)
	if _, err := l.lake.Expire(t.Context(), lake.Terms{Policy: l.policy, Holds: all, Day: trimDay.AddDate(0, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	trim(l.holds, false, 3)
}

package lake

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/retention"
	"github.com/quoll/quoll/schema"
)

// later is a day on which noon is out of date by yearly.
var laterDay = noon.AddDate(1, 0, 2)

func termsOf(t testing.TB, day time.Time, holds []retention.Hold, rules ...retention.Rule) Terms {
	t.Helper()
	p, err := retention.NewPolicy(rules)
	if err != nil {
		t.Fatal(err)
	}
	return Terms{Policy: p, Holds: holds, Day: day}
}

func yearly() retention.Rule {
	return retention.Rule{Name: "a year", Priority: 100, Keep: retention.Period{Years: 1}}
}

// fewTables are all that auditRecord needs.
var fewTables = []*schema.Table{tableNamed(schema.UnifiedAuditLog), tableNamed(schema.UnifiedAuditLogRevisions), tableNamed(schema.OfficeActivity)}

func openFew(t testing.TB, dir string) *Lake {
	t.Helper()
	config := testConfig(dir)
	config.Tables = fewTables
	l, err := Open(t.Context(), config, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func expire(t testing.TB, l *Lake, terms Terms) *Tombstone {
	t.Helper()
	run, err := l.Expire(context.Background(), terms)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// days applies one record a day, the first at noon, and flushes each. The last is so
// recent that the clock is believed.
func days(t testing.TB, l *Lake, n int) {
	t.Helper()
	for i := range n {
		at := noon.AddDate(0, 0, i)
		apply(t, l, Batch{Position: l.Applied() + 1, Ingested: at, Records: []schema.Record{auditRecord(i, 0, at, true)}})
		flush(t, l)
	}
	apply(t, l, Batch{Position: l.Applied() + 1, Ingested: laterDay, Records: []schema.Record{auditRecord(1000, 0, laterDay, true)}})
	flush(t, l)
}

func dataFilesOf(t testing.TB, l *Lake) (n int) {
	t.Helper()
	err := l.files.walk(filepath.Join(l.config.Dir, namespace), func(path string) error {
		if filepath.Ext(path) == ".parquet" {
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWholeDaysGoAndTheDiskIsFree(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	l := openFew(t, dir)
	days(t, l, 5) // noon, and four days after it
	before := dataFilesOf(t, l)
	run := expire(t, l, termsOf(t, laterDay, nil, yearly()))
	if run == nil || len(run.Tables) != 2 || run.Tables[0].Rows != 2 || run.Tables[0].Dropped != 2 || run.Tables[0].Rewritten != 0 || run.Tables[0].Bytes <= 0 {
		t.Fatalf("%+v", run)
	}
	by := run.Tables[0].Rules
	if len(by) != 1 || by[0].Name != "a year" || !by[0].Oldest.Equal(noon) || !by[0].Newest.Equal(noon.AddDate(0, 0, 1)) {
		t.Errorf("%+v", by)
	}
	rowsAre(t, l, 4, "after the run")
	if after := dataFilesOf(t, l); after != before-4 {
		t.Errorf("%d files on the disk, %d before", after, before)
	}
	if n := len(l.tables[schema.UnifiedAuditLog].iceberg.Metadata().Snapshots); n != 1 {
		t.Errorf("%d snapshots", n)
	}
	checkDisk(t, l)
	if again := expire(t, l, termsOf(t, laterDay, nil, yearly())); again != nil {
		t.Errorf("a second run on one day: %+v", again)
	}
	l.Close()
	l = openFew(t, dir)
	if all := l.Tombstones(); len(all) != 1 || all[0].Ended.IsZero() || all[0].Tables[0].Digest != run.Tables[0].Digest || !all[0].Done[schema.OfficeActivity] {
		t.Errorf("%+v", all)
	}
	next := expire(t, l, termsOf(t, laterDay.AddDate(0, 0, 1), nil, yearly()))
	if next == nil || next.Run != 2 || next.Tables[0].Rows != 1 {
		t.Errorf("the day after: %+v", next)
	}
	rowsAre(t, l, 3, "the day after")
}

func TestWithoutRulesNothingGoes(t *testing.T) {
	l := openFew(t, filepath.Join(t.TempDir(), "lake"))
	days(t, l, 3)
	if run := expire(t, l, termsOf(t, laterDay.AddDate(90, 0, 0), nil)); run != nil {
		t.Errorf("%+v", run)
	}
	rowsAre(t, l, 4, "without rules")
	if _, err := os.Stat(l.config.tombstoneDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder of tombstones: %v", err)
	}
}

// TestFilesInPartOutOfDateAreRewritten has rows of one day that different rules and
// a hold decide about.
func TestFilesInPartOutOfDateAreRewritten(t *testing.T) {
	l := openFew(t, filepath.Join(t.TempDir(), "lake"))
	var records []schema.Record
	for i := range 50 { // one of each record type
		records = append(records, auditRecord(i, 0, noon.Add(time.Duration(i)*time.Minute), true))
	}
	apply(t, l, Batch{Position: 1, Ingested: noon, Records: records})
	days(t, l, 0)
	compact(t, l)
	ten := retention.Rule{Name: "admin", Priority: 10, Keep: retention.Period{Years: 10}, RecordTypes: []retention.RecordType{{Number: 1}, {Number: 2}}}
	holds := []retention.Hold{{ID: "H1", Tables: []string{schema.UnifiedAuditLog}, From: noon.Add(10 * time.Minute), To: noon.Add(15 * time.Minute)}}
	terms := termsOf(t, laterDay, holds, yearly(), ten)
	preview, err := l.Preview(t.Context(), terms)
	if err != nil {
		t.Fatal(err)
	}
	run := expire(t, l, terms)
	if len(run.Tables) != 2 || len(preview) != 2 || preview[0].Rows != run.Tables[0].Rows || preview[0].Digest != run.Tables[0].Digest {
		t.Fatalf("%+v\npreview %+v", run.Tables, preview)
	}
	for _, r := range run.Tables {
		switch r.Table {
		case schema.UnifiedAuditLog:
			if r.Rows != 43 || r.Rewritten != 1 || r.Dropped != 0 || len(r.Held) != 1 || r.Held[0].Name != "H1" || r.Held[0].Rows != 5 {
				t.Errorf("%+v", r)
			}
		case schema.OfficeActivity: // here it has no record type in the test's rows
			if r.Rows != 50 || r.Dropped != 1 {
				t.Errorf("%+v", r)
			}
		}
	}
	rowsAre(t, l, 8, "after the run")
	checkDisk(t, l)
	// The hold ends: what it kept goes in the next run, and nothing else.
	run = expire(t, l, termsOf(t, laterDay, nil, yearly(), ten))
	if len(run.Tables) != 1 || run.Tables[0].Rows != 5 {
		t.Errorf("after the hold: %+v", run.Tables)
	}
	rowsAre(t, l, 3, "after the hold")
	// Rules go: nothing more is kept out.
	if run = expire(t, l, termsOf(t, laterDay, nil)); run == nil || len(run.Tables) != 0 {
		t.Errorf("without rules: %+v", run)
	}
	if a := apply(t, l, Batch{Position: 3, Ingested: laterDay, Records: records[40:41]}); a.Added != 1 {
		t.Errorf("a record that is wanted again: %+v", a)
	}
}

// TestAnExpiredRecordDoesNotComeBack delivers what was removed again, at once and
// after a restart, and replays the journal into a new lake.
func TestAnExpiredRecordDoesNotComeBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	l := openFew(t, dir)
	days(t, l, 3)
	expire(t, l, termsOf(t, laterDay, nil, yearly()))
	rowsAre(t, l, 2, "after the run")
	again := Batch{Position: 5, Ingested: laterDay, Records: []schema.Record{auditRecord(0, 0, noon, true), auditRecord(0, 1, noon, true), auditRecord(2, 0, noon.AddDate(0, 0, 2), true)}}
	if a := apply(t, l, again); a.Added != 0 || a.Expired != 2 || a.Duplicates != 1 {
		t.Errorf("delivered again: %+v", a)
	}
	flush(t, l)
	l.Close()
	l = openFew(t, dir)
	again.Position = 6
	if a := apply(t, l, again); a.Expired != 2 {
		t.Errorf("delivered again after a restart: %+v", a)
	}
	rowsAre(t, l, 2, "after a restart")

	config := testConfig(filepath.Join(t.TempDir(), "anew"))
	config.Tombstones, config.Tables = l.config.tombstoneDir(), fewTables
	anew, err := Open(t.Context(), config, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer anew.Close()
	for i := range 3 {
		at := noon.AddDate(0, 0, i)
		apply(t, anew, Batch{Position: uint64(i + 1), Ingested: laterDay, Received: at, Records: []schema.Record{auditRecord(i, 0, at, true)}})
	}
	rowsAre(t, anew, 1, "made anew from the journal")
}

func TestAClockSetForwardRemovesNothing(t *testing.T) {
	l := openFew(t, filepath.Join(t.TempDir(), "lake"))
	days(t, l, 3)
	_, err := l.Expire(t.Context(), termsOf(t, laterDay.AddDate(10, 0, 0), nil, yearly()))
	if !errors.Is(err, ErrClock) || !strings.Contains(err.Error(), "set the clock right") {
		t.Errorf("%v", err)
	}
	rowsAre(t, l, 4, "ten years too early")
	if len(l.Tombstones()) != 0 {
		t.Error("a tombstone of a run that was refused")
	}
}

func TestATableWithADamagedFileKeepsItsRows(t *testing.T) {
	l := openFew(t, filepath.Join(t.TempDir(), "lake"))
	days(t, l, 3)
	changeFile(t, l, l.tables[schema.UnifiedAuditLog].files.files[0].Path, flipped(100))
	run, err := l.Expire(t.Context(), termsOf(t, laterDay, nil, yearly()))
	if !errors.Is(err, ErrDamaged) || run == nil || !run.Ended.IsZero() || run.Done[schema.UnifiedAuditLog] || !run.Done[schema.OfficeActivity] {
		t.Errorf("%+v, %v", run, err)
	}
	if n := fileCount(l, schema.UnifiedAuditLog); n != 4 {
		t.Errorf("%d files", n)
	}
	if n := len(rowsOf(t, l, schema.OfficeActivity)); n != 2 {
		t.Errorf("%d rows of the other table", n)
	}
}

func TestFilesOutliveTheirReadersWhenTheyExpire(t *testing.T) {
	l := openFew(t, filepath.Join(t.TempDir(), "lake"))
	days(t, l, 3)
	set, err := l.Acquire(schema.UnifiedAuditLog)
	if err != nil {
		t.Fatal(err)
	}
	before := dataFilesOf(t, l)
	expire(t, l, termsOf(t, laterDay, nil, yearly()))
	if _, err := l.files.disk.Stat(set.Files[0].Path); err != nil {
		t.Errorf("a file that is read: %v", err)
	}
	set.Release()
	apply(t, l, Batch{Position: 50, Ingested: laterDay, Records: []schema.Record{auditRecord(50, 0, laterDay, true)}})
	flush(t, l)
	if after := dataFilesOf(t, l); after != before-4+2 {
		t.Errorf("%d files, %d before", after, before)
	}
}

// TestExpirySurvivesEveryFault lets each file operation of a run fail in three ways,
// and stops the machine at it with each kind of loss. Before, between and after, rows
// that are to be kept are there; a row that is gone is told of by a tombstone; and the
// next run ends what was begun.
func TestExpirySurvivesEveryFault(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	m := newInMemory(t)
	m.tables = fewTables[:2] // an opening for each operation, and each table costs
	l, err := m.open(t)
	if err != nil {
		t.Fatal(err)
	}
	step := 1
	if testing.Short() {
		step = 40
	}
	ids, applied := 0, int64(0)
	position := func() uint64 { return l.Applied() + 1 }
	ten := retention.Rule{Name: "admin", Priority: 10, Keep: retention.Period{Years: 10}, RecordTypes: []retention.RecordType{{Number: 1}}}
	for _, outcome := range []durabletest.Outcome{durabletest.FailLost, durabletest.FailKept, durabletest.Crash} {
		n := 1 + r.IntN(step)
		for ; ; n += 1 + r.IntN(2*step-1) {
			// A day that goes whole, and one that is rewritten; each round has days of
			// its own, which are out of date on the round's day.
			day := noon.AddDate(0, 0, 2*ids)
			whole := auditRecord(50*ids+2, 0, day, false)
			mixed := []schema.Record{auditRecord(50*ids+3, 0, day.AddDate(0, 0, 1), false), auditRecord(50*ids+51, 0, day.AddDate(0, 0, 1), false)}
			ids += 2
			today := day.AddDate(1, 0, 2)
			recent := auditRecord(50*ids, 0, today, false)
			for _, records := range [][]schema.Record{{whole}, mixed, {recent}} {
				apply(t, l, Batch{Position: position(), Ingested: today, Records: records})
				applied += int64(len(records))
			}
			flush(t, l)
			terms := termsOf(t, today, nil, yearly(), ten)
			start := m.disk.Ops()
			m.disk.SetInject(durabletest.At(start+n, outcome))
			_, err := l.Expire(m.context(), terms)
			took := m.disk.Ops() - start
			m.disk.SetInject(nil)
			over := !m.disk.Crashed() && err == nil && took < n
			if !m.disk.Crashed() {
				goneAreTold(t, l, applied, whole, mixed, recent)
			}
			l.Close()
			if m.disk.Crashed() {
				m.disk = m.disk.AfterCrash(durabletest.Keep(r.IntN(3)), r)
			}
			if l, err = m.open(t); err != nil {
				t.Fatalf("operation %d, outcome %d: %v", n, outcome, err)
			}
			goneAreTold(t, l, applied, whole, mixed, recent)
			noOrphans(t, l, m.disk)
			if _, err := l.Expire(context.Background(), terms); err != nil {
				t.Fatalf("operation %d, outcome %d: the run after it: %v", n, outcome, err)
			}
			if goneAreTold(t, l, applied, whole, mixed, recent) != 2 {
				t.Fatalf("operation %d, outcome %d: the run after it left what is out of date", n, outcome)
			}
			if last := l.Tombstones(); last[len(last)-1].Ended.IsZero() {
				t.Fatalf("operation %d, outcome %d: the run after it has no end", n, outcome)
			}
			noOrphans(t, l, m.disk)
			if t.Failed() {
				t.Fatalf("operation %d, outcome %d", n, outcome)
			}
			if over {
				break
			}
		}
		if n < 20 {
			t.Errorf("outcome %d: only %d operations", outcome, n)
		}
	}
}

// goneAreTold returns how many of the rows that are out of date are gone: each is told
// of by a tombstone, none is there while a tombstone counts it as gone, and what is to
// be kept is there.
func goneAreTold(t *testing.T, l *Lake, applied int64, whole schema.Record, mixed []schema.Record, recent schema.Record) (gone int) {
	t.Helper()
	rows := memoryRows(t, l)
	has := func(r schema.Record) bool {
		id, _ := tableNamed(schema.UnifiedAuditLog).Column("Id")
		return slices.ContainsFunc(rows, func(row string) bool { return strings.Contains(row, " Id="+r.Rows[0].Value(id).Text()+" ") })
	}
	if !has(mixed[1]) || !has(recent) {
		t.Errorf("a row that is to be kept is gone: %v, %v", has(mixed[1]), has(recent))
	}
	var told int64
	for _, tombstone := range l.Tombstones() {
		for _, removal := range tombstone.Tables {
			told += removal.Rows
		}
	}
	for _, r := range []schema.Record{whole, mixed[0]} {
		if has(r) {
			continue
		}
		gone++
		s := retention.SubjectOf(schema.UnifiedAuditLog, &r.Rows[0], noon)
		if !l.Floors().Removed(l.Position(), &s) && !l.Floors().Removed(1, &s) {
			t.Error("a row is gone and no tombstone tells of it")
		}
	}
	if kept := int64(len(rows)); told+kept != applied {
		t.Errorf("%d rows are told to be gone and %d are there, of %d", told, kept, applied)
	}
	return gone
}

// placed is a hold that comes when it is asked for the second time.
type placed struct{ asked int }

func (p *placed) RetentionHolds(context.Context) ([]retention.Hold, error) {
	if p.asked++; p.asked == 1 {
		return nil, nil
	}
	return []retention.Hold{{ID: "late"}}, nil
}

func TestAHoldThatComesDuringARunEndsIt(t *testing.T) {
	l := openFew(t, filepath.Join(t.TempDir(), "lake"))
	days(t, l, 3)
	terms := termsOf(t, laterDay, nil, yearly())
	terms.Ask = &placed{}
	run, err := l.Expire(t.Context(), terms)
	if !errors.Is(err, ErrHoldsChanged) || len(run.Tables) != 1 || !run.Ended.IsZero() {
		t.Errorf("%+v, %v", run, err)
	}
	if audit, office := len(rowsOf(t, l, schema.UnifiedAuditLog)), len(rowsOf(t, l, schema.OfficeActivity)); audit+office != 6 {
		t.Errorf("%d and %d rows: one table was done before the hold came", audit, office)
	}
}

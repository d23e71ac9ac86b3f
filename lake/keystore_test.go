package lake

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/schema"
)

// years returns a batch of records of a year, a few of them in two tables.
func years(position, from, n int) Batch {
	b := Batch{Position: uint64(position), Ingested: noon}
	for id := from; id < from+n; id++ {
		b.Records = append(b.Records, auditRecord(id, 0, noon.AddDate(-(id%7), 0, 0), id%3 == 0))
	}
	return b
}

// TestKeysOverYears takes records of seven years in over many starts, with keys
// in files of which few are kept in memory, and then all of them once more.
func TestKeysOverYears(t *testing.T) {
	config := testConfig(t.TempDir())
	config.KeyRunRecords, config.KeyFilterBytes = 100, 400
	l := openCompact(t, config)
	position := 0
	for start := range 4 {
		for i := range 4 {
			position++
			if got := apply(t, l, years(position, (start*4+i)*50, 70)); start*4+i > 0 && (got.Added != 50 || got.Duplicates != 20) {
				t.Fatalf("batch %d: %+v", position, got)
			}
			if i%2 == 1 {
				flush(t, l)
			}
		}
		if start%2 == 1 {
			if err := l.mergeKeys(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		l.Close()
		l = openCompact(t, config)
	}
	for id := range 16 * 50 {
		rec := auditRecord(id, 0, noon, id%3 == 0)
		if id%5 == 0 {
			rec.Digest = digest(9)
		}
		position++
		got := apply(t, l, Batch{Position: uint64(position), Ingested: noon, Records: []schema.Record{rec}})
		if id%5 == 0 && got.Revisions != 1 || id%5 != 0 && got.Duplicates != 1 {
			t.Fatalf("record %d came again: %+v", id, got)
		}
	}
	if in := l.keys.active.size() + l.keys.sealed.size(); in > 400 {
		t.Errorf("%d keys are in memory", in)
	}
	if n := len(l.keys.runs); n == 0 || n > 8 {
		t.Errorf("%d files of keys", n)
	}
	for _, s := range l.Stats() {
		if s.Name == schema.UnifiedAuditLog && s.Records != 820 {
			t.Errorf("%d records", s.Records)
		}
	}
}

// TestKeysOfFilesOfThisProcess has keys read from files that the process wrote
// itself: merged before anything was applied, and flushed since.
func TestKeysOfFilesOfThisProcess(t *testing.T) {
	config := compactConfig(t.TempDir())
	config.KeyRunRecords = 5
	l := openCompact(t, config)
	fill(t, l, 1, 6)
	again := func(l *Lake, position int, when string) {
		t.Helper()
		for id := 1; id <= 6; id++ {
			known := Batch{Position: uint64(position + id), Ingested: noon, Records: []schema.Record{auditRecord(id, 0, noon.Add(time.Duration(id)*time.Minute), id%2 == 0)}}
			if got := apply(t, l, known); got.Duplicates != 1 {
				t.Errorf("%s: record %d came again: %+v", when, id, got)
			}
		}
	}
	if err := l.rebuildKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	again(l, 10, "flushed, and its keys read anew")
	apply(t, l, Batch{Position: 17, Ingested: noon, Records: []schema.Record{auditRecord(7, 0, noon, true)}})
	if err := l.rebuildKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := apply(t, l, Batch{Position: 18, Ingested: noon, Records: []schema.Record{auditRecord(7, 0, noon, true)}}); got.Duplicates != 1 {
		t.Errorf("a record whose rows are in memory came again when keys were read anew: %+v", got)
	}
	if l.keys.active.size() != 1 {
		t.Errorf("%d keys of one record that is in no file", l.keys.active.size())
	}
	l.Close()
	config.KeyRunRecords = 1000
	if err := os.RemoveAll(filepath.Join(config.Dir, "keys")); err != nil {
		t.Fatal(err)
	}
	l = openCompact(t, config)
	if done := compact(t, l); done.Into == 0 {
		t.Fatal("nothing was merged")
	}
	again(l, 20, "merged before anything was applied")
}

// TestKeysThatAreLostOrDamagedAreReadAnew breaks the files of keys in every way
// before a start, and under a lake that is open.
func TestKeysThatAreLostOrDamagedAreReadAnew(t *testing.T) {
	config := testConfig(t.TempDir())
	config.KeyRunRecords = 50
	keys := filepath.Join(config.Dir, "keys")
	position := 0
	check := func(l *Lake, what string) {
		t.Helper()
		position++
		if got := apply(t, l, years(position, 0, 200)); got.Duplicates != 200 {
			t.Errorf("%s: %+v", what, got)
		}
	}
	l := openCompact(t, config)
	for i := range 4 {
		position++
		apply(t, l, years(position, i*50, 50))
		flush(t, l)
	}
	run := func() string {
		files, err := filepath.Glob(filepath.Join(keys, "*.keys"))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		return files[0]
	}
	for what, damage := range map[string]func(){
		"a page is damaged": func() { flip(t, run(), 100) },
		"an index is damaged": func() {
			info, err := os.Stat(run())
			if err != nil {
				t.Fatal(err)
			}
			flip(t, run(), info.Size()-40)
		},
		"a file is cut":       func() { os.Truncate(run(), 1000) },
		"a file is gone":      func() { os.Remove(run()) },
		"the list is gone":    func() { os.Remove(filepath.Join(keys, "RUNS")) },
		"the list is damaged": func() { os.WriteFile(filepath.Join(keys, "RUNS"), []byte("{"), 0o640) },
		"the list is of a later lake": func() {
			os.WriteFile(filepath.Join(keys, "RUNS"), []byte(`{"version":1,"position":999999,"tables":[],"runs":[]}`), 0o640)
		},
		"all is gone": func() { os.RemoveAll(keys) },
	} {
		l.Close()
		damage()
		l = openCompact(t, config)
		check(l, what)
	}
	flip(t, run(), 100)
	check(l, "a page is damaged under an open lake")
	check(l, "and after that")
	checkDisk(t, l)
}

// TestKeysSurviveEveryFault lets each file operation of a flush that spills and
// merges keys fail, or stops the machine at it: a record that came before is
// known, and one whose rows were lost is taken when it comes again.
func TestKeysSurviveEveryFault(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	m := newInMemory(t)
	l, err := m.open(t)
	if err != nil {
		t.Fatal(err)
	}
	step := 1
	if testing.Short() {
		step = 12
	}
	var journal []Batch
	position, known := 0, 0
	next := func(n int) Batch {
		position++
		b := Batch{Position: uint64(position), Ingested: noon}
		for range n {
			known++
			b.Records = append(b.Records, auditRecord(known, 0, noon, false))
		}
		return b
	}
	for _, outcome := range []durabletest.Outcome{durabletest.FailLost, durabletest.FailKept, durabletest.Crash} {
		for n := 1 + r.IntN(step); ; n += 1 + r.IntN(2*step-1) {
			l.config.KeyRunRecords = 1
			b := next(2)
			journal = append(journal, b)
			if got := apply(t, l, b); got.Added != 2 {
				t.Fatalf("position %d: %+v", position, got)
			}
			start := m.disk.Ops()
			m.disk.SetInject(durabletest.At(start+n, outcome))
			err := errors.Join(l.Flush(m.context()), l.mergeKeys(context.Background()))
			took := m.disk.Ops() - start
			m.disk.SetInject(nil)
			if !m.disk.Crashed() && err == nil && took < n {
				break
			}
			l.Close()
			if m.disk.Crashed() {
				m.disk = m.disk.AfterCrash(durabletest.Keep(r.IntN(3)), r)
			}
			if l, err = m.open(t); err != nil {
				t.Fatalf("operation %d, outcome %d: %v", n, outcome, err)
			}
			for _, b := range journal {
				if b.Position > l.Position() {
					apply(t, l, b)
				}
			}
			again := next(0)
			for id := 1; id <= known; id++ {
				again.Records = append(again.Records, auditRecord(id, 0, noon, false))
			}
			journal = append(journal, again)
			got, rows := apply(t, l, again), l.Stats()[auditTable(l)].Rows
			if got.Duplicates != known || rows != int64(known) {
				t.Fatalf("operation %d, outcome %d: %+v and %d rows of %d records", n, outcome, got, rows, known)
			}
		}
	}
}

// BenchmarkKeyRuns measures a look-up of a key that is in no run and of one that
// is, beside four runs of a million keys together.
func BenchmarkKeyRuns(b *testing.B) {
	config := testConfig(b.TempDir())
	config.KeyRunRecords = 1
	l := openCompact(b, config)
	if err := l.loadKeys(b.Context()); err != nil {
		b.Fatal(err)
	}
	record := func(id int) schema.Record { return schema.Record{Key: schema.NewKey("bench", fmt.Sprint(id))} }
	const keys = 1_000_000
	began := time.Now()
	for run := range 4 {
		l.mu.Lock()
		for id := run * keys / 4; id < (run+1)*keys/4; id++ {
			l.order[0].keys.add(record(id).Key, schema.Digest{})
		}
		l.keys.seal(1)
		l.mu.Unlock()
		l.flushMu.Lock()
		if err := l.spillKeys(0, 1); err != nil {
			b.Fatal(err)
		}
		l.flushMu.Unlock()
	}
	spilled := time.Since(began)
	var bytes, memory int64
	for _, r := range l.keys.runs {
		bytes += r.file.Size()
		memory += int64(len(r.filter) + 8*len(r.fences))
	}
	for _, present := range []bool{false, true} {
		b.Run(fmt.Sprint("present ", present), func(b *testing.B) {
			records := make([]schema.Record, 1000)
			for n := 0; b.Loop(); n++ {
				for i := range records {
					id := (n*1000 + i) * 7919 % keys
					if !present {
						id += keys
					}
					records[i] = record(id)
				}
				if found, err := l.keys.probe(records); err != nil || len(found) > 0 != present {
					b.Fatal(len(found), err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(records)), "ns/record")
			b.ReportMetric(float64(bytes)/keys, "B/key")
			b.ReportMetric(float64(memory)/keys, "memB/key")
			b.ReportMetric(float64(spilled.Nanoseconds())/keys, "spill-ns/key")
		})
	}
}

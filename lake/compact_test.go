package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/internal/icebergtable"
	"github.com/quoll/quoll/internal/state/statetest"
	"github.com/quoll/quoll/schema"
)

// at is a clock that stands still.
type at struct{ clock.Clock }

func (a at) Now() time.Time { return noon.Add(48 * time.Hour) }

// compactConfig lets compaction find that noon is long past.
func compactConfig(dir string) Config {
	config := testConfig(dir)
	config.Clock = at{clock.System()}
	config.CompactShare = 1
	return config
}

func openCompact(t testing.TB, config Config) *Lake {
	t.Helper()
	l, err := Open(context.Background(), config, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func compact(t testing.TB, l *Lake) Compaction {
	t.Helper()
	done, err := l.Compact(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// fill flushes a batch for each of n positions, two records each, on two days.
func fill(t testing.TB, l *Lake, from, n int) {
	t.Helper()
	for position := from; position < from+n; position++ {
		late := auditRecord(1000+position, 0, noon.Add(-24*time.Hour), true)
		apply(t, l, Batch{Position: uint64(position), Ingested: noon, Records: []schema.Record{auditRecord(position, 0, noon.Add(time.Duration(position)*time.Minute), position%2 == 0), late}})
		flush(t, l)
	}
}

func allRows(t testing.TB, l *Lake) map[string][]string {
	t.Helper()
	rows := map[string][]string{}
	for _, s := range schema.Tables() {
		rows[s.Name] = rowsOf(t, l, s.Name)
	}
	return rows
}

func sameRows(t testing.TB, l *Lake, want map[string][]string, when string) {
	t.Helper()
	if got := allRows(t, l); !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%s: other rows: %d of %d in UnifiedAuditLog", when, len(got[schema.UnifiedAuditLog]), len(want[schema.UnifiedAuditLog]))
	}
}

func fileCount(l *Lake, name string) int { return len(l.tables[name].files.files) }

func TestCompactionMergesTheFilesOfADay(t *testing.T) {
	dir := t.TempDir()
	l := openCompact(t, compactConfig(dir))
	fill(t, l, 1, 6)
	want := allRows(t, l)
	done := compact(t, l)
	if done.Files != 6*2+3+6 || done.Into != 4 || done.Rows != 6*2+3+6 {
		t.Errorf("%+v", done)
	}
	if n := fileCount(l, schema.UnifiedAuditLog); n != 2 {
		t.Errorf("%d files for two days", n)
	}
	sameRows(t, l, want, "compacted")
	if again := compact(t, l); again != (Compaction{}) {
		t.Errorf("a second compaction did %+v", again)
	}
	s := l.tables[schema.UnifiedAuditLog].iceberg
	if op := s.Current().Summary["operation"]; op != icebergtable.Replace {
		t.Errorf("the snapshot is a %q", op)
	}
	fill(t, l, 7, 1)
	want = allRows(t, l)
	l.Close()
	l = openCompact(t, compactConfig(dir))
	sameRows(t, l, want, "reopened")
	if l.Position() != 7 {
		t.Errorf("position %d", l.Position())
	}
	again := apply(t, l, Batch{Position: 8, Ingested: noon, Records: []schema.Record{auditRecord(1, 0, noon.Add(time.Minute), false)}})
	if again.Duplicates != 1 {
		t.Errorf("a record in a compacted file came again: %+v", again)
	}
	checkDisk(t, l)
}

// Fresh files of a day that is past become one, also where one is far larger than all others together,
// and a large one that is packed for good already stays alone.
func TestFreshFilesOfADayBecomeOne(t *testing.T) {
	l := openCompact(t, compactConfig(t.TempDir()))
	add := func(position, from, n int) {
		b := Batch{Position: uint64(position), Ingested: noon}
		for id := from; id < from+n; id++ {
			b.Records = append(b.Records, auditRecord(id, 0, noon, false))
		}
		apply(t, l, b)
		flush(t, l)
	}
	add(1, 0, 3000)
	add(2, 3000, 1)
	want := rowsOf(t, l, schema.UnifiedAuditLog)
	files := l.tables[schema.UnifiedAuditLog].files.files
	if a, b := files[0].Bytes, files[1].Bytes; max(a, b) < 3*min(a, b) {
		t.Fatalf("files of %d and %d bytes", a, b)
	}
	if done := compact(t, l); done.Files != 2 || done.Into != 1 {
		t.Errorf("%+v", done)
	}
	if got := rowsOf(t, l, schema.UnifiedAuditLog); !slices.Equal(got, want) {
		t.Errorf("%d rows of %d", len(got), len(want))
	}
	add(3, 3001, 1)
	if done := compact(t, l); done.Files != 1 || done.Into != 1 || fileCount(l, schema.UnifiedAuditLog) != 2 {
		t.Errorf("beside a large one: %+v", done)
	}
}

// Rows of a workload are side by side, whatever the names of their operations.
func TestRowsAreSortedByWorkloadFirst(t *testing.T) {
	l := openCompact(t, compactConfig(t.TempDir()))
	for i := range 8 {
		rec := schema.Record{Key: schema.NewKey("tenant", "audit", fmt.Sprint(i)), Digest: digest(0)}
		rec.Rows = append(rec.Rows, row(schema.UnifiedAuditLog, "TimeGenerated", schema.DateTime(noon.Add(time.Duration(i)*time.Minute)),
			"Operation", schema.String(fmt.Sprint("op", i/2)), "Workload", schema.String([]string{"Exchange", "Teams"}[i/2%2]), "UserId", schema.String(fmt.Sprint("u", i%2))))
		apply(t, l, Batch{Position: uint64(i + 1), Ingested: noon, Records: []schema.Record{rec}})
	}
	flush(t, l)
	compact(t, l)
	table := l.tables[schema.UnifiedAuditLog]
	var order []string
	err := l.files.readBatches(t.Context(), table.files.files[0], table.columns, func(b batch) error {
		for row := range b.rows {
			text := ""
			for _, name := range []string{"Workload", "Operation", "UserId"} {
				column, _ := table.schema.Column(name)
				text += b.records.Column(column).(*array.String).Value(row) + " "
			}
			order = append(order, text)
		}
		return nil
	})
	if err != nil || len(order) != 8 || !slices.IsSorted(order) {
		t.Errorf("%v: %q", err, order)
	}
}

// TestPartsOfADayAreSortedByOperationAndUser has a day of two parts, each of which has
// an order of its own.
func TestPartsOfADayAreSortedByOperationAndUser(t *testing.T) {
	l := openCompact(t, compactConfig(t.TempDir()))
	l.config.RowGroupRows = 40
	for i := range 40 {
		rec := auditRecord(i, 0, noon.Add(time.Duration(39-i)*3*time.Minute), true)
		apply(t, l, Batch{Position: uint64(i + 1), Ingested: noon, Records: []schema.Record{rec}})
	}
	flush(t, l)
	compact(t, l)
	var times, order []string
	err := l.files.readBatches(t.Context(), l.tables[schema.UnifiedAuditLog].files.files[0], l.tables[schema.UnifiedAuditLog].columns, func(b batch) error {
		for _, row := range textOf(b.records) {
			at, rest, _ := strings.Cut(strings.TrimPrefix(row, "TimeGenerated="), " ")
			operation := ""
			if _, after, ok := strings.Cut(rest, "Operation="); ok {
				operation, _, _ = strings.Cut(after, " ")
			}
			times, order = append(times, at), append(order, operation+" "+at)
		}
		return nil
	})
	if err != nil || len(order) != 40 || !slices.IsSorted(order[:20]) || !slices.IsSorted(order[20:]) {
		t.Errorf("%v: %s", err, strings.Join(order, "\n"))
	}
	if slices.IsSorted(times[:20]) || slices.Max(times[:20]) > slices.Min(times[20:]) {
		t.Errorf("parts are of other times: %s", strings.Join(times, "\n"))
	}
}

func TestALargeDayBecomesSeveralFiles(t *testing.T) {
	l := openCompact(t, compactConfig(t.TempDir()))
	l.config.CompactBytes = 2 << 20
	for i := range 5 {
		b := Batch{Position: uint64(i + 1), Ingested: noon}
		for n := range 200 {
			rec := auditRecord(i*200+n, 0, noon, false)
			document := fmt.Sprintf(`{"Id":%d,"text":%q}`, n, strings.Repeat("x", 4000))
			rec.Rows[0].Cells = append(slices.Clip(rec.Rows[0].Cells[:4]), row(schema.UnifiedAuditLog, "Record", schema.Dynamic(document)).Cells...)
			b.Records = append(b.Records, rec)
		}
		apply(t, l, b)
		flush(t, l)
	}
	done := compact(t, l)
	if done.Into < 2 || done.Rows != 1000 || done.BytesOut >= done.BytesIn {
		t.Errorf("%+v", done)
	}
	if again := compact(t, l); again.Rows > 500 {
		t.Errorf("full files were written again: %+v", again)
	}
	rowsAre(t, l, 1000, "compacted")
}

// TestReplacedFilesOutliveTheirReaders holds a read set over compaction and
// expiry of every snapshot that has its files.
func TestReplacedFilesOutliveTheirReaders(t *testing.T) {
	config := compactConfig(t.TempDir())
	config.KeepSnapshots = 1
	l := openCompact(t, config)
	fill(t, l, 1, 3)
	set, err := l.Acquire(schema.UnifiedAuditLog)
	if err != nil {
		t.Fatal(err)
	}
	compact(t, l)
	expire := func() { expireNow(t, l, l.tables[schema.UnifiedAuditLog]) }
	expire()
	for _, f := range set.Files {
		if _, err := l.files.disk.Stat(f.Path); err != nil {
			t.Errorf("a file went while it was read: %v", err)
		}
	}
	set.Release()
	set.Release()
	expire()
	for _, f := range set.Files {
		if _, err := l.files.disk.Stat(f.Path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there when nobody needs it: %v", f.Path, err)
		}
	}
	rowsAre(t, l, 6, "at the end")
	checkDisk(t, l)
}

// TestCompactionDoesNotHoldUpAFlush flushes and reads between the writing of a
// merged file and its commit.
func TestCompactionDoesNotHoldUpAFlush(t *testing.T) {
	l := openCompact(t, compactConfig(t.TempDir()))
	fill(t, l, 1, 3)
	var between []string
	begun := false // a flush looks at the clock as well
	l.config.Clock = flushing{l.config.Clock, func() {
		if !begun && len(l.writing) > 0 {
			begun = true
			fill(t, l, 4, 1)
			between = rowsOf(t, l, schema.UnifiedAuditLog)
		}
	}}
	compact(t, l)
	if len(between) != 8 {
		t.Errorf("%d rows while files were merged, want 8", len(between))
	}
	rowsAre(t, l, 8, "compacted")
	if got := rowsOf(t, l, schema.UnifiedAuditLog); !slices.Equal(got, between) {
		t.Error("other rows after the commit")
	}
	checkDisk(t, l)
}

// flushing is a clock that does something whenever it is looked at.
type flushing struct {
	clock.Clock
	look func()
}

func (f flushing) Now() time.Time { f.look(); return f.Clock.Now() }

func TestCompactionRests(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		config := compactConfig(dir)
		inBubble(&config)
		config.CompactShare = 0.25
		ticks := &ticking{Clock: clock.System(), now: noon.Add(48 * time.Hour)}
		config.Clock = ticks
		l, err := Open(context.Background(), config, quiet)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		fill(t, l, 1, 2)
		began := time.Now()
		if _, err := l.Compact(context.Background()); err != nil {
			t.Fatal(err)
		}
		if rested := time.Since(began); rested < 20*time.Second {
			t.Errorf("it rested for %v", rested)
		}
	})
}

// ticking is a clock on which every look takes a second.
type ticking struct {
	clock.Clock
	now time.Time
}

func (c *ticking) Now() time.Time { c.now = c.now.Add(time.Second); return c.now }

func TestADamagedFileIsNotMerged(t *testing.T) {
	l := openCompact(t, compactConfig(t.TempDir()))
	fill(t, l, 1, 3)
	path := l.tables[schema.UnifiedAuditLog].files.files[4].Path
	changeFile(t, l, path, flipped(500))
	_, err := l.Compact(t.Context())
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
		t.Errorf("compact: %v", err)
	}
	// The other day and the other table are merged, the damaged day is as it was.
	if n := fileCount(l, schema.UnifiedAuditLog); n != 1+3 {
		t.Errorf("%d files", n)
	}
	if n := fileCount(l, schema.OfficeActivity); n != 2 {
		t.Errorf("%d files of OfficeActivity", n)
	}
	checkDisk(t, l)
}

// flip turns a bit of a file.
func flip(t testing.TB, path string, offset int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], offset); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 4
	if _, err := f.WriteAt(b[:], offset); err != nil {
		t.Fatal(err)
	}
}

// inMemory is a lake on a disk and a database that fail on demand.
type inMemory struct {
	disk    *durabletest.FS
	catalog *statetest.Database
	tables  []*schema.Table // nil is all
	store   *Store          // nil: on the disk
	died    func()          // called when the machine dies at an operation of the store
}

func newInMemory(t testing.TB) *inMemory {
	t.Helper()
	catalog, err := statetest.New("catalog.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { catalog.Close() })
	m := &inMemory{disk: durabletest.New(nil), catalog: catalog, died: func() {}}
	if *storeKind == "memory" {
		m.inStore()
	}
	return m
}

func (m *inMemory) open(t testing.TB) (*Lake, error) {
	config := compactConfig("/lake")
	config.FS, config.Tables, config.Store = m.disk, m.tables, m.store
	config.OpenCatalog = func(context.Context, string) (*sql.DB, error) { return m.catalog.Open(m.disk), nil }
	return Open(context.Background(), config, quiet)
}

// TestCompactionSurvivesEveryFault lets each file operation of a compaction fail
// in three ways, and stops the machine at it with each kind of loss: rows and
// position are the same at once and after a restart, and nothing is left behind.
func TestCompactionSurvivesEveryFault(t *testing.T) {
	compactionSurvives(t, newInMemory(t))
}

func compactionSurvives(t *testing.T, m *inMemory) {
	r := rand.New(rand.NewPCG(5, 6))
	l, err := m.open(t)
	if err != nil {
		t.Fatal(err)
	}
	position, n, step := 1, 1, 1
	if testing.Short() {
		step = 24
	}
	for _, outcome := range []durabletest.Outcome{durabletest.FailLost, durabletest.FailKept, durabletest.Crash} {
		n = 1 + r.IntN(step)
		for ; ; n += 1 + r.IntN(2*step-1) {
			// Two files of one table and one day are enough to merge.
			for range 2 {
				apply(t, l, Batch{Position: uint64(position), Ingested: noon, Records: []schema.Record{auditRecord(position, 0, noon, false)}})
				flush(t, l)
				position++
			}
			want := memoryRows(t, l)
			start := m.disk.Ops()
			m.disk.SetInject(durabletest.At(start+n, outcome))
			_, err := l.Compact(m.context())
			took := m.disk.Ops() - start
			m.disk.SetInject(nil)
			if !m.disk.Crashed() {
				if err == nil && took < n {
					break // every operation had its turn
				}
				if got := memoryRows(t, l); !slices.Equal(got, want) {
					t.Fatalf("operation %d, outcome %d: %d rows, want %d (%v)", n, outcome, len(got), len(want), err)
				}
			}
			l.Close()
			if m.disk.Crashed() {
				m.disk = m.disk.AfterCrash(durabletest.Keep(r.IntN(3)), r)
			}
			if l, err = m.open(t); err != nil {
				t.Fatalf("operation %d, outcome %d: %v", n, outcome, err)
			}
			if got := memoryRows(t, l); !slices.Equal(got, want) {
				t.Fatalf("operation %d, outcome %d: %d rows after the restart, want %d", n, outcome, len(got), len(want))
			}
			if l.Position() != uint64(position-1) {
				t.Fatalf("operation %d, outcome %d: position %d", n, outcome, l.Position())
			}
			noOrphans(t, l, m.disk)
		}
		if n < 20 {
			t.Errorf("outcome %d: only %d operations", outcome, n)
		}
	}
}

// memoryRows returns the ids and positions of the audit log's rows, sorted.
func memoryRows(t testing.TB, l *Lake) []string {
	t.Helper()
	set, err := l.Acquire(schema.UnifiedAuditLog)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Release()
	var rows []string
	for _, f := range set.Files {
		err := l.files.readBatches(context.Background(), f, l.tables[schema.UnifiedAuditLog].columns, func(b batch) error {
			rows = append(rows, textOf(b.records)...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(rows)
	return rows
}

func noOrphans(t testing.TB, l *Lake, disk *durabletest.FS) {
	t.Helper()
	for _, s := range l.order {
		referenced, err := l.files.referencedPaths(s.iceberg)
		if err != nil {
			t.Fatal(err)
		}
		err = l.files.walk(l.tableDir(s), func(path string) error {
			if !referenced[path] {
				t.Errorf("orphan %s", path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

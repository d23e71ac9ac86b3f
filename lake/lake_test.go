package lake

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/schema"
)

// checkDisk fails the test if a file lies below a table that nothing refers
// to, or is missing.
func checkDisk(t *testing.T, l *Lake) {
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

func TestRowsAreVisibleOnce(t *testing.T) {
	l := openLake(t, t.TempDir())
	first := apply(t, l, Batch{Position: 1, Ingested: noon, Records: []schema.Record{
		auditRecord(1, 0, noon, true), auditRecord(2, 0, noon, false), auditRecord(1, 0, noon, true)}})
	if first.Added != 2 || first.Duplicates != 1 || first.Rows[schema.UnifiedAuditLog] != 2 || first.Rows[schema.OfficeActivity] != 1 {
		t.Errorf("first batch: %+v", first)
	}
	flush(t, l)
	second := apply(t, l, Batch{Position: 2, Ingested: noon, Records: []schema.Record{
		auditRecord(2, 0, noon, false), auditRecord(2, 7, noon, true), auditRecord(2, 7, noon, true)}})
	// The revision of 2 is new to OfficeActivity, so it counts as added.
	if second.Added != 1 || second.Duplicates != 2 || second.Rows[schema.UnifiedAuditLogRevisions] != 1 || second.Rows[schema.OfficeActivity] != 1 {
		t.Errorf("second batch: %+v", second)
	}
	again := apply(t, l, Batch{Position: 2, Ingested: noon, Records: []schema.Record{auditRecord(3, 0, noon, false)}})
	if again.Added != 0 || again.Replayed != 1 {
		t.Errorf("a position that was applied: %+v", again)
	}
	if n := len(rowsOf(t, l, schema.UnifiedAuditLog)); n != 2 {
		t.Errorf("UnifiedAuditLog has %d rows, want 2", n)
	}
	revisions := rowsOf(t, l, schema.UnifiedAuditLogRevisions)
	if len(revisions) != 1 || !strings.Contains(revisions[0], "Type=UnifiedAuditLogRevisions") {
		t.Errorf("revisions: %q", revisions)
	}
}

func TestSecondOpenIsRefused(t *testing.T) {
	dir := t.TempDir()
	l := openLake(t, dir)
	if _, err := Open(t.Context(), testConfig(dir), quiet); !errors.Is(err, ErrLocked) {
		t.Fatalf("second open: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Apply(t.Context(), Batch{Position: 1}); !errors.Is(err, ErrClosed) {
		t.Errorf("apply after close: %v", err)
	}
	openLake(t, dir)
}

func TestInvalidRowsAreRefusedWhole(t *testing.T) {
	l := openLake(t, t.TempDir())
	for name, odd := range map[string]schema.Row{
		"no table":        {},
		"unknown table":   {Table: &schema.Table{Name: "Nowhere"}},
		"unknown column":  {Table: tableNamed(schema.OfficeActivity), Cells: []schema.Cell{{Column: 1000}}},
		"negative column": {Table: tableNamed(schema.OfficeActivity), Cells: []schema.Cell{{Column: -1}}},
	} {
		bad := auditRecord(1, 0, noon, false)
		bad.Rows = append(bad.Rows, odd)
		if _, err := l.Apply(t.Context(), Batch{Position: 1, Records: []schema.Record{bad}}); !errors.Is(err, ErrInvalidRow) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if rows := rowsOf(t, l, schema.UnifiedAuditLog); len(rows) != 0 || l.Applied() != 0 {
		t.Errorf("%d rows, position %d after batches that were refused", len(rows), l.Applied())
	}
	if _, err := l.Acquire("Nowhere"); !errors.Is(err, ErrUnknownTable) {
		t.Errorf("acquire: %v", err)
	}
}

// TestIngestionTimeGrows sets the clock back between batches and starts.
func TestIngestionTimeGrows(t *testing.T) {
	dir := t.TempDir()
	var last time.Time
	for position, clock := range []time.Time{noon, noon.Add(-time.Hour), noon.Add(-time.Hour), noon.Add(time.Minute)} {
		l := openLake(t, dir)
		apply(t, l, Batch{Position: uint64(position + 1), Ingested: clock, Records: []schema.Record{auditRecord(position, 0, noon, false)}})
		for _, s := range l.Stats() {
			if s.Name != schema.UnifiedAuditLog {
				continue
			}
			if !s.LastIngested.After(last) {
				t.Errorf("batch %d: ingested at %v, after %v", position+1, s.LastIngested, last)
			}
			last = s.LastIngested
		}
		flush(t, l)
		l.Close()
	}
	if !last.Equal(noon.Add(time.Minute)) {
		t.Errorf("the last batch was ingested at %v although the clock was right again", last)
	}
}

func TestFilesKnowTheirTimes(t *testing.T) {
	dir := t.TempDir()
	l := openLake(t, dir)
	early, late := noon.Add(-time.Microsecond*7), noon.Add(3*time.Hour)
	apply(t, l, Batch{Position: 1, Ingested: noon, Records: []schema.Record{
		auditRecord(1, 0, late, false), auditRecord(2, 0, early, false), auditRecord(3, 0, noon.AddDate(0, 0, -400), false)}})
	check := func(l *Lake, when string) {
		set, err := l.Acquire(schema.UnifiedAuditLog)
		if err != nil {
			t.Fatal(err)
		}
		defer set.Release()
		if len(set.Fresh) != 0 || len(set.Files) != 2 {
			t.Fatalf("%s: %d batches, %d files", when, len(set.Fresh), len(set.Files))
		}
		f := set.Files[1]
		if !f.MinTime.Equal(early) || !f.MaxTime.Equal(late) || f.Rows != 2 || f.Bytes == 0 || !f.FirstIngested.Equal(noon) || !f.LastIngested.Equal(noon) {
			t.Errorf("%s: %+v", when, f)
		}
	}
	set, err := l.Acquire(schema.UnifiedAuditLog)
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Fresh) != 1 || !set.Fresh[0].MaxTime.Equal(late) || !set.Fresh[0].MinTime.Equal(noon.AddDate(0, 0, -400)) {
		t.Errorf("fresh: %+v", set.Fresh)
	}
	set.Release()
	flush(t, l)
	check(l, "flushed")
	l.Close()
	l = openLake(t, dir)
	check(l, "reopened")
	for _, s := range l.Stats() {
		if s.Name == schema.UnifiedAuditLog && (s.Rows != 3 || s.Files != 2 || s.Position != 1 || !s.LastIngested.Equal(noon) || !s.MaxTime.Equal(late)) {
			t.Errorf("stats: %+v", s)
		}
	}
}

func TestAReadSetDoesNotChange(t *testing.T) {
	l := openLake(t, t.TempDir())
	apply(t, l, Batch{Position: 1, Ingested: noon, Records: []schema.Record{auditRecord(1, 0, noon, false)}})
	set, err := l.Acquire(schema.UnifiedAuditLog)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Release()
	before := textOf(set.Fresh[0].Batch)
	for i := range 50 {
		apply(t, l, Batch{Position: uint64(i + 2), Ingested: noon, Records: []schema.Record{auditRecord(i+2, 0, noon, false)}})
		other, err := l.Acquire(schema.UnifiedAuditLog)
		if err != nil {
			t.Fatal(err)
		}
		if len(other.Fresh) > 7 {
			t.Fatalf("%d batches for %d rows", len(other.Fresh), i+2)
		}
		for j := 1; j < len(other.Fresh); j++ {
			if other.Fresh[j].ID <= other.Fresh[j-1].ID {
				t.Fatalf("ids do not grow: %d after %d", other.Fresh[j].ID, other.Fresh[j-1].ID)
			}
		}
		other.Release()
	}
	flush(t, l)
	if after := textOf(set.Fresh[0].Batch); len(set.Fresh) != 1 || before[0] != after[0] || len(set.Files) != 0 {
		t.Errorf("the set changed: %q, %q", before, after)
	}
}

func TestInvalidTextIsMended(t *testing.T) {
	l := openLake(t, t.TempDir())
	rec := schema.Record{Rows: []schema.Row{row(schema.OfficeActivity, "UserId", schema.String("a\xffb"), "Operation", schema.Long(4))}}
	apply(t, l, Batch{Position: 1, Ingested: noon, Records: []schema.Record{rec}})
	flush(t, l)
	rows := rowsOf(t, l, schema.OfficeActivity)
	if len(rows) != 1 || !strings.Contains(rows[0], "UserId=a\uFFFDb ") || strings.Contains(rows[0], "Operation") {
		t.Errorf("%q", rows)
	}
}

// openSmall opens a lake that keeps a mebibyte of rows in memory.
func openSmall(t *testing.T) *Lake {
	t.Helper()
	config := testConfig(t.TempDir())
	config.FreshBytes = 1 << 20
	l, err := Open(t.Context(), config, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// TestFullMemoryFlushesAndHoldsBack fills the memory faster than it is
// written.
func TestFullMemoryFlushesAndHoldsBack(t *testing.T) {
	l := openSmall(t)
	disk := make(chan struct{})
	l.atStep = func(step string) error {
		<-disk
		return nil
	}
	big := strings.Repeat("x", 100<<10)
	position := uint64(0)
	add := func(ctx context.Context) error {
		position++
		rec := auditRecord(int(position), 0, noon, false)
		rec.Rows[0].Cells = append(rec.Rows[0].Cells, schema.Cell{Column: 1 + len(rec.Rows[0].Cells), Value: schema.String(big)})
		_, err := l.Apply(ctx, Batch{Position: position, Ingested: noon, Records: []schema.Record{rec}})
		return err
	}
	for l.memoryUsed() < 2<<20 {
		if err := add(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := add(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("apply with full memory: %v", err)
	}
	position--
	close(disk)
	for range 40 {
		if err := add(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if used := l.memoryUsed(); used > 4<<20+2*int64(len(big)) { // it is a rush
		t.Errorf("%d bytes in memory", used)
	}
	flush(t, l)
	if used := l.memoryUsed(); used != 0 {
		t.Errorf("%d bytes in memory after a flush", used)
	}
	if n := len(rowsOf(t, l, schema.UnifiedAuditLog)); n != int(position) {
		t.Errorf("%d rows, want %d", n, position)
	}
}

func (l *Lake) memoryUsed() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.freshBytes
}

// Where flushes follow each other closely there is twice as much to write for the next.
func TestARushIsFlushedInLargerPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := openSmall(t)
		big := strings.Repeat("x", 100<<10)
		position := uint64(0)
		// most adds rows until a flush has begun, and returns what was in memory then.
		most := func() (bytes int64) {
			for began := l.flushed; l.flushed.Equal(began); {
				bytes = l.memoryUsed()
				position++
				rec := auditRecord(int(position), 0, noon, false)
				rec.Rows[0].Cells = append(rec.Rows[0].Cells, schema.Cell{Column: 1 + len(rec.Rows[0].Cells), Value: schema.String(big)})
				apply(t, l, Batch{Position: position, Ingested: noon, Records: []schema.Record{rec}})
			}
			synctest.Wait() // until it has ended
			return bytes
		}
		for _, step := range []struct {
			wait  time.Duration
			least int64
		}{
			{0, 1 << 20}, {0, 1 << 20}, {0, 2 << 20}, {time.Second, 2 << 20}, // a rush
			{rushTime, 1 << 20}, {time.Hour, 1 << 20}, {rushTime, 1 << 20}, // none
			{rushTime - 1, 1 << 20}, {rushTime - 1, 2 << 20}, // one again
		} {
			time.Sleep(max(step.wait, 1)) // or two flushes would begin at the same time
			if bytes := most(); bytes < step.least || bytes >= step.least+200<<10 {
				t.Errorf("after %v a flush began at %d bytes, want %d", step.wait, bytes, step.least)
			}
		}
	})
}

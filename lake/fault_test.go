package lake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quoll/quoll/schema"
)

func rowsAre(t *testing.T, l *Lake, want int, when string) {
	t.Helper()
	if n := len(rowsOf(t, l, schema.UnifiedAuditLog)); n != want {
		t.Errorf("%s: %d rows, want %d", when, n, want)
	}
}

func batchOf(position int) Batch {
	return Batch{Position: uint64(position), Ingested: noon, Records: []schema.Record{auditRecord(position, 0, noon, true)}}
}

func TestACommitThatWasReportedAsFailedCountsIfItHappened(t *testing.T) {
	dir := t.TempDir()
	l := openLake(t, dir)
	apply(t, l, batchOf(1))
	lost := errors.New("no answer")
	l.cat.swapped = func() error { return lost }
	if err := l.Flush(t.Context()); err != nil {
		t.Fatalf("flush: %v", err)
	}
	rowsAre(t, l, 1, "after the flush")
	if l.Position() != 1 {
		t.Errorf("position %d", l.Position())
	}
	l.cat.swapped = nil
	apply(t, l, batchOf(2))
	flush(t, l)
	l.Close()
	l = openLake(t, dir)
	rowsAre(t, l, 2, "reopened")
	checkDisk(t, l)
}

func TestAFlushThatFailedIsTriedAgain(t *testing.T) {
	l := openLake(t, t.TempDir())
	apply(t, l, batchOf(1))
	ctx, cancel := context.WithCancel(t.Context())
	l.atStep = func(step string) error {
		if step == "files written" {
			cancel()
		}
		return nil
	}
	if err := l.Flush(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("flush: %v", err)
	}
	rowsAre(t, l, 1, "after the failure")
	if files, err := filepath.Glob(filepath.Join(l.config.Dir, namespace, "*", "data", "*", "*")); len(files) != 0 {
		t.Errorf("left behind: %v %v", files, err)
	}
	apply(t, l, batchOf(2))
	flush(t, l)
	rowsAre(t, l, 2, "after the second flush")
	checkDisk(t, l)
	l.Close()
	l = openLake(t, l.config.Dir)
	rowsAre(t, l, 2, "reopened")
	checkDisk(t, l)
}

func TestAnUnknownOutcomeStopsTheLake(t *testing.T) {
	dir := t.TempDir()
	l := openLake(t, dir)
	apply(t, l, batchOf(1))
	l.cat.swapped = func() error { l.cat.db.Close(); return errors.New("the disk is gone") }
	if err := l.Flush(t.Context()); !errors.Is(err, ErrUncertain) {
		t.Fatalf("flush: %v", err)
	}
	rowsAre(t, l, 1, "after the failure")
	if _, err := l.Apply(t.Context(), batchOf(2)); !errors.Is(err, ErrUncertain) {
		t.Errorf("apply: %v", err)
	}
	l.Close()
	l = openLake(t, dir)
	if n := len(rowsOf(t, l, schema.OfficeActivity)); n != 1 || l.Position() != 0 {
		t.Errorf("reopened: %d rows, position %d; the commit had happened in one table", n, l.Position())
	}
	replayed := apply(t, l, batchOf(1))
	if replayed.Rows[schema.OfficeActivity] != 0 || replayed.Rows[schema.UnifiedAuditLog] != 1 {
		t.Errorf("replay: %+v", replayed)
	}
	flush(t, l)
	rowsAre(t, l, 1, "at the end")
	checkDisk(t, l)
}

func TestAMissingOrCutFileIsNamed(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"missing": os.Remove,
		"cut":     func(path string) error { return os.Truncate(path, 100) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l := openLake(t, dir)
			apply(t, l, batchOf(1))
			flush(t, l)
			path := l.tables[schema.UnifiedAuditLog].files.files[0].Path
			l.Close()
			if err := damage(path); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(t.Context(), DefaultConfig(dir), quiet); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("open: %v", err)
			}
		})
	}
}

// TestAColumnThatIsNew takes a column from the Iceberg table, as if the schema
// had gained it since.
func TestAColumnThatIsNew(t *testing.T) {
	dir := t.TempDir()
	l := openLake(t, dir)
	s := l.tables[schema.UnifiedAuditLog]
	withoutColumn(t, l, s, "ClientIP")
	l.Close()
	l = openLake(t, dir)
	rec := auditRecord(1, 0, noon, false)
	rec.Rows[0].Cells = append(rec.Rows[0].Cells, row(schema.UnifiedAuditLog, "ClientIP", schema.String("192.0.2.7")).Cells...)
	apply(t, l, Batch{Position: 1, Ingested: noon, Records: []schema.Record{rec}})
	flush(t, l)
	if rows := rowsOf(t, l, schema.UnifiedAuditLog); len(rows) != 1 || !strings.Contains(rows[0], "ClientIP=192.0.2.7 ") {
		t.Errorf("%q", rows)
	}
}

func TestSnapshotsAndMetadataStayFew(t *testing.T) {
	config := DefaultConfig(t.TempDir())
	config.KeepSnapshots = 2
	l, err := Open(t.Context(), config, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for i := range 14 {
		rec := auditRecord(i, 0, noon, false)
		apply(t, l, Batch{Position: uint64(i + 1), Ingested: noon, Records: []schema.Record{rec}})
		flush(t, l)
	}
	s := l.tables[schema.UnifiedAuditLog]
	// None is old enough to go.
	if n := len(s.iceberg.Metadata().Snapshots); n != 14 {
		t.Errorf("%d snapshots before an hour has passed", n)
	}
	expireNow(t, l, s)
	if n := len(s.iceberg.Metadata().Snapshots); n != 2 {
		t.Errorf("%d snapshots are kept", n)
	}
	entries, err := os.ReadDir(filepath.Join(l.tableDir(s), "metadata"))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) > 30 {
		t.Errorf("%d metadata files after 14 commits", len(entries))
	}
	rowsAre(t, l, 14, "at the end")
}

// TestAClockThatWasSetBack finds a table whose last commit is of tomorrow.
func TestAClockThatWasSetBack(t *testing.T) {
	dir := t.TempDir()
	l := openLake(t, dir)
	apply(t, l, batchOf(1))
	flush(t, l)
	s := l.tables[schema.UnifiedAuditLog]
	now := s.iceberg.Metadata().LastUpdated
	path, err := localPath(s.iceberg.MetadataLocation())
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tomorrow := strings.ReplaceAll(string(content), fmt.Sprint(now), fmt.Sprint(now+24*60*60*1000))
	if err := os.WriteFile(path, []byte(tomorrow), 0o640); err != nil {
		t.Fatal(err)
	}
	l = openLake(t, dir)
	for position := 2; position < 5; position++ {
		apply(t, l, batchOf(position))
		flush(t, l)
		rowsAre(t, l, position, "flushed")
	}
	l.Close()
	l = openLake(t, dir)
	rowsAre(t, l, 4, "reopened")
	if l.Position() != 4 {
		t.Errorf("position %d", l.Position())
	}
	if n := len(l.tables[schema.UnifiedAuditLog].iceberg.Metadata().Snapshots); n != 4 {
		t.Errorf("%d snapshots after 4 flushes", n)
	}
	checkDisk(t, l)
}

// TestReadersSeeWholeBatches reads while rows come and are flushed: every
// batch is seen whole or not at all, and none goes away.
func TestReadersSeeWholeBatches(t *testing.T) {
	l := openLake(t, t.TempDir())
	const perBatch = 7
	done := make(chan struct{})
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			var last int64
			for running := true; running; {
				select {
				case <-done:
					running = false
				default:
				}
				set, err := l.Acquire(schema.UnifiedAuditLog)
				if err != nil {
					t.Error(err)
					return
				}
				var rows int64
				for _, f := range set.Files {
					rows += f.Rows
				}
				for _, f := range set.Fresh {
					rows += f.Batch.NumRows()
				}
				set.Release()
				if rows < last || rows%perBatch != 0 {
					t.Errorf("%d rows after %d", rows, last)
				}
				last = rows
			}
		})
	}
	for position := range 40 {
		b := Batch{Position: uint64(position + 1), Ingested: noon}
		for i := range perBatch {
			b.Records = append(b.Records, auditRecord(position*perBatch+i, 0, noon.Add(time.Duration(i)*time.Minute), false))
		}
		apply(t, l, b)
		if position%10 == 9 {
			flush(t, l)
		}
	}
	close(done)
	group.Wait()
	rowsAre(t, l, 40*perBatch, "at the end")
}

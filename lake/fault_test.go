package lake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/objectstore"
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
	if n := dataFilesOf(t, l); n != 0 {
		t.Errorf("%d files left behind", n)
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
	if err := l.Flush(unknown(t, l)); !errors.Is(err, ErrUncertain) {
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

// unknown lets the next commit happen, and keeps its outcome from being learned
// while the context lasts.
func unknown(t *testing.T, l *Lake) context.Context {
	ctx, end := context.WithCancel(t.Context())
	if l.cat.head != nil {
		l.cat.head.objects = unanswering{l.cat.head.objects, end}
		return ctx
	}
	l.cat.swapped = func() error { l.cat.db.Close(); return errors.New("the disk is gone") }
	t.Cleanup(end)
	return ctx
}

// unanswering is a store that changes the head and says nothing any more.
type unanswering struct {
	Objects
	asked func()
}

func (u unanswering) Swap(ctx context.Context, name string, data []byte, etag string) (string, error) {
	_, err := u.Objects.Swap(ctx, name, data, etag)
	return "", errors.Join(err, errors.New("no answer"))
}

func (u unanswering) Open(context.Context, string, int64) (io.ReadCloser, objectstore.Info, error) {
	u.asked()
	return nil, objectstore.Info{}, errors.New("no answer")
}

func TestAMissingOrCutFileIsNamed(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"missing": func([]byte) []byte { return nil },
		"cut":     func(b []byte) []byte { return b[:100] },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l := openLake(t, dir)
			apply(t, l, batchOf(1))
			flush(t, l)
			path := l.tables[schema.UnifiedAuditLog].files.files[0].Path
			l.Close()
			changeFile(t, l, path, damage)
			if _, err := Open(t.Context(), testConfig(dir), quiet); err == nil || !strings.Contains(err.Error(), filepath.Base(path)) {
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
	config := testConfig(t.TempDir())
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
	entries := 0
	if err := l.files.walk(filepath.Join(l.tableDir(s), "metadata"), func(string) error { entries++; return nil }); err != nil {
		t.Fatal(err)
	}
	if entries > 30 {
		t.Errorf("%d metadata files after 14 commits", entries)
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
	path, err := l.files.pathOf(s.iceberg.MetadataLocation())
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	changeFile(t, l, path, func(b []byte) []byte {
		return bytes.ReplaceAll(b, []byte(fmt.Sprint(now)), []byte(fmt.Sprint(now+24*60*60*1000)))
	})
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

package lake

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/schema"
)

// inTwoTables is a batch whose record has a row of some hundred kilobytes in either of
// two tables.
func inTwoTables(position int) Batch {
	b := batchOf(position)
	for i := range b.Records[0].Rows {
		row := &b.Records[0].Rows[i]
		column, _ := row.Table.Column("ResultStatus")
		row.Cells = append(row.Cells, schema.Cell{Column: column, Value: schema.String(strings.Repeat("x", 100<<10))})
	}
	return b
}

func TestApplyGoesOnOnceTheRowsOfOneTableAreCommitted(t *testing.T) {
	l := openSmall(t)
	first, second := make(chan struct{}), make(chan struct{})
	tables := 0
	l.atStep = func(step string) error {
		if step == "files written" {
			if tables++; tables == 1 {
				<-first
			} else {
				<-second
			}
		}
		return nil
	}
	position := 1
	for ; l.memoryUsed() < 2<<20; position++ {
		apply(t, l, inTwoTables(position))
	}
	applied := make(chan error)
	go func() {
		_, err := l.Apply(t.Context(), inTwoTables(position))
		applied <- err
	}()
	select {
	case err := <-applied:
		t.Fatalf("apply with full memory: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	close(first)
	select {
	case err := <-applied:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(time.Minute):
		t.Error("apply waits for the rows of the second table, though those of the first are in files")
	}
	close(second)
	flush(t, l)
	rowsAre(t, l, position, "at the end")
	checkDisk(t, l)
}

func TestATableThatCannotBeCommittedLeavesNoFiles(t *testing.T) {
	l := openLake(t, t.TempDir())
	apply(t, l, batchOf(1))
	ctx, cancel := context.WithCancel(t.Context())
	tables := 0
	l.atStep = func(step string) error {
		if step == "files written" {
			if tables++; tables == 2 {
				cancel()
			}
		}
		return nil
	}
	if err := l.Flush(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("flush: %v", err)
	}
	if n := dataFilesOf(t, l); n != 1 {
		t.Errorf("%d files, want that of the first table", n)
	}
	rowsAre(t, l, 1, "after the failure")
	flush(t, l)
	rowsAre(t, l, 1, "after the second flush")
	if n := len(rowsOf(t, l, schema.OfficeActivity)); n != 1 {
		t.Errorf("%d rows of the other table", n)
	}
	checkDisk(t, l)
}

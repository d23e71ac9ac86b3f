package lake

import (
	"slices"
	"testing"

	"github.com/quoll/quoll/schema"
)

// The memory of rows that are in files is used again, but not that of rows which
// somebody has been given.
func TestMemoryOfFlushedRowsIsUsedAgain(t *testing.T) {
	l := openLake(t, t.TempDir())
	table := l.tables[schema.UnifiedAuditLog]
	const many = 1200 // above littleBytes
	position := uint64(0)
	fill := func() {
		position++
		b := Batch{Position: position, Ingested: noon}
		for n := range many {
			b.Records = append(b.Records, benchRecord(int(position)*many+n))
		}
		apply(t, l, b)
	}
	for range 3 {
		fill()
		before := table.build.vectors
		flush(t, l)
		if !slices.ContainsFunc(table.build.spare.sets, func(set []*vector) bool { return &set[0] == &before[0] }) {
			t.Fatal("the memory of rows that are in files did not come back")
		}
	}
	fill()
	set, err := l.Acquire(schema.UnifiedAuditLog)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Release()
	given := textOf(set.Fresh[0].Batch)
	for range 4 {
		flush(t, l)
		fill()
	}
	if now := textOf(set.Fresh[0].Batch); !slices.Equal(now, given) {
		t.Error("rows that a reader has were overwritten")
	}
	for range 3 {
		position++
		apply(t, l, Batch{Position: position, Ingested: noon, Records: []schema.Record{benchRecord(1<<20 + int(position))}})
		flush(t, l)
	}
	if n := len(table.build.spare.sets); n != 0 {
		t.Errorf("the memory of %d batches is kept for rows that come one by one", n)
	}
}

// A column that is filled gets the room at once that it took in batches before, until
// rows come one by one.
func TestRoomIsMadeForAsMuchAsBefore(t *testing.T) {
	l := openLake(t, t.TempDir())
	table := l.tables[schema.UnifiedAuditLog]
	document, _ := table.schema.Column("Record")
	position := uint64(0)
	fill := func(records int) {
		position++
		b := Batch{Position: position, Ingested: noon}
		for n := range records {
			b.Records = append(b.Records, benchRecord(int(position)<<12+n))
		}
		apply(t, l, b)
	}
	fill(1200)
	took := len(table.build.vectors[document].data)
	l.mu.Lock()
	l.cutAsItIs(table)
	l.mu.Unlock()
	fill(1)
	if room := cap(table.build.vectors[document].data); room < took {
		t.Errorf("room for %d bytes after a batch of %d", room, took)
	}
	for range 3 {
		flush(t, l)
		fill(1)
	}
	if room := cap(table.build.vectors[document].data); room > took/4 {
		t.Errorf("room for %d bytes of rows that come one by one", room)
	}
}

package lake

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Merging of fresh batches. Every look at a table cuts the rows that came since
// the last look into a batch, so a table that is watched would end up with
// thousands of tiny ones. Like a binary counter, a batch is joined with its
// predecessor while that one is not at least twice as large: a row is copied
// O(log n) times, and n rows are at most O(log n) batches below mergedRows.
const (
	mergedRows  = 8 << 10
	mergedBytes = 32 << 20
)

// pushBatch appends b to batches and joins what has become too small, giving
// each new batch an id from nextID. It never changes a batch that was there.
func pushBatch(batches []batch, b batch, nextID func() uint64) ([]batch, error) {
	b.id = nextID()
	batches = append(batches, b)
	first := len(batches) - 1
	rows, bytes := b.rows, b.bytes
	for first > 0 {
		previous := batches[first-1]
		if previous.rows >= 2*rows || previous.rows+rows > mergedRows || previous.bytes+bytes > mergedBytes {
			break
		}
		rows += previous.rows
		bytes += previous.bytes
		first--
	}
	if first == len(batches)-1 {
		return batches, nil
	}
	joined, err := joinBatches(batches[first:])
	if err != nil {
		return batches, err
	}
	joined.id = nextID()
	// A full slice expression: a reader may hold the old slice's array.
	return append(batches[:first:first], joined), nil
}

// joinBatches copies batches into one.
func joinBatches(batches []batch) (batch, error) {
	out := batch{minTime: batches[0].minTime, maxTime: batches[0].maxTime}
	for _, b := range batches {
		out.rows += b.rows
		out.bytes += b.bytes
		out.minTime, out.maxTime = min(out.minTime, b.minTime), max(out.maxTime, b.maxTime)
	}
	sc := batches[0].records.Schema()
	columns := make([]arrow.Array, sc.NumFields())
	parts := make([]arrow.Array, len(batches))
	for i := range columns {
		for j, b := range batches {
			parts[j] = b.records.Column(i)
		}
		joined, err := array.Concatenate(parts, memory.DefaultAllocator)
		if err != nil {
			return batch{}, fmt.Errorf("join column %s of %d batches: %w", sc.Field(i).Name, len(batches), err)
		}
		columns[i] = joined
	}
	out.records = array.NewRecordBatch(sc, columns, int64(out.rows))
	return out, nil
}

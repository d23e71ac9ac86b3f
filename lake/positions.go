package lake

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/quoll/quoll/schema"
)

// Positions hands over the journal position of every row that all tables hold, in
// files and in memory, whatever is written meanwhile, and may leave out those beyond
// last: files that have no others are not read. A file that cannot be read is an error.
//
// Of a file that is read all bytes are compared with its checksum, also where it is
// for this column alone, whose pages have none of their own: who believes a position
// that is damaged may let go of what the row is from.
func (l *Lake) Positions(ctx context.Context, last uint64, use func(position uint64)) error {
	for _, t := range schema.Tables() {
		if err := l.positionsOf(ctx, t.Name, last, use); err != nil {
			return fmt.Errorf("read the positions of table %s: %w", t.Name, err)
		}
	}
	return nil
}

func (l *Lake) positionsOf(ctx context.Context, name string, last uint64, use func(position uint64)) error {
	return l.hiddenOf(ctx, name, ColumnPosition, last, func(position int64) { use(uint64(position)) })
}

// Revised hands over, of every row of UnifiedAuditLogRevisions, the first eight bytes of
// its record's key, big-endian: a replay tells that it is a revision by the payload of the
// first content alone, which may have no row any more.
func (l *Lake) Revised(ctx context.Context, use func(key uint64)) error {
	err := l.hiddenOf(ctx, schema.UnifiedAuditLogRevisions, ColumnKeyHigh, math.MaxUint64, func(high int64) { use(uint64(high)) })
	if err != nil {
		return fmt.Errorf("read the keys of revisions: %w", err)
	}
	return nil
}

// hiddenOf hands over the values of one hidden column of numbers, but those of files that
// have only rows from beyond a position.
func (l *Lake) hiddenOf(ctx context.Context, table, name string, last uint64, use func(int64)) error {
	set, err := l.Acquire(table)
	if err != nil {
		return err
	}
	defer set.Release()
	columns := columnsOf(set.Table)
	at := slices.IndexFunc(columns, func(c column) bool { return c.name == name })
	each := func(values *array.Int64) {
		for _, v := range values.Int64Values() {
			use(v)
		}
	}
	for _, f := range set.Files {
		if f.firstPosition > last {
			continue
		}
		err := l.files.readSome(ctx, f, columns, []string{name}, func(b batch) error {
			each(b.records.Column(at).(*array.Int64))
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, f := range set.Fresh {
		each(f.Batch.Column(at).(*array.Int64))
	}
	return nil
}

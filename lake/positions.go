package lake

import (
	"context"
	"fmt"

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
	set, err := l.Acquire(name)
	if err != nil {
		return err
	}
	defer set.Release()
	columns := columnsOf(set.Table)
	position := len(columns) - hiddenColumns + 4
	each := func(positions *array.Int64) {
		for _, p := range positions.Int64Values() {
			use(uint64(p))
		}
	}
	for _, f := range set.Files {
		if f.firstPosition > last {
			continue
		}
		err := l.files.readSome(ctx, f, columns, []string{columns[position].name}, func(b batch) error {
			each(b.records.Column(position).(*array.Int64))
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, f := range set.Fresh {
		each(f.Batch.Column(position).(*array.Int64))
	}
	return nil
}

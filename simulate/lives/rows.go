package lives

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/quoll/quoll/internal/parquetrows"
	"github.com/quoll/quoll/lake"
)

// readRows is how many rows of a file are read at a time.
const readRows = 4 << 10

// Count returns how many rows of a table can be seen with each value of a text
// column, in files and fresh, as a query reads them.
func (p *Process) Count(table, column string) (map[string]int, error) {
	set, err := p.Lake.Acquire(table)
	if err != nil {
		return nil, err
	}
	defer set.Release()
	values := map[string]int{}
	count := func(found arrow.Array) error {
		text, ok := found.(*array.String)
		if !ok {
			return fmt.Errorf("column %s of %s is %s", column, table, found.DataType())
		}
		for i := range text.Len() {
			values[text.Value(i)]++
		}
		return nil
	}
	for _, f := range set.Fresh {
		if err := count(f.Batch.Column(f.Batch.Schema().FieldIndices(column)[0])); err != nil {
			return nil, err
		}
	}
	for _, f := range set.Files {
		if err := p.read(f, column, count); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return values, nil
}

func (p *Process) read(f lake.File, column string, count func(arrow.Array) error) error {
	source, err := p.machine.disk.OpenFile(f.Path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer source.Close()
	reader, err := file.NewParquetReader(io.NewSectionReader(source, 0, f.Bytes))
	if err != nil {
		return err
	}
	defer reader.Close()
	index, rows := reader.MetaData().Schema.ColumnIndexByName(column), int64(0)
	err = parquetrows.Read(context.Background(), reader, []int{index}, readRows, func(read arrow.RecordBatch) error {
		rows += read.NumRows()
		return count(read.Column(0))
	})
	if err != nil {
		return err
	}
	if rows != f.Rows {
		return fmt.Errorf("it has %d rows, the table says %d", rows, f.Rows)
	}
	return nil
}

// Rows returns how many rows of a table can be seen.
func (p *Process) Rows(table string) (n int64, err error) {
	set, err := p.Lake.Acquire(table)
	if err != nil {
		return 0, err
	}
	defer set.Release()
	for _, f := range set.Files {
		n += f.Rows
	}
	for _, f := range set.Fresh {
		n += f.Batch.NumRows()
	}
	return n, nil
}

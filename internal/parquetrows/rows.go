// Package parquetrows reads the rows of flat Parquet files as Arrow batches:
// texts, numbers, booleans and times, with nulls, as parquetfile writes them.
//
// The decoding is arrow-go's (parquet/file). What arrow-go has above it,
// parquet/pqarrow, reads nested columns as well and brings Arrow Flight, and with
// that gRPC, into every binary and test, though nothing here is nested.
//
// It must not know which table the rows are of, nor where the file comes from.
package parquetrows

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// ErrColumn is returned for a column of a kind that is not read: a nested or
// repeated one, or a type that parquetfile does not write.
var ErrColumn = errors.New("a column of this kind is not read")

// Read yields the rows of a file in their order, at most atOnce at a time, with
// the columns of the named indices (all, if indices is nil) in that order. A batch
// is released after yield; who keeps it, or a column of it, retains it. The
// library panics on some damage.
func Read(ctx context.Context, f *file.Reader, indices []int, atOnce int, yield func(arrow.RecordBatch) error) error {
	if indices == nil {
		for i := range f.MetaData().Schema.NumColumns() {
			indices = append(indices, i)
		}
	}
	columns, fields := make([]*column, 0, len(indices)), make([]arrow.Field, 0, len(indices))
	defer func() {
		for _, c := range columns {
			c.records.Release()
		}
	}()
	pool := &sync.Pool{New: func() any { return memory.NewResizableBuffer(memory.DefaultAllocator) }}
	for _, i := range indices {
		c, err := newColumn(f, i, pool)
		if err != nil {
			return err
		}
		columns = append(columns, c)
		fields = append(fields, arrow.Field{Name: c.of.Name(), Type: c.becomes, Nullable: true})
	}
	names := arrow.NewSchema(fields, nil)
	for left := f.NumRows(); left > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows := min(left, int64(atOnce))
		if err := readBatch(columns, names, rows, yield); err != nil {
			return err
		}
		left -= rows
	}
	return nil
}

func readBatch(columns []*column, names *arrow.Schema, rows int64, yield func(arrow.RecordBatch) error) error {
	arrays := make([]arrow.Array, 0, len(columns))
	defer func() {
		for _, a := range arrays {
			a.Release()
		}
	}()
	for _, c := range columns {
		a, err := c.read(rows)
		if err != nil {
			return fmt.Errorf("column %s: %w", c.of.Name(), err)
		}
		arrays = append(arrays, a)
	}
	batch := array.NewRecordBatch(names, arrays, rows)
	defer batch.Release()
	return yield(batch)
}

// column is where the reading of one column is.
type column struct {
	from    *file.Reader
	index   int
	of      *schema.Column
	becomes arrow.DataType
	records file.RecordReader
	next    int // row group
}

func newColumn(f *file.Reader, index int, pool *sync.Pool) (*column, error) {
	of := f.MetaData().Schema.Column(index)
	becomes, err := typeOf(of)
	if err != nil {
		return nil, err
	}
	level := file.LevelInfo{NullSlotUsage: 1, DefLevel: of.MaxDefinitionLevel()}
	return &column{from: f, index: index, of: of, becomes: becomes,
		records: file.NewRecordReader(of, level, becomes, memory.DefaultAllocator, pool)}, nil
}

// typeOf returns the Arrow type that a column becomes.
func typeOf(of *schema.Column) (arrow.DataType, error) {
	if of.MaxRepetitionLevel() > 0 || of.MaxDefinitionLevel() > 1 {
		return nil, fmt.Errorf("column %s is nested: %w", of.Name(), ErrColumn)
	}
	switch of.PhysicalType() {
	case parquet.Types.Boolean:
		return arrow.FixedWidthTypes.Boolean, nil
	case parquet.Types.Int32:
		return arrow.PrimitiveTypes.Int32, nil
	case parquet.Types.Double:
		return arrow.PrimitiveTypes.Float64, nil
	case parquet.Types.Int64:
		return typeOfInt64(of)
	case parquet.Types.ByteArray:
		if _, ok := of.LogicalType().(schema.StringLogicalType); ok {
			return arrow.BinaryTypes.String, nil
		}
	}
	return nil, fmt.Errorf("column %s is %s %s: %w", of.Name(), of.PhysicalType(), of.LogicalType(), ErrColumn)
}

func typeOfInt64(of *schema.Column) (arrow.DataType, error) {
	switch logical := of.LogicalType().(type) {
	case schema.TimestampLogicalType:
		switch {
		case logical.TimeUnit() != schema.TimeUnitMicros:
		case logical.IsAdjustedToUTC():
			return arrow.FixedWidthTypes.Timestamp_us, nil
		default:
			return &arrow.TimestampType{Unit: arrow.Microsecond}, nil
		}
	case schema.IntLogicalType, schema.NoLogicalType, schema.UnknownLogicalType:
		return arrow.PrimitiveTypes.Int64, nil
	}
	return nil, fmt.Errorf("column %s is %s: %w", of.Name(), of.LogicalType(), ErrColumn)
}

// read returns the next rows, through row groups as they come.
func (c *column) read(rows int64) (arrow.Array, error) {
	c.records.Reset()
	if err := c.records.Reserve(rows); err != nil {
		return nil, err
	}
	for wanted := rows; wanted > 0; {
		if !c.records.HasMore() {
			if err := c.nextGroup(); err != nil {
				return nil, err
			}
		}
		read, err := c.records.ReadRecords(wanted)
		if err != nil {
			return nil, err
		}
		wanted -= read
		if read > 0 || wanted == 0 {
			continue
		}
		if err := c.nextGroup(); err != nil {
			return nil, err
		}
	}
	return c.array()
}

func (c *column) nextGroup() error {
	if c.next >= c.from.NumRowGroups() {
		return errors.New("it ends before its rows do")
	}
	pages, err := c.from.RowGroup(c.next).GetColumnPageReader(c.index)
	if err != nil {
		return err
	}
	c.next++
	if r, ok := c.records.(file.RecordReaderWithError); ok {
		return r.SetPageReaderWithError(pages)
	}
	c.records.SetPageReader(pages)
	return nil
}

// array takes over what was read.
func (c *column) array() (arrow.Array, error) {
	if texts, ok := c.records.(file.BinaryRecordReader); ok {
		return oneText(texts.GetBuilderChunks())
	}
	valid := c.records.ReleaseValidBits()
	if valid != nil {
		defer valid.Release()
	}
	if c.of.MaxDefinitionLevel() == 0 {
		valid = nil // whatever the bits of a column without nulls are
	}
	values := c.values()
	defer values.Release()
	data := array.NewData(c.becomes, c.records.ValuesWritten(), []*memory.Buffer{valid, values}, nil, int(c.records.NullCount()), 0)
	defer data.Release()
	return array.MakeFromData(data), nil
}

func (c *column) values() *memory.Buffer {
	if bools, ok := c.records.(file.BooleanRecordReader); ok {
		return bools.ReleaseValueBitmap()
	}
	return c.records.ReleaseValues()
}

// oneText joins what came in parts, which texts of more than 2 GiB do. Arrow-go
// builds them as bytes of the type of texts.
func oneText(parts []arrow.Array) (arrow.Array, error) {
	defer func() {
		for _, p := range parts {
			p.Release()
		}
	}()
	if len(parts) == 1 {
		return array.MakeFromData(parts[0].Data()), nil
	}
	whole, err := array.Concatenate(parts, memory.DefaultAllocator)
	if err != nil {
		return nil, err
	}
	defer whole.Release()
	return array.MakeFromData(whole.Data()), nil
}

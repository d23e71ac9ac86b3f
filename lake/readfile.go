package lake

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/cespare/xxhash/v2"

	"github.com/quoll/quoll/internal/parquetfile"
	"github.com/quoll/quoll/internal/parquetrows"
)

// readRows is how many rows of a file are read at a time.
const readRows = 4 << 10

// ErrDamaged is returned for a file whose bytes are not those that were
// written.
var ErrDamaged = errors.New("file is damaged")

// damaged makes an error of a panic, when it is deferred: the Parquet library panics
// on some damage that no checksum covers, as in files from before there was one.
func damaged(what string, err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("%s: %w: %v", what, ErrDamaged, v)
	}
}

// readBatches yields the rows of a file in the order in which they are stored.
// A column that the file lacks is absent in every row. Whatever in the file
// cannot be what was written is ErrDamaged.
func (s syncedFS) readBatches(ctx context.Context, f File, columns []column, yield func(batch) error) error {
	return s.readSome(ctx, f, columns, nil, yield)
}

// readSome is readBatches of the named columns alone, if any are named. The others
// are absent in every row.
func (s syncedFS) readSome(ctx context.Context, f File, columns []column, names []string, yield func(batch) error) (err error) {
	source, err := s.open(f.Path)
	if err != nil {
		return err
	}
	defer source.Close()
	if err := checkSum(source); err != nil {
		return fmt.Errorf("%s: %w", f.Path, err)
	}
	defer damaged(f.Path, &err)
	parquet, err := file.NewParquetReader(source)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", f.Path, ErrDamaged, err)
	}
	var indices []int
	for _, name := range names {
		if i := parquet.MetaData().Schema.ColumnIndexByName(name); i >= 0 {
			indices = append(indices, i)
		}
	}
	rows := int64(0)
	var stopped error
	err = parquetrows.Read(ctx, parquet, indices, readRows, func(read arrow.RecordBatch) error {
		b, err := batchOfRecord(read, columns)
		if err != nil {
			stopped = fmt.Errorf("%s: %w", f.Path, err)
			return stopped
		}
		rows += int64(b.rows)
		stopped = yield(b)
		return stopped
	})
	switch {
	case stopped != nil:
		return stopped
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("%s: %w: %w", f.Path, ErrDamaged, err)
	}
	if rows != f.Rows {
		return fmt.Errorf("%s: %w: it has %d rows and should have %d", f.Path, ErrDamaged, rows, f.Rows)
	}
	return nil
}

// batchOfRecord returns rows that were read as a batch of the table, which keeps
// them in memory.
func batchOfRecord(r arrow.RecordBatch, columns []column) (batch, error) {
	arrays := make([]arrow.Array, len(columns))
	b := batch{rows: int(r.NumRows())}
	for i, c := range columns {
		at := r.Schema().FieldIndices(c.name)
		if len(at) == 0 {
			arrays[i] = absent(c, b.rows)
			continue
		}
		a := r.Column(at[0])
		if !arrow.TypeEqual(a.DataType(), c.kind.arrowType()) {
			return batch{}, fmt.Errorf("column %s is %s and should be %s", c.name, a.DataType(), c.kind.arrowType())
		}
		a.Retain() // the reader lets go of it
		arrays[i] = a
		for _, buffer := range a.Data().Buffers() {
			if buffer != nil {
				b.bytes += int64(buffer.Len())
			}
		}
	}
	b.records = array.NewRecordBatch(arrowSchemaOf(columns), arrays, r.NumRows())
	return b, nil
}

// absent returns a column without values.
func absent(c column, rows int) arrow.Array {
	v := newVector(c)
	v.pad(rows)
	return v.array(true)
}

// parquetTail is the length of the footer and the magic number, at the end.
const parquetTail = 8

// checkSum compares the bytes of a file with the checksum in its footer. Files
// from before there was one pass.
func checkSum(source *openFile) error {
	var tail [parquetTail]byte
	size := source.Size()
	if size < 2*parquetTail {
		return fmt.Errorf("%w: %d bytes are no Parquet file", ErrDamaged, size)
	}
	if _, err := source.ReadAt(tail[:], size-parquetTail); err != nil {
		return err
	}
	footer := size - parquetTail - int64(binary.LittleEndian.Uint32(tail[:]))
	if string(tail[4:]) != "PAR1" || footer < 4 {
		return fmt.Errorf("%w: its end is not that of a Parquet file", ErrDamaged)
	}
	want, err := storedSum(source)
	if err != nil {
		return err
	}
	if want == "" {
		return nil
	}
	sum := xxhash.New()
	if _, err := io.Copy(sum, io.NewSectionReader(source, 0, footer)); err != nil {
		return err
	}
	if got := fmt.Sprintf("%016x", sum.Sum64()); got != want {
		return fmt.Errorf("%w: its checksum is %s and should be %s", ErrDamaged, got, want)
	}
	return nil
}

// storedSum returns the checksum in the footer, "" if there is none.
func storedSum(source *openFile) (sum string, err error) {
	defer damaged("footer", &err)
	f, err := file.NewParquetReader(io.NewSectionReader(source, 0, source.Size()))
	if err != nil {
		return "", fmt.Errorf("%w: footer: %w", ErrDamaged, err)
	}
	stored := f.MetaData().KeyValueMetadata().FindValue(parquetfile.SumKey)
	if stored == nil {
		return "", nil
	}
	if _, err := strconv.ParseUint(*stored, 16, 64); err != nil {
		return "", fmt.Errorf("%w: its checksum is %q", ErrDamaged, *stored)
	}
	return *stored, nil
}

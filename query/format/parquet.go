package format

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
)

// batchRows is how many rows a batch of a Parquet file has.
const batchRows = 64 << 10

// writeParquet writes a Parquet file, compressed with zstd. Dynamic is its JSON
// text, a timespan is its ticks of 100 ns, a decimal is a double.
func writeParquet(w io.Writer, result *query.Result) error {
	if len(result.More) > 0 {
		return errors.New("the query gives several tables, and a Parquet file holds one")
	}
	fields := make([]arrow.Field, len(result.Columns))
	for i, c := range result.Columns {
		fields[i] = arrow.Field{Name: c.Name, Type: arrowType(c.Type), Nullable: true}
	}
	schema := arrow.NewSchema(fields, nil)
	properties := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd))
	out, err := pqarrow.NewFileWriter(schema, onlyWriter{w}, properties, pqarrow.NewArrowWriterProperties())
	if err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	for first := 0; first < len(result.Rows); first += batchRows {
		if err := writeBatch(out, builder, result.Columns, result.Rows[first:min(first+batchRows, len(result.Rows))]); err != nil {
			return errors.Join(fmt.Errorf("write Parquet: %w", err), out.Close())
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	return nil
}

// onlyWriter keeps the Parquet writer from closing what is not its own.
type onlyWriter struct{ io.Writer }

func writeBatch(out *pqarrow.FileWriter, builder *array.RecordBuilder, columns []query.Column, rows [][]any) error {
	for _, row := range rows {
		for i, value := range row {
			if err := appendCell(builder.Field(i), value); err != nil {
				return fmt.Errorf("column %s: %w", columns[i].Name, err)
			}
		}
	}
	batch := builder.NewRecordBatch()
	defer batch.Release()
	return out.Write(batch)
}

func arrowType(t types.Type) arrow.DataType {
	switch t {
	case types.Bool:
		return arrow.FixedWidthTypes.Boolean
	case types.Int:
		return arrow.PrimitiveTypes.Int32
	case types.Long, types.TimeSpan:
		return arrow.PrimitiveTypes.Int64
	case types.Real, types.Decimal:
		return arrow.PrimitiveTypes.Float64
	case types.DateTime:
		return arrow.FixedWidthTypes.Timestamp_us
	}
	return arrow.BinaryTypes.String
}

// appendCell adds a value. A server gives numbers and times as text.
func appendCell(builder array.Builder, value any) error {
	if value == nil {
		builder.AppendNull()
		return nil
	}
	switch b := builder.(type) {
	case *array.BooleanBuilder:
		v, ok := value.(bool)
		if !ok {
			return fmt.Errorf("%v is no bool", value)
		}
		b.Append(v)
	case *array.Int32Builder:
		n, err := strconv.ParseInt(fmt.Sprint(value), 10, 32)
		if err != nil {
			return err
		}
		b.Append(int32(n))
	case *array.Int64Builder:
		n, err := integer(value)
		if err != nil {
			return err
		}
		b.Append(n)
	case *array.Float64Builder:
		f, err := strconv.ParseFloat(fmt.Sprint(value), 64)
		if err != nil {
			return err
		}
		b.Append(f)
	case *array.TimestampBuilder:
		at, err := instant(value)
		if err != nil {
			return err
		}
		b.Append(arrow.Timestamp(at.UnixMicro()))
	case *array.StringBuilder:
		b.Append(cellText(value))
	default:
		return fmt.Errorf("no column for a %T", value)
	}
	return nil
}

func integer(value any) (int64, error) {
	switch v := value.(type) {
	case types.Ticks:
		return int64(v), nil
	case int64:
		return v, nil
	case json.Number:
		return v.Int64()
	}
	text := fmt.Sprint(value)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	if ticks, ok := types.ParseTimeSpan(text); ok {
		return int64(ticks), nil
	}
	return 0, fmt.Errorf("%q is no whole number and no timespan", text)
}

func instant(value any) (time.Time, error) {
	if at, ok := value.(time.Time); ok {
		return at, nil
	}
	at, ok := types.ParseDateTime(fmt.Sprint(value))
	if !ok {
		return time.Time{}, fmt.Errorf("%v is no datetime", value)
	}
	return at, nil
}

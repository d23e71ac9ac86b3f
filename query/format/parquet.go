package format

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
)

// groupRows is how many rows a row group of a Parquet file has.
const groupRows = 64 << 10

// writeParquet writes a Parquet file, compressed with zstd. Dynamic is its JSON
// text, a timespan is its ticks of 100 ns, a decimal is a double, a datetime is
// microseconds in UTC.
func writeParquet(w io.Writer, result *query.Result) error {
	if len(result.More) > 0 {
		return errors.New("the query gives several tables, and a Parquet file holds one")
	}
	if err := writeRowGroups(w, result); err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	return nil
}

func writeRowGroups(w io.Writer, result *query.Result) error {
	fields := make(schema.FieldList, len(result.Columns))
	for i, c := range result.Columns {
		field, err := parquetField(c)
		if err != nil {
			return fmt.Errorf("column %s: %w", c.Name, err)
		}
		fields[i] = field
	}
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, fields, -1)
	if err != nil {
		return err
	}
	out := file.NewParquetWriter(onlyWriter{w}, root, file.WithWriterProps(parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd))))
	for first := 0; first < len(result.Rows); first += groupRows {
		group, err := out.AppendRowGroupChecked()
		if err == nil {
			err = writeRowGroup(group, result.Columns, result.Rows[first:min(first+groupRows, len(result.Rows))])
		}
		if err != nil {
			return errors.Join(err, out.Close())
		}
	}
	return out.Close()
}

// onlyWriter keeps the Parquet writer from closing what is not its own.
type onlyWriter struct{ io.Writer }

func writeRowGroup(group file.SerialRowGroupWriter, columns []query.Column, rows [][]any) error {
	for i, c := range columns {
		chunk, err := group.NextColumn()
		if err != nil {
			return err
		}
		if err := writeColumn(chunk, rows, i); err != nil {
			return fmt.Errorf("column %s: %w", c.Name, err)
		}
		if err := chunk.Close(); err != nil {
			return err
		}
	}
	return group.Close()
}

// parquetField is how a column of that type is written.
func parquetField(c query.Column) (schema.Node, error) {
	logical, physical := schema.LogicalType(schema.StringLogicalType{}), parquet.Types.ByteArray
	switch c.Type {
	case types.Bool:
		logical, physical = schema.NoLogicalType{}, parquet.Types.Boolean
	case types.Int:
		logical, physical = schema.NewIntLogicalType(32, true), parquet.Types.Int32
	case types.Long, types.TimeSpan:
		logical, physical = schema.NewIntLogicalType(64, true), parquet.Types.Int64
	case types.Real, types.Decimal:
		logical, physical = schema.NoLogicalType{}, parquet.Types.Double
	case types.DateTime:
		logical, physical = schema.NewTimestampLogicalType(true, schema.TimeUnitMicros), parquet.Types.Int64
	}
	return schema.NewPrimitiveNodeLogical(c.Name, parquet.Repetitions.Optional, logical, physical, -1, -1)
}

// writeColumn writes the cells of one column. A server gives numbers and times as
// text.
func writeColumn(chunk file.ColumnChunkWriter, rows [][]any, column int) error {
	switch chunk := chunk.(type) {
	case *file.BooleanColumnChunkWriter:
		return writeCells(chunk.WriteBatch, rows, column, boolean)
	case *file.Int32ColumnChunkWriter:
		return writeCells(chunk.WriteBatch, rows, column, shortInteger)
	case *file.Int64ColumnChunkWriter:
		if _, ok := chunk.Descr().LogicalType().(schema.TimestampLogicalType); ok {
			return writeCells(chunk.WriteBatch, rows, column, microseconds)
		}
		return writeCells(chunk.WriteBatch, rows, column, integer)
	case *file.Float64ColumnChunkWriter:
		return writeCells(chunk.WriteBatch, rows, column, real)
	case *file.ByteArrayColumnChunkWriter:
		return writeCells(chunk.WriteBatch, rows, column, text)
	}
	return fmt.Errorf("no cells for a %T", chunk)
}

// writeCells writes the values and, as definition levels, where there are none.
func writeCells[T any](write func([]T, []int16, []int16) (int64, error), rows [][]any, column int, valueOf func(any) (T, error)) error {
	values, levels := make([]T, 0, len(rows)), make([]int16, len(rows))
	for i, row := range rows {
		if row[column] == nil {
			continue
		}
		value, err := valueOf(row[column])
		if err != nil {
			return err
		}
		values, levels[i] = append(values, value), 1
	}
	_, err := write(values, levels, nil)
	return err
}

func boolean(value any) (bool, error) {
	v, ok := value.(bool)
	if !ok {
		return false, fmt.Errorf("%v is no bool", value)
	}
	return v, nil
}

func shortInteger(value any) (int32, error) {
	n, err := strconv.ParseInt(fmt.Sprint(value), 10, 32)
	return int32(n), err
}

func real(value any) (float64, error) { return strconv.ParseFloat(fmt.Sprint(value), 64) }

func text(value any) (parquet.ByteArray, error) { return parquet.ByteArray(cellText(value)), nil }

func microseconds(value any) (int64, error) {
	at, err := instant(value)
	if err != nil {
		return 0, err
	}
	return at.UnixMicro(), nil
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

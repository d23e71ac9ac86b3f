package parquetrows_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"github.com/quoll/quoll/internal/parquetrows"
)

// three writes a file of three row groups of five rows, of which every third value
// is null.
func three(t *testing.T) *file.Reader {
	t.Helper()
	fields := schema.FieldList{
		node(t, "text", parquet.Repetitions.Optional, schema.StringLogicalType{}, parquet.Types.ByteArray),
		node(t, "number", parquet.Repetitions.Optional, schema.NoLogicalType{}, parquet.Types.Int64),
		node(t, "at", parquet.Repetitions.Optional, schema.NewTimestampLogicalType(true, schema.TimeUnitMicros), parquet.Types.Int64),
		node(t, "always", parquet.Repetitions.Required, schema.NoLogicalType{}, parquet.Types.Boolean),
	}
	var out bytes.Buffer
	w := file.NewParquetWriter(&out, group(t, fields))
	for g := range 3 {
		rows, err := w.AppendRowGroupChecked()
		if err != nil {
			t.Fatal(err)
		}
		var texts []parquet.ByteArray
		var numbers []int64
		var bools []bool
		var levels []int16
		for i := g * 5; i < g*5+5; i++ {
			bools = append(bools, i%2 == 0)
			if i%3 == 0 {
				levels = append(levels, 0)
				continue
			}
			levels, texts, numbers = append(levels, 1), append(texts, parquet.ByteArray(fmt.Sprint("t", i))), append(numbers, int64(i))
		}
		for range fields {
			column, err := rows.NextColumn()
			if err != nil {
				t.Fatal(err)
			}
			switch column := column.(type) {
			case *file.ByteArrayColumnChunkWriter:
				_, err = column.WriteBatch(texts, levels, nil)
			case *file.Int64ColumnChunkWriter:
				_, err = column.WriteBatch(numbers, levels, nil)
			case *file.BooleanColumnChunkWriter:
				_, err = column.WriteBatch(bools, nil, nil)
			}
			if err := errors.Join(err, column.Close()); err != nil {
				t.Fatal(err)
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return opened(t, w, &out)
}

func node(t *testing.T, name string, repetition parquet.Repetition, logical schema.LogicalType, physical parquet.Type) schema.Node {
	t.Helper()
	n, err := schema.NewPrimitiveNodeLogical(name, repetition, logical, physical, -1, -1)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func group(t *testing.T, fields schema.FieldList) *schema.GroupNode {
	t.Helper()
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, fields, -1)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func opened(t *testing.T, w *file.Writer, out *bytes.Buffer) *file.Reader {
	t.Helper()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := file.NewParquetReader(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Batches run through row groups, whatever their size.
func TestRead(t *testing.T) {
	const want = "null null null true; t1 1 1970-01-01T00:00:00.000001Z false; t2 2 1970-01-01T00:00:00.000002Z true; "
	var first string
	for atOnce := 1; atOnce <= 20; atOnce++ {
		var all strings.Builder
		rows := int64(0)
		err := parquetrows.Read(t.Context(), three(t), nil, atOnce, func(b arrow.RecordBatch) error {
			if b.NumRows() > int64(atOnce) {
				t.Errorf("%d rows at once, of at most %d", b.NumRows(), atOnce)
			}
			rows += b.NumRows()
			for i := range int(b.NumRows()) {
				fmt.Fprintf(&all, "%s %s %s %s; ", cell(b, 0, i), cell(b, 1, i), cell(b, 2, i), cell(b, 3, i))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = all.String()
		}
		if rows != 15 || all.String() != first || !strings.HasPrefix(first, want) {
			t.Errorf("%d at once: %d rows, %s", atOnce, rows, all.String())
		}
	}
}

func cell(b arrow.RecordBatch, column, row int) string {
	if b.Column(column).IsNull(row) {
		return "null"
	}
	return b.Column(column).ValueStr(row)
}

func TestReadSomeColumns(t *testing.T) {
	err := parquetrows.Read(t.Context(), three(t), []int{3, 0}, 100, func(b arrow.RecordBatch) error {
		if b.NumCols() != 2 || b.ColumnName(0) != "always" || b.ColumnName(1) != "text" || b.NumRows() != 15 {
			t.Errorf("%s, %d rows", b.Schema(), b.NumRows())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What the caller says ends the reading, and so does the end of its context.
func TestReadStops(t *testing.T) {
	enough := errors.New("enough")
	batches := 0
	err := parquetrows.Read(t.Context(), three(t), nil, 4, func(arrow.RecordBatch) error { batches++; return enough })
	if !errors.Is(err, enough) || batches != 1 {
		t.Errorf("%v after %d batches", err, batches)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = parquetrows.Read(ctx, three(t), nil, 4, func(arrow.RecordBatch) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was cancelled", err)
	}
}

func TestColumnsThatAreNotRead(t *testing.T) {
	for name, field := range map[string]schema.Node{
		"bytes":    node(t, "c", parquet.Repetitions.Optional, schema.NoLogicalType{}, parquet.Types.ByteArray),
		"repeated": node(t, "c", parquet.Repetitions.Repeated, schema.NoLogicalType{}, parquet.Types.Int64),
		"millis":   node(t, "c", parquet.Repetitions.Optional, schema.NewTimestampLogicalType(true, schema.TimeUnitMillis), parquet.Types.Int64),
		"float":    node(t, "c", parquet.Repetitions.Optional, schema.NoLogicalType{}, parquet.Types.Float),
	} {
		var out bytes.Buffer
		f := opened(t, file.NewParquetWriter(&out, group(t, schema.FieldList{field})), &out)
		err := parquetrows.Read(t.Context(), f, nil, 4, func(arrow.RecordBatch) error { return nil })
		if !errors.Is(err, parquetrows.ErrColumn) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

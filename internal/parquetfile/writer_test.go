package parquetfile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"github.com/quoll/quoll/internal/parquetfile"
	"github.com/quoll/quoll/internal/parquetrows"
)

// cell is a value as the test keeps it: nil, a string or an int64.
type cell any

// shapes are how the values of a column are distributed.
var shapes = []string{"few", "many", "long", "same", "empty", "nulls", "mixed", "turns", "runs"}

// value draws a value of a shape for a row.
func value(r *rand.Rand, kind parquetfile.Kind, shape string, row int) cell {
	n := int64(r.Uint64())
	switch shape {
	case "few":
		n = int64(r.IntN(7))
	case "same", "empty":
		n = 3
	case "nulls":
		return nil
	case "mixed":
		if r.IntN(3) == 0 {
			return nil
		}
		n = int64(r.IntN(300))
	case "runs":
		if row%50 == 7 {
			return nil
		}
		n = int64(row / 17 % 40)
	case "turns": // a dictionary that stops to pay half way
		if row < 3000 {
			n = int64(row / 50)
		} else if r.IntN(10) == 0 {
			return nil
		}
	}
	switch kind {
	case parquetfile.Text:
		switch shape {
		case "empty":
			return ""
		case "long":
			return strings.Repeat(fmt.Sprintf("é%x", uint64(n)), 1+r.IntN(200))
		}
		return fmt.Sprintf("v%d", n)
	case parquetfile.Int32:
		return int64(int32(n))
	case parquetfile.Bool:
		return n & 1
	case parquetfile.Float64:
		return int64(math.Float64bits(float64(n%1000)/4 + 0.125)) // zero has two signs, and bounds that allow for both
	}
	return n
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	testWhatIsWrittenIsRead(t, parquetfile.Options{CreatedBy: "test"}, 0)
}

func TestWhatIsWrittenInSmallPagesIsRead(t *testing.T) {
	testWhatIsWrittenIsRead(t, parquetfile.Options{CreatedBy: "test", PageRows: 100}, 3000)
	testWhatIsWrittenIsRead(t, parquetfile.Options{CreatedBy: "test", Small: true, PageRows: 3}, 1)
}

func testWhatIsWrittenIsRead(t *testing.T, options parquetfile.Options, pageBytes int) {
	t.Helper()
	kinds := []parquetfile.Kind{parquetfile.Text, parquetfile.Int32, parquetfile.Int64, parquetfile.Float64, parquetfile.Bool, parquetfile.Timestamp}
	r := rand.New(rand.NewPCG(1, 2))
	groups := []int{1, 7, 2047, 5000, 20_000}
	var columns []parquetfile.Column
	var cells [][]cell
	for _, kind := range kinds {
		for i, shape := range shapes {
			c := parquetfile.Column{
				Name: fmt.Sprintf("%s %d", shape, kind), FieldID: int32(100 + len(columns)), Kind: kind,
				Optional:   shape == "nulls" || shape == "mixed" || shape == "turns" || shape == "runs" || i%2 == 0,
				Dictionary: shape != "long", Bounds: true, Codec: parquetfile.Codec(i % 3), PageBytes: pageBytes,
			}
			var values []cell
			for _, rows := range groups {
				for row := range rows {
					values = append(values, value(r, kind, shape, row))
				}
			}
			columns, cells = append(columns, c), append(cells, values)
		}
	}
	var out bytes.Buffer
	write(t, &out, options, columns, cells, groups)
	f, err := file.NewParquetReader(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if f.NumRowGroups() != len(groups) || f.NumRows() != int64(len(cells[0])) || f.MetaData().GetCreatedBy() != "test" {
		t.Errorf("%d groups, %d rows, by %q", f.NumRowGroups(), f.NumRows(), f.MetaData().GetCreatedBy())
	}
	parts := make([][]arrow.Array, len(columns))
	err = parquetrows.Read(context.Background(), f, nil, 1000, func(read arrow.RecordBatch) error {
		for i := range parts {
			read.Column(i).Retain()
			parts[i] = append(parts[i], read.Column(i))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range columns {
		checkSchema(t, f, i, c)
		checkColumn(t, parts[i], c, cells[i])
		checkBounds(t, f, i, c, cells[i], groups)
	}
}

func write(t *testing.T, out *bytes.Buffer, options parquetfile.Options, columns []parquetfile.Column, cells [][]cell, groups []int) {
	t.Helper()
	w, err := parquetfile.NewWriter(out, columns, options)
	if err != nil {
		t.Fatal(err)
	}
	start := 0
	for _, rows := range groups {
		w.Group(rows)
		for i, c := range columns {
			chunk := w.Column()
			switch {
			case strings.HasPrefix(c.Name, "nulls"):
				chunk.Nulls(rows)
				continue
			case strings.HasPrefix(c.Name, "empty") && c.Kind == parquetfile.Text:
				chunk.Same(nil, rows)
				continue
			}
			add(chunk, cells[i][start:start+rows], i%2 == 0)
		}
		start += rows
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// add hands values to a chunk, one by one or as many as follow each other without a null.
func add(chunk *parquetfile.Chunk, values []cell, together bool) {
	for len(values) > 0 {
		n := 1
		for together && n < len(values) && n < 700 && values[n] != nil {
			n++
		}
		var numbers []int64
		data, offsets := []byte("before"), []int32{int32(len("before"))}
		for _, v := range values[:n] {
			switch v := v.(type) {
			case nil:
				chunk.Null()
			case string:
				data = append(data, v...)
				offsets = append(offsets, int32(len(data)))
			case int64:
				numbers = append(numbers, v)
			}
		}
		switch {
		case !together && len(numbers) == 1:
			chunk.Number(numbers[0])
		case !together && len(offsets) == 2:
			chunk.Text(data[offsets[0]:])
		default:
			chunk.Numbers(numbers)
			chunk.Texts(data, offsets)
		}
		values = values[n:]
	}
}

// Snappy is for what it makes smaller: random identifiers stay as they are.
func TestRandomTextsAreLeftUnpacked(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for name, text := range map[string]func(row int) string{
		"random":  func(int) string { return fmt.Sprintf("%016x-%016x", r.Uint64(), r.Uint64()) },
		"alike":   func(row int) string { return fmt.Sprintf("/sites/finance/documents/%d", row) },
		"a few":   func(int) string { return fmt.Sprintf("%016x-%016x", r.Uint64(), r.Uint64()) },
		"no text": func(int) string { return "" },
	} {
		rows := 2000
		if name == "a few" {
			rows = 200
		}
		var out bytes.Buffer
		w, err := parquetfile.NewWriter(&out, []parquetfile.Column{{Name: "c", FieldID: 1, Codec: parquetfile.Snappy}}, parquetfile.Options{CreatedBy: "test"})
		if err != nil {
			t.Fatal(err)
		}
		w.Group(rows)
		chunk := w.Column()
		for row := range rows {
			chunk.Text([]byte(text(row)))
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		f, err := file.NewParquetReader(bytes.NewReader(out.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		m, err := f.MetaData().RowGroup(0).ColumnChunk(0)
		if err != nil {
			t.Fatal(err)
		}
		want := compress.Codecs.Snappy
		if name == "random" {
			want = compress.Codecs.Uncompressed
		}
		if m.Compression() != want {
			t.Errorf("%s: %s, want %s", name, m.Compression(), want)
		}
	}
}

// TestSmallColumnsAreLeftUnpacked writes a dictionary of less than a byte a row and one of
// more.
func TestSmallColumnsAreLeftUnpacked(t *testing.T) {
	const rows = 20_000
	for _, small := range []bool{false, true} {
		var out bytes.Buffer
		columns := []parquetfile.Column{
			{Name: "few", FieldID: 1, Kind: parquetfile.Text, Dictionary: true},
			{Name: "many", FieldID: 2, Kind: parquetfile.Text, Dictionary: true},
		}
		w, err := parquetfile.NewWriter(&out, columns, parquetfile.Options{CreatedBy: "test", Small: small})
		if err != nil {
			t.Fatal(err)
		}
		w.Group(rows)
		for _, values := range []int{100, 4000} {
			chunk := w.Column()
			for row := range rows {
				chunk.Text(fmt.Appendf(nil, "value %d", row%values))
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		f, err := file.NewParquetReader(bytes.NewReader(out.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		var codecs []string
		for i := range columns {
			chunk, err := f.MetaData().RowGroup(0).ColumnChunk(i)
			if err != nil {
				t.Fatal(err)
			}
			codecs = append(codecs, chunk.Compression().String())
		}
		want := "[ZSTD ZSTD]"
		if small {
			want = "[UNCOMPRESSED ZSTD]"
		}
		if fmt.Sprint(codecs) != want {
			t.Errorf("small %t: %s", small, codecs)
		}
		read := 0
		err = parquetrows.Read(t.Context(), f, nil, 1000, func(b arrow.RecordBatch) error {
			for i, values := range []int{100, 4000} {
				for row := range int(b.NumRows()) {
					if got := b.Column(i).(*array.String).Value(row); got != fmt.Sprintf("value %d", (read+row)%values) {
						return fmt.Errorf("row %d is %q", read+row, got)
					}
				}
			}
			read += int(b.NumRows())
			return nil
		})
		if err != nil || read != rows {
			t.Errorf("%d rows, %v", read, err)
		}
	}
}

func checkSchema(t *testing.T, f *file.Reader, i int, c parquetfile.Column) {
	t.Helper()
	column := f.MetaData().Schema.Column(i)
	if column.Name() != c.Name || column.SchemaNode().FieldID() != c.FieldID {
		t.Errorf("column %d is %q with id %d", i, column.Name(), column.SchemaNode().FieldID())
	}
	switch logical := column.LogicalType().(type) {
	case schema.StringLogicalType:
		if c.Kind != parquetfile.Text {
			t.Errorf("%s is a text", c.Name)
		}
	case schema.TimestampLogicalType:
		if c.Kind != parquetfile.Timestamp || logical.IsAdjustedToUTC() || logical.TimeUnit() != schema.TimeUnitMicros {
			t.Errorf("%s is %s", c.Name, logical)
		}
	}
}

func checkColumn(t *testing.T, got []arrow.Array, c parquetfile.Column, want []cell) {
	t.Helper()
	row := 0
	for _, part := range got {
		for i := range part.Len() {
			if v := cellOf(part, i); v != want[row] {
				t.Fatalf("%s, row %d: %v, want %v", c.Name, row, v, want[row])
			}
			row++
		}
	}
	if row != len(want) {
		t.Errorf("%s has %d rows, want %d", c.Name, row, len(want))
	}
}

func cellOf(a arrow.Array, i int) cell {
	if a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.String:
		return a.Value(i)
	case *array.Int32:
		return int64(a.Value(i))
	case *array.Int64:
		return a.Value(i)
	case *array.Float64:
		return int64(math.Float64bits(a.Value(i)))
	case *array.Timestamp:
		return int64(a.Value(i))
	case *array.Boolean:
		if a.Value(i) {
			return int64(1)
		}
		return int64(0)
	}
	return fmt.Sprintf("a %T", a)
}

// checkBounds compares minima, maxima and the number of nulls of each group.
func checkBounds(t *testing.T, f *file.Reader, i int, c parquetfile.Column, values []cell, groups []int) {
	t.Helper()
	start := 0
	for g, rows := range groups {
		chunk, err := f.RowGroup(g).MetaData().ColumnChunk(i)
		if err != nil {
			t.Fatal(err)
		}
		stats, err := chunk.Statistics()
		if err != nil || stats == nil {
			t.Fatalf("%s, group %d: no statistics (%v)", c.Name, g, err)
		}
		nulls, longest := int64(0), 0
		var low, high cell
		for _, v := range values[start : start+rows] {
			if v == nil {
				nulls++
				continue
			}
			if text, ok := v.(string); ok {
				longest = max(longest, len(text))
			}
			if low == nil || less(c.Kind, v, low) {
				low = v
			}
			if high == nil || less(c.Kind, high, v) {
				high = v
			}
		}
		start += rows
		if stats.NullCount() != nulls {
			t.Errorf("%s, group %d: %d nulls, want %d", c.Name, g, stats.NullCount(), nulls)
		}
		if want := low != nil && longest <= 128; stats.HasMinMax() != want {
			t.Errorf("%s, group %d: bounds are there is %v, want %v", c.Name, g, stats.HasMinMax(), want)
		} else if want {
			gotLow, gotHigh := boundsOf(stats)
			if gotLow != low || gotHigh != high {
				t.Errorf("%s, group %d: from %v to %v, want %v to %v", c.Name, g, gotLow, gotHigh, low, high)
			}
		}
	}
}

func less(kind parquetfile.Kind, a, b cell) bool {
	if kind == parquetfile.Text {
		return a.(string) < b.(string)
	}
	if kind == parquetfile.Float64 {
		return math.Float64frombits(uint64(a.(int64))) < math.Float64frombits(uint64(b.(int64)))
	}
	return a.(int64) < b.(int64)
}

func boundsOf(stats metadata.TypedStatistics) (low, high cell) {
	switch s := stats.(type) {
	case *metadata.ByteArrayStatistics:
		return string(s.Min()), string(s.Max())
	case *metadata.Int32Statistics:
		return int64(s.Min()), int64(s.Max())
	case *metadata.Int64Statistics:
		return s.Min(), s.Max()
	case *metadata.Float64Statistics:
		return int64(math.Float64bits(s.Min())), int64(math.Float64bits(s.Max()))
	case *metadata.BooleanStatistics:
		number := map[bool]int64{true: 1}
		return number[s.Min()], number[s.Max()]
	}
	return nil, nil
}

func TestColumnsMustHaveAsManyValuesAsTheGroupHasRows(t *testing.T) {
	w, err := parquetfile.NewWriter(&bytes.Buffer{}, []parquetfile.Column{{Name: "a"}}, parquetfile.Options{CreatedBy: "test"})
	if err != nil {
		t.Fatal(err)
	}
	w.Group(2)
	w.Column().Text([]byte("x"))
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "column a has 1 values in a group of 2 rows") {
		t.Errorf("error is %v", err)
	}
}

type fullDisk struct{ left int }

var errFull = errors.New("no space left on device")

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.left -= len(p); d.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestAnErrorOfTheDiskIsReported(t *testing.T) {
	for left := range 120 {
		w, err := parquetfile.NewWriter(&fullDisk{left}, []parquetfile.Column{{Name: "a"}}, parquetfile.Options{CreatedBy: "test"})
		if err != nil {
			t.Fatal(err)
		}
		w.Group(1)
		w.Column().Text([]byte("x"))
		if err := w.Close(); !errors.Is(err, errFull) {
			t.Fatalf("with room for %d bytes: %v", left, err)
		}
	}
}

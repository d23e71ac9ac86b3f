package parquetfile_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"

	"github.com/quoll/quoll/internal/parquetfile"
)

// closed ends a file and opens it with arrow-go's reader.
func closed(t *testing.T, w *parquetfile.Writer, out *bytes.Buffer) *file.Reader {
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

// TestFiltersKnowTheirValues asks arrow-go's reader for every value that is in a
// group and for as many that are not.
func TestFiltersKnowTheirValues(t *testing.T) {
	const rows = 30_000
	columns := []parquetfile.Column{
		{Name: "few", Dictionary: true, Bloom: true, Bounds: true},
		{Name: "many", Dictionary: true, Bloom: true},
		{Name: "one", Dictionary: true, Bloom: true, Bounds: true},
		{Name: "without", Dictionary: true},
	}
	distinct := []int{50, rows, 1, 50}
	value := func(group, column, row int) string {
		return fmt.Sprintf("g%dc%dv%d", group, column, row%distinct[column])
	}
	var out bytes.Buffer
	w, err := parquetfile.NewWriter(&out, columns, parquetfile.Options{CreatedBy: "test", Small: true})
	if err != nil {
		t.Fatal(err)
	}
	for group := range 2 {
		w.Group(rows)
		for c := range columns {
			chunk := w.Column()
			for row := range rows {
				chunk.Text([]byte(value(group, c, row)))
			}
		}
	}
	f := closed(t, w, &out)
	for group := range 2 {
		filters, err := f.GetBloomFilterReader().RowGroup(group)
		if err != nil {
			t.Fatal(err)
		}
		for c := range columns {
			filter, err := filters.GetColumnBloomFilter(c)
			if err != nil {
				t.Fatal(err)
			}
			if (filter != nil) != (c < 2) {
				t.Fatalf("column %s has a filter is %v", columns[c].Name, filter != nil)
			}
			if filter == nil {
				continue
			}
			typed := metadata.TypedBloomFilter[parquet.ByteArray]{BloomFilter: filter}
			falsely := 0
			for row := range rows {
				if !typed.Check(parquet.ByteArray(value(group, c, row))) {
					t.Fatalf("%s does not know %s", columns[c].Name, value(group, c, row))
				}
				if typed.Check(parquet.ByteArray(value(group+2, c, row))) {
					falsely++
				}
			}
			if falsely > rows/20 {
				t.Errorf("%s takes %d of %d for known", columns[c].Name, falsely, rows)
			}
		}
	}
}

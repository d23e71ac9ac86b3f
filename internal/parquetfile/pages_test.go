package parquetfile_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/quoll/quoll/internal/parquetfile"
)

// pagesOf returns how many rows the pages of a column have in a row group.
func pagesOf(t *testing.T, f *file.Reader, group, column int) (rows []int) {
	t.Helper()
	pages, err := f.RowGroup(group).GetColumnPageReader(column)
	if err != nil {
		t.Fatal(err)
	}
	for pages.Next() {
		if _, ok := pages.Page().(*file.DictionaryPage); !ok {
			rows = append(rows, int(pages.Page().NumValues()))
		}
	}
	if err := pages.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// Pages end where blocks of rows do, whether a text is there or not, once they are large
// enough; but none grows beyond 4 MiB for that.
func TestPagesEndWhereBlocksOfRowsEnd(t *testing.T) {
	const every, rows = 16, 160
	texts := map[string]func(row int) string{
		"small":   func(int) string { return "0123456789" },
		"exact":   func(int) string { return strings.Repeat("x", 60) },
		"large":   func(int) string { return strings.Repeat("x", 300_000) }, // 4.8 MB of 16 rows
		"nothing": func(row int) string { return strings.Repeat("x", 100*((row+1)%every)) },
	}
	want := map[string][]int{
		"small":   {80, 80},
		"exact":   {16, 16, 16, 16, 16, 16, 16, 16, 16, 16},
		"large":   {14, 2, 14, 2, 14, 2, 14, 2, 14, 2, 14, 2, 14, 2, 14, 2, 14, 2, 14, 2},
		"nothing": {16, 16, 16, 16, 16, 16, 16, 16, 16, 16},
	}
	var columns []parquetfile.Column
	for _, name := range []string{"small", "exact", "large", "nothing"} {
		columns = append(columns, parquetfile.Column{Name: name, Optional: true, PageBytes: 1000})
	}
	var out bytes.Buffer
	w, err := parquetfile.NewWriter(&out, columns, parquetfile.Options{CreatedBy: "test", Small: true, PageRows: every})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // rows count within their group
		w.Group(rows + 1)
		for _, c := range columns {
			chunk := w.Column()
			for row := range rows + 1 {
				if text := texts[c.Name](row); text == "" {
					chunk.Null()
				} else {
					chunk.Text([]byte(text))
				}
			}
		}
	}
	f := closed(t, w, &out)
	for group := range 2 {
		for i, c := range columns {
			got, want := pagesOf(t, f, group, i), append(want[c.Name][:len(want[c.Name]):len(want[c.Name])], 1)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("group %d, %s: pages of %v rows, want %v", group, c.Name, got, want)
			}
		}
	}
}

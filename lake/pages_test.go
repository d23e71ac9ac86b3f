package lake

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/quoll/quoll/internal/termfilter"
	"github.com/quoll/quoll/schema"
)

// Pages of texts of a merged file end where blocks of its filters do, and each row is found
// by its id and by what is in its record, wherever it lies in a page.
func TestPagesOfMergedFilesEndWithBlocksOfFilters(t *testing.T) {
	const rows = 300
	l := openCompact(t, compactConfig(t.TempDir()))
	l.config.RowGroupRows = 3 * termfilter.MaxBlocks // two row groups
	batch := Batch{Position: 1, Ingested: noon}
	for i := range rows {
		record := fmt.Sprintf(`{"Id":"needle%05d","pad":"%s"}`, i, strings.Repeat("x", i%7*8000))
		batch.Records = append(batch.Records, schema.Record{Key: schema.NewKey("tenant", "audit", fmt.Sprint(i)), Rows: []schema.Row{row(schema.UnifiedAuditLog,
			"TimeGenerated", schema.DateTime(noon.Add(time.Duration(i)*time.Second)), "Id", schema.String(fmt.Sprintf("identity%05d", i)),
			"Record", schema.Dynamic(record))}})
	}
	set := compacted(t, l, batch)
	f := set.Files[0]
	blocks := int64(form{rowGroupRows: l.config.RowGroupRows}.blockRows())
	if pages := recordPages(t, f.Path, blocks); pages < 20 {
		t.Errorf("%d pages of records are no test", pages)
	}
	for i := range rows {
		for _, text := range []string{fmt.Sprintf("identity%05d", i), fmt.Sprintf("needle%05d", i)} {
			sought := termfilter.Text(text, true, true, false)
			parts, all, err := set.Parts(f, sought)
			if err != nil || all || len(parts) == 0 || parts[0].Candidates() > 2*blocks {
				t.Fatalf("%s: %+v, all %v, %v", text, parts, all, err)
			}
			found, err := set.Find(t.Context(), f, Finding{Parts: parts, Sought: sought, Columns: []string{"Id", "Record"}, Rows: 10, Bytes: 1 << 20})
			if err != nil || found.NumRows() != 1 || found.Column(0).(*array.String).Value(0) != fmt.Sprintf("identity%05d", i) {
				t.Fatalf("%s: %v, %v", text, found, err)
			}
			if record := found.Column(1).(*array.String).Value(0); !strings.Contains(record, fmt.Sprintf("needle%05d", i)) {
				t.Fatalf("%s: its record is %.40s", text, record)
			}
		}
	}
}

// recordPages returns how many pages of records a file has, each of which but the last of a
// row group must have whole blocks.
func recordPages(t *testing.T, path string, block int64) (count int) {
	t.Helper()
	r, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	column := r.MetaData().Schema.ColumnIndexByName("Record")
	for group := range r.NumRowGroups() {
		pages, err := r.RowGroup(group).GetColumnPageReader(column)
		if err != nil {
			t.Fatal(err)
		}
		for left := r.RowGroup(group).NumRows(); pages.Next(); count++ {
			n := int64(pages.Page().NumValues())
			if left -= n; n%block != 0 && left > 0 {
				t.Errorf("row group %d has a page of %d rows, which are no blocks of %d", group, n, block)
			}
		}
		if err := pages.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return count
}

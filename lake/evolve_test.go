package lake

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/schema"
)

// TestAColumnAppearsWithoutRewritingHistory takes a column from the table, as if
// the schema had gained it since: rows of before lack it and their file stays as
// it is, rows of after have it, and both are merged in the end.
func TestAColumnAppearsWithoutRewritingHistory(t *testing.T) {
	config := compactConfig(t.TempDir())
	l := openCompact(t, config)
	s := l.tables[schema.UnifiedAuditLog]
	withIP := func(position int, at time.Time) Batch {
		rec := auditRecord(position, 0, at, false)
		rec.Rows[0].Cells = append(rec.Rows[0].Cells, row(schema.UnifiedAuditLog, "ClientIP", schema.String("192.0.2.7")).Cells...)
		return Batch{Position: uint64(position), Ingested: noon, Records: []schema.Record{rec}}
	}
	without, ok := s.schema.Column("ClientIP")
	if !ok {
		t.Fatal("no column ClientIP")
	}
	withoutColumn(t, l, s, "ClientIP")
	// The table as a version of before knows it.
	s.columns = append(append([]column(nil), s.columns[:without]...), s.columns[without+1:]...)
	delete(s.ids, "ClientIP")
	s.build = newBuilder(s.columns, s.build.time)
	rec := auditRecord(1, 0, noon, false)
	for i := range rec.Rows[0].Cells {
		if rec.Rows[0].Cells[i].Column > without {
			rec.Rows[0].Cells[i].Column--
		}
	}
	apply(t, l, Batch{Position: 1, Ingested: noon, Records: []schema.Record{rec}})
	flush(t, l)
	before := s.files.files[0]
	l.Close()

	l = openCompact(t, config)
	apply(t, l, withIP(2, noon.Add(time.Minute)))
	flush(t, l)
	s = l.tables[schema.UnifiedAuditLog]
	if kept := s.files.files[0]; len(s.files.files) != 2 || kept.Path != before.Path || kept.Bytes != before.Bytes {
		t.Errorf("the file of before is %+v", s.files.files)
	}
	check := func(when string) {
		t.Helper()
		rows := rowsOf(t, l, schema.UnifiedAuditLog)
		with := slices.IndexFunc(rows, func(row string) bool { return strings.Contains(row, "ClientIP=192.0.2.7 ") })
		if len(rows) != 2 || with < 0 || strings.Contains(rows[1-with], "ClientIP") {
			t.Errorf("%s: %q", when, rows)
		}
	}
	check("beside each other")
	compact(t, l)
	if n := fileCount(l, schema.UnifiedAuditLog); n != 1 {
		t.Errorf("%d files", n)
	}
	check("merged")
}

package lake

import (
	"testing"
	"time"

	"github.com/apache/iceberg-go/table"

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
	transaction := s.iceberg.NewTransaction()
	if err := transaction.UpdateSchema(true, true).DeleteColumn([]string{"ClientIP"}).Commit(); err != nil {
		t.Fatal(err)
	}
	old, err := transaction.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The table as a version of before knows it.
	s.iceberg, s.columns = old, append(append([]column(nil), s.columns[:without]...), s.columns[without+1:]...)
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
		data, err := l.tables[schema.UnifiedAuditLog].iceberg.Scan(table.WithSelectedFields("Id", "ClientIP")).ToArrowTable(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]string{}
		ids, addresses := data.Column(0).Data(), data.Column(1).Data()
		for c := range ids.Chunks() {
			for i := range ids.Chunk(c).Len() {
				value := ""
				if !addresses.Chunk(c).IsNull(i) {
					value = addresses.Chunk(c).ValueStr(i)
				}
				seen[ids.Chunk(c).ValueStr(i)] = value
			}
		}
		if len(seen) != 2 || seen["1"] != "" || seen["2"] != "192.0.2.7" {
			t.Errorf("%s: %v", when, seen)
		}
	}
	check("beside each other")
	compact(t, l)
	if n := fileCount(l, schema.UnifiedAuditLog); n != 1 {
		t.Errorf("%d files", n)
	}
	check("merged")
}

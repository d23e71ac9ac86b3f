package lake

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/quoll/quoll/internal/termfilter"
	"github.com/quoll/quoll/schema"
)

// However long the records of a block are, a page of them is in memory, and the rows that are
// found are whole, wherever pages end.
func TestLongRecordsAreFoundPageByPage(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 22))
	config := compactConfig(t.TempDir())
	config.RowGroupRows = 64 * 40 // blocks of 40 rows, which have 12 MB
	l := openCompact(t, config)
	records := map[string]string{}
	b := Batch{Position: 1, Ingested: noon}
	for i := range 90 {
		word := ""
		if i%9 == 4 {
			word = "sought5by7nobody9else"
		}
		id, filler := fmt.Sprint("id", i), bytes.Repeat([]byte(fmt.Sprint(r.Uint64(), " ")), 15_000)
		records[id] = fmt.Sprintf(`{"a":"%s","b":"%s"}`, filler, word)
		b.Records = append(b.Records, schema.Record{Key: schema.NewKey("t", id), Rows: []schema.Row{row(schema.UnifiedAuditLog,
			"TimeGenerated", schema.DateTime(noon.Add(time.Duration(i)*time.Second)), "Id", schema.String(id), "Record", schema.Dynamic(records[id]))}})
	}
	set := compacted(t, l, b)
	sought := termfilter.Text("sought5by7nobody9else", true, true, false)
	parts, all, err := set.Parts(set.Files[0], sought)
	if err != nil || all || len(set.Files) != 1 || len(parts) != 1 || parts[0].Candidates() != 90 {
		t.Fatalf("%v of %d files, %v, %v", parts, len(set.Files), all, err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	batch, err := set.Find(t.Context(), set.Files[0], Finding{Parts: parts, Sought: sought, Columns: []string{"Id", "Record"}, Rows: 100, Bytes: 20 << 20})
	if err != nil || batch.NumRows() != 10 {
		t.Fatalf("%v, %v", batch, err)
	}
	runtime.ReadMemStats(&after)
	ids, documents := batch.Column(0).(*array.String), batch.Column(1).(*array.String)
	for i := range int(batch.NumRows()) {
		if records[ids.Value(i)] != documents.Value(i) {
			t.Errorf("the record of %s is of %d bytes, %.40s", ids.Value(i), len(documents.Value(i)), documents.Value(i))
		}
	}
	// What is handed over takes 9 MB or so as it grows, and a page 8 MiB.
	if took := after.TotalAlloc - before.TotalAlloc; took > 24<<20 {
		t.Errorf("to find rows in 27 MB took %d bytes of memory", took)
	}
}

package lake

import (
	"fmt"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/termfilter"
	"github.com/quoll/quoll/schema"
)

// A check compares each row with the filters of its file, and tells what they lack.
func TestCheckLooksForTheTermsOfRows(t *testing.T) {
	l := openCompact(t, compactConfig(t.TempDir()))
	fill(t, l, 1, 9)
	compact(t, l)
	set, err := l.Acquire(schema.UnifiedAuditLog)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Release()
	if len(set.Files) != 2 {
		t.Fatalf("%d files, want one a day", len(set.Files))
	}
	table := l.tables[schema.UnifiedAuditLog]
	f := set.Files[0]
	checker, err := l.files.checkTerms(f, table)
	if err != nil || checker == nil {
		t.Fatalf("%s has no filters: %v", f.Path, err)
	}
	var rows []batch
	if err := l.files.readBatches(t.Context(), f, table.columns, func(b batch) error { rows = append(rows, b); return nil }); err != nil {
		t.Fatal(err)
	}
	checker.batch(rows[0])
	if n := checker.missing(); n != 0 {
		t.Errorf("the filters of a file lack %d terms of its rows", n)
	}
	checker.batch(rows[0])
	if n := checker.missing(); n == 0 {
		t.Error("rows beyond the last part were found in the filters")
	}
	parts, all, err := set.Parts(f, termfilter.Text("nobodyknowsthis", true, true, false))
	if err != nil || all || len(parts) != 0 {
		t.Errorf("a word that is in no row: %v, all %v, %v", parts, all, err)
	}
}

// Many values are asked of the Bloom filter of their column before the terms of their row
// group are: what only another column has leaves a file out, and what some row has does not.
func TestManyValuesAreAskedOfTheirColumn(t *testing.T) {
	l := openCompact(t, compactConfig(t.TempDir()))
	batch := Batch{Position: 1, Ingested: noon}
	var ids, users []string
	for i := range 300 {
		ids, users = append(ids, fmt.Sprintf("identity%05d", i)), append(users, fmt.Sprintf("user%05d", i))
		batch.Records = append(batch.Records, schema.Record{Key: schema.NewKey("tenant", "audit", fmt.Sprint(i)), Rows: []schema.Row{row(schema.UnifiedAuditLog,
			"TimeGenerated", schema.DateTime(noon.Add(time.Duration(i)*time.Second)), "Id", schema.String(ids[i]), "UserId", schema.String(users[i]))}})
	}
	set := compacted(t, l, batch)
	for _, c := range []struct {
		name    string
		texts   []string
		columns []string
		rows    int64
	}{
		{"ids", ids[100:140], []string{"Id"}, 40},
		{"one id among others", append(users[100:140:140], ids[7]), []string{"Id"}, 1},
		{"users", users[100:140], []string{"Id"}, 0},
		{"users of either", users[100:140], []string{"Id", "UserId"}, 40},
		{"a column that is no text", users[100:140], []string{"UserId", "Record"}, 40},
		{"few users", users[100:110], []string{"Id"}, 0},
	} {
		sought := termfilter.Values(c.texts, c.columns)
		parts, all, err := set.Parts(set.Files[0], sought)
		if err != nil || all || c.name != "few users" && (len(parts) > 0) != (c.rows > 0) {
			t.Errorf("%s: %d parts, all %v, %v", c.name, len(parts), all, err)
		}
		found, err := set.Find(t.Context(), set.Files[0], Finding{Parts: parts, Sought: sought, Columns: []string{"Id"}, Rows: 100, Bytes: 1 << 20})
		if err != nil || found.NumRows() != c.rows {
			t.Errorf("%s: %v, %v", c.name, found, err)
		}
	}
}

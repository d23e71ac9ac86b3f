package lake

import (
	"testing"

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
	columns := l.tables[schema.UnifiedAuditLog].columns
	f := set.Files[0]
	checker, err := l.files.checkTerms(f, columns)
	if err != nil || checker == nil {
		t.Fatalf("%s has no filters: %v", f.Path, err)
	}
	var rows []batch
	if err := l.files.readBatches(t.Context(), f, columns, func(b batch) error { rows = append(rows, b); return nil }); err != nil {
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

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/lake"
)

// Conditions are still computed, so that what fails in them is seen.
func TestUnfilteredLetsEveryRowThrough(t *testing.T) {
	catalog := &tables{described: map[string]*bind.Table{"T": {Name: "T", Columns: []bind.Column{{Name: "TimeGenerated", Type: types.DateTime}, {Name: "Name", Type: types.String}}}}, files: map[string][]lake.File{}}
	h := &harness{now: time.Date(2026, 9, 14, 12, 0, 0, 0, time.UTC)}
	engine, err := openEngine(t.Context(), "", catalog)
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	for _, c := range []struct {
		query string
		rows  int
		fails string
	}{
		{"datatable(N:long)[1, 2, long(null)] | where N > 1 | where N < 0", 3, ""},
		{"datatable(N:long)[1, 2, 3] | as T | where N in ((T | where N > 9)) | summarize count() by N", 3, ""},
		{"datatable(N:long)[1, 2, 3] | where N > 5 | where replace_strings(strrep(strrep('a', 1000), 100 * N), dynamic(['a']), pack_array(strrep('b', 1000))) == ''", 0, "becomes longer"},
	} {
		result, err := h.ask(t.Context(), example{Query: c.query}, catalog, engine, time.Minute, unfiltered)
		switch {
		case c.fails != "":
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: %v", c.query, err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.query, err)
		case len(result.Rows) != c.rows:
			t.Errorf("%s gave %d rows, not %d", c.query, len(result.Rows), c.rows)
		}
	}
	statement, err := kql.CompileWith("T | where TimeGenerated > ago(1d) and Name has 'word'", catalog, catalog.options(h.now))
	if err != nil {
		t.Fatal(err)
	}
	unfiltered(statement)
	plan.Visit(statement.Root, func(n plan.Node) {
		if scan, ok := n.(*plan.Scan); ok && (!scan.From.IsZero() || scan.Sought != nil) {
			t.Errorf("the scan is still bounded: %+v", scan)
		}
	})
}

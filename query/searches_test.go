package query_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/sqlgen/duckdb"
	"github.com/quoll/quoll/query"
)

// A search over all tables asks each for its own columns, however it is written: to ask each
// for the columns of all others would be too long for the engine.
func TestSearchesOfAllTablesStayShort(t *testing.T) {
	length := func(text string) int {
		t.Helper()
		s, err := query.Schema{}.Compile(text, bind.Options{})
		if err != nil {
			t.Fatal(err)
		}
		q, err := kql.DuckDB(s, duckdb.Options{Scan: func(s *plan.Scan) (string, error) { return s.Table, nil }})
		if err != nil {
			t.Fatalf("%.60s: %v", text, err)
		}
		return len(q.Text)
	}
	one := length(`search "abc"`)
	for _, text := range []string{`search not("abc")`, `search "abc" or "de*"`, `search not("abc" or "*de")`, `search "abc" and not("*de*")`, `search kind=case_sensitive not("abc") or "de*"`} {
		if got := length(text); got > one*3/2 {
			t.Errorf("%s is %d bytes, a single word %d", text, got, one)
		}
	}
	var words []string
	for i := range 100 {
		words = append(words, fmt.Sprintf("not(%q)", fmt.Sprint("w", i)))
	}
	if got := length("search " + strings.Join(words, " or ")); got > 2<<20 {
		t.Errorf("a hundred words are %d bytes", got)
	}
}

package duckdb

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/query"
)

// noTables is a catalogue without tables.
type noTables struct{}

func (noTables) Table(string) (*bind.Table, bool) { return nil, false }
func (noTables) Names() []string                  { return nil }

func TestSeveralTables(t *testing.T) {
	engine := openEngine(t, DefaultConfig(), nil)
	compile := func(text string, options bind.Options) (*plan.Statement, error) {
		return kql.CompileWith(text, noTables{}, options)
	}
	service := query.NewService(compile, engine, time.Now)
	ask := func(text string) string {
		result, err := service.Query(context.Background(), query.Request{Text: text})
		if err != nil {
			t.Fatal(err)
		}
		all := ""
		for _, table := range append([]*query.Result{result}, result.More...) {
			all += fmt.Sprint(table.Name, table.Columns, table.Rows, "; ")
		}
		return all
	}
	for text, want := range map[string]string{
		"range x from 1 to 3 step 1 | fork low=(where x < 2) (count | as number) (where x > 2)":                               "low[{x long}] [[1]]; number[{Count long}] [[3]]; [{x long}] [[3]]; ",
		"print a = 1 | as one; let n = 2; print b = n; range c from 1 to 2 step 1 | fork (count) (where c > n - 1 | as last)": "one[{a long}] [[1]]; [{b long}] [[2]]; [{Count long}] [[2]]; last[{c long}] [[2]]; ",
		"1 + 1; 'x'": "[{print_0 long}] [[2]]; [{print_0 string}] [[x]]; ",
		"let t = range x from 2 to 2 step 1; t | facet by x with (extend y = x * 2 | where y > 2)": "[{x long} {y long}] [[2 4]]; x[{x long} {count_x long}] [[2 1]]; ",
	} {
		if got := ask(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

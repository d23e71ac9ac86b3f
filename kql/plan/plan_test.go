package plan_test

import (
	"strings"
	"testing"

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// small is `T | where a > 1 | summarize n = count() by a | sort by n`, read twice.
func small() (*plan.Statement, *plan.Scan, *plan.Filter) {
	functions := builtin.All()
	a, n := &plan.Column{ID: 1, Name: "a", Type: types.Long}, &plan.Column{ID: 2, Name: "n", Type: types.Long}
	scan := &plan.Scan{Table: "T", Fields: []plan.Field{{Column: a, Source: "a"}}}
	one := &plan.Literal{Of: types.Long, Value: int64(1)}
	filter := &plan.Filter{Input: scan, Predicate: &plan.Call{Function: functions.Must(">"), Args: []plan.Expr{&plan.Ref{Column: a}, one}, Of: types.Bool}}
	group := &plan.Aggregate{
		Input: filter, Keys: []plan.Definition{{Column: a, Expr: &plan.Ref{Column: a}}},
		Aggregates: []plan.Definition{{Column: n, Expr: &plan.Call{Function: functions.Must("count"), Of: types.Long}}},
	}
	keys := []plan.SortKey{{Column: n, Descending: true}}
	return &plan.Statement{Root: &plan.Sort{Input: group, Keys: keys}, Output: []plan.Output{{Name: "a", Column: a}, {Name: "n", Column: n}}, Order: keys}, scan, filter
}

func TestNodesSayTheirColumns(t *testing.T) {
	s, scan, filter := small()
	if got := len(s.Root.Columns()); got != 2 {
		t.Errorf("the sort gives %d columns", got)
	}
	if columns := filter.Columns(); len(columns) != 1 || columns[0] != scan.Fields[0].Column {
		t.Errorf("the filter gives %v", columns)
	}
	left := &plan.Join{Kind: plan.LeftSemi, Left: scan, Right: s.Root}
	both := &plan.Join{Kind: plan.Inner, Left: scan, Right: s.Root}
	if len(left.Columns()) != 1 || len(both.Columns()) != 3 {
		t.Errorf("joins give %d and %d columns", len(left.Columns()), len(both.Columns()))
	}
}

func TestVisitGoesOnceThroughASharedNode(t *testing.T) {
	s, scan, _ := small()
	union := &plan.Union{From: []plan.Node{s.Root, scan}, Items: [][]plan.Expr{{}, {}}}
	scans, first := 0, true
	plan.Visit(union, func(n plan.Node) {
		if first && n != plan.Node(union) {
			t.Error("a parent comes after its input")
		}
		first = false
		if n == plan.Node(scan) {
			scans++
		}
	})
	if scans != 1 {
		t.Errorf("the scan was visited %d times", scans)
	}
}

// A table that stands in an expression is part of the plan.
func TestVisitSeesTablesInExpressions(t *testing.T) {
	s, scan, _ := small()
	one := &plan.Values{}
	project := &plan.Project{Input: one, Define: []plan.Definition{{Column: &plan.Column{ID: 9}, Expr: &plan.Scalar{Node: s.Root, Column: s.Output[1].Column}}}}
	found := false
	plan.Visit(project, func(n plan.Node) { found = found || n == plan.Node(scan) })
	if !found {
		t.Error("the table of the scalar was not visited")
	}
}

func TestACloneIsIndependentOfItsOriginal(t *testing.T) {
	s, scan, filter := small()
	before := s.String()
	clone, ok := plan.Clone(s)
	if !ok {
		t.Fatal("not cloned")
	}
	if clone.String() != before {
		t.Errorf("the clone is\n%s, not\n%s", clone, before)
	}
	scan.Fields[0].Source = "other"
	filter.Predicate = &plan.Literal{Of: types.Bool, Value: true}
	if clone.String() != before {
		t.Errorf("a change of the original changed the clone to\n%s", clone)
	}
	if s.String() == before {
		t.Error("the change is not to be seen in the original")
	}
}

func TestPlansPrintWhatTheyDo(t *testing.T) {
	s, _, _ := small()
	text := s.String()
	for _, part := range []string{"T", "count()", "a", "1"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
}

package duckdb

import (
	"strconv"

	"github.com/quoll/quoll/kql/plan"
)

// want notes what a node asks of the rows that meet the conditions of the filters below
// it. whole says that those are conditions on the time column and nothing else.
func (t *Times) want(scan *plan.Scan, column string, n plan.Node, readers map[plan.Node][]plan.Node, whole bool) {
	switch n := n.(type) {
	case *plan.Aggregate:
		t.Grouped = true
		if whole && counts(scan, column, n) {
			t.Counted, t.by = true, n
		}
	case *plan.Limit:
		if whole {
			t.First = &First{Rows: n.Count, Latest: true, All: true} // any would do
		}
	case *plan.Sort:
		if len(readers[n]) != 1 || len(n.Keys) == 0 || !is(scan, column, &plan.Ref{Column: n.Keys[0].Column}) {
			return
		}
		if limit, ok := readers[n][0].(*plan.Limit); ok {
			t.First = &First{Rows: limit.Count, Latest: n.Keys[0].Descending, All: whole}
		}
	}
}

// counts reports whether an aggregate is over all rows and asks for no more than their
// number, and the least and the greatest of their times.
func counts(scan *plan.Scan, column string, n *plan.Aggregate) bool {
	for _, d := range n.Aggregates {
		c, ok := d.Expr.(*plan.Call)
		if !ok {
			return false
		}
		switch name := c.Function.Name; {
		case name == "count" && len(c.Args) == 0:
		case (name == "min" || name == "max") && len(c.Args) == 1 && is(scan, column, c.Args[0]):
		default:
			return false
		}
	}
	return len(n.Keys) == 0 && len(n.Aggregates) > 0
}

// withKnown adds the rows that are only counted to an aggregate over the others.
func (item Item) withKnown(text string, e plan.Expr) string {
	c, ok := e.(*plan.Call)
	if !ok || item.Rows == 0 {
		return text
	}
	switch c.Function.Name {
	case "count":
		return "(" + text + " + " + strconv.FormatInt(item.Rows, 10) + ")"
	case "min":
		return "least(" + text + ", " + timestamp(item.Least.UTC()) + ")" // which passes over nulls
	case "max":
		return "greatest(" + text + ", " + timestamp(item.Most.UTC()) + ")"
	}
	return text
}

// is reports whether an expression is a column of a scan.
func is(scan *plan.Scan, column string, e plan.Expr) bool {
	ref, ok := e.(*plan.Ref)
	if !ok {
		return false
	}
	for _, f := range scan.Fields {
		if f.Column == ref.Column {
			return f.Source == column
		}
	}
	return false
}

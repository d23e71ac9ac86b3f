package duckdb

import (
	"strings"

	"github.com/quoll/quoll/kql/native/all"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// trust knows which dynamic values are JSON for certain. What a table holds is
// what a source has sent, and may be any text; what an expression makes is JSON
// by construction, unless it hands on what it was given.
type trust struct {
	// from are the expressions that a column takes its values from; a column
	// that is missing here is a table's.
	from map[*plan.Column][]plan.Expr
	// known is what has been found out.
	known map[*plan.Column]bool
}

func newTrust(s *plan.Statement) *trust {
	t := &trust{from: map[*plan.Column][]plan.Expr{}, known: map[*plan.Column]bool{}}
	plan.Visit(s.Root, t.add)
	return t
}

// add notes where the columns of a node come from.
func (t *trust) add(n plan.Node) {
	switch n := n.(type) {
	case *plan.Project:
		t.define(n.Define)
	case *plan.Aggregate:
		t.define(n.Keys)
		t.define(n.Aggregates)
	case *plan.Window:
		t.define(n.Define)
	case *plan.Values:
		for _, c := range n.Output {
			t.known[c] = true
		}
	case *plan.Unnest:
		for _, item := range n.Items {
			t.known[item.Column] = true
		}
	case *plan.Union:
		for _, items := range n.Items {
			for i, e := range items {
				t.from[n.Output[i]] = append(t.from[n.Output[i]], e)
			}
		}
	case *plan.Reference:
		for i, c := range n.Output {
			t.from[c] = []plan.Expr{&plan.Ref{Column: n.Source[i]}}
		}
	}
}

func (t *trust) define(define []plan.Definition) {
	for _, d := range define {
		if ref, ok := d.Expr.(*plan.Ref); ok && ref.Column == d.Column {
			continue // a key that keeps its column
		}
		t.from[d.Column] = []plan.Expr{d.Expr}
	}
}

// column reports whether the values of a dynamic column are JSON or NULL.
func (t *trust) column(c *plan.Column) bool {
	if known, ok := t.known[c]; ok {
		return known
	}
	from, ok := t.from[c]
	if !ok {
		return false
	}
	t.known[c] = false // in case a plan has a cycle, which it must not
	known := true
	for _, e := range from {
		known = known && t.expr(e)
	}
	t.known[c] = known
	return known
}

// expr reports whether a dynamic value is JSON or NULL.
func (t *trust) expr(e plan.Expr) bool {
	switch e := e.(type) {
	case *plan.Ref:
		return t.column(e.Column)
	case *plan.Scalar:
		return t.column(e.Column)
	case *plan.Literal, *plan.Convert:
		return true
	case *plan.Case:
		for _, b := range e.Branches {
			if !t.expr(b.Then) {
				return false
			}
		}
		return t.expr(e.Else)
	case *plan.Call:
		return makesJSON(e) || t.args(e)
	}
	return false
}

func (t *trust) args(c *plan.Call) bool {
	for _, a := range c.Args {
		if a.Type() == types.Dynamic && !t.expr(a) {
			return false
		}
	}
	return true
}

// makesJSON reports whether a function writes its result itself.
func makesJSON(c *plan.Call) bool {
	name := c.Function.Name
	if all.Functions()[name] != nil {
		return true
	}
	switch name {
	case "member", "element", "array_element", "split", "extract_all", "range", "repeat", "zip":
		return true
	}
	for _, prefix := range []string{"make_", "pack_", "bag_", "array_", "set_", "parse_", "series_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

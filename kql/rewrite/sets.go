package rewrite

import (
	"github.com/quoll/quoll/kql/budget"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// CountSets has make_set() and make_list() give a size instead of an array, where
// nothing but array_length() reads it: the aggregate has the type long then, and
// array_length() of a long is that long.
func CountSets(s *plan.Statement, work *budget.Budget) {
	sizes := map[*plan.Column]*plan.Call{}
	plan.Visit(s.Root, func(n plan.Node) {
		a, ok := n.(*plan.Aggregate)
		if !ok {
			return
		}
		for _, d := range a.Aggregates {
			if c, ok := d.Expr.(*plan.Call); ok && gathers(c) {
				sizes[d.Column] = c
			}
		}
	})
	if len(sizes) == 0 {
		return
	}
	for _, o := range s.Output {
		delete(sizes, o.Column)
	}
	for _, k := range s.Order {
		delete(sizes, k.Column)
	}
	plan.Visit(s.Root, func(n plan.Node) {
		work.Spend(1)
		keepArrays(n, sizes)
	})
	for column, call := range sizes {
		column.Type, call.Of = types.Long, types.Long
	}
}

// gathers reports whether a call makes an array of which the size is the number
// of values: arrays among the values would be taken apart.
func gathers(c *plan.Call) bool {
	switch c.Function.Canonical() {
	case "make_set", "make_set_if", "make_list", "make_list_if":
		return c.Args[0].Type() != types.Dynamic
	}
	return false
}

// keepArrays takes out the columns that a node reads otherwise than by their
// length.
func keepArrays(n plan.Node, sizes map[*plan.Column]*plan.Call) {
	switch n := n.(type) {
	case *plan.Sort:
		for _, k := range n.Keys {
			delete(sizes, k.Column)
		}
	case *plan.Window:
		for _, k := range n.Order {
			delete(sizes, k.Column)
		}
		for _, c := range n.Partition {
			delete(sizes, c)
		}
	case *plan.Join:
		for _, k := range n.On {
			delete(sizes, k.Left)
			delete(sizes, k.Right)
		}
	case *plan.Reference:
		for _, c := range n.Source {
			delete(sizes, c)
		}
	}
	for _, e := range plan.Exprs(n) {
		keepRead(e, sizes)
	}
}

func keepRead(e plan.Expr, sizes map[*plan.Column]*plan.Call) {
	plan.VisitExpr(e, func(e plan.Expr) bool {
		switch e := e.(type) {
		case *plan.Ref:
			delete(sizes, e.Column)
		case *plan.Call:
			for _, k := range e.Order {
				delete(sizes, k.Column)
			}
			if e.Function.Name == "array_length" {
				_, isRef := e.Args[0].(*plan.Ref)
				return !isRef
			}
		}
		if _, column := plan.Table(e); column != nil {
			delete(sizes, column)
		}
		return true
	})
}

package duckdb

import "github.com/quoll/quoll/kql/plan"

// settled reports whether a node gives the same rows each time that it is computed.
func settled(root plan.Node) bool {
	is := true
	plan.Visit(root, func(n plan.Node) {
		switch n := n.(type) {
		case *plan.Limit, *plan.Window:
			is = false // of rows that are equal in the order, any may be first
		case *plan.Join:
			is = is && n.Kind != plan.InnerUnique
		case *plan.Aggregate:
			for _, d := range n.Aggregates {
				is = is && exactAggregate(d.Expr)
			}
		}
		for _, e := range plan.Exprs(n) {
			plan.VisitExpr(e, func(e plan.Expr) bool {
				is = is && !random(e)
				return true
			})
		}
	})
	return is
}

// exactAggregate reports whether an aggregate does not depend on the order in which it
// sees rows, down to the last digit.
func exactAggregate(e plan.Expr) bool {
	call, ok := e.(*plan.Call)
	if !ok {
		return false
	}
	switch call.Function.Name {
	case "count", "countif", "min", "minif", "max", "maxif":
		return true
	}
	return false
}

func random(e plan.Expr) bool {
	call, ok := e.(*plan.Call)
	return ok && (call.Function.Name == "rand" || call.Function.Name == "new_guid")
}

package main

import (
	"time"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// unfiltered lets every row through a statement, in place: a published query
// looks for what is rare, so that over most rows nothing behind its first
// condition is ever computed. Conditions are computed for every row and then do
// not count, and scans are not bounded by time or text.
func unfiltered(s *plan.Statement) {
	plan.Visit(s.Root, func(n plan.Node) {
		switch n := n.(type) {
		case *plan.Scan:
			n.From, n.To, n.Sought = time.Time{}, time.Time{}, nil
		case *plan.Filter:
			n.Predicate = whatever(n.Predicate)
		}
	})
	for _, further := range s.More {
		unfiltered(further)
	}
}

// whatever is true whether a condition is true, false or null, in a way that no
// optimiser sees through.
func whatever(condition plan.Expr) plan.Expr {
	yes := &plan.Literal{Of: types.Bool, Value: true}
	return &plan.Case{Branches: []plan.Branch{{When: condition, Then: yes}}, Else: yes, Of: types.Bool}
}

// Package rewrite improves plans without changing what they mean. Each pass is
// a function from a statement to a statement with a name, so that the plan can
// be shown after each of them.
//
// It knows no engine. What every engine's optimiser does by itself (moving
// filters down, ordering joins) is left to it; the passes are those that decide
// what a scan has to read.
package rewrite

import (
	"github.com/quoll/quoll/kql/budget"
	"github.com/quoll/quoll/kql/plan"
)

// Pass is one rewriting.
type Pass struct {
	Name  string
	Apply func(*plan.Statement, *budget.Budget)
}

// Passes returns the passes in their order.
func Passes() []Pass {
	return []Pass{
		{"ask inputs of a union for words", PushSearches},
		{"compute conditions that are constant", FoldConditions},
		{"push time ranges into scans", PushTimeRanges},
		{"push sought texts into scans", PushTerms},
		{"compute scalars beside arrays", HoistScalars},
		{"leave out columns that nothing reads", PruneColumns},
		{"count sets of which only the size is asked for", CountSets},
		{"count unions input by input", CountUnions},
	}
}

// All applies every pass to s, in place, and returns it. It spends of work, which
// may be nil.
func All(s *plan.Statement, work *budget.Budget) *plan.Statement {
	for _, p := range Passes() {
		p.Apply(s, work)
	}
	for _, further := range s.More {
		All(further, work)
	}
	return s
}

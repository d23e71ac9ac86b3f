package rewrite

import (
	"slices"

	"github.com/quoll/quoll/kql/budget"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// PushSearches asks each input of a union by itself for a word in any column, as search
// over several tables does: the columns that only others have are empty there, and need not
// be asked, and what asks one table can be answered without reading all of it.
func PushSearches(s *plan.Statement, work *budget.Budget) {
	readers := plan.Readers(s.Root)
	var filters []*plan.Filter
	plan.Visit(s.Root, func(n plan.Node) {
		work.Spend(1)
		if f, ok := n.(*plan.Filter); ok && asksColumns(f.Predicate, work) {
			filters = append(filters, f)
		}
	})
	for _, f := range filters {
		union, ok := f.Input.(*plan.Union)
		if !ok || len(readers[f.Input]) != 1 || size(f.Predicate, work)*len(union.From) > maxPushed {
			continue
		}
		conditions := make([]plan.Expr, len(union.From))
		for i := range union.From {
			if conditions[i], ok = of(union, i, f.Predicate, work); !ok {
				break
			}
		}
		if !ok {
			continue
		}
		for i, input := range union.From {
			union.From[i] = &plan.Filter{Input: input, Predicate: conditions[i]}
		}
		f.Predicate = truth(true)
	}
}

// maxPushed is the most expressions that a condition is written in for all inputs together,
// some 20 words in any column of any table: with more, a query that an engine can answer may
// be too long for it.
const maxPushed = 512 << 10

// size returns how many expressions one has in it.
func size(e plan.Expr, work *budget.Budget) (all int) {
	plan.VisitExpr(e, func(plan.Expr) bool {
		work.Spend(1)
		all++
		return true
	})
	return all
}

// asksColumns says whether a condition asks several columns for words.
func asksColumns(e plan.Expr, work *budget.Budget) bool {
	asked := 0
	plan.VisitExpr(e, func(e plan.Expr) bool {
		work.Spend(1)
		if c, ok := e.(*plan.Call); ok && (c.Function.Name == "has" || c.Function.Name == "has_cs") {
			asked++
		}
		return asked < 2
	})
	return asked > 1
}

// of writes a condition on the rows of a union for one of its inputs; ok is false if it
// reads tables.
func of(union *plan.Union, input int, e plan.Expr, work *budget.Budget) (written plan.Expr, ok bool) {
	work.Spend(1)
	several := func(all []plan.Expr) ([]plan.Expr, bool) {
		out := make([]plan.Expr, len(all))
		for i, e := range all {
			if out[i], ok = of(union, input, e, work); !ok {
				return nil, false
			}
		}
		return out, true
	}
	switch e := e.(type) {
	case *plan.Literal:
		return e, true
	case *plan.Ref:
		i := slices.Index(union.Output, e.Column)
		if i < 0 {
			return nil, false
		}
		return union.Items[input][i], true
	case *plan.Convert:
		x, ok := of(union, input, e.X, work)
		if l, isLiteral := x.(*plan.Literal); ok && isLiteral && l.Value == nil && e.To == types.String {
			return &plan.Literal{Of: types.String, Value: ""}, true
		}
		return &plan.Convert{X: x, To: e.To}, ok
	case *plan.Call:
		args, ok := several(e.Args)
		if !ok {
			return nil, false
		}
		out := *e
		out.Args = args
		return folder{work}.written(&out), true
	}
	return nil, false
}

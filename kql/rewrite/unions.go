package rewrite

import (
	"github.com/quoll/quoll/kql/budget"
	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// CountUnions has the rows of a union of which only the number is asked for be counted
// input by input, and the numbers added: what is counted of one table can be known
// without reading it, or without an engine.
func CountUnions(s *plan.Statement, work *budget.Budget) {
	c := &unionCounter{readers: plan.Readers(s.Root)}
	var counts []*plan.Aggregate
	plan.Visit(s.Root, func(n plan.Node) {
		work.Spend(1)
		for _, column := range n.Columns() {
			c.last = max(c.last, column.ID)
		}
		if a, ok := n.(*plan.Aggregate); ok && onlyCounts(a) {
			counts = append(counts, a)
		}
	})
	for _, a := range counts {
		c.count(a)
	}
}

type unionCounter struct {
	last    plan.ColumnID
	readers map[plan.Node][]plan.Node
}

// onlyCounts reports whether an aggregate asks for the number of all rows and nothing else.
func onlyCounts(a *plan.Aggregate) bool {
	for _, d := range a.Aggregates {
		if c, ok := d.Expr.(*plan.Call); !ok || c.Function.Name != "count" || len(c.Args) > 0 {
			return false
		}
	}
	return len(a.Keys) == 0 && len(a.Aggregates) > 0
}

// count has an aggregate add the numbers of rows of the inputs of the union that it counts.
func (c *unionCounter) count(a *plan.Aggregate) {
	union := c.union(a.Input)
	if union == nil {
		return
	}
	rows := c.column()
	counted := &plan.Union{Output: []*plan.Column{rows}}
	for _, input := range union.From {
		of := c.column()
		part := &plan.Aggregate{Input: input, Aggregates: []plan.Definition{{Column: of, Expr: &plan.Call{Function: builtin.All().Must("count"), Of: types.Long}}}}
		c.count(part)
		counted.From = append(counted.From, part)
		counted.Items = append(counted.Items, []plan.Expr{&plan.Ref{Column: of}})
	}
	a.Input = counted
	for i := range a.Aggregates {
		a.Aggregates[i].Expr = &plan.Call{Function: builtin.All().Must("sum"), Args: []plan.Expr{&plan.Ref{Column: rows}}, Of: types.Long}
	}
}

// union returns the union whose rows are as many as those of a node, below what changes
// none of their number; nil if there is none that nobody else reads.
func (c *unionCounter) union(n plan.Node) *plan.Union {
	for len(c.readers[n]) == 1 {
		switch of := n.(type) {
		case *plan.Project:
			n = of.Input
		case *plan.Sort:
			n = of.Input
		case *plan.Filter:
			if l, ok := of.Predicate.(*plan.Literal); !ok || l.Value != true {
				return nil
			}
			n = of.Input
		case *plan.Union:
			if len(of.From) < 2 {
				return nil
			}
			return of
		default:
			return nil
		}
	}
	return nil
}

func (c *unionCounter) column() *plan.Column {
	c.last++
	return &plan.Column{ID: c.last, Name: "rows", Type: types.Long}
}

package rewrite

import (
	"github.com/quoll/quoll/kql/budget"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// HoistScalars computes the one value of a table beside the rows where a
// function of arrays takes it: engines evaluate such functions element by
// element, and cannot read a table there.
func HoistScalars(s *plan.Statement, work *budget.Budget) {
	h := &hoister{work: work, made: map[*plan.Project]bool{}}
	plan.Visit(s.Root, func(n plan.Node) {
		for _, c := range n.Columns() {
			h.last = max(h.last, c.ID)
		}
	})
	plan.Visit(s.Root, h.node)
}

type hoister struct {
	work *budget.Budget
	last plan.ColumnID
	made map[*plan.Project]bool // what is computed beside already
}

func (h *hoister) node(n plan.Node) {
	var found []plan.Definition
	switch n := n.(type) {
	case *plan.Project:
		if h.made[n] {
			return
		}
		h.define(n.Define, &found)
		n.Input = h.beside(n.Input, found)
	case *plan.Filter:
		n.Predicate = h.expr(n.Predicate, false, &found)
		n.Input = h.beside(n.Input, found)
	case *plan.Aggregate:
		h.define(n.Keys, &found)
		h.define(n.Aggregates, &found)
		n.Input = h.beside(n.Input, found)
	case *plan.Window:
		h.define(n.Define, &found)
		n.Input = h.beside(n.Input, found)
	case *plan.Unnest:
		for i, item := range n.Items {
			n.Items[i].Array = h.expr(item.Array, true, &found)
		}
		n.Input = h.beside(n.Input, found)
	}
}

func (h *hoister) define(define []plan.Definition, found *[]plan.Definition) {
	for i, d := range define {
		define[i].Expr = h.expr(d.Expr, false, found)
	}
}

// beside puts the one row of what was found beside every row of the input.
func (h *hoister) beside(input plan.Node, found []plan.Definition) plan.Node {
	if len(found) == 0 {
		return input
	}
	h.last++
	row := &plan.Column{ID: h.last, Name: "row", Type: types.Bool}
	one := &plan.Values{Output: []*plan.Column{row}, Rows: [][]plan.Expr{{&plan.Literal{Of: types.Bool, Value: true}}}}
	right := &plan.Project{Input: one, Define: found}
	h.made[right] = true
	return &plan.Join{Kind: plan.Cross, Left: input, Right: right}
}

// expr returns e with the scalars in calls of arrays replaced by columns.
func (h *hoister) expr(e plan.Expr, inArray bool, found *[]plan.Definition) plan.Expr {
	h.work.Spend(1)
	switch e := e.(type) {
	case *plan.Scalar:
		if !inArray {
			return e
		}
		return h.column(e, found)
	case *plan.Call:
		if inArray && e.Function.Name == "datetime_list_timezones" {
			return h.column(e, found) // its list is a table of the engine
		}
		if large(e) {
			return h.column(e, found) // once, however often it is written
		}
		call := *e
		inArray = inArray || arrays(e)
		call.Args = h.exprs(e.Args, inArray, found)
		for i, a := range call.Args {
			if computedPattern(&call, i) && !plan.ReadsColumn(a) {
				call.Args[i] = h.column(a, found) // the engine would read it too early to pass over mistakes
			}
		}
		return &call
	case *plan.Convert:
		return &plan.Convert{X: h.expr(e.X, inArray, found), To: e.To}
	case *plan.Case:
		c := &plan.Case{Of: e.Of, Else: h.expr(e.Else, inArray, found)}
		for _, b := range e.Branches {
			c.Branches = append(c.Branches, plan.Branch{When: h.expr(b.When, inArray, found), Then: h.expr(b.Then, inArray, found)})
		}
		return c
	}
	return e
}

func (h *hoister) column(e plan.Expr, found *[]plan.Definition) plan.Expr {
	h.last++
	c := &plan.Column{ID: h.last, Name: "scalar", Type: e.Type()}
	*found = append(*found, plan.Definition{Column: c, Expr: e})
	return &plan.Ref{Column: c}
}

func (h *hoister) exprs(all []plan.Expr, inArray bool, found *[]plan.Definition) []plan.Expr {
	out := make([]plan.Expr, len(all))
	for i, e := range all {
		out[i] = h.expr(e, inArray, found)
	}
	return out
}

// arrays reports whether a call takes or gives a dynamic value, or reads a
// regular expression that is no constant.
func arrays(c *plan.Call) bool {
	if c.Of == types.Dynamic {
		return true
	}
	for i, a := range c.Args {
		if a.Type() == types.Dynamic {
			return true
		}
		if computedPattern(c, i) {
			return true
		}
	}
	return false
}

// computedPattern reports whether an argument is a regular expression that is
// not written down.
func computedPattern(c *plan.Call, i int) bool {
	if _, ok := c.Args[i].(*plan.Literal); ok {
		return false
	}
	if c.Function.Name == "matches regex" {
		return i == 1
	}
	if len(c.Function.Overloads) == 0 {
		return false // one of the compiler's own
	}
	params := c.Function.Overloads[0].Params
	return i < len(params) && params[i].Name == "regex"
}

// large reports whether a call makes the same long array for every row.
func large(c *plan.Call) bool {
	if c.Function.Name != "range" && c.Function.Name != "repeat" || plan.ReadsColumn(c) {
		return false
	}
	var n [2]int64
	for i := range n {
		l, ok := c.Args[i].(*plan.Literal)
		if !ok {
			return true
		}
		if n[i], ok = l.Value.(int64); !ok && (c.Function.Name == "range" || i == 1) {
			return true
		}
	}
	if c.Function.Name == "repeat" {
		return n[1] > fewElements
	}
	return len(c.Args) < 3 && uint64(n[1]-n[0]) > fewElements || max(n[0], n[1]) > fewElements || min(n[0], n[1]) < -fewElements
}

const fewElements = 10_000

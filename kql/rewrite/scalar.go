package rewrite

import (
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// HoistScalars computes the one value of a table beside the rows where a
// function of arrays takes it: engines evaluate such functions element by
// element, and cannot read a table there.
func HoistScalars(s *plan.Statement) {
	h := &hoister{}
	plan.Visit(s.Root, func(n plan.Node) {
		for _, c := range n.Columns() {
			h.last = max(h.last, c.ID)
		}
	})
	plan.Visit(s.Root, func(n plan.Node) {
		if p, ok := n.(*plan.Project); ok {
			h.project(p)
		}
	})
}

type hoister struct{ last plan.ColumnID }

func (h *hoister) project(p *plan.Project) {
	var found []plan.Definition
	for i, d := range p.Define {
		p.Define[i].Expr = h.expr(d.Expr, false, &found)
	}
	if len(found) == 0 {
		return
	}
	h.last++
	row := &plan.Column{ID: h.last, Name: "row", Type: types.Bool}
	one := &plan.Values{Output: []*plan.Column{row}, Rows: [][]plan.Expr{{&plan.Literal{Of: types.Bool, Value: true}}}}
	p.Input = &plan.Join{Kind: plan.Cross, Left: p.Input, Right: &plan.Project{Input: one, Define: found}}
}

// expr returns e with the scalars in calls of arrays replaced by columns.
func (h *hoister) expr(e plan.Expr, inArray bool, found *[]plan.Definition) plan.Expr {
	switch e := e.(type) {
	case *plan.Scalar:
		if !inArray {
			return e
		}
		h.last++
		c := &plan.Column{ID: h.last, Name: "scalar", Type: e.Type()}
		*found = append(*found, plan.Definition{Column: c, Expr: e})
		return &plan.Ref{Column: c}
	case *plan.Call:
		call := *e
		inArray = inArray || arrays(e)
		call.Args = h.exprs(e.Args, inArray, found)
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

func (h *hoister) exprs(all []plan.Expr, inArray bool, found *[]plan.Definition) []plan.Expr {
	out := make([]plan.Expr, len(all))
	for i, e := range all {
		out[i] = h.expr(e, inArray, found)
	}
	return out
}

// arrays reports whether a call takes or gives a dynamic value.
func arrays(c *plan.Call) bool {
	if c.Of == types.Dynamic {
		return true
	}
	for _, a := range c.Args {
		if a.Type() == types.Dynamic {
			return true
		}
	}
	return false
}

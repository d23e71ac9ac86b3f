package bind

import (
	"slices"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// given returns the i-th argument, or nothing when it is left to its default,
// which is written as '~'.
func (c *pluginCall) given(i int) syntax.Expr {
	if i >= len(c.args()) {
		return nil
	}
	x := c.args()[i]
	if l, ok := x.(*syntax.Literal); ok && l.Value == "~" {
		return nil
	}
	return x
}

// fraction returns a constant number, or the default.
func (c *pluginCall) fraction(i int, fallback, least, most float64) (float64, bool) {
	x := c.given(i)
	if x == nil {
		return fallback, true
	}
	e := c.constantAt(x)
	if l, ok := convert(e, types.Real).(*plan.Literal); ok && e.Type().Numeric() && l.Value != nil {
		if f := l.Value.(float64); f >= least && f <= most {
			return f, true
		}
	}
	if !bad(e) {
		c.errorf(x.Span(), "%s() takes a constant number from %v to %v here, or '~'", c.name(), least, most)
	}
	return 0, false
}

// patterns is a search for patterns: the columns that they are made of, what a
// row weighs, and which side it is on.
type patterns struct {
	*pluginCall
	columns []field
	weight  plan.Expr
	second  plan.Expr // the condition for the second side, or nil
	wild    map[types.Type]plan.Expr
	ok      bool
}

// patternsAt takes the columns but those of weight and side. Wildcards are the
// arguments from some place on.
func (c *pluginCall) patternsAt(weight, wildcards int, without ...*plan.Column) *patterns {
	p := &patterns{pluginCall: c, weight: long(1), wild: map[types.Type]plan.Expr{}, ok: true}
	if x := c.given(weight); x != nil {
		e := c.scalarAt(x)
		if !bad(e) && !e.Type().Numeric() {
			c.errorf(x.Span(), "the weight of %s() is a column of numbers, or '~'", c.name())
			e = unknown
		}
		p.weight, p.ok = e, !bad(e)
		if ref, ok := e.(*plan.Ref); ok {
			without = append(without, ref.Column)
		}
	}
	for i := wildcards; i < len(c.args()); i++ {
		if x := c.given(i); x != nil {
			e := c.constantAt(x)
			p.ok = p.ok && !bad(e)
			p.wild[e.Type()] = e
		}
	}
	for _, f := range c.rel.fields {
		if !slices.Contains(without, f.column) {
			p.columns = append(p.columns, f)
		}
	}
	if len(p.columns) == 0 && p.ok {
		c.errorf(c.span(), "%s() needs columns to look for patterns in", c.name())
		p.ok = false
	}
	return p
}

// find puts rows that are alike together and hands them to a function. The
// result has some figures, and the columns of the patterns.
func (p *patterns) find(function string, params []plan.Expr, figures []output) *relation {
	if !p.ok {
		return p.nothing()
	}
	c := p.pluginCall
	group := &plan.Aggregate{Input: c.rel.node}
	weight, second := c.newColumn("weight", types.Real), c.newColumn("second", types.Real)
	sum := func(e plan.Expr) plan.Expr {
		return &plan.Call{Function: c.functions.Must("sum"), Args: []plan.Expr{convert(e, types.Real)}, Of: types.Real}
	}
	other := plan.Expr(&plan.Literal{Of: types.Real, Value: 0.0})
	if p.second != nil {
		other = &plan.Case{Branches: []plan.Branch{{When: p.second, Then: convert(p.weight, types.Real)}}, Else: other, Of: types.Real}
	}
	group.Aggregates = []plan.Definition{{Column: weight, Expr: sum(p.weight)}, {Column: second, Expr: sum(other)}}
	row := []plan.Expr{&plan.Ref{Column: weight}, &plan.Ref{Column: second}}
	outputs := figures
	for _, f := range p.columns {
		group.Keys = append(group.Keys, plan.Definition{Column: f.column, Expr: &plan.Ref{Column: f.column}})
		row = append(row, &plan.Ref{Column: f.column})
		outputs = append(outputs, outputOf(f.name, f.column.Type))
	}
	c.rel = &relation{node: group}
	out := c.gather(function, row, nil, params, outputs)
	return p.wildcards(out, len(figures))
}

// wildcards writes the query's own words for any value.
func (p *patterns) wildcards(out *relation, from int) *relation {
	var items []item
	for _, f := range out.fields[min(from, len(out.fields)):] {
		e := plan.Expr(&plan.Ref{Column: f.column})
		if wild, ok := p.wild[f.column.Type]; ok {
			e = p.callBuiltin("coalesce", f.column.Type, e, wild)
		}
		items = append(items, item{name: f.name, expr: e})
	}
	for i, column := range p.define(out, items) {
		out.fields[from+i].column = column
	}
	return out
}

func (c *pluginCall) autocluster() *relation {
	size, ok := c.fraction(0, 0.5, 0, 1)
	seeds, known := c.number(c.given(2), 25)
	p := c.patternsAt(1, 3)
	if !ok || !known {
		return c.nothing()
	}
	params := []plan.Expr{&plan.Literal{Of: types.Real, Value: size}, long(seeds)}
	return p.find("autoclusters", params, segments())
}

func (c *pluginCall) basket() *relation {
	threshold, ok := c.fraction(0, 0.05, 0, 1)
	dimensions, known := c.number(c.given(2), 5)
	p := c.patternsAt(1, 3)
	if !ok || !known {
		return c.nothing()
	}
	params := []plan.Expr{&plan.Literal{Of: types.Real, Value: threshold}, long(dimensions)}
	return p.find("baskets", params, segments())
}

func segments() []output {
	return []output{outputOf("SegmentId", types.Long), outputOf("Count", types.Long), outputOf("Percent", types.Real)}
}

// diffpatterns binds diffpatterns(split, A, B, weight, threshold, dimensions,
// wildcards…).
func (c *pluginCall) diffpatterns() *relation {
	if !c.takes(3, -1) {
		return c.nothing()
	}
	args := c.args()
	split := c.scalarAt(args[0])
	a, isText := c.text(args[1])
	b, bothText := c.text(args[2])
	threshold, ok := c.fraction(4, 0.05, 0, 1)
	dimensions, known := plan.Expr(&plan.Literal{Of: types.Long}), true
	if x := c.given(5); x != nil {
		var n int64
		n, known = c.number(x, 0)
		dimensions = long(n)
	}
	if bad(split) || !isText || !bothText || !ok || !known {
		return c.nothing()
	}
	var without []*plan.Column
	if ref, isRef := split.(*plan.Ref); isRef {
		without = append(without, ref.Column)
	}
	p := c.patternsAt(3, 6, without...)
	side := convert(split, types.String)
	is := func(text string) plan.Expr { return c.callBuiltin("==", types.Bool, side, textOf(text)) }
	c.rel.node = &plan.Filter{Input: c.rel.node, Predicate: c.callBuiltin("or", types.Bool, is(a), is(b))}
	p.second = is(b)
	params := []plan.Expr{&plan.Literal{Of: types.Real, Value: threshold}, dimensions}
	return p.find("differences", params, []output{
		outputOf("SegmentId", types.Long), outputOf("CountA", types.Long), outputOf("CountB", types.Long),
		outputOf("PercentA", types.Real), outputOf("PercentB", types.Real), outputOf("PercentDiffAB", types.Real),
	})
}

// diffpatternsText binds diffpatterns_text(text, condition, least words,
// threshold, most words).
func (c *pluginCall) diffpatternsText() *relation {
	if !c.takes(2, 5) {
		return c.nothing()
	}
	text := c.scalarAt(c.args()[0])
	side := c.condition(c.args()[1], rows(c.rel, c.scope))
	least, ok := c.number(c.given(2), 1)
	threshold, known := c.fraction(3, 0.05, 0, 1)
	most, fits := c.number(c.given(4), 20)
	if bad(text) || bad(side) || !ok || !known || !fits {
		return c.nothing()
	}
	flag := c.callBuiltin("coalesce", types.Bool, side, &plan.Literal{Of: types.Bool, Value: false})
	params := []plan.Expr{long(least), &plan.Literal{Of: types.Real, Value: threshold}, long(most)}
	return c.gather("text_differences", []plan.Expr{convert(text, types.String), flag}, nil, params, []output{
		outputOf("Count_of_True", types.Long), outputOf("Count_of_False", types.Long),
		outputOf("Percent_of_True", types.Real), outputOf("Percent_of_False", types.Real), outputOf("Pattern", types.String),
	})
}

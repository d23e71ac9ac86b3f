package duckdb

import (
	"slices"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/rewrite"
	sqlgen "github.com/quoll/quoll/kql/sqlgen/duckdb"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/lake"
)

// tally is an aggregate that the lake can compute.
type tally struct {
	node  *plan.Aggregate
	scan  *plan.Scan
	asked lake.Counting
	times sqlgen.Times
	// having are conditions that whoever reads the groups asks of their numbers of rows.
	having []having
}

// having is a comparison of a group's number of rows.
type having struct {
	operator string
	than     int64
}

func (h having) met(rows int64) bool {
	switch h.operator {
	case "<":
		return rows < h.than
	case "<=":
		return rows <= h.than
	case ">":
		return rows > h.than
	case ">=":
		return rows >= h.than
	}
	return true
}

// tallies returns the aggregates of a statement that the lake can compute.
func (r *reader) tallies(s *plan.Statement) (all []tally) {
	readers := map[plan.Node][]plan.Node{}
	plan.Visit(s.Root, func(n plan.Node) {
		for _, input := range n.Inputs() {
			readers[input] = append(readers[input], n)
		}
		for _, e := range plan.Exprs(n) {
			plan.VisitExpr(e, func(e plan.Expr) bool {
				if table, _ := plan.Table(e); table != nil {
					readers[table] = append(readers[table], n)
				}
				return true
			})
		}
		if a, ok := n.(*plan.Aggregate); ok {
			if t, ok := r.tally(a); ok {
				all = append(all, t)
			}
		}
	})
	for i := range all {
		t := &all[i]
		if by := readers[t.node]; len(by) == 1 && len(t.node.Keys) > 0 {
			if f, ok := by[0].(*plan.Filter); ok {
				t.have(f.Predicate)
			}
		}
	}
	return all
}

// have takes in what a condition on the groups asks of their numbers of rows. The
// condition stays in the statement.
func (t *tally) have(e plan.Expr) {
	c, ok := e.(*plan.Call)
	if !ok {
		return
	}
	if c.Function.Name == "and" {
		for _, a := range c.Args {
			t.have(a)
		}
		return
	}
	if len(c.Args) != 2 {
		return
	}
	ref, isRef := c.Args[0].(*plan.Ref)
	l, isLiteral := c.Args[1].(*plan.Literal)
	if !isRef || !isLiteral {
		return
	}
	than, ok := l.Value.(int64)
	if ok && l.Of == types.Long && slices.ContainsFunc(t.node.Aggregates, func(d plan.Definition) bool { return d.Column == ref.Column }) {
		t.having = append(t.having, having{c.Function.Name, than})
	}
}

// tally reads an aggregate; ok is false where it asks for more than numbers of rows by
// texts and steps of time, or conditions are not of the kinds that the lake knows.
func (r *reader) tally(a *plan.Aggregate) (t tally, ok bool) {
	t.node = a
	for _, d := range a.Aggregates {
		if c, ok := d.Expr.(*plan.Call); !ok || c.Function.Name != "count" || len(c.Args) > 0 {
			return t, false
		}
	}
	var conditions []plan.Expr
	n := a.Input
	for {
		if f, ok := n.(*plan.Filter); ok {
			conditions, n = append(conditions, f.Predicate), f.Input
		} else if p, ok := n.(*plan.Project); ok {
			n = p.Input // what it defines is no column of the scan
		} else {
			break
		}
	}
	if t.scan, ok = n.(*plan.Scan); !ok || t.scan.Ranges != nil {
		return t, false
	}
	sources := map[*plan.Column]string{}
	for _, f := range t.scan.Fields {
		sources[f.Column] = f.Source
	}
	const timeColumn = rewrite.TimeColumn
	var others []plan.Expr
	t.times, others = sqlgen.Split(t.scan, timeColumn, conditions)
	for _, e := range others {
		only, ok := onlyOf(e, sources)
		if !ok {
			return t, false
		}
		t.asked.Only = append(t.asked.Only, only)
	}
	for _, d := range a.Keys {
		by, ok := byOf(d.Expr, sources, timeColumn)
		if !ok {
			return t, false
		}
		t.asked.By = append(t.asked.By, by)
	}
	t.asked.Groups = maxGroups
	// Statistics know what is counted without anything being asked.
	return t, len(a.Keys) > 0 || len(a.Aggregates) > 0 && len(t.asked.Only) > 0
}

// onlyOf reads a condition on a text of a table.
func onlyOf(e plan.Expr, sources map[*plan.Column]string) (only lake.Only, ok bool) {
	c, ok := e.(*plan.Call)
	if !ok || c.Function.Name != "==" && c.Function.Name != "in" || len(c.Args) < 2 {
		return only, false
	}
	value, items := c.Args[0], c.Args[1:]
	if _, constant := value.(*plan.Literal); constant && c.Function.Name == "==" {
		value, items = c.Args[1], c.Args[:1]
	}
	if only.Column, ok = textOf(value, sources); !ok {
		return only, false
	}
	for _, item := range items {
		l, ok := item.(*plan.Literal)
		if !ok || l.Of != types.String {
			return only, false
		}
		text, ok := l.Value.(string)
		if !ok {
			return only, false
		}
		only.Texts = append(only.Texts, text)
	}
	return only, true
}

// textOf returns the name in storage of a column of texts.
func textOf(e plan.Expr, sources map[*plan.Column]string) (source string, ok bool) {
	ref, ok := e.(*plan.Ref)
	if !ok || ref.Column.Type != types.String {
		return "", false
	}
	source, ok = sources[ref.Column]
	return source, ok
}

// byOf reads what rows are counted by.
func byOf(e plan.Expr, sources map[*plan.Column]string, timeColumn string) (by lake.By, ok bool) {
	c, isCall := e.(*plan.Call)
	if !isCall {
		by.Column, ok = textOf(e, sources)
		return by, ok
	}
	if c.Function.Name != "bin" || c.Of != types.DateTime || len(c.Args) != 2 {
		return by, false
	}
	ref, isRef := c.Args[0].(*plan.Ref)
	l, isLiteral := c.Args[1].(*plan.Literal)
	if !isRef || !isLiteral || sources[ref.Column] != timeColumn {
		return by, false
	}
	span, ok := l.Value.(types.Ticks)
	if !ok || span <= 0 || span%10 != 0 {
		return by, false
	}
	return lake.By{Column: timeColumn, Step: int64(span) / 10}, true
}

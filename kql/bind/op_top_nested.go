package bind

import (
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// topNest holds the parts of a top-nested while it is taken apart. Each level
// groups the rows that the levels before have kept, and keeps the best groups
// within each group of the level before.
type topNest struct {
	b     *binder
	scope *scope
	op    *syntax.TopNestedOperator
	table *letTable // the input; its last fields are the keys of all levels
	names []string  // of the keys
	out   []field   // the columns of the result
	// others are the rows that stand for the groups a level has not kept.
	others []*relation
}

func (b *binder) topNested(op *syntax.TopNestedOperator, rel *relation, s *scope) *relation {
	t := &topNest{b: b, scope: s, op: op}
	r := rel.derive()
	var keys []item
	for _, level := range op.Levels {
		it := b.items([]syntax.Expr{level.Of}, r, s)[0]
		if bad(it.expr) {
			return b.nothing()
		}
		if !it.named {
			it.name = b.unnamed.next(func(string) bool { return false })
		}
		keys = append(keys, it)
	}
	for i, c := range b.define(r, keys) {
		t.names = append(t.names, keys[i].name)
		r.fields = append(r.fields, field{"", c})
	}
	r.order, r.partition = nil, nil
	t.table = b.share("", r, false)
	var best *letTable
	for i := range op.Levels {
		kept := t.level(i, best)
		if kept == nil {
			return b.nothing()
		}
		best = b.share("", kept, false)
	}
	return t.result(best)
}

// level gives the rows of one level: for each the keys and aggregates of all
// levels so far.
func (t *topNest) level(i int, before *letTable) *relation {
	b, level := t.b, t.op.Levels[i]
	rows, own := t.rows(i, before)
	grouped, ok := t.group(i, rows, own)
	if !ok {
		return nil
	}
	t.name(i, grouped)
	number := b.newColumn("row_number", types.Long)
	last := grouped.fields[len(grouped.fields)-1].column
	window := &plan.Window{Input: grouped.node, Order: t.order(i, last, grouped)}
	window.Define = []plan.Definition{{Column: number, Expr: &plan.Call{Function: b.functions.Must("row_number"), Of: types.Long}}}
	for j := 0; j < i; j++ {
		window.Partition = append(window.Partition, grouped.fields[2*j].column)
	}
	kept := grouped.derive()
	if level.Count != nil {
		limit := t.count(level.Count)
		if limit == nil {
			return nil
		}
		kept.node = &plan.Filter{Input: window, Predicate: b.callBuiltin("<=", types.Bool, &plan.Ref{Column: number}, limit)}
	}
	if level.Others != nil && !t.rest(i, before, b.share("", kept, false)) {
		return nil
	}
	return kept
}

// count is how many groups a level keeps: a constant, or what a table gives.
func (t *topNest) count(x syntax.Expr) plan.Expr {
	e := t.b.scalar(x, constants(t.scope))
	if _, ok := e.(*plan.Scalar); ok && e.Type().Integer() {
		return convert(e, types.Long)
	}
	n, ok := t.b.rowCount(x, t.scope)
	if !ok {
		return nil
	}
	return &plan.Literal{Of: types.Long, Value: n}
}

// order is the order of the groups of a level: by the aggregate, then by key.
func (t *topNest) order(i int, aggregate *plan.Column, grouped *relation) []plan.SortKey {
	descending := t.op.Levels[i].By.Direction != "asc"
	return []plan.SortKey{{Column: aggregate, Descending: descending, NullsFirst: !descending}, {Column: grouped.fields[2*i].column, NullsFirst: true}}
}

// rows gives the input's rows that belong to the groups kept by the level
// before, with the columns of that level as first fields of own.
func (t *topNest) rows(i int, before *letTable) (rows *relation, own []field) {
	b := t.b
	rows = b.reference(t.table)
	n := len(rows.fields) - len(t.names)
	keys := rows.fields[n:]
	rows.fields = rows.fields[:n:n]
	if before != nil {
		kept := b.reference(before)
		t.match(plan.Inner, rows, keys[:i], kept)
		own = append(own, kept.fields...)
	}
	return rows, append(own, keys[i])
}

// match joins rows with the groups of a level on the keys. Keys are compared as
// texts, in which a null is equal to a null.
func (t *topNest) match(kind plan.JoinKind, rows *relation, keys []field, groups *relation) {
	b := t.b
	join := &plan.Join{Kind: kind}
	for j, k := range keys {
		left := b.define(rows, []item{{name: "key", expr: convert(&plan.Ref{Column: k.column}, types.String)}})[0]
		right := b.define(groups, []item{{name: "key", expr: convert(&plan.Ref{Column: groups.fields[2*j].column}, types.String)}})[0]
		join.On = append(join.On, plan.JoinKey{Left: left, Right: right})
	}
	join.Left, join.Right = rows.node, groups.node
	rows.node = join
}

// group aggregates rows by the columns by, and gives these and the aggregate.
func (t *topNest) group(i int, rows *relation, by []field) (*relation, bool) {
	b := t.b
	a := &aggregation{binder: b}
	row := &rowScope{scope: t.scope, rel: rows, aggregates: a}
	x := t.op.Levels[i].By.X
	items := b.aggregateItems(x, row)
	if bad(items[0].expr) {
		return nil, false
	}
	node := &plan.Aggregate{Input: rows.node, Aggregates: a.define}
	out := &relation{node: node}
	for _, f := range by {
		node.Keys = append(node.Keys, plan.Definition{Column: f.column, Expr: &plan.Ref{Column: f.column}})
		out.fields = append(out.fields, f)
	}
	out.fields = append(out.fields, field{"", b.define(out, items[:1])[0]})
	return out, true
}

// name gives the two columns of a level their names.
func (t *topNest) name(i int, grouped *relation) {
	taken := &relation{fields: t.out}
	of := taken.unique(t.names[i])
	t.out = append(t.out, field{of, grouped.fields[2*i].column})
	by := "aggregated_" + of
	if named, ok := t.op.Levels[i].By.X.(*syntax.Named); ok {
		by = named.Names[0].Text
	}
	taken.fields = t.out
	t.out = append(t.out, field{taken.unique(by), grouped.fields[2*i+1].column})
}

// rest makes the row for the groups that a level has not kept: one for each
// group of the level before that has such groups.
func (t *topNest) rest(i int, before, kept *letTable) bool {
	b := t.b
	others := b.scalar(t.op.Levels[i].Others, constants(t.scope))
	if bad(others) {
		return false
	}
	of := t.out[2*i].column.Type
	if !types.Widens(others.Type(), of) && of != types.Dynamic {
		b.errorf(t.op.Levels[i].Others.Span(), "the value of others must be a %s, as the column is, and this is a %s", of, others.Type())
		return false
	}
	rows, own := t.rows(i, before)
	rejoined := b.reference(kept)
	t.match(plan.LeftAnti, rows, keysOf(own, i), rejoined)
	count := b.newColumn("rows", types.Long)
	grouped, ok := t.group(i, rows, own[:len(own)-1])
	if !ok {
		return false
	}
	aggregate := grouped.fields[len(grouped.fields)-1].column
	if i == 0 {
		t.countRows(grouped.node, count)
		zero := &plan.Literal{Of: types.Long, Value: int64(0)}
		grouped.node = &plan.Filter{Input: grouped.node, Predicate: b.callBuiltin(">", types.Bool, &plan.Ref{Column: count}, zero)}
	}
	value := b.newColumn("others", of)
	grouped.node = &plan.Project{Input: grouped.node, Pass: grouped.node.Columns(), Define: []plan.Definition{{Column: value, Expr: convert(others, of)}}}
	fields := append([]field{}, grouped.fields[:len(grouped.fields)-1]...)
	grouped.fields = append(fields, field{"", value}, field{"", aggregate})
	t.others = append(t.others, grouped)
	return true
}

// countRows adds the number of rows to an aggregate node, or passes it through
// the projection above one.
func (t *topNest) countRows(n plan.Node, count *plan.Column) {
	switch n := n.(type) {
	case *plan.Aggregate:
		call := &plan.Call{Function: t.b.functions.Must("count"), Of: types.Long}
		n.Aggregates = append(n.Aggregates, plan.Definition{Column: count, Expr: call})
	case *plan.Project:
		t.countRows(n.Input, count)
		n.Pass = append(n.Pass, count)
	}
}

// keysOf gives the keys of all levels up to i: those of the level before and
// the level's own.
func keysOf(own []field, i int) []field {
	var keys []field
	for j := 0; j < i; j++ {
		keys = append(keys, own[2*j])
	}
	return append(keys, own[len(own)-1])
}

// result puts the rows of the last level and those of others together.
func (t *topNest) result(best *letTable) *relation {
	b := t.b
	last := b.reference(best)
	union := &plan.Union{From: []plan.Node{last.node}, Items: [][]plan.Expr{nil}}
	out := &relation{node: union, serialized: true}
	for i, f := range t.out {
		c := b.newColumn(f.name, f.column.Type)
		union.Output = append(union.Output, c)
		out.fields = append(out.fields, field{f.name, c})
		union.Items[0] = append(union.Items[0], &plan.Ref{Column: last.fields[i].column})
	}
	for _, r := range t.others {
		items := make([]plan.Expr, len(t.out))
		for i, f := range t.out {
			items[i] = null(f.column.Type)
			if i < len(r.fields) {
				items[i] = &plan.Ref{Column: r.fields[i].column}
			}
		}
		union.From, union.Items = append(union.From, r.node), append(union.Items, items)
	}
	for i, level := range t.op.Levels {
		descending := level.By.Direction != "asc"
		out.order = append(out.order, plan.SortKey{Column: union.Output[2*i+1], Descending: descending, NullsFirst: !descending}, plan.SortKey{Column: union.Output[2*i], NullsFirst: true})
	}
	return out
}

// topHitters binds top-hitters: the values that most rows have, or that have
// the greatest sums. Kusto estimates the numbers; here they are exact.
func (b *binder) topHitters(op *syntax.TopHittersOperator, rel *relation, s *scope) *relation {
	n, ok := b.rowCount(op.Count, s)
	if !ok {
		return b.nothing()
	}
	r := rel.derive()
	keys := b.keys([]syntax.Expr{op.Of}, r, s)
	name, call := "approximate_count_"+keys[0].name, &plan.Call{Function: b.functions.Must("count"), Of: types.Long}
	if op.By != nil {
		value := b.scalar(op.By, rows(r, s))
		if bad(value) {
			return b.nothing()
		}
		if value.Type() == types.Dynamic {
			value = convert(value, types.Real)
		}
		if !value.Type().Numeric() {
			b.errorf(op.By.Span(), "top-hitters sums numbers, and this is a %s", value.Type())
			return b.nothing()
		}
		by, _ := b.autoName(op.By, rows(r, s))
		name, call = "approximate_sum_"+by, &plan.Call{Function: b.functions.Must("sum"), Args: []plan.Expr{value}, Of: value.Type()}
	}
	a := &aggregation{binder: b}
	sum := a.add(name, call)
	out := b.grouped(r, keys, a, []item{{name: name, expr: sum}})
	if len(out.fields) < 2 {
		return out
	}
	out.order = []plan.SortKey{{Column: out.fields[1].column, Descending: true}, {Column: out.fields[0].column, NullsFirst: true}}
	out.serialized = true
	return b.first(out, n)
}

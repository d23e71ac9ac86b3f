package bind

import (
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// maxPoints is the greatest length of a series, as in Kusto.
const maxPoints = 1 << 20

// series holds the parts of a make-series while it is taken apart:
// the rows are aggregated by key and slot (the number of the step), a row
// without value is added for every key and slot, both are put together, and
// each key's values are gathered in the order of the slots.
type series struct {
	b          *binder
	from, step plan.Expr
	to         plan.Expr // the end, which is not part of the series
	axis       *plan.Column
	slot       *plan.Column
	keys       []*plan.Column
	defaults   []plan.Expr
	// openFrom and openTo say that the query leaves a bound to the data: each
	// series then has its own.
	openFrom, openTo bool
}

func (b *binder) makeSeries(op *syntax.MakeSeriesOperator, rel *relation, s *scope) *relation {
	r := rel.derive()
	axis := b.items([]syntax.Expr{op.On}, r, s)[0]
	keys := b.seriesKeys(op, r, s)
	ms := &series{b: b}
	if bad(axis.expr) || !ms.bounds(op, axis, s) {
		return b.nothing()
	}
	ms.axis = b.define(r, []item{axis})[0]
	for i, c := range b.define(r, keys) {
		if bad(keys[i].expr) {
			return b.nothing()
		}
		ms.keys = append(ms.keys, c)
	}
	ms.openFrom, ms.openTo = ms.from == nil, ms.to == nil
	if ms.openFrom || ms.openTo {
		r = ms.inferBounds(r)
	}
	ms.number(r)
	items, define, ok := ms.aggregates(op, keys, r, s)
	if !ok {
		return b.nothing()
	}
	grouped := &letTable{shared: &plan.Shared{Node: ms.group(r, define)}}
	out := ms.assemble(grouped, items, axis.name, keys, nonEmpty(op))
	if parts := len(r.partition); parts > 0 && op.From != nil && op.To != nil {
		for _, f := range out.fields[:parts] {
			out.partition = append(out.partition, f.column)
		}
		out.fields = out.fields[parts:]
	}
	return out
}

// seriesKeys binds the by clause. The parts of a table are keys too, unseen and
// first; without bounds each part would have its own, which is not supported.
func (b *binder) seriesKeys(op *syntax.MakeSeriesOperator, r *relation, s *scope) []item {
	var keys []item
	if op.From != nil && op.To != nil {
		for _, c := range r.partition {
			keys = append(keys, item{expr: &plan.Ref{Column: c}})
		}
	}
	return append(keys, b.keys(op.Keys, r, s)...)
}

func nonEmpty(op *syntax.MakeSeriesOperator) bool {
	for _, p := range op.Properties {
		if p.Name.Text == "kind" && propertyWord(p) == "nonempty" {
			return true
		}
	}
	return false
}

// bounds binds from, to and step, and checks their types.
func (ms *series) bounds(op *syntax.MakeSeriesOperator, axis item, s *scope) bool {
	b, t := ms.b, axis.expr.Type()
	if !t.Summable() && t != types.DateTime {
		b.errorf(op.On.Span(), "a series runs over a number, a timespan or a datetime, not over a %s", t)
		return false
	}
	stepType := t
	if t == types.DateTime {
		stepType = types.TimeSpan
	}
	ok := true
	bind := func(x syntax.Expr, want types.Type) plan.Expr {
		if x == nil {
			return nil
		}
		e := b.scalar(x, constants(s))
		if bad(e) {
			ok = false
			return nil
		}
		if !types.Widens(e.Type(), want) && !(e.Type().Numeric() && want.Numeric()) && e.Type() != types.Dynamic {
			b.errorf(x.Span(), "a %s is expected here, and this is a %s", want, e.Type())
			ok = false
			return nil
		}
		return convert(e, want)
	}
	ms.from, ms.to, ms.step = bind(op.From, t), bind(op.To, t), bind(op.Step, stepType)
	if !ok || ms.step == nil {
		return false
	}
	if op.Range {
		ms.from = b.callBuiltin("bin", t, ms.from, ms.step)
		ms.to = b.callBuiltin("+", t, b.callBuiltin("bin", t, ms.to, ms.step), ms.step)
	}
	return true
}

// inferBounds takes the bounds that the query does not say from the data: from
// the step that holds the first value to the one that holds the last.
func (ms *series) inferBounds(r *relation) *relation {
	b := ms.b
	t := b.share("", r, false)
	extreme := func(name string) plan.Expr {
		in := b.reference(&letTable{shared: t.shared, rel: &relation{fields: []field{{"axis", ms.axis}}}})
		c := b.newColumn(name, ms.axis.Type)
		call := &plan.Call{Function: b.functions.Must(name), Args: []plan.Expr{&plan.Ref{Column: in.fields[0].column}}, Of: ms.axis.Type}
		node := &plan.Aggregate{Input: in.node, Aggregates: []plan.Definition{{Column: c, Expr: call}}}
		return &plan.Scalar{Node: node, Column: c}
	}
	if ms.from == nil {
		ms.from = b.callBuiltin("bin", ms.axis.Type, extreme("min"), ms.step)
	}
	if ms.to == nil {
		last := b.callBuiltin("bin_at", ms.axis.Type, extreme("max"), ms.step, ms.from)
		ms.to = b.callBuiltin("+", ms.axis.Type, last, ms.step)
	}
	names := &relation{fields: []field{{"axis", ms.axis}}}
	for _, k := range ms.keys {
		names.fields = append(names.fields, field{"key", k})
	}
	names.fields = append(names.fields, r.fields...)
	out := b.reference(&letTable{shared: t.shared, rel: names})
	ms.axis = out.fields[0].column
	for i := range ms.keys {
		ms.keys[i] = out.fields[1+i].column
	}
	out.fields = out.fields[1+len(ms.keys):]
	return out
}

// number keeps the rows within the bounds and numbers their steps.
func (ms *series) number(r *relation) {
	b, axis := ms.b, &plan.Ref{Column: ms.axis}
	within := b.callBuiltin("and", types.Bool, b.callBuiltin(">=", types.Bool, axis, ms.from), b.callBuiltin("<", types.Bool, axis, ms.to))
	r.node = &plan.Filter{Input: r.node, Predicate: within}
	ms.slot = b.newColumn("slot", types.Long)
	r.node = &plan.Project{Input: r.node, Pass: r.node.Columns(), Define: []plan.Definition{{Column: ms.slot, Expr: ms.steps(axis)}}}
}

// steps counts the whole steps from the start to a point.
func (ms *series) steps(point plan.Expr) plan.Expr {
	b := ms.b
	distance := ms.axis.Type
	if distance == types.DateTime {
		distance = types.TimeSpan
	}
	span := fold(b.callBuiltin("-", distance, point, ms.from))
	if distance == types.TimeSpan {
		return convert(b.callBuiltin("/", types.Real, span, ms.step), types.Long)
	}
	return convert(b.callBuiltin("/", types.Real, convert(span, types.Real), convert(ms.step, types.Real)), types.Long)
}

// aggregates binds the aggregates and their defaults.
func (ms *series) aggregates(op *syntax.MakeSeriesOperator, keys []item, r *relation, s *scope) ([]item, []plan.Definition, bool) {
	b := ms.b
	a := &aggregation{binder: b, order: r.order}
	row := rows(r, s)
	row.aggregates = a
	var items []item
	for _, x := range op.Aggregates {
		bound := b.aggregateItems(x.X, row)
		fallback := plan.Expr(&plan.Literal{Of: types.Long, Value: int64(0)})
		if x.Default != nil {
			fallback = b.scalar(x.Default, constants(s))
		}
		for _, it := range bound {
			if bad(it.expr) || bad(fallback) {
				return nil, nil, false
			}
			items = append(items, it)
			ms.defaults = append(ms.defaults, convert(fallback, it.expr.Type()))
		}
	}
	return items, a.define, true
}

// group aggregates by key and slot.
func (ms *series) group(r *relation, define []plan.Definition) plan.Node {
	node := &plan.Aggregate{Input: r.node, Aggregates: define}
	for _, c := range append(ms.keys[:len(ms.keys):len(ms.keys)], ms.slot) {
		node.Keys = append(node.Keys, plan.Definition{Column: c, Expr: &plan.Ref{Column: c}})
	}
	return node
}

// assemble fills the gaps and gathers the values.
func (ms *series) assemble(grouped *letTable, items []item, axis string, keys []item, nonempty bool) *relation {
	b := ms.b
	inner := &relation{node: grouped.shared.Node}
	for _, c := range append(ms.keys[:len(ms.keys):len(ms.keys)], ms.slot) {
		inner.fields = append(inner.fields, field{"", c})
	}
	values := b.define(inner, items)
	for _, c := range values {
		inner.fields = append(inner.fields, field{"", c})
	}
	table := &letTable{shared: &plan.Shared{Node: inner.node}, rel: inner}
	filled := ms.fill(table, len(items), nonempty)
	return ms.gather(filled, items, axis, keys)
}

// fill puts the aggregated rows and a row for every key and slot together.
// Its fields are the keys, the slot and the values.
func (ms *series) fill(table *letTable, values int, nonempty bool) *relation {
	b := ms.b
	data, blank := b.reference(table), b.reference(table)
	keys := len(ms.keys)
	distinct := &plan.Aggregate{Input: blank.node}
	for _, f := range blank.fields[:keys] {
		distinct.Keys = append(distinct.Keys, plan.Definition{Column: f.column, Expr: &plan.Ref{Column: f.column}})
	}
	bounds := ms.ownBounds(distinct, blank.fields[keys].column)
	var left plan.Node = distinct
	if keys == 0 {
		left = ms.oneRow(blank, nonempty)
	}
	number := b.newColumn("slot", types.Long)
	one := &plan.Literal{Of: types.Long, Value: int64(1)}
	last := fold(b.callBuiltin("-", types.Long, &plan.Call{Function: b.functions.Must("min_of"), Args: []plan.Expr{ms.count(), &plan.Literal{Of: types.Long, Value: int64(maxPoints)}}, Of: types.Long}, one))
	grid := &plan.Generate{Output: number, From: &plan.Literal{Of: types.Long, Value: int64(0)}, To: last, Step: one}
	cross := bounds(&plan.Join{Kind: plan.Cross, Left: left, Right: grid}, number)
	union := &plan.Union{From: []plan.Node{data.node, cross}, Items: make([][]plan.Expr, 2)}
	out := &relation{node: union}
	for i, f := range data.fields {
		c := b.newColumn(f.column.Name, f.column.Type)
		union.Output = append(union.Output, c)
		out.fields = append(out.fields, field{"", c})
		union.Items[0] = append(union.Items[0], &plan.Ref{Column: f.column})
		switch {
		case i < keys:
			union.Items[1] = append(union.Items[1], &plan.Ref{Column: blank.fields[i].column})
		case i == keys:
			union.Items[1] = append(union.Items[1], &plan.Ref{Column: number})
		default:
			union.Items[1] = append(union.Items[1], &plan.Literal{Of: f.column.Type})
		}
	}
	return out
}

// ownBounds adds the first and the last step of each key to keys, as far as the
// query leaves them to the data, and returns what keeps the steps between.
func (ms *series) ownBounds(keys *plan.Aggregate, slot *plan.Column) func(plan.Node, *plan.Column) plan.Node {
	b := ms.b
	bounds := map[string]*plan.Column{}
	add := func(name string, open bool) {
		if !open || len(ms.keys) == 0 {
			return
		}
		c := b.newColumn(name, types.Long)
		call := &plan.Call{Function: b.functions.Must(name), Args: []plan.Expr{&plan.Ref{Column: slot}}, Of: types.Long}
		keys.Aggregates = append(keys.Aggregates, plan.Definition{Column: c, Expr: call})
		bounds[name] = c
	}
	add("min", ms.openFrom)
	add("max", ms.openTo)
	return func(n plan.Node, number *plan.Column) plan.Node {
		if c := bounds["min"]; c != nil {
			n = &plan.Filter{Input: n, Predicate: b.callBuiltin(">=", types.Bool, &plan.Ref{Column: number}, &plan.Ref{Column: c})}
		}
		if c := bounds["max"]; c != nil {
			n = &plan.Filter{Input: n, Predicate: b.callBuiltin("<=", types.Bool, &plan.Ref{Column: number}, &plan.Ref{Column: c})}
		}
		return n
	}
}

// oneRow gives a row if there is data, and with nonempty in any case.
func (ms *series) oneRow(data *relation, nonempty bool) plan.Node {
	b := ms.b
	c := b.newColumn("rows", types.Long)
	count := &plan.Aggregate{Input: data.node, Aggregates: []plan.Definition{{Column: c, Expr: &plan.Call{Function: b.functions.Must("count"), Of: types.Long}}}}
	if nonempty {
		return count
	}
	zero := &plan.Literal{Of: types.Long, Value: int64(0)}
	return &plan.Filter{Input: count, Predicate: b.callBuiltin(">", types.Bool, &plan.Ref{Column: c}, zero)}
}

// count is the number of steps: those that begin before the end.
func (ms *series) count() plan.Expr {
	b := ms.b
	distance := ms.axis.Type
	if distance == types.DateTime {
		distance = types.TimeSpan
	}
	span := fold(b.callBuiltin("-", distance, ms.to, ms.from))
	quotient := b.callBuiltin("/", types.Real, span, ms.step)
	if distance != types.TimeSpan {
		quotient = b.callBuiltin("/", types.Real, convert(span, types.Real), convert(ms.step, types.Real))
	}
	return convert(b.callBuiltin("ceiling", types.Real, quotient), types.Long)
}

// gather makes the arrays, one row for each key.
func (ms *series) gather(filled *relation, items []item, axis string, keys []item) *relation {
	b, n := ms.b, len(ms.keys)
	slot := filled.fields[n].column
	slots := &plan.Aggregate{Input: filled.node}
	for _, f := range filled.fields[:n+1] {
		slots.Keys = append(slots.Keys, plan.Definition{Column: f.column, Expr: &plan.Ref{Column: f.column}})
	}
	for _, f := range filled.fields[n+1:] {
		call := &plan.Call{Function: b.functions.Must("take_any"), Args: []plan.Expr{&plan.Ref{Column: f.column}}, Of: f.column.Type}
		slots.Aggregates = append(slots.Aggregates, plan.Definition{Column: b.newColumn("value", f.column.Type), Expr: call})
	}
	point := &plan.Project{Input: slots, Pass: slots.Columns()}
	lists := &plan.Aggregate{}
	out := &relation{node: lists}
	for i, f := range filled.fields[:n] {
		lists.Keys = append(lists.Keys, plan.Definition{Column: f.column, Expr: &plan.Ref{Column: f.column}})
		out.fields = append(out.fields, field{keys[i].name, f.column})
	}
	list := func(name string, e plan.Expr) {
		value := b.newColumn(name, e.Type())
		point.Define = append(point.Define, plan.Definition{Column: value, Expr: e})
		c := b.newColumn(name, types.Dynamic)
		call := &plan.Call{Function: b.functions.Must("make_list_with_nulls"), Args: []plan.Expr{&plan.Ref{Column: value}}, Of: types.Dynamic, Order: []plan.SortKey{{Column: slot}}}
		lists.Aggregates = append(lists.Aggregates, plan.Definition{Column: c, Expr: call})
		out.fields = append(out.fields, field{out.unique(name), c})
	}
	for i, d := range slots.Aggregates {
		args := []plan.Expr{&plan.Ref{Column: d.Column}, ms.defaults[i]}
		list(items[i].name, b.callBuiltin("coalesce", d.Column.Type, args...))
	}
	list(axis, ms.point(slot))
	lists.Input = point
	if n == 0 {
		return ms.dropEmpty(lists, out)
	}
	return out
}

// point is the start of a step.
func (ms *series) point(slot *plan.Column) plan.Expr {
	b, t := ms.b, ms.axis.Type
	stepType := ms.step.Type()
	offset := b.callBuiltin("*", stepType, ms.step, convert(&plan.Ref{Column: slot}, pointType(stepType)))
	return b.callBuiltin("+", t, ms.from, offset)
}

func pointType(step types.Type) types.Type {
	if step.Numeric() {
		return step
	}
	return types.Long
}

// dropEmpty leaves out the one row of a series without keys and without points.
func (ms *series) dropEmpty(lists *plan.Aggregate, out *relation) *relation {
	b := ms.b
	c := b.newColumn("points", types.Long)
	lists.Aggregates = append(lists.Aggregates, plan.Definition{Column: c, Expr: &plan.Call{Function: b.functions.Must("count"), Of: types.Long}})
	zero := &plan.Literal{Of: types.Long, Value: int64(0)}
	out.node = &plan.Filter{Input: lists, Predicate: b.callBuiltin(">", types.Bool, &plan.Ref{Column: c}, zero)}
	return out
}

package bind

import (
	"slices"
	"strconv"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// narrow makes a row of each cell.
func (c *pluginCall) narrow() *relation {
	if !c.takes(0, 0) {
		return c.nothing()
	}
	r := c.rel
	number := c.newColumn("row", types.Long)
	window := &plan.Window{Input: r.node, Partition: r.partition, Order: r.order}
	window.Define = []plan.Definition{{Column: number, Expr: &plan.Call{Function: c.functions.Must("row_number"), Of: types.Long}}}
	row := fold(c.callBuiltin("-", types.Long, &plan.Ref{Column: number}, long(1)))
	var cells []plan.Expr
	for _, f := range r.fields {
		cells = append(cells, c.callBuiltin("pack_array", types.Dynamic, row, textOf(f.name), convert(&plan.Ref{Column: f.column}, types.String)))
	}
	if len(cells) == 0 {
		c.errorf(c.span(), "there is no column here to make rows of")
		return c.nothing()
	}
	packed := c.newColumn("cells", types.Dynamic)
	node := &plan.Project{Input: window, Define: []plan.Definition{{Column: packed, Expr: c.callBuiltin("pack_array", types.Dynamic, cells...)}}}
	return c.spread(node, packed, []output{outputOf("Row", types.Long), outputOf("Column", types.String), outputOf("Value", types.String)})
}

// preview gives the first rows. Kusto's second table, the number of all rows,
// is left out: a query gives one table.
func (c *pluginCall) preview() *relation {
	if !c.takes(1, 1) {
		return c.nothing()
	}
	n, ok := c.number(c.args()[0], 0)
	if !ok || n < 0 {
		if ok {
			c.errorf(c.args()[0].Span(), "preview() takes a number of rows")
		}
		return c.nothing()
	}
	c.rel.node = c.limited(c.rel, n)
	return c.rel
}

// rowsNear keeps the rows around those where a condition is true: a running
// count of them must differ between the first and the last row around.
func (c *pluginCall) rowsNear() *relation {
	if !c.takes(2, 3) {
		return c.nothing()
	}
	args, r := c.args(), c.rel
	condition := c.condition(args[0], rows(r, c.scope))
	before, ok := c.number(args[1], 0)
	after, known := before, true
	if len(args) == 3 {
		after, known = c.number(args[2], 0)
	}
	if bad(condition) || !ok || !known {
		return c.nothing()
	}
	const most = 1_000_000
	if before < 0 || after < 0 || before > most || after > most {
		c.errorf(c.span(), "rows_near() takes from 0 to %d rows", most)
		return c.nothing()
	}
	flag := &plan.Case{Branches: []plan.Branch{{When: condition, Then: long(1)}}, Else: long(0), Of: types.Long}
	one := c.define(r, []item{{name: "near", expr: flag}})[0]
	sum := c.over(r, "row_cumsum", &plan.Ref{Column: one})
	t := &letTable{shared: &plan.Shared{Node: r.node, Once: true}, rel: r}
	r.fields = append(r.fields, field{"", sum})
	whole, out := c.reference(t), c.reference(t)
	last := c.newColumn("all", types.Long)
	last0 := whole.fields[len(whole.fields)-1].column
	total := &plan.Aggregate{Input: whole.node, Aggregates: []plan.Definition{{Column: last, Expr: &plan.Call{Function: c.functions.Must("max"), Args: []plan.Expr{&plan.Ref{Column: last0}}, Of: types.Long}}}}
	count := &plan.Ref{Column: out.fields[len(out.fields)-1].column}
	out.fields = out.fields[:len(out.fields)-1]
	low := c.over(out, "prev", count, long(after+1), long(0))
	high := c.over(out, "next", count, long(before))
	reached := c.callBuiltin("coalesce", types.Long, &plan.Ref{Column: high}, &plan.Scalar{Node: total, Column: last})
	out.node = &plan.Filter{Input: out.node, Predicate: c.callBuiltin(">", types.Bool, reached, &plan.Ref{Column: low})}
	return out
}

// over adds a column of a window function over the rows as they are ordered.
func (c *pluginCall) over(r *relation, name string, args ...plan.Expr) *plan.Column {
	column := c.newColumn(name, types.Long)
	call := &plan.Call{Function: c.functions.Must(name), Args: args, Of: types.Long}
	r.node = &plan.Window{Input: r.node, Define: []plan.Definition{{Column: column, Expr: call}}, Partition: r.partition, Order: r.order}
	return column
}

// dcountIntersect adds the counts of the values that the first sketch, the
// first two, and so on have in common.
func (c *pluginCall) dcountIntersect() *relation {
	if !c.takes(2, 64) {
		return c.nothing()
	}
	items, ok := c.columnsAt(0)
	if !ok {
		return c.nothing()
	}
	for _, it := range items {
		if it.expr.Type() != types.Dynamic {
			c.errorf(it.at, "dcount_intersect() takes what hll() gives, and this is a %s", it.expr.Type())
			return c.nothing()
		}
	}
	r := c.rel
	counts := c.define(r, []item{{name: "counts", expr: compute("intersect_hll", types.Dynamic, exprsOf(items)...)}})[0]
	var columns []item
	for i := range items {
		element := c.callBuiltin("element", types.Dynamic, &plan.Ref{Column: counts}, long(int64(i)))
		columns = append(columns, item{name: "s" + strconv.Itoa(i), expr: convert(element, types.Long)})
	}
	for i, column := range c.define(r, columns) {
		r.fields = append(r.fields, field{r.unique(columns[i].name), column})
	}
	return r
}

// schemaMerge joins the rows of several getschema.
func (c *pluginCall) schemaMerge() *relation {
	if !c.takes(0, 1) {
		return c.nothing()
	}
	preserve := plan.Expr(&plan.Literal{Of: types.Bool, Value: true})
	if x := c.argument(0, "PreserveOrder"); x != nil {
		if preserve = c.constantAt(x); preserve.Type() != types.Bool {
			c.errorf(x.Span(), "PreserveOrder is true or false")
			return c.nothing()
		}
	}
	outputs := []output{outputOf("ColumnName", types.String), outputOf("ColumnOrdinal", types.Int), outputOf("DataType", types.String), outputOf("ColumnType", types.String)}
	var row []plan.Expr
	for _, o := range outputs {
		column := c.rel.find(o.name)
		if column == nil {
			c.errorf(c.span(), "schema_merge() needs the columns of getschema, and there is no %s", o.name)
			return c.nothing()
		}
		row = append(row, &plan.Ref{Column: column})
	}
	return c.gather("schema_merge", row, nil, []plan.Expr{preserve}, outputs)
}

// sequenceDetect binds sequence_detect(time, step, span, conditions…,
// dimensions…): the conditions are the arguments that are bools.
func (c *pluginCall) sequenceDetect() *relation {
	if !c.takes(4, -1) {
		return c.nothing()
	}
	args := c.args()
	c.op = withArgs(c.op, slices.Concat(args[:1], args[:1], args[1:]))
	t := c.timelineAt(0, false)
	if !t.ok {
		return c.nothing()
	}
	step, span := t.span(args[1]), t.span(args[2])
	items, ok := c.columnsAt(4)
	if !ok || !t.ok {
		return c.nothing()
	}
	n := slices.IndexFunc(items, func(it item) bool { return it.expr.Type() != types.Bool })
	if n < 0 {
		n = len(items)
	}
	if n == 0 {
		c.errorf(args[3].Span(), "sequence_detect() takes a condition here, as in start = (EventID == 1)")
		return c.nothing()
	}
	steps, dims := items[:n], items[n:]
	outputs := outputsOf(dims)
	var flags []plan.Expr
	keep := steps[0].expr
	for i, s := range steps {
		flags = append(flags, c.callBuiltin("coalesce", types.Bool, s.expr, &plan.Literal{Of: types.Bool, Value: false}))
		if i > 0 {
			keep = c.callBuiltin("or", types.Bool, keep, s.expr)
		}
		outputs = append(outputs, output{s.name + "_" + t.name, t.at.Type(), types.Long})
	}
	duration := output{"Duration", t.distance(), types.Long}
	row := append([]plan.Expr{convert(t.at, types.Long), c.callBuiltin("pack_array", types.Dynamic, flags...)}, exprsOf(dims)...)
	c.rel.node = &plan.Filter{Input: c.rel.node, Predicate: keep}
	return c.gather("detect_sequences", row, nil, []plan.Expr{convert(step, types.Long), convert(span, types.Long)}, append(outputs, duration))
}

// funnelSequence binds funnel_sequence(id, time, start, end, window, step,
// state, sequence). It gives the first of Kusto's three tables.
func (c *pluginCall) funnelSequence() *relation {
	if !c.takes(8, 8) {
		return c.nothing()
	}
	args := c.args()
	t := c.timelineAt(0, true)
	if !t.ok {
		return c.nothing()
	}
	window, step := t.span(args[4]), t.step(args[5])
	state, sequence := c.scalarAt(args[6]), c.constantAt(args[7])
	if !t.ok || bad(state) || bad(sequence) {
		return c.nothing()
	}
	t.within(nil)
	outputs := append(t.outputs(), outputOf("prev", state.Type()), outputOf("next", state.Type()), outputOf("dcount", types.Long), outputOf("samples", types.Dynamic))
	params := append(append([]plan.Expr{t.firstStep()}, step...), convert(window, types.Long), convert(sequence, types.Dynamic))
	return c.gather("funnel_sequence", []plan.Expr{t.id, convert(t.at, types.Long), state}, nil, params, outputs)
}

// funnelCompletion binds funnel_sequence_completion(id, time, start, end, step,
// state, sequence, periods).
func (c *pluginCall) funnelCompletion() *relation {
	if !c.takes(8, 8) {
		return c.nothing()
	}
	args := c.args()
	t := c.timelineAt(0, true)
	if !t.ok {
		return c.nothing()
	}
	step := t.step(args[4])
	state, sequence, periods := c.scalarAt(args[5]), c.constantAt(args[6]), c.constantAt(args[7])
	if !t.ok || bad(state) || bad(sequence) || bad(periods) {
		return c.nothing()
	}
	name, _ := c.autoName(args[5], rows(c.rel, c.scope))
	t.within(nil)
	outputs := append(t.outputs(), outputOf(name, types.String), output{"Period", types.TimeSpan, types.Long}, outputOf("dcount", types.Long))
	params := append(append([]plan.Expr{t.firstStep()}, step...), convert(sequence, types.Dynamic), convert(periods, types.Dynamic))
	return c.gather("funnel_completion", []plan.Expr{t.id, convert(t.at, types.Long), convert(state, types.String)}, nil, params, outputs)
}

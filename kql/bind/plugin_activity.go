package bind

import (
	"slices"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// timeline is what the plugins have in common that follow users in the course
// of time: who, when, and within which bounds.
type timeline struct {
	c          *pluginCall
	id, at     plan.Expr
	name       string   // of the time's column
	times      []string // of the result, if there is not just that one
	start, end plan.Expr
	dims       []item
	ok         bool
}

// timelineAt binds the arguments id and time, which begin at place, and with
// bounded the start and the end behind them.
func (c *pluginCall) timelineAt(place int, bounded bool) *timeline {
	t := &timeline{c: c}
	args := c.args()
	t.id, t.at = c.scalarAt(args[place]), c.scalarAt(args[place+1])
	if bad(t.id) || bad(t.at) {
		return t
	}
	t.name, _ = c.autoName(args[place+1], rows(c.rel, c.scope))
	if t.at.Type() == types.Int {
		t.at = convert(t.at, types.Long)
	}
	if of := t.at.Type(); of != types.DateTime && of != types.TimeSpan && of != types.Long {
		c.errorf(args[place+1].Span(), "%s() needs a timeline of datetimes, timespans or longs, not of %s", c.name(), of)
		return t
	}
	t.ok = true
	if bounded {
		t.start, t.end = t.point(args[place+2]), t.point(args[place+3])
	}
	return t
}

// point binds a constant of the timeline's type.
func (t *timeline) point(x syntax.Expr) plan.Expr { return t.constant(x, t.at.Type()) }

// span binds a constant distance on the timeline.
func (t *timeline) span(x syntax.Expr) plan.Expr { return t.constant(x, t.distance()) }

func (t *timeline) distance() types.Type {
	if t.at.Type() == types.DateTime {
		return types.TimeSpan
	}
	return t.at.Type()
}

func (t *timeline) constant(x syntax.Expr, want types.Type) plan.Expr {
	e := t.c.constantAt(x)
	if bad(e) {
		t.ok = false
		return unknown
	}
	if !constant(e) || !types.Widens(e.Type(), want) && e.Type() != types.Dynamic {
		t.c.errorf(x.Span(), "%s() takes a constant %s here, not a %s", t.c.name(), want, e.Type())
		t.ok = false
		return unknown
	}
	return convert(e, want)
}

// step binds a distance, or the word week, month or year. It gives the
// parameters size and unit.
func (t *timeline) step(x syntax.Expr) []plan.Expr {
	e := t.c.constantAt(x)
	if l, ok := e.(*plan.Literal); ok && l.Of == types.String {
		unit, _ := l.Value.(string)
		if t.at.Type() != types.DateTime || unit != "week" && unit != "month" && unit != "year" {
			t.c.errorf(x.Span(), "the step of a timeline is a %s; that of datetimes can also be 'week', 'month' or 'year'", t.distance())
			t.ok = false
		}
		return []plan.Expr{long(0), textOf(unit)}
	}
	return []plan.Expr{convert(t.span(x), types.Long), textOf("")}
}

// dimensions binds the columns that slice the result.
func (t *timeline) dimensions(from int) {
	items, ok := t.c.columnsAt(from)
	t.dims, t.ok = items, t.ok && ok
}

// within keeps the rows of the timeline's bounds, back by some distance before
// the start.
func (t *timeline) within(back plan.Expr) {
	if !t.ok {
		return
	}
	c, of := t.c, t.at.Type()
	keep := c.callBuiltin("isnotnull", types.Bool, t.at)
	if t.start != nil {
		start := t.start
		if back != nil {
			start = fold(c.callBuiltin("-", of, start, back))
		}
		keep = c.callBuiltin("and", types.Bool, c.callBuiltin(">=", types.Bool, t.at, start), c.callBuiltin("<=", types.Bool, t.at, t.end))
	}
	c.rel.node = &plan.Filter{Input: c.rel.node, Predicate: keep}
}

// firstStep is where steps begin to be counted: the start, or zero.
func (t *timeline) firstStep() plan.Expr {
	if t.start == nil {
		return long(0)
	}
	return convert(t.start, types.Long)
}

// count groups the rows by user, time and dimensions, and hands them to a
// function as [user, time, how many, dimensions…]. A size puts times together
// that lie in the same step of it anyway.
func (t *timeline) count(function string, size plan.Expr, params []plan.Expr, values []output) *relation {
	if !t.ok {
		return t.c.nothing()
	}
	c := t.c
	at := convert(t.at, types.Long)
	if size != nil {
		first := t.firstStep()
		at = c.callBuiltin("+", types.Long, first, c.callBuiltin("bin", types.Long, c.callBuiltin("-", types.Long, at, first), size))
	}
	keys := append([]item{{name: "id", expr: convert(t.id, types.String)}, {name: "at", expr: at}}, t.dims...)
	group := &plan.Aggregate{Input: c.rel.node}
	row := make([]plan.Expr, 0, len(keys)+1)
	for _, k := range keys {
		column := c.newColumn(k.name, k.expr.Type())
		group.Keys = append(group.Keys, plan.Definition{Column: column, Expr: k.expr})
		row = append(row, &plan.Ref{Column: column})
	}
	count := c.newColumn("count", types.Long)
	group.Aggregates = []plan.Definition{{Column: count, Expr: &plan.Call{Function: c.functions.Must("count"), Of: types.Long}}}
	row = slices.Insert(row, 2, plan.Expr(&plan.Ref{Column: count}))
	c.rel = &relation{node: group}
	return c.gather(function, row, nil, params, append(t.outputs(), values...))
}

// outputs are the times and the dimensions.
func (t *timeline) outputs() []output {
	times := t.times
	if times == nil {
		times = []string{t.name}
	}
	var all []output
	for _, name := range times {
		all = append(all, output{name, t.at.Type(), types.Long})
	}
	return append(all, outputsOf(t.dims)...)
}

// sizeOf is the size of a step if it is a distance.
func sizeOf(step []plan.Expr) plan.Expr {
	if l, ok := step[1].(*plan.Literal); ok && l.Value == "" {
		return step[0]
	}
	return nil
}

func (c *pluginCall) activityCounts() *relation {
	if !c.takes(5, -1) {
		return c.nothing()
	}
	t := c.timelineAt(0, true)
	if !t.ok {
		return c.nothing()
	}
	step := t.step(c.args()[4])
	t.dimensions(5)
	t.within(nil)
	return t.count("activity_counts", sizeOf(step), append([]plan.Expr{t.firstStep()}, step...), []output{
		outputOf("count", types.Long), outputOf("dcount", types.Long), outputOf("new_dcount", types.Long), outputOf("aggregated_dcount", types.Long),
	})
}

func (c *pluginCall) activityMetrics() *relation {
	if !c.takes(3, -1) {
		return c.nothing()
	}
	bounded := len(c.args()) > 4
	if len(c.args()) == 4 {
		c.errorf(c.span(), "activity_metrics() takes a start and an end, or neither of them")
		return c.nothing()
	}
	t := c.timelineAt(0, bounded)
	if !t.ok {
		return c.nothing()
	}
	at := 2
	if bounded {
		at = 4
	}
	step := t.step(c.args()[at])
	t.dimensions(at + 1)
	t.within(nil)
	return t.count("activity_metrics", sizeOf(step), append([]plan.Expr{t.firstStep()}, step...), []output{
		outputOf("dcount_values", types.Long), outputOf("dcount_newvalues", types.Long), outputOf("retention_rate", types.Real), outputOf("churn_rate", types.Real),
	})
}

func (c *pluginCall) activityEngagement() *relation {
	if !c.takes(4, -1) {
		return c.nothing()
	}
	bounded := len(c.args()) > 5
	if len(c.args()) == 5 {
		c.errorf(c.span(), "activity_engagement() takes a start and an end, or neither of them")
		return c.nothing()
	}
	t := c.timelineAt(0, bounded)
	if !t.ok {
		return c.nothing()
	}
	at := 2
	if bounded {
		at = 4
	}
	inner, outer := t.step(c.args()[at]), t.span(c.args()[at+1])
	t.dimensions(at + 2)
	t.within(nil)
	params := append(append([]plan.Expr{t.firstStep()}, inner...), convert(outer, types.Long))
	return t.count("activity_engagement", nil, params, []output{
		outputOf("dcount_activities_inner", types.Long), outputOf("dcount_activities_outer", types.Long), outputOf("activity_ratio", types.Real),
	})
}

func (c *pluginCall) activeUsers() *relation {
	if !c.takes(8, -1) {
		return c.nothing()
	}
	t := c.timelineAt(0, true)
	if !t.ok {
		return c.nothing()
	}
	args := c.args()
	lookback, period, step := t.span(args[4]), t.span(args[5]), t.step(args[7])
	enough, ok := c.number(args[6], 1)
	t.dimensions(8)
	t.ok = t.ok && ok
	t.within(lookback)
	params := append(append([]plan.Expr{t.firstStep()}, step...), convert(lookback, types.Long), convert(period, types.Long), long(enough))
	return t.count("active_users", nil, params, []output{outputOf("dcount", types.Long)})
}

func (c *pluginCall) sessionCount() *relation {
	if !c.takes(6, -1) {
		return c.nothing()
	}
	t := c.timelineAt(0, true)
	if !t.ok {
		return c.nothing()
	}
	step, lookback := t.step(c.args()[4]), t.span(c.args()[5])
	t.dimensions(6)
	t.within(lookback)
	params := append(append([]plan.Expr{t.firstStep()}, step...), convert(lookback, types.Long))
	return t.count("session_count", nil, params, []output{outputOf("count_sessions", types.Long)})
}

func (c *pluginCall) slidingWindows() *relation {
	if !c.takes(6, -1) {
		return c.nothing()
	}
	t := c.timelineAt(0, true)
	if !t.ok {
		return c.nothing()
	}
	lookback, step := t.span(c.args()[4]), t.step(c.args()[5])
	t.dimensions(6)
	t.within(lookback)
	params := append(append([]plan.Expr{t.firstStep()}, step...), convert(t.end, types.Long), convert(lookback, types.Long))
	return t.count("sliding_windows", sizeOf(step), params, []output{outputOf("Count", types.Long), outputOf("Dcount", types.Long)})
}

// newActivity binds new_activity_metrics(id, time, start, end, step, cohort?,
// dimensions…, lookback table?).
func (c *pluginCall) newActivity() *relation {
	if !c.takes(5, -1) {
		return c.nothing()
	}
	t := c.timelineAt(0, true)
	if !t.ok {
		return c.nothing()
	}
	args := c.args()
	step := t.step(args[4])
	at := 5
	var cohort plan.Expr = &plan.Literal{Of: types.Long}
	if len(args) > at {
		if name, isName := args[at].(*syntax.Name); !c.isTabular(args[at], c.scope) && (!isName || c.rel.find(name.Text) == nil) {
			cohort = convert(t.point(args[at]), types.Long)
			at++
		}
	}
	old := plan.Expr(&plan.Literal{Of: types.Dynamic, Value: "[]"})
	if last := args[len(args)-1]; len(args) > at && c.isTabular(last, c.scope) {
		if old = c.seenBefore(last, args[0]); bad(old) {
			return c.nothing()
		}
		c.op = withArgs(c.op, args[:len(args)-1])
	}
	t.dimensions(at)
	t.within(nil)
	params := append(append([]plan.Expr{t.firstStep()}, step...), convert(t.end, types.Long), cohort, old)
	if !t.ok {
		return c.nothing()
	}
	return t.countPairs(params)
}

// countPairs gives the two times of new_activity_metrics before the dimensions.
func (t *timeline) countPairs(params []plan.Expr) *relation {
	values := []output{
		outputOf("dcount_new_values", types.Long), outputOf("dcount_retained_values", types.Long), outputOf("dcount_churn_values", types.Long),
		outputOf("retention_rate", types.Real), outputOf("churn_rate", types.Real),
	}
	t.times = []string{"from_" + t.name, "to_" + t.name}
	return t.count("new_activity", nil, params, values)
}

func withArgs(op *syntax.EvaluateOperator, args []syntax.Expr) *syntax.EvaluateOperator {
	call := *op.Plugin
	call.Args = args
	out := *op
	out.Plugin = &call
	return &out
}

// seenBefore gathers the users of the lookback table: its column of the user's
// name, or its first one.
func (c *pluginCall) seenBefore(x, id syntax.Expr) plan.Expr {
	rel := c.tabular(x, c.scope)
	if len(rel.fields) == 0 {
		return unknown
	}
	column := rel.fields[0].column
	if name, ok := c.autoName(id, rows(c.rel, c.scope)); ok && rel.find(name) != nil {
		column = rel.find(name)
	}
	list := c.newColumn("seen", types.Dynamic)
	call := &plan.Call{Function: c.functions.Must("make_set"), Args: []plan.Expr{convert(&plan.Ref{Column: column}, types.String)}, Of: types.Dynamic}
	node := &plan.Aggregate{Input: rel.node, Aggregates: []plan.Definition{{Column: list, Expr: call}}}
	return &plan.Scalar{Node: node, Column: list}
}

// rollingPercentile binds rolling_percentile(value, percentage, index, step,
// steps in a window, dimensions…).
func (c *pluginCall) rollingPercentile() *relation {
	if !c.takes(5, -1) {
		return c.nothing()
	}
	args := c.args()
	value := c.scalarAt(args[0])
	percentage, ok := c.percentage(c.constantAt(args[1]), args[1])
	if bad(value) || !ok {
		return c.nothing()
	}
	if t := value.Type(); !t.Summable() && t != types.DateTime {
		c.errorf(args[0].Span(), "rolling_percentile() needs a number, a timespan or a datetime, not a %s", t)
		return c.nothing()
	}
	c.op = withArgs(c.op, slices.Concat(args[:1], args[2:]))
	t := c.timelineAt(0, false)
	if !t.ok {
		return c.nothing()
	}
	step := t.step(args[3])
	width, ok := c.number(args[4], 1)
	t.dimensions(4)
	if !t.ok || !ok {
		return c.nothing()
	}
	raw := value.Type()
	if raw == types.DateTime || raw == types.TimeSpan {
		raw = types.Long
	}
	valueName, _ := c.autoName(args[0], rows(c.rel, c.scope))
	name := "rolling_" + percentText(float64(width)) + "_percentile_" + valueName + "_" + percentText(percentage.Value.(float64))
	row := append([]plan.Expr{convert(value, raw), convert(t.at, types.Long), long(1)}, exprsOf(t.dims)...)
	params := append(append([]plan.Expr{long(0)}, step...), percentage, long(width))
	return c.gather("rolling_percentile", row, nil, params, append(t.outputs(), output{name, value.Type(), raw}))
}

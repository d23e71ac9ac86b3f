package bind

import (
	"slices"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// plugins says how each plugin is bound.
func plugins() map[string]func(*pluginCall) *relation {
	return map[string]func(*pluginCall) *relation{
		"bag_unpack": (*pluginCall).bagUnpack,
		"pivot":      (*pluginCall).pivot,

		"geo_polygon_lookup":      (*pluginCall).geo,
		"geo_line_lookup":         (*pluginCall).geo,
		"activity_counts_metrics": (*pluginCall).activityCounts,
		"activity_metrics":        (*pluginCall).activityMetrics,
		"activity_engagement":     (*pluginCall).activityEngagement,
		"active_users_count":      (*pluginCall).activeUsers,
		"session_count":           (*pluginCall).sessionCount,
		"sliding_window_counts":   (*pluginCall).slidingWindows,
		"new_activity_metrics":    (*pluginCall).newActivity,
		"rolling_percentile":      (*pluginCall).rollingPercentile,

		"narrow":                     (*pluginCall).narrow,
		"preview":                    (*pluginCall).preview,
		"rows_near":                  (*pluginCall).rowsNear,
		"dcount_intersect":           (*pluginCall).dcountIntersect,
		"schema_merge":               (*pluginCall).schemaMerge,
		"sequence_detect":            (*pluginCall).sequenceDetect,
		"funnel_sequence":            (*pluginCall).funnelSequence,
		"funnel_sequence_completion": (*pluginCall).funnelCompletion,
		"ipv4_lookup":                (*pluginCall).ipv4Lookup,
		"ipv6_lookup":                (*pluginCall).ipv6Lookup,
		"autocluster":                (*pluginCall).autocluster,
		"basket":                     (*pluginCall).basket,
		"diffpatterns":               (*pluginCall).diffpatterns,
		"diffpatterns_text":          (*pluginCall).diffpatternsText,
	}
}

// evaluate binds the call of a plugin.
func (b *binder) evaluate(op *syntax.EvaluateOperator, rel *relation, s *scope) *relation {
	name := op.Plugin.Func
	bind, ok := plugins()[name.Text]
	if ok && rel == nil {
		b.errorf(op.Span(), "this operator needs a table before it")
		return b.nothing()
	}
	if ok {
		c := &pluginCall{binder: b, op: op, rel: rel.derive(), scope: s}
		return c.schema(bind(c))
	}
	b.noPlugin(name)
	return b.nothing()
}

// pluginCall is one call of a plugin. Its relation is a copy of the input.
type pluginCall struct {
	*binder
	op    *syntax.EvaluateOperator
	rel   *relation
	scope *scope
}

func (c *pluginCall) geo() *relation { return c.geoLookup(c.op, c.rel, c.scope) }

func (c *pluginCall) name() string { return c.op.Plugin.Func.Text }

func (c *pluginCall) span() source.Span { return c.op.Plugin.Span() }

func (c *pluginCall) args() []syntax.Expr { return c.op.Plugin.Args }

// takes checks the number of arguments; most is -1 when there is no bound.
func (c *pluginCall) takes(least, most int) bool {
	if n := len(c.args()); n < least || most >= 0 && n > most {
		c.errorf(c.span(), "%s() takes %s, not %d", c.name(), howMany(least, most), n)
		return false
	}
	return true
}

// argument returns what is given for a parameter: by one of its names, or at
// its place if what stands there has none. It is nil when there is nothing.
func (c *pluginCall) argument(place int, names ...string) syntax.Expr {
	for i, a := range c.args() {
		named, ok := a.(*syntax.Named)
		switch {
		case ok && slices.Contains(names, named.Names[0].Text):
			return named.X
		case !ok && i == place:
			return a
		}
	}
	return nil
}

// scalarAt binds an expression over the rows of the input.
func (c *pluginCall) scalarAt(x syntax.Expr) plan.Expr { return c.scalar(x, rows(c.rel, c.scope)) }

// constantAt binds an expression that has one value for the whole table.
func (c *pluginCall) constantAt(x syntax.Expr) plan.Expr {
	return c.scalar(x, constants(c.scope))
}

// text returns a constant string; ok is false after a mistake.
func (c *pluginCall) text(x syntax.Expr) (string, bool) {
	if x == nil {
		return "", true
	}
	e := c.constantAt(x)
	if l, ok := e.(*plan.Literal); ok && l.Of == types.String {
		return l.Value.(string), true
	}
	if !bad(e) {
		c.errorf(x.Span(), "%s() takes a constant string here", c.name())
	}
	return "", false
}

// number returns a constant whole number, or the default when x is nil.
func (c *pluginCall) number(x syntax.Expr, fallback int64) (int64, bool) {
	if x == nil {
		return fallback, true
	}
	e := c.constantAt(x)
	if l, ok := convert(e, types.Long).(*plan.Literal); ok && e.Type().Integer() && l.Value != nil {
		return l.Value.(int64), true
	}
	if !bad(e) {
		c.errorf(x.Span(), "%s() takes a constant whole number here", c.name())
	}
	return 0, false
}

// schema gives the result the columns that the query declares. One that the
// result lacks is taken from the bag that it was made of, else it is null.
func (c *pluginCall) schema(r *relation) *relation {
	if c.op.Schema == nil && !c.op.AllColumns || r.open != nil && r.open.column == nil {
		return r
	}
	var items []item
	for _, d := range c.op.Schema {
		var e plan.Expr = &plan.Literal{Of: d.Type}
		if existing := r.find(d.Name.Text); existing != nil {
			e = &plan.Ref{Column: existing}
		} else if r.open != nil {
			e = c.openMember(d.Name.Text, r)
		}
		items = append(items, item{name: d.Name.Text, expr: convert(e, d.Type)})
	}
	kept := r.fields
	r.open, r.fields = nil, nil
	columns := c.define(r, items)
	if c.op.AllColumns {
		for _, f := range kept {
			if !slices.ContainsFunc(items, func(it item) bool { return it.name == f.name }) {
				r.fields = append(r.fields, f)
			}
		}
	}
	for i, column := range columns {
		r.fields = append(r.fields, field{items[i].name, column})
	}
	return r
}

// invoke calls a function with the table so far as its first argument.
func (b *binder) invoke(op *syntax.InvokeOperator, rel *relation, s *scope) *relation {
	v := s.find(op.Function.Func.Text)
	if v == nil || v.function == nil {
		if name := op.Function.Func; !b.refused(name, "function "+name.Text+"()") {
			b.errorf(name.Span(), "no function %q; let defines one", name.Text)
		}
		return b.nothing()
	}
	result := b.call(v.function, op.Function.Args, op, constants(s), rel)
	if result.rel == nil {
		b.errorf(op.Span(), "the function %s gives a scalar, and a table is expected here", v.function.name)
		return b.nothing()
	}
	return result.rel
}

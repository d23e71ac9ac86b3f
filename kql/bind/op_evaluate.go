package bind

import (
	"slices"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// plugin is what evaluate can call: how it is bound, or why it is refused.
type plugin struct {
	bind    func(*pluginCall) *relation
	refused string
}

// plugins is every plugin of Kusto.
func plugins() map[string]plugin {
	all := map[string]plugin{}
	for name, bind := range map[string]func(*pluginCall) *relation{
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
	} {
		all[name] = plugin{bind: bind}
	}
	const code, outside = "a query runs no code of its own", "a query reads tables and nothing else"
	for _, name := range []string{"python", "r", "csharp"} {
		all[name] = plugin{refused: code}
	}
	for _, name := range []string{
		"http_request", "http_request_post", "sql_request", "cosmosdb_sql_request", "mysql_request", "postgresql_request",
		"azure_digital_twins_query_request", "infer_storage_schema", "infer_storage_schema_with_suggestions",
		"ai_embeddings", "ai_embed_text", "ai_chat_completion", "ai_chat_completion_prompt", "execute_query", "execute_show_command",
	} {
		all[name] = plugin{refused: outside}
	}
	return all
}

// evaluate binds the call of a plugin.
func (b *binder) evaluate(op *syntax.EvaluateOperator, rel *relation, s *scope) *relation {
	name := op.Plugin.Func
	all := plugins()
	p, ok := all[name.Text]
	if p.refused != "" {
		b.errorf(name.Span(), "the plugin %s is not supported: %s", name.Text, p.refused)
		return b.nothing()
	}
	if ok {
		c := &pluginCall{binder: b, op: op, rel: rel.derive(), scope: s}
		return c.schema(p.bind(c))
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
	// declared says that the plugin has dealt with the schema itself.
	declared bool
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
	if c.declared || c.op.Schema == nil && !c.op.AllColumns || r.open != nil && r.open.column == nil {
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
		b.errorf(op.Function.Func.Span(), "no function %q; let defines one", op.Function.Func.Text)
		return b.nothing()
	}
	result := b.call(v.function, op.Function.Args, op, constants(s), rel)
	if result.rel == nil {
		b.errorf(op.Span(), "the function %s gives a scalar, and a table is expected here", v.function.name)
		return b.nothing()
	}
	return result.rel
}

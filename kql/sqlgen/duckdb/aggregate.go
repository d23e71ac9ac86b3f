package duckdb

import (
	"strings"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// aggregate writes GROUP BY; without aggregates it is DISTINCT.
func (g *generator) aggregate(n *plan.Aggregate) *block {
	reads := make([]plan.Expr, 0, len(n.Keys)+len(n.Aggregates))
	for _, d := range append(n.Keys[:len(n.Keys):len(n.Keys)], n.Aggregates...) {
		reads = append(reads, d.Expr)
	}
	in := g.ready(g.node(n.Input), reads...)
	out := &block{from: in.from, where: in.where, columns: n.Columns(), exprs: map[*plan.Column]string{}, computed: map[*plan.Column]bool{}}
	for _, d := range n.Keys {
		key, value := g.key(d.Expr, in, len(n.Aggregates) > 0)
		out.exprs[d.Column] = value
		out.group = append(out.group, key)
	}
	if len(n.Aggregates) == 0 {
		if len(n.Keys) == 0 {
			// One row, whatever the input; nothing reads a column of it.
			return &block{from: "(SELECT 1) AS " + g.alias(), exprs: map[*plan.Column]string{}}
		}
		out.group, out.distinct = nil, true
		return out
	}
	for _, d := range n.Aggregates {
		out.exprs[d.Column] = g.known[n].withKnown(g.aggregateCall(d.Expr, in), d.Expr)
	}
	if len(n.Keys) == 0 {
		return g.wrap(out)
	}
	return out
}

// key writes what rows are grouped by, and the value of a group. Times that are cut to
// steps are grouped by the number of the step, if they may be: it is quicker than
// cutting, and the time of a step is made once a group.
func (g *generator) key(e plan.Expr, b *block, apart bool) (key, value string) {
	if c, ok := e.(*plan.Call); ok && apart && !g.options.Careful && c.Function.Name == "bin" && c.Of == types.DateTime {
		if span, ok := constantSpan(c.Args[1]); ok && span > 0 && span%10 == 0 {
			step := itoa(int64(span) / 10)
			key = "((epoch_us(" + g.expr(c.Args[0], b) + ") + " + sinceYearOne + ") // " + step + ")"
			return key, "make_timestamp(" + key + " * " + step + " - " + sinceYearOne + ")"
		}
	}
	text := g.expr(e, b)
	return text, text
}

// aggregateCall writes one aggregate. A string result is never NULL.
func (g *generator) aggregateCall(e plan.Expr, b *block) string {
	c, ok := e.(*plan.Call)
	if !ok {
		g.fail("an aggregate must be a call, not a %T", e)
		return "NULL"
	}
	args := g.exprs(c.Args, b)
	name, filter := c.Function.Name, ""
	if i, conditional := conditions[name]; conditional {
		filter = " FILTER (WHERE " + g.predicate(c.Args[i], b) + ")"
		name = strings.TrimSuffix(strings.TrimSuffix(name, "if"), "_")
	}
	text := g.plainAggregate(name, c, args, filter, b)
	if c.Of == types.String {
		return "coalesce(" + text + ", '')"
	}
	return text
}

// conditions says which argument of an aggregate is its predicate.
var conditions = map[string]int{
	"countif": 0, "sumif": 1, "avgif": 1, "minif": 1, "maxif": 1, "dcountif": 1, "count_distinctif": 1, "stdevif": 1, "varianceif": 1,
	"stdevpif": 1, "variancepif": 1, "covarianceif": 2, "covariancepif": 2, "hll_if": 1,
	"make_list_if": 1, "make_set_if": 1, "make_bag_if": 1, "take_anyif": 1,
}

func (g *generator) plainAggregate(name string, c *plan.Call, a []string, filter string, b *block) string {
	switch name {
	case "count":
		return "count(*)" + filter
	case "sum":
		if c.Of == types.DateTime {
			total := "sum(CAST(epoch_us(" + a[0] + ") AS HUGEINT) + 62135596800000000)" + filter
			return "(CASE WHEN " + total + " BETWEEN 0 AND 315537897599999999 THEN make_timestamp(CAST(" + total + " AS BIGINT) - 62135596800000000) END)"
		}
		return "TRY_CAST(coalesce(sum(" + a[0] + ")" + filter + ", 0) AS " + sqlType(c.Of) + ")"
	case "avg":
		return average(c.Of, a[0], filter)
	case "min", "max":
		return name + "(" + a[0] + ")" + filter
	case "dcount", "count_distinct":
		return "count(DISTINCT " + a[0] + ")" + filter
	case "stdev", "variance", "stdevp", "variancep":
		return spread(name, c.Args[0].Type(), a[0], filter)
	case "covariance":
		return "coalesce(covar_samp(" + ticks(a[0], c.Args[0].Type()) + ", " + ticks(a[1], c.Args[1].Type()) + ")" + filter + ", 0)"
	case "covariancep":
		return "coalesce(covar_pop(" + ticks(a[0], c.Args[0].Type()) + ", " + ticks(a[1], c.Args[1].Type()) + ")" + filter + ", 0)"
	case "make_list", "make_set", "make_list_with_nulls":
		return g.gather(name, c, a, filter, b)
	case "make_bag":
		return g.makeBag(g.json(c.Args[0], b), g.sizeLimit(c, a), filter)
	case "hll", "hll_merge", "tdigest", "tdigest_merge", "buildschema", "percentilew":
		return g.sketch(name, c, a, filter, b)
	case "percentile":
		return "quantile_disc(" + a[0] + ", least(greatest(" + a[1] + " / 100, 0), 1))"
	case "arg_max", "arg_min":
		if c.Args[0].Type() == types.Decimal { // which may have more digits than a double
			return "(CASE WHEN count(" + a[0] + ") = 0 THEN first(" + a[1] + ") ELSE " + name + "_null(" + a[1] + ", " + a[0] + ") END)"
		}
		return name + "_null(" + a[1] + ", " + g.nullsLose(name, a[0], c.Args[0]) + ")"
	case "take_any":
		return "any_value(" + a[0] + ")" + filter
	case "binary_all_or":
		return "bit_or(" + a[0] + ")"
	case "binary_all_and":
		return "bit_and(" + a[0] + ")"
	case "binary_all_xor":
		return "bit_xor(" + a[0] + ")"
	}
	g.fail("no SQL for the aggregate %s", c.Function.Name)
	return "NULL"
}

// nullsLose gives null a value that any other beats, so that a row is found where
// all values are null too.
func (g *generator) nullsLose(name, value string, e plan.Expr) string {
	t := e.Type()
	if t == types.String || neverNull(e) {
		return value
	}
	worst := worsts[sqlType(t)][name]
	if t == types.Guid {
		worst = map[string]string{"arg_max": "''", "arg_min": "'g'"}[name]
	}
	return "coalesce(" + value + ", " + worst + ")"
}

// worsts are by a type of the engine.
var worsts = map[string]map[string]string{
	"BOOLEAN":   {"arg_max": "false", "arg_min": "true"},
	"INTEGER":   {"arg_max": "CAST(-2147483648 AS INTEGER)", "arg_min": "2147483647"},
	"BIGINT":    {"arg_max": "CAST(-9223372036854775808 AS BIGINT)", "arg_min": "9223372036854775807"},
	"DOUBLE":    {"arg_max": "CAST('-infinity' AS DOUBLE)", "arg_min": "CAST('nan' AS DOUBLE)"},
	"TIMESTAMP": {"arg_max": "CAST('-infinity' AS TIMESTAMP)", "arg_min": "CAST('infinity' AS TIMESTAMP)"},
}

func average(t types.Type, x, filter string) string {
	switch t {
	case types.TimeSpan:
		return "TRY_CAST(avg(" + x + ")" + filter + " AS BIGINT)"
	case types.DateTime:
		return "make_timestamp(CAST(avg(epoch_us(" + x + "))" + filter + " AS BIGINT))"
	}
	if t == types.Real {
		return "coalesce(avg(" + x + ")" + filter + ", CAST('nan' AS DOUBLE))" // the sum, 0, by the count, 0
	}
	return "avg(" + x + ")" + filter
}

// elements is the list of the elements of an array, and of a value that is none
// the list of it alone: make_list() and make_set() gather what is in arrays.
func elements(value string) string {
	return "CASE WHEN json_type(" + value + ") = 'ARRAY' THEN " + jsonElements(value) + " ELSE [" + value + "] END"
}

// gather writes make_list and make_set. A set is sorted, since Kusto promises
// no order and equal queries should give equal answers.
func (g *generator) gather(name string, c *plan.Call, a []string, filter string, b *block) string {
	isReal := c.Args[0].Type() == types.Real
	value := a[0] // a set of reals is sorted as numbers
	if !isReal {
		value = g.jsonItem(c.Args[0], b)
	}
	list := ""
	present := a[0] + " IS NOT NULL"
	if c.Args[0].Type() == types.String {
		present = ""
	}
	switch {
	case name == "make_list_with_nulls":
		present = ""
	case present != "" && filter == "":
		filter = " FILTER (WHERE " + present + ")"
	case present != "":
		filter = strings.TrimSuffix(filter, ")") + " AND " + present + ")"
	}
	if c.Of == types.Long { // only the size is asked for
		if name == "make_set" {
			return "least(count(DISTINCT " + a[0] + ")" + filter + ", " + g.sizeLimit(c, a) + ")"
		}
		return "least(count(" + a[0] + ")" + filter + ", " + g.sizeLimit(c, a) + ")"
	}
	distinct, order := "", ""
	if name == "make_set" {
		distinct = "DISTINCT "
	} else if len(c.Order) > 0 {
		order = " ORDER BY " + g.orderBy(b, c.Order)
	}
	if spreads := c.Args[0].Type() == types.Dynamic && name != "make_list_with_nulls"; spreads {
		list = "flatten(list(" + distinct + elements(value) + order + ")" + filter + ")"
		if distinct != "" {
			list = "list_distinct(" + list + ")"
		}
	} else {
		list = "list(" + distinct + value + order + ")" + filter
	}
	if distinct != "" {
		list = "list_sort(" + list + ")"
	}
	list = "(" + list + ")[:" + g.sizeLimit(c, a) + "]"
	if isReal {
		list = "list_transform(" + list + ", lambda e: " + jsonReal("e") + ")"
	}
	return "coalesce(CAST(to_json(" + list + ") AS VARCHAR), '[]')"
}

package duckdb

import (
	"strings"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// mostGathered is the greatest length of what make_list(), make_set() and
// make_bag() give, as in Kusto.
const mostGathered = 1 << 20

// sizeLimit is the limit of such an aggregate, of which all arguments are given: a
// number, or what a table or the key of a group says.
func (g *generator) sizeLimit(c *plan.Call, args []string) string {
	last := len(c.Args) - 1
	if last == 0 || !c.Args[last].Type().Integer() {
		return itoa(mostGathered)
	}
	if limit, ok := constantInt(c.Args[last]); ok {
		return itoa(min(max(limit, 0), mostGathered))
	}
	limit := args[last]
	if plan.ReadsColumn(c.Args[last]) {
		limit = "any_value(" + limit + ")"
	}
	return "greatest(least(coalesce(" + limit + ", " + itoa(mostGathered) + "), " + itoa(mostGathered) + "), 0)"
}

// and adds a condition to a filter, which may be empty.
func and(filter, condition string) string {
	if filter == "" {
		return " FILTER (WHERE " + condition + ")"
	}
	return strings.TrimSuffix(filter, ")") + " AND " + condition + ")"
}

// gathered calls a native function with a list of the group's values, at least
// an empty one.
func (g *generator) gathered(name, list string, args ...string) string {
	text := "coalesce(CAST(to_json(" + list + ") AS VARCHAR), '[]')"
	return g.nativeNamed(name, append([]string{text}, args...)...)
}

// makeBag joins bags. Of equal keys the value of the first bag stays.
func (g *generator) makeBag(j, limit, filter string) string {
	list := "list(CAST(" + j + " AS JSON))" + and(filter, "json_type("+j+") = 'OBJECT'")
	return g.gathered("gather_bag", list, "CAST("+limit+" AS BIGINT)")
}

// sketch writes the aggregates that keep a summary, and weighted percentiles.
func (g *generator) sketch(name string, c *plan.Call, a []string, filter string, b *block) string {
	switch name {
	case "hll":
		return unlessEmpty(g.hll(c, toTextOrNull(a[0], c.Args[0].Type()), filter), filter)
	case "hll_merge", "tdigest_merge":
		return g.gathered("gather_"+name, "list(CAST("+g.json(c.Args[0], b)+" AS JSON))"+filter)
	case "buildschema":
		return g.gathered("gather_schema", "list(CAST("+g.json(c.Args[0], b)+" AS JSON))"+filter)
	case "tdigest":
		return unlessEmpty(g.digest(c, a, filter), filter)
	}
	value, t := ticks(a[0], c.Args[0].Type()), c.Args[0].Type()
	text := g.gathered("gather_percentilew", "list(json_array("+value+", "+a[1]+"))"+and(filter, finite(value, t)), a[2])
	if t == types.DateTime {
		return convertNumber(fromJSON(text, types.Long), types.Long, t)
	}
	return fromJSON(text, c.Of)
}

// unlessEmpty makes a summary of no rows null, as the page on summarize prints it.
func unlessEmpty(summary, filter string) string {
	return "(CASE WHEN count(*)" + filter + " > 0 THEN " + summary + " END)"
}

// hll keeps the least hashes of the different values. They are bits of MD5, so
// that summaries of different days can be merged.
func (g *generator) hll(c *plan.Call, text, filter string) string {
	accuracy := int64(1)
	if level, ok := constantInt(c.Args[len(c.Args)-1]); ok && len(c.Args) > 1 {
		accuracy = level
	}
	accuracy = min(max(accuracy, 0), 2)
	hash := "CAST(md5_number_lower(" + text + ") // 2 AS BIGINT)"
	return g.gathered("gather_hll", "min(DISTINCT "+hash+", "+itoa(int64(1)<<(12+2*accuracy))+")"+filter, integer(accuracy))
}

func (g *generator) digest(c *plan.Call, a []string, filter string) string {
	t := c.Args[0].Type()
	value := ticks(a[0], t)
	list := "list(" + value + ")" + and(filter, finite(value, t))
	if len(a) > 1 {
		list = "list(json_array(" + value + ", " + a[1] + "))" + and(filter, finite(value, t))
	}
	return g.gathered("gather_tdigest", list, "'"+t.String()+"'")
}

// ticks writes a value as a number.
func ticks(text string, t types.Type) string {
	if t == types.DateTime {
		return convertNumber(text, t, types.Long)
	}
	return text
}

// finite is the condition that a value is a number that JSON can hold.
func finite(text string, t types.Type) string {
	if t == types.Real || t == types.Decimal {
		return "isfinite(" + text + ")"
	}
	return text + " IS NOT NULL"
}

// spread writes the variances and standard deviations. The engine ends the query
// where a square overflows, so large reals are computed at another scale.
func spread(name string, t types.Type, x, filter string) string {
	function := map[string]string{"stdev": "stddev_samp", "stdevp": "stddev_pop", "variance": "var_samp", "variancep": "var_pop"}[name]
	if t != types.Real && t != types.Decimal {
		return "coalesce(" + function + "(" + ticks(x, t) + ")" + filter + ", 0)"
	}
	const large, scale = "1e150", "4.149515568880993e180" // 2 to the power of 600
	small := function + "(CASE WHEN abs(" + x + ") < " + large + " THEN " + x + " END)" + filter
	scaled := strings.Replace(function, "var_", "stddev_", 1) + "(CASE WHEN isfinite(" + x + ") THEN " + x + " / " + scale + " END)" + filter + " * " + scale
	if function != "stddev_samp" && function != "stddev_pop" {
		scaled = "(" + scaled + ") * (" + scaled + ")"
	}
	return "(CASE WHEN coalesce(bool_or(NOT isfinite(" + x + "))" + filter + ", false) THEN CAST('NaN' AS DOUBLE)" +
		" WHEN coalesce(max(abs(" + x + "))" + filter + ", 0) < " + large + " THEN coalesce(" + small + ", 0)" +
		" ELSE coalesce(" + scaled + ", 0) END)"
}

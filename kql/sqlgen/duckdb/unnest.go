package duckdb

import (
	"strconv"
	"strings"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// unnest writes mv-expand. Several unnest() in one select list go side by
// side, the shorter ones filled up with NULL, which is what Kusto does too.
func (g *generator) unnest(n *plan.Unnest) *block {
	in := g.node(n.Input)
	reads := make([]plan.Expr, len(n.Items))
	for i, item := range n.Items {
		reads[i] = item.Array
	}
	in = g.ready(in, reads...)
	var list []string
	for _, c := range n.Input.Columns() {
		list = append(list, in.column(g, c)+" AS "+innerName(c))
	}
	lengths := make([]string, len(n.Items))
	for i, item := range n.Items {
		elements := g.elements(item.Array, in, n)
		lengths[i] = "len(" + elements + ")"
		if n.Limit > 0 {
			elements = "(" + elements + ")[:" + strconv.FormatInt(n.Limit, 10) + "]"
		}
		list = append(list, "unnest("+elements+") AS "+innerName(item.Column))
	}
	if n.Index != nil {
		most := lengths[0]
		if len(lengths) > 1 {
			most = "greatest(" + strings.Join(lengths, ", ") + ")"
		}
		if n.Limit > 0 {
			most = "least(" + most + ", " + strconv.FormatInt(n.Limit, 10) + ")"
		}
		list = append(list, "unnest(range(0, "+most+")) AS "+innerName(n.Index))
	}
	out := g.over("(SELECT "+strings.Join(list, ", ")+in.rest()+")", n.Columns(), innerName)
	for _, item := range n.Items {
		out.exprs[item.Column] = fromJSON(ofType("nullif(CAST("+out.exprs[item.Column]+" AS VARCHAR), 'null')", item.Column.Type), item.Column.Type)
		out.computed[item.Column] = true
	}
	return out
}

// ofType leaves of the JSON of an element what can be of a type: `to typeof()` takes
// an element as it is and reads no number out of a text. That JSON has texts for
// what is no number (NaN) is no reason to lose it.
//
// Source: https://learn.microsoft.com/kusto/query/mv-expand-operator
func ofType(json string, t types.Type) string {
	switch t {
	case types.Int, types.Long, types.Bool:
		return "(CASE WHEN NOT starts_with(" + json + ", '\"') THEN " + json + " END)"
	case types.Real:
		return "(CASE WHEN NOT starts_with(" + json + ", '\"') OR " + json + ` IN ('"NaN"', '"Infinity"', '"-Infinity"') THEN ` + json + " END)"
	}
	return json
}

// elements returns a list of JSON with the rows that a dynamic value expands
// to: the elements of an array, the members of a bag, any other value itself.
func (g *generator) elements(e plan.Expr, b *block, n *plan.Unnest) string {
	j := g.json(e, b)
	pair := "json_object(k, json_extract(" + j + ", " + pointer("k") + "))"
	if n.Arrays {
		pair = "json_array(k, json_extract(" + j + ", " + pointer("k") + "))"
	}
	if n.Inner {
		return "CASE WHEN json_type(" + j + ") = 'ARRAY' THEN " + jsonElements(j) + " WHEN json_type(" + j + ") = 'OBJECT' THEN list_transform(json_keys(" + j + "), lambda k: " + pair + ")" +
			" WHEN " + j + " IS NULL THEN CAST([] AS JSON[]) ELSE [CAST(" + j + " AS JSON)] END"
	}
	return "CASE json_type(" + j + ") WHEN 'ARRAY' THEN CASE WHEN json_array_length(" + j + ") = 0 THEN [CAST(NULL AS JSON)] ELSE " + jsonElements(j) + " END" +
		" WHEN 'OBJECT' THEN list_transform(json_keys(" + j + "), lambda k: " + pair + ")" +
		" ELSE [CAST(" + j + " AS JSON)] END"
}

// window writes functions over neighbouring rows.
func (g *generator) window(n *plan.Window) *block {
	in := g.node(n.Input)
	reads := make([]plan.Expr, 0, len(n.Define)+len(n.Order)+len(n.Partition))
	for _, d := range n.Define {
		reads = append(reads, d.Expr)
	}
	for _, k := range n.Order {
		reads = append(reads, &plan.Ref{Column: k.Column})
	}
	for _, c := range n.Partition {
		reads = append(reads, &plan.Ref{Column: c})
	}
	in = g.ready(in, reads...)
	var over []string
	if len(n.Partition) > 0 {
		keys := make([]string, len(n.Partition))
		for i, c := range n.Partition {
			keys[i] = in.column(g, c)
		}
		over = append(over, "PARTITION BY "+strings.Join(keys, ", "))
	}
	if len(n.Order) > 0 {
		over = append(over, "ORDER BY "+g.orderBy(in, n.Order))
	}
	list := make([]string, 0, len(n.Columns()))
	for _, c := range n.Input.Columns() {
		list = append(list, in.column(g, c)+" AS "+innerName(c))
	}
	for _, d := range n.Define {
		list = append(list, g.windowCall(d.Expr, in, strings.Join(over, " "))+" AS "+innerName(d.Column))
	}
	return g.over("(SELECT "+strings.Join(list, ", ")+in.rest()+")", n.Columns(), innerName)
}

func (g *generator) windowCall(e plan.Expr, b *block, over string) string {
	c, ok := e.(*plan.Call)
	if !ok {
		g.fail("a window definition must be a call")
		return ""
	}
	args := g.exprs(c.Args, b)
	rows := strings.TrimSpace(over + " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW")
	switch c.Function.Name {
	case "row_number":
		return "row_number() OVER (" + over + ")"
	case "row_cumsum":
		return "TRY_CAST(sum(" + args[0] + ") OVER (" + rows + ") AS " + sqlType(c.Of) + ")"
	case "prev", "next":
		if len(args) < 2 {
			args = append(args, "1")
		}
		args[1] = position(args[1])
		if len(args) < 3 && c.Of == types.String {
			args = append(args, "''")
		}
		name := map[string]string{"prev": "lag", "next": "lead"}[c.Function.Name]
		return name + "(" + strings.Join(args, ", ") + ") OVER (" + over + ")"
	}
	g.fail("no SQL for the window function %s", c.Function.Name)
	return ""
}

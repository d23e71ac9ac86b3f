package bind

import (
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// maxGathered is how many rows a plugin that is computed outside of SQL looks
// at. One more is gathered, which tells it that there are more.
const maxGathered = 1_000_000

// output is a column that such a plugin gives. The value comes as raw, which
// for a datetime may be its number of ticks, and becomes of.
type output struct {
	name string
	of   types.Type
	raw  types.Type
}

func outputOf(name string, t types.Type) output { return output{name, t, t} }

// gather packs rows in an array, hands it to a function outside of SQL, and
// makes rows of the array of arrays that it gives back. An order is that in
// which the function sees the rows.
func (c *pluginCall) gather(function string, row []plan.Expr, order []plan.SortKey, params []plan.Expr, outputs []output) *relation {
	if c.src.Err() != nil {
		return c.nothing()
	}
	packed, list, result := c.newColumn("row", types.Dynamic), c.newColumn("rows", types.Dynamic), c.newColumn("result", types.Dynamic)
	node := plan.Node(&plan.Project{Input: c.rel.node, Pass: c.rel.node.Columns(), Define: []plan.Definition{{Column: packed, Expr: c.callBuiltin("pack_array", types.Dynamic, row...)}}})
	node = &plan.Limit{Input: node, Count: maxGathered + 1}
	gathered := &plan.Call{Function: c.functions.Must("make_list_with_nulls"), Args: []plan.Expr{&plan.Ref{Column: packed}}, Of: types.Dynamic, Order: order}
	node = &plan.Aggregate{Input: node, Aggregates: []plan.Definition{{Column: list, Expr: gathered}}}
	call := compute(function, types.Dynamic, append([]plan.Expr{&plan.Ref{Column: list}}, params...)...)
	node = &plan.Project{Input: node, Define: []plan.Definition{{Column: result, Expr: call}}}
	return c.spread(node, result, outputs)
}

// spread makes a row of each array in an array.
func (c *pluginCall) spread(node plan.Node, result *plan.Column, outputs []output) *relation {
	row := c.newColumn("row", types.Dynamic)
	node = &plan.Unnest{Input: node, Items: []plan.UnnestItem{{Array: &plan.Ref{Column: result}, Column: row}}, Inner: true}
	project := &plan.Project{Input: node}
	out := &relation{node: project}
	for i, o := range outputs {
		element := c.callBuiltin("element", types.Dynamic, &plan.Ref{Column: row}, &plan.Literal{Of: types.Long, Value: int64(i)})
		column := c.newColumn(o.name, o.of)
		project.Define = append(project.Define, plan.Definition{Column: column, Expr: convert(convert(element, o.raw), o.of)})
		out.fields = append(out.fields, field{out.unique(o.name), column})
	}
	return out
}

// columnsAt binds arguments that are columns or expressions, and names them.
func (c *pluginCall) columnsAt(from int) ([]item, bool) {
	var items []item
	for _, x := range c.args()[min(from, len(c.args())):] {
		e := c.scalarAt(x)
		if bad(e) {
			return nil, false
		}
		name, ok := c.autoName(x, rows(c.rel, c.scope))
		if !ok {
			name = "Column1"
		}
		items = append(items, item{name: name, expr: e, at: x.Span()})
	}
	return items, true
}

func exprsOf(items []item) []plan.Expr {
	all := make([]plan.Expr, len(items))
	for i, it := range items {
		all[i] = it.expr
	}
	return all
}

func outputsOf(items []item) []output {
	all := make([]output, len(items))
	for i, it := range items {
		all[i] = outputOf(it.name, it.expr.Type())
	}
	return all
}

func long(n int64) plan.Expr { return &plan.Literal{Of: types.Long, Value: n} }

func textOf(s string) plan.Expr { return &plan.Literal{Of: types.String, Value: s} }

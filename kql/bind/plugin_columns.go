package bind

import (
	"cmp"
	"slices"

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// The bounds of the plugins whose columns depend on the data.
const (
	maxProbed = 1000 // columns that the data gives
	maxProbes = 20   // questions in one statement
)

// compute makes a function that only the compiler calls and that is computed
// outside of SQL.
func compute(name string, t types.Type, args ...plan.Expr) *plan.Call {
	return &plan.Call{Function: &builtin.Function{Name: name}, Args: args, Of: t}
}

// probe asks the data for the different texts of a column of a node. It
// reports false when nothing can be asked, and after a mistake.
func (c *pluginCall) probe(node plan.Node, column *plan.Column) ([]string, bool) {
	if c.options.Probe == nil || c.src.Err() != nil {
		return nil, false
	}
	if c.probes++; c.probes > maxProbes {
		c.errorf(c.span(), "the query asks the data for columns more than %d times; a schema behind the plugin saves that", maxProbes)
		return nil, false
	}
	distinct := &plan.Aggregate{Input: node, Keys: []plan.Definition{{Column: column, Expr: &plan.Ref{Column: column}}}}
	statement := &plan.Statement{Root: &plan.Limit{Input: distinct, Count: maxProbed*4 + 1}, Output: []plan.Output{{Name: "column", Column: column}}, Now: c.now}
	found, err := c.options.Probe(statement)
	if err != nil {
		c.errorf(c.span(), "the columns of %s() depend on the data, and reading it failed: %v", c.name(), err)
		return nil, false
	}
	texts := make([]string, 0, len(found))
	for _, row := range found {
		if text, ok := row[0].(string); ok {
			texts = append(texts, text)
		}
	}
	slices.Sort(texts)
	return texts, true
}

func (c *pluginCall) tooMany() *relation {
	c.errorf(c.span(), "%s() would give more than %d columns; a schema behind the plugin names those that matter", c.name(), maxProbed)
	return c.nothing()
}

// bagUnpack makes columns of the members of a bag. Which there are a schema
// says, or the data; if neither can, a name that is no column means a member
// from here on.
func (c *pluginCall) bagUnpack() *relation {
	if len(c.args()) == 0 {
		c.errorf(c.span(), "bag_unpack() takes the column with the bag")
		return c.nothing()
	}
	bag := c.scalarAt(c.args()[0])
	if bad(bag) {
		return c.nothing()
	}
	if bag.Type() != types.Dynamic {
		c.errorf(c.args()[0].Span(), "bag_unpack() needs a dynamic column, and this is a %s", bag.Type())
		return c.nothing()
	}
	prefix, ok := c.text(c.argument(1, "OutputColumnPrefix", "column_prefix"))
	conflict, known := c.conflict()
	ignored, listed := c.ignored()
	if !ok || !known || !listed {
		return c.nothing()
	}
	r := c.rel
	column := c.define(r, []item{{name: "bag", expr: bag}})[0]
	r.fields = slices.DeleteFunc(r.fields, func(f field) bool { return f.column == column })
	r.open = &openBag{column: column, prefix: prefix}
	if c.op.Schema != nil || c.op.AllColumns {
		return r
	}
	return c.unpackFound(r, column, conflict, ignored)
}

// conflict reads what happens to a member that has the name of a column.
func (c *pluginCall) conflict() (string, bool) {
	x := c.argument(2, "columnsConflict")
	text, ok := c.text(x)
	switch text {
	case "", "error", "replace_source", "keep_source":
		return cmp.Or(text, "error"), ok
	}
	c.errorf(x.Span(), "columnsConflict is error, replace_source or keep_source")
	return "", false
}

// ignored reads the members that are left out.
func (c *pluginCall) ignored() ([]string, bool) {
	x := c.argument(3, "ignoredProperties")
	if x == nil {
		return nil, true
	}
	var names []string
	e := c.constantAt(x)
	for _, name := range elements(e) {
		l, ok := name.(*plan.Literal)
		if !ok || l.Of != types.String {
			if !bad(e) {
				c.errorf(x.Span(), "ignoredProperties is an array of names, as in dynamic(['a', 'b'])")
			}
			return nil, false
		}
		names = append(names, l.Value.(string))
	}
	return names, true
}

// unpackFound makes columns of the members that the data has.
func (c *pluginCall) unpackFound(r *relation, bag *plan.Column, conflict string, ignored []string) *relation {
	members, ok := c.members(r.node, bag)
	if c.src.Err() != nil {
		return c.nothing()
	}
	if !ok || len(members) == 0 {
		return r
	}
	var items []item
	for _, m := range members {
		name := r.open.prefix + m.name
		if slices.Contains(ignored, m.name) {
			continue
		}
		if r.index(name) >= 0 {
			switch conflict {
			case "keep_source":
				continue
			case "error":
				c.errorf(c.span(), "the bag has a member %q, and the table has a column of that name; columnsConflict='replace_source' or 'keep_source' says which one stays", name)
				return c.nothing()
			}
		}
		member := c.callBuiltin("member", types.Dynamic, &plan.Ref{Column: bag}, &plan.Literal{Of: types.String, Value: m.name})
		items = append(items, item{name: name, expr: convert(member, m.of)})
	}
	if len(items) > maxProbed {
		return c.tooMany()
	}
	for i, column := range c.define(r, items) {
		r.set(items[i].name, column)
	}
	r.open.known = true
	return r
}

type memberType struct {
	name string
	of   types.Type
}

// members asks the data which members a bag has, and of which type: the one
// that all values share, else dynamic. They are ordered by name. Few bags of a
// table have a shape of their own, so only that is found out for each row.
func (c *pluginCall) members(node plan.Node, bag *plan.Column) ([]memberType, bool) {
	shape, list, kind := c.newColumn("shape", types.Dynamic), c.newColumn("kinds", types.Dynamic), c.newColumn("kind", types.String)
	project := &plan.Project{Input: node, Define: []plan.Definition{{Column: shape, Expr: compute("bag_shape", types.Dynamic, &plan.Ref{Column: bag})}}}
	shapes := &plan.Aggregate{Input: project, Keys: []plan.Definition{{Column: shape, Expr: &plan.Ref{Column: shape}}}}
	lists := &plan.Project{Input: shapes, Define: []plan.Definition{{Column: list, Expr: compute("member_kinds", types.Dynamic, &plan.Ref{Column: shape})}}}
	kinds, ok := c.probe(&plan.Unnest{Input: lists, Items: []plan.UnnestItem{{Array: &plan.Ref{Column: list}, Column: kind}}, Inner: true}, kind)
	found := map[string]types.Type{}
	for _, k := range kinds {
		if k == "" {
			continue
		}
		name, t := k[1:], map[byte]types.Type{'b': types.Bool, 'l': types.Long, 'r': types.Real, 's': types.String, 'd': types.Dynamic}[k[0]]
		known, seen := found[name]
		switch {
		case !seen || known == types.Unknown:
			found[name] = t
		case t != types.Unknown && t != known:
			found[name] = types.Dynamic
		}
	}
	members := make([]memberType, 0, len(found))
	for name, t := range found {
		if t == types.Unknown { // only null
			t = types.Dynamic
		}
		members = append(members, memberType{name, t})
	}
	slices.SortFunc(members, func(a, b memberType) int { return cmp.Compare(a.name, b.name) })
	return members, ok
}

// pivot makes a column of each value of one column, with an aggregate over the
// rows that have it. Rows are grouped by the given columns, or by all others.
// The aggregates are computed by group and value first, and then spread out.
func (c *pluginCall) pivot() *relation {
	if !c.takes(1, -1) {
		return c.nothing()
	}
	r := c.rel
	over := c.scalarAt(c.args()[0])
	if bad(over) {
		return c.nothing()
	}
	row := rows(r, c.scope)
	row.aggregates = &aggregation{binder: c.binder, order: r.order}
	value, ok := c.pivotValue(row)
	if !ok {
		return c.nothing()
	}
	keys, ok := c.pivotKeys(r, over, row.aggregates)
	if !ok {
		return c.nothing()
	}
	grouped := &plan.Aggregate{Aggregates: row.aggregates.define}
	over = convert(over, types.String)
	text := c.newColumn("pivot", types.String)
	out := &relation{}
	for _, f := range keys {
		grouped.Keys = append(grouped.Keys, plan.Definition{Column: f.column, Expr: &plan.Ref{Column: f.column}})
		out.fields = append(out.fields, f)
	}
	grouped.Keys = append(grouped.Keys, plan.Definition{Column: text, Expr: over})
	grouped.Input = r.node
	inner := &relation{node: grouped}
	cell := c.define(inner, []item{{name: "cell", expr: value}})[0]
	return c.spreadOut(inner.node, out, text, cell, c.ofNoRows(row.aggregates, cell.Type))
}

// pivotValue binds the aggregate; without one rows are counted.
func (c *pluginCall) pivotValue(row *rowScope) (plan.Expr, bool) {
	var x syntax.Expr
	if len(c.args()) > 1 {
		x = c.args()[1]
	}
	if named, ok := x.(*syntax.Named); ok {
		x = named.X
	}
	if call, ok := x.(*syntax.Call); ok {
		f, ok := c.functions.Lookup(call.Func.Text)
		if !ok || f.Kind != builtin.Aggregate {
			c.errorf(x.Span(), "pivot() takes an aggregate here, such as sum(Amount)")
			return nil, false
		}
		value := c.aggregateCall(call, f, row)
		return value, !bad(value)
	}
	count := c.functions.Must("count")
	return row.aggregates.add("count", &plan.Call{Function: count, Of: types.Long}), true
}

// pivotKeys gives the columns that rows are grouped by.
func (c *pluginCall) pivotKeys(r *relation, over plan.Expr, a *aggregation) ([]field, bool) {
	named := c.args()[1:]
	if len(named) > 0 {
		if _, ok := named[0].(*syntax.Call); ok {
			named = named[1:]
		}
	}
	if len(named) > 0 {
		var keys []field
		for _, x := range named {
			e, ok := c.scalarAt(x).(*plan.Ref)
			if !ok {
				c.errorf(x.Span(), "pivot() takes columns here")
				return nil, false
			}
			name, _ := c.autoName(x, rows(r, c.scope))
			keys = append(keys, field{name, e.Column})
		}
		return keys, true
	}
	used := map[*plan.Column]bool{}
	mark := func(e plan.Expr) {
		plan.VisitExpr(e, func(e plan.Expr) bool {
			if ref, ok := e.(*plan.Ref); ok {
				used[ref.Column] = true
			}
			return true
		})
	}
	mark(over)
	for _, d := range a.define {
		mark(d.Expr)
	}
	return slices.DeleteFunc(slices.Clone(r.fields), func(f field) bool { return used[f.column] }), true
}

// spreadOut gives the columns of out, and one for each value of text. The cells
// are also kept in a bag, for columns that only a schema or a later name knows.
func (c *pluginCall) spreadOut(node plan.Node, out *relation, text, cell *plan.Column, empty plan.Expr) *relation {
	var values []string
	known := false
	for _, d := range c.op.Schema {
		if out.index(d.Name.Text) < 0 {
			values = append(values, d.Name.Text)
		}
	}
	if c.op.Schema == nil && !c.op.AllColumns {
		values, known = c.probe(node, text)
		if c.src.Err() != nil {
			return c.nothing()
		}
	}
	if len(values) > maxProbed {
		return c.tooMany()
	}
	last := &plan.Aggregate{}
	entry := c.callBuiltin("bag_pack", types.Dynamic, &plan.Ref{Column: text}, &plan.Ref{Column: cell})
	packed := c.newColumn("entry", types.Dynamic)
	last.Input = &plan.Project{Input: node, Pass: node.Columns(), Define: []plan.Definition{{Column: packed, Expr: entry}}}
	for _, f := range out.fields {
		last.Keys = append(last.Keys, plan.Definition{Column: f.column, Expr: &plan.Ref{Column: f.column}})
	}
	var items []item
	for _, v := range values {
		is := c.callBuiltin("==", types.Bool, &plan.Ref{Column: text}, &plan.Literal{Of: types.String, Value: v})
		column := c.newColumn(v, cell.Type)
		call := &plan.Call{Function: c.functions.Must("take_anyif"), Args: []plan.Expr{&plan.Ref{Column: cell}, is}, Of: cell.Type}
		last.Aggregates = append(last.Aggregates, plan.Definition{Column: column, Expr: call})
		items = append(items, item{name: cmp.Or(v, "Column1"), expr: c.callBuiltin("coalesce", cell.Type, &plan.Ref{Column: column}, empty)})
	}
	bag := c.newColumn("cells", types.Dynamic)
	last.Aggregates = append(last.Aggregates, plan.Definition{Column: bag, Expr: &plan.Call{Function: c.functions.Must("make_bag"), Args: []plan.Expr{&plan.Ref{Column: packed}}, Of: types.Dynamic}})
	out.node = last
	for i, column := range c.define(out, items) {
		out.fields = append(out.fields, field{out.unique(items[i].name), column})
	}
	out.open = &openBag{column: bag, known: known && len(values) > 0}
	return out
}

// ofNoRows gives what an aggregate makes of no rows, for a group that has none
// of a value: a count and a sum are zero, a list is empty.
func (c *pluginCall) ofNoRows(a *aggregation, t types.Type) plan.Expr {
	empty := &plan.Literal{Of: t}
	if len(a.define) != 1 {
		return empty
	}
	call, ok := a.define[0].Expr.(*plan.Call)
	if !ok {
		return empty
	}
	switch call.Function.Name {
	case "make_list", "make_set":
		empty.Value = "[]"
	case "make_bag":
		empty.Value = "{}"
	case "count", "countif", "sum", "sumif", "dcount", "dcountif", "count_distinct", "stdev", "variance":
		return convert(&plan.Literal{Of: types.Long, Value: int64(0)}, t)
	}
	return empty
}

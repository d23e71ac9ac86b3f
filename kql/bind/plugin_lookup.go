package bind

import (
	"slices"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

func (c *pluginCall) ipv4Lookup() *relation { return c.networkLookup(false) }

func (c *pluginCall) ipv6Lookup() *relation { return c.networkLookup(true) }

// networkLookup binds ipv4_lookup(table, address, network, keys…,
// return_unmatched). Networks are found by equality: each address is looked up
// once for each length of prefix that the table has.
func (c *pluginCall) networkLookup(v6 bool) *relation {
	if !c.takes(3, -1) {
		return c.nothing()
	}
	args, unmatched := c.unmatched()
	lookup := c.tabular(args[0], c.scope)
	if len(lookup.fields) == 0 {
		return c.nothing()
	}
	address, network := c.scalarAt(args[1]), c.scalar(args[2], rows(lookup, c.scope))
	if bad(address) || bad(network) {
		return c.nothing()
	}
	extra := make([]string, 0, len(args)-3)
	for _, x := range args[3:] {
		name, ok := x.(*syntax.Name)
		if !ok || v6 || c.rel.find(name.Text) == nil || lookup.find(name.Text) == nil {
			c.errorf(x.Span(), "%s() takes columns here that both tables have", c.name())
			return c.nothing()
		}
		extra = append(extra, name.Text)
	}
	six := &plan.Literal{Of: types.Bool, Value: v6}
	key := c.define(lookup, []item{{name: "key", expr: compute("network_key", types.String, convert(network, types.String), &plan.Literal{Of: types.Long}, six)}})[0]
	bits := c.define(lookup, []item{{name: "bits", expr: compute("network_bits", types.Long, convert(network, types.String), six)}})[0]
	lookup.node = &plan.Filter{Input: lookup.node, Predicate: c.callBuiltin("!=", types.Bool, &plan.Ref{Column: key}, textOf(""))}
	lookup.fields = append(lookup.fields, field{"", key}, field{"", bits})
	networks := &letTable{shared: &plan.Shared{Node: lookup.node, Once: true}, rel: lookup}

	source := c.rel
	ip := c.define(source, []item{{name: "address", expr: convert(address, types.String)}})[0]
	number := c.newColumn("row", types.Long)
	window := &plan.Window{Input: source.node, Partition: source.partition, Order: source.order}
	window.Define = []plan.Definition{{Column: number, Expr: &plan.Call{Function: c.functions.Must("row_number"), Of: types.Long}}}
	source.node = window
	source.fields = append(source.fields, field{"", ip}, field{"", number})
	numbered := &letTable{shared: &plan.Shared{Node: source.node, Once: true}, rel: source}
	return c.matched(numbered, networks, extra, six, unmatched)
}

// unmatched takes the argument return_unmatched off the others.
func (c *pluginCall) unmatched() ([]syntax.Expr, bool) {
	args := slices.Clone(c.args())
	last := args[len(args)-1]
	if named, ok := last.(*syntax.Named); ok && named.Names[0].Text == "return_unmatched" {
		last = named.X
	} else if l, ok := last.(*syntax.Literal); !ok || l.Type != types.Bool {
		return args, false
	}
	l, ok := c.constantAt(last).(*plan.Literal)
	if !ok || l.Of != types.Bool {
		c.errorf(last.Span(), "return_unmatched is true or false")
	}
	return args[:len(args)-1], ok && l.Value == true
}

// matched joins the addresses with their networks. The last two fields of both
// tables are the compiler's own.
func (c *pluginCall) matched(numbered, networks *letTable, extra []string, six plan.Expr, unmatched bool) *relation {
	left, right, lengths := c.reference(numbered), c.reference(networks), c.reference(networks)
	ip, number := left.fields[len(left.fields)-2].column, left.fields[len(left.fields)-1].column
	key := right.fields[len(right.fields)-2].column
	set := c.newColumn("lengths", types.Dynamic)
	of := lengths.fields[len(lengths.fields)-1].column
	all := &plan.Aggregate{Input: lengths.node, Aggregates: []plan.Definition{{Column: set, Expr: &plan.Call{Function: c.functions.Must("make_set"), Args: []plan.Expr{&plan.Ref{Column: of}}, Of: types.Dynamic}}}}
	list, length := c.newColumn("lengths", types.Dynamic), c.newColumn("length", types.Long)
	node := plan.Node(&plan.Project{Input: left.node, Pass: left.node.Columns(), Define: []plan.Definition{{Column: list, Expr: &plan.Scalar{Node: all, Column: set}}}})
	node = &plan.Unnest{Input: node, Items: []plan.UnnestItem{{Array: &plan.Ref{Column: list}, Column: length}}, Inner: true}
	within := c.newColumn("within", types.String)
	node = &plan.Project{Input: node, Pass: left.node.Columns(), Define: []plan.Definition{{Column: within, Expr: compute("network_key", types.String, &plan.Ref{Column: ip}, &plan.Ref{Column: length}, six)}}}
	join := &plan.Join{Kind: plan.Inner, Left: node, Right: right.node, On: []plan.JoinKey{{Left: within, Right: key}}}
	for _, name := range extra {
		join.On = append(join.On, plan.JoinKey{Left: left.find(name), Right: right.find(name)})
		if left.find(name).Type != right.find(name).Type {
			c.errorf(c.span(), "the column %q has different types in the two tables", name)
			return c.nothing()
		}
	}
	out := &relation{node: join, fields: slices.Clone(left.fields[:len(left.fields)-2])}
	for _, f := range right.fields[:len(right.fields)-2] {
		if !slices.Contains(extra, f.name) {
			out.fields = append(out.fields, field{out.unique(f.name), f.column})
		}
	}
	if unmatched {
		return c.withUnmatched(numbered, out, number)
	}
	return out
}

// withUnmatched adds the rows of the source that no row of a join has.
func (c *pluginCall) withUnmatched(numbered *letTable, found *relation, number *plan.Column) *relation {
	again := &letTable{shared: &plan.Shared{Node: found.node, Once: true}, rel: found}
	found.fields = append(found.fields, field{"", number})
	hits, partners, rest := c.reference(again), c.reference(again), c.reference(numbered)
	key := rest.fields[len(rest.fields)-1].column
	anti := &plan.Join{Kind: plan.LeftAnti, Left: rest.node, Right: partners.node, On: []plan.JoinKey{{Left: key, Right: partners.fields[len(partners.fields)-1].column}}}
	union := &plan.Union{From: []plan.Node{hits.node, anti}, Items: make([][]plan.Expr, 2)}
	out := &relation{node: union}
	for i, f := range hits.fields[:len(hits.fields)-1] {
		column := c.newColumn(f.name, f.column.Type)
		union.Output = append(union.Output, column)
		union.Items[0] = append(union.Items[0], &plan.Ref{Column: f.column})
		other := plan.Expr(&plan.Literal{Of: f.column.Type})
		if i < len(rest.fields)-2 {
			other = &plan.Ref{Column: rest.fields[i].column}
		}
		union.Items[1] = append(union.Items[1], other)
		out.fields = append(out.fields, field{f.name, column})
	}
	return out
}

package bind

import (
	"slices"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
)

func (b *binder) summarize(op *syntax.SummarizeOperator, rel *relation, s *scope) *relation {
	r := rel.derive()
	keys := b.keys(op.Keys, r, s)
	a := &aggregation{binder: b, order: r.order, keys: keys}
	row := rows(r, s)
	row.aggregates, row.tuples = a, &a.tuples
	var items []item
	for _, x := range op.Aggregates {
		items = append(items, b.aggregateItems(x, row)...)
	}
	for _, it := range items {
		if bad(it.expr) {
			return b.nothing()
		}
	}
	return b.grouped(r, keys, a, items)
}

// grouped makes the aggregate node, and above it what is computed of the
// aggregates. The columns are the keys and then the items.
func (b *binder) grouped(r *relation, keys []item, a *aggregation, items []item) *relation {
	node := &plan.Aggregate{Input: r.node, Aggregates: a.define}
	out := &relation{aliases: r.aliases, partition: r.partition}
	for _, c := range r.partition {
		node.Keys = append(node.Keys, plan.Definition{Column: c, Expr: &plan.Ref{Column: c}})
	}
	for _, k := range keys {
		if bad(k.expr) {
			return b.nothing()
		}
		column := b.newColumn(k.name, k.expr.Type())
		if ref, ok := k.expr.(*plan.Ref); ok {
			column = ref.Column
		}
		if !slices.ContainsFunc(node.Keys, func(d plan.Definition) bool { return d.Column == column }) {
			node.Keys = append(node.Keys, plan.Definition{Column: column, Expr: k.expr})
		}
		out.fields = append(out.fields, field{k.name, column})
	}
	out.node = a.tuples.attachTuples(node)
	for i, c := range b.define(out, items) {
		out.fields = append(out.fields, field{out.unique(items[i].name), c})
	}
	return out
}

// keys binds the by clause and names its columns.
func (b *binder) keys(xs []syntax.Expr, r *relation, s *scope) []item {
	keys := b.expandStars(xs, r, s)
	for i := range keys {
		taken := func(name string) bool {
			return slices.ContainsFunc(keys[:i], func(k item) bool { return k.name == name })
		}
		if !keys[i].named {
			keys[i].name = b.unnamed.number()
		}
		if taken(keys[i].name) {
			keys[i].name = uniqueIn(fieldsOf(keys[:i]), keys[i].name)
		}
	}
	return keys
}

func fieldsOf(items []item) []field {
	fields := make([]field, len(items))
	for i, it := range items {
		fields[i].name = it.name
	}
	return fields
}

func (b *binder) countRows(op *syntax.CountOperator, rel *relation) *relation {
	a := &aggregation{binder: b}
	name := "Count"
	if op.Name != nil {
		name = op.Name.Text
	}
	count := a.add(name, &plan.Call{Function: b.functions.Must("count"), Of: b.functions.Must("count").Overloads[0].Type})
	return b.grouped(rel.derive(), nil, a, []item{{name: name, expr: count}})
}

// distinct groups by the named columns without an aggregate.
func (b *binder) distinct(op *syntax.DistinctOperator, rel *relation, s *scope) *relation {
	r := rel.derive()
	return b.grouped(r, b.keys(op.Columns, r, s), &aggregation{binder: b}, nil)
}

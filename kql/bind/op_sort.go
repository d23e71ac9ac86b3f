package bind

import (
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// sort records the order. No node is made: the statement's end, a limit or a
// window that needs the order makes one, so no sort is done in vain.
func (b *binder) sort(keys []*syntax.Ordered, rel *relation, s *scope) *relation {
	r := rel.derive()
	items := b.sortItems(keys, r, s)
	for i, it := range items {
		if it.expr.Type() == types.Dynamic {
			items[i].expr = convert(it.expr, types.String)
		}
		if items[i].name == "" {
			items[i].name = "order"
		}
	}
	r.order = nil
	for i, c := range b.define(r, items) {
		if bad(items[i].expr) {
			return rel
		}
		// Kusto sorts downwards unless told otherwise, and puts nulls where
		// they would be as the least value.
		key := plan.SortKey{Column: c, Descending: keys[i].Direction != "asc"}
		key.NullsFirst = keys[i].Nulls == "first" || keys[i].Nulls == "" && !key.Descending
		r.order = append(r.order, key)
	}
	r.serialized = true
	return r
}

// sortItems binds one item for each key: of several values the first counts.
func (b *binder) sortItems(keys []*syntax.Ordered, rel *relation, s *scope) []item {
	w := &windows{}
	row := rows(rel, s)
	row.windows, row.tuples = w, &tuples{}
	all := make([]item, len(keys))
	for i, k := range keys {
		all[i] = b.itemsOf(k.X, row)[0]
	}
	b.attach(w, rel)
	rel.node = row.tuples.attachTuples(rel.node)
	return all
}

// limited gives a node of the first n rows of rel in its order.
func (b *binder) limited(rel *relation, n int64) plan.Node {
	input := rel.node
	if len(rel.order) > 0 {
		input = &plan.Sort{Input: input, Keys: rel.order}
	}
	return &plan.Limit{Input: input, Count: n}
}

func (b *binder) take(op *syntax.TakeOperator, rel *relation, s *scope) *relation {
	n, ok := b.rowCount(op.Count, s)
	if !ok {
		return rel
	}
	return b.first(rel.derive(), n)
}

// first keeps the first n rows: of the table, or inside mv-apply of each part.
func (b *binder) first(r *relation, n int64) *relation {
	if len(r.partition) == 0 {
		r.node = b.limited(r, n)
		return r
	}
	number := b.newColumn("row_number", types.Long)
	f := b.functions.Must("row_number")
	window := &plan.Window{Input: r.node, Partition: r.partition, Order: r.order}
	window.Define = []plan.Definition{{Column: number, Expr: &plan.Call{Function: f, Of: types.Long}}}
	limit := &plan.Literal{Of: types.Long, Value: n}
	r.node = &plan.Filter{Input: window, Predicate: b.callBuiltin("<=", types.Bool, &plan.Ref{Column: number}, limit)}
	return r
}

func (b *binder) top(op *syntax.TopOperator, rel *relation, s *scope) *relation {
	n, ok := b.rowCount(op.Count, s)
	if !ok {
		return rel
	}
	return b.first(b.sort(op.Keys, rel, s), n)
}

// rowCount binds the number of rows of take and top.
func (b *binder) rowCount(x syntax.Expr, s *scope) (int64, bool) {
	e := b.scalar(x, constants(s))
	if bad(e) {
		return 0, false
	}
	l, ok := convert(e, types.Long).(*plan.Literal)
	if n, isLong := int64(0), false; ok && e.Type().Integer() {
		if n, isLong = l.Value.(int64); isLong && n >= 0 {
			return n, true
		}
	}
	b.errorf(x.Span(), "the number of rows must be a constant integer that is not negative")
	return 0, false
}

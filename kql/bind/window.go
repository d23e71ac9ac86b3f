package bind

import (
	"slices"

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// windows collects the window calls of one operator, in layers: a call whose
// argument reads another call's column stands in a later layer.
type windows struct{ layers []windowLayer }

type windowLayer struct {
	define    []plan.Definition
	partition []*plan.Column
	session   *sessionLayer // instead of both
}

// add gives the column of a window call.
func (w *windows) add(b *binder, call *plan.Call, partition []*plan.Column) *plan.Column {
	c := b.newColumn(call.Function.Name, call.Of)
	w.layers = append(w.layers, windowLayer{define: []plan.Definition{{Column: c, Expr: call}}, partition: partition})
	return c
}

// attach puts the collected windows under what follows in rel.
func (b *binder) attach(w *windows, rel *relation) {
	w.keepOrder(b, rel)
	for _, layer := range w.layers {
		if layer.session != nil {
			b.attachSession(layer.session, rel)
			continue
		}
		partition := append(layer.partition[:len(layer.partition):len(layer.partition)], rel.partition...)
		rel.node = &plan.Window{Input: rel.node, Define: layer.define, Partition: partition, Order: rel.order}
	}
}

// keepOrder numbers rows that nothing but their place puts in order, where a window
// has parts: the parts would come one after another.
func (w *windows) keepOrder(b *binder, rel *relation) {
	parts := slices.ContainsFunc(w.layers, func(l windowLayer) bool { return len(l.partition) > 0 })
	if !parts || len(rel.order) > 0 || len(rel.partition) > 0 {
		return
	}
	n := b.newColumn("place", types.Long)
	number := plan.Definition{Column: n, Expr: &plan.Call{Function: b.functions.Must("row_number"), Of: types.Long}}
	rel.node = &plan.Window{Input: rel.node, Define: []plan.Definition{number}}
	rel.order = []plan.SortKey{{Column: n}}
}

// windowCall binds row_number(), prev() and their kin.
func (b *binder) windowCall(x *syntax.Call, f *builtin.Function, r *rowScope) plan.Expr {
	if r.windows == nil {
		b.errorf(x.Span(), "%s() cannot stand here", f.Name)
		return unknown
	}
	if !r.rel.serialized {
		b.src.Add(source.Diagnostic{Span: x.Span(), Message: f.Name + "() needs ordered rows", Remedy: "put sort or serialize before it"})
		return unknown
	}
	args, ok := b.scalars(x.Args, r)
	if !ok {
		return unknown
	}
	call, ok := b.apply(x, f, args).(*plan.Call)
	if !ok {
		return unknown
	}
	switch call.Function.Name {
	case "row_number":
		return b.rowNumber(call, r)
	case "row_window_session":
		return b.session(call, r)
	case "row_rank_min":
		return b.minimalRank(call, r)
	case "row_cumsum":
		return &plan.Ref{Column: r.windows.add(b, trim(call, 1), b.restarts(call, 1, r))}
	case "row_rank_dense":
		return b.denseRank(call, r)
	}
	if len(call.Args) == 3 {
		if !types.Widens(call.Args[2].Type(), call.Of) && call.Args[2].Type() != types.Dynamic && call.Of != types.String && call.Of != types.Dynamic && !(call.Of.Numeric() && call.Args[2].Type().Numeric()) {
			b.errorf(x.Args[2].Span(), "the default of %s() must be a %s, and this is a %s", f.Name, call.Of, call.Args[2].Type())
			return unknown
		}
		call.Args[2] = convert(call.Args[2], call.Of)
	}
	return &plan.Ref{Column: r.windows.add(b, call, nil)}
}

func trim(call *plan.Call, n int) *plan.Call {
	c := *call
	c.Args = call.Args[:min(n, len(call.Args))]
	return &c
}

// restarts gives the column that numbers the stretches between the rows where
// the i-th argument is true, or nothing without such an argument.
func (b *binder) restarts(call *plan.Call, i int, r *rowScope) []*plan.Column {
	if len(call.Args) <= i {
		return nil
	}
	one, zero := &plan.Literal{Of: types.Long, Value: int64(1)}, &plan.Literal{Of: types.Long, Value: int64(0)}
	flag := &plan.Case{Branches: []plan.Branch{{When: call.Args[i], Then: one}}, Else: zero, Of: types.Long}
	sum := &plan.Call{Function: b.functions.Must("row_cumsum"), Args: []plan.Expr{flag}, Of: types.Long}
	return []*plan.Column{r.windows.add(b, sum, nil)}
}

func (b *binder) rowNumber(call *plan.Call, r *rowScope) plan.Expr {
	n := &plan.Ref{Column: r.windows.add(b, trim(call, 0), b.restarts(call, 1, r))}
	if len(call.Args) == 0 {
		return n
	}
	before := fold(b.callBuiltin("-", types.Long, convert(call.Args[0], types.Long), &plan.Literal{Of: types.Long, Value: int64(1)}))
	return b.callBuiltin("+", types.Long, n, before)
}

// denseRank counts the changes of a value from row to row.
func (b *binder) denseRank(call *plan.Call, r *rowScope) plan.Expr {
	value := call.Args[0]
	partition := b.restarts(call, 1, r)
	previous := &plan.Ref{Column: r.windows.add(b, &plan.Call{Function: b.functions.Must("prev"), Args: []plan.Expr{value}, Of: value.Type()}, partition)}
	number := &plan.Ref{Column: r.windows.add(b, &plan.Call{Function: b.functions.Must("row_number"), Of: types.Long}, partition)}
	one, zero := &plan.Literal{Of: types.Long, Value: int64(1)}, &plan.Literal{Of: types.Long, Value: int64(0)}
	first := b.callBuiltin("==", types.Bool, number, one)
	changed := b.callBuiltin("!=", types.Bool, value, previous)
	flag := &plan.Case{Branches: []plan.Branch{{When: b.callBuiltin("or", types.Bool, first, changed), Then: one}}, Else: zero, Of: types.Long}
	sum := &plan.Call{Function: b.functions.Must("row_cumsum"), Args: []plan.Expr{flag}, Of: types.Long}
	return &plan.Ref{Column: r.windows.add(b, sum, partition)}
}

// minimalRank is the number of the first row that has the value of the current
// one: its own number less its number among these rows, and one.
func (b *binder) minimalRank(call *plan.Call, r *rowScope) plan.Expr {
	partition := b.restarts(call, 1, r)
	rank := b.denseRank(call, r).(*plan.Ref)
	count := func(partition []*plan.Column) plan.Expr {
		return &plan.Ref{Column: r.windows.add(b, &plan.Call{Function: b.functions.Must("row_number"), Of: types.Long}, partition)}
	}
	before := b.callBuiltin("-", types.Long, count(partition), count(append(partition[:len(partition):len(partition)], rank.Column)))
	return b.callBuiltin("+", types.Long, before, &plan.Literal{Of: types.Long, Value: int64(1)})
}

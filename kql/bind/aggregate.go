package bind

import (
	"slices"
	"strconv"

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// aggregation collects the aggregate calls of one operator.
type aggregation struct {
	binder *binder
	define []plan.Definition
	order  []plan.SortKey // of the rows that are aggregated
	keys   []item
	// tuples are the scalar calls over aggregates that give several values.
	tuples tuples
}

// add gives the column of an aggregate call.
func (a *aggregation) add(name string, call *plan.Call) plan.Expr {
	if bad(call) {
		return unknown
	}
	switch call.Function.Name {
	case "make_list", "make_list_if", "make_list_with_nulls", "make_set", "make_set_if":
		call.Order = a.order
	}
	c := a.binder.newColumn(name, call.Of)
	a.define = append(a.define, plan.Definition{Column: c, Expr: call})
	return &plan.Ref{Column: c}
}

// aggregateCall binds an aggregate where it is part of an expression. One that
// gives several columns counts as its first.
func (b *binder) aggregateCall(x *syntax.Call, f *builtin.Function, r *rowScope) plan.Expr {
	if merge, ok := merges[f.Canonical()]; ok && len(x.Args) > 1 {
		return b.mergeCall(x, merge, r)
	}
	if r.aggregates == nil {
		b.src.Add(source.Diagnostic{
			Span:    x.Span(),
			Message: "the aggregate " + f.Name + "() cannot stand here",
			Remedy:  "aggregates stand in summarize, outside of one another",
		})
		return unknown
	}
	if items := b.aggregateTuple(x, f, r); len(items) > 0 {
		return items[0].expr
	}
	name, _ := b.autoName(x, r)
	args, ok := b.scalars(x.Args, r.plain())
	if !ok {
		return unknown
	}
	if f.Name == "count" && len(args) == 1 {
		if args[0].Type() == types.Bool {
			f = b.functions.Must("countif")
		} else {
			args, x = nil, &syntax.Call{Func: x.Func} // count(x) counts rows, those of null too
		}
	}
	call, ok := b.applyTo(x, f, args, r.aggregates.same).(*plan.Call)
	if !ok {
		return unknown
	}
	return r.aggregates.add(name, call)
}

// same reports whether an expression has one value in a group: it is constant, or
// reads no columns but keys.
func (a *aggregation) same(e plan.Expr) bool {
	is := true
	plan.VisitExpr(e, func(e plan.Expr) bool {
		if ref, ok := e.(*plan.Ref); ok {
			is = is && slices.ContainsFunc(a.keys, func(key item) bool {
				k, ok := key.expr.(*plan.Ref)
				return ok && k.Column == ref.Column
			})
		}
		return is
	})
	return is
}

// aggregateItems binds one element of summarize's list.
func (b *binder) aggregateItems(x syntax.Expr, r *rowScope) []item {
	var names []*syntax.Name
	inner := x
	if named, ok := x.(*syntax.Named); ok {
		names, inner = named.Names, named.X
	}
	for {
		p, ok := inner.(*syntax.Paren)
		if !ok {
			break
		}
		inner = p.X
	}
	if call, ok := inner.(*syntax.Call); ok {
		if f, ok := b.functions.Lookup(call.Func.Text); ok && f.Kind == builtin.Aggregate {
			if items := b.aggregateTuple(call, f, r); len(items) > 0 {
				return rename(items, names)
			}
		}
	}
	if items, ok := b.tupleItems(inner, names, r); ok && r.tuples != nil {
		for _, d := range r.aggregates.tuples.define {
			b.onlyAggregates(d.Expr, inner, r)
		}
		return items
	}
	e := b.scalar(inner, r)
	b.onlyAggregates(e, inner, r)
	name, named := b.autoName(inner, r)
	if !named {
		name = b.unnamed.number()
	}
	return rename([]item{{name: name, named: true, expr: e, at: x.Span()}}, names)
}

// rename gives the first columns of a tuple the names that the query says.
func rename(items []item, names []*syntax.Name) []item {
	for i, n := range names {
		if i < len(items) {
			items[i].name = n.Text
			if ref, ok := items[i].expr.(*plan.Ref); ok {
				ref.Column.Name = n.Text // the aggregate's own column, so far unnamed
			}
		}
	}
	return items
}

// onlyAggregates reports a column that stands in summarize outside of an
// aggregate.
func (b *binder) onlyAggregates(e plan.Expr, x syntax.Expr, r *rowScope) {
	plan.VisitExpr(e, func(e plan.Expr) bool {
		ref, ok := e.(*plan.Ref)
		if !ok {
			return true
		}
		for _, d := range r.aggregates.define {
			if d.Column == ref.Column {
				return true
			}
		}
		b.errorf(x.Span(), "the column %q must stand inside an aggregate such as max() or take_any(), or in the by clause", ref.Column.Name)
		return false
	})
}

// aggregateTuple binds the aggregates that give several columns: arg_max,
// arg_min, take_any and percentiles. It gives nothing for any other.
func (b *binder) aggregateTuple(x *syntax.Call, f *builtin.Function, r *rowScope) []item {
	switch f.Canonical() {
	case "arg_max", "arg_min":
		return b.argExtreme(x, f, r)
	case "take_any":
		return b.takeAny(x, f, r)
	case "percentile", "percentiles":
		return b.percentiles(x, r)
	case "percentiles_array":
		return b.percentilesArray(x, r)
	case "percentilew", "percentilesw":
		return b.weightedPercentiles(x, r)
	case "percentilesw_array":
		return b.weightedArray(x, r)
	}
	return nil
}

var failed = []item{{name: "failed", named: true, expr: unknown}}

// argExtreme binds arg_max(x, columns…): the greatest x, and the columns of a
// row that has it. Star is all columns but x and the keys.
func (b *binder) argExtreme(x *syntax.Call, f *builtin.Function, r *rowScope) []item {
	if len(x.Args) == 0 {
		b.errorf(x.Span(), "%s() takes a value, and the columns to give with it", f.Name)
		return failed
	}
	primary := b.scalar(x.Args[0], r.plain())
	if bad(primary) {
		return failed
	}
	if !primary.Type().Orderable() {
		b.errorf(x.Args[0].Span(), "%s() cannot order a %s; convert it, as with tostring()", f.Name, primary.Type())
		return failed
	}
	extreme := f.Canonical()[len("arg_"):]
	first, named := b.autoName(x.Args[0], r)
	of := b.functions.Must(extreme)
	prefix, head := "", first
	if f.Of != "" || !named {
		head = extreme + "_" + first
	}
	unnamed := extreme + "_" + first + "_arg"
	if f.Of != "" {
		prefix, unnamed = head+"_", "arg"
		if !named {
			prefix = head + "_"
		}
	}
	items := []item{{name: head, named: true, expr: r.aggregates.add(head, &plan.Call{Function: of, Args: []plan.Expr{primary}, Of: primary.Type()})}}
	for i, a := range x.Args[1:] {
		for _, it := range b.returned(a, i+1, unnamed, primary, first, r) {
			if bad(it.expr) {
				return failed
			}
			call := &plan.Call{Function: b.functions.Must(f.Canonical()), Args: []plan.Expr{primary, it.expr}, Of: it.expr.Type()}
			items = append(items, item{name: prefix + it.name, named: true, expr: r.aggregates.add(it.name, call)})
		}
	}
	return items
}

// returned binds an argument that names columns to give along.
// A star is all columns but the value, which is called head, and the keys; a
// column that an extend has copied under another name is another one.
func (b *binder) returned(x syntax.Expr, index int, unnamed string, primary plan.Expr, head string, r *rowScope) []item {
	if isStar(x) {
		var all []item
		for _, f := range r.rel.fields {
			e := &plan.Ref{Column: f.column}
			if ref, ok := primary.(*plan.Ref); ok && ref.Column == f.column && f.name == head || r.aggregates.isKey(f) {
				continue
			}
			all = append(all, item{name: f.name, expr: e})
		}
		return all
	}
	e := b.scalar(x, r.plain())
	name, ok := b.autoName(x, r)
	if !ok {
		name = unnamed + strconv.Itoa(index)
	}
	return []item{{name: name, expr: e}}
}

func (a *aggregation) isKey(f field) bool {
	for _, k := range a.keys {
		if ref, ok := k.expr.(*plan.Ref); ok && ref.Column == f.column && k.name == f.name {
			return true
		}
	}
	return false
}

// takeAny binds take_any(columns…).
func (b *binder) takeAny(x *syntax.Call, f *builtin.Function, r *rowScope) []item {
	if len(x.Args) == 0 {
		b.errorf(x.Span(), "%s() takes the columns to give, or *", f.Name)
		return failed
	}
	var items []item
	for i, a := range x.Args {
		for _, it := range b.returned(a, i, "any_arg", nil, "", r) {
			if bad(it.expr) {
				return failed
			}
			name := it.name
			if f.Name == "any" && !isStar(a) {
				switch _, named := b.autoName(a, r); {
				case named:
					name = "any_" + name
				case len(x.Args) == 1:
					name = "any_"
				}
			}
			call := &plan.Call{Function: b.functions.Must("take_any"), Args: []plan.Expr{it.expr}, Of: it.expr.Type()}
			items = append(items, item{name: name, named: true, expr: r.aggregates.add(it.name, call)})
		}
	}
	return items
}

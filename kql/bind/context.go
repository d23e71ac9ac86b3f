package bind

import (
	"strconv"

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// contextCall binds the functions whose meaning depends on where they stand.
func (b *binder) contextCall(x *syntax.Call, f *builtin.Function, r *rowScope) plan.Expr {
	switch f.Canonical() {
	case "now", "ago":
		return b.clock(x, f, r)
	case "case":
		return b.caseCall(x, r)
	case "column_ifexists":
		return b.columnIfExists(x, r)
	case "toscalar":
		return b.toScalar(x, r)
	case "pack_all":
		return b.packAll(x, r)
	case "bag_pack_columns":
		return b.packColumns(x, r)
	case "ingestion_time":
		if r.rel.ingestion == nil {
			return &plan.Literal{Of: types.DateTime}
		}
		return &plan.Ref{Column: r.rel.ingestion}
	case "column_names_of":
		return b.columnNamesOf(x, r)
	case "assert":
		return b.assert(x, f, r)
	case "bin_auto":
		return b.binAuto(x, r)
	case "estimate_data_size":
		return b.dataSize(x, r)
	case "cursor_current", "cursor_after", "cursor_before_or_at":
		return b.cursor(x, f.Canonical(), r)
	case "extent_id":
		return &plan.Literal{Of: types.Guid, Value: "00000000-0000-0000-0000-000000000000"}
	case "extent_tags":
		return &plan.Literal{Of: types.Dynamic}
	case "current_principal":
		return &plan.Literal{Of: types.String, Value: b.options.Principal}
	case "current_principal_details":
		return &plan.Literal{Of: types.Dynamic, Value: dynamic.Text(b.principalDetails())}
	case "current_principal_is_member_of":
		return b.isPrincipal(x, r)
	case "current_cluster_endpoint":
		return &plan.Literal{Of: types.String, Value: "localhost"}
	case "current_database":
		return &plan.Literal{Of: types.String, Value: "Quoll"}
	}
	b.errorf(x.Span(), "%s() gives a table, and a scalar is expected here", f.Name)
	return unknown
}

func (b *binder) clock(x *syntax.Call, f *builtin.Function, r *rowScope) plan.Expr {
	args, ok := b.scalars(x.Args, r)
	if !ok {
		return unknown
	}
	call, ok := b.apply(x, f, args).(*plan.Call)
	if !ok {
		return unknown
	}
	now := &plan.Literal{Of: types.DateTime, Value: b.now}
	if len(call.Args) == 0 {
		return now
	}
	op := "+"
	if f.Name == "ago" {
		op = "-"
	}
	return fold(b.callBuiltin(op, types.DateTime, now, call.Args[0]))
}

// caseCall binds case(p1, v1, p2, v2, …, else).
func (b *binder) caseCall(x *syntax.Call, r *rowScope) plan.Expr {
	n := len(x.Args)
	if n < 3 || n%2 == 0 {
		b.errorf(x.Span(), "case() takes predicates and values in turn, and a last value: 3, 5, 7 … arguments, not %d", n)
		return unknown
	}
	c := &plan.Case{Branches: make([]plan.Branch, n/2)}
	var values []plan.Expr
	failed := false
	for i := range c.Branches {
		c.Branches[i].When = b.condition(x.Args[2*i], r)
		value := b.scalar(x.Args[2*i+1], r)
		failed = failed || bad(c.Branches[i].When) || bad(value)
		values = append(values, value)
	}
	values = append(values, b.scalar(x.Args[n-1], r))
	if failed || bad(values[len(values)-1]) {
		return unknown
	}
	t, ok := branchType(values)
	if !ok {
		t = types.Dynamic // as in Microsoft's binder, which does so for iff() too
	}
	for i := range c.Branches {
		c.Branches[i].Then = convert(values[i], t)
	}
	c.Else, c.Of = convert(values[len(values)-1], t), t
	return c
}

func (b *binder) columnIfExists(x *syntax.Call, r *rowScope) plan.Expr {
	if len(x.Args) != 2 {
		b.errorf(x.Span(), "%s() takes a column's name and a default", x.Func.Text)
		return unknown
	}
	name, ok := b.constantText(x, 0, r.scope)
	if !ok {
		return unknown
	}
	fallback := b.scalar(x.Args[1], r)
	if bad(fallback) {
		return unknown
	}
	if c := r.rel.find(name); c != nil {
		return &plan.Ref{Column: c}
	}
	if r.rel.open != nil && r.rel.open.column != nil {
		// Whether the bag has the member is known for each row only.
		member := b.openMember(name, r.rel)
		when := b.callBuiltin("isnotnull", types.Bool, member)
		return &plan.Case{Branches: []plan.Branch{{When: when, Then: convert(member, fallback.Type())}}, Else: fallback, Of: fallback.Type()}
	}
	return fallback
}

func (b *binder) toScalar(x *syntax.Call, r *rowScope) plan.Expr {
	if len(x.Args) != 1 {
		b.errorf(x.Span(), "toscalar() takes one table or scalar")
		return unknown
	}
	if !b.isTabular(x.Args[0], r.scope) {
		return b.scalar(x.Args[0], constants(r.scope))
	}
	rel := b.tabular(x.Args[0], r.scope)
	if len(rel.fields) == 0 {
		if rel.open == nil {
			b.errorf(x.Span(), "the table of toscalar() has no column")
		}
		return unknown
	}
	if c := foreign(rel.node); c != nil {
		b.src.Add(source.Diagnostic{
			Span: x.Span(), Message: "toscalar() is computed once, and its table reads " + strconv.Quote(c.Name) + ", which each row has its own of",
			Remedy: "join or lookup bring the tables together",
		})
		return unknown
	}
	return &plan.Scalar{Node: b.limited(rel, 1), Column: rel.fields[0].column}
}

func (b *binder) packAll(x *syntax.Call, r *rowScope) plan.Expr {
	skip := false
	if len(x.Args) == 1 {
		if l, ok := b.scalar(x.Args[0], r).(*plan.Literal); ok {
			skip, _ = l.Value.(bool)
		}
	}
	var args []plan.Expr
	for _, f := range r.rel.fields {
		args = append(args, &plan.Literal{Of: types.String, Value: f.name}, &plan.Ref{Column: f.column})
	}
	if len(args) == 0 {
		b.errorf(x.Span(), "there is no column here to pack")
		return unknown
	}
	name := "bag_pack"
	if skip {
		name = "pack_present"
	}
	return b.callBuiltin(name, types.Dynamic, args...)
}

func (b *binder) packColumns(x *syntax.Call, r *rowScope) plan.Expr {
	var args []plan.Expr
	for _, a := range x.Args {
		name, isName := a.(*syntax.Name)
		e := b.scalar(a, r)
		if bad(e) {
			return unknown
		}
		if !isName {
			b.errorf(a.Span(), "bag_pack_columns() takes columns")
			return unknown
		}
		args = append(args, &plan.Literal{Of: types.String, Value: name.Text}, e)
	}
	if len(args) == 0 {
		b.errorf(x.Span(), "bag_pack_columns() takes one column or more")
		return unknown
	}
	return b.callBuiltin("bag_pack", types.Dynamic, args...)
}

func (b *binder) assert(x *syntax.Call, f *builtin.Function, r *rowScope) plan.Expr {
	args, ok := b.scalars(x.Args, r)
	if !ok {
		return unknown
	}
	call, ok := b.apply(x, f, args).(*plan.Call)
	if !ok {
		return unknown
	}
	if l, ok := call.Args[0].(*plan.Literal); ok && l.Value != true {
		message, _ := call.Args[1].(*plan.Literal)
		if message != nil {
			b.errorf(x.Span(), "%v", message.Value)
		} else {
			b.errorf(x.Span(), "the assertion is false")
		}
		return unknown
	}
	return call.Args[0]
}

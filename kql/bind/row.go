package bind

import (
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// rowScope is what a scalar expression can refer to.
type rowScope struct {
	scope *scope
	rel   *relation
	// left and right are set in a join's conditions.
	left, right *relation
	// sides are further relations by name: the steps of a scan.
	sides map[string]*relation
	// match is set in the expressions of a graph operator.
	match *match
	// inner is set in what all(), any() and map() ask of the inner nodes of a
	// path, where node_id() and the degrees take no argument.
	inner *innerNodes
	// aggregates collects aggregate calls where they are allowed, else nil.
	aggregates *aggregation
	// windows collects window calls where they are allowed, else nil.
	windows *windows
	// tuples collects calls that give several values, where these become
	// columns, else nil.
	tuples *tuples
}

// constants is the scope of an expression that stands outside any row.
func constants(s *scope) *rowScope { return &rowScope{scope: s, rel: &relation{}} }

// rows is the scope of an expression over the rows of rel.
func rows(rel *relation, s *scope) *rowScope { return &rowScope{scope: s, rel: rel} }

// plain returns the scope inside an argument of an aggregate: the same row,
// but no further aggregates or windows.
func (r *rowScope) plain() *rowScope { return &rowScope{scope: r.scope, rel: r.rel} }

// scalar binds an expression that gives one value. After a mistake, which has
// been reported, it gives a value of type Unknown.
func (b *binder) scalar(x syntax.Expr, r *rowScope) plan.Expr {
	b.src.Budget.Spend(1)
	if b.depth > maxDepth {
		return unknown
	}
	if !b.enter(x) {
		b.leave()
		return unknown
	}
	defer b.leave()
	switch x := x.(type) {
	case *syntax.Paren:
		return b.scalar(x.X, r)
	case *syntax.Name:
		return b.name(x, r)
	case *syntax.Literal:
		if clock, ok := x.Value.(types.ClockTime); ok {
			return &plan.Literal{Of: types.DateTime, Value: clock.On(b.now)}
		}
		return literal(x)
	case *syntax.DynamicLiteral:
		if x.JSON == "null" {
			return &plan.Literal{Of: types.Dynamic}
		}
		return &plan.Literal{Of: types.Dynamic, Value: x.JSON}
	case *syntax.Unary:
		return b.unary(x, r)
	case *syntax.Binary:
		return b.binary(x, r)
	case *syntax.InList:
		return b.inList(x, r)
	case *syntax.Between:
		return b.between(x, r)
	case *syntax.Call:
		return b.scalarCall(x, r)
	case *syntax.Member:
		return b.member(x, r)
	case *syntax.Index:
		return b.element(x, r)
	case *syntax.Named:
		return b.scalar(x.X, r)
	case *syntax.BadExpr:
		return unknown
	case *syntax.Pipe, *syntax.Datatable, *syntax.ExternalData:
		b.errorf(x.Span(), "a scalar is expected here, and this is a table; toscalar() takes one value out of it")
		return unknown
	case *syntax.Star, *syntax.Wildcard:
		b.src.Add(source.Diagnostic{Span: x.Span(), Message: "* cannot stand here", Remedy: "count() counts rows without an argument; project * and * has \"text\" are where it can stand"})
		return unknown
	}
	b.errorf(x.Span(), "a scalar is expected here")
	return unknown
}

// literal converts a literal of the text. Decimals are computed as reals, so
// their digits become one.
func literal(x *syntax.Literal) plan.Expr {
	if digits, ok := x.Value.(string); ok && x.Type == types.Decimal {
		return fold(&plan.Convert{X: &plan.Literal{Of: types.String, Value: digits}, To: types.Decimal})
	}
	if clock, ok := x.Value.(types.ClockTime); ok {
		return &plan.Literal{Of: types.DateTime, Value: clock.On(types.MinDateTime)} // a place that has no day
	}
	return &plan.Literal{Of: x.Type, Value: x.Value}
}

// name resolves a bare name: a column of the row first, then what let named.
func (b *binder) name(x *syntax.Name, r *rowScope) plan.Expr {
	if c := r.rel.find(x.Text); c != nil {
		return &plan.Ref{Column: c}
	}
	if r.match != nil && r.match.searches[x.Text] != nil {
		return r.match.bags(x, false)
	}
	if v := r.scope.find(x.Text); v != nil {
		switch {
		case v.scalar != nil:
			if !b.charge(v.size, x) {
				return unknown
			}
			return v.scalar
		case v.function != nil:
			return b.userFunction(v.function, nil, x, r)
		case v.table != nil && v.table.shared == nil:
			return unknown
		case v.pattern != nil:
			b.errorf(x.Span(), "%q is a pattern, which gives a table", x.Text)
			return unknown
		}
		b.errorf(x.Span(), "%q is a table, and a scalar is expected here; toscalar() takes one value out of it", x.Text)
		return unknown
	}
	if r.rel.open != nil {
		return b.openMember(x.Text, r.rel)
	}
	b.unknownName(x.Span(), x.Text, r)
	return unknown
}

func (b *binder) unknownName(span source.Span, name string, r *rowScope) {
	if len(r.rel.fields) == 0 {
		names := r.scope.names()
		message := `no name "` + name + `" here`
		if len(names) > 0 {
			message += "; names are " + enumerate(names)
		}
		b.src.Add(source.Diagnostic{Span: span, Message: message, Remedy: didYouMean(name, names)})
		return
	}
	b.noColumn(span, name, r.rel)
}

// userFunction writes out a let function that gives a scalar.
func (b *binder) userFunction(f *function, args []syntax.Expr, at syntax.Node, r *rowScope) plan.Expr {
	result := b.call(f, args, at, r, nil)
	if result.rel != nil {
		b.errorf(at.Span(), "the function %s gives a table, and a scalar is expected here; toscalar() takes one value out of it", f.name)
		return unknown
	}
	return result.scalar
}

// condition binds an expression that must be a bool.
func (b *binder) condition(x syntax.Expr, r *rowScope) plan.Expr {
	e := b.scalar(x, r)
	switch e.Type() {
	case types.Bool, types.Unknown:
		return e
	case types.Dynamic:
		return convert(e, types.Bool)
	}
	b.errorf(x.Span(), "a condition must be a bool, and this is a %s", e.Type())
	return unknown
}

// member binds `x.name`. On $left and $right it names a column of that side.
func (b *binder) member(x *syntax.Member, r *rowScope) plan.Expr {
	if name, ok := x.X.(*syntax.Name); ok && r.match != nil && r.match.searches[name.Text] != nil {
		return r.match.mapped(name, x.Name, false)
	}
	if side := sideOf(x.X, r); side != nil {
		if c := side.find(x.Name.Text); c != nil {
			return &plan.Ref{Column: c}
		}
		if side.open == nil {
			b.noColumn(x.Name.Span(), x.Name.Text, side)
		}
		return unknown
	}
	bag := b.scalar(x.X, r)
	return b.memberOf(bag, x.X, x.Name.Text)
}

func (b *binder) memberOf(bag plan.Expr, at syntax.Expr, name string) plan.Expr {
	if bad(bag) {
		return unknown
	}
	if bag.Type() != types.Dynamic {
		b.src.Add(source.Diagnostic{
			Span:    at.Span(),
			Message: "only a dynamic value has members, and this is a " + bag.Type().String(),
			Remedy:  "parse_json() reads a string that holds JSON",
		})
		return unknown
	}
	return b.callBuiltin("member", types.Dynamic, bag, &plan.Literal{Of: types.String, Value: name})
}

// element binds `x[i]` and `x['name']`.
func (b *binder) element(x *syntax.Index, r *rowScope) plan.Expr {
	if side := sideOf(x.X, r); side != nil {
		if name, ok := b.scalar(x.Index, constants(r.scope)).(*plan.Literal); ok && name.Of == types.String {
			if c := side.find(name.Value.(string)); c != nil {
				return &plan.Ref{Column: c}
			}
		}
		b.errorf(x.Index.Span(), "no such column on this side of the join; columns are %s", enumerate(side.names()))
		return unknown
	}
	array, index := b.scalar(x.X, r), b.scalar(x.Index, r)
	if bad(array) || bad(index) {
		return unknown
	}
	if array.Type() != types.Dynamic {
		return b.memberOf(array, x.X, "")
	}
	switch {
	case index.Type() == types.Dynamic:
		index = convert(index, types.String)
	case index.Type() != types.String && !index.Type().Integer():
		b.errorf(x.Index.Span(), "an element is chosen by an integer or a string, not by a %s", index.Type())
		return unknown
	}
	if l, ok := index.(*plan.Literal); ok && l.Value != nil {
		if index.Type() == types.String {
			return b.callBuiltin("member", types.Dynamic, array, index)
		}
		return b.callBuiltin("element", types.Dynamic, array, convert(index, types.Long))
	}
	if index.Type() == types.String {
		return b.callBuiltin("member", types.Dynamic, array, index)
	}
	return b.callBuiltin("array_element", types.Dynamic, array, convert(index, types.Long))
}

func sideOf(x syntax.Expr, r *rowScope) *relation {
	name, ok := x.(*syntax.Name)
	if !ok {
		return nil
	}
	if side := r.sides[name.Text]; side != nil {
		return side
	}
	if r.left == nil {
		return nil
	}
	switch name.Text {
	case "$left":
		return r.left
	case "$right":
		return r.right
	}
	return nil
}

// callBuiltin makes a call whose arguments are known to fit.
func (b *binder) callBuiltin(name string, t types.Type, args ...plan.Expr) plan.Expr {
	return &plan.Call{Function: b.functions.Must(name), Args: args, Of: t}
}

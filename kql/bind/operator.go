package bind

import (
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

func (b *binder) unary(x *syntax.Unary, r *rowScope) plan.Expr {
	e := b.scalar(x.X, r)
	if bad(e) {
		return unknown
	}
	if e.Type() == types.Dynamic && x.Op == "-" {
		zero := &plan.Literal{Of: types.Dynamic, Value: "0"}
		real := b.callBuiltin("negate", types.Real, convert(e, types.Real))
		return b.dynamicArithmetic("-", zero, e, convert(real, types.Dynamic))
	}
	if e.Type() == types.Dynamic {
		return e
	}
	if !e.Type().Summable() {
		b.errorf(x.Span(), "%s needs a number or a timespan, not a %s", string(x.Op), e.Type())
		return unknown
	}
	if x.Op == "+" {
		return e
	}
	t := e.Type()
	if t == types.Int && !constant(e) {
		t = types.Long
	}
	return fold(b.callBuiltin("negate", t, e))
}

// binary binds `x op y`.
func (b *binder) binary(x *syntax.Binary, r *rowScope) plan.Expr {
	switch op := string(x.Op); op {
	case "and", "or":
		return b.junction(x, r)
	case "+", "-", "*", "/", "%":
		return b.arithmetic(x, b.scalar(x.X, r), b.scalar(x.Y, r))
	case "==", "!=", "<", "<=", ">", ">=", "<>":
		return b.comparison(x, r)
	default:
		return b.stringOperator(x, r)
	}
}

// junction binds a chain of the same logical operator as one call, so that a
// long chain is not a deep tree.
func (b *binder) junction(x *syntax.Binary, r *rowScope) plan.Expr {
	var terms []syntax.Expr
	var chain syntax.Expr = x
	for {
		next, ok := chain.(*syntax.Binary)
		if !ok || next.Op != x.Op {
			break
		}
		terms = append(terms, next.Y)
		chain = next.X
	}
	args := []plan.Expr{b.condition(chain, r)}
	for i := len(terms) - 1; i >= 0; i-- {
		args = append(args, b.condition(terms[i], r))
	}
	for _, a := range args {
		if bad(a) {
			return unknown
		}
	}
	return b.callBuiltin(string(x.Op), types.Bool, args...)
}

// arithmetic applies the rules of + - * / %: numbers widen to their common
// type, timespans and datetimes combine as quantities do, and a dynamic operand
// becomes what the other one is.
func (b *binder) arithmetic(x *syntax.Binary, left, right plan.Expr) plan.Expr {
	if bad(left) || bad(right) {
		return unknown
	}
	op := string(x.Op)
	isDynamic := left.Type() == types.Dynamic && right.Type() == types.Dynamic
	x1, y1 := left, right
	left, right = adapt(left, right, op), adapt(right, left, op)
	t := arithmeticType(op, left.Type(), right.Type())
	if t == types.Unknown {
		if t = ticksType(op, left.Type(), right.Type()); t != types.Unknown {
			return b.ticksArithmetic(op, t, left, right)
		}
		d := source.Diagnostic{
			Span:    source.Span{Start: x.X.Span().Start, End: x.Y.Span().End},
			Message: op + " cannot stand between " + left.Type().String() + " and " + right.Type().String(),
		}
		if left.Type() == types.String || right.Type() == types.String {
			d.Remedy = "strcat() joins texts; tolong() and toreal() make a number of one"
		}
		b.src.Add(d)
		return unknown
	}
	if left.Type() == types.TimeSpan && right.Type() == types.DateTime {
		left, right = right, left // only + can stand so
	}
	e := fold(b.callBuiltin(op, t, left, right))
	if isDynamic {
		return b.dynamicArithmetic(op, x1, y1, convert(e, types.Dynamic))
	}
	return e
}

// dynamicArithmetic keeps whole numbers whole: of two dynamic values that hold
// longs the result is one.
func (b *binder) dynamicArithmetic(op string, x, y, real plan.Expr) plan.Expr {
	if op == "/" {
		return real
	}
	isLong := func(e plan.Expr) plan.Expr {
		return b.callBuiltin("==", types.Bool, b.callBuiltin("gettype", types.String, e), &plan.Literal{Of: types.String, Value: "long"})
	}
	whole := b.callBuiltin(op, types.Long, convert(x, types.Long), convert(y, types.Long))
	return &plan.Case{Branches: []plan.Branch{{When: b.callBuiltin("and", types.Bool, isLong(x), isLong(y)), Then: convert(whole, types.Dynamic)}}, Else: real, Of: types.Dynamic}
}

// adapt converts a dynamic operand to what it must be beside the other one.
func adapt(e, other plan.Expr, op string) plan.Expr {
	if e.Type() != types.Dynamic {
		return e
	}
	switch t := other.Type(); t {
	case types.Dynamic:
		return convert(e, types.Real)
	case types.Int:
		return convert(e, types.Long)
	case types.DateTime:
		if op == "-" {
			return convert(e, types.DateTime)
		}
		return convert(e, types.TimeSpan)
	default:
		return convert(e, t)
	}
}

func arithmeticType(op string, left, right types.Type) types.Type {
	if left.Numeric() && right.Numeric() {
		if t, _ := types.Common(left, right); t != types.Int {
			return t
		}
		return types.Long // as in Microsoft's binder, so that two ints do not overflow
	}
	span, date := types.TimeSpan, types.DateTime
	switch {
	case left == span && right == span:
		switch op {
		case "+", "-", "%":
			return span
		case "/":
			return types.Real
		}
	case left == date && right == date && op == "-":
		return span
	case left == date && right == span && (op == "+" || op == "-"):
		return date
	case left == date && right == span && op == "%":
		return span
	case left == span && right == date && op == "+":
		return date
	case left == span && right.Numeric() && (op == "*" || op == "/"):
		return span
	case left.Numeric() && right == span && op == "*":
		return span
	}
	return types.Unknown
}

// ticksType is the type of what Kusto computes with the ticks of times alone:
// datetime / 1h, datetime * 2, timespan % 3 and the like.
func ticksType(op string, left, right types.Type) types.Type {
	span, date := types.TimeSpan, types.DateTime
	switch {
	case op == "/" && left == date && (right == date || right == span):
		return types.Real
	case (op == "*" || op == "/" || op == "%") && left == date && right.Numeric(),
		op == "*" && left.Numeric() && right == date,
		op == "+" && left == date && right == date,
		op == "-" && left == span && right == date:
		return date
	case op == "%" && left == date && right == date,
		op == "%" && left == span && right.Numeric(),
		op == "*" && left == span && right == span:
		return span
	}
	return types.Unknown
}

func (b *binder) ticksArithmetic(op string, t types.Type, left, right plan.Expr) plan.Expr {
	number := types.Long
	if t == types.Real || left.Type() == types.Real || right.Type() == types.Real {
		number = types.Real
	}
	ticks := func(e plan.Expr) plan.Expr {
		if !e.Type().Numeric() {
			e = convert(e, types.Long)
		}
		return convert(e, number)
	}
	e := fold(b.callBuiltin(op, number, ticks(left), ticks(right)))
	if t == types.Real {
		return e
	}
	return convert(convert(e, types.Long), t)
}

// comparison binds == != < <= > >=.
func (b *binder) comparison(x *syntax.Binary, r *rowScope) plan.Expr {
	if _, ok := x.X.(*syntax.Star); ok {
		return b.anyColumn(x, r)
	}
	left, right := b.scalar(x.X, r), b.scalar(x.Y, r)
	if bad(left) || bad(right) {
		return unknown
	}
	op := string(x.Op)
	if op == "<>" {
		op = "!="
	}
	left, right, ok := comparands(left, right, op == "==" || op == "!=")
	if !ok {
		b.incomparable(x, left.Type(), right.Type())
		return unknown
	}
	return fold(b.callBuiltin(op, types.Bool, left, right))
}

func (b *binder) incomparable(x *syntax.Binary, left, right types.Type) {
	d := source.Diagnostic{
		Span:    source.Span{Start: x.X.Span().Start, End: x.Y.Span().End},
		Message: "cannot compare a " + left.String() + " with a " + right.String(),
	}
	if left == types.String || right == types.String {
		other := left
		if left == types.String {
			other = right
		}
		d.Remedy = "to" + other.String() + "() converts a string"
	}
	b.src.Add(d)
}

// comparands converts two operands so that they can be compared. A dynamic
// value is compared as what the other operand is; two of them by their text.
func comparands(left, right plan.Expr, equality bool) (l, r plan.Expr, ok bool) {
	lt, rt := left.Type(), right.Type()
	switch {
	case lt == types.Dynamic && rt == types.Dynamic:
		t := types.String
		if !equality {
			t = types.Real
		}
		return convert(left, t), convert(right, t), true
	case lt == types.Dynamic:
		return convert(left, comparedAs(rt, equality)), right, true
	case rt == types.Dynamic:
		return left, convert(right, comparedAs(lt, equality)), true
	case lt == types.Guid && rt == types.String:
		return left, convert(right, types.Guid), true
	case lt == types.String && rt == types.Guid:
		return convert(left, types.Guid), right, true
	case lt == types.Bool && rt.Numeric():
		return convert(left, rt), right, true
	case lt.Numeric() && rt == types.Bool:
		return left, convert(right, lt), true
	case equality && rt == types.String && (lt == types.Bool || lt.Numeric()) && (constant(left) || constant(right)):
		return left, convert(right, lt), true // IsClickedThrough == "true"
	case equality && lt == types.String && (rt == types.Bool || rt.Numeric()) && (constant(left) || constant(right)):
		return convert(left, rt), right, true
	case lt == types.TimeSpan && rt.Integer():
		return left, convert(right, types.TimeSpan), true // delay % 5m == 0
	case lt.Integer() && rt == types.TimeSpan:
		return convert(left, types.TimeSpan), right, true
	}
	return left, right, types.Comparable(lt, rt)
}

// comparedAs is the type that a dynamic value takes beside one of type t. An
// integer is compared exactly, which a real of more than 53 bits is not; an
// order needs the fraction.
func comparedAs(t types.Type, equality bool) types.Type {
	if t.Integer() {
		if equality {
			return types.Long
		}
		return types.Real
	}
	return t
}

// anyColumn binds `* == value`: some column, converted to a string, is equal.
func (b *binder) anyColumn(x *syntax.Binary, r *rowScope) plan.Expr {
	right := b.scalar(x.Y, r)
	if bad(right) {
		return unknown
	}
	var args []plan.Expr
	for _, f := range r.rel.fields {
		left, y, ok := comparands(&plan.Ref{Column: f.column}, right, true)
		if ok {
			args = append(args, b.callBuiltin(string(x.Op), types.Bool, left, y))
		}
	}
	return b.disjunction(args)
}

func (b *binder) disjunction(args []plan.Expr) plan.Expr {
	switch len(args) {
	case 0:
		return &plan.Literal{Of: types.Bool, Value: false}
	case 1:
		return args[0]
	}
	return b.callBuiltin("or", types.Bool, args...)
}

// stringOperator binds has, contains, =~ and their kin. Operands of any type
// are taken as their text, as Kusto does.
func (b *binder) stringOperator(x *syntax.Binary, r *rowScope) plan.Expr {
	op := string(x.Op)
	f, ok := b.functions.Lookup(op)
	if !ok {
		b.errorf(x.OpSpan, "the operator %q is not supported yet", op)
		return unknown
	}
	right := b.scalar(x.Y, r)
	if _, ok := x.X.(*syntax.Star); ok {
		if bad(right) {
			return unknown
		}
		return b.anyText(f.Name, right, r)
	}
	left := b.scalar(x.X, r)
	if bad(left) || bad(right) {
		return unknown
	}
	for _, side := range []struct {
		e plan.Expr
		x syntax.Expr
	}{{left, x.X}, {right, x.Y}} {
		if t := side.e.Type(); t != types.String && t != types.Dynamic && t != types.Guid {
			b.errorf(side.x.Span(), "%s needs a string, and this is a %s; tostring() converts it", op, t)
			return unknown
		}
	}
	if l, ok := right.(*plan.Literal); ok && op == "matches regex" && l.Of == types.String {
		pattern, ok := b.pattern(x.Y, l.Value.(string))
		if !ok {
			return unknown
		}
		right = &plan.Literal{Of: types.String, Value: pattern}
	}
	return b.callBuiltin(f.Name, types.Bool, convert(left, types.String), convert(right, types.String))
}

// anyText binds `* has "x"`: some string column has it. A dynamic column is
// searched as its text.
func (b *binder) anyText(op string, right plan.Expr, r *rowScope) plan.Expr {
	var args []plan.Expr
	for _, f := range r.rel.fields {
		if t := f.column.Type; t == types.String || t == types.Dynamic || t == types.Guid {
			args = append(args, b.callBuiltin(op, types.Bool, convert(&plan.Ref{Column: f.column}, types.String), convert(right, types.String)))
		}
	}
	return b.disjunction(args)
}

// between binds `x between (low .. high)`. With a datetime the end may be a
// timespan, which is counted from the start.
func (b *binder) between(x *syntax.Between, r *rowScope) plan.Expr {
	value, low, high := b.scalar(x.X, r), b.scalar(x.Low, r), b.scalar(x.High, r)
	if bad(value) || bad(low) || bad(high) {
		return unknown
	}
	if low.Type() == types.DateTime && high.Type() == types.TimeSpan {
		high = fold(b.callBuiltin("+", types.DateTime, low, high))
	}
	v1, low, ok1 := comparands(value, low, false)
	v2, high, ok2 := comparands(value, high, false)
	if !ok1 || !ok2 {
		b.errorf(x.Span(), "a %s cannot be between a %s and a %s", value.Type(), low.Type(), high.Type())
		return unknown
	}
	if x.Not {
		return b.callBuiltin("or", types.Bool, b.callBuiltin("<", types.Bool, v1, low), b.callBuiltin(">", types.Bool, v2, high))
	}
	return b.callBuiltin("and", types.Bool, b.callBuiltin(">=", types.Bool, v1, low), b.callBuiltin("<=", types.Bool, v2, high))
}

package bind

import (
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
)

// result is what an expression statement gives: a table, or inside a function
// possibly a scalar.
type result struct {
	rel    *relation
	scalar plan.Expr
}

// statements binds the statements of a query or of a function's body in s and
// returns what the expression gives that is asked for, in a function the last one:
// a table, or in a function also a scalar.
func (b *binder) statements(query *syntax.Query, s *scope, inFunction bool) result {
	var last syntax.Expr
	var asked result
	number := 0
	for _, statement := range query.Statements {
		switch statement := statement.(type) {
		case *syntax.LetStatement:
			b.let(statement, s, inFunction)
		case *syntax.SetStatement:
			b.setting(statement)
		case *syntax.ParametersStatement:
			b.parameters(statement, s)
		case *syntax.PatternStatement:
			b.declarePattern(statement, s)
		case *syntax.ExpressionStatement:
			last = statement.X
			if !inFunction && number == b.branches.expression {
				asked = b.answer(last, s) // where it stands: it sees no name from below
			}
			number++
		}
	}
	switch {
	case !inFunction:
		return asked
	case last == nil:
		return result{}
	case b.isTabular(last, s):
		return result{rel: b.tabular(last, s)}
	}
	return result{scalar: b.scalar(last, constants(s))}
}

// answer binds what a query asks for.
func (b *binder) answer(x syntax.Expr, s *scope) result {
	if b.isTabular(x, s) {
		return result{rel: b.tabular(x, s)}
	}
	return result{rel: b.printed(x, s)}
}

// printed binds a scalar at the end of a query as print does, so that `1 + 1`
// or `now()` can just be asked. A name that nothing has is a table's.
func (b *binder) printed(x syntax.Expr, s *scope) *relation {
	if name, ok := x.(*syntax.Name); ok && s.find(name.Text) == nil {
		b.noTable(name, s)
		return b.nothing()
	}
	return b.print(&syntax.PrintOperator{Columns: []syntax.Expr{x}}, s)
}

// let binds a let statement. The value is bound where it stands, so a mistake
// in it is reported even if nothing uses it.
func (b *binder) let(statement *syntax.LetStatement, s *scope, inFunction bool) {
	name := statement.Name.Text
	if s.values[name] != nil && !inFunction {
		b.errorf(statement.Name.Span(), "%q is already defined by a let statement above", name)
	}
	if f, ok := statement.Value.(*syntax.FunctionLiteral); ok {
		s.values[name] = &value{function: &function{literal: f, scope: s, name: name}}
		return
	}
	if b.isTabular(statement.Value, s) {
		s.values[name] = &value{table: b.share(name, b.tabular(statement.Value, s), false)}
		return
	}
	s.values[name] = scalarValue(b.scalar(statement.Value, constants(s)))
}

// scalarValue names a scalar. The name stands for the whole expression, so its
// size counts at every use: names of names could grow without end.
func scalarValue(e plan.Expr) *value {
	v := &value{scalar: e}
	plan.VisitExpr(e, func(plan.Expr) bool {
		v.size++
		return true
	})
	return v
}

// share makes a table that can be referred to.
func (b *binder) share(name string, rel *relation, once bool) *letTable {
	if t, ok := rel.node.(*plan.Reference); ok && !once && len(t.Output) == len(t.Target.Node.Columns()) {
		once = t.Target.Once
	}
	return &letTable{shared: &plan.Shared{Name: name, Node: rel.node, Once: once}, rel: rel}
}

// isTabular reports whether x gives a table. It decides by the form of the
// expression and by what its names mean, without binding it.
func (b *binder) isTabular(x syntax.Expr, s *scope) bool {
	if p, _, _ := patternCall(x, s); p != nil {
		return true
	}
	switch x := x.(type) {
	case *syntax.Pipe, *syntax.Datatable, *syntax.ExternalData:
		return true
	case *syntax.Paren:
		return b.isTabular(x.X, s)
	case *syntax.Name:
		if v := s.find(x.Text); v != nil {
			return v.table != nil || v.function != nil && b.givesTable(v.function)
		}
		_, ok := b.catalog.Table(x.Text)
		return ok
	case *syntax.Call:
		if v := s.find(x.Func.Text); v != nil && v.function != nil {
			return b.givesTable(v.function)
		}
		switch x.Func.Text {
		case "materialize", "table", "_GetWatchlist", "view", "database", "workspace", "cluster":
			return true
		}
	}
	return false
}

// givesTable reports whether a function's body ends in a table. The answer is
// kept: a chain of functions that call each other twice would ask without end.
func (b *binder) givesTable(f *function) bool {
	if f.gives == givesNotAsked {
		f.gives = givesScalar // what a call of itself inside is told
		if b.endsInTable(f) {
			f.gives = givesRows
		}
	}
	return f.gives == givesRows
}

// endsInTable works givesTable out. Parameters count as what they are declared
// to be.
func (b *binder) endsInTable(f *function) bool {
	inner := newScope(f.scope)
	for _, p := range f.literal.Params {
		v := &value{scalar: unknown}
		if p.Tabular {
			v = &value{table: &letTable{}}
		}
		inner.values[p.Name.Text] = v
	}
	tabular := false
	for _, statement := range f.literal.Body.Statements {
		switch statement := statement.(type) {
		case *syntax.LetStatement:
			b.sketch(statement, inner)
		case *syntax.ExpressionStatement:
			tabular = b.isTabular(statement.X, inner)
		}
	}
	return tabular
}

// sketch records what kind of thing a let inside a function names.
func (b *binder) sketch(statement *syntax.LetStatement, s *scope) {
	v := &value{scalar: unknown}
	if f, ok := statement.Value.(*syntax.FunctionLiteral); ok {
		v = &value{function: &function{literal: f, scope: s, name: statement.Name.Text}}
	} else if b.isTabular(statement.Value, s) {
		v = &value{table: &letTable{}}
	}
	s.values[statement.Name.Text] = v
}

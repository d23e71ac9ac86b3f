package bind

import (
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// declaredPattern is what declare pattern has named: for constant arguments, and
// perhaps a path behind the call, one of several queries.
type declaredPattern struct {
	statement *syntax.PatternStatement
	scope     *scope
}

// declarePattern binds declare pattern. Its queries are bound where they are
// used, as a function's body is.
func (b *binder) declarePattern(statement *syntax.PatternStatement, s *scope) {
	name := statement.Name.Text
	if s.values[name] != nil {
		b.errorf(statement.Name.Span(), "%q is already defined above", name)
	}
	for _, m := range statement.Matches {
		if len(m.Values) != len(statement.Params) || (m.Path == nil) != (statement.Path == nil) {
			b.errorf(m.Span(), "the pattern %s takes %d values%s here", name, len(statement.Params), pathNote(statement))
		}
	}
	s.values[name] = &value{pattern: &declaredPattern{statement: statement, scope: s}}
}

func pathNote(statement *syntax.PatternStatement) string {
	if statement.Path != nil {
		return " and a path"
	}
	return ""
}

// patternCall returns the pattern that x calls, its arguments and its path:
// Name(a), Name(a).path or Name(a).['path'].
func patternCall(x syntax.Expr, s *scope) (*declaredPattern, *syntax.Call, string) {
	path := ""
	switch member := x.(type) {
	case *syntax.Member:
		x, path = member.X, member.Name.Text
	case *syntax.Index:
		l, ok := member.Index.(*syntax.Literal)
		if ok && l.Type == types.String {
			path, _ = l.Value.(string)
			x = member.X
		}
	}
	call, ok := x.(*syntax.Call)
	if !ok {
		return nil, nil, ""
	}
	if v := s.find(call.Func.Text); v != nil && v.pattern != nil {
		return v.pattern, call, path
	}
	return nil, nil, ""
}

// callPattern gives the table of the match that a call's arguments choose.
func (b *binder) callPattern(p *declaredPattern, call *syntax.Call, path string, at syntax.Node, s *scope) *relation {
	if !b.enter(at) || !b.count(at) {
		return b.nothing()
	}
	defer b.leave()
	args, ok := b.constantTexts(call.Args, s)
	if !ok {
		return b.nothing()
	}
	for _, m := range p.statement.Matches {
		values, ok := b.constantTexts(m.Values, p.scope)
		if !ok {
			return b.nothing()
		}
		if m.Path != nil {
			l, _ := b.scalar(m.Path, constants(p.scope)).(*plan.Literal)
			if l == nil || l.Value != path {
				continue
			}
		} else if path != "" {
			continue
		}
		if !equalTexts(args, values) {
			continue
		}
		r := b.statements(m.Body, newScope(p.scope), true)
		if r.rel == nil {
			b.errorf(m.Span(), "a pattern gives tables, and this match gives none")
			return b.nothing()
		}
		return r.rel
	}
	b.errorf(at.Span(), "the pattern %s has no match for these values", p.statement.Name.Text)
	return b.nothing()
}

func equalTexts(a, c []string) bool {
	if len(a) != len(c) {
		return false
	}
	for i := range a {
		if a[i] != c[i] {
			return false
		}
	}
	return true
}

// constantTexts evaluates constants to their texts.
func (b *binder) constantTexts(xs []syntax.Expr, s *scope) ([]string, bool) {
	all := make([]string, len(xs))
	for i, x := range xs {
		e := b.scalar(x, constants(s))
		if bad(e) {
			return nil, false
		}
		l, ok := convert(e, types.String).(*plan.Literal)
		if !ok {
			b.errorf(x.Span(), "a pattern is chosen by constants")
			return nil, false
		}
		all[i], _ = l.Value.(string)
	}
	return all, true
}

package bind

import (
	"maps"
	"slices"
	"time"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// setting binds a set statement. Those that say how much a query gives, or what
// the time is, have a meaning here; the others are hints to a cluster, and like
// Kusto's own a name that nobody knows is no mistake.
func (b *binder) setting(statement *syntax.SetStatement) {
	switch name := statement.Name.Text; name {
	case "notruncation":
		b.limits.NoTruncation = flag(statement.Value)
	case "norequesttimeout":
		b.limits.NoTimeout = flag(statement.Value)
	case "truncationmaxrecords", "query_take_max_records":
		n, ok := b.settingNumber(statement)
		if ok && name == "query_take_max_records" {
			b.mostRows = n
		} else if ok {
			b.limits.Rows = n
		}
	case "truncationmaxsize":
		if n, ok := b.settingNumber(statement); ok {
			b.limits.Bytes = n
		}
	case "servertimeout":
		if span, ok := settingValue(statement.Value, types.TimeSpan).(types.Ticks); ok && span > 0 {
			b.limits.Time = time.Duration(span) * 100
			return
		}
		b.errorf(statement.Span(), "servertimeout is a timespan, as in set servertimeout = 2m")
	case "query_bin_auto_size", "query_bin_auto_at":
		b.binAutoSetting(name, statement)
	case "query_now":
		if now, ok := settingValue(statement.Value, types.DateTime).(time.Time); ok {
			b.now = now.UTC()
			return
		}
		b.errorf(statement.Span(), "query_now is a datetime, as in set query_now = datetime(2026-01-31)")
	}
}

// flag reads a setting that is on without a value.
func flag(x syntax.Expr) bool {
	l, ok := x.(*syntax.Literal)
	return x == nil || ok && l.Value == true
}

// settingNumber reads a positive whole number.
func (b *binder) settingNumber(statement *syntax.SetStatement) (int64, bool) {
	if n, ok := settingValue(statement.Value, types.Long).(int64); ok && n > 0 {
		return n, true
	}
	b.errorf(statement.Span(), "%s is a whole number greater than 0", statement.Name.Text)
	return 0, false
}

// settingValue reads a constant of a type, or a text that holds one.
func settingValue(x syntax.Expr, t types.Type) any {
	l, ok := x.(*syntax.Literal)
	if !ok || l.Type != t && l.Type != types.String {
		return nil
	}
	if value, ok := convert(literal(l), t).(*plan.Literal); ok {
		return value.Value
	}
	return nil
}

// parameters binds declare query_parameters: a name has the value that the
// request gives for it, else its default.
func (b *binder) parameters(statement *syntax.ParametersStatement, s *scope) {
	for _, p := range statement.Params {
		name := p.Name.Text
		text, given := b.options.Parameters[name]
		switch {
		case p.Tabular:
			b.errorf(p.Span(), "a query's parameter is a scalar, not a table")
		case s.values[name] != nil:
			b.errorf(p.Name.Span(), "%q is already defined above", name)
		case given:
			s.values[name] = scalarValue(b.givenParameter(p, text))
		case p.Default == nil:
			b.errorf(p.Span(), "the parameter %q has no value: the request must give one, or the declaration a default", name)
			s.values[name] = &value{scalar: unknown}
		default:
			e := b.scalar(p.Default, constants(s))
			if !bad(e) && !types.Widens(e.Type(), p.Type) && p.Type != types.Dynamic && e.Type() != types.Dynamic {
				b.errorf(p.Default.Span(), "the parameter %q has the type %s, and this is %s", name, p.Type, e.Type())
				e = unknown
			}
			if !bad(e) {
				e = convert(e, p.Type)
			}
			s.values[name] = scalarValue(e)
		}
	}
}

// undeclared reports values for parameters that the query does not declare: most
// likely a name is mistyped.
func (b *binder) undeclared(query *syntax.Query) {
	if len(b.options.Parameters) == 0 {
		return
	}
	declared := map[string]bool{}
	var names []string
	for _, statement := range query.Statements {
		if p, ok := statement.(*syntax.ParametersStatement); ok {
			for _, c := range p.Params {
				declared[c.Name.Text] = true
				names = append(names, c.Name.Text)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.options.Parameters)) {
		if !declared[name] {
			b.src.Add(source.Diagnostic{
				Span: source.Span{End: min(1, query.Span().End)}, Message: `the query declares no parameter "` + name + `", for which the request gives a value`,
				Remedy: didYouMean(name, names),
			})
		}
	}
}

// givenParameter reads the value that a request gives: the constant as a query
// writes it, or its text alone.
func (b *binder) givenParameter(p *syntax.ColumnDecl, text string) plan.Expr {
	e := plan.Expr(&plan.Literal{Of: types.String, Value: text})
	if l := syntax.ReadLiteral(text); l != nil {
		e = literal(l)
	}
	if e.Type() != p.Type && p.Type != types.String && e.Type() != types.String {
		e = &plan.Literal{Of: types.String, Value: text}
	}
	if p.Type == types.Dynamic && e.Type() == types.String {
		return parseJSON(e)
	}
	if p.Type == types.String && e.Type() != types.String {
		return &plan.Literal{Of: types.String, Value: text}
	}
	e = convert(e, p.Type)
	if l, ok := e.(*plan.Literal); !ok || l.Value == nil {
		b.errorf(p.Span(), "the request's value for the parameter %q is no %s", p.Name.Text, p.Type)
		return unknown
	}
	return e
}

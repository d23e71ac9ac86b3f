package bind

import (
	"slices"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// tabular binds an expression that gives a table. After a mistake it gives a
// relation without columns.
func (b *binder) tabular(x syntax.Expr, s *scope) *relation {
	if !b.enter(x) {
		return b.nothing()
	}
	defer b.leave()
	if p, call, path := patternCall(x, s); p != nil {
		return b.callPattern(p, call, path, x, s)
	}
	switch x := x.(type) {
	case *syntax.Paren:
		return b.tabular(x.X, s)
	case *syntax.Name:
		return b.namedTable(x, s)
	case *syntax.Pipe:
		return b.pipe(x, s)
	case *syntax.Datatable:
		return b.datatable(x, s)
	case *syntax.Call:
		return b.tableCall(x, s)
	case *syntax.ExternalData:
		return b.externalData(x, s)
	case *syntax.BadExpr:
	default:
		b.notTabular(x)
	}
	return b.nothing()
}

// notTabular says that an expression is none. A table of another database or
// workspace begins with a call, which is what is missing.
func (b *binder) notTabular(x syntax.Expr) {
	for inner := x; ; {
		switch at := inner.(type) {
		case *syntax.Member:
			inner = at.X
			continue
		case *syntax.Call:
			if why := b.functions.WhyAbsent(at.Func.Text); why != "" {
				b.src.Add(source.Diagnostic{Span: at.Span(), Message: at.Func.Text + "() is not supported: " + why, Remedy: "a table's name alone is enough"})
				return
			}
		}
		b.errorf(x.Span(), "a table is expected here")
		return
	}
}

// nothing is the relation of what could not be bound: mistakes that follow
// from it are not reported, because nothing of it is known.
func (b *binder) nothing() *relation {
	return &relation{node: &plan.Values{}, open: &openBag{}}
}

func (b *binder) namedTable(name *syntax.Name, s *scope) *relation {
	if v := s.find(name.Text); v != nil {
		switch {
		case v.table != nil:
			return b.reference(v.table)
		case v.function != nil:
			return b.callTable(v.function, nil, name, s)
		}
		b.errorf(name.Span(), "%q is a scalar, and a table is expected here", name.Text)
		return b.nothing()
	}
	t, ok := b.catalog.Table(name.Text)
	if !ok {
		b.noTable(name, s)
		return b.nothing()
	}
	return b.scan(t)
}

// noTable reports a table that does not exist.
func (b *binder) noTable(name *syntax.Name, s *scope) {
	candidates := b.catalog.Names()
	for _, n := range s.names() {
		if v := s.find(n); v.table != nil || v.function != nil {
			candidates = append(candidates[:len(candidates):len(candidates)], n)
		}
	}
	b.src.Add(source.Diagnostic{
		Span:    name.Span(),
		Message: `no table or function "` + name.Text + `"; tables are ` + enumerate(nearestFirst(name.Text, candidates)),
		Remedy:  didYouMean(name.Text, candidates),
	})
}

// scan reads a table of the catalogue.
func (b *binder) scan(t *Table) *relation {
	scan := &plan.Scan{Table: t.Name, Fields: make([]plan.Field, len(t.Columns), len(t.Columns)+1)}
	r := &relation{node: scan, name: t.Name, fields: make([]field, len(t.Columns)), aliases: map[string]*plan.Column{}}
	for i, c := range t.Columns {
		column := b.newColumn(c.Name, c.Type)
		scan.Fields[i] = plan.Field{Column: column, Source: c.Name}
		r.fields[i] = field{c.Name, column}
	}
	for alias, name := range t.Aliases {
		if i := r.index(name); i >= 0 && r.index(alias) < 0 {
			r.aliases[alias] = r.fields[i].column
		}
	}
	if t.IngestionTime != "" {
		r.ingestion = b.newColumn("ingestion_time", types.DateTime)
		scan.Fields = append(scan.Fields, plan.Field{Column: r.ingestion, Source: t.IngestionTime})
	}
	return r
}

// tableCall binds a function call that gives a table.
func (b *binder) tableCall(call *syntax.Call, s *scope) *relation {
	name := call.Func.Text
	if v := s.find(name); v != nil && v.function != nil {
		return b.callTable(v.function, call.Args, call, s)
	}
	switch name {
	case "materialize":
		if len(call.Args) != 1 {
			b.errorf(call.Span(), "materialize() takes one table")
			return b.nothing()
		}
		return b.reference(b.share("", b.tabular(call.Args[0], s), true))
	case "table":
		if text, ok := b.constantText(call, 0, s); ok {
			return b.tableByName(call, text, s)
		}
		return b.nothing()
	case "_GetWatchlist":
		return b.watchlist(call, s)
	}
	if len(call.Args) == 0 {
		if t, ok := b.catalog.Table(name); ok {
			return b.scan(t)
		}
	}
	if !b.refused(call.Func, "function "+name+"()") {
		b.noTable(call.Func, s)
	}
	return b.nothing()
}

func (b *binder) tableByName(call *syntax.Call, name string, s *scope) *relation {
	if v := s.find(name); v != nil && v.table != nil {
		return b.reference(v.table)
	}
	if t, ok := b.catalog.Table(name); ok {
		return b.scan(t)
	}
	b.errorf(call.Args[0].Span(), "no table %q; tables are %s", name, enumerate(b.catalog.Names()))
	return b.nothing()
}

func (b *binder) watchlist(call *syntax.Call, s *scope) *relation {
	name, ok := b.constantText(call, 0, s)
	if !ok {
		return b.nothing()
	}
	if b.options.Watchlist != nil {
		if t, found := b.options.Watchlist(name); found {
			if t.Rows != nil {
				return b.externalRows(t.Columns, t.Rows)
			}
			return b.scan(t)
		}
	}
	b.errorf(call.Args[0].Span(), "no watchlist %q", name)
	return b.nothing()
}

// constantText returns the i-th argument of a call, which must be a constant
// string.
func (b *binder) constantText(call *syntax.Call, i int, s *scope) (string, bool) {
	if i < len(call.Args) {
		e := b.scalar(call.Args[i], constants(s))
		if bad(e) {
			return "", false
		}
		if l, ok := e.(*plan.Literal); ok && l.Of == types.String {
			return l.Value.(string), true
		}
		b.errorf(call.Args[i].Span(), "%s() takes a constant string here", call.Func.Text)
		return "", false
	}
	b.errorf(call.Span(), "%s() takes a constant string", call.Func.Text)
	return "", false
}

// datatable binds a table of constants.
func (b *binder) datatable(x *syntax.Datatable, s *scope) *relation {
	values := &plan.Values{}
	r := &relation{node: values}
	for _, c := range x.Columns {
		if r.index(c.Name.Text) >= 0 {
			b.errorf(c.Span(), "the column %q is declared twice", c.Name.Text)
			return b.nothing()
		}
		column := b.newColumn(c.Name.Text, c.Type)
		values.Output = append(values.Output, column)
		r.fields = append(r.fields, field{c.Name.Text, column})
	}
	width := len(x.Columns)
	if width == 0 || len(x.Values)%width != 0 {
		b.errorf(x.Span(), "the datatable has %d columns and %d values, which do not fill whole rows", width, len(x.Values))
		return b.nothing()
	}
	row := constants(s)
	for i, v := range x.Values {
		if i%width == 0 {
			values.Rows = append(values.Rows, make([]plan.Expr, 0, width))
		}
		last := len(values.Rows) - 1
		values.Rows[last] = append(values.Rows[last], b.datum(v, x.Columns[i%width].Type, row))
	}
	return r
}

// datum binds one value of a datatable. Like Kusto it converts what does not
// have the column's type.
func (b *binder) datum(v syntax.Expr, t types.Type, row *rowScope) plan.Expr {
	e := b.scalar(v, row)
	if bad(e) {
		return e
	}
	if !constant(e) {
		b.errorf(v.Span(), "a datatable holds constants")
		return unknown
	}
	return convert(e, t)
}

// callTable writes a function out where it is called and gives its table.
func (b *binder) callTable(f *function, args []syntax.Expr, at syntax.Node, s *scope) *relation {
	r := b.call(f, args, at, constants(s), nil)
	if r.rel != nil {
		return r.rel
	}
	if !bad(r.scalar) {
		b.errorf(at.Span(), "the function %s gives a scalar, and a table is expected here", f.name)
	}
	return b.nothing()
}

// call binds a function's body with its parameters bound to the arguments,
// which are bound in the caller's scope.
func (b *binder) call(f *function, args []syntax.Expr, at syntax.Node, caller *rowScope, input *relation) result {
	if !b.enter(at) || !b.count(at) {
		return result{scalar: unknown}
	}
	defer b.leave()
	inner := newScope(f.scope)
	params := f.literal.Params
	if input != nil && len(params) > 0 {
		inner.values[params[0].Name.Text] = &value{table: b.share(params[0].Name.Text, input, false)}
		params = params[1:]
	}
	given, ok := b.arguments(f, params, args, at)
	if !ok {
		return result{scalar: unknown}
	}
	for i, p := range params {
		v, ok := b.argument(f, p, given[i], caller)
		if !ok {
			return result{scalar: unknown}
		}
		inner.values[p.Name.Text] = v
	}
	outside := b.unnamed
	b.unnamed = defaultNames{}
	defer func() { b.unnamed = outside }()
	r := b.inside(f, at, func() result { return b.statements(f.literal.Body, newScope(inner), true) })
	if r.rel == nil && r.scalar == nil {
		b.errorf(at.Span(), "the function %s ends without an expression", f.name)
		r.scalar = unknown
	}
	return r
}

// arguments pairs the arguments of a call, positional and named, with the
// parameters; nil stands for one that is left to its default.
func (b *binder) arguments(f *function, params []*syntax.ColumnDecl, args []syntax.Expr, at syntax.Node) ([]syntax.Expr, bool) {
	given := make([]syntax.Expr, len(params))
	for i, a := range args {
		if named, ok := a.(*syntax.Named); ok && len(named.Names) == 1 {
			j := slices.IndexFunc(params, func(p *syntax.ColumnDecl) bool { return p.Name.Text == named.Names[0].Text })
			if j < 0 {
				b.errorf(named.Span(), "the function %s has no parameter %q", f.name, named.Names[0].Text)
				return nil, false
			}
			given[j] = named.X
			continue
		}
		if i >= len(params) {
			b.errorf(at.Span(), "the function %s takes %d arguments, not %d", f.name, len(params), len(args))
			return nil, false
		}
		given[i] = a
	}
	for i, p := range params {
		if given[i] == nil && p.Default == nil {
			b.errorf(at.Span(), "the function %s needs its argument %q", f.name, p.Name.Text)
			return nil, false
		}
		if given[i] == nil {
			given[i] = p.Default
		}
	}
	return given, true
}

func (b *binder) argument(f *function, p *syntax.ColumnDecl, arg syntax.Expr, caller *rowScope) (*value, bool) {
	if p.Tabular {
		rel := b.tabular(arg, caller.scope)
		for _, c := range p.Columns {
			if rel.open != nil {
				break
			}
			if column := rel.find(c.Name.Text); column == nil {
				b.errorf(arg.Span(), "the function %s needs a table with the column %q", f.name, c.Name.Text)
				return nil, false
			} else if column.Type != c.Type && !(column.Type.Numeric() && c.Type.Numeric()) {
				b.errorf(arg.Span(), "the function %s needs the column %q as a %s, and it is a %s", f.name, c.Name.Text, c.Type, column.Type)
				return nil, false
			}
		}
		return &value{table: b.share(p.Name.Text, rel, false)}, true
	}
	e := b.scalar(arg, caller)
	if bad(e) {
		return nil, false
	}
	numbers := e.Type().Numeric() && p.Type.Numeric()
	if !numbers && !types.Widens(e.Type(), p.Type) && p.Type != types.Dynamic && e.Type() != types.Dynamic {
		b.errorf(arg.Span(), "the parameter %q of %s has the type %s, and this is %s", p.Name.Text, f.name, p.Type, e.Type())
		return nil, false
	}
	return scalarValue(convert(e, p.Type)), true
}

package bind

import (
	"strconv"
	"strings"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// Saved is a function that is kept outside of the query, as people save them
// for all to use.
type Saved struct {
	// Parameters are as in a let statement, without their brackets:
	// "who:string, days:long = 7". Body is what stands between the braces.
	Parameters, Body string
}

// library is the scope around a query: what it does not define itself is
// looked for among the saved functions. A query's own names hide theirs, and
// they see nothing of the query that calls them.
func (b *binder) library() *scope {
	if b.saved == nil {
		b.saved = &scope{values: map[string]*value{}, load: b.savedFunction}
	}
	return b.saved
}

// savedFunction reads the saved function of a name; nil when there is none.
func (b *binder) savedFunction(name string) *value {
	if v, asked := b.savedSeen[name]; asked {
		return v
	}
	if b.savedSeen == nil {
		b.savedSeen = map[string]*value{}
	}
	b.savedSeen[name] = nil
	if b.options.Function == nil {
		return nil
	}
	saved, ok := b.options.Function(name)
	if !ok {
		return nil
	}
	text := source.New("let " + name + " = (" + saved.Parameters + ") {\n" + saved.Body + "\n};")
	text.Budget = b.src.Budget
	query := syntax.Parse(text)
	v := &value{function: &function{literal: &syntax.FunctionLiteral{Body: &syntax.Query{}}, scope: b.library(), name: name, text: text}}
	if len(query.Statements) == 1 {
		if let, ok := query.Statements[0].(*syntax.LetStatement); ok {
			if f, ok := let.Value.(*syntax.FunctionLiteral); ok {
				v.function.literal = f
			}
		}
	}
	if len(v.function.literal.Body.Statements) == 0 && len(text.Diagnostics()) == 0 {
		text.Errorf(source.Span{}, "the body of the saved function %s has to be one expression, perhaps behind let statements, with its braces closed", name)
	}
	b.savedSeen[name] = v
	return v
}

// inside binds a part of a function's own text. Mistakes in a saved function
// are told at the place of the call, since its text is not the query's.
func (b *binder) inside(f *function, at syntax.Node, do func() result) result {
	if f.text == nil || f.text == b.src {
		return do()
	}
	outer := b.src
	b.src = f.text
	r := do()
	b.src = outer
	mistakes := f.text.Diagnostics()
	if len(mistakes) == 0 {
		return r
	}
	first := mistakes[0]
	line, _ := f.text.Position(first.Span.Start)
	outer.Add(source.Diagnostic{
		Span: at.Span(), Remedy: first.Remedy,
		Message: "the saved function " + f.name + " has a mistake in line " + strconv.Itoa(max(line-1, 1)) + ": " + strings.TrimSpace(first.Message),
	})
	return r
}

// CheckFunction binds a function as it stands, with some value for each
// parameter, so that its mistakes are told when it is saved. src holds the name.
// It returns a *source.Error; the first line of the text that this shows is the
// head of the function.
func CheckFunction(src *source.Text, name string, saved Saved, catalog Catalog, options Options) error {
	others := options.Function
	options.Function = func(asked string) (Saved, bool) {
		if asked == name {
			return saved, true
		}
		if others == nil {
			return Saved{}, false
		}
		return others(asked)
	}
	b := newBinder(src, &syntax.Query{}, catalog, options, 0)
	b.checkSaved(name)
	if err := b.savedSeen[name].function.text.Err(); err != nil {
		return err
	}
	return src.Err()
}

func (b *binder) checkSaved(name string) {
	f := b.savedFunction(name).function
	at := &syntax.Name{Text: name}
	if _, taken := b.functions.Lookup(name); taken {
		b.errorf(at.Span(), "%s() is a function of the language; take another name", name)
		return
	}
	if _, taken := b.catalog.Table(name); taken {
		b.errorf(at.Span(), "%s is a table; take another name", name)
		return
	}
	if len(f.text.Diagnostics()) > 0 {
		return // it does not even read
	}
	inner := newScope(f.scope)
	b.inside(f, at, func() result {
		for _, p := range f.literal.Params {
			inner.values[p.Name.Text] = b.example(p)
		}
		r := b.statements(f.literal.Body, newScope(inner), true)
		if r.rel == nil && r.scalar == nil {
			b.errorf(f.literal.Span(), "the function ends without an expression")
		}
		return r
	})
}

// example is a value that a parameter may have.
func (b *binder) example(p *syntax.ColumnDecl) *value {
	if p.Tabular {
		values := &plan.Values{}
		r := &relation{node: values}
		for _, c := range p.Columns {
			column := b.newColumn(c.Name.Text, c.Type)
			values.Output = append(values.Output, column)
			r.fields = append(r.fields, field{c.Name.Text, column})
		}
		if len(p.Columns) == 0 {
			r.open = &openBag{}
		}
		return &value{table: b.share(p.Name.Text, r, false)}
	}
	if p.Default != nil {
		return scalarValue(b.scalar(p.Default, constants(b.library())))
	}
	text := map[types.Type]string{
		types.String: `"x"`, types.Long: "1", types.Int: "int(1)", types.Real: "1.0", types.Bool: "true", types.Decimal: "decimal(1)",
		types.DateTime: "datetime(2026-01-01)", types.TimeSpan: "1h", types.Dynamic: "dynamic([1])", types.Guid: "guid(00000000-0000-0000-0000-000000000000)",
	}[p.Type]
	if l := syntax.ReadLiteral(text); l != nil {
		return scalarValue(b.scalar(l, constants(b.library())))
	}
	return &value{scalar: unknown}
}

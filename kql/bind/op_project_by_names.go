package bind

import (
	"slices"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// projectByNames keeps the columns that constant texts and arrays of texts
// name, in their order; a text can be a pattern. A name that is no column means
// nothing.
func (b *binder) projectByNames(op *syntax.ProjectOperator, rel *relation, s *scope) *relation {
	r := rel.derive()
	var at []int
	for _, x := range op.Columns {
		names, ok := b.columnNames(x, s)
		if !ok {
			return b.nothing()
		}
		for _, name := range names {
			for _, i := range allFields(rel, name) {
				if !slices.Contains(at, i) {
					at = append(at, i)
				}
			}
		}
	}
	r.fields = nil
	for _, i := range at {
		r.fields = append(r.fields, rel.fields[i])
	}
	r.close()
	return r
}

// columnNames evaluates one argument of project-by-names.
func (b *binder) columnNames(x syntax.Expr, s *scope) ([]string, bool) {
	e := b.scalar(x, constants(s))
	if bad(e) {
		return nil, false
	}
	var names []string
	for _, element := range elements(e) {
		l, ok := element.(*plan.Literal)
		text := ""
		if ok {
			text, ok = l.Value.(string)
		}
		if !ok || l.Of != types.String {
			b.errorf(x.Span(), "project-by-names takes constant texts and arrays of them")
			return nil, false
		}
		names = append(names, text)
	}
	return names, true
}

// columnNamesOf binds column_names_of(table).
func (b *binder) columnNamesOf(x *syntax.Call, r *rowScope) plan.Expr {
	if len(x.Args) != 1 {
		b.errorf(x.Span(), "column_names_of() takes one table")
		return unknown
	}
	rel := b.tabular(x.Args[0], r.scope)
	if rel.open != nil && rel.open.column == nil {
		return unknown
	}
	names := make([]any, len(rel.fields))
	for i, f := range rel.fields {
		names[i] = f.name
	}
	return dynamicLiteral(names)
}

package bind

import (
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// search binds search as a union of tables with a filter: a string alone means
// that some column has it. The name of the table comes first, as $table.
func (b *binder) search(op *syntax.SearchOperator, rel *relation, s *scope) *relation {
	var inputs []unionInput
	if rel != nil {
		inputs = append(inputs, unionInput{rel, nameOr(rel.name, "search_arg0")})
	}
	tables := op.Tables
	if rel == nil && len(tables) == 0 {
		inputs = b.wildcardTables(op, "*", s)
	}
	for _, x := range tables {
		inputs = append(inputs, b.unionInputs(x, len(inputs), false, s)...)
	}
	if len(inputs) == 0 {
		return b.nothing()
	}
	out := b.united(inputs, false, "$table")
	name := "has"
	for _, p := range op.Properties {
		if p.Name.Text == "kind" && propertyWord(p) == "case_sensitive" {
			name = "has_cs"
		}
	}
	row := rows(out, s)
	predicate := b.searched(op.Predicate, name, row)
	if bad(predicate) {
		return b.nothing()
	}
	out.node = &plan.Filter{Input: out.node, Predicate: predicate}
	return out
}

// searched binds a predicate in which a string stands for `* has "string"`.
func (b *binder) searched(x syntax.Expr, has string, row *rowScope) plan.Expr {
	switch x := x.(type) {
	case *syntax.Paren:
		return b.searched(x.X, has, row)
	case *syntax.Binary:
		if x.Op == "and" || x.Op == "or" {
			left, right := b.searched(x.X, has, row), b.searched(x.Y, has, row)
			if bad(left) || bad(right) {
				return unknown
			}
			return b.callBuiltin(string(x.Op), types.Bool, left, right)
		}
	}
	e := b.searchTerm(x, row)
	if l, ok := e.(*plan.Literal); ok && l.Of == types.String {
		texts := &rowScope{scope: row.scope, rel: &relation{fields: row.rel.fields[1:]}}
		return b.anyText(has, l, texts)
	}
	return e
}

// searchTerm binds a bool or a constant string.
func (b *binder) searchTerm(x syntax.Expr, row *rowScope) plan.Expr {
	e := b.scalar(x, row)
	if l, ok := e.(*plan.Literal); ok && l.Of == types.String {
		return e
	}
	if bad(e) || e.Type() == types.Bool {
		return e
	}
	b.errorf(x.Span(), "a search is for a string or by a condition, and this is a %s", e.Type())
	return unknown
}

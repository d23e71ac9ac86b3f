package bind

import (
	"maps"
	"regexp"
	"strings"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// search binds search: a string alone means that some column has it. It is a
// filter over the table before it, or over a union of tables; the name of the
// table comes first, as $table.
func (b *binder) search(op *syntax.SearchOperator, rel *relation, s *scope) *relation {
	name := "has"
	for _, p := range op.Properties {
		switch word := propertyWord(p); word {
		case "case_sensitive":
			name = "has_cs"
		case "case_insensitive", "default":
		default:
			b.errorf(p.Span(), "no kind %q of search; kinds are case_sensitive, case_insensitive, default", word)
			return b.nothing()
		}
	}
	var inputs []unionInput
	if rel != nil {
		inputs = append(inputs, unionInput{rel, nameOr(rel.name, "search_arg0")})
	}
	if rel == nil && len(op.Tables) == 0 {
		inputs = append(b.wildcardTables(op, "*", s), b.views("*", s)...)
	}
	for _, x := range op.Tables {
		inputs = append(inputs, b.unionInputs(x, len(inputs), false, s)...)
	}
	if len(inputs) == 0 {
		return b.nothing()
	}
	if len(inputs) == 1 {
		out := b.alone(inputs[0], "$table")
		return b.filtered(op, name, out, &relation{fields: out.fields[1:]}, s)
	}
	out := b.united(inputs, false, "$table")
	return b.filtered(op, name, out, &relation{fields: out.fields[1:]}, s)
}

// alone gives the rows of the only table that is searched: it has the table's own columns,
// so that what is asked of it is asked of the table.
func (b *binder) alone(in unionInput, withSource string) *relation {
	out := &relation{aliases: maps.Clone(in.rel.aliases), open: in.rel.open}
	if out.aliases == nil {
		out.aliases = map[string]*plan.Column{}
	}
	if in.rel.open != nil && in.rel.open.column != nil {
		out.open = nil
	}
	node := &plan.Project{Input: in.rel.node}
	out.node = node
	if withSource != "" {
		c := b.newColumn(withSource, types.String)
		node.Define = []plan.Definition{{Column: c, Expr: &plan.Literal{Of: types.String, Value: in.name}}}
		out.fields = append(out.fields, field{withSource, c})
	}
	for _, f := range in.rel.fields {
		node.Pass = append(node.Pass, f.column)
		out.fields = append(out.fields, field{out.unique(f.name), f.column})
	}
	return out
}

// filtered keeps the rows that a search finds; a string is looked for in texts.
func (b *binder) filtered(op *syntax.SearchOperator, has string, out, texts *relation, s *scope) *relation {
	predicate := b.searched(op.Predicate, has, rows(out, s), texts)
	if bad(predicate) {
		return b.nothing()
	}
	out.node = &plan.Filter{Input: out.node, Predicate: predicate}
	return out
}

// searched binds a predicate in which a string stands for `* has "string"`,
// over the columns of texts, and `*` alone for every row.
func (b *binder) searched(x syntax.Expr, has string, row *rowScope, texts *relation) plan.Expr {
	switch x := x.(type) {
	case *syntax.Paren:
		return b.searched(x.X, has, row, texts)
	case *syntax.Star:
		return &plan.Literal{Of: types.Bool, Value: true}
	case *syntax.Call:
		if x.Func.Text == "not" && len(x.Args) == 1 {
			e := b.searched(x.Args[0], has, row, texts)
			if bad(e) {
				return unknown
			}
			return b.callBuiltin("not", types.Bool, e)
		}
	case *syntax.Binary:
		if x.Op == ":" {
			return b.searchColumn(x, has, row)
		}
		if x.Op == "and" || x.Op == "or" {
			left, right := b.searched(x.X, has, row, texts), b.searched(x.Y, has, row, texts)
			if bad(left) || bad(right) {
				return unknown
			}
			return b.callBuiltin(string(x.Op), types.Bool, left, right)
		}
	}
	e := b.searchTerm(x, row)
	if l, ok := e.(*plan.Literal); ok && l.Of == types.String {
		return b.searchText(l, has, &rowScope{scope: row.scope, rel: texts})
	}
	return e
}

// searchColumn binds `column:"string"`: the string in that column alone, which
// is taken as its text.
func (b *binder) searchColumn(x *syntax.Binary, has string, row *rowScope) plan.Expr {
	column, sought := b.scalar(x.X, row), b.scalar(x.Y, row)
	if bad(column) || bad(sought) {
		return unknown
	}
	ref, isColumn := column.(*plan.Ref)
	l, isConstant := convert(sought, types.String).(*plan.Literal)
	if !isColumn || !isConstant {
		b.errorf(x.Span(), "`:` stands between a column and a constant string")
		return unknown
	}
	text := plan.Expr(ref)
	if t := ref.Type(); t != types.String && t != types.Dynamic && t != types.Guid {
		text = convert(ref, types.String)
	}
	return b.sought(l, has, func(op string, text1 plan.Expr) plan.Expr {
		return b.callBuiltin(op, types.Bool, convert(text, types.String), text1)
	})
}

// searchText looks for a string in every column.
func (b *binder) searchText(l *plan.Literal, has string, texts *rowScope) plan.Expr {
	return b.sought(l, has, func(op string, text plan.Expr) plan.Expr { return b.anyText(op, text, texts) })
}

// sought chooses the operator that a string is looked for with. A star at one of
// its ends lets the term go on there; one inside stands for anything.
func (b *binder) sought(l *plan.Literal, has string, in func(op string, text plan.Expr) plan.Expr) plan.Expr {
	text, _ := l.Value.(string)
	begins, ends := len(text) > 0 && text[0] == '*', len(text) > 1 && text[len(text)-1] == '*'
	if text == "*" || text == "" {
		return &plan.Literal{Of: types.Bool, Value: true}
	}
	suffix := has[len("has"):]
	switch {
	case begins && ends:
		has, text = "contains"+suffix, text[1:len(text)-1]
	case begins:
		has, text = "hassuffix"+suffix, text[1:]
	case ends:
		has, text = "hasprefix"+suffix, text[:len(text)-1]
	}
	if strings.Contains(text, "*") {
		has, text = "matches regex", wildcardPattern(text, begins, ends, suffix == "_cs")
	}
	return in(has, &plan.Literal{Of: types.String, Value: text})
}

// wildcardPattern is the regular expression of a term with stars inside.
func wildcardPattern(text string, begins, ends, sensitive bool) string {
	parts := strings.Split(text, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	pattern := strings.Join(parts, ".*")
	if !begins {
		pattern = `\b` + pattern
	}
	if !ends {
		pattern += `\b`
	}
	if !sensitive {
		pattern = "(?i)" + pattern
	}
	return pattern
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

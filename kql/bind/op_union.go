package bind

import (
	"slices"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// unionInput is one table of a union and the name that withsource gives it.
type unionInput struct {
	rel  *relation
	name string
}

// union binds union as a source and as an operator. Columns are matched by
// name; one name with several types gives a column for each, with the type
// behind its name.
func (b *binder) union(op *syntax.UnionOperator, rel *relation, s *scope) *relation {
	var inputs []unionInput
	if rel != nil {
		inputs = append(inputs, unionInput{rel, nameOr(rel.name, "union_arg0")})
	}
	fuzzy, inner, withSource := false, false, ""
	for _, p := range op.Properties {
		switch word := propertyWord(p); p.Name.Text {
		case "isfuzzy", "best_effort", "bestEffort":
			fuzzy = fuzzy || word == "true"
		case "kind":
			inner = word == "inner"
			if !inner && word != "outer" {
				b.errorf(p.Span(), "union has no kind %q; kinds are inner, outer", word)
				return b.nothing()
			}
		case "withsource", "with_source":
			withSource = word
		}
	}
	for _, x := range op.Tables {
		inputs = append(inputs, b.unionInputs(x, len(inputs), fuzzy, s)...)
	}
	if len(inputs) == 0 {
		if b.src.Err() == nil {
			b.errorf(op.Span(), "union needs a table that exists")
		}
		return b.nothing()
	}
	out := b.united(inputs, inner, withSource)
	if fuzzy && out.open == nil && b.anyMissing(op.Tables, s) {
		b.openForMissing(out)
	}
	return out
}

// anyMissing reports whether one of the tables does not exist.
func (b *binder) anyMissing(tables []syntax.Expr, s *scope) bool {
	return slices.ContainsFunc(tables, func(x syntax.Expr) bool { return b.missing(&syntax.Pipe{Source: x}, s) })
}

// openForMissing lets the rows have the columns of tables that do not exist: a
// name that no other table has is null in all of them. Nobody knows which columns
// these tables would have had.
func (b *binder) openForMissing(out *relation) {
	node := out.node.(*plan.Union)
	c := b.newColumn("missing", types.Dynamic)
	node.Output = append(node.Output, c)
	for i := range node.Items {
		node.Items[i] = append(node.Items[i], null(types.Dynamic))
	}
	out.open = &openBag{column: c}
}

func nameOr(name, fallback string) string {
	if name == "" {
		return fallback
	}
	return name
}

// unionInputs binds one element of the list of tables; a wildcard may give
// several, and with isfuzzy a table that does not exist gives none.
func (b *binder) unionInputs(x syntax.Expr, index int, fuzzy bool, s *scope) []unionInput {
	switch x := x.(type) {
	case *syntax.Wildcard:
		if fuzzy && !b.matchesTables(x.Pattern) {
			return b.views(x.Pattern, s)
		}
		return append(b.views(x.Pattern, s), b.wildcardTables(x, x.Pattern, s)...)
	case *syntax.Star:
		return append(b.views("*", s), b.wildcardTables(x, "*", s)...)
	case *syntax.Name:
		if fuzzy && s.find(x.Text) == nil {
			if _, ok := b.catalog.Table(x.Text); !ok {
				return nil
			}
		}
		return []unionInput{{b.tabular(x, s), x.Text}}
	case *syntax.Paren:
		if name, ok := x.X.(*syntax.Name); ok {
			return b.unionInputs(name, index, fuzzy, s)
		}
		if pipe, ok := x.X.(*syntax.Pipe); ok && fuzzy && b.missing(pipe, s) {
			return nil
		}
	case *syntax.Pipe:
		if fuzzy && b.missing(x, s) {
			return nil
		}
	case *syntax.Call:
		if fuzzy && b.namesNoTable(x, s) {
			return nil
		}
	}
	rel := b.tabular(x, s)
	return []unionInput{{rel, nameOr(rel.name, "union_arg"+string(rune('0'+index%10)))}}
}

// matchesTables reports whether a pattern is that of a table of the catalogue.
func (b *binder) matchesTables(pattern string) bool {
	return slices.ContainsFunc(b.catalog.Names(), func(name string) bool { return matchName(pattern, name) })
}

// missing reports whether a pipeline reads a table that does not exist.
func (b *binder) missing(pipe *syntax.Pipe, s *scope) bool {
	source := pipe.Source
	for {
		p, ok := source.(*syntax.Paren)
		if !ok {
			break
		}
		source = p.X
	}
	switch x := source.(type) {
	case *syntax.Pipe:
		return b.missing(x, s)
	case *syntax.Name:
		if s.find(x.Text) != nil {
			return false
		}
		_, ok := b.catalog.Table(x.Text)
		return !ok
	case *syntax.Call:
		return b.namesNoTable(x, s)
	}
	return false
}

// namesNoTable reports whether a call is table() with the name of no table.
func (b *binder) namesNoTable(call *syntax.Call, s *scope) bool {
	if call.Func.Text != "table" || s.find("table") != nil || len(call.Args) == 0 {
		return false
	}
	name, ok := b.constantText(call, 0, s)
	if !ok || s.find(name) != nil {
		return false
	}
	_, ok = b.catalog.Table(name)
	return !ok
}

func (b *binder) wildcardTables(at syntax.Node, pattern string, s *scope) []unionInput {
	var all []unionInput
	for _, name := range b.catalog.Names() {
		if t, ok := b.catalog.Table(name); ok && matchName(pattern, name) {
			all = append(all, unionInput{b.scan(t), name})
		}
	}
	if len(all) == 0 && len(b.viewNames(pattern, s)) == 0 {
		b.src.Add(source.Diagnostic{Span: at.Span(), Message: "no table matches " + pattern + "; tables are " + enumerate(b.catalog.Names())})
	}
	return all
}

// views gives the tables of the views without parameters that match a pattern.
func (b *binder) views(pattern string, s *scope) []unionInput {
	var all []unionInput
	for _, name := range b.viewNames(pattern, s) {
		all = append(all, unionInput{b.tabular(&syntax.Name{Text: name}, s), name})
	}
	return all
}

func (b *binder) viewNames(pattern string, s *scope) []string {
	var all []string
	for _, name := range s.names() {
		f := s.find(name).function
		if f != nil && f.literal.View && len(f.literal.Params) == 0 && matchName(pattern, name) && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// united makes the union node.
func (b *binder) united(inputs []unionInput, inner bool, withSource string) *relation {
	out := &relation{aliases: map[string]*plan.Column{}}
	node := &plan.Union{}
	out.node = node
	for _, in := range inputs {
		node.From = append(node.From, in.rel.node)
		node.Items = append(node.Items, nil)
	}
	if withSource != "" {
		c := b.newColumn(withSource, types.String)
		node.Output = append(node.Output, c)
		out.fields = append(out.fields, field{withSource, c})
		for i, in := range inputs {
			node.Items[i] = append(node.Items[i], &plan.Literal{Of: types.String, Value: in.name})
		}
	}
	for _, u := range unionColumns(inputs, inner) {
		c := b.newColumn(u.name, u.of)
		node.Output = append(node.Output, c)
		out.fields = append(out.fields, field{out.unique(u.name), c})
		for i, in := range inputs {
			node.Items[i] = append(node.Items[i], unionItem(in.rel, u))
		}
	}
	b.unionAliases(inputs, node, out)
	for _, in := range inputs {
		if in.rel.open != nil && in.rel.open.column == nil {
			out.open = in.rel.open
		}
	}
	return out
}

// unionColumn is one column of a union: the columns called source of type of.
type unionColumn struct {
	name, source string
	of           types.Type
}

// unionColumns lists the columns in the order in which their names first
// appear; those of one name and several types stand together.
func unionColumns(inputs []unionInput, inner bool) []unionColumn {
	var names []string
	seen := map[string][]types.Type{}
	for _, in := range inputs {
		for _, f := range in.rel.fields {
			if inner && slices.ContainsFunc(inputs, func(o unionInput) bool { return o.rel.index(f.name) < 0 }) {
				continue
			}
			if seen[f.name] == nil {
				names = append(names, f.name)
			}
			if t := f.column.Type; !slices.Contains(seen[f.name], t) {
				seen[f.name] = append(seen[f.name], t)
			}
		}
	}
	var all []unionColumn
	for _, name := range names {
		for _, t := range seen[name] {
			u := unionColumn{name: name, source: name, of: t}
			if len(seen[name]) > 1 {
				u.name += "_" + t.String()
			}
			all = append(all, u)
		}
	}
	return all
}

func unionItem(rel *relation, u unionColumn) plan.Expr {
	if i := rel.index(u.source); i >= 0 && rel.fields[i].column.Type == u.of {
		return &plan.Ref{Column: rel.fields[i].column}
	}
	return null(u.of)
}

// null is the absent value of a type: null, for strings the empty string.
func null(t types.Type) plan.Expr {
	if t == types.String {
		return &plan.Literal{Of: t, Value: ""}
	}
	return &plan.Literal{Of: t}
}

// unionAliases keeps an alias that means the same output column in every
// input.
func (b *binder) unionAliases(inputs []unionInput, node *plan.Union, out *relation) {
	for name := range inputs[0].rel.aliases {
		for j, c := range node.Output {
			same := true
			for i, in := range inputs {
				ref, ok := node.Items[i][j].(*plan.Ref)
				same = same && ok && in.rel.aliases[name] == ref.Column
			}
			if same {
				out.aliases[name] = c
			}
		}
	}
}

package bind

import (
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
)

func (b *binder) where(op *syntax.WhereOperator, rel *relation, s *scope) *relation {
	r := rel.derive()
	row := rows(r, s)
	row.windows = &windows{}
	predicate := b.condition(op.Predicate, row)
	if bad(predicate) {
		return rel
	}
	b.attach(row.windows, r)
	r.node = &plan.Filter{Input: r.node, Predicate: predicate}
	return r
}

// extend binds extend and serialize: a column of an existing name is replaced
// where it stands, a new one comes last.
func (b *binder) extend(columns []syntax.Expr, rel *relation, s *scope) *relation {
	r := rel.derive()
	items := b.items(columns, r, s)
	taken := func(name string) bool { return rel.index(name) >= 0 }
	for i := range items {
		if !items[i].named {
			items[i].name = b.unnamed.next(taken)
		}
	}
	for i, c := range b.define(r, items) {
		if items[i].part {
			items[i].name = r.unique(items[i].name)
		}
		r.set(items[i].name, c)
	}
	return r
}

func (b *binder) projectFamily(op *syntax.ProjectOperator, rel *relation, s *scope) *relation {
	switch op.Kind {
	case syntax.ProjectAway:
		return b.projectAway(op, rel)
	case syntax.ProjectKeep:
		return b.projectKeep(op, rel)
	case syntax.ProjectRename:
		return b.projectRename(op, rel)
	case syntax.ProjectReorder:
		return b.projectReorder(op, rel)
	case syntax.ProjectByNames:
		return b.projectByNames(op, rel, s)
	}
	return b.project(op, rel, s)
}

// project keeps the named columns. The others stay in the plan, unseen, in
// case the rows are ordered by them; pruning removes what nothing reads.
func (b *binder) project(op *syntax.ProjectOperator, rel *relation, s *scope) *relation {
	r := rel.derive()
	columns := slices.Clone(op.Columns)
	items := b.expandStars(columns, r, s)
	defined := b.define(r, items)
	r.fields = nil
	declared := map[string]bool{}
	for i, it := range items {
		if !it.named {
			it.name = b.unnamed.number()
		}
		if !b.projectItem(r, it, defined[i], declared) {
			b.errorf(it.at, "the column %q is declared twice", it.name)
		}
	}
	r.close()
	return r
}

// projectItem adds a column to what project gives. A name that the query says,
// or a column that it names, is declared, and can be so once. What is called
// after its expression gives way: it gets a number behind its name, and the
// place of a column that is declared later under that name.
func (b *binder) projectItem(r *relation, it item, column *plan.Column, declared map[string]bool) bool {
	_, isRef := it.expr.(*plan.Ref)
	at := r.index(it.name)
	switch {
	case it.star:
		if at < 0 {
			r.fields = append(r.fields, field{it.name, column})
		}
		return true
	case !it.given && !isRef:
		r.fields = append(r.fields, field{uniqueIn(r.fields, it.name), column})
		return true
	case declared[it.name]:
		return false
	case at >= 0 && it.given && isRef:
		r.fields[at].column = column
		declared[it.name] = true
		return true
	}
	name := uniqueIn(r.fields, it.name)
	r.fields = append(r.fields, field{name, column})
	declared[name] = true
	return true
}

// expandStars binds columns as items does, where * stands for all columns.
func (b *binder) expandStars(columns []syntax.Expr, r *relation, s *scope) []item {
	if !slices.ContainsFunc(columns, isStar) {
		return b.items(columns, r, s)
	}
	var all []item
	for _, x := range columns {
		if !isStar(x) {
			all = append(all, b.items([]syntax.Expr{x}, r, s)...)
			continue
		}
		for _, f := range r.fields {
			all = append(all, item{name: f.name, named: true, star: true, expr: &plan.Ref{Column: f.column}, at: x.Span()})
		}
	}
	return all
}

func isStar(x syntax.Expr) bool {
	_, ok := x.(*syntax.Star)
	return ok
}

func hasField(fields []field, name string) bool {
	return slices.ContainsFunc(fields, func(f field) bool { return f.name == name })
}

func uniqueIn(fields []field, name string) string {
	return (&relation{fields: fields}).unique(name)
}

// matching returns the indexes of the columns that a name or a pattern means.
// A name that is no column is reported; a pattern may match nothing.
func (b *binder) matching(x syntax.Expr, r *relation) []int {
	switch x := x.(type) {
	case *syntax.Ordered:
		return b.matching(x.X, r)
	case *syntax.Star:
		return allFields(r, "*")
	case *syntax.Wildcard:
		return allFields(r, x.Pattern)
	case *syntax.Name:
		if c := r.find(x.Text); c != nil {
			return []int{slices.IndexFunc(r.fields, func(f field) bool { return f.column == c && (f.name == x.Text || r.index(x.Text) < 0) })}
		}
		if r.open == nil {
			b.noColumn(x.Span(), x.Text, r)
		}
		return nil
	}
	b.errorf(x.Span(), "the name of a column is expected here")
	return nil
}

func allFields(r *relation, pattern string) []int {
	var all []int
	for i, f := range r.fields {
		if matchName(pattern, f.name) {
			all = append(all, i)
		}
	}
	return all
}

// matchName matches a name against a pattern in which * is any run of
// characters and nothing else is special.
func matchName(pattern, name string) bool {
	var quoted strings.Builder
	for _, c := range pattern {
		if strings.ContainsRune(`?[]\`, c) {
			quoted.WriteByte('\\')
		}
		quoted.WriteRune(c)
	}
	// A slash would end a run in path.Match, and no column is named with one
	// by Kusto's own rules; treat it as any other character.
	clean := strings.NewReplacer("/", "\x00")
	ok, err := path.Match(clean.Replace(quoted.String()), clean.Replace(name))
	return err == nil && ok
}

func (b *binder) projectAway(op *syntax.ProjectOperator, rel *relation) *relation {
	r := rel.derive()
	gone := map[int]bool{}
	for _, x := range op.Columns {
		for _, i := range b.matching(x, rel) {
			gone[i] = true
		}
	}
	r.fields = nil
	for i, f := range rel.fields {
		if !gone[i] {
			r.fields = append(r.fields, f)
		}
	}
	return r
}

func (b *binder) projectKeep(op *syntax.ProjectOperator, rel *relation) *relation {
	r := rel.derive()
	kept := map[int]bool{}
	for _, x := range op.Columns {
		for _, i := range b.matching(x, rel) {
			kept[i] = true
		}
	}
	r.fields = nil
	for i, f := range rel.fields {
		if kept[i] {
			r.fields = append(r.fields, f)
		}
	}
	return r
}

func (b *binder) projectRename(op *syntax.ProjectOperator, rel *relation) *relation {
	r := rel.derive()
	for _, x := range op.Columns {
		named, ok := x.(*syntax.Named)
		if !ok || len(named.Names) != 1 {
			b.errorf(x.Span(), "project-rename takes new = old")
			continue
		}
		at := b.matching(named.X, rel)
		if len(at) != 1 {
			continue
		}
		name := named.Names[0].Text
		if i := r.index(name); i >= 0 && i != at[0] {
			b.errorf(named.Names[0].Span(), "the column %q exists already", name)
			continue
		}
		r.fields[at[0]].name = name
	}
	return r
}

// projectReorder moves the named columns to the front. The columns that a
// pattern means keep their order, or are sorted if it says so.
func (b *binder) projectReorder(op *syntax.ProjectOperator, rel *relation) *relation {
	r := rel.derive()
	r.fields = nil
	moved := map[int]bool{}
	for _, x := range op.Columns {
		at := b.matching(x, rel)
		if ordered, ok := x.(*syntax.Ordered); ok {
			sortFields(rel, at, ordered.Direction)
		}
		for _, i := range at {
			if !moved[i] {
				moved[i] = true
				r.fields = append(r.fields, rel.fields[i])
			}
		}
	}
	for i, f := range rel.fields {
		if !moved[i] {
			r.fields = append(r.fields, f)
		}
	}
	return r
}

// sortFields orders columns by name; granny order takes digits for numbers, so
// that a2 is before a10.
func sortFields(r *relation, at []int, direction string) {
	if direction == "" {
		return
	}
	less := func(a, b string) bool { return a < b }
	if strings.HasPrefix(direction, "granny") {
		less = func(a, b string) bool { return naturalKey(a) < naturalKey(b) }
	}
	descending := strings.HasSuffix(direction, "desc")
	sort.SliceStable(at, func(i, j int) bool {
		a, b := r.fields[at[i]].name, r.fields[at[j]].name
		if descending {
			a, b = b, a
		}
		return less(a, b)
	})
}

// naturalKey pads every run of digits, so that texts compare as numbers there.
func naturalKey(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); {
		j := i
		for j < len(name) && name[j] >= '0' && name[j] <= '9' {
			j++
		}
		if j == i {
			b.WriteByte(name[i])
			i++
			continue
		}
		b.WriteString(strings.Repeat("0", max(0, 20-(j-i))))
		b.WriteString(name[i:j])
		i = j
	}
	return b.String()
}

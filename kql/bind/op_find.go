package bind

import (
	"slices"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// found holds the parts of a find while it is taken apart: each table is
// filtered by itself, where a column it lacks is null, and the rest is a union.
type found struct {
	b      *binder
	op     *syntax.FindOperator
	inputs []unionInput
	named  []string // columns that the predicate names, in order
	every  bool     // the predicate looks into all columns
}

// find binds find, as a source or behind a table.
func (b *binder) find(op *syntax.FindOperator, rel *relation, s *scope) *relation {
	f := &found{b: b, op: op}
	source := "source_"
	for _, p := range op.Properties {
		if p.Name.Text == "withsource" || p.Name.Text == "with_source" {
			source = propertyWord(p)
		}
	}
	if !f.tables(rel, s) {
		return b.nothing()
	}
	f.names(op.Predicate)
	f.choose()
	inputs := make([]unionInput, 0, len(f.inputs))
	for _, in := range f.inputs {
		filtered, ok := f.filtered(in, s)
		if !ok {
			return b.nothing()
		}
		inputs = append(inputs, unionInput{filtered, in.name})
	}
	columns, ok := f.columns(inputs)
	if !ok {
		return b.nothing()
	}
	out := f.united(inputs, columns, source)
	return f.away(out, source)
}

// tables lists what is searched.
func (f *found) tables(rel *relation, s *scope) bool {
	b := f.b
	if rel != nil {
		f.inputs = append(f.inputs, unionInput{rel, nameOr(rel.name, "union_arg0")})
	}
	if rel == nil && len(f.op.Tables) == 0 {
		f.inputs = append(b.wildcardTables(f.op, "*", s), b.views("*", s)...)
	}
	for _, x := range f.op.Tables {
		f.inputs = append(f.inputs, b.unionInputs(x, len(f.inputs), false, s)...)
	}
	for _, in := range f.inputs {
		if in.rel.open != nil && in.rel.open.column == nil {
			return false
		}
	}
	return len(f.inputs) > 0
}

// names collects the columns that a predicate names.
func (f *found) names(x syntax.Expr) {
	all := func(xs ...syntax.Expr) {
		for _, x := range xs {
			f.names(x)
		}
	}
	switch x := x.(type) {
	case *syntax.Name:
		known := slices.ContainsFunc(f.inputs, func(in unionInput) bool { return in.rel.find(x.Text) != nil })
		if known && !slices.Contains(f.named, x.Text) {
			f.named = append(f.named, x.Text)
		}
	case *syntax.Literal:
		f.every = f.every || x == f.op.Predicate && x.Type == types.String
	case *syntax.Star:
		f.every = true
	case *syntax.Paren:
		f.names(x.X)
	case *syntax.Unary:
		f.names(x.X)
	case *syntax.Named:
		f.names(x.X)
	case *syntax.Binary:
		if x.Op == "and" || x.Op == "or" {
			f.every = f.every || isText(x.X) || isText(x.Y)
		}
		all(x.X, x.Y)
	case *syntax.InList:
		f.names(x.X)
		all(x.Items...)
	case *syntax.Between:
		all(x.X, x.Low, x.High)
	case *syntax.Call:
		all(x.Args...)
	case *syntax.Member:
		f.names(x.X)
	case *syntax.Index:
		all(x.X, x.Index)
	}
}

func isText(x syntax.Expr) bool {
	for {
		p, ok := x.(*syntax.Paren)
		if !ok {
			break
		}
		x = p.X
	}
	l, ok := x.(*syntax.Literal)
	return ok && l.Type == types.String
}

// choose leaves out the tables that have none of the columns.
func (f *found) choose() {
	if f.every || len(f.inputs) == 1 || len(f.named) == 0 {
		return
	}
	f.inputs = slices.DeleteFunc(f.inputs, func(in unionInput) bool {
		return !slices.ContainsFunc(f.named, func(name string) bool { return in.rel.find(name) != nil })
	})
}

// filtered gives the rows of one table that the predicate is true of.
func (f *found) filtered(in unionInput, s *scope) (*relation, bool) {
	b := f.b
	r := in.rel.derive()
	own := len(r.fields)
	var absent []item
	for _, name := range f.named {
		if r.find(name) != nil {
			continue
		}
		for _, other := range f.inputs {
			if c := other.rel.find(name); c != nil {
				absent = append(absent, item{name: name, expr: null(c.Type)})
				break
			}
		}
	}
	for i, c := range b.define(r, absent) {
		r.fields = append(r.fields, field{absent[i].name, c})
	}
	row := rows(r, s)
	predicate := b.searched(f.op.Predicate, "has", row, &relation{fields: r.fields[:own]})
	if bad(predicate) {
		return nil, false
	}
	r.node = &plan.Filter{Input: r.node, Predicate: predicate}
	r.fields = r.fields[:own]
	return r, true
}

// columns decides on the columns of the result: those that the query projects,
// or those that all tables have and those that the predicate names. One
// without a name packs all others.
func (f *found) columns(inputs []unionInput) ([]unionColumn, bool) {
	if len(f.op.Project) > 0 {
		return f.projected(inputs)
	}
	var all []unionColumn
	for _, c := range unionColumns(inputs, false) {
		everywhere := !slices.ContainsFunc(inputs, func(in unionInput) bool {
			i := in.rel.index(c.source)
			return i < 0 || in.rel.fields[i].column.Type != c.of
		})
		if everywhere {
			all = append(all, c)
		}
	}
	for _, name := range f.named {
		for _, c := range unionColumns(inputs, false) {
			if c.source == name && !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	for _, in := range inputs {
		if slices.ContainsFunc(in.rel.fields, func(x field) bool { return !has(all, x) }) {
			return append(all, unionColumn{name: "pack_", of: types.Dynamic}), true
		}
	}
	return all, true
}

// has reports whether a field of a table is one of the columns.
func has(all []unionColumn, x field) bool {
	return slices.ContainsFunc(all, func(c unionColumn) bool { return c.source == x.name && c.of == x.column.Type })
}

func (f *found) projected(inputs []unionInput) ([]unionColumn, bool) {
	var all []unionColumn
	for _, c := range f.op.Project {
		if c.Pack {
			all = append(all, unionColumn{name: "pack_", of: types.Dynamic})
			continue
		}
		of := types.Unknown
		for _, in := range inputs {
			if column := in.rel.find(c.Name.Text); column != nil {
				of = column.Type
				break
			}
		}
		if c.Type != nil {
			of = c.Type.Type
		}
		if of == types.Unknown {
			f.b.errorf(c.Span(), "no table of this find has the column %q", c.Name.Text)
			return nil, false
		}
		all = append(all, unionColumn{name: c.Name.Text, source: c.Name.Text, of: of})
	}
	return all, true
}

// united makes the union node. A projected column is converted to its type.
func (f *found) united(inputs []unionInput, columns []unionColumn, source string) *relation {
	b := f.b
	node := &plan.Union{Items: make([][]plan.Expr, len(inputs))}
	out := &relation{node: node}
	add := func(name string, of types.Type, value func(in unionInput) plan.Expr) {
		c := b.newColumn(name, of)
		node.Output = append(node.Output, c)
		out.fields = append(out.fields, field{out.unique(name), c})
		for i, in := range inputs {
			node.Items[i] = append(node.Items[i], value(in))
		}
	}
	for _, in := range inputs {
		node.From = append(node.From, in.rel.node)
	}
	add(source, types.String, func(in unionInput) plan.Expr { return &plan.Literal{Of: types.String, Value: in.name} })
	for _, c := range columns {
		add(c.name, c.of, func(in unionInput) plan.Expr {
			switch {
			case c.source == "":
				return f.pack(in, columns)
			case len(f.op.Project) == 0:
				return unionItem(in.rel, c)
			}
			if column := in.rel.find(c.source); column != nil {
				return convert(&plan.Ref{Column: column}, c.of)
			}
			return null(c.of)
		})
	}
	return out
}

// pack makes a bag of the columns of a table that are not columns of the
// result.
func (f *found) pack(in unionInput, columns []unionColumn) plan.Expr {
	var args []plan.Expr
	for _, x := range in.rel.fields {
		shown := has(columns, x)
		if len(f.op.Project) > 0 {
			shown = slices.ContainsFunc(columns, func(c unionColumn) bool { return c.source == x.name })
		}
		if !shown {
			args = append(args, &plan.Literal{Of: types.String, Value: x.name}, &plan.Ref{Column: x.column})
		}
	}
	if len(args) == 0 {
		return &plan.Literal{Of: types.Dynamic}
	}
	return f.b.callBuiltin("bag_pack", types.Dynamic, args...)
}

// away leaves out the columns that project-away names; * is all but those that
// the query asks for.
func (f *found) away(out *relation, source string) *relation {
	for _, x := range f.op.Away {
		packed := slices.ContainsFunc(f.op.Project, func(c *syntax.FindColumn) bool { return c.Pack })
		gone := f.b.matching(x, out)
		var fields []field
		for i, c := range out.fields {
			kept := isStar(x) && (c.name == source || packed && c.name == "pack_")
			if kept || !slices.Contains(gone, i) {
				fields = append(fields, c)
			}
		}
		out.fields = fields
	}
	return out
}

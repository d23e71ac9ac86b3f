package bind

import (
	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// evaluate binds the plugins.
func (b *binder) evaluate(op *syntax.EvaluateOperator, rel *relation, s *scope) *relation {
	name := op.Plugin.Func
	f, ok := b.functions.Lookup(name.Text)
	if ok && f.Kind == builtin.Plugin && f.Name == "bag_unpack" {
		return b.bagUnpack(op, rel, s)
	}
	if ok && f.Kind == builtin.Plugin && (f.Name == "geo_polygon_lookup" || f.Name == "geo_line_lookup") {
		return b.geoLookup(op, rel, s)
	}
	b.noPlugin(name)
	return b.nothing()
}

// bagUnpack takes the bag's column away; from here on a name that is no column
// means a member of the bag. With a schema the members become columns at once.
func (b *binder) bagUnpack(op *syntax.EvaluateOperator, rel *relation, s *scope) *relation {
	args := op.Plugin.Args
	if len(args) == 0 {
		b.errorf(op.Plugin.Span(), "bag_unpack() takes the column with the bag")
		return b.nothing()
	}
	r := rel.derive()
	bag := b.scalar(args[0], rows(r, s))
	if bad(bag) {
		return b.nothing()
	}
	if bag.Type() != types.Dynamic {
		b.errorf(args[0].Span(), "bag_unpack() needs a dynamic column, and this is a %s", bag.Type())
		return b.nothing()
	}
	prefix := ""
	for _, a := range args[1:] {
		if named, ok := a.(*syntax.Named); ok && named.Names[0].Text != "OutputColumnPrefix" {
			continue
		}
		if l, ok := b.scalar(a, constants(s)).(*plan.Literal); ok && l.Of == types.String {
			prefix = l.Value.(string)
		}
		break
	}
	column := b.define(r, []item{{name: "bag", expr: bag}})[0]
	var fields []field
	for _, f := range r.fields {
		if f.column != column {
			fields = append(fields, f)
		}
	}
	r.fields = fields
	r.open = &openBag{column: column, prefix: prefix}
	if op.Schema != nil {
		return b.unpackSchema(op, r)
	}
	return r
}

// unpackSchema makes the columns that the query declares.
func (b *binder) unpackSchema(op *syntax.EvaluateOperator, r *relation) *relation {
	var items []item
	for _, c := range op.Schema {
		e := convert(b.openMember(c.Name.Text, r), c.Type)
		if existing := r.find(c.Name.Text); existing != nil {
			e = &plan.Ref{Column: existing}
		}
		items = append(items, item{name: c.Name.Text, expr: e})
	}
	r.open, r.fields = nil, nil
	for i, c := range b.define(r, items) {
		r.fields = append(r.fields, field{items[i].name, c})
	}
	return r
}

// invoke calls a function with the table so far as its first argument.
func (b *binder) invoke(op *syntax.InvokeOperator, rel *relation, s *scope) *relation {
	v := s.find(op.Function.Func.Text)
	if v == nil || v.function == nil {
		b.errorf(op.Function.Func.Span(), "no function %q; let defines one", op.Function.Func.Text)
		return b.nothing()
	}
	result := b.call(v.function, op.Function.Args, op, constants(s), rel)
	if result.rel == nil {
		b.errorf(op.Span(), "the function %s gives a scalar, and a table is expected here", v.function.name)
		return b.nothing()
	}
	return result.rel
}

package bind

import (
	"slices"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// mvExpand binds mv-expand. An expanded column takes the place of the column
// of its name; one without a type stays dynamic.
func (b *binder) mvExpand(op *syntax.MvExpandOperator, rel *relation, s *scope) *relation {
	r := rel.derive()
	node := &plan.Unnest{}
	fields := slices.Clone(r.fields)
	row := rows(r, s)
	for _, c := range op.Columns {
		name, array, ok := b.expanded(c, row)
		if !ok {
			return b.nothing()
		}
		t := types.Dynamic
		if c.Type != nil {
			t = c.Type.Type
		}
		column := b.newColumn(name, t)
		node.Items = append(node.Items, plan.UnnestItem{Array: array, Column: column})
		target := relation{fields: fields}
		target.set(name, column)
		fields = target.fields
	}
	for _, p := range op.Properties {
		switch p.Name.Text {
		case "bagexpansion", "kind":
			node.Arrays = propertyWord(p) == "array"
		case "with_itemindex":
			node.Index = b.newColumn(propertyWord(p), types.Long)
			fields = append(fields, field{propertyWord(p), node.Index})
		}
	}
	if op.Limit != nil {
		n, ok := b.rowCount(op.Limit, s)
		if !ok {
			return b.nothing()
		}
		node.Limit = n
	}
	node.Input = r.node
	r.node, r.fields = node, fields
	return r
}

// expanded binds `name = array` of mv-expand. A string is read as JSON.
func (b *binder) expanded(c *syntax.MvExpandColumn, row *rowScope) (string, plan.Expr, bool) {
	array := b.scalar(c.X, row)
	if bad(array) {
		return "", nil, false
	}
	if array.Type() == types.String {
		array = parseJSON(array)
	}
	if array.Type() != types.Dynamic {
		b.errorf(c.X.Span(), "mv-expand needs a dynamic value, and this is a %s", array.Type())
		return "", nil, false
	}
	if c.Name != nil {
		return c.Name.Text, array, true
	}
	name, ok := b.autoName(c.X, row)
	if !ok {
		name = b.unnamed.next(func(n string) bool { return row.rel.index(n) >= 0 })
	}
	return name, array, true
}

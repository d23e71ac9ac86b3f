package bind

import (
	"slices"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// mvApply binds mv-apply. The rows are numbered and expanded, and the body runs
// over all of them at once, its aggregates and limits by row number. When the
// body has dropped columns of the input, its rows are joined with the input
// again.
func (b *binder) mvApply(op *syntax.MvApplyOperator, rel *relation, s *scope) *relation {
	number := b.newColumn("row", types.Long)
	base := rel.derive()
	window := &plan.Window{Input: rel.node, Order: rel.order}
	window.Define = []plan.Definition{{Column: number, Expr: &plan.Call{Function: b.functions.Must("row_number"), Of: types.Long}}}
	base.node = window
	base.fields = append(base.fields, field{"", number})
	table := &letTable{shared: &plan.Shared{Node: base.node, Once: true}, rel: base}
	inner := b.reference(table)
	row := inner.fields[len(inner.fields)-1].column
	inner.fields = inner.fields[:len(inner.fields)-1]
	input := inner.derive()
	expand := &syntax.MvExpandOperator{Properties: op.Properties, Columns: op.Columns, Limit: op.Limit}
	expanded := b.mvExpand(expand, inner, s)
	if expanded.open != nil && expanded.open.column == nil {
		return b.nothing()
	}
	if unnest, ok := expanded.node.(*plan.Unnest); ok {
		unnest.Inner = true
	}
	expanded.partition = []*plan.Column{row}
	replaced := input.derive()
	replaced.fields = slices.DeleteFunc(replaced.fields, func(f field) bool { return expanded.find(f.name) == f.column })
	out, ok := b.parts(op.Body.Operators, expanded, s)
	if !ok {
		return b.nothing()
	}
	result := b.applied(table, out, input, rel)
	// What was expanded under its own name is there only if the body gives it.
	result.fields = slices.DeleteFunc(result.fields, func(f field) bool {
		return replaced.index(f.name) >= 0 && !out.shows(f.column)
	})
	return result
}

// applied gives the columns of the input and those that the body made.
func (b *binder) applied(table *letTable, out, input *relation, rel *relation) *relation {
	result := rel.derive()
	result.order, result.serialized = nil, false
	columns, row := out.node.Columns(), out.partition[0]
	kept := !slices.ContainsFunc(input.fields, func(f field) bool { return !slices.Contains(columns, f.column) }) &&
		!slices.ContainsFunc(input.partition, func(c *plan.Column) bool { return !slices.Contains(columns, c) })
	if kept {
		result.node, result.fields, result.partition = out.node, slices.Clone(input.fields), input.partition
	} else {
		left := b.reference(table)
		result.partition = left.partition
		number := left.fields[len(left.fields)-1].column
		result.fields = left.fields[:len(left.fields)-1]
		result.node = &plan.Join{Kind: plan.Inner, Left: left.node, Right: out.node, On: []plan.JoinKey{{Left: number, Right: row}}}
	}
	result.aliases = map[string]*plan.Column{}
	for name, c := range rel.aliases {
		for i, f := range rel.fields {
			if f.column == c {
				result.aliases[name] = result.fields[i].column
			}
		}
	}
	for _, f := range out.fields {
		isInput := slices.ContainsFunc(input.fields, func(i field) bool { return i.column == f.column && i.name == f.name })
		if !isInput {
			result.set(f.name, f.column)
		}
	}
	result.ingestion = nil
	return result
}

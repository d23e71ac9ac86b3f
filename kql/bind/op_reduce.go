package bind

import (
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// maxReduced is the most different texts that reduce looks at.
const maxReduced = 100_000

// reduce binds reduce: the different texts are gathered with their numbers, a
// native function finds the patterns, and these become rows. With kind=source
// each row of the input gets the pattern of its text.
func (b *binder) reduce(op *syntax.ReduceOperator, rel *relation, s *scope) *relation {
	r := rel.derive()
	r.partition = nil
	text := b.scalar(op.X, rows(r, s))
	if bad(text) {
		return b.nothing()
	}
	if text.Type() != types.String && text.Type() != types.Dynamic {
		b.errorf(op.X.Span(), "reduce needs a string, and this is a %s; tostring() converts it", text.Type())
		return b.nothing()
	}
	threshold, characters, ok := b.reduceOptions(op)
	if !ok {
		return b.nothing()
	}
	whole := false
	for _, p := range op.Properties {
		if p.Name.Text == "kind" {
			whole = propertyWord(p) == "source"
		}
	}
	source := b.define(r, []item{{name: "text", expr: convert(text, types.String)}})[0]
	r.fields = append(r.fields, field{"", source})
	table := b.share("", r, false)
	found := b.patterns(b.reference(table), threshold, characters, whole)
	if !whole {
		return found
	}
	out := b.reference(table)
	key := out.fields[len(out.fields)-1].column
	out.fields = out.fields[:len(out.fields)-1]
	out.node = &plan.Join{Kind: plan.Inner, Left: out.node, Right: found.node, On: []plan.JoinKey{{Left: key, Right: found.fields[3].column}}}
	for _, f := range found.fields[:3] {
		out.fields = append(out.fields, field{out.unique(f.name), f.column})
	}
	out.order = nil
	return out
}

// reduceOptions reads threshold and characters.
func (b *binder) reduceOptions(op *syntax.ReduceOperator) (threshold, characters *plan.Literal, ok bool) {
	threshold = &plan.Literal{Of: types.Real, Value: 0.1}
	characters = &plan.Literal{Of: types.String, Value: ""}
	for _, p := range op.Options {
		l, isLiteral := p.Value.(*syntax.Literal)
		switch {
		case isLiteral && p.Name.Text == "threshold" && l.Type.Numeric():
			threshold, _ = convert(literal(l), types.Real).(*plan.Literal)
		case isLiteral && p.Name.Text == "characters" && l.Type == types.String:
			characters, _ = literal(l).(*plan.Literal)
		default:
			b.errorf(p.Span(), "reduce takes threshold, a number from 0 to 1, and characters, a string")
			return nil, nil, false
		}
	}
	if threshold == nil || characters == nil {
		return nil, nil, false
	}
	return threshold, characters, true
}

// patterns gives the patterns of the last column of rows, and with texts a row
// for each text, which is then the fourth column.
func (b *binder) patterns(rows *relation, threshold, characters *plan.Literal, texts bool) *relation {
	text := rows.fields[len(rows.fields)-1].column
	count := b.newColumn("count", types.Long)
	var node plan.Node = &plan.Aggregate{
		Input: rows.node, Keys: []plan.Definition{{Column: text, Expr: &plan.Ref{Column: text}}},
		Aggregates: []plan.Definition{{Column: count, Expr: &plan.Call{Function: b.functions.Must("count"), Of: types.Long}}},
	}
	pair := b.newColumn("pair", types.Dynamic)
	packed := b.callBuiltin("pack_array", types.Dynamic, &plan.Ref{Column: text}, &plan.Ref{Column: count})
	node = &plan.Project{Input: node, Pass: node.Columns(), Define: []plan.Definition{{Column: pair, Expr: packed}}}
	list := b.newColumn("list", types.Dynamic)
	gather := &plan.Call{
		Function: b.functions.Must("make_list_with_nulls"), Of: types.Dynamic, Order: []plan.SortKey{{Column: text}},
		Args: []plan.Expr{&plan.Ref{Column: pair}, &plan.Literal{Of: types.Long, Value: int64(maxReduced)}},
	}
	node = &plan.Aggregate{Input: node, Aggregates: []plan.Definition{{Column: list, Expr: gather}}}
	each := b.callBuiltin("reduce", types.Dynamic, &plan.Ref{Column: list}, threshold, characters, &plan.Literal{Of: types.Bool, Value: texts})
	row := b.newColumn("row", types.Dynamic)
	out := &relation{node: &plan.Unnest{Input: node, Items: []plan.UnnestItem{{Array: each, Column: row}}, Inner: true}}
	var items []item
	for i, c := range []struct {
		name string
		of   types.Type
	}{{"Pattern", types.String}, {"Count", types.Long}, {"Representative", types.String}, {"text", types.String}} {
		if i == 3 && !texts {
			break
		}
		value := b.callBuiltin("element", types.Dynamic, &plan.Ref{Column: row}, &plan.Literal{Of: types.Long, Value: int64(i)})
		items = append(items, item{name: c.name, expr: convert(value, c.of)})
	}
	for i, c := range b.define(out, items) {
		out.fields = append(out.fields, field{items[i].name, c})
	}
	if !texts {
		out.order = []plan.SortKey{{Column: out.fields[1].column, Descending: true}, {Column: out.fields[0].column, NullsFirst: true}, {Column: out.fields[2].column, NullsFirst: true}}
	}
	return out
}

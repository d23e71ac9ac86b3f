package bind

import (
	"slices"

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// scanBinding is a scan while it is bound.
type scanBinding struct {
	b     *binder
	op    *syntax.ScanOperator
	input *relation // the numbered rows, which the program's columns are added to
	scope *scope
	// declared are the columns of declare, with their defaults.
	declared []*plan.Column
	defaults []plan.Expr
	// overwritten are the declared columns, by their place, that stand for columns
	// of the rows which steps assign to.
	overwritten map[int]*plan.Column
	matchID     string
	steps       map[string]*relation
	program     program
}

// scanSteps binds scan. The rows are numbered and gathered in an array for each
// partition, a native function runs the steps over them, and its results are
// joined with the rows again.
func (b *binder) scanSteps(op *syntax.ScanOperator, rel *relation, s *scope) *relation {
	base := rel.derive()
	partition := slices.Clone(rel.partition)
	if len(op.Partition) > 0 {
		partition = append(partition, b.define(base, b.items(op.Partition, base, s))...)
	}
	number := b.newColumn("row", types.Long)
	window := &plan.Window{Input: base.node, Order: rel.order}
	window.Define = []plan.Definition{{Column: number, Expr: &plan.Call{Function: b.functions.Must("row_number"), Of: types.Long}}}
	base.node = window
	base.fields = append(base.fields, field{"", number})
	for _, c := range partition {
		base.fields = append(base.fields, field{"", c})
	}
	table := &letTable{shared: &plan.Shared{Node: base.node, Once: true}, rel: base}
	inner := b.reference(table)
	n := len(rel.fields)
	row, keys := inner.fields[n].column, inner.fields[n+1:]
	inner.fields = slices.Clone(inner.fields[:n])
	scan := &scanBinding{b: b, op: op, input: inner, scope: s, steps: map[string]*relation{}}
	if !scan.bind() {
		return b.nothing()
	}
	return scan.result(table, rel, row, keys)
}

// bind binds the declarations and the steps.
func (n *scanBinding) bind() bool {
	for _, p := range n.op.Properties {
		if p.Name.Text == "with_match_id" {
			n.matchID = propertyWord(p)
		}
	}
	if !n.declare() {
		return false
	}
	n.overwrite()
	n.program.begin(n.defaults)
	for k, step := range n.op.Steps {
		name := step.Name.Text
		if n.steps[name] != nil {
			n.b.errorf(step.Name.Span(), "two steps are called %q", name)
			return false
		}
		n.steps[name] = n.stepRelation(k, name)
	}
	for k, step := range n.op.Steps {
		if !n.step(k, step) {
			return false
		}
	}
	return true
}

func (n *scanBinding) declare() bool {
	for _, d := range n.op.Declare {
		if d.Tabular {
			n.b.errorf(d.Span(), "scan declares columns, not tables")
			return false
		}
		if n.input.find(d.Name.Text) != nil {
			n.b.errorf(d.Span(), "the table has a column %q already", d.Name.Text)
			return false
		}
		value := convert(&plan.Literal{Of: d.Type}, d.Type)
		if d.Default != nil {
			value = n.b.scalar(d.Default, constants(n.scope))
			if bad(value) {
				return false
			}
			value = convert(value, d.Type)
		}
		literal, ok := value.(*plan.Literal)
		if !ok {
			n.b.errorf(d.Span(), "the default of a column must be a constant")
			return false
		}
		n.declared = append(n.declared, n.b.newColumn(d.Name.Text, d.Type))
		n.defaults = append(n.defaults, literal)
	}
	return true
}

// overwrite declares the columns of the rows that steps assign to once more: what
// a step has assigned is what it gives, and what later rows see of it.
func (n *scanBinding) overwrite() {
	n.overwritten = map[int]*plan.Column{}
	for _, step := range n.op.Steps {
		for _, x := range step.Assign {
			named, ok := x.(*syntax.Named)
			if !ok || len(named.Names) != 1 || n.declares(named.Names[0].Text) >= 0 {
				continue
			}
			if c := n.input.find(named.Names[0].Text); c != nil {
				n.overwritten[len(n.declared)] = c
				n.declared = append(n.declared, n.b.newColumn(named.Names[0].Text, c.Type))
				n.defaults = append(n.defaults, convert(&plan.Literal{Of: c.Type}, c.Type))
			}
		}
	}
}

func (n *scanBinding) declares(name string) int {
	return slices.IndexFunc(n.declared, func(c *plan.Column) bool { return c.Name == name })
}

// stepRelation gives the columns that `name.column` means.
func (n *scanBinding) stepRelation(k int, name string) *relation {
	r := &relation{name: name, aliases: map[string]*plan.Column{}}
	for i, f := range n.input.fields {
		c := n.b.newColumn(f.name, f.column.Type)
		n.program.held[c] = heldColumn{k, i, f.column}
		r.fields = append(r.fields, field{f.name, c})
	}
	for name, c := range n.input.aliases {
		for i, f := range n.input.fields {
			if f.column == c {
				r.aliases[name] = r.fields[i].column
			}
		}
	}
	for i, d := range n.declared {
		c := n.b.newColumn(d.Name, d.Type)
		n.program.held[c] = heldColumn{k, -1 - i, nil}
		if n.overwritten[i] != nil {
			r.set(d.Name, c)
		}
		r.fields = append(r.fields, field{d.Name, c})
	}
	return r
}

// step binds the condition and the assignments of one step. A declared column
// by itself is that of the step.
func (n *scanBinding) step(k int, step *syntax.ScanStep) bool {
	own := n.steps[step.Name.Text]
	sight := n.input.derive()
	sight.fields = append(sight.fields, own.fields[len(n.input.fields):]...)
	row := &rowScope{scope: n.scope, rel: sight, sides: n.steps}
	bound := boundStep{optional: step.Optional, output: "all"}
	for _, p := range step.Properties {
		if p.Name.Text != "output" {
			continue
		}
		bound.output = propertyWord(p)
		if !slices.Contains([]string{"all", "last", "none"}, bound.output) {
			n.b.errorf(p.Span(), "the output of a step is all, last or none")
			return false
		}
	}
	when := n.b.condition(step.When, row)
	if bad(when) {
		return false
	}
	var ok bool
	if bound.when, ok = n.compile(when, step.When); !ok {
		return false
	}
	for _, x := range step.Assign {
		a, ok := n.assignment(x, row)
		if !ok {
			return false
		}
		bound.assign = append(bound.assign, a)
	}
	for i := range n.declared {
		c := n.overwritten[i]
		if c == nil || slices.ContainsFunc(bound.assign, func(a boundAssignment) bool { return a.declared == i }) {
			continue
		}
		compiled, _ := n.compile(&plan.Ref{Column: c}, step.When)
		bound.assign = append(bound.assign, boundAssignment{i, compiled})
	}
	n.program.steps = append(n.program.steps, bound)
	return true
}

func (n *scanBinding) assignment(x syntax.Expr, row *rowScope) (boundAssignment, bool) {
	named, ok := x.(*syntax.Named)
	if !ok || len(named.Names) != 1 {
		n.b.errorf(x.Span(), "a step assigns values to declared columns: column = value")
		return boundAssignment{}, false
	}
	i := n.declares(named.Names[0].Text)
	if i < 0 {
		n.b.errorf(named.Names[0].Span(), "no declared column %q; declare (%s:type) adds it", named.Names[0].Text, named.Names[0].Text)
		return boundAssignment{}, false
	}
	value := n.b.scalar(named.X, row)
	if bad(value) {
		return boundAssignment{}, false
	}
	want := n.declared[i].Type
	if value.Type() != want && value.Type() != types.Dynamic && !types.Widens(value.Type(), want) && want != types.Dynamic && !(value.Type().Numeric() && want.Numeric()) {
		n.b.errorf(named.X.Span(), "the column %q has the type %s, and this is a %s", named.Names[0].Text, want, value.Type())
		return boundAssignment{}, false
	}
	compiled, ok := n.compile(convert(value, want), named.X)
	return boundAssignment{i, compiled}, ok
}

// result runs the program and joins what it gives with the rows.
func (n *scanBinding) result(table *letTable, rel *relation, row *plan.Column, keys []field) *relation {
	b := n.b
	define := n.program.lifted
	node := n.input.node
	if len(define) > 0 {
		node = &plan.Project{Input: node, Pass: node.Columns(), Define: define}
	}
	values := []plan.Expr{&plan.Ref{Column: row}}
	for _, c := range n.program.columns {
		values = append(values, b.toTicks(&plan.Ref{Column: c}))
	}
	packed := b.newColumn("values", types.Dynamic)
	node = &plan.Project{Input: node, Pass: node.Columns(), Define: []plan.Definition{{Column: packed, Expr: b.callBuiltin("pack_array", types.Dynamic, values...)}}}
	gathered := b.newColumn("rows", types.Dynamic)
	group := &plan.Aggregate{Input: node}
	for _, k := range keys {
		group.Keys = append(group.Keys, plan.Definition{Column: k.column, Expr: &plan.Ref{Column: k.column}})
	}
	group.Aggregates = []plan.Definition{{Column: gathered, Expr: &plan.Call{
		Function: b.functions.Must("make_list_with_nulls"), Args: []plan.Expr{&plan.Ref{Column: packed}}, Of: types.Dynamic,
		Order: []plan.SortKey{{Column: row}},
	}}}
	call := &plan.Call{
		Function: &builtin.Function{Name: "scan_steps", Kind: builtin.Scalar}, Of: types.Dynamic,
		Args: []plan.Expr{n.program.literal(b), &plan.Ref{Column: gathered}},
	}
	item, index := b.newColumn("item", types.Dynamic), b.newColumn("index", types.Long)
	matched := &relation{node: b.unnested(group, call, item, index)}
	items := []scanPart{{"row", types.Long}, {n.matchID, types.Long}}
	for _, d := range n.declared {
		items = append(items, scanPart{d.Name, d.Type})
	}
	return n.joined(table, rel, matched, item, index, items)
}

type scanPart struct {
	name string
	of   types.Type
}

// joined takes the results apart and adds the columns of their rows.
func (n *scanBinding) joined(table *letTable, rel, matched *relation, element, index *plan.Column, parts []scanPart) *relation {
	b := n.b
	var items []item
	for i, p := range parts {
		e := b.callBuiltin("element", types.Dynamic, &plan.Ref{Column: element}, &plan.Literal{Of: types.Long, Value: int64(i)})
		items = append(items, item{name: p.name, expr: b.fromTicks(e, p.of)})
	}
	columns := b.define(matched, items)
	left := b.reference(table)
	number := left.fields[len(rel.fields)].column
	out := rel.derive()
	out.node = &plan.Join{Kind: plan.Inner, Left: left.node, Right: matched.node, On: []plan.JoinKey{{Left: number, Right: columns[0]}}}
	out.fields = slices.Clone(left.fields[:len(rel.fields)])
	out.aliases, out.ingestion, out.partition = left.aliases, left.ingestion, nil
	for i, p := range parts[2:] {
		out.set(p.name, columns[i+2])
	}
	if n.matchID != "" {
		out.set(n.matchID, columns[1])
	}
	out.order = nil
	if len(rel.order) > 0 {
		out.order = []plan.SortKey{{Column: index}}
	}
	for i := range rel.partition {
		out.partition = append(out.partition, left.fields[len(rel.fields)+1+i].column)
	}
	if len(rel.partition) > 0 || len(n.op.Partition) > 0 {
		out.order = []plan.SortKey{{Column: number}}
	}
	out.serialized = true
	return out
}

package bind

import (
	"slices"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// partition binds partition. The body runs over all rows at once; aggregates,
// windows and limits in it work for each value of the column by itself.
func (b *binder) partition(op *syntax.PartitionOperator, rel *relation, s *scope) *relation {
	r := rel.derive()
	key := b.scalar(op.By, rows(r, s))
	if bad(key) {
		return b.nothing()
	}
	if key.Type() == types.Dynamic {
		b.errorf(op.By.Span(), "partition needs a column that is not dynamic; convert it, as with tostring()")
		return b.nothing()
	}
	by := b.define(r, []item{{name: "by", expr: key}})[0]
	if op.Query != nil {
		return b.partitionQuery(op, r, by, s)
	}
	r.partition = append(r.partition[:len(r.partition):len(r.partition)], by)
	r.order, r.serialized = nil, false
	out, ok := b.parts(op.Body.Operators, r, s)
	if !ok {
		return b.nothing()
	}
	result := out.derive()
	result.partition = out.partition[:len(out.partition)-1]
	result.order, result.serialized = nil, false
	return result
}

// parts binds operators over the parts of a table. It reports one that cannot
// keep the parts apart.
func (b *binder) parts(operators []syntax.Operator, r *relation, s *scope) (*relation, bool) {
	s = newScope(s)
	width := len(r.partition)
	for _, o := range operators {
		if !b.count(o) {
			return nil, false
		}
		r = b.operator(o, r, s)
		if r.open != nil && r.open.column == nil {
			return nil, false
		}
		if len(r.partition) != width {
			b.errorf(o.Span(), "this operator cannot run over the parts of a table; where, extend, project, summarize, sort, top, take, distinct, count, mv-expand, parse, join and the like can")
			return nil, false
		}
	}
	return r, true
}

// partitionQuery binds the older form: the query's own source is paired with
// each value of the column, which the query sees as a scalar.
func (b *binder) partitionQuery(op *syntax.PartitionOperator, r *relation, by *plan.Column, s *scope) *relation {
	keys := &plan.Aggregate{Input: r.node, Keys: []plan.Definition{{Column: by, Expr: &plan.Ref{Column: by}}}}
	query, ok := op.Query.(*syntax.Pipe)
	if !ok {
		query = &syntax.Pipe{Source: op.Query}
	}
	if query.Source == nil {
		b.errorf(op.Query.Span(), "the query in braces needs a table of its own; operators alone stand in parentheses")
		return b.nothing()
	}
	inner := newScope(s)
	if name, ok := op.By.(*syntax.Name); ok {
		inner.values[name.Text] = scalarValue(&plan.Ref{Column: by})
	}
	own := b.tabular(query.Source, s).derive()
	own.node = &plan.Join{Kind: plan.Cross, Left: keys, Right: own.node}
	own.partition = []*plan.Column{by}
	own.order = nil
	out, ok := b.parts(query.Operators, own, inner)
	if !ok {
		return b.nothing()
	}
	if !reachable(out.node, by) {
		b.errorf(op.Query.Span(), "the partition's value is known to the operators behind the query's own table, not inside of further tables")
		return b.nothing()
	}
	result := out.derive()
	result.partition = r.partition
	result.order, result.serialized = nil, false
	if len(r.partition) > 0 {
		b.errorf(op.Span(), "partition with a query in braces cannot stand inside of partition or mv-apply")
		return b.nothing()
	}
	return result
}

// reachable reports whether every node that reads the column c has it among
// the columns of its inputs.
func reachable(root plan.Node, c *plan.Column) bool {
	ok := true
	plan.Visit(root, func(n plan.Node) {
		given := slices.Contains(n.Columns(), c)
		for _, input := range n.Inputs() {
			given = given || slices.Contains(input.Columns(), c)
		}
		for _, e := range plan.Exprs(n) {
			plan.VisitExpr(e, func(e plan.Expr) bool {
				if ref, isRef := e.(*plan.Ref); isRef && ref.Column == c && !given {
					ok = false
				}
				return ok
			})
		}
	})
	return ok
}

// foreign returns a column that a table reads and that no node of it gives, as
// the argument of a function is which a row calls; nil if there is none.
func foreign(root plan.Node) (found *plan.Column) {
	given, read := map[*plan.Column]bool{}, []*plan.Column{}
	plan.Visit(root, func(n plan.Node) {
		for _, c := range n.Columns() {
			given[c] = true
		}
		for _, e := range plan.Exprs(n) {
			plan.VisitExpr(e, func(e plan.Expr) bool {
				if ref, ok := e.(*plan.Ref); ok {
					read = append(read, ref.Column)
				}
				return true
			})
		}
	})
	for _, c := range read {
		if !given[c] {
			return c
		}
	}
	return nil
}

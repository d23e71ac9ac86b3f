package bind

import (
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
)

// pipe binds a pipeline. Names that `as` defines are seen by the operators
// behind it.
func (b *binder) pipe(x *syntax.Pipe, s *scope) *relation {
	s = newScope(s)
	var rel *relation
	if x.Source != nil {
		rel = b.tabular(x.Source, s)
	}
	for _, op := range x.Operators {
		b.src.Working = op.Span()
		if !b.count(op) {
			return b.nothing()
		}
		rel = b.operator(op, rel, s)
		if len(rel.fields) > maxColumns {
			b.errorf(op.Span(), "the table has more than %d columns here", maxColumns)
			return b.nothing()
		}
	}
	return rel
}

// operator binds one operator over rel, which is nil for the first operator of
// a pipeline without source. It does not change rel.
func (b *binder) operator(op syntax.Operator, rel *relation, s *scope) *relation {
	switch op := op.(type) {
	case *syntax.PrintOperator:
		return b.print(op, s)
	case *syntax.RangeOperator:
		return b.rangeTable(op, s)
	case *syntax.UnionOperator:
		return b.union(op, rel, s)
	case *syntax.MacroExpandOperator:
		return b.macroExpand(op, rel, s)
	case *syntax.FindOperator:
		return b.find(op, rel, s)
	case *syntax.SearchOperator:
		return b.search(op, rel, s)
	case *syntax.EvaluateOperator:
		return b.evaluate(op, rel, s) // a plugin that is refused needs no table
	case *syntax.BadOperator:
		return b.nothing()
	}
	if rel == nil {
		b.errorf(op.Span(), "this operator needs a table before it")
		return b.nothing()
	}
	if rel.graph != nil {
		return b.graphOperator(op, rel, s)
	}
	switch op := op.(type) {
	case *syntax.WhereOperator:
		return b.where(op, rel, s)
	case *syntax.ExtendOperator:
		return b.extend(op.Columns, rel, s)
	case *syntax.ProjectOperator:
		return b.projectFamily(op, rel, s)
	case *syntax.SummarizeOperator:
		return b.summarize(op, rel, s)
	case *syntax.CountOperator:
		return b.countRows(op, rel)
	case *syntax.DistinctOperator:
		return b.distinct(op, rel, s)
	case *syntax.SortOperator:
		return b.sort(op.Keys, rel, s)
	case *syntax.TopOperator:
		return b.top(op, rel, s)
	case *syntax.TakeOperator:
		return b.take(op, rel, s)
	case *syntax.JoinOperator:
		return b.join(op, rel, s)
	case *syntax.MvExpandOperator:
		return b.mvExpand(op, rel, s)
	case *syntax.RenderOperator:
		return b.render(op, rel)
	case *syntax.AsOperator:
		return b.as(op, rel, s)
	case *syntax.SerializeOperator:
		return b.serialize(op, rel, s)
	}
	return b.furtherOperator(op, rel, s)
}

// furtherOperator binds the operators that are not among the most used.
func (b *binder) furtherOperator(op syntax.Operator, rel *relation, s *scope) *relation {
	switch op := op.(type) {
	case *syntax.MakeSeriesOperator:
		return b.makeSeries(op, rel, s)
	case *syntax.MvApplyOperator:
		return b.mvApply(op, rel, s)
	case *syntax.ParseOperator:
		return b.parse(op, rel, s)
	case *syntax.InvokeOperator:
		return b.invoke(op, rel, s)
	case *syntax.SampleOperator:
		return b.sample(op, rel, s)
	case *syntax.MakeGraphOperator:
		return b.makeGraph(op, rel, s)
	case *syntax.GraphMatchOperator, *syntax.GraphToTableOperator, *syntax.GraphComponentsOperator:
		if rel.open == nil {
			b.errorf(op.Span(), "this operator needs a graph before it; make-graph makes one of a table")
		}
		return b.nothing()
	case *syntax.ForkOperator:
		return b.fork(op, rel, s)
	case *syntax.FacetOperator:
		return b.facet(op, rel, s)
	case *syntax.ScanOperator:
		return b.scanSteps(op, rel, s)
	case *syntax.GetSchemaOperator:
		return b.getSchema(op, rel)
	case *syntax.ParseKVOperator:
		return b.parseKV(op, rel, s)
	case *syntax.PartitionOperator:
		return b.partition(op, rel, s)
	case *syntax.TopNestedOperator:
		return b.topNested(op, rel, s)
	case *syntax.TopHittersOperator:
		return b.topHitters(op, rel, s)
	case *syntax.ReduceOperator:
		return b.reduce(op, rel, s)
	case *syntax.ConsumeOperator:
		return &relation{node: &plan.Limit{Input: rel.node}}
	case *syntax.AssertSchemaOperator:
		return b.assertSchema(op, rel)
	case *syntax.ExecuteAndCacheOperator:
		return rel
	}
	b.errorf(op.Span(), "this operator is not supported yet")
	return b.nothing()
}

// definitions binds the items of extend, project and the like: each gives a
// name and an expression.
type item struct {
	name  string
	named bool // the query or the expression itself gives the name
	given bool // the query gives the name
	// part is set for one of several values that the query does not name, and
	// beyond if it names others of them.
	part, beyond bool
	star         bool // one of the columns that * stands for

	expr plan.Expr
	at   source.Span
}

// items binds column expressions over the rows of rel. It may add nodes to rel,
// which the caller owns.
func (b *binder) items(columns []syntax.Expr, rel *relation, s *scope) []item {
	w := &windows{}
	row := rows(rel, s)
	row.windows, row.tuples = w, &tuples{}
	all := make([]item, 0, len(columns))
	for _, x := range columns {
		all = append(all, b.itemsOf(x, row)...)
	}
	b.attach(w, rel)
	rel.node = row.tuples.attachTuples(rel.node)
	return all
}

// itemsOf binds one element of a list of columns; a tuple gives several.
func (b *binder) itemsOf(x syntax.Expr, row *rowScope) []item {
	named, ok := x.(*syntax.Named)
	if !ok {
		if items, ok := b.tupleItems(x, nil, row); ok {
			return items
		}
		e := b.scalar(x, row)
		name, known := b.autoName(x, row)
		return []item{{name: name, named: known, expr: e, at: x.Span()}}
	}
	if items, ok := b.tupleItems(named.X, named.Names, row); ok {
		return items
	}
	if len(named.Names) == 1 {
		return []item{{name: named.Names[0].Text, named: true, given: true, expr: b.scalar(named.X, row), at: named.Names[0].Span()}}
	}
	return b.manyNames(named, row)
}

// manyNames binds `(a, b) = x` where x gives one value, which is a mistake.
func (b *binder) manyNames(named *syntax.Named, row *rowScope) []item {
	e := b.scalar(named.X, row)
	all := make([]item, len(named.Names))
	for i, n := range named.Names {
		all[i] = item{name: n.Text, named: true, given: true, expr: unknown, at: n.Span()}
	}
	if !bad(e) {
		b.errorf(named.Span(), "the expression gives one value, and there are %d names for it", len(named.Names))
	}
	return all
}

// define adds a projection that computes columns and returns them. A plain
// reference needs no computing.
func (b *binder) define(rel *relation, items []item) []*plan.Column {
	columns := make([]*plan.Column, len(items))
	var define []plan.Definition
	for i, it := range items {
		if ref, ok := it.expr.(*plan.Ref); ok {
			columns[i] = ref.Column
			continue
		}
		columns[i] = b.newColumn(it.name, it.expr.Type())
		define = append(define, plan.Definition{Column: columns[i], Expr: it.expr})
	}
	if len(define) > 0 {
		rel.node = &plan.Project{Input: rel.node, Pass: rel.node.Columns(), Define: define}
	}
	return columns
}

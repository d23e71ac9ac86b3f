package bind

import (
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
)

// maxTables is the most tables that one query gives.
const maxTables = 32

// branches says which of the tables of a query that gives several is bound. The
// whole query is bound again for each, since passes over a plan change it in
// place.
type branches struct {
	// expression is the number of the expression statement that gives the table.
	expression int
	// from is the pipeline whose end may give several tables.
	from *syntax.Pipe
	// wanted is the number of the table to bind, count how many there are.
	wanted, count int
	name          string // of the table that was bound
}

// mayBranch reports, with a message, whether op ends the query.
func (b *binder) mayBranch(op syntax.Operator, what string) bool {
	if from := b.branches.from; from != nil && from.Operators[len(from.Operators)-1] == op {
		return true
	}
	b.errorf(op.Span(), "%s gives several tables, so it can stand only at the end of a query", what)
	return false
}

// fork binds the branch that is wanted.
func (b *binder) fork(op *syntax.ForkOperator, rel *relation, s *scope) *relation {
	if !b.mayBranch(op, "fork") {
		return b.nothing()
	}
	if len(op.Branches) > maxTables {
		b.errorf(op.Span(), "fork has %d branches; at most %d are allowed", len(op.Branches), maxTables)
		return b.nothing()
	}
	b.branches.count = len(op.Branches)
	branch := op.Branches[b.branches.wanted]
	if branch.Name != nil {
		b.branches.name = branch.Name.Text
	}
	return b.branch(branch.Body, rel, s)
}

// branch runs operators over a table. The name that `as` gives last is the
// name of the result.
func (b *binder) branch(body *syntax.Pipe, rel *relation, s *scope) *relation {
	s = newScope(s)
	for _, op := range body.Operators {
		if !b.count(op) {
			return b.nothing()
		}
		rel = b.operator(op, rel, s)
		if as, ok := op.(*syntax.AsOperator); ok && b.branches.name == "" {
			b.branches.name = as.Name.Text
		}
	}
	return rel
}

// facet binds the table of the operators, which is the first one if there are
// any, or the numbers of rows by one column.
func (b *binder) facet(op *syntax.FacetOperator, rel *relation, s *scope) *relation {
	if !b.mayBranch(op, "facet") {
		return b.nothing()
	}
	if len(op.Columns) >= maxTables {
		b.errorf(op.Span(), "facet has %d columns; at most %d are allowed", len(op.Columns), maxTables-1)
		return b.nothing()
	}
	wanted := b.branches.wanted
	b.branches.count = len(op.Columns)
	if op.Body != nil {
		b.branches.count++
		if wanted == 0 {
			return b.branch(op.Body, rel, s)
		}
		wanted--
	}
	name, ok := op.Columns[wanted].(*syntax.Name)
	if !ok {
		b.errorf(op.Columns[wanted].Span(), "facet counts the values of columns")
		return b.nothing()
	}
	b.branches.name = name.Text
	return b.summarize(&syntax.SummarizeOperator{
		Aggregates: []syntax.Expr{&syntax.Named{Names: []*syntax.Name{{Text: "count_" + name.Text}}, X: &syntax.Call{Func: &syntax.Name{Text: "count"}}}},
		Keys:       []syntax.Expr{name},
	}, rel, s)
}

// expressions returns the statements of a query that give tables, in order.
func expressions(query *syntax.Query) (all []*syntax.ExpressionStatement) {
	for _, statement := range query.Statements {
		if x, ok := statement.(*syntax.ExpressionStatement); ok {
			all = append(all, x)
		}
	}
	return all
}

// batch binds a query of one or several expression statements, each of which may
// give several tables.
func batch(src *source.Text, query *syntax.Query, catalog Catalog, options Options) *plan.Statement {
	all := expressions(query)
	if len(all) > maxTables {
		src.Errorf(all[maxTables].Span(), "the query has %d expressions that give a table; at most %d are allowed", len(all), maxTables)
		return nil
	}
	var first *plan.Statement
	tables := 0
	for number := range max(len(all), 1) {
		statement := tablesOf(src, query, catalog, options, number)
		if statement == nil {
			continue // the mistakes of the others are told as well
		}
		if tables += 1 + len(statement.More); tables > maxTables {
			src.Errorf(all[number].Span(), "the expressions up to this one give %d tables; at most %d are allowed", tables, maxTables)
			return nil
		}
		if first == nil {
			first = statement
			continue
		}
		further := statement.More
		statement.More = nil
		first.More = append(append(first.More, statement), further...)
	}
	if src.Err() != nil {
		return nil
	}
	return first
}

// tablesOf binds the tables that one expression statement gives.
func tablesOf(src *source.Text, query *syntax.Query, catalog Catalog, options Options, number int) *plan.Statement {
	b := newBinder(src, query, catalog, options, number)
	first := b.statement(query)
	if first == nil {
		return nil
	}
	first.Name = b.branches.name
	if from := b.branches.from; from != nil && first.Name == "" {
		if as, ok := from.Operators[len(from.Operators)-1].(*syntax.AsOperator); ok {
			first.Name = as.Name.Text
		}
	}
	for wanted := 1; wanted < b.branches.count; wanted++ {
		further := newBinder(src, query, catalog, options, number)
		further.branches.wanted = wanted
		statement := further.statement(query)
		if statement == nil {
			return nil
		}
		statement.Name = further.branches.name
		first.More = append(first.More, statement)
	}
	return first
}

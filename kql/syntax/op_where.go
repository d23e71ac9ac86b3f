package syntax

import "github.com/quoll/quoll/kql/source"

// WhereOperator is `where x` and `filter x`.
type WhereOperator struct {
	pos
	Predicate Expr
}

func (*WhereOperator) operator() {}

// whereOperator reads the predicate.
func (p *parser) whereOperator(name source.Span) Operator {
	predicate := p.expression()
	return &WhereOperator{pos: p.to(name), Predicate: predicate}
}

func (o *WhereOperator) print(w *printer) {
	w.text("where ")
	w.node(o.Predicate)
}

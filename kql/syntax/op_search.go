package syntax

import "github.com/quoll/quoll/kql/source"

// SearchOperator is `search in (tables) predicate`: a string anywhere, a string
// in one column (`column:"string"`, a Binary of the operator ":"), or a predicate
// over columns that some of the tables have.
type SearchOperator struct {
	pos
	Properties []*Property // kind
	Tables     []Expr      // Name, Wildcard or Star; nil for all
	Predicate  Expr
}

func (*SearchOperator) operator() {}

// searchOperator reads the tables and the predicate.
func (p *parser) searchOperator(name source.Span) Operator {
	o := &SearchOperator{Properties: p.properties("kind")}
	if p.acceptWord("in") {
		p.expectSymbol("(")
		o.Tables = commaList(p, p.namePattern)
		p.expectSymbol(")")
	}
	p.searching = true
	o.Predicate = p.expression()
	p.searching = false
	o.pos = p.to(name)
	return o
}

func (o *SearchOperator) print(w *printer) {
	w.text("search ")
	printProperties(w, o.Properties)
	if len(o.Tables) > 0 {
		w.text("in (")
		printList(w, o.Tables)
		w.text(") ")
	}
	w.node(o.Predicate)
}

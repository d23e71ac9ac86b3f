package syntax

import "github.com/quoll/quoll/kql/source"

// UnionOperator is `union tables`; a table is a Name, Wildcard, Star, Call or
// Paren around a pipeline.
type UnionOperator struct {
	pos
	Properties []*Property
	Tables     []Expr
}

func (*UnionOperator) operator() {}

// unionOperator reads the properties and the tables.
func (p *parser) unionOperator(name source.Span) Operator {
	o := &UnionOperator{Properties: p.properties("kind", "withsource", "with_source", "isfuzzy", "best_effort", "bestEffort")}
	o.Tables = commaList(p, p.unionTable)
	o.pos = p.to(name)
	return o
}

// unionTable reads a table, a pattern of names, a call, or a pipeline in
// parentheses.
func (p *parser) unionTable() Expr {
	word, next := p.peek(0), p.peek(1)
	star := word.Kind == Symbol && word.Text == "*"
	if star || word.Kind == Identifier && next.Kind == Symbol && next.Text == "*" {
		return p.namePattern()
	}
	return p.postfixExpression()
}

func (o *UnionOperator) print(w *printer) {
	w.text("union ")
	printProperties(w, o.Properties)
	printList(w, o.Tables)
}

// AsOperator is `as name`.
type AsOperator struct {
	pos
	Properties []*Property
	Name       *Name
}

func (*AsOperator) operator() {}

// asOperator reads the name.
func (p *parser) asOperator(name source.Span) Operator {
	o := &AsOperator{Properties: p.properties()}
	o.Name = p.name()
	o.pos = p.to(name)
	return o
}

func (o *AsOperator) print(w *printer) {
	w.text("as ")
	printProperties(w, o.Properties)
	w.node(o.Name)
}

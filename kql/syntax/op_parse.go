package syntax

import "github.com/quoll/quoll/kql/source"

// ParseOperator is `parse x with pattern`; Where is set for parse-where, which
// drops the rows that do not match.
type ParseOperator struct {
	pos
	Where      bool
	Properties []*Property // kind, flags
	X          Expr
	Pattern    []Expr // Star, string Literal, or ParseColumn
}

// ParseColumn is `name:type` in a pattern.
type ParseColumn struct {
	pos
	Name *Name
	Type *TypeOf // nil when absent: a string
}

func (*ParseColumn) expr()       {}
func (*ParseOperator) operator() {}

// parseOperator reads the expression and the pattern.
func (p *parser) parseOperator(name source.Span, where bool) Operator {
	o := &ParseOperator{Where: where, Properties: p.properties("kind", "flags")}
	o.X = p.expression()
	p.expectWord("with")
	for !p.isOperatorEnd() && !p.failed {
		o.Pattern = append(o.Pattern, p.parsePattern())
	}
	if len(o.Pattern) == 0 {
		p.expected("a pattern of texts in quotes, columns and *")
	}
	o.pos = p.to(name)
	return o
}

// parsePattern reads one part of a pattern: `*`, a string or `name:type`.
func (p *parser) parsePattern() Expr {
	start := p.i
	if p.acceptSymbol("*") {
		return &Star{pos: p.from(start)}
	}
	if isString(p.peek(0)) {
		return p.literal()
	}
	column := &ParseColumn{Name: p.name()}
	if p.acceptSymbol(":") {
		at := p.i
		column.Type = &TypeOf{Type: p.typeName()}
		column.Type.pos = p.from(at)
	}
	column.pos = p.from(start)
	return column
}

func (o *ParseOperator) print(w *printer) {
	w.text("parse")
	if o.Where {
		w.text("-where")
	}
	w.text(" ")
	printProperties(w, o.Properties)
	w.node(o.X)
	w.text(" with")
	for _, part := range o.Pattern {
		w.text(" ")
		w.node(part)
	}
}

func (n *ParseColumn) print(w *printer) {
	w.node(n.Name)
	if n.Type != nil {
		w.text(":" + n.Type.Type.String())
	}
}

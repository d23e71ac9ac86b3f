package syntax

import "github.com/quoll/quoll/kql/source"

// MacroExpandOperator is `macro-expand entity_group [tables] as name (pipeline)`:
// the pipeline runs for each table, which it calls by the name, and the rows are
// put below each other.
type MacroExpandOperator struct {
	pos
	Properties []*Property
	Entities   []Expr
	Name       *Name
	Body       Expr
}

func (*MacroExpandOperator) operator() {}

// macroExpandOperator reads the group, the name and the pipeline.
func (p *parser) macroExpandOperator(name source.Span) Operator {
	o := &MacroExpandOperator{Properties: p.properties("kind", "isfuzzy")}
	if !p.isWord("entity_group") {
		p.fail(source.Diagnostic{Span: p.peek(0).Span, Message: "no entity groups are stored", Remedy: "write the group down: macro-expand entity_group [Table1, Table2] as T (T | …)"})
		return o
	}
	p.advance()
	p.expectSymbol("[")
	o.Entities = commaList(p, p.postfixExpression)
	p.expectSymbol("]")
	p.expectWord("as")
	o.Name = p.name()
	p.expectSymbol("(")
	o.Body = p.pipe()
	p.expectSymbol(")")
	o.pos = p.to(name)
	return o
}

func (o *MacroExpandOperator) print(w *printer) {
	w.text("macro-expand ")
	printProperties(w, o.Properties)
	w.text("entity_group [")
	printList(w, o.Entities)
	w.text("] as ")
	w.node(o.Name)
	w.text(" (")
	w.node(o.Body)
	w.text(")")
}

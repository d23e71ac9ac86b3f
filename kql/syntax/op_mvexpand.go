package syntax

import "github.com/quoll/quoll/kql/source"

// MvExpandOperator is `mv-expand` and the older `mvexpand`.
type MvExpandOperator struct {
	pos
	Properties []*Property // bagexpansion, kind, with_itemindex
	Columns    []*MvExpandColumn
	Limit      Expr // nil when absent
}

// MvExpandColumn is `name = x to typeof(type)`.
type MvExpandColumn struct {
	pos
	Name *Name // nil when absent
	X    Expr
	Type *TypeOf // nil when absent
}

func (*MvExpandOperator) operator() {}

// mvExpandOperator reads the properties, the columns and the limit.
func (p *parser) mvExpandOperator(name source.Span) Operator {
	o := &MvExpandOperator{Properties: p.properties("bagexpansion", "kind", "with_itemindex")}
	o.Columns = commaList(p, p.mvExpandColumn)
	if p.acceptWord("limit") {
		o.Limit = p.expression()
	}
	o.pos = p.to(name)
	return o
}

// mvExpandColumn reads `name = x to typeof(type)`.
func (p *parser) mvExpandColumn() *MvExpandColumn {
	start := p.i
	column := &MvExpandColumn{}
	if _, ok := p.skipName(0); ok && p.startsNamed() {
		column.Name = p.name()
		p.expectSymbol("=")
	}
	column.X = p.expression()
	if p.acceptWord("to") {
		if !p.isWord("typeof") {
			p.expected(`"typeof"`)
		} else if t, ok := p.typeOf().(*TypeOf); ok {
			column.Type = t
		}
	}
	column.pos = p.from(start)
	return column
}

func (o *MvExpandOperator) print(w *printer) {
	w.text("mv-expand ")
	printProperties(w, o.Properties)
	printList(w, o.Columns)
	if o.Limit != nil {
		w.text(" limit ")
		w.node(o.Limit)
	}
}

func (n *MvExpandColumn) print(w *printer) {
	if n.Name != nil {
		w.node(n.Name)
		w.text(" = ")
	}
	w.node(n.X)
	if n.Type != nil {
		w.text(" to ")
		w.node(n.Type)
	}
}

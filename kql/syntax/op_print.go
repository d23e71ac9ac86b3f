package syntax

import "github.com/quoll/quoll/kql/source"

// PrintOperator is `print x, …`.
type PrintOperator struct {
	pos
	Columns []Expr
}

func (*PrintOperator) operator() {}

// printOperator reads the columns.
func (p *parser) printOperator(name source.Span) Operator {
	columns := commaList(p, p.namedExpression)
	return &PrintOperator{pos: p.to(name), Columns: columns}
}

func (o *PrintOperator) print(w *printer) {
	w.text("print ")
	printList(w, o.Columns)
}

// RangeOperator is `range name from a to b step c`.
type RangeOperator struct {
	pos
	Name           *Name
	From, To, Step Expr
}

func (*RangeOperator) operator() {}

// rangeOperator reads the name and the three values.
func (p *parser) rangeOperator(name source.Span) Operator {
	o := &RangeOperator{Name: p.name()}
	p.expectWord("from")
	o.From = p.expression()
	p.expectWord("to")
	o.To = p.expression()
	p.expectWord("step")
	o.Step = p.expression()
	o.pos = p.to(name)
	return o
}

func (o *RangeOperator) print(w *printer) {
	w.text("range ")
	w.node(o.Name)
	w.text(" from ")
	w.node(o.From)
	w.text(" to ")
	w.node(o.To)
	w.text(" step ")
	w.node(o.Step)
}

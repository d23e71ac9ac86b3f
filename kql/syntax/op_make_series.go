package syntax

import "github.com/quoll/quoll/kql/source"

// MakeSeriesOperator is `make-series aggregates on axis from a to b step c by
// keys`, or the older form `on axis in range(a, b, c)`.
type MakeSeriesOperator struct {
	pos
	Properties []*Property // kind=nonempty
	Aggregates []*SeriesAggregate
	On         Expr
	From, To   Expr // nil when absent
	Step       Expr
	// Range says that the older form was written: its end is part of the series.
	Range bool
	Keys  []Expr
}

// SeriesAggregate is `name = aggregate default = value`.
type SeriesAggregate struct {
	pos
	X       Expr // Named or a bare expression
	Default Expr // nil when absent
}

func (*MakeSeriesOperator) operator() {}

// makeSeriesOperator reads the aggregates, the axis with its range, and the
// keys.
func (p *parser) makeSeriesOperator(name source.Span) Operator {
	o := &MakeSeriesOperator{Properties: p.properties("kind")}
	o.Aggregates = commaList(p, p.seriesAggregate)
	p.expectWord("on")
	o.On = p.relationalExpression() // not looser, so that "in" is left for the range
	if p.acceptWord("in") {
		p.seriesRange(o)
	} else {
		if p.acceptWord("from") {
			o.From = p.expression()
		}
		if p.acceptWord("to") {
			o.To = p.expression()
		}
		p.expectWord("step")
		o.Step = p.expression()
	}
	if p.acceptWord("by") {
		o.Keys = commaList(p, p.namedExpression)
	}
	o.pos = p.to(name)
	return o
}

// seriesRange reads `range(from, to, step)`.
func (p *parser) seriesRange(o *MakeSeriesOperator) {
	o.Range = true
	p.expectWord("range")
	p.expectSymbol("(")
	o.From = p.expression()
	p.expectSymbol(",")
	o.To = p.expression()
	p.expectSymbol(",")
	o.Step = p.expression()
	p.expectSymbol(")")
}

// seriesAggregate reads `name = aggregate default = value`.
func (p *parser) seriesAggregate() *SeriesAggregate {
	start := p.i
	a := &SeriesAggregate{X: p.namedExpression()}
	if p.acceptWord("default") {
		p.expectSymbol("=")
		a.Default = p.unaryExpression()
	}
	a.pos = p.from(start)
	return a
}

func (o *MakeSeriesOperator) print(w *printer) {
	w.text("make-series ")
	printProperties(w, o.Properties)
	printList(w, o.Aggregates)
	w.text(" on ")
	w.node(o.On)
	if o.Range {
		w.text(" in range(")
		printList(w, []Expr{o.From, o.To, o.Step})
		w.text(")")
	} else {
		o.printBounds(w)
	}
	if len(o.Keys) > 0 {
		w.text(" by ")
		printList(w, o.Keys)
	}
}

func (o *MakeSeriesOperator) printBounds(w *printer) {
	for _, bound := range []struct {
		word string
		x    Expr
	}{{" from ", o.From}, {" to ", o.To}, {" step ", o.Step}} {
		if bound.x != nil {
			w.text(bound.word)
			w.node(bound.x)
		}
	}
}

func (n *SeriesAggregate) print(w *printer) {
	w.node(n.X)
	if n.Default != nil {
		w.text(" default = ")
		w.node(n.Default)
	}
}

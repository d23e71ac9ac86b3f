package syntax

import "github.com/quoll/quoll/kql/source"

// ReduceOperator is `reduce by x with threshold=t, characters=c`.
type ReduceOperator struct {
	pos
	Properties []*Property // kind
	X          Expr
	Options    []*Property // threshold, characters
}

func (*ReduceOperator) operator() {}

// reduceOperator reads the text to reduce and the options.
func (p *parser) reduceOperator(name source.Span) Operator {
	o := &ReduceOperator{Properties: p.properties("kind")}
	p.expectWord("by")
	o.X = p.expression()
	if p.acceptWord("with") {
		o.Options = commaList(p, p.property)
	}
	o.pos = p.to(name)
	return o
}

func (o *ReduceOperator) print(w *printer) {
	w.text("reduce ")
	printProperties(w, o.Properties)
	w.text("by ")
	w.node(o.X)
	if len(o.Options) > 0 {
		w.text(" with ")
		printList(w, o.Options)
	}
}

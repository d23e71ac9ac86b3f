package syntax

import "github.com/quoll/quoll/kql/source"

// SampleOperator is `sample n` and, with Of, `sample-distinct n of x`.
type SampleOperator struct {
	pos
	Count Expr
	Of    Expr // nil for sample
}

func (*SampleOperator) operator() {}

// sampleOperator reads the number of rows and, for sample-distinct, the column.
func (p *parser) sampleOperator(name source.Span, distinct bool) Operator {
	o := &SampleOperator{Count: p.expression()}
	if distinct {
		p.expectWord("of")
		o.Of = p.namedExpression()
	}
	o.pos = p.to(name)
	return o
}

func (o *SampleOperator) print(w *printer) {
	if o.Of == nil {
		w.text("sample ")
		w.node(o.Count)
		return
	}
	w.text("sample-distinct ")
	w.node(o.Count)
	w.text(" of ")
	w.node(o.Of)
}

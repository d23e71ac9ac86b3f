package syntax

import "github.com/quoll/quoll/kql/source"

// SummarizeOperator is `summarize aggregates by keys`.
type SummarizeOperator struct {
	pos
	Properties []*Property
	Aggregates []Expr
	Keys       []Expr
}

func (*SummarizeOperator) operator() {}

// summarizeOperator reads aggregates, keys, or both.
func (p *parser) summarizeOperator(name source.Span) Operator {
	o := &SummarizeOperator{Properties: p.properties()}
	if !p.isWord("by") && !p.isOperatorEnd() {
		o.Aggregates = commaList(p, p.namedExpression)
	}
	if p.acceptWord("by") {
		o.Keys = commaList(p, p.namedExpression)
	}
	o.pos = p.to(name)
	return o
}

func (o *SummarizeOperator) print(w *printer) {
	w.text("summarize ")
	printProperties(w, o.Properties)
	printList(w, o.Aggregates)
	if len(o.Keys) == 0 {
		return
	}
	if len(o.Aggregates) > 0 {
		w.text(" ")
	}
	w.text("by ")
	printList(w, o.Keys)
}

// CountOperator is `count`, with `as name` for another column than Count.
type CountOperator struct {
	pos
	Name *Name // nil when absent
}

func (*CountOperator) operator() {}

// countOperator reads the name.
func (p *parser) countOperator(name source.Span) Operator {
	o := &CountOperator{}
	if p.acceptWord("as") {
		o.Name = p.name()
	}
	o.pos = p.to(name)
	return o
}

func (o *CountOperator) print(w *printer) {
	w.text("count")
	if o.Name != nil {
		w.text(" as ")
		w.node(o.Name)
	}
}

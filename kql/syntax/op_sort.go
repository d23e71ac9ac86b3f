package syntax

import "github.com/quoll/quoll/kql/source"

// SortOperator is `sort by x, …` and `order by x, …`.
type SortOperator struct {
	pos
	Keys []*Ordered
}

func (*SortOperator) operator() {}

// sortOperator reads `by` and the keys.
func (p *parser) sortOperator(name source.Span) Operator {
	p.properties()
	p.expectWord("by")
	keys := p.orderedList()
	return &SortOperator{pos: p.to(name), Keys: keys}
}

func (o *SortOperator) print(w *printer) {
	w.text("sort by ")
	printList(w, o.Keys)
}

// TopOperator is `top n by x, …`.
type TopOperator struct {
	pos
	Count Expr
	Keys  []*Ordered
}

func (*TopOperator) operator() {}

// topOperator reads the number of rows, `by` and the keys.
func (p *parser) topOperator(name source.Span) Operator {
	p.properties()
	count := p.expression()
	p.expectWord("by")
	keys := p.orderedList()
	return &TopOperator{pos: p.to(name), Count: count, Keys: keys}
}

func (o *TopOperator) print(w *printer) {
	w.text("top ")
	w.node(o.Count)
	w.text(" by ")
	printList(w, o.Keys)
}

// TakeOperator is `take n` and `limit n`.
type TakeOperator struct {
	pos
	Count Expr
}

func (*TakeOperator) operator() {}

// takeOperator reads the number of rows.
func (p *parser) takeOperator(name source.Span) Operator {
	count := p.expression()
	return &TakeOperator{pos: p.to(name), Count: count}
}

func (o *TakeOperator) print(w *printer) {
	w.text("take ")
	w.node(o.Count)
}

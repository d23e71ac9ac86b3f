package syntax

import "github.com/quoll/quoll/kql/source"

// TopNestedOperator is `top-nested n of x by aggregate, top-nested …`.
type TopNestedOperator struct {
	pos
	Levels []*TopNestedLevel
}

// TopNestedLevel is one level of a TopNestedOperator.
type TopNestedLevel struct {
	pos
	Count  Expr     // nil when absent: all values
	Of     Expr     // Named or a bare expression
	Others Expr     // nil when absent
	By     *Ordered // an aggregate
}

func (*TopNestedOperator) operator() {}

// topNestedOperator reads the levels. Each but the first repeats the
// operator's name.
func (p *parser) topNestedOperator(name source.Span) Operator {
	o := &TopNestedOperator{Levels: []*TopNestedLevel{p.topNestedLevel()}}
	for !p.failed && p.acceptSymbol(",") {
		if word, _, ok := p.operatorName(); !ok || word != "top-nested" {
			p.expected(`"top-nested"`)
			break
		}
		o.Levels = append(o.Levels, p.topNestedLevel())
	}
	o.pos = p.to(name)
	return o
}

// topNestedLevel reads `n of x with others = y by aggregate`.
func (p *parser) topNestedLevel() *TopNestedLevel {
	start := p.i
	level := &TopNestedLevel{}
	if !p.isWord("of") {
		level.Count = p.expression()
	}
	p.expectWord("of")
	level.Of = p.namedExpression()
	if p.acceptWord("with") {
		p.expectWord("others")
		p.expectSymbol("=")
		level.Others = p.expression()
	}
	p.expectWord("by")
	level.By = p.ordered()
	level.pos = p.from(start)
	return level
}

func (o *TopNestedOperator) print(w *printer) { printList(w, o.Levels) }

func (n *TopNestedLevel) print(w *printer) {
	w.text("top-nested ")
	if n.Count != nil {
		w.node(n.Count)
		w.text(" ")
	}
	w.text("of ")
	w.node(n.Of)
	if n.Others != nil {
		w.text(" with others = ")
		w.node(n.Others)
	}
	w.text(" by ")
	w.node(n.By)
}

// TopHittersOperator is `top-hitters n of x by y`.
type TopHittersOperator struct {
	pos
	Count Expr
	Of    Expr
	By    Expr // nil when absent: rows are counted
}

func (*TopHittersOperator) operator() {}

// topHittersOperator reads the number, the values and what is summed.
func (p *parser) topHittersOperator(name source.Span) Operator {
	o := &TopHittersOperator{Count: p.expression()}
	p.expectWord("of")
	o.Of = p.namedExpression()
	if p.acceptWord("by") {
		o.By = p.expression()
	}
	o.pos = p.to(name)
	return o
}

func (o *TopHittersOperator) print(w *printer) {
	w.text("top-hitters ")
	w.node(o.Count)
	w.text(" of ")
	w.node(o.Of)
	if o.By != nil {
		w.text(" by ")
		w.node(o.By)
	}
}

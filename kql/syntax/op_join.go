package syntax

import "github.com/quoll/quoll/kql/source"

// JoinOperator is `join kind=k (right) on conditions`. Lookup is set for
// `lookup`. A condition is a Name, or `$left.a == $right.b` as a Binary.
type JoinOperator struct {
	pos
	Lookup     bool
	Properties []*Property
	Right      Expr
	On         []Expr
}

func (*JoinOperator) operator() {}

// joinOperator reads the properties, the right table and the conditions.
func (p *parser) joinOperator(name source.Span, lookup bool) Operator {
	o := &JoinOperator{Lookup: lookup, Properties: p.properties("kind")}
	o.Right = p.postfixExpression()
	p.properties() // Kusto takes hints behind the table too
	p.expectWord("on")
	o.On = commaList(p, p.expression)
	o.pos = p.to(name)
	return o
}

func (o *JoinOperator) print(w *printer) {
	if o.Lookup {
		w.text("lookup ")
	} else {
		w.text("join ")
	}
	printProperties(w, o.Properties)
	w.node(o.Right)
	w.text(" on ")
	printList(w, o.On)
}

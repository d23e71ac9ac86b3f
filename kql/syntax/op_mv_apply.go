package syntax

import "github.com/quoll/quoll/kql/source"

// MvApplyOperator is `mv-apply columns on (operators)`: the operators run over
// the elements of each row by itself.
type MvApplyOperator struct {
	pos
	Properties []*Property // with_itemindex
	Columns    []*MvExpandColumn
	Limit      Expr  // nil when absent
	Body       *Pipe // without source
}

func (*MvApplyOperator) operator() {}

// mvApplyOperator reads the columns, the limit and the operators.
func (p *parser) mvApplyOperator(name source.Span) Operator {
	o := &MvApplyOperator{Properties: p.properties("with_itemindex")}
	o.Columns = commaList(p, p.mvExpandColumn)
	if p.acceptWord("limit") {
		o.Limit = p.expression()
	}
	p.expectWord("on")
	p.expectSymbol("(")
	o.Body = p.body()
	p.expectSymbol(")")
	o.pos = p.to(name)
	return o
}

// body reads operators that have no source of their own.
func (p *parser) body() *Pipe {
	start := p.i
	pipe := &Pipe{}
	if !p.enter() {
		return pipe
	}
	defer p.leave()
	pipe.Operators = append(pipe.Operators, p.operator())
	for p.acceptSymbol("|") {
		if len(pipe.Operators) == MaxOperators {
			p.fail(source.Diagnostic{Span: p.current().Span, Message: "the pipeline has too many operators"})
			break
		}
		pipe.Operators = append(pipe.Operators, p.operator())
	}
	pipe.pos = p.from(start)
	return pipe
}

func (o *MvApplyOperator) print(w *printer) {
	w.text("mv-apply ")
	printProperties(w, o.Properties)
	printList(w, o.Columns)
	if o.Limit != nil {
		w.text(" limit ")
		w.node(o.Limit)
	}
	w.text(" on (")
	w.node(o.Body)
	w.text(")")
}

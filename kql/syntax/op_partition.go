package syntax

import "github.com/quoll/quoll/kql/source"

// PartitionOperator is `partition by x (operators)`: the operators run over the
// rows of each value of x by themselves. In the older form
// `partition by x { query }` the query has a source of its own and sees x as a
// scalar.
type PartitionOperator struct {
	pos
	Properties []*Property // hints
	By         Expr        // Name, or a Member of one
	Body       *Pipe       // without source; nil in the older form
	Query      Expr        // of the older form, else nil
}

func (*PartitionOperator) operator() {}

// partitionOperator reads the column and the operators or the query.
func (p *parser) partitionOperator(name source.Span) Operator {
	o := &PartitionOperator{Properties: p.properties()}
	p.expectWord("by")
	o.By = p.partitionColumn()
	if p.acceptSymbol("{") {
		o.Query = p.pipe()
		p.expectSymbol("}")
	} else {
		p.expectSymbol("(")
		o.Body = p.body()
		p.expectSymbol(")")
	}
	o.pos = p.to(name)
	return o
}

// partitionColumn reads a column or a path into one. A bracket behind it
// begins the body, so it is no call.
func (p *parser) partitionColumn() Expr {
	start := p.i
	var x Expr = p.name()
	for n := 0; n < MaxDepth && p.acceptSymbol("."); n++ {
		x = p.member(start, x)
	}
	return x
}

func (o *PartitionOperator) print(w *printer) {
	w.text("partition ")
	printProperties(w, o.Properties)
	w.text("by ")
	w.node(o.By)
	if o.Query != nil {
		w.text(" { ")
		w.node(o.Query)
		w.text(" }")
		return
	}
	w.text(" (")
	w.node(o.Body)
	w.text(")")
}

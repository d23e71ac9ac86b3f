package syntax

import "github.com/quoll/quoll/kql/source"

// ScanOperator is `scan with (step …)`: it walks over the rows in order and
// finds sequences of them.
type ScanOperator struct {
	pos
	Properties []*Property // with_match_id
	Partition  []Expr
	Declare    []*ColumnDecl
	Steps      []*ScanStep
}

// ScanStep is `step name output=last: condition => column = value;`.
type ScanStep struct {
	pos
	Name       *Name
	Optional   bool
	Properties []*Property // output
	When       Expr
	Assign     []Expr // Named
}

func (*ScanOperator) operator() {}

// scanOperator reads the declarations and the steps.
func (p *parser) scanOperator(name source.Span) Operator {
	o := &ScanOperator{Properties: p.properties("with_match_id", "kind")}
	if p.acceptWord("partition") {
		p.expectWord("by")
		o.Partition = commaList(p, p.namedExpression)
	}
	if p.acceptWord("declare") {
		p.expectSymbol("(")
		o.Declare = commaList(p, p.parameter)
		p.expectSymbol(")")
	}
	p.expectWord("with")
	p.expectSymbol("(")
	for !p.failed && len(o.Steps) < MaxOperators && (len(o.Steps) == 0 || !p.isSymbol(")")) {
		o.Steps = append(o.Steps, p.scanStep())
	}
	p.expectSymbol(")")
	o.pos = p.to(name)
	return o
}

// scanStep reads `step name: condition => assignments;`. The last semicolon may
// be left out.
func (p *parser) scanStep() *ScanStep {
	start := p.i
	p.expectWord("step")
	step := &ScanStep{Name: p.name()}
	step.Optional = p.acceptWord("optional")
	step.Properties = p.properties("output")
	p.expectSymbol(":")
	step.When = p.expression()
	if p.acceptSymbol("=>") {
		step.Assign = commaList(p, p.namedExpression)
	}
	step.pos = p.from(start)
	if !p.isSymbol(")") {
		p.expectSymbol(";")
	}
	return step
}

func (o *ScanOperator) print(w *printer) {
	w.text("scan ")
	printProperties(w, o.Properties)
	if len(o.Partition) > 0 {
		w.text("partition by ")
		printList(w, o.Partition)
		w.text(" ")
	}
	if len(o.Declare) > 0 {
		w.text("declare (")
		printList(w, o.Declare)
		w.text(") ")
	}
	w.text("with (")
	for i, step := range o.Steps {
		if i > 0 {
			w.text(" ")
		}
		w.node(step)
		w.text(";")
	}
	w.text(")")
}

func (n *ScanStep) print(w *printer) {
	w.text("step ")
	w.node(n.Name)
	if n.Optional {
		w.text(" optional")
	}
	if len(n.Properties) > 0 {
		w.text(" ")
		printProperties(w, n.Properties)
	}
	w.text(": ")
	w.node(n.When)
	if len(n.Assign) > 0 {
		w.text(" => ")
		printList(w, n.Assign)
	}
}

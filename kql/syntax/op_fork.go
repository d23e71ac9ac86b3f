package syntax

import "github.com/quoll/quoll/kql/source"

// ForkOperator is `fork name=(operators) (operators)`: each branch gives a
// table of its own.
type ForkOperator struct {
	pos
	Branches []*ForkBranch
}

// ForkBranch is one branch of fork.
type ForkBranch struct {
	pos
	Name *Name // nil when absent
	Body *Pipe
}

// FacetOperator is `facet by columns with (operators)`: a table for each
// column, and one that the operators give.
type FacetOperator struct {
	pos
	Columns []Expr
	Body    *Pipe // nil when absent
}

func (*ForkOperator) operator()  {}
func (*FacetOperator) operator() {}

// forkOperator reads the branches.
func (p *parser) forkOperator(name source.Span) Operator {
	o := &ForkOperator{}
	for !p.failed && (len(o.Branches) == 0 || !p.isOperatorEnd()) {
		o.Branches = append(o.Branches, p.forkBranch())
	}
	o.pos = p.to(name)
	return o
}

// forkBranch reads `name=(operators)`.

func (p *parser) forkBranch() *ForkBranch {
	start := p.i
	b := &ForkBranch{}
	if !p.isSymbol("(") {
		b.Name = p.name()
		p.expectSymbol("=")
	}
	p.expectSymbol("(")
	b.Body = p.body()
	p.expectSymbol(")")
	b.pos = p.from(start)
	return b
}

// facetOperator reads the columns and the operators.
func (p *parser) facetOperator(name source.Span) Operator {
	o := &FacetOperator{}
	p.expectWord("by")
	o.Columns = commaList(p, p.namedExpression)
	if p.acceptWord("with") {
		p.expectSymbol("(")
		o.Body = p.body()
		p.expectSymbol(")")
	}
	o.pos = p.to(name)
	return o
}

func (o *ForkOperator) print(w *printer) {
	w.text("fork")
	for _, b := range o.Branches {
		w.text(" ")
		w.node(b)
	}
}

func (n *ForkBranch) print(w *printer) {
	if n.Name != nil {
		w.node(n.Name)
		w.text("=")
	}
	w.text("(")
	w.node(n.Body)
	w.text(")")
}

func (o *FacetOperator) print(w *printer) {
	w.text("facet by ")
	printList(w, o.Columns)
	if o.Body != nil {
		w.text(" with (")
		w.node(o.Body)
		w.text(")")
	}
}

package syntax

import "github.com/quoll/quoll/kql/source"

// ExtendOperator is `extend name = x, …`.
type ExtendOperator struct {
	pos
	Columns []Expr // Named or bare expressions
}

func (*ExtendOperator) operator() {}

// extendOperator reads the columns.
func (p *parser) extendOperator(name source.Span) Operator {
	columns := commaList(p, p.namedExpression)
	return &ExtendOperator{pos: p.to(name), Columns: columns}
}

func (o *ExtendOperator) print(w *printer) {
	w.text("extend ")
	printList(w, o.Columns)
}

// ProjectKind says which columns a ProjectOperator keeps.
type ProjectKind string

// The members of the project family.
const (
	Project        ProjectKind = "project"
	ProjectAway    ProjectKind = "project-away"
	ProjectKeep    ProjectKind = "project-keep"
	ProjectRename  ProjectKind = "project-rename"
	ProjectReorder ProjectKind = "project-reorder"
	ProjectByNames ProjectKind = "project-by-names"
)

// ProjectOperator is the project family. Columns are Named, Name, Wildcard,
// Star or any expression, as the kind allows; for project-reorder an Ordered
// item carries asc, desc, granny-asc or granny-desc.
type ProjectOperator struct {
	pos
	Kind    ProjectKind
	Columns []Expr
}

func (*ProjectOperator) operator() {}

// projectOperator reads the columns of one of the kinds.
func (p *parser) projectOperator(name source.Span, kind ProjectKind) Operator {
	item := p.namedExpression
	switch kind {
	case ProjectAway, ProjectKeep:
		item = p.namePattern
	case ProjectReorder:
		item = p.orderedPattern
	case ProjectByNames:
		item = p.expression
	}
	columns := commaList(p, item)
	return &ProjectOperator{pos: p.to(name), Kind: kind, Columns: columns}
}

// orderedPattern reads a name pattern and, at most, a direction.
func (p *parser) orderedPattern() Expr {
	start := p.i
	x := p.namePattern()
	direction := p.direction()
	if direction == "" {
		return x
	}
	return &Ordered{pos: p.from(start), X: x, Direction: direction}
}

func (o *ProjectOperator) print(w *printer) {
	w.text(string(o.Kind) + " ")
	printList(w, o.Columns)
}

// DistinctOperator is `distinct columns`; a column can be Star.
type DistinctOperator struct {
	pos
	Columns []Expr
}

func (*DistinctOperator) operator() {}

// distinctOperator reads the columns.
func (p *parser) distinctOperator(name source.Span) Operator {
	p.properties()
	columns := commaList(p, p.namedExpression)
	return &DistinctOperator{pos: p.to(name), Columns: columns}
}

func (o *DistinctOperator) print(w *printer) {
	w.text("distinct ")
	printList(w, o.Columns)
}

// SerializeOperator is `serialize columns`.
type SerializeOperator struct {
	pos
	Columns []Expr
}

func (*SerializeOperator) operator() {}

// serializeOperator reads the columns, which may be absent.
func (p *parser) serializeOperator(name source.Span) Operator {
	o := &SerializeOperator{}
	if !p.isOperatorEnd() {
		o.Columns = commaList(p, p.namedExpression)
	}
	o.pos = p.to(name)
	return o
}

func (o *SerializeOperator) print(w *printer) {
	w.text("serialize ")
	printList(w, o.Columns)
}

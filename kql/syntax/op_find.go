package syntax

import (
	"github.com/quoll/quoll/kql/source"
)

// FindOperator is `find in (tables) where predicate project columns`.
type FindOperator struct {
	pos
	Properties []*Property // withsource
	Tables     []Expr      // as in UnionOperator; nil for all
	Predicate  Expr
	Smart      bool          // project-smart was written
	Project    []*FindColumn // nil when absent
	Away       []Expr        // Name or Star; nil when absent
}

// FindColumn is `name:type` in project of a FindOperator, or a call that packs
// the other columns.
type FindColumn struct {
	pos
	Name *Name
	Type *TypeOf // nil when absent
	Pack bool    // pack_all() or pack(*)
}

func (*FindOperator) operator() {}

// findOperator reads the tables, the predicate and the columns.
func (p *parser) findOperator(name source.Span) Operator {
	o := &FindOperator{Properties: p.properties("withsource", "with_source", "datascope")}
	if p.acceptWord("in") {
		p.expectSymbol("(")
		o.Tables = commaList(p, p.unionTable)
		p.expectSymbol(")")
	}
	p.acceptWord("where")
	o.Predicate = p.expression()
	for !p.failed && p.isWord("project") {
		switch word, _, _ := p.operatorName(); word {
		case "project":
			o.Project = commaList(p, p.findColumn)
		case "project-smart":
			o.Smart = true
		case "project-away":
			o.Away = commaList(p, p.namePattern)
		default:
			p.expected(`"project", "project-smart" or "project-away"`)
		}
	}
	o.pos = p.to(name)
	return o
}

// findColumn reads `name`, `name:type`, `pack_all()` or `pack(*)`.
func (p *parser) findColumn() *FindColumn {
	start := p.i
	column := &FindColumn{Name: p.name()}
	switch {
	case p.acceptSymbol("("):
		column.Pack = true
		if column.Name.Text == "pack" {
			p.expectSymbol("*")
		} else if column.Name.Text != "pack_all" {
			p.expected("a column, pack_all() or pack(*)")
		}
		p.expectSymbol(")")
	case p.acceptSymbol(":"):
		at := p.i
		column.Type = &TypeOf{Type: p.typeName()}
		column.Type.pos = p.from(at)
	}
	column.pos = p.from(start)
	return column
}

func (o *FindOperator) print(w *printer) {
	w.text("find ")
	printProperties(w, o.Properties)
	if len(o.Tables) > 0 {
		w.text("in (")
		printList(w, o.Tables)
		w.text(") ")
	}
	w.text("where ")
	w.node(o.Predicate)
	if len(o.Project) > 0 {
		w.text(" project ")
		printList(w, o.Project)
	}
	if o.Smart {
		w.text(" project-smart")
	}
	if len(o.Away) > 0 {
		w.text(" project-away ")
		printList(w, o.Away)
	}
}

func (n *FindColumn) print(w *printer) {
	w.node(n.Name)
	switch {
	case n.Pack && n.Name.Text == "pack":
		w.text("(*)")
	case n.Pack:
		w.text("()")
	case n.Type != nil:
		w.text(":" + n.Type.Type.String())
	}
}

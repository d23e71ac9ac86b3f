package syntax

import "github.com/quoll/quoll/kql/types"

// Operator is what stands after a pipe. Each kind is declared, parsed and
// printed in its own file op_<name>.go.
type Operator interface {
	Node
	operator()
}

// Property is `name=value` after an operator's name, as in `join kind=inner`,
// `union isfuzzy=true` or `hint.strategy=broadcast`. Value is a Name, a
// Literal or, for render, a NameList.
type Property struct {
	pos
	Name  *Name // "hint.strategy" is one name
	Value Expr
}

// BadOperator is an operator that could not be read, or one that Quoll does
// not have; a diagnostic says why.
type BadOperator struct{ pos }

func (*BadOperator) operator() {}

func (o *BadOperator) print(w *printer) { w.text("bad") }

func (n *Property) print(w *printer) {
	w.text(n.Name.Text)
	w.text("=")
	w.node(n.Value)
}

// properties reads the properties with one of the given names, and hints,
// which say how a cluster should work and are kept but mean nothing.
func (p *parser) properties(names ...string) []*Property {
	var properties []*Property
	for p.startsProperty(names) {
		properties = append(properties, p.property())
	}
	return properties
}

func (p *parser) startsProperty(names []string) bool {
	word, next := p.peek(0), p.peek(1)
	if word.Kind != Identifier || next.Kind != Symbol {
		return false
	}
	if word.Text == "hint" && next.Text == "." {
		return true
	}
	for _, name := range names {
		if word.Text == name && next.Text == "=" {
			return true
		}
	}
	return false
}

// property reads `name=value`.
func (p *parser) property() *Property {
	start := p.i
	name := p.name()
	for p.acceptSymbol(".") {
		part := p.name()
		name = &Name{pos: p.from(start), Text: name.Text + "." + part.Text}
	}
	p.expectSymbol("=")
	value := p.propertyValue()
	return &Property{pos: p.from(start), Name: name, Value: value}
}

// propertyValue reads a name or a constant. It is not an expression: in
// `join kind=inner (T)` the parenthesis begins the right table.
func (p *parser) propertyValue() Expr {
	start := p.i
	t := p.peek(0)
	negative := (p.isSymbol("-")) && p.peek(1).Kind == Constant
	switch {
	case negative:
		return p.unaryExpression()
	case t.Kind == Constant:
		return p.literal()
	case t.Kind == Identifier && (t.Text == "true" || t.Text == "false"):
		p.advance()
		return &Literal{pos: p.from(start), Type: types.Bool, Value: t.Text == "true"}
	}
	return p.name()
}

// orderedList reads the keys of sort and top.
func (p *parser) orderedList() []*Ordered { return commaList(p, p.ordered) }

// Ordered is `x asc nulls last` in sort, order, top and project-reorder. The
// words that were not written are empty.
type Ordered struct {
	pos
	X         Expr
	Direction string // "", "asc", "desc", "granny-asc", "granny-desc"
	Nulls     string // "", "first", "last"
}

func (*Ordered) expr() {}

func (n *Ordered) print(w *printer) {
	w.node(n.X)
	if n.Direction != "" {
		w.text(" " + n.Direction)
	}
	if n.Nulls != "" {
		w.text(" nulls " + n.Nulls)
	}
}

// ordered reads `x asc nulls first`.
func (p *parser) ordered() *Ordered {
	start := p.i
	node := &Ordered{X: p.namedExpression()}
	node.Direction = p.direction()
	if p.acceptWord("nulls") {
		switch {
		case p.acceptWord("first"):
			node.Nulls = "first"
		case p.acceptWord("last"):
			node.Nulls = "last"
		default:
			p.expected(`"first" or "last"`)
		}
	}
	node.pos = p.from(start)
	return node
}

// direction reads asc, desc, granny-asc, granny-desc or nothing.
func (p *parser) direction() string {
	prefix := ""
	if minus := p.peek(1); p.isWord("granny") && minus.Kind == Symbol && minus.Text == "-" {
		p.advance()
		p.advance()
		prefix = "granny-"
	}
	switch {
	case p.acceptWord("asc"):
		return prefix + "asc"
	case p.acceptWord("desc"):
		return prefix + "desc"
	case prefix != "":
		p.expected(`"asc" or "desc"`)
	}
	return ""
}

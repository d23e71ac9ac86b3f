package syntax

import "github.com/quoll/quoll/kql/source"

// ParametersStatement is `declare query_parameters(name:type = default, …)`.
type ParametersStatement struct {
	pos
	Params []*ColumnDecl
}

// PatternStatement is `declare pattern Name = (params)[path] { matches }`.
type PatternStatement struct {
	pos
	Name    *Name
	Params  []*ColumnDecl
	Path    *ColumnDecl // nil when absent
	Matches []*PatternMatch
}

// PatternMatch is `(values).[path] = { query };` in a PatternStatement.
type PatternMatch struct {
	pos
	Values []Expr
	Path   Expr // nil when absent
	Body   *Query
}

func (*ParametersStatement) statement() {}
func (*PatternStatement) statement()    {}

// declareStatement reads what stands behind declare.
func (p *parser) declareStatement() Statement {
	start := p.i
	p.advance()
	switch {
	case p.acceptWord("query_parameters"):
		return p.parametersStatement(start)
	case p.acceptWord("pattern"):
		return p.patternStatement(start)
	}
	p.expected(`"query_parameters" or "pattern"`)
	return &BadStatement{pos: p.from(start)}
}

// parametersStatement reads the parameters.
func (p *parser) parametersStatement(start int) Statement {
	p.expectSymbol("(")
	params := commaList(p, p.parameter)
	p.expectSymbol(")")
	return &ParametersStatement{pos: p.from(start), Params: params}
}

// patternStatement reads the name, and what the pattern gives for which values.
func (p *parser) patternStatement(start int) Statement {
	if !p.enter() {
		return &BadStatement{pos: p.from(start)}
	}
	defer p.leave()
	s := &PatternStatement{Name: p.name()}
	p.expectSymbol("=")
	p.expectSymbol("(")
	if !p.isSymbol(")") {
		s.Params = commaList(p, p.columnDeclaration)
	}
	p.expectSymbol(")")
	if p.acceptSymbol("[") {
		s.Path = p.columnDeclaration()
		p.expectSymbol("]")
	}
	p.expectSymbol("{")
	for !p.failed && !p.isSymbol("}") && p.peek(0).Kind != EndOfText {
		s.Matches = append(s.Matches, p.patternMatch())
		for p.acceptSymbol(";") {
		}
	}
	p.expectSymbol("}")
	s.pos = p.from(start)
	return s
}

// patternMatch reads `(values).[path] = { query }`.
func (p *parser) patternMatch() *PatternMatch {
	start := p.i
	m := &PatternMatch{}
	p.expectSymbol("(")
	m.Values = commaList(p, p.expression)
	p.expectSymbol(")")
	if p.acceptSymbol(".") {
		p.expectSymbol("[")
		m.Path = p.expression()
		p.expectSymbol("]")
	}
	p.expectSymbol("=")
	p.expectSymbol("{")
	if p.failed {
		m.Body = &Query{}
		return m
	}
	m.Body = p.query()
	p.expectSymbol("}")
	m.pos = p.from(start)
	return m
}

// refused says why Quoll has no use for a statement that Kusto has.
var refused = map[string]source.Diagnostic{
	"alias":    {Message: "databases have no other names here: there is one, of this workspace", Remedy: "name a table by its own name, or with let"},
	"restrict": {Message: "a query cannot restrict what it reads itself", Remedy: "whoever runs the query reads what their role allows; leave the statement out"},
	"pattern":  {Message: `the statement "pattern" is not supported`, Remedy: "declare pattern defines one"},
	".":        {Message: "management commands are not supported", Remedy: "a query begins with a table's name, let, print, range or union"},
}

// unsupportedStatement refuses a statement that Kusto has and Quoll lacks.
func (p *parser) unsupportedStatement() Statement {
	start := p.i
	word := p.advance()
	d := refused[word.Text]
	d.Span = word.Span
	p.fail(d)
	return &BadStatement{pos: p.from(start)}
}

func (n *ParametersStatement) print(w *printer) {
	w.text("declare query_parameters(")
	printList(w, n.Params)
	w.text(")")
}

func (n *PatternStatement) print(w *printer) {
	w.text("declare pattern ")
	w.node(n.Name)
	w.text(" = (")
	printList(w, n.Params)
	w.text(")")
	if n.Path != nil {
		w.text("[")
		w.node(n.Path)
		w.text("]")
	}
	w.text("\n{\n")
	for _, m := range n.Matches {
		w.node(m)
		w.text(";\n")
	}
	w.text("}")
}

func (n *PatternMatch) print(w *printer) {
	w.text("(")
	printList(w, n.Values)
	w.text(")")
	if n.Path != nil {
		w.text(".[")
		w.node(n.Path)
		w.text("]")
	}
	w.text(" = {\n")
	w.node(n.Body)
	w.text("\n}")
}

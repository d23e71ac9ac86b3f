package syntax

import (
	"strings"

	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/types"
)

// primaryExpression reads a constant, a name, a call or an expression in
// parentheses.
func (p *parser) primaryExpression() Expr {
	start := p.i
	t := p.peek(0)
	switch {
	case t.Kind == Constant:
		return p.literal()
	case t.Kind == Identifier && !infixWords[t.Text]:
		return p.nameOrCall()
	case t.Kind == Symbol && t.Text == "(":
		p.advance()
		x := p.pipe()
		p.expectSymbol(")")
		return &Paren{pos: p.from(start), X: x}
	case t.Kind == Symbol && t.Text == "*":
		p.advance()
		return &Star{pos: p.from(start)}
	case t.Kind == Symbol && t.Text == "[" && isString(p.peek(1)):
		return p.nameOrCall()
	}
	p.expected("an expression")
	return &BadExpr{pos: p.from(start)}
}

func isString(t *Token) bool { return t.Kind == Constant && t.Type == types.String }

// literal reads a constant. Strings that stand side by side are one string.
func (p *parser) literal() Expr {
	start := p.i
	t := p.advance()
	value := t.Value
	if t.Type == types.String && isString(p.peek(0)) {
		var b strings.Builder
		b.WriteString(value.(string))
		for isString(p.peek(0)) {
			b.WriteString(p.advance().Value.(string))
		}
		value = b.String()
	}
	return &Literal{pos: p.from(start), Type: t.Type, Value: value}
}

// nameOrCall reads a name, a call, or one of the forms that begin with a word.
func (p *parser) nameOrCall() Expr {
	start := p.i
	word, next := p.peek(0), p.peek(1)
	opens := next.Kind == Symbol && next.Text == "("
	if word.Kind == Identifier {
		switch word.Text {
		case "true", "True", "TRUE":
			p.advance()
			return &Literal{pos: p.from(start), Type: types.Bool, Value: true}
		case "false", "False", "FALSE":
			p.advance()
			return &Literal{pos: p.from(start), Type: types.Bool, Value: false}
		}
	}
	if word.Kind == Identifier && opens {
		switch word.Text {
		case "dynamic":
			return p.dynamicLiteral()
		case "typeof":
			return p.typeOf()
		case "datatable":
			return p.datatable()
		case "externaldata", "external_data":
			return p.externalData()
		}
	}
	name := p.name()
	if !p.acceptSymbol("(") {
		return name
	}
	call := &Call{Func: name}
	if !p.isSymbol(")") {
		call.Args = commaList(p, p.argument)
	}
	p.expectSymbol(")")
	call.pos = p.from(start)
	return call
}

// argument reads an argument of a call: a pipeline, `*`, or `name = x`.
func (p *parser) argument() Expr {
	if p.startsNamed() {
		return p.named(p.pipe)
	}
	return p.pipe()
}

// name reads an identifier, ['a b'] or ["a b"].
func (p *parser) name() *Name {
	start := p.i
	t := p.peek(0)
	switch {
	case t.Kind == Identifier:
		p.advance()
		return &Name{pos: p.from(start), Text: t.Text}
	case t.Kind == Symbol && t.Text == "[" && isString(p.peek(1)):
		p.advance()
		text := p.advance()
		p.expectSymbol("]")
		if text.Value == "" {
			p.fail(source.Diagnostic{Span: text.Span, Message: "a name cannot be empty"})
		}
		return &Name{pos: p.from(start), Text: text.Value.(string), Quoted: true}
	}
	p.expected("a name")
	return &Name{pos: p.from(start)}
}

// startsNamed reports whether `name =` or `(a, b) =` stands here.
func (p *parser) startsNamed() bool {
	i, ok := p.skipName(0)
	if !ok {
		i, ok = p.skipTuple()
	}
	t := p.peek(i)
	return ok && t.Kind == Symbol && t.Text == "="
}

// skipName returns the place behind a name that stands n places ahead.
func (p *parser) skipName(n int) (int, bool) {
	t := p.peek(n)
	if t.Kind == Identifier {
		return n + 1, true
	}
	if t.Kind == Symbol && t.Text == "[" && isString(p.peek(n+1)) {
		end := p.peek(n + 2)
		return n + 3, end.Kind == Symbol && end.Text == "]"
	}
	return n, false
}

// skipTuple returns the place behind `(a, b)`.
func (p *parser) skipTuple() (int, bool) {
	if !p.isSymbol("(") {
		return 0, false
	}
	for n := 1; ; n++ {
		next, ok := p.skipName(n)
		if !ok {
			return 0, false
		}
		t := p.peek(next)
		if t.Kind == Symbol && t.Text == ")" {
			return next + 1, true
		}
		if t.Kind != Symbol || t.Text != "," {
			return 0, false
		}
		n = next
	}
}

// namedExpression reads `name = x`, `(a, b) = x` or x. A pipe behind it belongs
// to the pipeline that the expression is in.
func (p *parser) namedExpression() Expr {
	if p.startsNamed() {
		return p.named(p.expression)
	}
	return p.expression()
}

// named reads names, `=`, and what value reads.
func (p *parser) named(value func() Expr) Expr {
	start := p.i
	named := &Named{Tuple: p.isSymbol("(")}
	named.Names = p.names()
	p.expectSymbol("=")
	named.X = value()
	named.pos = p.from(start)
	return named
}

// names reads one name, or several in parentheses.
func (p *parser) names() []*Name {
	if !p.acceptSymbol("(") {
		return []*Name{p.name()}
	}
	names := commaList(p, p.name)
	p.expectSymbol(")")
	return names
}

// namePattern reads a name, `*`, or a name with stars in it such as Device*.
func (p *parser) namePattern() Expr {
	start := p.i
	var pattern strings.Builder
	for n := 0; n == 0 || p.adjacent(p.i); n++ {
		t := p.peek(0)
		digits := n > 0 && t.Kind == Constant && strings.Trim(t.Text, "0123456789") == ""
		if !digits && t.Kind != Identifier && (t.Kind != Symbol || t.Text != "*") {
			break
		}
		pattern.WriteString(t.Text)
		p.advance()
	}
	text := pattern.String()
	switch {
	case text == "":
		return p.name()
	case text == "*":
		return &Star{pos: p.from(start)}
	case strings.Contains(text, "*"):
		return &Wildcard{pos: p.from(start), Pattern: text}
	}
	return &Name{pos: p.from(start), Text: text}
}

// typeOf reads `typeof(string)` and `typeof((a:long))`.
func (p *parser) typeOf() Expr {
	start := p.i
	p.advance()
	p.expectSymbol("(")
	node := &TypeOf{}
	if p.isSymbol("(") {
		node.Columns = p.columnDeclarations()
	} else {
		node.Type = p.typeName()
	}
	p.expectSymbol(")")
	node.pos = p.from(start)
	return node
}

// datatable reads `datatable (columns) [values]`.
func (p *parser) datatable() Expr {
	start := p.i
	p.advance()
	node := &Datatable{Columns: p.columnDeclarations()}
	p.expectSymbol("[")
	for !p.isSymbol("]") && !p.failed {
		node.Values = append(node.Values, p.expression())
		if !p.acceptSymbol(",") {
			break
		}
	}
	p.expectSymbol("]")
	node.pos = p.from(start)
	return node
}

// externalData reads `externaldata (columns) [sources] with (properties)`.
func (p *parser) externalData() Expr {
	start := p.i
	p.advance()
	node := &ExternalData{Columns: p.columnDeclarations()}
	p.expectSymbol("[")
	if !p.isSymbol("]") {
		node.Sources = commaList(p, p.expression)
	}
	p.expectSymbol("]")
	if p.acceptWord("with") {
		p.expectSymbol("(")
		node.Properties = commaList(p, p.externalProperty)
		p.expectSymbol(")")
	}
	node.pos = p.from(start)
	return node
}

// externalProperty reads `name = value`.
func (p *parser) externalProperty() *Named {
	start := p.i
	name := p.name()
	p.expectSymbol("=")
	value := p.propertyValue()
	return &Named{pos: p.from(start), Names: []*Name{name}, X: value}
}

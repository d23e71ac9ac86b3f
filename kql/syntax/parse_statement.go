package syntax

import (
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/types"
)

// query reads statements up to the end of the text or the brace that closes a
// function's body.
func (p *parser) query() *Query {
	start := p.i
	var statements []Statement
	for {
		for p.acceptSymbol(";") {
		}
		if p.isEnd() {
			return &Query{pos: p.from(start), Statements: statements}
		}
		first := p.i
		statements = append(statements, p.statement())
		if !p.isEnd() && !p.isSymbol(";") {
			p.expected(`"|" or ";"`)
		}
		if p.failed {
			p.recoverStatement(first)
		}
	}
}

// isEnd reports whether no statement can follow: at the end of the text, and
// at the brace of the function that is being read.
func (p *parser) isEnd() bool {
	return !p.failed && (p.peek(0).Kind == EndOfText || p.depth > 0 && p.isSymbol("}"))
}

// recoverStatement moves from a mistake in the statement that began at token
// first to the next semicolon or the end of the block. A closing bracket
// without an opening one ends nothing.
func (p *parser) recoverStatement(first int) {
	for {
		p.recover(first, func(t *Token) bool { return t.Text == ";" })
		if p.isEnd() || p.isSymbol(";") {
			return
		}
		p.advance()
	}
}

// statement reads a let, set or expression statement.
func (p *parser) statement() Statement {
	word, next := p.peek(0), p.peek(1)
	if word.Kind == Identifier && (next.Kind == Identifier || next.Kind == Symbol && (next.Text == "[" || next.Text == "=")) {
		switch word.Text {
		case "let":
			return p.letStatement()
		case "set":
			return p.setStatement()
		case "declare":
			return p.declareStatement()
		case "alias", "pattern", "restrict":
			return p.unsupportedStatement()
		}
	}
	if p.isSymbol(".") {
		return p.unsupportedStatement()
	}
	if p.startsSQL() {
		return p.sqlStatement()
	}
	return p.expressionStatement()
}

// letStatement reads `let name = value`.
func (p *parser) letStatement() Statement {
	start := p.i
	p.advance()
	name := p.name()
	p.expectSymbol("=")
	var value Expr
	if p.startsFunction() {
		value = p.functionLiteral()
	} else {
		value = p.pipe()
	}
	return &LetStatement{pos: p.from(start), Name: name, Value: value}
}

// setStatement reads `set name` and `set name = value`.
func (p *parser) setStatement() Statement {
	start := p.i
	p.advance()
	statement := &SetStatement{Name: p.name()}
	if p.acceptSymbol("=") {
		if statement.Value = p.settingValue(); statement.Value == nil {
			statement.Value = p.propertyValue()
		}
	}
	statement.pos = p.from(start)
	return statement
}

// settingValue reads dynamic(…), or nothing.
func (p *parser) settingValue() Expr {
	if !p.isWord("dynamic") {
		return nil
	}
	return p.primaryExpression()
}

// expressionStatement reads a pipeline.
func (p *parser) expressionStatement() Statement {
	start := p.i
	x := p.pipe()
	return &ExpressionStatement{pos: p.from(start), X: x}
}

// startsFunction reports whether a function literal stands here rather than an
// expression in parentheses: `view (`, `() {`, `(name:`.
func (p *parser) startsFunction() bool {
	i := 0
	if p.isWord("view") {
		i = 1
	}
	open, first, second := p.peek(i), p.peek(i+1), p.peek(i+2)
	if open.Kind != Symbol || open.Text != "(" {
		return false
	}
	if first.Kind == Symbol && first.Text == ")" {
		return second.Kind == Symbol && second.Text == "{"
	}
	return first.Kind == Identifier && second.Kind == Symbol && second.Text == ":"
}

// functionLiteral reads `view (parameters) { body }`.
func (p *parser) functionLiteral() Expr {
	start := p.i
	if !p.enter() {
		return &BadExpr{pos: p.from(start)}
	}
	defer p.leave()
	function := &FunctionLiteral{View: p.acceptWord("view")}
	p.expectSymbol("(")
	if !p.isSymbol(")") {
		function.Params = commaList(p, p.parameter)
	}
	p.expectSymbol(")")
	p.expectSymbol("{")
	if p.failed {
		return &BadExpr{pos: p.from(start)}
	}
	function.Body = p.query()
	p.expectSymbol("}")
	function.pos = p.from(start)
	return function
}

// parameter reads `name:type`, `name:type = default`, `name:(columns)` or
// `name:(*)`.
func (p *parser) parameter() *ColumnDecl {
	start := p.i
	decl := &ColumnDecl{Name: p.name()}
	p.expectSymbol(":")
	if p.acceptSymbol("(") {
		decl.Tabular = true
		if !p.acceptSymbol("*") {
			decl.Columns = commaList(p, p.columnDeclaration)
		}
		p.expectSymbol(")")
	} else {
		decl.Type = p.typeName()
	}
	if p.acceptSymbol("=") {
		decl.Default = p.unaryExpression()
	}
	decl.pos = p.from(start)
	return decl
}

// columnDeclaration reads `name:type`.
func (p *parser) columnDeclaration() *ColumnDecl {
	start := p.i
	decl := &ColumnDecl{Name: p.name()}
	p.expectSymbol(":")
	decl.Type = p.typeName()
	decl.pos = p.from(start)
	return decl
}

// columnDeclarations reads `(name:type, …)`.
func (p *parser) columnDeclarations() []*ColumnDecl {
	p.expectSymbol("(")
	columns := commaList(p, p.columnDeclaration)
	p.expectSymbol(")")
	return columns
}

// typeName reads the name of a scalar type.
func (p *parser) typeName() types.Type {
	t := p.peek(0)
	if t.Kind != Identifier {
		p.expected("a type")
		return types.Unknown
	}
	typ, ok := types.ParseType(t.Text)
	if !ok {
		p.fail(source.Diagnostic{Span: t.Span, Message: "no type " + quote(t.Text), Remedy: "types are " + types.Spellings()})
		return types.Unknown
	}
	p.advance()
	return typ
}

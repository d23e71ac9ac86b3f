package syntax

import "github.com/quoll/quoll/kql/source"

// The levels of binary operators, loosest first, are those of Kusto's own
// grammar: or; and; equality and lists; < and >; + and -; * / %; string
// operators; signs. A string operator binds tighter than arithmetic.

var orOps = set("or")
var andOps = set("and")
var equalityOps = set("==", "!=", "<>", "in", "!in", "in~", "!in~", "has_any", "has_all", "between", "!between")
var relationalOps = set("<", ">", "<=", ">=")
var additiveOps = set("+", "-")
var multiplicativeOps = set("*", "/", "%")
var stringOps = set("=~", "!~", "matches",
	"has", "!has", "has_cs", "!has_cs",
	"hasprefix", "!hasprefix", "hasprefix_cs", "!hasprefix_cs", "hassuffix", "!hassuffix", "hassuffix_cs", "!hassuffix_cs",
	"contains", "!contains", "contains_cs", "!contains_cs", "notcontains", "containscs", "notcontainscs",
	"startswith", "!startswith", "startswith_cs", "!startswith_cs", "endswith", "!endswith", "endswith_cs", "!endswith_cs")

// infixWords are the words that stand between two operands. They cannot be
// names of columns unless quoted.
var infixWords = infix()

func infix() map[string]bool {
	words := set("and", "or", "by", "on")
	for _, ops := range []map[string]bool{equalityOps, stringOps} {
		for op := range ops {
			if isLetter(op[0]) && op != "in~" {
				words[op] = true
			}
		}
	}
	return words
}

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, word := range words {
		m[word] = true
	}
	return m
}

// legacyOps are older spellings that Kusto still takes.
var legacyOps = map[string]Op{
	"<>": "!=", "notcontains": "!contains", "containscs": "contains_cs", "notcontainscs": "!contains_cs",
}

// isOp reports whether the current token is one of ops.
func (p *parser) isOp(ops map[string]bool) bool {
	t := p.peek(0)
	return (t.Kind == Symbol || t.Kind == Identifier) && ops[t.Text]
}

// op reads an operator.
func (p *parser) op() (Op, source.Span) {
	t := p.advance()
	span := t.Span
	if t.Text == "matches" {
		if p.isWord("regex") {
			span = span.Join(p.current().Span)
		}
		p.expectWord("regex")
		return "matches regex", span
	}
	if current, ok := legacyOps[t.Text]; ok {
		return current, span
	}
	return Op(t.Text), span
}

// expression reads a scalar expression without pipes.
func (p *parser) expression() Expr {
	start := p.i
	if !p.enter() {
		return &BadExpr{pos: p.from(start)}
	}
	defer p.leave()
	return p.orExpression()
}

// orExpression reads `a or b`.
func (p *parser) orExpression() Expr {
	return p.chain(orOps, p.andExpression)
}

// andExpression reads `a and b`.
func (p *parser) andExpression() Expr {
	return p.chain(andOps, p.equalityExpression)
}

// equalityExpression reads `a == b`, `a in (…)` and `a between (…)`.
func (p *parser) equalityExpression() Expr {
	start := p.i
	x := p.relationalExpression()
	for n := 0; p.isOp(equalityOps) || p.searching && p.isSymbol(":"); n++ {
		if !p.bounded(n) {
			break
		}
		op, span := p.op()
		switch op {
		case "between", "!between":
			x = p.between(start, x, op == "!between")
		case "==", "!=", ":":
			y := p.relationalExpression()
			x = &Binary{pos: p.from(start), Op: op, OpSpan: span, X: x, Y: y}
		default:
			items := p.list()
			x = &InList{pos: p.from(start), Op: op, OpSpan: span, X: x, Items: items}
		}
	}
	return x
}

// list reads the right side of in, has_any and has_all.
func (p *parser) list() []Expr {
	p.expectSymbol("(")
	var items []Expr
	for !p.isSymbol(")") && !p.failed {
		items = append(items, p.pipe())
		if !p.acceptSymbol(",") {
			break
		}
	}
	p.expectSymbol(")")
	return items
}

// between reads `(low .. high)`.
func (p *parser) between(start int, x Expr, not bool) Expr {
	p.expectSymbol("(")
	low := p.expression()
	p.expectSymbol("..")
	high := p.expression()
	p.expectSymbol(")")
	return &Between{pos: p.from(start), Not: not, X: x, Low: low, High: high}
}

// relationalExpression reads `a < b`.
func (p *parser) relationalExpression() Expr {
	return p.chain(relationalOps, p.additiveExpression)
}

// additiveExpression reads `a + b`.
func (p *parser) additiveExpression() Expr {
	return p.chain(additiveOps, p.multiplicativeExpression)
}

// multiplicativeExpression reads `a * b`.
func (p *parser) multiplicativeExpression() Expr {
	return p.chain(multiplicativeOps, p.stringExpression)
}

// stringExpression reads `a has b`.
func (p *parser) stringExpression() Expr {
	return p.chain(stringOps, p.unaryExpression)
}

// chain reads operands joined by ops, which associate to the left.
func (p *parser) chain(ops map[string]bool, operand func() Expr) Expr {
	start := p.i
	x := operand()
	for n := 0; p.isOp(ops); n++ {
		if !p.bounded(n) {
			break
		}
		op, span := p.op()
		y := operand()
		x = &Binary{pos: p.from(start), Op: op, OpSpan: span, X: x, Y: y}
	}
	return x
}

func (p *parser) bounded(n int) bool {
	if n < MaxChain {
		return true
	}
	p.fail(source.Diagnostic{
		Span: p.current().Span, Message: "the expression is too long",
		Remedy: "in (…), has_any (…) and datatable take long lists",
	})
	return false
}

// unaryExpression reads `-x`, `+x` or x.
func (p *parser) unaryExpression() Expr {
	start := p.i
	if !p.isSymbol("-") && !p.isSymbol("+") {
		return p.postfixExpression()
	}
	if !p.enter() {
		return &BadExpr{pos: p.from(start)}
	}
	defer p.leave()
	op := Op(p.advance().Text)
	x := p.unaryExpression()
	return &Unary{pos: p.from(start), Op: op, X: x}
}

// postfixExpression reads `x.name`, `x['name']`, `x[0]` and `x.[0]`.
func (p *parser) postfixExpression() Expr {
	start := p.i
	x := p.primaryExpression()
	for n := 0; ; n++ {
		switch {
		case n >= MaxDepth && (p.isSymbol(".") || p.isSymbol("[")):
			p.bounded(MaxChain)
			return x
		case p.isDotIndex():
			p.advance()
			x = p.index(start, x)
		case p.acceptSymbol("."):
			x = p.member(start, x)
		case p.isSymbol("["):
			x = p.index(start, x)
		default:
			return x
		}
	}
}

// isDotIndex reports whether `.[0]` stands here, which means the same as `[0]`;
// `.['name']` is a member.
func (p *parser) isDotIndex() bool {
	bracket := p.peek(1)
	return p.isSymbol(".") && bracket.Kind == Symbol && bracket.Text == "[" && !isString(p.peek(2))
}

// index reads `[i]`.
func (p *parser) index(start int, x Expr) Expr {
	p.expectSymbol("[")
	index := p.expression()
	p.expectSymbol("]")
	return &Index{pos: p.from(start), X: x, Index: index}
}

// member reads what stands after the dot.
func (p *parser) member(start int, x Expr) Expr {
	if pattern := p.tablesElsewhere(x); pattern != nil {
		return pattern
	}
	name := p.name()
	if p.isSymbol("(") {
		p.fail(source.Diagnostic{
			Span: name.span, Message: `calls after a dot such as ".` + name.Text + `(…)" are not supported`,
			Remedy: "a query reaches the tables of this workspace, by their names",
		})
	}
	return &Member{pos: p.from(start), X: x, Name: name}
}

// tablesElsewhere reads the pattern of database('x').* and refuses it.
func (p *parser) tablesElsewhere(x Expr) Expr {
	call, ok := x.(*Call)
	if !ok || call.Func.Text != "database" || !p.isSymbol("*") && !(p.peek(1).Text == "*" && p.adjacent(p.i+1)) {
		return nil
	}
	pattern := p.namePattern()
	p.fail(source.Diagnostic{
		Span: source.Span{Start: x.Span().Start, End: pattern.Span().End}, Message: "database() is not supported: there is one workspace and no cluster",
		Remedy: "a table's name or pattern alone is enough, such as Device*",
	})
	return pattern
}

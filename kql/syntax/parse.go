package syntax

import (
	"github.com/quoll/quoll/kql/source"
)

// Bounds of a text. A tree within them can be walked by recursion, and the
// SQL made from it stays within the depth that an engine accepts.
const (
	// MaxLength is the greatest length of a query in bytes.
	MaxLength = 1 << 20
	// MaxDepth is how deep expressions, pipelines and functions may nest.
	MaxDepth = 200
	// MaxChain is how many operands `a or b or c …` may have.
	MaxChain = 2000
	// MaxOperators is how many operators one pipeline may have.
	MaxOperators = 500
)

// Parse reads the text of src. It always gives a tree: text that could not be
// read has become a Bad node, and src holds a diagnostic for it.
//
// A mistake ends the operator it is in, and reading goes on after the next
// pipe; a mistake outside of an operator ends the statement. So one text gives
// several diagnostics, but one operator gives one.
func Parse(src *source.Text) *Query {
	if n := len(src.Text()); n > MaxLength {
		src.Errorf(source.Span{}, "the query has %d bytes; at most %d are allowed", n, MaxLength)
		return &Query{}
	}
	tokens := Tokens(src)
	p := parser{src: src, tokens: tokens, levels: bracketLevels(tokens)}
	return p.query()
}

// ReadLiteral reads a text that is one constant, or one with a sign; nil for any
// other text.
func ReadLiteral(text string) *Literal {
	if len(text) > MaxLength {
		return nil
	}
	src := source.New(text)
	tokens := Tokens(src)
	p := parser{src: src, tokens: tokens, levels: bracketLevels(tokens)}
	x := p.expression()
	l, ok := x.(*Literal)
	if !ok || p.failed || p.peek(0).Kind != EndOfText || src.Err() != nil {
		return nil
	}
	return l
}

// parser reads tokens from left to right. Each method named as a production
// of docs/kql.ebnf reads that production; the others are its tools.
//
// After a mistake, failed is set and every look at the current token sees the
// end of the text, so that all productions return by themselves up to the one
// that can recover.
type parser struct {
	src    *source.Text
	tokens []Token
	levels []int // as bracketLevels gives them
	i      int
	depth  int
	failed bool
	// ended is set when the rest of the text is not worth reading.
	ended bool
	// searching is set inside the predicate of search, where `a:"x"` means
	// something.
	searching bool
}

var endToken = Token{Kind: EndOfText}

// peek returns the token that is n places ahead; 0 is the current one.
func (p *parser) peek(n int) *Token {
	if p.failed {
		return &endToken
	}
	return &p.tokens[min(p.i+n, len(p.tokens)-1)]
}

// current returns the current token even after a mistake.
func (p *parser) current() *Token { return &p.tokens[p.i] }

func (p *parser) advance() *Token {
	p.src.Budget.Spend(1)
	t := p.current()
	if p.i < len(p.tokens)-1 {
		p.i++
	}
	return t
}

func (p *parser) isSymbol(text string) bool {
	t := p.peek(0)
	return t.Kind == Symbol && t.Text == text
}

func (p *parser) isWord(text string) bool {
	t := p.peek(0)
	return t.Kind == Identifier && t.Text == text
}

func (p *parser) acceptSymbol(text string) bool {
	if !p.isSymbol(text) {
		return false
	}
	p.advance()
	return true
}

func (p *parser) acceptWord(text string) bool {
	if !p.isWord(text) {
		return false
	}
	p.advance()
	return true
}

// expectSymbol moves over a symbol, or fails.
func (p *parser) expectSymbol(text string) {
	if !p.acceptSymbol(text) {
		p.expected(`"` + text + `"`)
	}
}

// expectWord moves over a word, or fails.
func (p *parser) expectWord(text string) {
	if !p.acceptWord(text) {
		p.expected(`"` + text + `"`)
	}
}

// expected fails with what should stand at the current token.
func (p *parser) expected(what string) {
	if p.failed {
		return
	}
	d := source.Diagnostic{Span: p.current().Span, Message: what + " expected, but found " + p.found()}
	if !p.ended && !p.src.Full() {
		d.Remedy = p.remedy(what)
	}
	p.fail(d)
}

// found describes the current token for a message.
func (p *parser) found() string {
	if t := p.current(); t.Kind != EndOfText {
		return quote(t.Text)
	}
	return "the end of the query"
}

// fail records a mistake and makes the productions in progress return. It
// records nothing while an earlier mistake is being left, and nothing at a bad
// token, which the lexer has reported.
func (p *parser) fail(d source.Diagnostic) {
	if !p.failed && !p.ended && p.current().Kind != Bad {
		p.src.Add(d)
	}
	p.failed = true
}

// recover ends a failure of a production that began at token start: it moves to
// the next token for which stop holds and that is not inside brackets opened
// since then, or to the bracket that closes what is around, or to the end.
func (p *parser) recover(start int, stop func(t *Token) bool) {
	p.failed = false
	around := p.levels[start]
	for ; p.tokens[p.i].Kind != EndOfText; p.i++ {
		p.src.Budget.Spend(1)
		t := p.current()
		if p.levels[p.i] > around || t.Kind != Symbol {
			continue
		}
		if stop(t) || t.Text == ")" || t.Text == "]" || t.Text == "}" {
			return
		}
	}
}

// bracketLevels returns how many brackets are open before each token. A
// closing bracket without an opening one counts for nothing.
func bracketLevels(tokens []Token) []int {
	levels := make([]int, len(tokens))
	level := 0
	for i, t := range tokens {
		levels[i] = level
		if t.Kind != Symbol {
			continue
		}
		switch t.Text {
		case "(", "[", "{":
			level++
		case ")", "]", "}":
			level = max(level-1, 0)
		}
	}
	return levels
}

// enter bounds the depth of recursion. Every production that can hold itself
// calls it, and leave when it returns.
func (p *parser) enter() bool {
	p.depth++
	if p.depth <= MaxDepth {
		return true
	}
	p.fail(source.Diagnostic{
		Span: p.current().Span, Message: "the query nests too deep",
		Remedy: "name parts of it with let",
	})
	p.ended = true // what follows would be one such mistake for each level
	return false
}

func (p *parser) leave() { p.depth-- }

// from returns the position of a node that began at token start and ends
// before the current token.
func (p *parser) from(start int) pos {
	begin := p.tokens[start].Span.Start
	if p.i == start {
		return at(source.Span{Start: begin, End: begin})
	}
	return at(source.Span{Start: begin, End: p.tokens[p.i-1].Span.End})
}

// adjacent reports whether token i follows the one before it without space.
func (p *parser) adjacent(i int) bool {
	return i > 0 && i < len(p.tokens) && p.tokens[i-1].Span.End == p.tokens[i].Span.Start
}

// commaList reads items until no comma follows.
func commaList[T any](p *parser, item func() T) []T {
	var items []T
	for {
		items = append(items, item())
		if !p.acceptSymbol(",") {
			return items
		}
	}
}

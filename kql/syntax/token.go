package syntax

import (
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/types"
)

// Kind is the kind of a token.
type Kind uint8

// The kinds of tokens. KQL has no reserved words, so `where` and `by` are of
// kind Identifier and the parser decides by their place.
const (
	EndOfText  Kind = iota
	Identifier      // where, $left, 3rdParty
	Symbol          // | == .. !contains in~
	Constant        // 12, 1.5, 1d, 'text', datetime(2026-01-01)
	Bad             // text that is no token; a diagnostic says why
)

// String returns the kind's name for printed token lists.
func (k Kind) String() string {
	return [...]string{"end", "identifier", "symbol", "constant", "bad"}[k]
}

// Token is a word of a query.
type Token struct {
	Kind Kind
	Span source.Span
	// Text is the identifier or symbol; the text as written for other kinds.
	Text string
	// Type and Value are those of a Constant, as in Literal.
	Type  types.Type
	Value any
}

// Tokens cuts the text of src into tokens. The last one is of kind EndOfText.
// Mistakes become diagnostics of src.
func Tokens(src *source.Text) []Token {
	l := lexer{src: src, text: src.Text()}
	l.skipDirectives()
	tokens := make([]Token, 0, len(l.text)/4+1)
	for {
		t := l.next()
		tokens = append(tokens, t)
		if t.Kind == EndOfText {
			return tokens
		}
	}
}

package syntax

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/types"
)

// lexer cuts text into tokens. next always moves forward until the end.
type lexer struct {
	src  *source.Text
	text string
	i    int // offset of the next byte to read
}

// symbols are the operators and brackets, longest first where one begins
// another.
var symbols = [...]string{
	"==", "=~", "!=", "!~", "<=", ">=", "<>", "..", "=>", "|", "(", ")", "[", "]", "{", "}",
	",", ";", ":", ".", "=", "<", ">", "+", "-", "*", "/", "%",
}

func (l *lexer) next() Token {
	l.skipSpace()
	start := l.i
	if start == len(l.text) {
		return Token{Kind: EndOfText, Span: source.Span{Start: start, End: start}}
	}
	c := l.text[start]
	switch {
	case c == '"' || c == '\'':
		return l.stringConstant()
	case c == '@' && l.quoteAt(start+1), (c == 'h' || c == 'H') && l.obscured():
		return l.stringConstant()
	case strings.HasPrefix(l.text[start:], "```") || strings.HasPrefix(l.text[start:], "~~~"):
		return l.stringConstant()
	case isDigit(c):
		return l.number()
	case c == '!' && start+1 < len(l.text) && isLetter(l.text[start+1]):
		l.i++
		l.word()
		l.takeTilde(l.text[start+1 : l.i])
		return l.token(Symbol, start)
	case l.identifierStart():
		return l.identifier()
	}
	for _, symbol := range symbols {
		if strings.HasPrefix(l.text[start:], symbol) {
			l.i += len(symbol)
			return l.token(Symbol, start)
		}
	}
	return l.badCharacter()
}

func (l *lexer) token(kind Kind, start int) Token {
	return Token{Kind: kind, Span: source.Span{Start: start, End: l.i}, Text: l.text[start:l.i]}
}

func (l *lexer) badCharacter() Token {
	start := l.i
	for _, s := range strangers {
		if strings.HasPrefix(l.text[start:], s.text) {
			l.i += len(s.text)
			token := l.token(Bad, start)
			l.src.Add(source.Diagnostic{Span: token.Span, Message: "unexpected character " + quote(s.text), Remedy: s.remedy})
			return token
		}
	}
	r, size := utf8.DecodeRuneInString(l.text[start:])
	l.i += size
	token := l.token(Bad, start)
	if r == utf8.RuneError && size == 1 {
		l.src.Errorf(token.Span, "the query is not valid UTF-8")
	} else {
		l.src.Errorf(token.Span, "unexpected character %q", r)
	}
	return token
}

// skipSpace moves over white space and comments. Text copied from web pages
// carries no-break spaces, zero-width spaces and byte order marks; Kusto takes
// them for space too.
func (l *lexer) skipSpace() {
	for l.i < len(l.text) {
		if strings.HasPrefix(l.text[l.i:], "//") {
			end := strings.IndexByte(l.text[l.i:], '\n')
			if end < 0 {
				end = len(l.text) - l.i
			}
			l.i += end
			continue
		}
		if strings.HasPrefix(l.text[l.i:], "/*") {
			l.foreignComment()
			continue
		}
		r, size := utf8.DecodeRuneInString(l.text[l.i:])
		if !unicode.IsSpace(r) && r != '\uFEFF' && r != '\u200B' {
			return
		}
		l.i += size
	}
}

// foreignComment reports a comment as other languages have it, and moves over
// it, so that its words are not reported too.
func (l *lexer) foreignComment() {
	start := l.i
	length := strings.Index(l.text[start:], "*/") + len("*/")
	if length < len("/**/") {
		length = len(l.text) - start
	}
	l.i += length
	l.src.Add(source.Diagnostic{Span: source.Span{Start: start, End: start + len("/*")}, Message: `"/*" begins no comment`, Remedy: commentHabit})
}

// skipDirectives moves over the lines at the beginning of a query that begin
// with "#". They tell a client what to do, such as which cluster to ask.
func (l *lexer) skipDirectives() {
	for l.skipSpace(); strings.HasPrefix(l.text[l.i:], "#"); l.skipSpace() {
		end := strings.IndexByte(l.text[l.i:], '\n')
		if end < 0 {
			end = len(l.text) - l.i
		}
		l.i += end
	}
}

func (l *lexer) identifierStart() bool {
	r, _ := utf8.DecodeRuneInString(l.text[l.i:])
	return r == '_' || r == '$' || unicode.IsLetter(r)
}

// word moves over the letters, digits and underscores of an identifier.
func (l *lexer) word() {
	for l.i < len(l.text) {
		r, size := utf8.DecodeRuneInString(l.text[l.i:])
		if r != '_' && r != '$' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return
		}
		l.i += size
	}
}

// takeTilde moves over the tilde of in~ and !in~.
func (l *lexer) takeTilde(word string) bool {
	if word != "in" || l.i == len(l.text) || l.text[l.i] != '~' {
		return false
	}
	l.i++
	return true
}

func (l *lexer) identifier() Token {
	start := l.i
	l.word()
	word := l.text[start:l.i]
	if l.takeTilde(word) {
		return l.token(Symbol, start)
	}
	if typ, ok := types.ParseType(word); ok && typ != types.String && typ != types.Dynamic {
		if open, ok := l.openingParen(); ok {
			return l.typedConstant(start, open, typ)
		}
	}
	return l.token(Identifier, start)
}

// openingParen returns the offset of a parenthesis that follows, with space
// before it at most.
func (l *lexer) openingParen() (int, bool) {
	rest := strings.TrimLeft(l.text[l.i:], " \t\r\n")
	return len(l.text) - len(rest), strings.HasPrefix(rest, "(")
}

// number reads a long, real or timespan constant. Digits with letters behind
// them that are none of these are an identifier, as in Kusto.
func (l *lexer) number() Token {
	start := l.i
	if strings.HasPrefix(l.text[start:], "0x") || strings.HasPrefix(l.text[start:], "0X") {
		l.word()
		return l.constant(start, types.Long, l.text[start:l.i])
	}
	l.digits()
	whole := true
	if l.i+1 < len(l.text) && l.text[l.i] == '.' && isDigit(l.text[l.i+1]) || l.pointAtEnd() {
		whole = false
		l.i++
		l.digits()
	}
	end := l.i
	l.word()
	suffix := l.text[end:l.i]
	if suffix == "" {
		return l.constant(start, numberType(whole), l.text[start:end])
	}
	if _, ok := types.Unit(suffix); ok {
		return l.constant(start, types.TimeSpan, l.text[start:l.i])
	}
	if l.exponent(end) {
		return l.constant(start, types.Real, l.text[start:l.i])
	}
	if whole {
		return l.token(Identifier, start)
	}
	token := l.token(Bad, start)
	l.src.Add(source.Diagnostic{
		Span: token.Span, Message: "unknown unit " + quote(suffix) + " after a number",
		Remedy: "units of time are d, h, m, s, ms, microsecond, tick",
	})
	return token
}

func numberType(whole bool) types.Type {
	if whole {
		return types.Long
	}
	return types.Real
}

// exponent reads e5, E+5 or e-5 from offset at and reports whether it is one.
func (l *lexer) exponent(at int) bool {
	rest := l.text[at:]
	if rest == "" || (rest[0] != 'e' && rest[0] != 'E') {
		return false
	}
	n := 1
	if n < len(rest) && (rest[n] == '+' || rest[n] == '-') {
		n++
	}
	digits := n
	for n < len(rest) && isDigit(rest[n]) {
		n++
	}
	if n == digits || (n < len(rest) && isLetter(rest[n])) {
		return false
	}
	l.i = at + n
	return true
}

func (l *lexer) digits() {
	for l.i < len(l.text) && isDigit(l.text[l.i]) {
		l.i++
	}
}

// pointAtEnd reports whether a point ends a number here, as in `10. / 4`; in
// `1 .. 2` and `1.a` it does not.
func (l *lexer) pointAtEnd() bool {
	if l.i >= len(l.text) || l.text[l.i] != '.' {
		return false
	}
	if l.i+1 == len(l.text) {
		return true
	}
	next := l.text[l.i+1]
	return next != '.' && next != '[' && !isLetter(next) && next < utf8.RuneSelf
}

// constant makes a Constant from text, which begins at start and ends at l.i.
func (l *lexer) constant(start int, typ types.Type, text string) Token {
	token := l.token(Constant, start)
	token.Type = typ
	value, ok := parseConstant(typ, text)
	if !ok {
		token.Kind = Bad
		l.src.Errorf(token.Span, "%s is not a value of type %s", quote(text), typ)
		return token
	}
	token.Value = value
	return token
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// quote returns text in quotes for a message, cut when it is long.
func quote(text string) string {
	const most = 40
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most]) + "…"
	}
	return `"` + text + `"`
}

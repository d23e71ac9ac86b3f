package syntax

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/types"
)

func (l *lexer) quoteAt(i int) bool {
	return i < len(l.text) && (l.text[i] == '"' || l.text[i] == '\'')
}

// obscured reports whether an h stands directly before a string: such a string
// is a secret that Kusto keeps out of its traces.
func (l *lexer) obscured() bool {
	return l.quoteAt(l.i+1) || l.i+1 < len(l.text) && l.text[l.i+1] == '@' && l.quoteAt(l.i+2)
}

// stringConstant reads one string, in any of the forms 'a', "a", @'a', @"a",
// ```a```, ~~~a~~~, each with h before it or not.
func (l *lexer) stringConstant() Token {
	start := l.i
	if l.text[l.i] == 'h' || l.text[l.i] == 'H' {
		l.i++
	}
	var value string
	var ok bool
	switch l.text[l.i] {
	case '@':
		l.i++
		value, ok = l.verbatimString()
	case '`', '~':
		value, ok = l.multiLineString()
	default:
		value, ok = l.escapedString()
	}
	token := l.token(Constant, start)
	token.Type = types.String
	token.Value = value
	if !ok {
		l.src.Add(source.Diagnostic{Span: token.Span, Message: "the string is not closed", Remedy: "it ends in its line, with the quote that it began with"})
		return token
	}
	if !utf8.ValidString(value) {
		l.src.Errorf(token.Span, "the string is not valid UTF-8")
	}
	return token
}

// verbatimString reads @"…": a backslash is a backslash, and the quote is
// doubled.
func (l *lexer) verbatimString() (string, bool) {
	mark := l.text[l.i]
	l.i++
	var b strings.Builder
	for start := l.i; l.i < len(l.text); l.i++ {
		switch l.text[l.i] {
		case '\r', '\n':
			return b.String() + l.text[start:l.i], false
		case mark:
			b.WriteString(l.text[start:l.i])
			l.i++
			if l.i == len(l.text) || l.text[l.i] != mark {
				return b.String(), true
			}
			start = l.i
		}
	}
	return b.String(), false
}

// multiLineString reads ```…``` and ~~~…~~~, which know no escapes.
func (l *lexer) multiLineString() (string, bool) {
	mark := l.text[l.i : l.i+3]
	l.i += 3
	length := strings.Index(l.text[l.i:], mark)
	if length < 0 {
		value := l.text[l.i:]
		l.i = len(l.text)
		return value, false
	}
	value := l.text[l.i : l.i+length]
	l.i += length + 3
	return value, true
}

// escapedString reads "…" with backslash escapes, on one line.
func (l *lexer) escapedString() (string, bool) {
	mark := l.text[l.i]
	l.i++
	start := l.i
	for l.i < len(l.text) && l.text[l.i] != mark && l.text[l.i] != '\\' && l.text[l.i] != '\n' && l.text[l.i] != '\r' {
		l.i++
	}
	if l.i < len(l.text) && l.text[l.i] == mark { // the common case needs no copy
		l.i++
		return l.text[start : l.i-1], true
	}
	var b strings.Builder
	b.WriteString(l.text[start:l.i])
	for l.i < len(l.text) {
		switch c := l.text[l.i]; c {
		case mark:
			l.i++
			return b.String(), true
		case '\n', '\r':
			return b.String(), false
		case '\\':
			l.escape(&b)
		default:
			b.WriteByte(c)
			l.i++
		}
	}
	return b.String(), false
}

// escapes are the characters behind a backslash that stand for one character.
// The slash is JSON's, for strings inside dynamic().
var escapes = map[byte]byte{
	'\\': '\\', '"': '"', '\'': '\'', '/': '/', 'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v', '0': 0,
}

// escape reads one escape sequence, which begins at l.i with its backslash.
func (l *lexer) escape(b *strings.Builder) {
	start := l.i
	l.i++
	if l.i == len(l.text) {
		return
	}
	c := l.text[l.i]
	if plain, ok := escapes[c]; ok {
		l.i++
		b.WriteByte(plain)
		return
	}
	width := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	if width == 0 {
		_, size := utf8.DecodeRuneInString(l.text[l.i:])
		l.badEscape(start, l.i+size)
		return
	}
	l.i++
	r, ok := l.hexDigits(width)
	if !ok {
		l.badEscape(start, l.i)
		return
	}
	if utf16.IsSurrogate(r) && strings.HasPrefix(l.text[l.i:], `\u`) {
		l.i += 2
		low, ok := l.hexDigits(4)
		if !ok {
			l.badEscape(start, l.i)
			return
		}
		r = utf16.DecodeRune(r, low)
	}
	b.WriteRune(r) // a lone surrogate becomes U+FFFD
}

func (l *lexer) badEscape(start, end int) {
	l.i = end
	l.src.Add(source.Diagnostic{
		Span:    source.Span{Start: start, End: end},
		Message: "unknown escape " + quote(l.text[start:end]) + " in a string",
		Remedy:  `write the backslash twice, or put @ before the string: @"\d+"`,
	})
}

func (l *lexer) hexDigits(width int) (rune, bool) {
	end := min(l.i+width, len(l.text))
	n, err := strconv.ParseUint(l.text[l.i:end], 16, 32)
	if err != nil || end-l.i < width || n > utf8.MaxRune {
		return 0, false
	}
	l.i = end
	return rune(n), true
}

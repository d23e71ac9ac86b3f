package source

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// excerptRunes is how many characters of a long line an error shows.
const excerptRunes = 160

// Error is every mistake that was found in one query.
type Error struct {
	Text        *Text
	Diagnostics []Diagnostic // ordered by position, at least one
	Dropped     int          // how many more were found than are kept
}

// Error prints each mistake with its line and column, the line it is in with
// the mistake underlined, and the remedy if there is one:
//
//	no column "z" in table T; columns are y, name at line 1, column 11:
//	T | where z == 1
//	          ~
func (e *Error) Error() string {
	var b strings.Builder
	for i, d := range e.Diagnostics {
		if i > 0 {
			b.WriteByte('\n')
		}
		e.Text.describe(&b, d)
	}
	if e.Dropped > 0 {
		fmt.Fprintf(&b, "\nand %d more", e.Dropped)
	}
	return b.String()
}

func (t *Text) describe(b *strings.Builder, d Diagnostic) {
	line, column := t.Position(d.Span.Start)
	fmt.Fprintf(b, "%s at line %d, column %d:\n", d.Message, line, column)
	before, marked, after := t.excerpt(d.Span)
	b.WriteString(visible(before + marked + after))
	b.WriteByte('\n')
	b.WriteString(blank(before))
	b.WriteString(strings.Repeat("~", max(1, utf8.RuneCountInString(marked))))
	if d.Remedy != "" {
		b.WriteByte('\n')
		b.WriteString(d.Remedy)
	}
}

// excerpt returns the part of the first line of span that is worth showing,
// cut in three: before the span, the span, after it.
func (t *Text) excerpt(span Span) (before, marked, after string) {
	start := min(max(span.Start, 0), len(t.text))
	line, first := t.line(start)
	from := min(start-first, len(line))
	to := min(max(span.End-first, from), len(line))
	before, marked, after = line[:from], line[from:to], line[to:]
	if utf8.RuneCountInString(line) <= excerptRunes {
		return before, marked, after
	}
	before = lastRunes(before, excerptRunes/2)
	marked = firstRunes(marked, excerptRunes/2)
	after = firstRunes(after, excerptRunes-utf8.RuneCountInString(before)-utf8.RuneCountInString(marked))
	return before, marked, after
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func lastRunes(s string, n int) string {
	for i := len(s); i > 0; n-- {
		if n == 0 {
			return s[i:]
		}
		_, size := utf8.DecodeLastRuneInString(s[:i])
		i -= size
	}
	return s
}

// blank returns space as wide as s: tabs stay, so that the underline stands
// below the right character at any tab width.
func blank(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, s)
}

// visible replaces control characters, which could rewrite the terminal that
// an error is printed on.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && unicode.IsControl(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

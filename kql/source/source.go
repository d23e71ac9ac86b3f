// Package source holds the text of a query, positions in it, and the
// diagnostics that the stages of the compiler collect while they work on it.
//
// It knows nothing of the language: no token, no tree, no type.
package source

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/quoll/quoll/kql/budget"
)

// MaxDiagnostics bounds how many mistakes one Text keeps. A text that is not
// KQL at all would give one for every word.
const MaxDiagnostics = 20

// Span is a half-open range of byte offsets in the text of a query.
type Span struct{ Start, End int }

// Join returns the smallest span that covers both.
func (s Span) Join(o Span) Span {
	return Span{Start: min(s.Start, o.Start), End: max(s.End, o.End)}
}

// Diagnostic is one mistake in a query: where it is, what is wrong, and what
// would be right.
type Diagnostic struct {
	Span    Span
	Message string
	// Remedy names the nearest thing that works, or is empty.
	Remedy string
}

// Text is the text of one query and the mistakes found in it so far. It is
// used by one goroutine.
type Text struct {
	text        string
	lines       []int // offset of the first byte of each line
	diagnostics []Diagnostic
	dropped     int // diagnostics beyond MaxDiagnostics

	// Budget is what compiling the text may spend; nil is without bound.
	Budget *budget.Budget
	// Working is the operator that the compiler has come to, for the message when
	// the budget is spent there.
	Working Span
}

// New returns a Text without diagnostics.
func New(text string) *Text {
	return &Text{text: text}
}

// Text returns the whole text.
func (t *Text) Text() string { return t.text }

// Slice returns the part of the text that span covers. A span that reaches
// outside the text is cut.
func (t *Text) Slice(span Span) string {
	start := min(max(span.Start, 0), len(t.text))
	return t.text[start:min(max(span.End, start), len(t.text))]
}

// Errorf records a mistake at span.
func (t *Text) Errorf(span Span, format string, args ...any) {
	t.Add(Diagnostic{Span: span, Message: fmt.Sprintf(format, args...)})
}

// Add records a mistake. A second one with the same span and message is
// ignored, as is every one after MaxDiagnostics, which is only counted.
func (t *Text) Add(d Diagnostic) {
	for _, old := range t.diagnostics {
		if old.Span == d.Span && old.Message == d.Message {
			return
		}
	}
	if len(t.diagnostics) >= MaxDiagnostics {
		t.dropped++
		return
	}
	t.diagnostics = append(t.diagnostics, d)
}

// Full reports whether further mistakes are only counted, so that what would
// explain them need not be worked out.
func (t *Text) Full() bool { return len(t.diagnostics) >= MaxDiagnostics }

// Diagnostics returns the mistakes recorded so far, ordered by position.
func (t *Text) Diagnostics() []Diagnostic {
	sorted := slices.Clone(t.diagnostics)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].Span.Start < sorted[j].Span.Start })
	return sorted
}

// Err returns nil when no mistake was recorded, else an *Error with all of
// them.
func (t *Text) Err() error {
	if len(t.diagnostics) == 0 {
		return nil
	}
	return &Error{Text: t, Diagnostics: t.Diagnostics(), Dropped: t.dropped}
}

// Position returns the line and column, both from 1, of a byte offset. Columns
// count characters (runes), not bytes. An offset outside the text is moved to
// its nearest end.
func (t *Text) Position(offset int) (line, column int) {
	offset = min(max(offset, 0), len(t.text))
	start := t.lineStart(offset)
	return t.lineNumber(offset), utf8.RuneCountInString(t.text[start:offset]) + 1
}

func (t *Text) index() []int {
	if t.lines == nil {
		t.lines = append(t.lines, 0)
		for i := range len(t.text) {
			if t.text[i] == '\n' {
				t.lines = append(t.lines, i+1)
			}
		}
	}
	return t.lines
}

func (t *Text) lineNumber(offset int) int {
	lines := t.index()
	return sort.Search(len(lines), func(i int) bool { return lines[i] > offset })
}

func (t *Text) lineStart(offset int) int {
	return t.index()[t.lineNumber(offset)-1]
}

// line returns the text of the line that holds offset, without its end, and
// the offset of its first byte.
func (t *Text) line(offset int) (text string, start int) {
	start = t.lineStart(offset)
	rest := t.text[start:]
	if end := strings.IndexByte(rest, '\n'); end >= 0 {
		rest = rest[:end]
	}
	return strings.TrimSuffix(rest, "\r"), start
}

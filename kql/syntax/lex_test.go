package syntax_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
)

// FuzzTokens: the tokens of any text follow one another to its end, between them
// stands nothing but space, comments and what a mistake points to, and a token of
// a right text is the same token where it stands alone.
func FuzzTokens(f *testing.F) {
	for _, text := range wellFormed {
		f.Add(text)
	}
	for _, text := range []string{
		"#connect x\n T", "10./4 1..2 1.a 1.[0] 10.", "0x1F 0x 0xg 1e5 1e+ 1.5e-3x 5ms 5parsecs 3rdParty", "in~ !in~ !contains !~ in ~",
		"h'x' h@\"x\" H\"a\\\"b\" @'it''s' ```a\n``` ~~~b~~~ 'open", "datetime(2026-01-01) datetime (null) guid( long('5') real(nan) time(1.02:03) bool(2) int(99999999999)",
		"decimal(1e-30) dynamic([1]) typeof(long)", "'\\ud83d\\ude00' '\\ud83d' '\\x4' '\\q'", "/* no */ // yes\n T //", "\u200b\ufeff\u00a0x\u2028y “q” – …", "$left.a == $right['b']", "\xff\xfe T", "''''", "&& || ! ^ ~ ` \\ ?",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		src := source.New(text)
		tokens := syntax.Tokens(src)
		at := 0
		for i, token := range tokens {
			span := token.Span
			if span.Start < at || span.End > len(text) || (span.End == span.Start) != (token.Kind == syntax.EndOfText) {
				t.Fatalf("token %d of %q spans %v, after %d", i, text, span, at)
			}
			if gap := text[at:span.Start]; !pointedTo(src, at, span.Start) && !blank(gap) {
				t.Fatalf("%q is left out of %q", gap, text)
			}
			if token.Kind == syntax.Bad && !pointedTo(src, span.Start, span.End) && !src.Full() {
				t.Fatalf("nothing is said of %q in %q", text[span.Start:span.End], text)
			}
			at = span.End
		}
		if last := tokens[len(tokens)-1]; last.Kind != syntax.EndOfText || at != len(text) {
			t.Fatalf("the tokens of %q end at %d", text, at)
		}
		for _, d := range src.Diagnostics() {
			if d.Span.Start < 0 || d.Span.End > len(text) || d.Span.Start > d.Span.End || d.Message == "" {
				t.Fatalf("a mistake %q at %v of %q", d.Message, d.Span, text)
			}
		}
		if src.Err() != nil {
			return
		}
		for _, token := range tokens[:len(tokens)-1] {
			alone(t, src.Slice(token.Span), token)
		}
	})
}

// alone reads the text of one token by itself.
func alone(t *testing.T, text string, token syntax.Token) {
	t.Helper()
	src := source.New(text)
	again := syntax.Tokens(src)
	if err := src.Err(); err != nil || len(again) != 2 {
		t.Fatalf("%q alone gives %d tokens, %v", text, len(again), err)
	}
	if a := again[0]; a.Kind != token.Kind || a.Text != token.Text || a.Type != token.Type || fmt.Sprintf("%#v", a.Value) != fmt.Sprintf("%#v", token.Value) {
		t.Fatalf("%q alone is %v, not %v", text, a, token)
	}
}

// pointedTo reports whether a mistake of src points into a part of its text.
func pointedTo(src *source.Text, start, end int) bool {
	for _, d := range src.Diagnostics() {
		if d.Span.Start < end && d.Span.End > start || d.Span.Start == start {
			return true
		}
	}
	return src.Full()
}

// blank reports whether a text is space, comments and lines that tell a client
// what to do.
func blank(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimFunc(line, func(r rune) bool { return unicode.IsSpace(r) || r == '\uFEFF' || r == '\u200B' })
		if line != "" && !strings.HasPrefix(line, "//") && !strings.HasPrefix(line, "#") {
			return false
		}
	}
	return true
}

package asciifold

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// A piece is found where a search by hand finds it.
func TestPiecesAreFound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	word := func(letters string, most int) string {
		var b strings.Builder
		for range r.IntN(most) {
			b.WriteByte(letters[r.IntN(len(letters))])
		}
		return b.String()
	}
	found := 0
	for range 50_000 {
		needle, text := word("aAbB.@[`{", 6), word("aAbB.@[`{\x00\xc3", 40)
		if needle == "" {
			continue
		}
		want := strings.Index(foldBytes(text), foldBytes(needle))
		p := New(needle)
		if got := p.Index([]byte(text)); got != want || p.In(text) != (want >= 0) || p.Len() != len(needle) {
			t.Fatalf("%q in %q: %d, want %d", needle, text, got, want)
		}
		if p.Begins(text) != strings.HasPrefix(foldBytes(text), foldBytes(needle)) || p.Ends(text) != strings.HasSuffix(foldBytes(text), foldBytes(needle)) {
			t.Fatalf("%q begins with %q: %v, ends: %v", text, needle, p.Begins(text), p.Ends(text))
		}
		if want >= 0 {
			found++
		}
	}
	if found < 5_000 {
		t.Errorf("%d were there", found)
	}
}

func foldBytes(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 32
		}
	}
	return string(b)
}

func TestThePieceIsTheLongestOfASCII(t *testing.T) {
	for text, want := range map[string]string{"": "", "ä": "", "aäBcd": "bcd", "ab ä c": "ab ", strings.Repeat("x", 300): strings.Repeat("x", 255)} {
		p := New(text)
		if got := ""; p != nil {
			if got = string(p.piece); got != want {
				t.Errorf("%q: %q", text, got)
			}
		} else if want != "" {
			t.Errorf("%q has no piece", text)
		}
	}
}

package termfilter

import (
	"bytes"

	"github.com/quoll/quoll/internal/asciifold"
)

// literalOf returns the longest piece of letters, digits, dots, at signs and colons of a
// text: none of them is escaped in JSON if it need not be. Behind one of the others a colon
// is within a string of JSON, and there is no space that another writer leaves out; it is
// none that a piece begins with. With number, pieces are left out that may be a number,
// which is written otherwise.
func literalOf(text string, number bool) *asciifold.Piece {
	of := func(c byte, first bool) bool { return kinds[c] != other || c == '.' || c == '@' || c == ':' && !first }
	best := ""
	for at := 0; at < len(text); at++ {
		start := at
		for at < len(text) && of(text[at], at == start) {
			at++
		}
		if piece := text[start:at]; len(piece) > len(best) && (!number || !numeric(piece)) {
			best = piece
		}
	}
	return asciifold.Of(best)
}

// numeric says whether a piece may be that of a number.
func numeric(piece string) bool {
	dots := 0
	for i := range len(piece) {
		switch c := piece[i]; {
		case c == '.':
			dots++
		case kinds[c] != digit && c != 'e' && c != 'E':
			return false
		}
	}
	return dots < 2
}

// Matcher looks for terms in texts. The zero Matcher is ready for use, by one
// goroutine.
type Matcher struct{ decoded []byte }

// In says whether a text has all terms of one of Sought.Texts; json is as for a Terms.
// What a filter of that text alone would not rule out, this does not, but for values.
func (m *Matcher) In(text []byte, json bool, s *Sought) bool {
	if s.values != nil {
		_, is := s.values.set[string(text)]
		return is
	}
	if s.literal != nil && s.literal.Index(text) < 0 && !(json && rewritten(text)) {
		return false
	}
	var found uint32
	look := func(hash uint64) {
		for i := range s.terms {
			if s.terms[i].hash == max(hash, 1) {
				found |= 1 << i
			}
		}
	}
	if json {
		m.decoded = forms(text, m.decoded, func(text []byte) { Each(text, look) })
	} else {
		Each(text, look)
	}
	return found == 1<<len(s.terms)-1
}

// rewritten says whether a text of JSON has escapes that stand for letters or digits,
// or may have.
func rewritten(text []byte) bool {
	for {
		at := bytes.IndexByte(text, '\\')
		if at < 0 || at+1 == len(text) {
			return false
		}
		switch text[at+1] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		default:
			return true
		}
		text = text[at+2:]
	}
}

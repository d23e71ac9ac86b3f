// Package asciifold finds a piece of ASCII in bytes whatever the case of its letters.
//
// It knows nothing of other letters: who asks for a text that may have such looks for a
// piece of it that has none.
package asciifold

import "unicode/utf8"

// Piece is what is looked for. It does not change.
type Piece struct {
	piece []byte     // in lower case
	skip  [256]uint8 // how far on the piece can be, by the byte that stands at its end
}

// maxPiece bounds the piece, so that its length fits the skips.
const maxPiece = 255

// lower is the case folding of ASCII.
var lower = func() (to [256]byte) {
	for i := range to {
		to[i] = byte(i)
	}
	for c := 'A'; c <= 'Z'; c++ {
		to[c] = byte(c) | 0x20
	}
	return to
}()

// New returns the longest piece of ASCII of a text, of which the first 255 bytes; nil if
// there is none.
func New(text string) *Piece {
	best := ""
	for at := 0; at < len(text); at++ {
		start := at
		for at < len(text) && text[at] < utf8.RuneSelf {
			at++
		}
		if at-start > len(best) {
			best = text[start:at]
		}
	}
	return Of(best)
}

// Of returns the first 255 bytes of a text, which has to be of ASCII; nil if it is empty.
func Of(text string) *Piece {
	if text == "" {
		return nil
	}
	text = text[:min(len(text), maxPiece)]
	p := &Piece{piece: make([]byte, len(text))}
	for i := range p.skip {
		p.skip[i] = uint8(len(text))
	}
	for i := range len(text) {
		c := lower[text[i]]
		p.piece[i] = c
		if i == len(text)-1 {
			break
		}
		back := uint8(len(text) - 1 - i)
		p.skip[c] = back
		if c >= 'a' && c <= 'z' {
			p.skip[c-0x20] = back
		}
	}
	return p
}

// Index returns where the piece begins first, -1 if it is not there.
func (p *Piece) Index(in []byte) int { return index(p, in) }

// In reports whether a text has the piece.
func (p *Piece) In(text string) bool { return index(p, text) >= 0 }

// Len is how long the piece is.
func (p *Piece) Len() int { return len(p.piece) }

func index[T string | []byte](p *Piece, in T) int {
	last := len(p.piece) - 1
	for at := last; at < len(in); at += int(p.skip[in[at]]) {
		i := 0
		for i <= last && lower[in[at-i]] == p.piece[last-i] { // ends, without a call
			i++
		}
		if i > last {
			return at - last
		}
	}
	return -1
}

// Ends reports whether a text ends in the piece.
func (p *Piece) Ends(text string) bool { return len(text) >= len(p.piece) && ends(p, text) }

// Begins reports whether a text begins with the piece.
func (p *Piece) Begins(text string) bool {
	return len(text) >= len(p.piece) && ends(p, text[:len(p.piece)])
}

// ends reports whether what is no shorter than the piece ends in it.
func ends[T string | []byte](p *Piece, in T) bool {
	from := len(in) - len(p.piece)
	for i := len(p.piece) - 1; i >= 0; i-- {
		if lower[in[from+i]] != p.piece[i] {
			return false
		}
	}
	return true
}

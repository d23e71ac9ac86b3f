package activity

import (
	"math/bits"

	"github.com/quoll/quoll/internal/structural"
)

// canSkim says that what is left of a piece can be gone over in blocks. The array has
// begun and has something in it by then: what is to be found is its commas and its end.
func (s *scan) canSkim(rest []byte) bool {
	return s.element && (s.state == scanInside || s.state == scanString) && len(rest) >= structural.BlockBytes
}

// skim is byte for all bytes of whole blocks from i on: as many as there is room to mark,
// or up to the end of the array. It returns where it stopped. Where plain is false that
// is before a block with a backslash outside of strings, which no JSON has; what that
// means to what is behind it is for byte to say.
func (s *scan) skim(piece []byte, i int) (next int, plain bool, err error) {
	blocks := s.blocks[:min((len(piece)-i)/structural.BlockBytes, len(s.blocks))]
	structural.Mark(blocks, piece[i:])
	open, escapes := uint64(0), false
	if s.state == scanString {
		open = ^open
	}
	for _, b := range blocks {
		quotes, escapesNext := b.Quotes, false
		if b.Slashes != 0 || escapes {
			var escaped uint64
			escaped, escapesNext = structural.Escaped(b.Slashes, escapes)
			quotes &^= escaped
		}
		inside, openNext := structural.Inside(quotes, open)
		if b.Slashes&^inside != 0 {
			s.state = stateAfter(open, escapes)
			return i, false, nil
		}
		if end, err := s.skimBlock(piece, i, b.Brackets&^inside, b.Commas&^inside); err != nil || end > 0 {
			return end, true, err
		}
		i += structural.BlockBytes
		open, escapes = openNext, escapesNext
	}
	s.state = stateAfter(open, escapes)
	return i, true, nil
}

// stateAfter is the state behind a block in the array.
func stateAfter(open uint64, escapes bool) scanState {
	switch {
	case open == 0:
		return scanInside
	case escapes:
		return scanEscape
	}
	return scanString
}

// skimBlock follows what is outside of strings in the block at i. It returns where the
// array ends, 0 if it does not end there.
func (s *scan) skimBlock(piece []byte, i int, brackets, commas uint64) (end int, err error) {
	at := s.offset + int64(i)
	for ; brackets != 0; brackets &= brackets - 1 {
		place := bits.TrailingZeros64(brackets)
		before := uint64(1)<<place - 1
		s.skimCommas(commas&before, at)
		commas &^= before
		if err := s.bracket(piece[i+place], at+int64(place)); err != nil {
			return 0, err
		}
		if s.state == scanAfter {
			return i + place + 1, nil
		}
	}
	s.skimCommas(commas, at)
	return 0, nil
}

// skimCommas notes commas of a block at a place, which no bracket lies between.
func (s *scan) skimCommas(commas uint64, at int64) {
	if len(s.open) != 1 {
		return
	}
	for ; commas != 0; commas &= commas - 1 {
		s.comma(at + int64(bits.TrailingZeros64(commas)))
	}
}

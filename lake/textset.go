package lake

import (
	"encoding/binary"
	"math/bits"
)

// TextSet is some texts, of which it is quickly known of most others that they are not
// among them. It does not change.
type TextSet struct {
	all map[string]struct{}
	// first has a bit for each value of the first step of a text that one of them has.
	first []uint64
	shift int
}

// NewTextSet returns the set of some texts.
func NewTextSet(texts []string) *TextSet {
	const each = 8 // bits for a text: one in eight others passes the first step
	width := max(6, bits.Len(uint(each*len(texts))))
	s := &TextSet{all: make(map[string]struct{}, len(texts)), first: make([]uint64, 1<<(width-6)), shift: 64 - width}
	for _, text := range texts {
		s.all[text] = struct{}{}
		step := s.step([]byte(text))
		s.first[step/64] |= 1 << (step % 64)
	}
	return s
}

// step is a number that follows from both ends of a text and its length.
func (s *TextSet) step(text []byte) uint64 {
	sum := uint64(len(text))
	if len(text) >= 8 {
		sum += binary.LittleEndian.Uint64(text) + bits.RotateLeft64(binary.LittleEndian.Uint64(text[len(text)-8:]), 29)
	} else {
		for _, b := range text {
			sum = sum<<8 | uint64(b)
		}
	}
	sum ^= sum >> 32
	return sum * 0x9e3779b97f4a7c15 >> s.shift
}

// Has reports whether a text is in the set.
func (s *TextSet) Has(text []byte) bool {
	step := s.step(text)
	if s.first[step/64]>>(step%64)&1 == 0 {
		return false
	}
	_, ok := s.all[string(text)]
	return ok
}

package lake

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"unicode/utf8"
)

// places are the different texts of a column, one behind the other in memory of their own,
// so that they are two pieces of memory and not one for each.
type places struct {
	seed   maphash.Seed
	body   []byte
	ends   []int    // of texts in body
	hashes []uint64 // of texts
	at     []uint32 // places of texts from 1, 0 for none; a power of two, and half of it is free
}

// largeTexts is how many bytes of texts are not kept for others.
const largeTexts = 1 << 20

func (p *places) large() bool { return len(p.at) > largeTable || cap(p.body) > largeTexts }

func newPlaces() places { return places{seed: maphash.MakeSeed(), at: make([]uint32, leastTable)} }

// text returns the text at a place. It is valid until texts are added.
func (p *places) text(place int64) []byte {
	first, end := p.span(place)
	return p.body[first:end]
}

// span says where in the body the text at a place is.
func (p *places) span(place int64) (first, end int) {
	if place > 0 {
		first = p.ends[place-1]
	}
	return first, p.ends[place]
}

// of returns the place of a text, and has it if there is room for it in so many bytes.
func (p *places) of(text []byte, room int) (place int64, err error) {
	hash := maphash.Bytes(p.seed, text)
	slot := p.slot(hash)
	for ; p.at[slot] > 0; slot = (slot + 1) & (len(p.at) - 1) {
		if place = int64(p.at[slot] - 1); p.hashes[place] == hash && bytes.Equal(p.text(place), text) {
			return place, nil
		}
	}
	if !utf8.Valid(text) {
		return 0, fmt.Errorf("%w: a text is no UTF-8", ErrDamaged)
	}
	if len(text) > room {
		return 0, ErrManyGroups
	}
	p.body = append(p.body, text...)
	p.ends, p.hashes = append(p.ends, len(p.body)), append(p.hashes, hash)
	p.at[slot] = uint32(len(p.ends))
	p.grow()
	return int64(len(p.ends) - 1), nil
}

func (p *places) slot(hash uint64) int { return int(hash) & (len(p.at) - 1) }

// grow makes room for one more text than there are.
func (p *places) grow() {
	if 2*len(p.ends) < len(p.at) {
		return
	}
	p.at = make([]uint32, 2*len(p.at))
	for place, hash := range p.hashes {
		slot := p.slot(hash)
		for p.at[slot] > 0 {
			slot = (slot + 1) & (len(p.at) - 1)
		}
		p.at[slot] = uint32(place + 1)
	}
}

// empty forgets all texts, and keeps the memory.
func (p *places) empty() {
	p.body, p.ends, p.hashes = p.body[:0], p.ends[:0], p.hashes[:0]
	clear(p.at)
}

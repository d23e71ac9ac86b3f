package tightzstd

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// finder looks for matches by chains of the places that begin with the same bytes. A match
// waits for one that begins a byte or two later and saves more.
type finder struct {
	src   []byte
	heads []int32 // 1 + the last place, by hash
	chain []int32 // 1 + the place before, by place
	next  int     // the first place that is in no chain
	log   uint8   // of the length of heads
}

const (
	// hashed is how many bytes a match in a chain begins with. Fewer would find more matches
	// that cost more than their bytes do as literals: half a byte each, if they are
	// hexadecimal digits, beside some 30 bits of a match.
	hashed = 7
	// maxHeads bounds the logarithm of the number of chains, maxPlaces how many places of
	// one are looked at.
	maxHeads  = 17
	maxPlaces = 8
	// worthwhile is the least that a match saves.
	worthwhile = 12
	// long matches are not looked for a longer one instead.
	long = 1024
	// Of a match of more than dense bytes one place in sparse is in a chain, but for the last
	// dense/2: what is found there is then mostly found a few bytes later and taken backwards,
	// and a chain goes back further.
	dense  = 32
	sparse = 4
	// tail is how many bytes at the end are not hashed.
	tail = 8
)

func (f *finder) begin(src []byte) {
	f.src, f.next = src, 0
	f.log = uint8(min(maxHeads, max(8, bits.Len(uint(len(src))))))
	f.heads = slices.Grow(f.heads[:0], 1<<f.log)[:1<<f.log]
	clear(f.heads)
	f.chain = slices.Grow(f.chain[:0], len(src))[:len(src)]
}

func (f *finder) hash(at int) uint64 {
	return (binary.LittleEndian.Uint64(f.src[at:]) << (64 - 8*hashed)) * 0x9e3779b185ebca87 >> (64 - f.log)
}

// insert puts the places before to into chains.
func (f *finder) insert(to int) {
	for ; f.next < to; f.next++ {
		f.link(f.next)
	}
}

// insertMatch puts some places of a match that ends at to into chains.
func (f *finder) insertMatch(to, length int) {
	for ; length > dense && f.next < to-dense/2; f.next += sparse {
		f.link(f.next)
	}
	f.insert(to)
}

func (f *finder) link(at int) {
	h := f.hash(at)
	f.chain[at] = f.heads[h]
	f.heads[h] = int32(at + 1)
}

// same returns how many bytes are the same at two places, a before b, up to end.
func (f *finder) same(a, b, end int) int {
	start, src := b, f.src
	for b+8 <= end {
		if diff := binary.LittleEndian.Uint64(src[a:]) ^ binary.LittleEndian.Uint64(src[b:]); diff != 0 {
			return b - start + bits.TrailingZeros64(diff)>>3
		}
		a, b = a+8, b+8
	}
	for b < end && src[a] == src[b] {
		a, b = a+1, b+1
	}
	return b - start
}

// match is so many bytes that are as those so far before, and about how many bits they save
// as literals of half a byte.
type match struct {
	length, offset, saves int
}

// chained returns the longest match of a chain, the nearest of those; none if it is short.
func (f *finder) chained(at, end int) (m match) {
	f.insert(at + 1)
	src, length := f.src, minMatch-1
	place := int(f.chain[at]) - 1
	for tries := maxPlaces; tries > 0 && place >= 0 && at+length < end; tries-- {
		if src[place+length] == src[at+length] {
			if n := f.same(place, at, end); n > length {
				length = n
				m = match{n, at - place, 4*n - bits.Len(uint(at-place)) - 3}
			}
			if length >= long {
				break
			}
		}
		place = int(f.chain[place]) - 1
	}
	return m
}

// repeated returns the longest match with an offset that has a short number.
func (f *finder) repeated(at, end int, r *repeats) (m match) {
	for _, offset := range r {
		if offset > at || binary.LittleEndian.Uint32(f.src[at:]) != binary.LittleEndian.Uint32(f.src[at-offset:]) {
			continue
		}
		if n := f.same(at-offset, at, end); n >= minMatch && n > m.length {
			m = match{n, offset, 4 * n}
		}
	}
	return m
}

// best returns the match that saves most.
func (f *finder) best(at, end int, r *repeats) match {
	m := f.repeated(at, end, r)
	if m.length >= long {
		return m
	}
	if other := f.chained(at, end); other.saves > m.saves {
		return other
	}
	return m
}

// parse appends the sequences of a block. Behind them come literals.
func (f *finder) parse(at, end int, r *repeats, to []sequence) []sequence {
	anchor := at
	limit := min(end, len(f.src)-tail)
	for at < limit {
		m := f.best(at, end, r)
		if m.saves < worthwhile {
			at += 1 + (at-anchor)>>8 // what has had no match for long is passed over
			continue
		}
		at, m = f.later(at, limit, end, m, r)
		for at > anchor && at > m.offset && f.src[at-1] == f.src[at-m.offset-1] {
			at, m.length = at-1, m.length+1
		}
		to = append(to, sequence{at - anchor, m.length, m.offset})
		r.number(m.offset, at-anchor)
		at += m.length
		anchor = at
		f.insertMatch(min(at, limit), m.length)
	}
	return to
}

// later returns the match that is taken instead of one, and where it is.
func (f *finder) later(at, limit, end int, m match, r *repeats) (int, match) {
	for m.length < long {
		found := false
		for next := at + 1; next <= at+2 && next < limit && !found; next++ {
			if other := f.best(next, end, r); other.saves > m.saves+1 {
				at, m, found = next, other, true
			}
		}
		if !found {
			break
		}
	}
	return at, m
}

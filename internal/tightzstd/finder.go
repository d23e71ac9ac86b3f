package tightzstd

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// finder looks for matches by rows of the places whose bytes begin alike. A match waits for
// one that begins a byte or two later and saves more.
type finder struct {
	src  []byte
	rows []row // by hash
	next int   // the first place that is in no row
	log  uint8 // of the number of rows
}

// row is the last places whose first bytes have one hash. Of each there are eight more bits
// of a hash, so that bytes that only lie in the same row need not be looked at, which are
// seldom in a cache.
type row struct {
	marks  [ways]uint8
	places [ways]int32 // 1 + the place; 0 for none
	turn   uint32      // modulo ways, the oldest of them, whose turn it is to go
}

const ways = 8

const (
	// hashed is how many bytes a match in a row begins with. Fewer would find more matches
	// that cost more than their bytes do as literals: half a byte each, if they are
	// hexadecimal digits, beside some 30 bits of a match.
	hashed = 7
	// maxRows bounds the logarithm of the number of rows.
	maxRows = 14
	// worthwhile is the least that a match saves.
	worthwhile = 12
	// long matches are not looked for a longer one instead.
	long = 1024
	// Of a match of more than dense bytes one place in sparse is in a row, but for the last
	// dense/2: what is found there is then mostly found a few bytes later and taken backwards,
	// and a row goes back further.
	dense  = 32
	sparse = 4
	// tail is how many bytes at the end are not hashed.
	tail = 8
)

func (f *finder) begin(src []byte) {
	f.src, f.next = src, 0
	f.log = uint8(min(maxRows, max(6, bits.Len(uint(len(src)))-2)))
	f.rows = slices.Grow(f.rows[:0], 1<<f.log)[:1<<f.log]
	clear(f.rows)
}

// row returns the row of a place, and its mark.
func (f *finder) row(at int) (*row, uint8) {
	h := (binary.LittleEndian.Uint64(f.src[at:]) << (64 - 8*hashed)) * 0x9e3779b185ebca87 >> (64 - 8 - f.log)
	return &f.rows[h>>8], uint8(h)
}

func (r *row) add(at int, mark uint8) {
	way := r.turn % ways
	r.marks[way], r.places[way] = mark, int32(at+1)
	r.turn++
}

// insert puts the places before to into rows.
func (f *finder) insert(to int) {
	for ; f.next < to; f.next++ {
		f.link(f.next)
	}
}

// insertMatch puts some places of a match that ends at to into rows.
func (f *finder) insertMatch(to, length int) {
	for ; length > dense && f.next < to-dense/2; f.next += sparse {
		f.link(f.next)
	}
	f.insert(to)
}

func (f *finder) link(at int) {
	r, mark := f.row(at)
	r.add(at, mark)
}

// same returns how many bytes are the same at two places, a before b, up to end.
func (f *finder) same(a, b, end int) int {
	left, right := f.src[a:a+end-b], f.src[b:end]
	for len(right) >= 8 && len(left) >= 8 {
		if diff := binary.LittleEndian.Uint64(left) ^ binary.LittleEndian.Uint64(right); diff != 0 {
			return end - b - len(right) + bits.TrailingZeros64(diff)>>3
		}
		left, right = left[8:], right[8:]
	}
	n := end - b - len(right)
	for i := range right {
		if left[i] != right[i] {
			return n + i
		}
	}
	return n + len(right)
}

// match is so many bytes that are as those so far before, and about how many bits they save
// as literals of half a byte.
type match struct {
	length, offset, saves int
}

// inRow returns the longest match of a place's row, the nearest of those, none if it is
// short, and puts the place into the row. No place is asked for twice, nor one before
// another that was.
func (f *finder) inRow(at, end int) (m match) {
	f.insert(at)
	r, mark := f.row(at)
	src, length := f.src, minMatch-1
	// The newest comes first: that of the highest byte, if the oldest is turned to the lowest.
	alike := sameBytes(binary.LittleEndian.Uint64(r.marks[:]), mark)
	alike = bits.RotateLeft64(alike, -8*int(r.turn%ways))
	for alike != 0 && at+length < end {
		highest := bits.Len64(alike) - 1
		alike ^= 1 << highest
		place := int(r.places[(uint32(highest)/8+r.turn)%ways]) - 1
		if place < 0 {
			break
		}
		if src[place+length] != src[at+length] {
			continue
		}
		if n := f.same(place, at, end); n > length {
			length = n
			m = match{n, at - place, 4*n - bits.Len(uint(at-place)) - 3}
		}
		if length >= long {
			break
		}
	}
	r.add(at, mark)
	f.next = at + 1
	return m
}

// sameBytes returns the highest bit of each byte of a word that is the one asked for.
func sameBytes(word uint64, one uint8) uint64 {
	const ones, low = 0x0101010101010101, 0x7f7f7f7f7f7f7f7f
	word ^= uint64(one) * ones
	return ^((word&low + low) | word | low)
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
	if other := f.inRow(at, end); other.saves > m.saves {
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

package termfilter

import "math/bits"

const (
	// MaxBlocks is the most blocks that a part is divided into.
	MaxBlocks = 64
	// coarse is how many groups of blocks are told apart of a hash that several blocks
	// have: half of all have it once, and the others' places cost more than they save.
	coarse = 16
)

// Terms are the hashes of the texts of a part of a file, and in which of its blocks
// of rows each of them is.
type Terms struct {
	rows, block int
	set         hashSet
	decoded     []byte
	homes       homes
}

// NewTerms returns the terms of a part of that many rows, which is divided into blocks
// of block rows, or larger ones if those were more than MaxBlocks.
func NewTerms(rows, block int) *Terms {
	t := &Terms{}
	t.Reset(rows, block)
	return t
}

// Reset begins another part.
func (t *Terms) Reset(rows, block int) {
	t.rows, t.block = rows, max(1, block, (rows+MaxBlocks-1)/MaxBlocks)
	t.set.reset()
	t.homes.known = false
}

// Block returns the block that a row is in.
func (t *Terms) Block(row int) int { return row / t.block }

// Text adds a text of a row, which counts from 0; json says that it is JSON, whose
// strings may be asked for as they are written and as they are meant.
func (t *Terms) Text(row int, text []byte, json bool) {
	t.set.block = uint8(t.Block(row))
	t.homes.last = t.homes.last[:0]
	use := func(hash uint64, weight int) {
		t.set.add(hash)
		if t.homes.known && placed(weight) {
			t.homes.last = append(t.homes.last, hash)
		}
	}
	if json {
		t.decoded = forms(text, t.decoded, func(text []byte) { each(text, false, false, use) })
	} else {
		each(text, false, false, use)
	}
	t.Again(row)
}

// Clone returns a copy to which more is added.
func (t *Terms) Clone() *Terms {
	c := *t
	c.set = t.set.clone()
	c.decoded, c.homes = nil, homes{}
	return &c
}

// hashSet is a set of hashes with open addressing. Zero is a free place, and the
// hash zero is kept as one.
type hashSet struct {
	places []uint64
	// first is the block that had the hash of a place first, groups those of the
	// coarse groups of blocks that have it, once there is another block.
	first  []uint8
	groups []uint16
	used   int
	block  uint8 // at work
}

func group(block uint8) uint16 { return 1 << (block / (MaxBlocks / coarse)) }

func (s *hashSet) add(hash uint64) {
	if hash == 0 {
		hash = 1
	}
	if s.used*2 >= len(s.places) {
		s.grow()
	}
	at, found := s.find(hash)
	if !found {
		s.places[at], s.first[at], s.groups[at] = hash, s.block, 0
		s.used++
		return
	}
	switch first := s.first[at]; {
	case s.groups[at] != 0:
		s.groups[at] |= group(s.block)
	case first != s.block:
		s.groups[at] = group(first) | group(s.block)
	}
}

// find returns the place of a hash, or the free one where it would be.
func (s *hashSet) find(hash uint64) (at uint64, found bool) {
	mask := uint64(len(s.places) - 1)
	for at = hash & mask; s.places[at] != 0; at = (at + 1) & mask {
		if s.places[at] == hash {
			return at, true
		}
	}
	return at, false
}

func (s *hashSet) grow() {
	old := *s
	size := max(1<<12, 2*len(old.places))
	s.places, s.first, s.groups = make([]uint64, size), make([]uint8, size), make([]uint16, size)
	for i, hash := range old.places {
		if hash != 0 {
			at, _ := s.find(hash)
			s.places[at], s.first[at], s.groups[at] = hash, old.first[i], old.groups[i]
		}
	}
}

func (s *hashSet) reset() {
	clear(s.places)
	s.used = 0
}

func (s *hashSet) clone() hashSet {
	c := *s
	c.places = append([]uint64(nil), s.places...)
	c.first = append([]uint8(nil), s.first...)
	c.groups = append([]uint16(nil), s.groups...)
	return c
}

// values returns the hashes with where they are, as the two maps of a part hold them.
func (s *hashSet) values(groups uint16) (where, spread entries) {
	where = entries{make([]uint64, 0, s.used), make([]uint32, 0, s.used)}
	for i, hash := range s.places {
		if hash == 0 {
			continue
		}
		code := uint32(s.first[i])
		switch s.groups[i] {
		case 0:
		case groups:
			code = codeAll
		default:
			code = codeSpread
			spread.keys, spread.values = append(spread.keys, hash), append(spread.values, uint32(s.groups[i]))
		}
		where.keys, where.values = append(where.keys, hash), append(where.values, code<<printBits|print(hash))
	}
	return where, spread
}

// What the map of a part says of a hash: the only block that has it, that some groups
// of blocks have it, or that all do; and its fingerprint.
const (
	codeSpread = MaxBlocks
	codeAll    = 127
	codeBits   = 7
	printBits  = 8
)

func print(hash uint64) uint32 { return uint32(hash>>40) & (1<<printBits - 1) }

// spreadBlocks returns the blocks of groups.
func spreadBlocks(groups uint32) (blocks uint64) {
	const each = MaxBlocks / coarse
	for ; groups != 0; groups &= groups - 1 {
		blocks |= (1<<each - 1) << (each * bits.TrailingZeros32(groups))
	}
	return blocks
}

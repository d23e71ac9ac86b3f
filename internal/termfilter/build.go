package termfilter

import (
	"encoding/binary"
	"hash/crc32"
	"unicode"

	"github.com/quoll/quoll/internal/bloom"
)

const (
	// bits is the bits of a filter for each hash: one in a thousand that is not
	// there is taken for there.
	bits = 16
	// partBytes is the length of a part's entry in the directory, tailBytes that of
	// the tail behind it.
	partBytes = 4 + 4
	tailBytes = 8 + 4 + 16 + 4 + 8
	magic     = "QTERMS01"
	// maxParts bounds what is believed of a directory.
	maxParts = 1 << 16
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Builder makes the filters of a file, part by part. The zero Builder is ready for
// use.
type Builder struct {
	set     hashSet
	filters []byte
	parts   []byte
	decoded []byte
}

// Text adds a text to the part at work; json says that it is JSON, whose strings
// may be asked for as they are written and as they are meant.
func (b *Builder) Text(text []byte, json bool) {
	if !json {
		Each(text, b.set.add)
		return
	}
	b.decoded = forms(text, b.decoded, func(text []byte) { Each(text, b.set.add) })
}

// Part ends the part at work, which has that many rows.
func (b *Builder) Part(rows int) {
	blocks := max(1, (b.set.used*bits/8+bloom.BlockBytes-1)/bloom.BlockBytes)
	start := len(b.filters)
	b.filters = append(b.filters, make([]byte, blocks*bloom.BlockBytes)...)
	filter := b.filters[start:]
	b.set.each(func(hash uint64) { bloom.Add(filter, hash) })
	b.set.reset()
	b.parts = binary.LittleEndian.AppendUint32(b.parts, uint32(rows))
	b.parts = binary.LittleEndian.AppendUint32(b.parts, uint32(blocks))
}

// Bytes returns the filters, the directory of parts and the tail: the end of what
// a reader is given.
func (b *Builder) Bytes() []byte {
	out := append(b.filters, b.parts...)
	tail := make([]byte, 0, tailBytes)
	tail = binary.LittleEndian.AppendUint64(tail, uint64(len(b.filters)))
	tail = binary.LittleEndian.AppendUint32(tail, uint32(len(b.parts)/partBytes))
	var version [16]byte
	copy(version[:], unicode.Version)
	tail = append(tail, version[:]...)
	sum := crc32.Update(crc32.Checksum(b.parts, castagnoli), castagnoli, tail)
	tail = binary.LittleEndian.AppendUint32(tail, sum)
	return append(append(out, tail...), magic...)
}

// hashSet is a set of hashes with open addressing. Zero is a free place, and the
// hash zero is kept as one.
type hashSet struct {
	places []uint64
	used   int
}

func (s *hashSet) add(hash uint64) {
	if hash == 0 {
		hash = 1
	}
	if s.used*2 >= len(s.places) {
		s.grow()
	}
	mask := uint64(len(s.places) - 1)
	at := hash & mask
	for s.places[at] != 0 {
		if s.places[at] == hash {
			return
		}
		at = (at + 1) & mask
	}
	s.places[at] = hash
	s.used++
}

func (s *hashSet) grow() {
	old := s.places
	s.places, s.used = make([]uint64, max(1<<12, 2*len(old))), 0
	for _, hash := range old {
		if hash != 0 {
			s.add(hash)
		}
	}
}

func (s *hashSet) each(use func(hash uint64)) {
	for _, hash := range s.places {
		if hash != 0 {
			use(hash)
		}
	}
}

func (s *hashSet) reset() {
	clear(s.places)
	s.used = 0
}

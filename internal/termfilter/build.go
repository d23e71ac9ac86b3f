package termfilter

import (
	"encoding/binary"
	"hash/crc32"
	"unicode"
)

const (
	// partBytes is the length of a part's entry in the directory, tailBytes that of
	// the tail behind it.
	partBytes = 4 + 4 + 2*fuseBytes
	tailBytes = 8 + 4 + 16 + 8 + 4 + 8
	magic     = "QTERMS04"
	shortTail = tailBytes - 8 // of before there were homes
	// maxParts bounds what is believed of a directory.
	maxParts = 1 << 16
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Builder makes the filters of a file, part by part. The zero Builder is ready for
// use.
type Builder struct {
	// Homes are the columns that Terms.Home was given the texts of.
	Homes   []string
	filters []byte
	parts   []byte
}

// Part adds the next part.
func (b *Builder) Part(t *Terms) {
	blocks := (t.rows + t.block - 1) / t.block
	where, spread := t.set.values(uint16(1<<((blocks+MaxBlocks/coarse-1)/(MaxBlocks/coarse)) - 1))
	b.parts = binary.LittleEndian.AppendUint32(b.parts, uint32(t.rows))
	b.parts = binary.LittleEndian.AppendUint32(b.parts, uint32(t.block))
	b.add(where, codeBits+printBits)
	b.add(spread, coarse)
}

func (b *Builder) add(e entries, width int) {
	f, body := build(e, width)
	b.filters = append(b.filters, body...)
	b.parts = append(b.parts, f.seed, f.segmentBits)
	b.parts = binary.LittleEndian.AppendUint32(b.parts, f.segments)
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
	tail = binary.LittleEndian.AppendUint64(tail, homesHash(b.Homes))
	sum := crc32.Update(crc32.Checksum(b.parts, castagnoli), castagnoli, tail)
	tail = binary.LittleEndian.AppendUint32(tail, sum)
	return append(append(out, tail...), magic...)
}

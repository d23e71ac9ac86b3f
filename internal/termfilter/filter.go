package termfilter

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"unicode"

	"github.com/quoll/quoll/internal/bloom"
)

// ErrDamaged is returned for filters that are not what was written.
var ErrDamaged = errors.New("filter of terms is damaged")

// Filter is where the filters of a file are. It holds no file.
type Filter struct {
	parts []part
	// characters says that what is outside of ASCII was folded as it is today.
	characters bool
	// ports says that addresses with their ports are in the filters.
	ports bool
	homes uint64 // homesHash
}

type part struct {
	rows  int64
	block int64 // rows of a block
	// where says in which block a hash is, spread in which groups of blocks those are
	// that several blocks have.
	where, spread fuse
	// bloom is the filter of a part of before there were blocks, in bloomBlocks.
	bloom       int64
	bloomBlocks int
}

// all has a bit for each block of the part.
func (p *part) all() uint64 {
	return ^uint64(0) >> (MaxBlocks - max(1, min(MaxBlocks, (p.rows+p.block-1)/p.block)))
}

// start is where the filters of the part begin, end where they end.
func (p *part) start() int64 {
	if p.bloomBlocks > 0 {
		return p.bloom
	}
	return p.where.at
}

func (p *part) end() int64 {
	if p.bloomBlocks > 0 {
		return p.bloom + int64(p.bloomBlocks)*bloom.BlockBytes
	}
	return p.spread.at + p.spread.bytes()
}

// form is a version of the format.
type form struct {
	partBytes int64
	tailBytes int64
	ports     bool
	part      func(entry []byte, at int64) (p part, end int64)
}

var formats = map[string]form{
	magic:      {partBytes, tailBytes, true, fusePart},
	"QTERMS03": {partBytes, shortTail, true, fusePart},
	"QTERMS02": {partBytes, shortTail, false, fusePart},
	"QTERMS01": {4 + 4, shortTail, false, bloomPart},
}

func fusePart(entry []byte, at int64) (part, int64) {
	p := part{rows: int64(binary.LittleEndian.Uint32(entry)), block: int64(binary.LittleEndian.Uint32(entry[4:]))}
	read := func(entry []byte, width int) fuse {
		f := fuse{width: width, at: at, seed: entry[0], segmentBits: min(entry[1], maxSegmentBits), segments: binary.LittleEndian.Uint32(entry[2:])}
		at += f.bytes()
		return f
	}
	p.where = read(entry[8:], codeBits+printBits)
	p.spread = read(entry[8+fuseBytes:], coarse)
	return p, at
}

// bloomPart is a part of which a split block Bloom filter says which terms it has.
func bloomPart(entry []byte, at int64) (part, int64) {
	p := part{rows: int64(binary.LittleEndian.Uint32(entry)), bloom: at, bloomBlocks: int(binary.LittleEndian.Uint32(entry[4:]))}
	if p.bloomBlocks > 0 {
		p.block = max(p.rows, 1)
	}
	return p, at + int64(p.bloomBlocks)*bloom.BlockBytes
}

// Open finds the filters that end at a place of a file. It returns nil if there are
// none.
func Open(r io.ReaderAt, end int64) (*Filter, error) {
	tail := make([]byte, tailBytes)
	if end < tailBytes {
		return nil, nil
	}
	if _, err := r.ReadAt(tail, end-tailBytes); err != nil {
		return nil, fmt.Errorf("read filter of terms: %w", err)
	}
	format, ok := formats[string(tail[tailBytes-len(magic):])]
	if !ok {
		return nil, nil
	}
	tail = tail[tailBytes-format.tailBytes:]
	sumAt := format.tailBytes - int64(len(magic)) - 4
	filters, count := int64(binary.LittleEndian.Uint64(tail[:])), int64(binary.LittleEndian.Uint32(tail[8:]))
	start := end - format.tailBytes - count*format.partBytes - filters
	if filters < 0 || count > maxParts || start < 0 {
		return nil, fmt.Errorf("%w: its tail does not fit the file", ErrDamaged)
	}
	directory := make([]byte, count*format.partBytes)
	if _, err := r.ReadAt(directory, start+filters); err != nil {
		return nil, fmt.Errorf("read filter of terms: %w", err)
	}
	sum := crc32.Update(crc32.Checksum(directory, castagnoli), castagnoli, tail[:sumAt])
	if sum != binary.LittleEndian.Uint32(tail[sumAt:]) {
		return nil, fmt.Errorf("%w: the checksum of its directory is another", ErrDamaged)
	}
	f := &Filter{characters: string(bytes.TrimRight(tail[12:28], "\x00")) == unicode.Version, ports: format.ports}
	if format.tailBytes == tailBytes {
		f.homes = binary.LittleEndian.Uint64(tail[28:])
	}
	at := start
	for ; len(directory) > 0; directory = directory[format.partBytes:] {
		var p part
		p, at = format.part(directory, at)
		if p.block == 0 || at > start+filters {
			return nil, fmt.Errorf("%w: its parts are longer than it", ErrDamaged)
		}
		f.parts = append(f.parts, p)
	}
	return f, nil
}

// Rows returns how many rows all parts have.
func (f *Filter) Rows() (rows int64) {
	for _, p := range f.parts {
		rows += p.rows
	}
	return rows
}

// Span is rows of a file, from First up to but not including End.
type Span struct{ First, End int64 }

// Rows returns how many rows it has.
func (s Span) Rows() int64 { return s.End - s.First }

// Part is a part of a file that may have what is sought.
type Part struct {
	Span
	// Number counts the parts of the file from 0.
	Number int
	// Blocks are the rows of it that may be what is sought, neighbours put together.
	Blocks []Span
	// Sought is what is left of the condition: without those of several that no row of the
	// part meets. The conditions that ask for terms are those that were given.
	Sought *Sought
}

// Candidates returns how many rows may be what is sought.
func (p *Part) Candidates() (rows int64) {
	for _, b := range p.Blocks {
		rows += b.Rows()
	}
	return rows
}

// Parts returns the parts that may have what is sought. r is the file that was given to
// Open; memory and whole may be nil.
func (f *Filter) Parts(r io.ReaderAt, sought *Sought, memory *Buffers, whole Whole) ([]Part, error) {
	var parts []Part
	first := int64(0)
	p := probe{file: r, filter: f, there: map[*values][]int32{}}
	p.held.bytes = memory.take()
	defer func() { memory.put(p.held.bytes) }()
	conditions := sought.Texts()
	for i := range f.parts {
		texts, err := p.left(i, conditions, whole)
		if err != nil {
			return nil, err
		}
		p.of(&f.parts[i], texts)
		rows := Span{first, first + p.part.rows}
		first = rows.End
		blocks, left := p.may(sought)
		if p.err != nil {
			return nil, p.err
		}
		if blocks != 0 {
			parts = append(parts, Part{rows, i, p.part.spans(rows, blocks), left})
		}
	}
	return parts, nil
}

// spans returns the rows of some blocks of the part that has those rows.
func (p *part) spans(rows Span, blocks uint64) (spans []Span) {
	for number := range int64(MaxBlocks) {
		if blocks>>number&1 == 0 {
			continue
		}
		first := rows.First + number*p.block
		end := min(first+p.block, rows.End)
		if last := len(spans) - 1; last >= 0 && spans[last].End == first {
			spans[last].End = end
		} else {
			spans = append(spans, Span{first, end})
		}
	}
	return spans
}

// keeps says whether what has the term was put into the filters.
func (f *Filter) keeps(t term) bool {
	return (t.ascii || f.characters) && (!t.port || f.ports)
}

func (p *part) blocks(r io.ReaderAt, hash uint64) (uint64, error) {
	if p.bloomBlocks > 0 {
		return p.bloomed(r, hash)
	}
	if p.where.segments == 0 {
		return 0, nil
	}
	value, err := p.where.get(r, hash)
	if err != nil || value&(1<<printBits-1) != print(hash) {
		return 0, err
	}
	switch code := value >> printBits; {
	case code < MaxBlocks:
		return 1 << code & p.all(), nil
	case code == codeAll:
		return p.all(), nil
	case code != codeSpread || p.spread.segments == 0:
		return 0, nil // of a hash that was not put in
	}
	groups, err := p.spread.get(r, hash)
	return spreadBlocks(groups) & p.all(), err
}

func (p *part) bloomed(r io.ReaderAt, hash uint64) (uint64, error) {
	var block [bloom.BlockBytes]byte
	if _, err := r.ReadAt(block[:], p.bloom+int64(bloom.Block(p.bloomBlocks*bloom.BlockBytes, hash))); err != nil {
		return 0, fmt.Errorf("read filter of terms: %w", err)
	}
	if bloom.Has(block[:], hash) {
		return p.all(), nil
	}
	return 0, nil
}

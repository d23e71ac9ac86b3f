package termfilter

import (
	"io"
	"slices"
)

// probe asks the filter of one part.
type probe struct {
	file   io.ReaderAt
	part   *part
	filter *Filter
	held   held
	there  map[*values][]int32 // the values that the part may have
	err    error
}

const (
	// readBytes is how many bytes more of a file are read in the time of one more read, of
	// which a term needs three.
	readBytes = 4 << 10
	// maxHeld is the most of a map that is read at once.
	maxHeld = 4 << 20
)

// of has the probe ask another part for so many texts: if they are many, its first map is
// read as a whole.
func (p *probe) of(part *part, texts int64) {
	p.part, p.held.bytes = part, p.held.bytes[:0]
	size := part.where.bytes()
	if size == 0 || size > maxHeld || size > 3*texts*readBytes {
		return
	}
	p.held.bytes, p.held.at, p.held.file = slices.Grow(p.held.bytes, int(size))[:size], part.where.at, p.file
	if _, err := p.file.ReadAt(p.held.bytes, p.held.at); err != nil {
		p.held.bytes = p.held.bytes[:0] // who needs it sees the error
	}
}

// held is a file of which a piece is in memory.
type held struct {
	file  io.ReaderAt
	bytes []byte
	at    int64
}

func (h *held) ReadAt(b []byte, at int64) (int, error) {
	if piece := h.piece(at, len(b)); piece != nil {
		return copy(b, piece), nil
	}
	return h.file.ReadAt(b, at)
}

// piece returns some bytes of the file, nil if they are not in memory.
func (h *held) piece(at int64, length int) []byte {
	from := at - h.at
	if from < 0 || from+int64(length) > int64(len(h.bytes)) {
		return nil
	}
	return h.bytes[from:][:length]
}

// may returns the blocks of the part some row of which may be what is sought, and what of
// it rows of the part may meet.
func (p *probe) may(s *Sought) (blocks uint64, left *Sought) {
	blocks = p.part.all()
	for _, t := range s.terms {
		if p.filter.keeps(t) {
			blocks &= p.have(t.hash)
		}
		if blocks == 0 || p.err != nil {
			return blocks, s
		}
	}
	if s.values != nil {
		if blocks &= p.among(s.values); blocks == 0 || p.err != nil {
			return blocks, s
		}
	}
	all := slices.Clone(s.All)
	for i, inner := range s.All {
		var of uint64
		of, all[i] = p.may(inner)
		if blocks &= of; blocks == 0 {
			return 0, s
		}
	}
	if s.Any == nil {
		return blocks, s.with(all, nil)
	}
	var some uint64
	any := make([]*Sought, 0, len(s.Any))
	for _, inner := range s.Any {
		if of, inner := p.may(inner); of != 0 {
			some, any = some|of, append(any, inner)
		}
	}
	return blocks & some, s.with(all, any)
}

// with returns a condition with other ones inside. One that asks for terms stays itself.
func (s *Sought) with(all, any []*Sought) *Sought {
	if s.text() {
		return s
	}
	return &Sought{Columns: s.Columns, All: all, Any: any}
}

// have returns the blocks that may have a hash.
func (p *probe) have(hash uint64) uint64 {
	file := p.file
	if len(p.held.bytes) > 0 {
		file = &p.held
	}
	blocks, err := p.part.blocks(file, hash)
	if err != nil {
		p.err = err
	}
	return blocks
}

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
}

type part struct {
	rows   int64
	at     int64 // where its filter begins
	blocks int
}

// Open finds the filters that end at a place of a file. It returns nil if there are
// none.
func Open(r io.ReaderAt, end int64) (*Filter, error) {
	var tail [tailBytes]byte
	if end < tailBytes {
		return nil, nil
	}
	if _, err := r.ReadAt(tail[:], end-tailBytes); err != nil {
		return nil, fmt.Errorf("read filter of terms: %w", err)
	}
	if string(tail[tailBytes-len(magic):]) != magic {
		return nil, nil
	}
	filters, count := int64(binary.LittleEndian.Uint64(tail[:])), int64(binary.LittleEndian.Uint32(tail[8:]))
	start := end - tailBytes - count*partBytes - filters
	if filters < 0 || count > maxParts || start < 0 {
		return nil, fmt.Errorf("%w: its tail does not fit the file", ErrDamaged)
	}
	directory := make([]byte, count*partBytes)
	if _, err := r.ReadAt(directory, start+filters); err != nil {
		return nil, fmt.Errorf("read filter of terms: %w", err)
	}
	sum := crc32.Update(crc32.Checksum(directory, castagnoli), castagnoli, tail[:28])
	if sum != binary.LittleEndian.Uint32(tail[28:]) {
		return nil, fmt.Errorf("%w: the checksum of its directory is another", ErrDamaged)
	}
	f := &Filter{characters: string(bytes.TrimRight(tail[12:28], "\x00")) == unicode.Version}
	at := start
	for ; len(directory) > 0; directory = directory[partBytes:] {
		p := part{int64(binary.LittleEndian.Uint32(directory)), at, int(binary.LittleEndian.Uint32(directory[4:]))}
		at += int64(p.blocks) * bloom.BlockBytes
		if p.blocks == 0 || at > start+filters {
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

// Spans returns the rows of the parts that may have what is sought, neighbours put
// together. r is the file that was given to Open.
func (f *Filter) Spans(r io.ReaderAt, sought *Sought) ([]Span, error) {
	var spans []Span
	first := int64(0)
	p := probe{file: r, characters: f.characters}
	for i := range f.parts {
		p.part = &f.parts[i]
		end := first + p.part.rows
		may := p.may(sought)
		if p.err != nil {
			return nil, p.err
		}
		switch {
		case !may:
		case len(spans) > 0 && spans[len(spans)-1].End == first:
			spans[len(spans)-1].End = end
		default:
			spans = append(spans, Span{first, end})
		}
		first = end
	}
	return spans, nil
}

// probe asks the filter of one part.
type probe struct {
	file       io.ReaderAt
	part       *part
	characters bool
	block      [bloom.BlockBytes]byte
	err        error
}

// may says whether some rows of the part may be what is sought.
func (p *probe) may(s *Sought) bool {
	for _, t := range s.terms {
		if p.err != nil {
			return true
		}
		if (t.ascii || p.characters) && !p.has(t.hash) {
			return false
		}
	}
	for _, inner := range s.All {
		if !p.may(inner) {
			return false
		}
	}
	if s.Any == nil {
		return true
	}
	for _, inner := range s.Any {
		if p.may(inner) {
			return true
		}
	}
	return false
}

func (p *probe) has(hash uint64) bool {
	at := p.part.at + int64(bloom.Block(p.part.blocks*bloom.BlockBytes, hash))
	if _, err := p.file.ReadAt(p.block[:], at); err != nil {
		p.err = fmt.Errorf("read filter of terms: %w", err)
		return true
	}
	return bloom.Has(p.block[:], hash)
}

// Checker compares rows with the filters that are there, in order.
type Checker struct {
	filters []byte
	parts   []part
	left    int64 // rows of the part at work that are to come
	first   int64 // where the filters begin
	decoded []byte
	missing int
}

// NewChecker reads all of the filters.
func NewChecker(r io.ReaderAt, f *Filter) (*Checker, error) {
	if len(f.parts) == 0 {
		return &Checker{}, nil
	}
	last := f.parts[len(f.parts)-1]
	c := &Checker{parts: f.parts, first: f.parts[0].at, left: f.parts[0].rows}
	c.filters = make([]byte, last.at+int64(last.blocks)*bloom.BlockBytes-c.first)
	if _, err := r.ReadAt(c.filters, c.first); err != nil {
		return nil, fmt.Errorf("read filter of terms: %w", err)
	}
	return c, nil
}

// Text looks for everything that a text of the row at work has.
func (c *Checker) Text(text []byte, json bool) {
	if !json {
		Each(text, c.look)
		return
	}
	c.decoded = forms(text, c.decoded, func(text []byte) { Each(text, c.look) })
}

// Row ends the row at work.
func (c *Checker) Row() {
	for c.left--; c.left <= 0 && len(c.parts) > 0; {
		if c.parts = c.parts[1:]; len(c.parts) > 0 {
			c.left = c.parts[0].rows
		}
	}
}

// Missing returns how often a filter lacked what a row has.
func (c *Checker) Missing() int { return c.missing }

func (c *Checker) look(hash uint64) {
	if len(c.parts) == 0 {
		c.missing++
		return
	}
	p := &c.parts[0]
	size := p.blocks * bloom.BlockBytes
	filter := c.filters[p.at-c.first:][:size]
	if hash == 0 {
		hash = 1
	}
	if !bloom.Has(filter[bloom.Block(size, hash):], hash) {
		c.missing++
	}
}

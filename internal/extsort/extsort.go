// Package extsort sorts more byte strings than fit into memory, through files in
// a folder that it is given.
//
// It must not know what the strings mean: they are ordered by their bytes.
package extsort

import (
	"bufio"
	"bytes"
	"container/heap"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// readBuffer is the memory for each run that is merged, in bytes.
const readBuffer = 128 << 10

// longest bounds one string, in bytes: a run that was damaged on disk must not
// make the reader allocate without bound.
const longest = 64 << 20

// Sorter takes strings and gives them back in order. It is for one goroutine.
type Sorter struct {
	dir    string
	memory int
	text   []byte
	spans  []span
	runs   []*os.File
	count  int64
}

type span struct{ start, end int }

// New returns a sorter that keeps up to about memory bytes in memory and what is
// beyond in files in dir, which must exist.
func New(dir string, memory int) *Sorter { return &Sorter{dir: dir, memory: memory} }

// Add takes a copy of one string.
func (s *Sorter) Add(text []byte) error {
	if len(text) > longest {
		return fmt.Errorf("sort: a string of %d bytes is longer than %d", len(text), longest)
	}
	const perString = 16 // of a span
	if len(s.spans) > 0 && len(s.text)+len(text)+(len(s.spans)+1)*perString > s.memory {
		if err := s.spill(); err != nil {
			return err
		}
	}
	start := len(s.text)
	s.text = append(s.text, text...)
	s.spans = append(s.spans, span{start, len(s.text)})
	s.count++
	return nil
}

// Len returns how many strings were added.
func (s *Sorter) Len() int64 { return s.count }

func (s *Sorter) sortMemory() {
	slices.SortFunc(s.spans, func(a, b span) int { return bytes.Compare(s.text[a.start:a.end], s.text[b.start:b.end]) })
}

// spill writes what is in memory to a run of its own.
func (s *Sorter) spill() error {
	s.sortMemory()
	f, err := os.CreateTemp(s.dir, "run-*")
	if err != nil {
		return fmt.Errorf("sort: %w", err)
	}
	s.runs = append(s.runs, f)
	w := bufio.NewWriterSize(f, readBuffer)
	var length [binary.MaxVarintLen64]byte
	for _, p := range s.spans {
		n := binary.PutUvarint(length[:], uint64(p.end-p.start))
		if _, err := w.Write(length[:n]); err != nil {
			return fmt.Errorf("sort: write %s: %w", f.Name(), err)
		}
		if _, err := w.Write(s.text[p.start:p.end]); err != nil {
			return fmt.Errorf("sort: write %s: %w", f.Name(), err)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("sort: write %s: %w", f.Name(), err)
	}
	s.text, s.spans = s.text[:0], s.spans[:0]
	return nil
}

// Each hands all strings to yield in order; a string is valid until yield
// returns. Nothing may be added once it was called.
func (s *Sorter) Each(ctx context.Context, yield func(text []byte) error) error {
	s.sortMemory()
	var m merge
	for _, f := range s.runs {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("sort: %w", err)
		}
		m = append(m, &run{from: bufio.NewReaderSize(f, readBuffer), name: f.Name()})
	}
	if len(s.spans) > 0 {
		m = append(m, &run{sorter: s})
	}
	alive := m[:0]
	for _, r := range m {
		more, err := r.advance()
		if err != nil {
			return err
		}
		if more {
			alive = append(alive, r)
		}
	}
	m = alive
	heap.Init(&m)
	for n := 0; len(m) > 0; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := yield(m[0].text); err != nil {
			return err
		}
		more, err := m[0].advance()
		switch {
		case err != nil:
			return err
		case more:
			heap.Fix(&m, 0)
		default:
			heap.Pop(&m)
		}
	}
	return nil
}

// Close removes the files.
func (s *Sorter) Close() error {
	var errs []error
	for _, f := range s.runs {
		errs = append(errs, f.Close(), os.Remove(f.Name()))
	}
	s.runs = nil
	return errors.Join(errs...)
}

// run is a sorted sequence that is being read: a file, or what is in memory.
type run struct {
	from   *bufio.Reader
	name   string
	sorter *Sorter
	next   int // in the sorter's spans
	text   []byte
}

// advance makes text the next string; false at the end.
func (r *run) advance() (bool, error) {
	if r.from == nil {
		if r.next == len(r.sorter.spans) {
			return false, nil
		}
		p := r.sorter.spans[r.next]
		r.next++
		r.text = r.sorter.text[p.start:p.end]
		return true, nil
	}
	length, err := binary.ReadUvarint(r.from)
	if errors.Is(err, io.EOF) { // between two strings; inside a length it is ErrUnexpectedEOF
		return false, nil
	}
	if err == nil && length > longest {
		err = fmt.Errorf("a length of %d bytes", length)
	}
	if err == nil {
		r.text = slices.Grow(r.text[:0], int(length))[:length]
		_, err = io.ReadFull(r.from, r.text)
	}
	if err != nil {
		return false, fmt.Errorf("sort: read %s: %w", r.name, err)
	}
	return true, nil
}

type merge []*run

func (m merge) Len() int           { return len(m) }
func (m merge) Less(i, j int) bool { return bytes.Compare(m[i].text, m[j].text) < 0 }
func (m merge) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *merge) Push(x any)        { *m = append(*m, x.(*run)) }
func (m *merge) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

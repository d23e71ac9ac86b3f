package termfilter

import (
	"bytes"
	"fmt"
	"io"
)

// Checker compares rows with the filters that are there, in order.
type Checker struct {
	filters *bytes.Reader
	ports   bool // as those of a Filter
	homes   homes
	parts   []part
	row     int64 // of the part at work, from 0
	decoded []byte
	missing int
}

// NewChecker reads all of the filters. homes are those that rows have now: what filters of
// other homes say of them is not compared.
func NewChecker(r io.ReaderAt, f *Filter, homes []string) (*Checker, error) {
	c := &Checker{ports: f.ports}
	if f.homes != 0 && f.homes == homesHash(homes) {
		c.homes.reset(1)
	}
	if len(f.parts) == 0 {
		return c, nil
	}
	start, end := f.parts[0].start(), f.parts[len(f.parts)-1].end()
	filters := make([]byte, end-start)
	if _, err := r.ReadAt(filters, start); err != nil {
		return nil, fmt.Errorf("read filter of terms: %w", err)
	}
	c.filters = bytes.NewReader(filters)
	for _, p := range f.parts {
		p.where.at, p.spread.at, p.bloom = p.where.at-start, p.spread.at-start, p.bloom-start
		c.parts = append(c.parts, p)
	}
	return c, nil
}

// Text looks for everything that a text of the row at work has.
func (c *Checker) Text(text []byte, json bool) {
	if !json {
		each(text, false, false, c.look)
		return
	}
	c.decoded = forms(text, c.decoded, func(text []byte) { each(text, false, false, c.look) })
}

// Home adds a text of a home of the row at work, as Terms.Home does.
func (c *Checker) Home(text []byte) {
	if c.homes.known {
		c.homes.add(0, text)
	}
}

// Row ends the row at work.
func (c *Checker) Row() {
	if c.homes.known {
		c.homes.reset(1)
	}
	for c.row++; len(c.parts) > 0 && c.row >= c.parts[0].rows; {
		c.row, c.parts = 0, c.parts[1:]
	}
}

// Missing returns how often a filter lacked what a row has.
func (c *Checker) Missing() int { return c.missing }

func (c *Checker) look(hash uint64, weight int) {
	if weight == weightPort && !c.ports {
		return
	}
	c.find(hash)
	if placed(weight) && !c.homes.has(0, hash) {
		c.find(elsewhere(hash))
	}
}

func (c *Checker) find(hash uint64) {
	if len(c.parts) == 0 {
		c.missing++
		return
	}
	p := &c.parts[0]
	blocks, err := p.blocks(c.filters, max(hash, 1))
	if err != nil || blocks>>(c.row/p.block)&1 == 0 {
		c.missing++
	}
}

package termfilter

import (
	"github.com/cespare/xxhash/v2"

	"github.com/quoll/quoll/internal/bloom"
)

// values are what a whole text may be. There may be thousands of them, so that they are
// one condition: of which of them a part may have, only this package knows.
type values struct {
	terms  [][]term
	hashes []uint64     // as Whole knows them
	masks  []bloom.Mask // of hashes
	set    map[string]struct{}
}

// valueTerms bounds the terms of a value that are asked for.
const valueTerms = 8

// Values is the condition that one of the columns of a row has one of the texts, in the
// same case and as a whole. There is at least one column.
func Values(texts, columns []string) *Sought {
	v := &values{terms: make([][]term, len(texts)), hashes: make([]uint64, len(texts)), masks: make([]bloom.Mask, len(texts)), set: make(map[string]struct{}, len(texts))}
	for i, text := range texts {
		terms := termsOf(text, true, true, false)
		v.terms[i] = terms[:min(len(terms), valueTerms)]
		v.hashes[i] = xxhash.Sum64String(text)
		v.masks[i] = bloom.MaskOf(v.hashes[i])
		v.set[text] = struct{}{}
	}
	return &Sought{Columns: columns, values: v}
}

// asks says whether a filter knows something of each value.
func (v *values) asks() bool {
	for _, terms := range v.terms {
		if len(terms) == 0 {
			return false
		}
	}
	return true
}

// Whole tells, of a part and a column, which texts some row may have there as a whole: the
// Bloom filter of their xxHash64, as package bloom has it. It is empty if there is none.
type Whole func(part int, column string) (filter []byte, err error)

// Many is the greatest number of values that a row may have one of: 0 if texts alone are
// sought.
func (s *Sought) Many() int {
	most := 0
	for _, text := range s.Texts() {
		if text.values != nil {
			most = max(most, len(text.values.terms))
		}
	}
	return most
}

// left takes note of which values the part may have.
func (p *probe) left(number int, sought []*Sought, whole Whole) (texts int64, err error) {
	clear(p.there)
	for _, s := range sought {
		if s.values == nil {
			texts++
			continue
		}
		there, err := s.there(number, whole)
		if err != nil {
			return 0, err
		}
		p.there[s.values] = there
		texts += int64(len(there))
	}
	return texts, nil
}

// there returns the numbers of the values that a part may have.
func (s *Sought) there(number int, whole Whole) ([]int32, error) {
	var filters [][]byte
	for _, column := range s.Columns {
		if whole == nil {
			break
		}
		filter, err := whole(number, column)
		if err != nil {
			return nil, err
		}
		if len(filter) == 0 {
			break
		}
		filters = append(filters, filter)
	}
	if len(filters) < len(s.Columns) {
		there := make([]int32, len(s.values.hashes))
		for i := range there {
			there[i] = int32(i)
		}
		return there, nil
	}
	var there []int32
	for i, hash := range s.values.hashes {
		for _, filter := range filters {
			if s.values.masks[i].In(filter[bloom.Block(len(filter), hash):]) {
				there = append(there, int32(i))
				break
			}
		}
	}
	return there, nil
}

// among returns the blocks that may have one of the values.
func (p *probe) among(v *values) (some uint64) {
	all := p.part.all()
	for _, i := range p.there[v] {
		blocks := all
		for _, t := range v.terms[i] {
			if p.filter.keeps(t) {
				blocks &= p.have(t.hash)
			}
			if blocks == 0 || p.err != nil {
				break
			}
		}
		if some |= blocks; some == all || p.err != nil {
			break
		}
	}
	return some
}

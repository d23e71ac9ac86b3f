package termfilter

import (
	"cmp"
	"slices"
	"unicode/utf8"
)

// Sought is what some row must have: the terms of a text in one of its texts, and
// all of All, and one of Any unless that is nil. The zero Sought asks for nothing.
type Sought struct {
	terms    []term
	All, Any []*Sought
}

type term struct {
	hash   uint64
	weight int
	ascii  bool
}

// Text is the condition that some text of a row holds this one, whatever its case.
// begins and ends say that no letter or digit is next to it on that side, number that
// it may be found in a number which is written otherwise in the row.
func Text(text string, begins, ends, number bool) *Sought {
	s := &Sought{}
	each([]byte(text), !begins, !ends, func(hash uint64, weight int) {
		if number && weight == weightNumber {
			return
		}
		if hash == 0 {
			hash = 1
		}
		s.terms = append(s.terms, term{hash, weight, weight != weightCharacters})
	})
	if !utf8.ValidString(text) {
		s.terms = slices.DeleteFunc(s.terms, func(t term) bool { return !t.ascii })
	}
	// What is rare first: most parts lack it, and no more is read of them.
	slices.SortStableFunc(s.terms, func(a, b term) int { return cmp.Compare(b.weight, a.weight) })
	s.terms = s.terms[:min(len(s.terms), maxTerms)]
	return s
}

// maxTerms bounds the terms of one text that are asked for.
const maxTerms = 16

// Asks says whether the condition asks for anything that a filter knows.
func (s *Sought) Asks() bool {
	if len(s.terms) > 0 {
		return true
	}
	for _, inner := range s.All {
		if inner.Asks() {
			return true
		}
	}
	if s.Any == nil {
		return false
	}
	for _, inner := range s.Any {
		if !inner.Asks() {
			return false
		}
	}
	return true
}

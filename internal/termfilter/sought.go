package termfilter

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/quoll/quoll/internal/asciifold"
)

// Sought is what some row must have: the terms of a text in one of its texts, and
// all of All, and one of Any unless that is nil. The zero Sought asks for nothing.
type Sought struct {
	// Columns are the names of the columns one of whose texts must have the terms, if
	// they are known. Filters are of all columns together.
	Columns  []string
	terms    []term
	values   *values          // or that one of the columns has one of these
	literal  *asciifold.Piece // that any text with the terms has; nil: none is known
	of       string           // the text
	All, Any []*Sought
}

type term struct {
	hash   uint64
	weight int
	ascii  bool
	port   bool // of an address and its port
	placed bool // see Sought.Placed
}

// Text is the condition that some text of a row holds this one, whatever its case.
// begins and ends say that no letter or digit is next to it on that side, number that
// it may be found in a number which is written otherwise in the row.
func Text(text string, begins, ends, number bool) *Sought {
	s := &Sought{terms: termsOf(text, begins, ends, number), of: text}
	if len(s.terms) > 0 {
		s.literal = literalOf(text, number)
	}
	return s
}

func termsOf(text string, begins, ends, number bool) (terms []term) {
	each([]byte(text), !begins, !ends, func(hash uint64, weight int) {
		if number && weight == weightNumber {
			return
		}
		terms = append(terms, term{max(hash, 1), weight, weight != weightCharacters, weight == weightPort, placed(weight)})
	})
	if !utf8.ValidString(text) {
		terms = slices.DeleteFunc(terms, func(t term) bool { return !t.ascii })
	}
	// What is rare first: most parts lack it, and no more is read of them.
	slices.SortStableFunc(terms, func(a, b term) int { return cmp.Compare(b.weight, a.weight) })
	return terms[:min(len(terms), maxTerms)]
}

// maxTerms bounds the terms of one text that are asked for.
const maxTerms = 16

// Asks says whether the condition asks for anything that a filter knows.
func (s *Sought) Asks() bool {
	if len(s.terms) > 0 || s.values != nil && s.values.asks() {
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

// Texts returns the conditions of s that ask for terms in a text, or for values.
func (s *Sought) Texts() []*Sought {
	var texts []*Sought
	if s.text() {
		texts = append(texts, s)
	}
	for _, inner := range append(s.All[:len(s.All):len(s.All)], s.Any...) {
		texts = append(texts, inner.Texts()...)
	}
	return texts
}

func (s *Sought) text() bool { return len(s.terms) > 0 || s.values != nil }

// Meets says whether a row may be what is sought that has the terms of those of Texts
// for which has is true, each in one of its texts.
func (s *Sought) Meets(has func(text *Sought) bool) bool {
	if s.text() && !has(s) {
		return false
	}
	for _, inner := range s.All {
		if !inner.Meets(has) {
			return false
		}
	}
	if s.Any == nil {
		return true
	}
	return slices.ContainsFunc(s.Any, func(inner *Sought) bool { return inner.Meets(has) })
}

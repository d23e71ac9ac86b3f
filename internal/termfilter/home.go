package termfilter

import (
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/quoll/quoll/internal/asciifold"
)

// Addresses of the network and of mail stand in most rows of a table in some of its
// columns, its homes, as texts that are quickly looked through, and again within longer
// texts of the same row. Nobody who looks for one in any column needs to read those, if it
// is known which rows have it there and in no home. So of each term of such an address that
// a row has outside of its homes and not in them, a second hash is kept.

// placed says that a term is looked for in homes first: one of an address, whose weight no
// run is as long as.
func placed(weight int) bool { return weight >= weightAddress }

// elsewhere is the hash of a placed term that a row has, and not in its homes.
func elsewhere(hash uint64) uint64 { return joined(ofElsewhere, hash) }

// homesHash is by what it is known again which columns are homes: 0 if none are.
func homesHash(columns []string) uint64 {
	if len(columns) == 0 {
		return 0
	}
	return max(1, xxhash.Sum64String(strings.Join(slices.Sorted(slices.Values(columns)), "\x00")))
}

// maxHomed is the most placed terms of the homes of a row that are known. Of others it is
// said that they are elsewhere, which costs those who look for them a look.
const maxHomed = 8

// homes are the placed terms of the homes of rows.
type homes struct {
	known bool               // there are homes
	of    [][maxHomed]uint64 // by row; 0: none
	last  []uint64           // the placed terms of the latest text
}

// reset has homes be of that many rows without texts.
func (h *homes) reset(rows int) {
	h.known, h.of, h.last = true, slices.Grow(h.of[:0], rows)[:rows], h.last[:0]
	clear(h.of)
}

func (h *homes) add(row int, text []byte) {
	of := &h.of[row]
	each(text, false, false, func(hash uint64, weight int) {
		if !placed(weight) || slices.Contains(of[:], hash) {
			return
		}
		if free := slices.Index(of[:], 0); free >= 0 {
			of[free] = hash
		}
	})
}

func (h *homes) has(row int, hash uint64) bool {
	return !h.known || slices.Contains(h.of[row][:], hash)
}

// Homes says that there are homes, the texts of which are given to Home before any is to
// Text.
func (t *Terms) Homes() { t.homes.reset(t.rows) }

// Home adds a text of a home of a row. It is a text of the row as well.
func (t *Terms) Home(row int, text []byte) { t.homes.add(row, text) }

// Again adds the text that was added last to a row of the same block.
func (t *Terms) Again(row int) {
	for _, hash := range t.homes.last {
		if !t.homes.has(row, hash) {
			t.set.add(elsewhere(hash))
		}
	}
}

// Placed says whether s asks for a text with an address, so that homes may be asked first.
func (s *Sought) Placed() bool {
	return slices.ContainsFunc(s.terms, func(t term) bool { return t.placed })
}

// Place is a placed term of what is sought. A row whose homes have all of them between them
// may be what is sought by another text, of which filters say nothing.
type Place struct {
	hash uint64
	// Piece is what each text has that has the term; nil if that is not known.
	Piece *asciifold.Piece
}

// In says whether a text of a home has the term.
func (p Place) In(text []byte) bool { return hasTerm(text, p.hash) }

func hasTerm(text []byte, hash uint64) (has bool) {
	each(text, false, false, func(of uint64, _ int) { has = has || max(of, 1) == hash })
	return has
}

// What is an address and nothing else, and the shorter address in it: of the network
// without its port, of mail without all but the last run in front of the at sign.
var onlyAddress = []*regexp.Regexp{
	regexp.MustCompile(`^(([0-9]{1,3}(?:\.[0-9]{1,3}){3})(?::[0-9]+)?)$`),
	regexp.MustCompile(`^(?:[A-Za-z0-9]+[._+-])*?((?:[A-Za-z0-9]+[._+-])?([A-Za-z0-9]+@[A-Za-z0-9]+))(?:[.-][A-Za-z0-9]+)*$`),
}

// Places returns the placed terms of s, none if it is not Placed.
func (s *Sought) Places() (places []Place) {
	var pieces []string // a term that is in one of them stands in texts only as it does there
	for _, address := range onlyAddress {
		if m := address.FindStringSubmatch(s.of); m != nil {
			pieces = []string{m[2], m[1]}
		}
	}
	for _, t := range s.terms {
		if !t.placed {
			continue
		}
		place := Place{hash: t.hash}
		if i := slices.IndexFunc(pieces, func(piece string) bool { return hasTerm([]byte(piece), t.hash) }); i >= 0 {
			place.Piece = asciifold.Of(pieces[i])
		}
		places = append(places, place)
	}
	return places
}

// Homes says whether these were the homes of the rows.
func (f *Filter) Homes(columns []string) bool { return f.homes != 0 && f.homes == homesHash(columns) }

// Elsewhere returns the rows of a part of the file, counted within the part, that may be
// what is sought by a text outside of their homes that has a term which is not in those. Of
// all others that are it the homes have all of Places. ok is false if the filters do not say
// that, or say it of other homes.
func (f *Filter) Elsewhere(r io.ReaderAt, number int, s *Sought, columns []string) (rows []Span, ok bool, err error) {
	if !f.Homes(columns) || number < 0 || number >= len(f.parts) || !s.Placed() {
		return nil, false, nil
	}
	p := &f.parts[number]
	var blocks uint64
	for _, t := range s.terms {
		if !t.placed {
			continue
		}
		if !f.keeps(t) {
			return nil, false, nil
		}
		of, err := p.blocks(r, elsewhere(t.hash))
		if err != nil {
			return nil, false, err
		}
		blocks |= of
	}
	return p.spans(Span{0, p.rows}, blocks), true, nil
}

package lake

import (
	"errors"
	"fmt"
	"slices"

	"github.com/quoll/quoll/internal/termfilter"
)

// Who looks for an address in any column of a row finds it in a short one mostly, and
// filters say which rows have it in others alone. So a year of documents need not be
// unpacked to count the rows of an address that each day has.

// errUnknown is returned for rows of which only an engine can say whether a document meets
// a condition. Others of the same files may be counted.
var errUnknown = fmt.Errorf("%w: a document that must be written anew", ErrNotCountable)

// anywhere is what conditions know of the file at work to find a text in any column.
type anywhere struct {
	homes []string
	// filter is that of the file, nil if it has none, and source the file.
	filter  *termfilter.Filter
	source  *openFile
	unknown bool // a row was asked of which only an engine can say
	// unplaced is how many rows so far are of files of which nobody knows where texts are.
	unplaced int64
}

// maxUnplaced is how many of such rows are gone through: an engine reads as many in the same
// time of the processor, and on more processors at once.
const maxUnplaced = 2 << 20

// homed are conditions of one that is Anywhere: those on homes and all others, and of each
// of the places those that some home has it and is not all of the text.
type homed struct {
	homes, others []*condition
	places        [][]*condition
}

// asksAnywhere says whether rows are looked for by a text in any column.
func (a *Counting) asksAnywhere() bool { return slices.ContainsFunc(a.Only, Only.Anywhere) }

// look has conditions be asked of a file. Documents of one of which nobody knows where texts
// are, since it was merged before that was written down, are all looked into, as an engine
// would; the homes of a row are asked before.
func (a *anywhere) look(f File, source *openFile, table string) error {
	a.homes, a.source, a.filter = homeColumns[table], source, nil
	if !f.lasting() {
		return nil
	}
	if len(a.homes) == 0 || f.terms == nil {
		return fmt.Errorf("%w: nobody knows where addresses are", ErrNotCountable)
	}
	filter, err := f.terms.of(source, f.Rows)
	if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, termfilter.ErrDamaged) {
		return err
	}
	if filter != nil && filter.Homes(a.homes) {
		a.filter = filter
		return nil
	}
	if a.unplaced += f.Rows; a.unplaced > maxUnplaced {
		return fmt.Errorf("%w: nobody knows where addresses are in %d rows", ErrNotCountable, a.unplaced)
	}
	return nil
}

// homed returns the conditions of o by where they look; nil if one of the homes is in none
// of them: filters do not say that a row has elsewhere what it has in that one.
func (c *conditions) homed(o *condition) *homed {
	if o.homed != nil {
		return o.homed
	}
	h := &homed{}
	for _, some := range o.any {
		if slices.Contains(c.homes, some.Column) && some.Holds != nil {
			h.homes = append(h.homes, some)
		} else {
			h.others = append(h.others, some)
		}
	}
	asked := func(home string) bool {
		return slices.ContainsFunc(h.homes, func(o *condition) bool { return o.Column == home })
	}
	if len(c.homes) == 0 || slices.ContainsFunc(c.homes, func(home string) bool { return !asked(home) }) {
		return nil
	}
	for _, place := range o.Text.Places() {
		var of []*condition
		for _, home := range h.homes {
			holds := home.Holds
			of = append(of, &condition{piece: place.Piece, held: map[string]bool{}, Only: &Only{Column: home.Column,
				Holds: func(text string) bool { return place.In([]byte(text)) && !holds(text) }}})
		}
		h.places = append(h.places, of)
	}
	o.homed = h
	return h
}

// shortAnywhere is short for a condition that is Anywhere.
func (c *conditions) shortAnywhere(number int, o *condition, spans []Span) (met []Span, looks []look, err error) {
	h := c.homed(o)
	if c.filter == nil || h == nil {
		return c.short(number, o.any, spans)
	}
	rest, ok, err := c.filter.Elsewhere(c.source, number, o.Text, c.homes)
	if err != nil {
		return nil, nil, err
	}
	if !ok {
		return c.short(number, o.any, spans)
	}
	rest = common(rest, spans)
	if met, err = c.meetingAny(number, h.homes, spans); err != nil {
		return nil, nil, err
	}
	covered := spans // that have all places so far in some home
	for _, place := range h.places {
		if covered, err = c.meetingAny(number, place, covered); err != nil {
			return nil, nil, err
		}
		if len(covered) == 0 {
			break
		}
	}
	rest = without(together(rest, covered), met)
	if len(rest) == 0 {
		return met, nil, nil
	}
	others, looks, err := c.short(number, h.others, rest)
	return together(met, others), looks, err
}

// without returns the rows of one list of spans that are not in another.
func without(all, some []Span) (left []Span) {
	for _, s := range all {
		for len(some) > 0 && some[0].End <= s.First {
			some = some[1:]
		}
		first := s.First
		for _, not := range some {
			if not.First >= s.End {
				break
			}
			if not.First > first {
				left = append(left, Span{First: first, End: not.First})
			}
			first = not.End
		}
		if first < s.End {
			left = append(left, Span{First: first, End: s.End})
		}
	}
	return left
}

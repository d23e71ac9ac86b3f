package lake

import (
	"cmp"
	"slices"
	"time"
)

// A step of time that only one day reaches has all its rows when that day is counted. Its
// groups need not stay beside those of other days, and those that are not wanted are let
// go: so there may be as many groups in each day as otherwise in all of them together.

// Reach is the time that rows of a part of what is counted are within, both included;
// zero: nobody knows.
type Reach struct{ Least, Most time.Time }

// Alone are steps of time that one part of what is counted reaches, and no other.
type Alone struct {
	by   int     // the column of the steps
	only []steps // in order, apart from each other
}

// steps are those from first to last, both included.
type steps struct{ first, last int64 }

var noSteps = steps{0, -1}

// Alone returns steps that one part alone reaches, of the column with the shortest ones;
// nil if there are none.
func (a *Counting) Alone(parts []Reach) *Alone {
	alone := &Alone{by: -1}
	for i, by := range a.By {
		if by.Step > 0 && (alone.by < 0 || by.Step < a.By[alone.by].Step) {
			alone.by = i
		}
	}
	if alone.by < 0 {
		return nil
	}
	reached := make([]steps, len(parts))
	for i, p := range parts {
		var ok bool
		if reached[i], ok = p.steps(a.By[alone.by].Step); !ok {
			return nil
		}
	}
	slices.SortFunc(reached, func(a, b steps) int { return cmp.Compare(a.first, b.first) })
	for i, s := range reached {
		// One that lies within another hides what of that comes after it, which costs room
		// and nothing else.
		if i > 0 {
			s.first = max(s.first, reached[i-1].last+1)
			reached[i].last = max(s.last, reached[i-1].last)
		}
		if i+1 < len(reached) {
			s.last = min(s.last, reached[i+1].first-1)
		}
		if s.first <= s.last {
			alone.only = append(alone.only, s)
		}
	}
	if len(alone.only) == 0 {
		return nil
	}
	return alone
}

// steps returns the steps of a length that a part reaches; ok is false if nobody knows.
func (r Reach) steps(of int64) (s steps, ok bool) {
	if r.Least.IsZero() || r.Most.IsZero() {
		return s, false
	}
	var errs [2]error
	s.first, errs[0] = step(r.Least.UnixMicro(), of)
	s.last, errs[1] = step(r.Most.UnixMicro(), of)
	return s, errs[0] == nil && errs[1] == nil
}

// of returns the steps around one that a part alone reaches; ok is false if others may
// reach it.
func (a *Alone) of(step int64) (s steps, ok bool) {
	at, ok := slices.BinarySearchFunc(a.only, step, func(s steps, step int64) int {
		switch {
		case s.last < step:
			return -1
		case s.first > step:
			return 1
		}
		return 0
	})
	if !ok {
		return noSteps, false
	}
	return a.only[at], true
}

// Part returns counts for one part after the other, which Take takes.
func (c *Counts) Part() (*Counts, error) {
	asked := *c.asked
	asked.Rows = 0 // of one part there are not as many
	return NewCounts(&asked)
}

// Take takes over the groups of a part, and leaves it as it was before rows were counted.
// Of groups of steps that the part alone reaches it takes those that are wanted.
func (c *Counts) Take(part *Counts, alone *Alone) error {
	last := noSteps // that were found to be alone
	for i := range part.groups {
		g := &part.groups[i]
		if !c.asked.Keep(g.rows) {
			step, ok := g.key[alone.by], true
			if step < last.first || step > last.last {
				last, ok = alone.of(step)
			}
			if ok {
				continue
			}
		}
		if err := c.addOf(part, g); err != nil {
			return err
		}
	}
	c.passed += part.passed
	part.empty()
	if c.tooMany() {
		return ErrManyGroups
	}
	return nil
}

// empty forgets all groups, and keeps what they took in memory and what is known of texts.
func (c *Counts) empty() {
	c.groups, c.passed = c.groups[:0], 0
	clear(c.number.at)
	for i := range c.places {
		c.places[i].empty()
	}
}

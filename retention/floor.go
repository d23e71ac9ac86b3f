package retention

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/quoll/quoll/schema"
)

// Floor is what one run of retention removed, as a function of a row: everything
// that was out of date on its day by its rules and that no hold of then kept. From
// then on, until the next run, a row that comes anew and is below the floor is not
// taken either, or a record that is delivered again would come back.
type Floor struct {
	// Day is the one on which the run counted, in UTC.
	Day   time.Time `json:"day"`
	Rules []Rule    `json:"rules"`
	Holds []Hold    `json:"holds,omitempty"`
	// Position is the last journal position whose rows were in the tables when the
	// run began.
	Position uint64 `json:"position"`
	// Done are the tables from which the run has removed all that it was to
	// remove. In others nothing was removed, but rows that came after Position
	// were not taken.
	Done map[string]bool `json:"done,omitempty"`

	policy *Policy
	until  uint64
}

// Removed says whether the row was removed, or not taken, by this run.
func (f *Floor) removed(position uint64, s *Subject) bool {
	if position > f.until || position <= f.Position && !f.Done[s.Table] {
		return false
	}
	return f.Below(s) != nil
}

// Below returns the rule by which a row is out of date on the floor's day, nil if
// it is not, or if a hold keeps it.
func (f *Floor) Below(s *Subject) *Rule {
	rule := f.policy.Winner(s)
	if rule == nil || !s.Time.Before(rule.Keep.Cutoff(f.Day)) || Holding(f.Holds, s) != nil {
		return nil
	}
	return rule
}

// Floors are those of all runs, the oldest first. The zero value has removed
// nothing. They do not change.
type Floors struct {
	floors []Floor
	// newest is the latest time that any of them removed; rows from then on need
	// no further look.
	newest time.Time
	// erased are the keys of records that are not taken whatever their age.
	erased map[schema.Key]struct{}
}

// WithErased returns the same floors, and that records with some keys were erased.
func (f *Floors) WithErased(keys map[schema.Key]struct{}) *Floors {
	with := &Floors{erased: keys}
	if f != nil {
		with.floors, with.newest = f.floors, f.newest
	}
	return with
}

// Erased says whether the record of a key was erased because of one person's data.
func (f *Floors) Erased(key schema.Key) bool {
	if f == nil {
		return false
	}
	_, erased := f.erased[key]
	return erased
}

// NewFloors puts the floors of all runs together. A run that counted by the rules
// and holds of the run before it takes its place once it has done at least as much.
func NewFloors(runs []Floor) (*Floors, error) {
	f := &Floors{}
	for _, run := range runs {
		policy, err := NewPolicy(run.Rules)
		if err != nil {
			return nil, err
		}
		run.policy, run.until, run.Holds = policy, math.MaxUint64, SortHolds(run.Holds)
		if n := len(f.floors); n > 0 {
			before := &f.floors[n-1]
			before.until = run.Position
			if before.subsumedBy(&run) {
				f.floors = f.floors[:n-1]
			}
		}
		f.floors = append(f.floors, run)
	}
	for i := range f.floors {
		for _, r := range f.floors[i].policy.Rules() {
			if cutoff := r.Keep.Cutoff(f.floors[i].Day); cutoff.After(f.newest) {
				f.newest = cutoff
			}
		}
	}
	return f, nil
}

// subsumedBy says whether everything that f removed is removed by next.
func (f *Floor) subsumedBy(next *Floor) bool {
	if !f.policy.Equal(next.policy) || !sameHolds(f.Holds, next.Holds) || next.Day.Before(f.Day) || next.Position < f.Position {
		return false
	}
	// A table that next has not done keeps what f removed from it.
	return !slices.ContainsFunc(slices.Collect(maps.Keys(f.Done)), func(table string) bool { return !next.Done[table] }) &&
		(f.Position == next.Position || allDone(f, next))
}

// allDone says whether next is done with every table from which f kept rows out.
func allDone(f, next *Floor) bool {
	for table := range columns {
		if rules, _ := f.policy.ForTable(table); len(rules) > 0 && !next.Done[table] {
			return false
		}
	}
	return true
}

// Recent says whether no row of that time is below any floor, whatever is in it.
func (f *Floors) Recent(at time.Time) bool { return f == nil || !at.Before(f.newest) }

// Removed says whether the row of a journal position was removed by a past run,
// or not taken after one.
func (f *Floors) Removed(position uint64, s *Subject) bool {
	if f.Recent(s.Time) {
		return false
	}
	return slices.ContainsFunc(f.floors, func(floor Floor) bool { return floor.removed(position, s) })
}

// Last returns the floor of the last run, nil if there was none.
func (f *Floors) Last() *Floor {
	if f == nil || len(f.floors) == 0 {
		return nil
	}
	return &f.floors[len(f.floors)-1]
}

// SameTerms says whether the floor was made by these rules and holds.
func (f *Floor) SameTerms(policy *Policy, holds []Hold) bool {
	return f.policy.Equal(policy) && sameHolds(f.Holds, SortHolds(holds))
}

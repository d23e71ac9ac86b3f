package retention

import (
	"reflect"
	"slices"
	"strings"
	"time"
)

// Hold keeps rows that a rule would let go. What it does not name it does not
// limit: one without anything holds all. A user is held in every row that has the
// address anywhere. Where a row does not say its tenant or its
// users, and the hold names some, the row is held: too much is kept rather than too
// little.
type Hold struct {
	ID      string   `json:"id"`
	Tenants []string `json:"tenants,omitempty"`
	Tables  []string `json:"tables,omitempty"`
	Users   []string `json:"users,omitempty"`
	// From and To bound TimeGenerated; To is exclusive, and zero is no bound.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

// Covers says whether the hold is about rows of a table between two times, both
// included.
func (h *Hold) Covers(table string, from, to time.Time) bool {
	return (len(h.Tables) == 0 || slices.Contains(h.Tables, table)) && !to.Before(h.From) && (h.To.IsZero() || from.Before(h.To))
}

// Holds says whether the hold keeps a row.
func (h *Hold) Holds(s *Subject) bool {
	switch {
	case !h.Covers(s.Table, s.Time, s.Time):
		return false
	case len(h.Tenants) > 0 && s.Tenant != "" && !anyFold(h.Tenants, []string{s.Tenant}):
		return false
	}
	return len(h.Users) == 0 || len(s.Users) == 0 || anyFold(h.Users, s.Users) || s.Mentions != nil && slices.ContainsFunc(h.Users, s.Mentions)
}

// Holding returns the first hold that keeps a row, nil if none does.
func Holding(holds []Hold, s *Subject) *Hold {
	for i := range holds {
		if holds[i].Holds(s) {
			return &holds[i]
		}
	}
	return nil
}

// SameHolds says whether two lists hold the same, in whatever order.
func SameHolds(a, b []Hold) bool { return sameHolds(SortHolds(a), SortHolds(b)) }

// sameHolds compares by content; both are sorted by SortHolds.
func sameHolds(a, b []Hold) bool {
	return len(a) == len(b) && (len(a) == 0 || reflect.DeepEqual(a, b))
}

// SortHolds puts holds in the order of their ids, in which they are compared, and
// their times in UTC.
func SortHolds(holds []Hold) []Hold {
	sorted := slices.Clone(holds)
	for i := range sorted {
		sorted[i].From, sorted[i].To = sorted[i].From.UTC(), sorted[i].To.UTC()
	}
	slices.SortFunc(sorted, func(a, b Hold) int { return strings.Compare(a.ID, b.ID) })
	return sorted
}

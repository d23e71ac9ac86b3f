package retention

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/schema"
)

// Rule keeps the rows that it matches for a time. A row that no rule matches is
// kept for ever.
type Rule struct {
	Name string `json:"name"`
	// Priority decides between rules that match the same row: the lowest number
	// wins, as in Microsoft Purview's audit retention policies. No two rules have
	// the same.
	Priority int    `json:"priority"`
	Keep     Period `json:"keep"`
	// Preset is the name of the preset that Keep came from, Class the records
	// class of the organisation's archives authority. Both are told and decide
	// nothing.
	Preset string `json:"preset,omitempty"`
	Class  string `json:"class,omitempty"`
	// Tables, RecordTypes and Users say which rows are matched; an empty list
	// leaves none out. A rule with record types or users matches no row of a
	// table that has no such column.
	Tables      []string     `json:"tables,omitempty"`
	RecordTypes []RecordType `json:"recordTypes,omitempty"`
	Users       []string     `json:"users,omitempty"`
}

// RecordType is one of Microsoft's audit record types.
type RecordType struct {
	Number int64  `json:"number"`
	Name   string `json:"name,omitempty"`
}

// Everything says whether the rule matches all rows of its tables.
func (r *Rule) Everything() bool { return len(r.RecordTypes) == 0 && len(r.Users) == 0 }

// Covers says whether the rule is about a table at all.
func (r *Rule) Covers(table string) bool {
	switch {
	case len(r.Tables) > 0 && !slices.Contains(r.Tables, table):
		return false
	case len(r.RecordTypes) > 0 && !columnsOf(table).typed():
		return false
	}
	return len(r.Users) == 0 || len(columnsOf(table).Users) > 0
}

// Matches says whether the rule is about a row.
func (r *Rule) Matches(s *Subject) bool {
	if !r.Covers(s.Table) {
		return false
	}
	if len(r.RecordTypes) > 0 && !slices.ContainsFunc(r.RecordTypes, s.isOf) {
		return false
	}
	return len(r.Users) == 0 || anyFold(r.Users, s.Users)
}

// Why says in words why a rule does not match a row; "" if it does.
func (r *Rule) Why(s *Subject) string {
	switch {
	case len(r.Tables) > 0 && !slices.Contains(r.Tables, s.Table):
		return "it is about other tables"
	case len(r.RecordTypes) > 0 && !columnsOf(s.Table).typed():
		return "the table has no record types"
	case len(r.Users) > 0 && len(columnsOf(s.Table).Users) == 0:
		return "the table has no user"
	case len(r.RecordTypes) > 0 && !slices.ContainsFunc(r.RecordTypes, s.isOf):
		return "it is about other record types"
	case len(r.Users) > 0 && !anyFold(r.Users, s.Users):
		return "it is about other users"
	}
	return ""
}

func anyFold(wanted, have []string) bool {
	return slices.ContainsFunc(have, func(h string) bool {
		return h != "" && slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, h) })
	})
}

// The bounds of a priority, those of Microsoft Purview.
const (
	firstPriority = 1
	lastPriority  = 10000
)

// shortest is the least that a rule may say: records of a busy tenant come days
// late, and a backfill takes a week.
var shortest = Period{Days: 30}

func (r *Rule) validate() error {
	switch {
	case strings.TrimSpace(r.Name) == "":
		return errors.New("name: missing; it is how tombstones call the rule")
	case r.Priority < firstPriority || r.Priority > lastPriority:
		return fmt.Errorf("priority: %d is not between %d and %d; the lowest number wins", r.Priority, firstPriority, lastPriority)
	case r.Keep == Period{}:
		return fmt.Errorf("keep: missing; write it as 12 months, 7 years or forever, or give a preset: %s", strings.Join(presetNames(), ", "))
	case r.Keep.shorterThan(shortest):
		return fmt.Errorf("keep: %s is less than %s, within which late records still come", r.Keep, shortest)
	}
	for _, name := range r.Tables {
		if _, ok := schema.Lookup(name); !ok {
			return fmt.Errorf("tables: there is no table %q", name)
		}
	}
	if slices.ContainsFunc(r.Users, func(u string) bool { return strings.TrimSpace(u) == "" || strings.Contains(u, "*") }) {
		return errors.New("users: each is a whole address, such as ada@coast.example, without *")
	}
	return nil
}

// Policy is rules in the order of their priority. It does not change.
type Policy struct{ rules []Rule }

// NewPolicy puts rules in order. No rules are a policy as well: everything stays.
func NewPolicy(rules []Rule) (*Policy, error) {
	sorted := slices.Clone(rules)
	slices.SortStableFunc(sorted, func(a, b Rule) int { return cmp.Compare(a.Priority, b.Priority) })
	names := map[string]bool{}
	for i := range sorted {
		r := &sorted[i]
		if err := r.validate(); err != nil {
			return nil, fmt.Errorf("retention rule %q: %w", r.Name, err)
		}
		if names[r.Name] {
			return nil, fmt.Errorf("retention rule %q: name: given twice", r.Name)
		}
		if i > 0 && sorted[i-1].Priority == r.Priority {
			return nil, fmt.Errorf("retention rule %q: priority: %d is that of rule %q as well; which of them wins must be plain", r.Name, r.Priority, sorted[i-1].Name)
		}
		names[r.Name] = true
	}
	return &Policy{sorted}, nil
}

// Rules returns the rules, the winner of any two first. The caller must not
// change them.
func (p *Policy) Rules() []Rule {
	if p == nil {
		return nil
	}
	return p.rules
}

// Winner returns the rule that decides about a row, nil if it stays for ever
// because no rule matches it.
func (p *Policy) Winner(s *Subject) *Rule {
	rules := p.Rules()
	for i := range rules {
		if rules[i].Matches(s) {
			return &rules[i]
		}
	}
	return nil
}

// ForTable returns the rules that can win for rows of a table, in order, and
// whether the last of them matches every row that is left.
func (p *Policy) ForTable(table string) (rules []*Rule, complete bool) {
	all := p.Rules()
	for i := range all {
		if !all[i].Covers(table) {
			continue
		}
		rules = append(rules, &all[i])
		if all[i].Everything() {
			return rules, true
		}
	}
	return rules, false
}

// OutOfDateByAll is the time before which a row is out of date whichever rule decides
// about it; zero if there is none, because a rule keeps for ever or there are no rules.
func (p *Policy) OutOfDateByAll(day time.Time) (at time.Time) {
	for i, r := range p.Rules() {
		if cutoff := r.Keep.Cutoff(day); i == 0 || cutoff.Before(at) {
			at = cutoff
		}
	}
	return at
}

// OutOfDateByAny is the time from which on no row is out of date by any rule.
func (p *Policy) OutOfDateByAny(day time.Time) (at time.Time) {
	for _, r := range p.Rules() {
		if cutoff := r.Keep.Cutoff(day); cutoff.After(at) {
			at = cutoff
		}
	}
	return at
}

// Equal says whether two policies decide alike and call their rules the same.
func (p *Policy) Equal(other *Policy) bool {
	return slices.EqualFunc(p.Rules(), other.Rules(), func(a, b Rule) bool {
		return a.Name == b.Name && a.Priority == b.Priority && a.Keep == b.Keep && a.Preset == b.Preset && a.Class == b.Class &&
			slices.Equal(a.Tables, b.Tables) && slices.Equal(a.RecordTypes, b.RecordTypes) && slices.Equal(a.Users, b.Users)
	})
}

// Day is midnight of a day in UTC. Rows go by whole days, so that a file, which
// has one day, is written again once for each rule at most.
func Day(at time.Time) time.Time { return at.UTC().Truncate(24 * time.Hour) }

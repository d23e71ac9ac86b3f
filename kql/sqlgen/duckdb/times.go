package duckdb

import (
	"strings"
	"time"

	"github.com/quoll/quoll/kql/plan"
)

// A condition on the time of a row costs as much as what most queries do with the row.
// Of a file of which all rows are known to meet it, nobody need ask them: so the engine
// is told the conditions with the scan, and may ask where there is doubt.

// Times is what the conditions above a scan ask of its time column.
type Times struct {
	// From and To are met by the rows between them, both included, and by no other; a
	// zero time is no bound.
	From, To time.Time
	// Condition is the same in SQL, over the column's name in storage.
	Condition string
	// Grouped says that the rows are grouped in the same statement, so that a scan in
	// several parts costs no more than one.
	Grouped bool
	// Counted says that of the rows that meet the conditions only the number is wanted,
	// and the least and the greatest time. Rows of which that is known need not be given.
	Counted bool
	// First says that the first rows of an order are wanted only; nil says that all are.
	First *First
	calls []plan.Expr
	by    *plan.Aggregate // which counts
}

// First is which rows of a scan are wanted in a statement that gives a few of them.
type First struct {
	Rows   int64 // at most so many
	Latest bool  // in the order of time from the latest on, else from the earliest
	// All says that nothing is asked of the rows but Condition, so that those that meet it
	// and come first are the wanted ones.
	All bool
}

// Item is what the engine gives for a scan.
type Item struct {
	Text string // an item of a FROM clause
	// Met says that all of its rows meet the conditions.
	Met bool
	// Rows counts rows that the item lacks because they are only counted, and Least and
	// Most are their times.
	Rows        int64
	Least, Most time.Time
}

// timesOf gives the conditions of the scans that have some, or whose rows are grouped.
// The filters count that have nothing but filters and projections between them and a
// scan, if nothing else reads it.
func timesOf(s *plan.Statement, column string) map[*plan.Scan]*Times {
	readers := plan.Readers(s.Root)
	all := map[*plan.Scan]*Times{}
	plan.Visit(s.Root, func(n plan.Node) {
		scan, ok := n.(*plan.Scan)
		if !ok {
			return
		}
		t := &Times{}
		whole := true // all conditions are taken in
		for len(readers[n]) == 1 {
			n = readers[n][0]
			if f, ok := n.(*plan.Filter); ok {
				whole = t.add(scan, column, f.Predicate) && whole
			} else if _, ok := n.(*plan.Project); !ok {
				t.want(scan, column, n, readers, whole)
				break
			}
		}
		all[scan] = t
	})
	return all
}

// add takes in what a condition says of the time column; true if it says nothing else.
func (t *Times) add(scan *plan.Scan, column string, e plan.Expr) bool {
	c, ok := e.(*plan.Call)
	if !ok {
		return false
	}
	if c.Function.Name == "and" {
		whole := true
		for _, a := range c.Args {
			whole = t.add(scan, column, a) && whole
		}
		return whole
	}
	if len(c.Args) != 2 || !is(scan, column, c.Args[0]) {
		return false
	}
	l, ok := c.Args[1].(*plan.Literal)
	if !ok {
		return false
	}
	at, ok := l.Value.(time.Time)
	if !ok {
		return false
	}
	at = at.UTC().Truncate(time.Microsecond) // as it is written
	var from, to time.Time
	op := c.Function.Name
	switch op {
	case ">=":
		from = at
	case ">":
		from = at.Add(time.Microsecond)
	case "<=":
		if to = at; to.IsZero() {
			return false // it would be no bound
		}
	case "<":
		to = at.Add(-time.Microsecond)
	default:
		return false
	}
	if from.After(t.From) {
		t.From = from
	}
	if !to.IsZero() && (t.To.IsZero() || to.Before(t.To)) {
		t.To = to
	}
	if t.Condition != "" {
		t.Condition += " AND "
	}
	t.Condition += quoteName(column) + " " + op + " " + timestamp(at)
	t.calls = append(t.calls, c)
	return true
}

// table returns the item of a scan, and notes whether it meets the conditions itself.
func (g *generator) table(n *plan.Scan) (string, error) {
	if g.options.Bounded == nil {
		return g.options.Scan(n)
	}
	t := g.times[n]
	item, err := g.options.Bounded(n, *t)
	for _, c := range t.calls {
		g.met[c] = item.Met
	}
	if t.by != nil {
		g.known[t.by] = item
	}
	return item.Text, err
}

// unmet returns the terms of a condition that the engine has not met already.
func (g *generator) unmet(e plan.Expr, b *block) string {
	c, ok := e.(*plan.Call)
	switch {
	case g.met[e]:
		return ""
	case !ok || c.Function.Name != "and":
		return g.predicate(e, b)
	}
	var terms []string
	for _, a := range c.Args {
		if text := g.unmet(a, b); text != "" {
			terms = append(terms, text)
		}
	}
	if len(terms) == 0 {
		return ""
	}
	return g.bounded("(" + strings.Join(terms, " AND ") + ")")
}

// Split returns what conditions on the rows of a scan ask of its time column, and the
// terms of them that ask for something else.
func Split(scan *plan.Scan, column string, conditions []plan.Expr) (t Times, others []plan.Expr) {
	for _, e := range conditions {
		if c, ok := e.(*plan.Call); ok && c.Function.Name == "and" {
			within, rest := Split(scan, column, c.Args)
			others = append(others, rest...)
			if within.From.After(t.From) {
				t.From = within.From
			}
			if !within.To.IsZero() && (t.To.IsZero() || within.To.Before(t.To)) {
				t.To = within.To
			}
			continue
		}
		if !t.add(scan, column, e) {
			others = append(others, e)
		}
	}
	return t, others
}

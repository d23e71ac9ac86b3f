package duckdb

import (
	"slices"
	"time"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/query"
)

const (
	// nearRows is how many rows next to the end of a table that is asked for are looked
	// through first, where its first rows by time are wanted of those that meet some
	// conditions, and nearShare what part of the table they may be: should they not be
	// enough, so much is read in vain.
	nearRows  = 256 << 10
	nearShare = 8
)

// near looks for the first rows of a table near one end of it.
type near struct {
	scan  *plan.Scan
	count int64 // so many are wanted
	time  int   // the column of the output with their times
	rows  int64 // so many are looked through
	left  bool  // that some files or batches are left out
	// latest says that the rows left out are earlier than bound; else they are later.
	latest bool
	bound  time.Time
}

// nearEnd returns how to look for what a statement asks for near one end of its table; nil
// where that is not what it asks for.
func (r *reader) nearEnd(s *plan.Statement) *near {
	if r.options.Each != nil || r.options.Standing {
		return nil
	}
	n := below(s.Root)
	limit, ok := n.(*plan.Limit)
	if !ok || limit.Count > int64(r.options.Limits.Rows) {
		return nil
	}
	sorted, ok := limit.Input.(*plan.Sort)
	if !ok || len(sorted.Keys) == 0 {
		return nil
	}
	n = below(sorted.Input)
	for {
		filter, ok := n.(*plan.Filter)
		if !ok {
			break
		}
		n = below(filter.Input)
	}
	scan, ok := n.(*plan.Scan)
	at := slices.IndexFunc(s.Output, func(o plan.Output) bool { return o.Column == sorted.Keys[0].Column })
	if !ok || at < 0 {
		return nil
	}
	return &near{scan: scan, count: limit.Count, time: at, rows: r.engine.near}
}

// below returns the first node that is no projection.
func below(n plan.Node) plan.Node {
	for {
		p, ok := n.(*plan.Project)
		if !ok {
			return n
		}
		n = p.Input
	}
}

// narrow narrows the range of the scan, and notes what that leaves out.
func (n *near) narrow(s *plan.Scan, set *ReadSet, w *window, from, to time.Time) (time.Time, time.Time) {
	if n == nil || s != n.scan || w.first == nil || w.first.All {
		return from, to
	}
	var runs []run
	var total int64
	for _, r := range runsOf(set) {
		if !r.least.IsZero() && overlaps(r.least, r.most, from, to) {
			runs = append(runs, r)
			total += r.rows
		}
	}
	if total < n.rows*nearShare {
		return from, to
	}
	bound, ok := enough(runs, w.first.Latest, n.rows)
	if !ok {
		return from, to
	}
	n.left, n.latest, n.bound = true, w.first.Latest, bound
	if n.latest {
		return later(from, bound), to
	}
	return from, earlier(to, bound)
}

// answers reports whether the rows that were found are those that are asked for: all of
// them, and none that a row left out could come before.
func (n *near) answers(e *query.Execution) bool {
	if !n.left {
		return true
	}
	if int64(len(e.Rows)) != n.count {
		return false
	}
	return !slices.ContainsFunc(e.Rows, func(row []any) bool {
		at, ok := row[n.time].(time.Time)
		return !ok || n.latest && at.Before(n.bound) || !n.latest && at.After(n.bound)
	})
}

// run is a file or a batch of rows.
type run struct {
	least, most time.Time
	rows        int64
	certain     bool // that all of them are rows of the table
}

func runsOf(set *ReadSet) []run {
	runs := make([]run, 0, len(set.Files)+len(set.Fresh))
	for _, f := range set.Files {
		runs = append(runs, run{f.MinTime, f.MaxTime, f.Rows, len(set.Later[f.Path]) == 0})
	}
	for _, f := range set.Fresh {
		runs = append(runs, run{f.MinTime, f.MaxTime, f.Batch.NumRows(), true})
	}
	return runs
}

// enough returns the time from which on, or up to which, runs have so many rows; false
// if they have fewer. It sorts the runs.
func enough(runs []run, latest bool, rows int64) (time.Time, bool) {
	slices.SortFunc(runs, func(a, b run) int {
		if latest {
			return b.least.Compare(a.least)
		}
		return a.most.Compare(b.most)
	})
	for _, r := range runs {
		if rows -= r.rows; rows > 0 {
			continue
		}
		if latest {
			return r.least, true
		}
		return r.most, true
	}
	return time.Time{}, false
}

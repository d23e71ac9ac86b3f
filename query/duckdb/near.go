package duckdb

import (
	"context"
	"slices"
	"time"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/rewrite"
	"github.com/quoll/quoll/query"
)

const (
	// nearRows is how many rows next to the end of what is asked for are looked through
	// first, where the first rows by time are wanted of those that meet some conditions,
	// and nearShare what part of all they may be: should they not be enough, so much is
	// read in vain. Where they gave some, as many are looked through next as should give
	// all, if those are no more than a part of nearAgain.
	nearRows  = 256 << 10
	nearShare = 8
	nearAgain = 3
)

// near looks for the first rows of tables near one end of them.
type near struct {
	scans  map[*plan.Scan]bool
	time   int   // the column of the output with their times
	count  int64 // so many are wanted
	latest bool  // from the latest on; else from the earliest
	// ordered says that what is cut off an answer that is too long comes after the rest of it.
	ordered bool
	any     bool      // that all rows that are found are as good as others
	rows    int64     // so many are looked through
	total   int64     // of so many
	left    bool      // that some files or batches are left out
	bound   time.Time // the rows left out are earlier, or later
	seen    int64     // rows of the answer
	found   int64     // of them those that no row left out could come before
}

// nearEnd returns how to look for what a statement asks for near one end of its tables; nil
// where that is not what it asks for.
func (r *reader) nearEnd(s *plan.Statement) *near {
	if r.options.Standing || r.options.Each != nil && r.options.Again == nil {
		return nil
	}
	n := &near{scans: map[*plan.Scan]bool{}, rows: r.engine.near}
	key, input, ok := n.wanted(s, int64(r.options.Limits.Rows), r.engine.coming)
	n.time = slices.IndexFunc(s.Output, func(o plan.Output) bool { return o.Column == key })
	if !ok || n.time < 0 && !n.any {
		return nil
	}
	if !n.reach(input, key, plan.Readers(s.Root)) || len(n.scans) == 0 {
		return nil
	}
	return n
}

// wanted reads which rows a statement asks for: so many that it says, or as many as an
// answer may have, which is cut behind them. It returns the column that orders them, nil if
// none does, and the node that gives them.
func (n *near) wanted(s *plan.Statement, most int64, c coming) (key *plan.Column, input plan.Node, ok bool) {
	if limit, isLimit := below(s.Root).(*plan.Limit); isLimit {
		sorted, ok := limit.Input.(*plan.Sort)
		if limit.Count > most || ok && len(sorted.Keys) == 0 {
			return nil, nil, false
		}
		if !ok { // of rows in no order the latest are as good as any, and not all are looked for
			n.count, n.latest, n.ordered, n.any = limit.Count, true, true, true
			return nil, limit.Input, len(s.Order) == 0
		}
		by := sorted.Keys[0]
		n.count, n.latest = limit.Count, by.Descending
		n.ordered = len(s.Order) > 0 && s.Order[0].Column == by.Column && s.Order[0].Descending == by.Descending
		return by.Column, sorted.Input, true
	}
	if len(s.Order) == 0 {
		return nil, nil, false
	}
	n.count, n.latest, n.ordered = most+1, s.Order[0].Descending, true
	if n.rows = max(n.rows, n.count); len(s.Output) >= c.columns {
		n.rows = min(n.rows, c.ordered) // of these an answer is cut by its bytes
	}
	return s.Order[0].Column, s.Root, true
}

// reach follows a column of times down to the scans that have it, or rows if key is nil; false
// if there is more than conditions, projections and unions in between, or others read them as
// well.
func (n *near) reach(node plan.Node, key *plan.Column, readers map[plan.Node][]plan.Node) bool {
	if len(readers[node]) > 1 {
		return false
	}
	switch node := node.(type) {
	case *plan.Filter:
		return n.reach(node.Input, key, readers)
	case *plan.Project:
		for _, d := range node.Define {
			if d.Column == key {
				ref, ok := d.Expr.(*plan.Ref)
				return ok && n.reach(node.Input, ref.Column, readers)
			}
		}
		return n.reach(node.Input, key, readers)
	case *plan.Union:
		at := slices.Index(node.Output, key)
		for i, from := range node.From {
			if key == nil {
				if !n.reach(from, nil, readers) {
					return false
				}
				continue
			}
			if at < 0 {
				return false
			}
			if ref, ok := node.Items[i][at].(*plan.Ref); !ok || !n.reach(from, ref.Column, readers) {
				return false
			}
		}
		return true
	case *plan.Scan:
		n.scans[node] = true
		return key == nil || slices.ContainsFunc(node.Fields, func(f plan.Field) bool { return f.Column == key && f.Source == rewrite.TimeColumn })
	}
	return false
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

// bind settles which rows are looked through; false if that is no small part of all.
func (n *near) bind(ctx context.Context, r *reader, share int64) bool {
	var runs []run
	n.total, n.left, n.seen, n.found = 0, false, 0, 0
	for scan := range n.scans {
		set, err := r.acquire(ctx, scan.Table)
		if err != nil || set.TimeColumn != rewrite.TimeColumn {
			return false
		}
		from, to := r.within(scan)
		for _, r := range runsOf(set) {
			if !r.least.IsZero() && overlaps(r.least, r.most, from, to) {
				runs = append(runs, r)
				n.total += r.rows
			}
		}
	}
	if n.total/share < n.rows {
		return false
	}
	var ok bool
	n.bound, ok = enough(runs, n.latest, n.rows)
	return ok
}

// reads reports whether some of its scans are among nodes.
func (n *near) reads(nodes map[plan.Node]bool) bool {
	if n == nil {
		return false
	}
	for scan := range n.scans {
		if nodes[scan] {
			return true
		}
	}
	return false
}

// narrow narrows the range of a scan, and notes that this leaves something out.
func (n *near) narrow(s *plan.Scan, w *window, from, to time.Time) (time.Time, time.Time) {
	if n == nil || !n.scans[s] || w.first != nil && w.first.All {
		return from, to
	}
	n.left = true
	if n.latest {
		return later(from, n.bound), to
	}
	return from, earlier(to, n.bound)
}

// see takes note of a row of the answer.
func (n *near) see(row []any) {
	if n == nil {
		return
	}
	n.seen++
	if n.any {
		n.found++
		return
	}
	at, ok := row[n.time].(time.Time)
	if ok && !(n.latest && at.Before(n.bound)) && !(!n.latest && at.After(n.bound)) {
		n.found++
	}
}

// answers reports whether the rows that were found are those that are asked for: all of
// them, and none that a row left out could come before.
func (n *near) answers(e *query.Execution) bool {
	if !n.left {
		return true
	}
	return n.found == n.seen && (n.seen == n.count || e.Truncated && n.ordered)
}

// further has more rows be looked through, as many as should give what is wanted going by
// an answer; false if those are too many.
func (n *near) further() bool {
	if n.found == 0 {
		return false
	}
	rows := float64(n.rows) * 1.25 * float64(n.count) / float64(n.found)
	share := int64(nearAgain)
	if n.any { // the engine stops at so many rows of all, too
		share = nearShare
	}
	if rows > float64(n.total/share) {
		return false
	}
	n.rows = max(int64(rows), 2*n.rows)
	return true
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

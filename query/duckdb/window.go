package duckdb

import (
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/kql/rewrite"
	sqlgen "github.com/quoll/quoll/kql/sqlgen/duckdb"
	"github.com/quoll/quoll/lake"
)

// minInside is how many rows make it worth to read files apart, which is half a
// millisecond more for the engine's planner: a condition on the time of a row costs
// about 8 ns.
const minInside = 64 << 10

// window is what is asked of the times of a scan's rows, by the request and by the
// conditions above the scan.
type window struct {
	from, to time.Time // rows between them, both included, meet all of it; zero is no bound
	request  string    // the request's part as SQL, empty for none
	// conditions are those above the scan as SQL. They are asked where a part of the
	// table is read if met is set, and else by the statement.
	conditions string
	grouped    bool
	least      int64 // so many rows are read apart, or more
	timed      bool  // the conditions are about the table's time, so that files can be known to meet them
	met        bool
	counted    bool          // rows that are all in the window need not be read
	first      *sqlgen.First // which rows are wanted, or nil
	known      sqlgen.Item   // what is told of those that are not
}

// window returns what is asked of the times of a scan's rows.
func (r *reader) window(set *ReadSet, asked sqlgen.Times) window {
	w := window{from: r.options.From, to: justBefore(r.options.To), request: r.requested(set), least: r.engine.inside}
	if w.timed = set.TimeColumn == rewrite.TimeColumn; w.timed {
		w.from, w.to = later(asked.From, w.from), earlier(asked.To, w.to)
		w.conditions, w.grouped = asked.Condition, asked.Grouped
		w.counted, w.first = asked.Counted && !set.ReadAll, asked.First
	}
	return w
}

// requested returns the request's time range as a condition, empty if it has none.
func (r *reader) requested(set *ReadSet) string {
	column := quoteName(set.TimeColumn)
	var terms []string
	if t := r.options.From; !t.IsZero() {
		terms = append(terms, column+" >= "+timestamp(t))
	}
	if t := r.options.To; !t.IsZero() {
		terms = append(terms, column+" < "+timestamp(t))
	}
	return strings.Join(terms, " AND ")
}

// covers reports whether all rows of a part of a table are in the window: those whose
// times are bounded all have one.
func (w *window) covers(least, most time.Time) bool {
	return !least.IsZero() && !most.IsZero() && !least.Before(w.from) && (w.to.IsZero() || !most.After(w.to))
}

// know counts rows that need not be read; false if they must be.
func (w *window) know(least, most time.Time, rows int64) bool {
	if !w.counted || rows == 0 || !w.covers(least, most) {
		return false
	}
	if w.known.Rows == 0 || least.Before(w.known.Least) {
		w.known.Least = least
	}
	if w.known.Rows == 0 || most.After(w.known.Most) {
		w.known.Most = most
	}
	w.known.Rows += rows
	return true
}

// reach narrows the range that is read to where the first rows of an order are: as soon
// as there are enough rows from some time on, none before it is wanted.
func (w *window) reach(set *ReadSet, from, to time.Time) (time.Time, time.Time) {
	if w.first == nil || !w.first.All {
		return from, to
	}
	runs := slices.DeleteFunc(runsOf(set), func(r run) bool { return !r.certain || !w.covers(r.least, r.most) })
	bound, ok := enough(runs, w.first.Latest, w.first.Rows)
	switch {
	case !ok:
		return from, to
	case w.first.Latest:
		return later(from, bound), to
	}
	return from, earlier(to, bound)
}

// part takes files apart of which all rows are in the window, if that pays. A scan of
// which the first rows of an order are wanted stays in one part: the engine then looks
// for them by the order's columns alone.
func (w *window) part(files []lake.File) (inside, others []lake.File) {
	if w.first != nil && w.first.Latest {
		// The engine leaves out what is older than the first rows that it has so far.
		slices.Reverse(files)
	}
	var rows int64
	for _, f := range files {
		if w.covers(f.MinTime, f.MaxTime) {
			inside, rows = append(inside, f), rows+f.Rows
		} else {
			others = append(others, f)
		}
	}
	if !w.timed || len(inside) == 0 || len(others) > 0 && (!w.grouped || rows < w.least) {
		return nil, files
	}
	w.met = true
	return inside, others
}

// where returns the WHERE clause for a part of a table.
func (w *window) where(i item) string {
	terms := []string{i.rows}
	if !w.met || !i.inside {
		terms = append(terms, w.request)
	}
	if w.met && !i.inside {
		terms = append(terms, w.conditions)
	}
	var all []string
	for _, t := range terms {
		if t != "" {
			all = append(all, t)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(all, " AND ")
}

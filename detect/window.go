package detect

import "time"

// Window is the stretch of event time that one evaluation of a rule sees:
// half open, in UTC. Its end lies on the grid of the rule's frequency, counted
// from the zero of Unix time, so that a restart meets the same windows again.
type Window struct{ Start, End time.Time }

// gridBefore returns the last point of the grid of step that is not after t.
func gridBefore(t time.Time, step time.Duration) time.Time {
	return time.UnixMilli(t.UnixMilli() / step.Milliseconds() * step.Milliseconds()).UTC()
}

// gridAfter returns the first point of the grid of step that lies after t.
func gridAfter(t time.Time, step time.Duration) time.Time {
	return gridBefore(t, step).Add(step)
}

// windowEnding returns the window of rule r that ends at end.
func (r *Rule) windowEnding(end time.Time) Window {
	return Window{Start: end.Add(-time.Duration(r.QueryPeriod)), End: end}
}

// due returns the windows that have to be evaluated now, oldest first, given
// the end of the last window that was. After an absence the windows of the
// grid are thinned out as far as they still cover every instant, because
// neighbouring windows overlap: a rule that looks back a day each five minutes
// needs one window for each day it was away, and the newest.
func (r *Rule) due(last, now time.Time) []Window {
	newest := gridBefore(now, time.Duration(r.QueryFrequency))
	if last.IsZero() {
		return []Window{r.windowEnding(newest)}
	}
	if !newest.After(last) {
		return nil
	}
	return r.cover(last, newest)
}

// cover returns windows that end on the grid, after from and up to to, such
// that every instant of [from, to) lies in one. to must lie on the grid.
func (r *Rule) cover(from, to time.Time) []Window {
	step := max(gridBefore(time.UnixMilli(0).Add(time.Duration(r.QueryPeriod)), time.Duration(r.QueryFrequency)).Sub(time.UnixMilli(0)), time.Duration(r.QueryFrequency))
	var ends []time.Time
	for end := to; end.After(from); end = end.Add(-step) {
		ends = append(ends, end)
	}
	windows := make([]Window, 0, len(ends))
	for i := len(ends) - 1; i >= 0; i-- {
		windows = append(windows, r.windowEnding(ends[i]))
	}
	return windows
}

// dirty returns the windows, all evaluated before, into which rows between
// earliest and latest (event time, inclusive) have fallen since.
func (r *Rule) dirty(earliest, latest, last time.Time) []Window {
	if earliest.IsZero() || last.IsZero() || !earliest.Before(last) {
		return nil
	}
	to := gridAfter(latest, time.Duration(r.QueryFrequency))
	// A window that ends up to a period later still sees the latest row, in
	// the company of what followed it; the newest of these is the one whose
	// view is fullest.
	to = gridBefore(to.Add(time.Duration(r.QueryPeriod)-time.Duration(r.QueryFrequency)), time.Duration(r.QueryFrequency))
	if to.After(last) {
		to = last
	}
	return r.cover(earliest, to)
}

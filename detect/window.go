package detect

import (
	"maps"
	"slices"
	"time"
)

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
// the end of the last window that was. After an absence of more than most
// windows those of the grid are thinned out as far as they still cover every
// instant, because neighbouring windows overlap: a rule that looks back a day
// each five minutes needs one window for each day it was away, and the newest.
func (r *Rule) due(last, now time.Time, most int) []Window {
	newest := gridBefore(now, time.Duration(r.QueryFrequency))
	if last.IsZero() {
		return []Window{r.windowEnding(newest)}
	}
	if !newest.After(last) {
		return nil
	}
	return r.cover(last, newest, most)
}

// stride is the longest distance of windows that leaves no instant out.
func (r *Rule) stride() time.Duration {
	return max(gridBefore(time.UnixMilli(0).Add(time.Duration(r.QueryPeriod)), time.Duration(r.QueryFrequency)).Sub(time.UnixMilli(0)), time.Duration(r.QueryFrequency))
}

// cover returns the windows that end on the grid, after from and up to to,
// which must lie on the grid; or, where these are more than most, as few of them
// as leave no instant of [from, to) out.
func (r *Rule) cover(from, to time.Time, most int) []Window {
	step := time.Duration(r.QueryFrequency)
	if to.Sub(from) > time.Duration(most)*step {
		step = r.stride()
	}
	var windows []Window
	for end := to; end.After(from); end = end.Add(-step) {
		windows = append(windows, r.windowEnding(end))
	}
	slices.Reverse(windows)
	return windows
}

// dirty returns the windows, all evaluated before, into which rows have fallen
// since: each, or where these are more than most, as few as hold all the rows.
// minutes are the starts of the minutes that the rows' event times lie in.
func (r *Rule) dirty(minutes []time.Time, last time.Time, most int) []Window {
	if last.IsZero() {
		return nil
	}
	frequency := time.Duration(r.QueryFrequency)
	ends := map[int64]bool{}
	for _, m := range minutes {
		if !m.Before(last) {
			continue
		}
		first := gridAfter(m, frequency)
		final := gridBefore(m.Add(time.Minute-time.Millisecond+time.Duration(r.QueryPeriod)), frequency)
		if final.After(last) {
			final = last
		}
		if len(ends) > most || int64(final.Sub(first)/frequency) > int64(most) {
			return r.fewest(minutes, last)
		}
		for end := first; !end.After(final); end = end.Add(frequency) {
			ends[end.UnixMilli()] = true
		}
	}
	if len(ends) > most {
		return r.fewest(minutes, last)
	}
	return r.windowsEnding(ends)
}

// fewest returns as few windows as hold each minute before last: for the oldest
// that is in none yet, the newest window that holds it.
func (r *Rule) fewest(minutes []time.Time, last time.Time) []Window {
	ends := map[int64]bool{}
	var covered time.Time // what ends at or before it is in a window
	for _, m := range minutes {
		if !m.Before(last) {
			break
		}
		if !m.Add(time.Minute).After(covered) || covered.Equal(last) {
			continue
		}
		covered = gridBefore(m.Add(r.stride()), time.Duration(r.QueryFrequency))
		if covered.After(last) {
			covered = last
		}
		ends[covered.UnixMilli()] = true
	}
	return r.windowsEnding(ends)
}

func (r *Rule) windowsEnding(ends map[int64]bool) []Window {
	var windows []Window
	for _, end := range slices.Sorted(maps.Keys(ends)) {
		windows = append(windows, r.windowEnding(time.UnixMilli(end).UTC()))
	}
	return windows
}

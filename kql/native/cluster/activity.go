package cluster

import (
	"maps"
	"math"
	"slices"
)

// each runs a function over the slices of gathered rows and collects its rows.
func each(arg any, f func(*slice) ([]any, error)) (any, error) {
	all, err := slicesOf(arg)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, s := range all {
		rows, err := f(s)
		if err != nil {
			return nil, err
		}
		if out = append(out, rows...); len(out) > maxOutput {
			return nil, errOutput
		}
	}
	return out, nil
}

// activityCounts gives, for each step, the events, the users, the users that
// are new, and the users so far. Arguments: rows, start, step, unit.
func activityCounts(args []any) (any, error) {
	by, err := stepsOf(args[1:])
	if err != nil {
		return nil, err
	}
	return each(args[0], func(s *slice) (out []any, _ error) {
		seen := map[string]bool{}
		for _, p := range s.periods(by) {
			before := len(seen)
			maps.Copy(seen, p.ids)
			out = append(out, s.row(p.bin, total(p.events), int64(len(p.ids)), int64(len(seen)-before), int64(len(seen))))
		}
		return out, nil
	})
}

// activityMetrics gives, for each step, the users, those not seen before, and
// how many of the step before came back. Arguments: rows, start, step, unit.
func activityMetrics(args []any) (any, error) {
	by, err := stepsOf(args[1:])
	if err != nil {
		return nil, err
	}
	return each(args[0], func(s *slice) (out []any, _ error) {
		seen := map[string]bool{}
		last := &period{}
		for i, p := range s.periods(by) {
			if i > 0 && by.next(last.bin) != p.bin {
				last = &period{} // nobody came in the step before
			}
			before := len(seen)
			maps.Copy(seen, p.ids)
			returned := rate(common(last.ids, p.ids), int64(len(last.ids)))
			out = append(out, s.row(p.bin, int64(len(p.ids)), int64(len(seen)-before), returned, 1-returned))
			last = p
		}
		return out, nil
	})
}

// activityEngagement compares the users of each inner window with those of the
// outer window that ends with it. Arguments: rows, start, inner, unit, outer.
func activityEngagement(args []any) (any, error) {
	by, err := stepsOf(args[1:])
	if err != nil {
		return nil, err
	}
	outer, _ := args[4].(int64)
	return each(args[0], func(s *slice) (out []any, _ error) {
		window := newWindow(s.events)
		for _, p := range s.periods(by) {
			end := by.next(p.bin)
			window.move(end-outer, end)
			inner, all := int64(len(p.ids)), int64(len(window.ids))
			out = append(out, s.row(p.bin, inner, all, rate(inner, all)))
		}
		return out, nil
	})
}

// slidingWindows counts events and users of the window that ends with each
// step. Arguments: rows, start, step, unit, end, lookback.
func slidingWindows(args []any) (any, error) {
	by, err := stepsOf(args[1:])
	if err != nil {
		return nil, err
	}
	end, _ := args[4].(int64)
	lookback, _ := args[5].(int64)
	if by.size > 0 {
		lookback -= lookback % by.size
	}
	bins, err := by.bins(by.start, end)
	if err != nil {
		return nil, err
	}
	return each(args[0], func(s *slice) (out []any, _ error) {
		window := newWindow(s.events)
		for _, b := range bins {
			to := by.next(b)
			window.move(to-lookback, to)
			if window.count > 0 {
				out = append(out, s.row(b, window.count, int64(len(window.ids))))
			}
		}
		return out, nil
	})
}

// window holds the events from one time to before another, both of which only
// grow.
type window struct {
	events      []event
	first, last int
	ids         map[string]int
	count       int64
}

func newWindow(events []event) *window { return &window{events: events, ids: map[string]int{}} }

func (w *window) move(from, to int64) {
	for ; w.last < len(w.events) && w.events[w.last].at < to; w.last++ {
		w.ids[w.events[w.last].id]++
		w.count += w.events[w.last].count
	}
	for ; w.first < w.last && w.events[w.first].at < from; w.first++ {
		id := w.events[w.first].id
		if w.ids[id]--; w.ids[id] == 0 {
			delete(w.ids, id)
		}
		w.count -= w.events[w.first].count
	}
}

// activeUsers counts, for each step, the users who were seen in enough periods
// of the lookback before one of their appearances. Arguments: rows, start, step,
// unit, lookback, period, how many.
func activeUsers(args []any) (any, error) {
	by, err := stepsOf(args[1:])
	if err != nil {
		return nil, err
	}
	lookback, _ := args[4].(int64)
	size, _ := args[5].(int64)
	enough, _ := args[6].(int64)
	within, err := stepsOf([]any{int64(0), size, ""})
	if err != nil {
		return nil, err
	}
	return each(args[0], func(s *slice) ([]any, error) {
		active := map[int64]map[string]bool{}
		for id, events := range byUser(s.events) {
			seen := newWindow(periodsAsIDs(events, within))
			for _, e := range events {
				seen.move(e.at-lookback+1, e.at+1)
				if e.at < by.start || int64(len(seen.ids)) < enough {
					continue
				}
				bin := by.bin(e.at)
				if active[bin] == nil {
					active[bin] = map[string]bool{}
				}
				active[bin][id] = true
			}
		}
		var out []any
		for _, bin := range slices.Sorted(maps.Keys(active)) {
			out = append(out, s.row(bin, int64(len(active[bin]))))
		}
		return out, nil
	})
}

// periodsAsIDs names each event by the period that it is in.
func periodsAsIDs(events []event, by steps) []event {
	out := make([]event, len(events))
	for i, e := range events {
		bin := by.bin(e.at)
		out[i] = event{id: formatInt(bin), at: e.at, count: 1}
	}
	return out
}

func byUser(events []event) map[string][]event {
	users := map[string][]event{}
	for _, e := range events {
		users[e.id] = append(users[e.id], e)
	}
	return users
}

// sessionCount counts, for each step, the events that begin a session: those
// that follow no other one of the user within the lookback. Arguments: rows,
// start, step, unit, lookback.
func sessionCount(args []any) (any, error) {
	by, err := stepsOf(args[1:])
	if err != nil {
		return nil, err
	}
	lookback, _ := args[4].(int64)
	return each(args[0], func(s *slice) ([]any, error) {
		sessions := map[int64]int64{}
		last := map[string]int64{}
		for _, e := range s.events {
			before, seen := last[e.id]
			last[e.id] = e.at
			if (!seen || e.at-before > lookback) && e.at >= by.start {
				sessions[by.bin(e.at)]++
			}
		}
		var out []any
		for _, bin := range slices.Sorted(maps.Keys(sessions)) {
			out = append(out, s.row(bin, sessions[bin]))
		}
		return out, nil
	})
}

// newActivity follows the users first seen in each step through the later ones.
// Arguments: rows, start, step, unit, end, the one step asked for or null, ids
// that are not new.
func newActivity(args []any) (any, error) {
	by, err := stepsOf(args[1:])
	if err != nil {
		return nil, err
	}
	end, _ := args[4].(int64)
	asked, one := args[5].(int64)
	bins, err := by.bins(by.start, end)
	if err != nil {
		return nil, err
	}
	old := map[string]bool{}
	list, _ := args[6].([]any)
	for _, id := range list {
		if text, ok := id.(string); ok {
			old[text] = true
		}
	}
	return each(args[0], func(s *slice) ([]any, error) {
		return s.cohorts(by, bins, old, func(bin int64) bool { return !one || by.bin(asked) == bin })
	})
}

func (s *slice) cohorts(by steps, bins []int64, old map[string]bool, wanted func(int64) bool) ([]any, error) {
	found := map[int64]*period{}
	for _, p := range s.periods(by) {
		found[p.bin] = p
	}
	var out []any
	seen := maps.Clone(old)
	for i, from := range bins {
		cohort := map[string]bool{}
		before := maps.Clone(seen)
		if p := found[from]; p != nil {
			for id := range p.ids {
				if !seen[id] {
					cohort[id], seen[id] = true, true
				}
			}
		}
		if len(cohort) == 0 || !wanted(from) {
			continue
		}
		for j, to := range bins[i:] {
			known := seen
			if j == 0 {
				known = before
			}
			out = append(out, s.cohortRow(from, to, cohort, known, found[to]))
			if len(out) > maxOutput {
				return nil, errOutput
			}
		}
	}
	return out, nil
}

func (s *slice) cohortRow(from, to int64, cohort, known map[string]bool, p *period) any {
	fresh, kept, size := int64(0), int64(0), int64(len(cohort))
	if p != nil {
		kept = common(cohort, p.ids)
		for id := range p.ids {
			if !known[id] {
				fresh++
			}
		}
	}
	return append([]any{from, to}, append(slices.Clone(s.dims), fresh, kept, size-kept, rate(kept, size), rate(size-kept, size))...)
}

// rollingPercentile gives, for each step, a percentile of the values of the
// steps before it and its own. Rows are [value, index, 1, dimensions…], the
// value being a number. Arguments: rows, start, step, unit, percentage, steps.
func rollingPercentile(args []any) (any, error) {
	by, err := stepsOf(args[1:])
	if err != nil {
		return nil, err
	}
	percentage, _ := args[4].(float64)
	width, _ := args[5].(int64)
	table, err := tableOf(args[0])
	if err != nil {
		return nil, err
	}
	return rolling(table, by, percentage, max(width, 1))
}

func nearestRank(sorted []any, percentage float64) any {
	if len(sorted) == 0 {
		return nil
	}
	rank := int(math.Ceil(min(max(percentage, 0), 100) / 100 * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}

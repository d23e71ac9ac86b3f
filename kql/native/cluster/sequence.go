package cluster

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/types"
)

// maxSteps bounds the work of looking for sequences.
const maxSteps = 20_000_000

var errSteps = errors.New("the rows make too many sequences; shorter windows or more dimensions leave fewer")

// detector looks for rows that fulfil one condition after the other.
type detector struct {
	rows       []moment
	conditions int
	step, span int64
	work       int
	found      [][]int64
}

type moment struct {
	at    int64
	flags []any
}

// detectSequences finds every sequence of rows that fulfil the conditions one
// after the other, each within step of the one before and all within span.
// Rows are [time, flags, dimensions…]; the result has the dimensions, the time
// of each step, and how long all of it took.
func detectSequences(args []any) (any, error) {
	table, err := tableOf(args[0])
	if err != nil {
		return nil, err
	}
	step, _ := args[1].(int64)
	span, _ := args[2].(int64)
	groups, dims := map[string]*detector{}, map[string][]any{}
	for _, row := range table {
		if len(row) < 2 {
			continue
		}
		at, ok := row[0].(int64)
		flags, isArray := row[1].([]any)
		if !ok || !isArray || len(flags) == 0 {
			continue
		}
		key := dynamic.Text(row[2:])
		if groups[key] == nil {
			groups[key], dims[key] = &detector{conditions: len(flags), step: step, span: span}, row[2:]
		}
		groups[key].rows = append(groups[key].rows, moment{at, flags})
	}
	out, work := []any{}, 0
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		d := groups[key]
		d.work = work
		if err := d.run(); err != nil {
			return nil, err
		}
		work = d.work
		for _, times := range d.found {
			row := slices.Clone(dims[key])
			for _, at := range times {
				row = append(row, at)
			}
			out = append(out, append(row, times[len(times)-1]-times[0]))
		}
		if len(out) > maxOutput {
			return nil, errOutput
		}
	}
	return out, nil
}

func (d *detector) run() error {
	slices.SortStableFunc(d.rows, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	for i := range d.rows {
		if d.rows[i].flags[0] != true {
			continue
		}
		if err := d.follow(i, []int64{d.rows[i].at}); err != nil {
			return err
		}
	}
	slices.SortFunc(d.found, slices.Compare[[]int64])
	d.found = slices.CompactFunc(d.found, slices.Equal[[]int64])
	return nil
}

// follow extends a sequence whose last row is i.
func (d *detector) follow(i int, times []int64) error {
	k := len(times)
	if k == d.conditions {
		if d.found = append(d.found, slices.Clone(times)); len(d.found) > maxOutput {
			return errOutput
		}
		return nil
	}
	for j := i + 1; j < len(d.rows); j++ {
		at := d.rows[j].at
		if at-times[k-1] > d.step || at-times[0] > d.span {
			return nil
		}
		if d.work++; d.work > maxSteps {
			return errSteps
		}
		if k < len(d.rows[j].flags) && d.rows[j].flags[k] == true {
			if err := d.follow(j, append(times[:k:k], at)); err != nil {
				return err
			}
		}
	}
	return nil
}

// state is what a user was in at a time.
type state struct {
	at    int64
	id    any
	value any
	text  string
}

// statesOf reads rows [id, time, state], by user and in order of time.
func statesOf(arg any) ([][]state, error) {
	table, err := tableOf(arg)
	if err != nil {
		return nil, err
	}
	users := map[string][]state{}
	for _, row := range table {
		if len(row) < 3 {
			continue
		}
		if at, ok := row[1].(int64); ok {
			key := dynamic.Text(row[0])
			users[key] = append(users[key], state{at, row[0], row[2], plainText(row[2])})
		}
	}
	var all [][]state
	for _, key := range slices.Sorted(maps.Keys(users)) {
		slices.SortStableFunc(users[key], func(a, b state) int { return cmp.Compare(a.at, b.at) })
		all = append(all, users[key])
	}
	return all, nil
}

// plainText is a value as a text without quotes.
func plainText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return dynamic.Text(v)
}

func textsOf(arg any) []string {
	list, _ := arg.([]any)
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = plainText(v)
	}
	return texts
}

// maxSamples is how many users a row of a funnel names.
const maxSamples = 128

// funnelSequence counts the users by what came before and behind a sequence of
// states. Arguments: rows, start, step, unit, window, sequence.
func funnelSequence(args []any) (any, error) {
	by, err := stepsOf(args[1:])
	if err != nil {
		return nil, err
	}
	window, _ := args[4].(int64)
	sequence := textsOf(args[5])
	if len(sequence) == 0 {
		return nil, errors.New("the sequence has no states")
	}
	users, err := statesOf(args[0])
	if err != nil {
		return nil, err
	}
	type passage struct {
		bin        int64
		prev, next string
	}
	values := map[string]any{"": ""}
	ids := map[passage][]any{}
	for _, states := range users {
		seen := map[passage]bool{}
		for i := range states {
			last, ok := sequenceAt(states, i, sequence, window)
			if !ok {
				continue
			}
			prev, next := before(states, i, window), behind(states, last, window)
			p := passage{by.bin(states[i].at), prev.text, next.text}
			values[prev.text], values[next.text] = prev.value, next.value
			if !seen[p] {
				seen[p] = true
				ids[p] = append(ids[p], states[i].id)
			}
		}
	}
	passages := slices.SortedFunc(maps.Keys(ids), func(a, b passage) int {
		return cmp.Or(cmp.Compare(a.bin, b.bin), cmp.Compare(len(ids[b]), len(ids[a])), cmp.Compare(a.prev, b.prev), cmp.Compare(a.next, b.next))
	})
	out := []any{}
	for _, p := range passages {
		users := ids[p]
		out = append(out, []any{p.bin, values[p.prev], values[p.next], int64(len(users)), users[:min(len(users), maxSamples)]})
	}
	return out, nil
}

// sequenceAt reports whether states follow a sequence from i on, and where it
// ends.
func sequenceAt(states []state, i int, sequence []string, window int64) (last int, ok bool) {
	for k, want := range sequence {
		if i+k >= len(states) || states[i+k].text != want || k > 0 && states[i+k].at-states[i+k-1].at > window {
			return 0, false
		}
	}
	return i + len(sequence) - 1, true
}

// before returns the last other state before a row, if it is not too long ago.
func before(states []state, i int, window int64) state {
	for j := i - 1; j >= 0 && states[i].at-states[j].at <= window; j-- {
		if states[j].text != states[i].text {
			return states[j]
		}
	}
	return state{}
}

func behind(states []state, i int, window int64) state {
	for j := i + 1; j < len(states) && states[j].at-states[i].at <= window; j++ {
		if states[j].text != states[i].text {
			return states[j]
		}
	}
	return state{}
}

// funnelCompletion counts, for each step of the timeline and each period, the
// users who came as far as each state of a sequence within the period.
// Arguments: rows, start, step, unit, sequence, periods.
func funnelCompletion(args []any) (any, error) {
	by, err := stepsOf(args[1:])
	if err != nil {
		return nil, err
	}
	sequence := textsOf(args[4])
	periods, err := periodsOf(args[5])
	if err != nil || len(sequence) == 0 {
		return nil, cmp.Or(err, errors.New("the sequence has no states"))
	}
	users, err := statesOf(args[0])
	if err != nil {
		return nil, err
	}
	counts, work := map[int64][]int64{}, 0
	for _, states := range users {
		for len(states) > 0 {
			bin, n := by.bin(states[0].at), 0
			for n < len(states) && by.bin(states[n].at) == bin {
				n++
			}
			if counts[bin] == nil {
				counts[bin] = make([]int64, len(periods)*len(sequence))
			}
			for i, period := range periods {
				for k := range completed(states[:n], sequence, period, &work) {
					counts[bin][i*len(sequence)+k]++
				}
			}
			if work > maxSteps {
				return nil, errSteps
			}
			states = states[n:]
		}
	}
	out := []any{}
	for _, bin := range slices.Sorted(maps.Keys(counts)) {
		for i, count := range counts[bin] {
			out = append(out, []any{bin, sequence[i%len(sequence)], periods[i/len(sequence)], count})
		}
	}
	return out, nil
}

// completed is how many states of a sequence somebody came through within a
// period of its first state.
func completed(states []state, sequence []string, period int64, work *int) int {
	most := 0
	for i := range states {
		if states[i].text != sequence[0] || *work > maxSteps {
			continue
		}
		depth := 1
		for j := i + 1; j < len(states) && depth < len(sequence) && states[j].at-states[i].at <= period; j++ {
			*work++
			if states[j].text == sequence[depth] {
				depth++
			}
		}
		most = max(most, depth)
	}
	return most
}

// periodsOf reads an array of timespans or numbers.
func periodsOf(arg any) ([]int64, error) {
	list, _ := arg.([]any)
	if len(list) == 0 || len(list) > 100 {
		return nil, errors.New("the periods are an array of one to 100 timespans")
	}
	var all []int64
	for _, v := range list {
		switch v := v.(type) {
		case int64:
			all = append(all, v)
			continue
		case string:
			if ticks, ok := types.ParseTimeSpan(v); ok {
				all = append(all, int64(ticks))
				continue
			}
		}
		return nil, errors.New("the period " + dynamic.Text(v) + " is no timespan")
	}
	return all, nil
}

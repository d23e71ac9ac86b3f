package cluster

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/types"
)

// MaxRows bounds the rows that a plugin looks at, and maxOutput those that it
// gives.
const (
	MaxRows   = 1_000_000
	maxOutput = 500_000
	maxBins   = 100_000
)

var errRows = fmt.Errorf("there are more than %d rows to look at; a shorter time range or a summarize before it leaves fewer", MaxRows)

// tableOf returns gathered rows.
func tableOf(arg any) ([][]any, error) {
	list, _ := arg.([]any)
	if len(list) > MaxRows {
		return nil, errRows
	}
	table := make([][]any, 0, len(list))
	for _, v := range list {
		if row, ok := v.([]any); ok {
			table = append(table, row)
		}
	}
	return table, nil
}

// event is what a user did at a time, count times. Times are ticks or numbers.
type event struct {
	id    string
	at    int64
	count int64
}

// slice is the events of one combination of dimensions.
type slice struct {
	dims   []any
	events []event
}

// slices of rows [id, time, count, dimensions…], ordered by their dimensions,
// events by time.
func slicesOf(arg any) ([]*slice, error) {
	table, err := tableOf(arg)
	if err != nil {
		return nil, err
	}
	found := map[string]*slice{}
	for _, row := range table {
		if len(row) < 3 {
			continue
		}
		at, ok := row[1].(int64)
		if !ok {
			continue
		}
		key := dynamic.Text(row[3:])
		s := found[key]
		if s == nil {
			s = &slice{dims: row[3:]}
			found[key] = s
		}
		id, isText := row[0].(string)
		if !isText {
			id = dynamic.Text(row[0])
		}
		count, _ := row[2].(int64)
		s.events = append(s.events, event{id, at, count})
	}
	all := make([]*slice, 0, len(found))
	for _, key := range slices.Sorted(maps.Keys(found)) {
		s := found[key]
		slices.SortFunc(s.events, func(a, b event) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id)) })
		all = append(all, s)
	}
	return all, nil
}

// row is one row of a result: a time, the dimensions, and values.
func (s *slice) row(at int64, values ...any) any {
	return append(append([]any{at}, s.dims...), values...)
}

// steps divides a timeline: by a size from a start on, or by calendar weeks,
// months or years of datetimes.
type steps struct {
	start, size int64
	unit        string
}

// stepsOf reads the arguments start, size and unit.
func stepsOf(args []any) (steps, error) {
	start, _ := args[0].(int64)
	size, _ := args[1].(int64)
	unit, _ := args[2].(string)
	switch {
	case unit == "week", unit == "month", unit == "year":
		return steps{start, 0, unit}, nil
	case unit != "":
		return steps{}, fmt.Errorf("the step %q is not week, month or year", unit)
	case size <= 0:
		return steps{}, errors.New("the step must be greater than zero")
	}
	return steps{start, size, ""}, nil
}

// bin returns the start of the step that a time is in.
func (s steps) bin(at int64) int64 {
	if s.unit == "" {
		offset := at - s.start
		n := offset / s.size
		if offset%s.size < 0 {
			n--
		}
		return s.start + n*s.size
	}
	t := timeOf(at)
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	switch s.unit {
	case "week":
		day = day.AddDate(0, 0, -int(day.Weekday()))
	case "month":
		day = day.AddDate(0, 0, 1-day.Day())
	case "year":
		day = time.Date(day.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return ticksOf(day)
}

// next returns the start of the step behind that of a bin.
func (s steps) next(bin int64) int64 {
	t := timeOf(bin)
	switch s.unit {
	case "week":
		return ticksOf(t.AddDate(0, 0, 7))
	case "month":
		return ticksOf(t.AddDate(0, 1, 0))
	case "year":
		return ticksOf(t.AddDate(1, 0, 0))
	}
	if bin > math.MaxInt64-s.size {
		return math.MaxInt64
	}
	return bin + s.size
}

// bins lists the steps from one time to another, both included.
func (s steps) bins(from, to int64) ([]int64, error) {
	var all []int64
	for b := s.bin(from); b <= to; b = s.next(b) {
		if len(all) == maxBins {
			return nil, fmt.Errorf("there are more than %d steps between the start and the end", maxBins)
		}
		all = append(all, b)
		if b == math.MaxInt64 {
			break
		}
	}
	return all, nil
}

// unixEpoch is 1970 in ticks since year 1.
const unixEpoch = 621_355_968_000_000_000

func timeOf(ticks int64) time.Time {
	since := types.Ticks(ticks - unixEpoch)
	return time.Unix(int64(since/types.TicksPerSecond), int64(since%types.TicksPerSecond)*100).UTC()
}

func ticksOf(t time.Time) int64 {
	return t.Unix()*int64(types.TicksPerSecond) + int64(t.Nanosecond()/100) + unixEpoch
}

// period is the events of one step.
type period struct {
	bin    int64
	events []event
	ids    map[string]bool
}

// periods puts the events of a slice into steps, in order.
func (s *slice) periods(by steps) []*period {
	var all []*period
	for _, e := range s.events {
		bin := by.bin(e.at)
		if n := len(all); n == 0 || all[n-1].bin != bin {
			all = append(all, &period{bin: bin, ids: map[string]bool{}})
		}
		p := all[len(all)-1]
		p.events = append(p.events, e)
		p.ids[e.id] = true
	}
	return all
}

func total(events []event) int64 {
	sum := int64(0)
	for _, e := range events {
		sum += e.count
	}
	return sum
}

func common(a, b map[string]bool) int64 {
	if len(b) < len(a) {
		a, b = b, a
	}
	n := int64(0)
	for id := range a {
		if b[id] {
			n++
		}
	}
	return n
}

func rate(part, whole int64) float64 { return float64(part) / float64(whole) }

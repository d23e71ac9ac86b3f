package cluster

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/quoll/quoll/kql/dynamic"
)

var errOutput = errors.New("the plugin would give more than " + strconv.Itoa(maxOutput) + " rows")

// maxRolled bounds the values that are sorted, those of all windows together.
const maxRolled = 50_000_000

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }

// rolling computes a percentile over the last steps, for each combination of
// dimensions and every step between its first and its last one that has values.
func rolling(table [][]any, by steps, percentage float64, width int64) (any, error) {
	type series struct {
		dims   []any
		values map[int64][]any
	}
	all := map[string]*series{}
	for _, row := range table {
		if len(row) < 3 || row[0] == nil {
			continue
		}
		at, ok := row[1].(int64)
		if !ok {
			continue
		}
		key := dynamic.Text(row[3:])
		if all[key] == nil {
			all[key] = &series{row[3:], map[int64][]any{}}
		}
		bin := by.bin(at)
		all[key].values[bin] = append(all[key].values[bin], row[0])
	}
	out, work := []any{}, 0
	for _, key := range slices.Sorted(maps.Keys(all)) {
		s := all[key]
		bins := slices.Sorted(maps.Keys(s.values))
		for i, bin := range bins {
			var window []any
			for j := i; j >= 0 && by.before(bin, width) < bins[j]; j-- {
				window = append(window, s.values[bins[j]]...)
			}
			if work += len(window); work > maxRolled {
				return nil, fmt.Errorf("the windows hold more than %d values together", maxRolled)
			}
			slices.SortFunc(window, compareNumbers)
			out = append(out, (&slice{dims: s.dims}).row(bin, nearestRank(window, percentage)))
		}
	}
	return out, nil
}

// before returns the start of the step that lies some steps before a bin.
func (s steps) before(bin, count int64) int64 {
	if s.unit == "" {
		return bin - s.size*count
	}
	for range min(count, 10_000) {
		bin = s.bin(bin - 1)
	}
	return bin
}

func compareNumbers(a, b any) int {
	x, isLong := a.(int64)
	y, bothLong := b.(int64)
	if isLong && bothLong {
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	p, _ := dynamic.Real(a)
	q, _ := dynamic.Real(b)
	switch {
	case p < q:
		return -1
	case p > q:
		return 1
	}
	return 0
}

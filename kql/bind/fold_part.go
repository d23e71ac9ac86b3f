package bind

import (
	"strings"
	"time"
)

// partOf reports whether a function gives where a day, week, month or year
// begins or ends: startofday() and its kin.
func partOf(name string) bool {
	part, ok := strings.CutPrefix(name, "startof")
	if !ok {
		part, ok = strings.CutPrefix(name, "endof")
	}
	return ok && (part == "day" || part == "week" || part == "month" || part == "year")
}

// foldPart computes startofday() and its kin, of a time and of how many days,
// weeks, months or years later. The last tick before the next one is the end.
func foldPart(name string, values []any) (any, bool) {
	t, ok := values[0].(time.Time)
	if !ok {
		return nil, false
	}
	var later int64
	if len(values) == 2 {
		if later, ok = values[1].(int64); !ok || later < -4_000_000 || later > 4_000_000 {
			return nil, false
		}
	}
	if part, ok := strings.CutPrefix(name, "endof"); ok {
		return bounded(startOf(part, t.UTC(), int(later)+1).Add(-100 * time.Nanosecond))
	}
	return bounded(startOf(strings.TrimPrefix(name, "startof"), t.UTC(), int(later)))
}

// startOf gives where the part that is n later than that of t begins. A week
// begins with Sunday.
func startOf(part string, t time.Time, n int) time.Time {
	year, month, day := t.Date()
	switch part {
	case "week":
		day += 7*n - int(t.Weekday())
	case "month":
		month, day = month+time.Month(n), 1
	case "year":
		year, month, day = year+n, time.January, 1
	default:
		day += n
	}
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

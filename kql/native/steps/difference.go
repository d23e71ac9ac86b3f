package steps

import (
	"strings"
	"time"

	"github.com/quoll/quoll/kql/types"
)

// unitTicks are the parts of a time that have one length.
var unitTicks = map[string]int64{
	"day": 86400 * int64(types.TicksPerSecond), "hour": 3600 * int64(types.TicksPerSecond), "minute": 60 * int64(types.TicksPerSecond),
	"second": int64(types.TicksPerSecond), "millisecond": int64(types.TicksPerSecond) / 1000, "microsecond": int64(types.TicksPerSecond) / 1_000_000,
}

// difference counts the boundaries of a part from one datetime to another:
// datetime_diff(). A week begins on Sunday.
func difference(_ string, a []any) any {
	part := strings.ToLower(text(a[0]))
	later, ok1 := a[1].(int64)
	earlier, ok2 := a[2].(int64)
	if !ok1 || !ok2 {
		return nil
	}
	if part == "nanosecond" {
		return multiply("long", []any{later - earlier, int64(100)})
	}
	x, ok1 := periods(part, later)
	y, ok2 := periods(part, earlier)
	if !ok1 || !ok2 {
		return nil
	}
	return x - y
}

// periods counts the parts that began since 1970, and those before.
func periods(part string, ticks int64) (int64, bool) {
	if unit := unitTicks[part]; unit > 0 {
		return floored(ticks, unit), true
	}
	day := floored(ticks, unitTicks["day"])
	year, month, _ := time.Unix(day*86400, 0).UTC().Date()
	switch part {
	case "week":
		return floored(day+4, 7), true // 1970 began on a Thursday
	case "month":
		return int64(year)*12 + int64(month-1), true
	case "quarter":
		return int64(year)*4 + int64(month-1)/3, true
	case "year":
		return int64(year), true
	}
	return 0, false
}

func floored(x, by int64) int64 {
	if x < 0 {
		return -((by - 1 - x) / by)
	}
	return x / by
}

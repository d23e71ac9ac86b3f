package types

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Ticks is the value of a timespan: a signed number of 100 ns ticks.
type Ticks int64

// Lengths of time in ticks.
const (
	TicksPerMicrosecond Ticks = 10
	TicksPerMillisecond       = 1000 * TicksPerMicrosecond
	TicksPerSecond            = 1000 * TicksPerMillisecond
	TicksPerMinute            = 60 * TicksPerSecond
	TicksPerHour              = 60 * TicksPerMinute
	TicksPerDay               = 24 * TicksPerHour
)

// String returns the text that Kusto prints: [-][d.]hh:mm:ss[.fffffff], with
// days only when there are any and seven decimals only when not all are zero.
func (t Ticks) String() string {
	buf := make([]byte, 0, 26)
	rest := uint64(t)
	if t < 0 {
		buf = append(buf, '-')
		rest = -rest // also right for the least value, which has no positive
	}
	if days := rest / uint64(TicksPerDay); days > 0 {
		buf = strconv.AppendUint(buf, days, 10)
		buf = append(buf, '.')
		rest %= uint64(TicksPerDay)
	}
	buf = appendPadded(buf, rest/uint64(TicksPerHour), 2)
	buf = append(buf, ':')
	buf = appendPadded(buf, rest/uint64(TicksPerMinute)%60, 2)
	buf = append(buf, ':')
	buf = appendPadded(buf, rest/uint64(TicksPerSecond)%60, 2)
	if fraction := rest % uint64(TicksPerSecond); fraction > 0 {
		buf = append(buf, '.')
		buf = appendPadded(buf, fraction, 7)
	}
	return string(buf)
}

func appendPadded(buf []byte, n uint64, width int) []byte {
	digits := strconv.FormatUint(n, 10)
	for range width - len(digits) {
		buf = append(buf, '0')
	}
	return append(buf, digits...)
}

// Unit returns the length in ticks that a suffix of a timespan literal means:
// "d", "hours", "ms" and so on. A nanosecond is a hundredth of a tick, so the
// length is a fraction.
func Unit(suffix string) (ticks float64, ok bool) {
	switch suffix {
	case "d", "day", "days":
		return float64(TicksPerDay), true
	case "h", "hr", "hrs", "hour", "hours":
		return float64(TicksPerHour), true
	case "m", "min", "mins", "minute", "minutes":
		return float64(TicksPerMinute), true
	case "s", "sec", "secs", "second", "seconds":
		return float64(TicksPerSecond), true
	case "ms", "milli", "millis", "millisec", "millisecs", "millisecond", "milliseconds":
		return float64(TicksPerMillisecond), true
	case "micro", "micros", "microsec", "microsecs", "microsecond", "microseconds":
		return float64(TicksPerMicrosecond), true
	case "nano", "nanos", "nanosec", "nanosecs", "nanosecond", "nanoseconds":
		return 0.01, true
	case "tick", "ticks":
		return 1, true
	}
	return 0, false
}

// ParseTimeSpan reads the text forms of a timespan: a number with a unit
// ("1.5h", "15 seconds"), [-][d.]hh:mm[:ss[.fffffff]], or a whole number of
// days. ok is false for anything else and for a value out of range.
func ParseTimeSpan(text string) (ticks Ticks, ok bool) {
	s := strings.TrimSpace(text)
	negative := strings.HasPrefix(s, "-")
	if negative {
		s = s[1:]
	}
	if strings.ContainsRune(s, ':') {
		ticks, ok = parseClock(s)
	} else {
		ticks, ok = parseWithUnit(s)
	}
	if negative {
		ticks = -ticks
	}
	return ticks, ok
}

// parseWithUnit reads "1.5h", "15 seconds" and "2", which is two days.
func parseWithUnit(s string) (Ticks, bool) {
	end := 0
	for end < len(s) && (isDigit(s[end]) || s[end] == '.') {
		end++
	}
	suffix := strings.TrimSpace(s[end:])
	if suffix == "" {
		days, err := strconv.ParseInt(s, 10, 32)
		if err != nil {
			return 0, false
		}
		return scale(float64(days), float64(TicksPerDay))
	}
	unit, ok := Unit(suffix)
	if !ok {
		return 0, false
	}
	if whole, err := strconv.ParseUint(s[:end], 10, 63); err == nil && unit >= 1 {
		hi, lo := bits.Mul64(whole, uint64(unit))
		return Ticks(lo), hi == 0 && lo <= math.MaxInt64
	}
	number, err := strconv.ParseFloat(s[:end], 64)
	if err != nil {
		return 0, false
	}
	return scale(number, unit)
}

func scale(number, unit float64) (Ticks, bool) {
	product := math.Round(number * unit)
	if math.Abs(product) >= math.MaxInt64 {
		return 0, false
	}
	return Ticks(product), true
}

// parseClock reads [d.]hh:mm[:ss[.fffffff]].
func parseClock(s string) (Ticks, bool) {
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, false
	}
	var days uint64
	hourText := parts[0]
	if dayText, rest, found := strings.Cut(hourText, "."); found {
		var ok bool
		if days, ok = parseBounded(dayText, 10_675_199); !ok {
			return 0, false
		}
		hourText = rest
	}
	hours, ok1 := parseBounded(hourText, 23)
	minutes, ok2 := parseBounded(parts[1], 59)
	ticks := Ticks(days)*TicksPerDay + Ticks(hours)*TicksPerHour + Ticks(minutes)*TicksPerMinute
	if !ok1 || !ok2 || ticks < 0 {
		return 0, false
	}
	if len(parts) == 2 {
		return ticks, true
	}
	secondText, fractionText, hasFraction := strings.Cut(parts[2], ".")
	seconds, ok := parseBounded(secondText, 59)
	fraction, okFraction := parseFraction(fractionText)
	ticks += Ticks(seconds)*TicksPerSecond + fraction
	return ticks, ok && (okFraction || !hasFraction) && ticks >= 0
}

// parseFraction reads the decimals of a second as ticks; digits after the
// seventh are cut.
func parseFraction(s string) (Ticks, bool) {
	var ticks Ticks
	unit := TicksPerSecond
	for i := range len(s) {
		if !isDigit(s[i]) {
			return 0, false
		}
		unit /= 10
		ticks += Ticks(s[i]-'0') * unit
	}
	return ticks, len(s) > 0
}

func parseBounded(s string, most uint64) (uint64, bool) {
	if s == "" || !isDigit(s[0]) {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 32)
	return n, err == nil && n <= most
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

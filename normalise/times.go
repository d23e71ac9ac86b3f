package normalise

import (
	"strconv"
	"strings"
	"time"
)

// parseTime reads a time as Microsoft's exports write it, always UTC when it
// names no zone:
//
//	2021-05-18T21:13:33                audit records
//	2026-09-18T14:11:24.3832981Z       Defender; up to nine digits are read
//	2021-05-18 21:13:33+02:00
//	5/18/2021 9:13:33 PM               wrappers of audit search
//	4/28/2021, 3:05:26.000 PM          CSV exports of Sentinel
//	/Date(1621372413000)/              PowerShell's ConvertTo-Json
func parseTime(text string) (time.Time, bool) {
	text = strings.TrimSpace(text)
	if t, ok := parseISO(text); ok {
		return t, true
	}
	if ms, ok := strings.CutPrefix(text, "/Date("); ok {
		return parseDateCall(ms)
	}
	// Newer exports write a narrow no-break space before AM and PM.
	text = strings.NewReplacer(",", "", "\u202f", " ").Replace(text)
	for _, layout := range [...]string{"1/2/2006 3:04:05 PM", "1/2/2006 15:04:05", "1/2/2006 3:04 PM"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// parseISO reads yyyy-mm-ddThh:mm:ss[.f…][Z|±hh:mm|±hhmm], with T or a blank.
func parseISO(s string) (time.Time, bool) {
	if len(s) < 19 || s[4] != '-' || s[7] != '-' || s[10] != 'T' && s[10] != ' ' || s[13] != ':' || s[16] != ':' {
		return time.Time{}, false
	}
	year, ok1 := digits(s[0:4])
	month, ok2 := digits(s[5:7])
	day, ok3 := digits(s[8:10])
	hour, ok4 := digits(s[11:13])
	minute, ok5 := digits(s[14:16])
	second, ok6 := digits(s[17:19])
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 || year < 1 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	rest := s[19:]
	nanos := 0
	if strings.HasPrefix(rest, ".") {
		n := 1
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		nanos, _ = digits((rest[1:n] + "000000000")[:9])
		rest = rest[n:]
	}
	offset, ok := parseZone(rest)
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	if !ok || t.Day() != day || int(t.Month()) != month {
		return time.Time{}, false
	}
	t = t.Add(-offset)
	return t, t.Year() >= 1 && t.Year() <= 9999
}

// parseZone reads the offset of local time from UTC; nothing is UTC.
func parseZone(s string) (time.Duration, bool) {
	if s == "" || s == "Z" || s == "z" {
		return 0, true
	}
	if s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	clock := strings.Replace(s[1:], ":", "", 1)
	if len(clock) != 4 {
		return 0, false
	}
	hours, ok1 := digits(clock[:2])
	minutes, ok2 := digits(clock[2:])
	offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if s[0] == '-' {
		offset = -offset
	}
	return offset, ok1 && ok2 && hours <= 14 && minutes <= 59
}

// parseDateCall reads milliseconds since 1970 UTC up to the closing ")/". An
// offset behind them only says in which zone the source would show the time.
func parseDateCall(s string) (time.Time, bool) {
	s, ok := strings.CutSuffix(s, ")/")
	if !ok {
		return time.Time{}, false
	}
	if at := strings.LastIndexAny(s, "+-"); at > 0 {
		s = s[:at]
	}
	ms, err := strconv.ParseInt(s, 10, 64)
	t := time.UnixMilli(ms).UTC()
	return t, err == nil && t.Year() >= 1 && t.Year() <= 9999
}

func digits(s string) (int, bool) {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

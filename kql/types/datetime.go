package types

import (
	"strings"
	"time"
)

// The least and greatest datetime of Kusto: year 1 to the last tick of 9999.
var (
	MinDateTime = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	MaxDateTime = time.Date(9999, 12, 31, 23, 59, 59, 999_999_900, time.UTC)
)

// FormatDateTime returns the text that Kusto prints for a datetime: ISO 8601
// in UTC with seven decimals, "2026-09-14T08:22:33.0010000Z".
func FormatDateTime(t time.Time) string {
	return t.UTC().Format("2006-01-02T15:04:05.0000000Z")
}

// ClockTime is a time of day, as datetime(06:00) has it: on the day of the query,
// which a constant by itself does not know.
type ClockTime Ticks

// ParseClockTime reads hh:mm or hh:mm:ss with up to seven decimals.
func ParseClockTime(text string) (ClockTime, bool) {
	r := isoReader{rest: strings.TrimSpace(text), ok: true}
	hour, minute, second, fraction := r.clock()
	if !r.ok || r.rest != "" || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	seconds := Ticks(hour*3600 + minute*60 + second)
	return ClockTime(seconds*TicksPerSecond + fraction), true
}

// On returns the time on the day of t.
func (c ClockTime) On(t time.Time) time.Time {
	year, month, day := t.UTC().Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Add(time.Duration(c) * 100)
}

// otherLayouts are the RFC 822 and RFC 850 forms, and the American form, that
// Kusto takes besides ISO 8601. The time of day and the zone may be absent.
var otherLayouts = buildLayouts()

func buildLayouts() []string {
	days := []string{
		"Mon, 2 Jan 06", "2 Jan 06", "Mon, 2 Jan 2006", "2 Jan 2006",
		"Monday, 02-Jan-06", "02-Jan-06", "02-Jan-2006",
		"1/2/2006", "1-2-2006", "2006/1/2", "2006, 1, 2", "Jan 2, 2006", "January 2, 2006",
	}
	clocks := []string{" 15:04:05.999999999", " 15:04", " 3:04:05 PM", " 3:04 PM", ""}
	zones := []string{" GMT", " UTC", " Z", " -0700", " -07:00", "Z", ""}
	layouts := make([]string, 0, len(days)*len(clocks)*len(zones))
	for _, day := range days {
		for _, clock := range clocks {
			for _, zone := range zones {
				layouts = append(layouts, day+clock+zone)
			}
		}
	}
	return layouts
}

// ParseDateTime reads the text forms of a datetime that Kusto takes: ISO 8601
// in all its lengths ("2026-09-14", "2026-09-14 08:22", "2026-09-14T08:22:33.001+02:00"),
// RFC 822, RFC 850 and the American form. A text without zone is in UTC.
// Decimals after the seventh are cut, since a tick is 100 ns.
//
// Source: https://learn.microsoft.com/kusto/query/scalar-data-types/datetime
func ParseDateTime(text string) (time.Time, bool) {
	s := strings.TrimSpace(text)
	if t, ok := parseISO(s); ok {
		return t, ok
	}
	if strings.Contains(s, " - ") { // datetime(2017 - 08 - 01), as an editor spaces it
		if t, ok := parseISO(strings.ReplaceAll(s, " - ", "-")); ok {
			return t, ok
		}
	}
	if len(s) > 64 || !strings.ContainsAny(s, "/,- ") {
		return time.Time{}, false
	}
	for _, layout := range otherLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return bounded(t.UTC().Truncate(100 * time.Nanosecond))
		}
	}
	return time.Time{}, false
}

func bounded(t time.Time) (time.Time, bool) {
	return t, !t.Before(MinDateTime) && !t.After(MaxDateTime)
}

// parseISO reads yyyy[-mm[-dd[(T| )hh:mm[:ss[.fffffff]][zone]]]] and the
// unseparated yyyymmdd.
func parseISO(s string) (time.Time, bool) {
	r := isoReader{rest: s, ok: true}
	year := r.digits(4, 4)
	month, day := 1, 1
	switch {
	case r.take('-'):
		month = r.digits(1, 2)
		if r.take('-') {
			day = r.digits(1, 2)
		}
	case len(r.rest) == 4:
		month, day = r.digits(2, 2), r.digits(2, 2)
	}
	if !r.ok || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || year < 1 {
		return time.Time{}, false
	}
	var hour, minute, second int
	var fraction Ticks
	var offset time.Duration
	if r.take('T') || r.take('t') || r.take(' ') {
		hour, minute, second, fraction = r.clock()
		r.take(' ')
		offset = r.zone()
	} else {
		r.take('Z')
	}
	if !r.ok || r.rest != "" || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, int(fraction)*100, time.UTC)
	return bounded(t.Add(-offset))
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// isoReader reads a text from its left. ok turns false at the first thing that
// does not fit and stays so.
type isoReader struct {
	rest string
	ok   bool
}

func (r *isoReader) take(c byte) bool {
	if r.rest == "" || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

func (r *isoReader) digits(least, most int) int {
	n, count := 0, 0
	for count < most && count < len(r.rest) && isDigit(r.rest[count]) {
		n = n*10 + int(r.rest[count]-'0')
		count++
	}
	r.rest = r.rest[count:]
	r.ok = r.ok && count >= least
	return n
}

func (r *isoReader) clock() (hour, minute, second int, fraction Ticks) {
	hour = r.digits(1, 2)
	if !r.take(':') {
		r.ok = false
		return hour, minute, second, fraction
	}
	minute = r.digits(1, 2)
	if !r.take(':') {
		return hour, minute, second, fraction
	}
	second = r.digits(1, 2)
	if r.take('.') || r.take(',') {
		end := 0
		for end < len(r.rest) && isDigit(r.rest[end]) {
			end++
		}
		var ok bool
		fraction, ok = parseFraction(r.rest[:end])
		r.ok = r.ok && ok
		r.rest = r.rest[end:]
	}
	return hour, minute, second, fraction
}

// zone reads Z, GMT, UTC, +hh, +hhmm or +hh:mm and returns how far east of
// Greenwich it is.
func (r *isoReader) zone() time.Duration {
	switch r.rest {
	case "", "Z", "z", "GMT", "UTC":
		r.rest = ""
		return 0
	}
	sign := time.Duration(1)
	if !r.take('+') {
		if !r.take('-') {
			r.ok = false
			return 0
		}
		sign = -1
	}
	hours, minutes := r.digits(1, 2), 0
	if r.take(':') || r.rest != "" {
		minutes = r.digits(2, 2)
	}
	r.ok = r.ok && hours <= 14 && minutes <= 59
	return sign * (time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute)
}

package retention

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Period is a length of time by the calendar, or Forever.
type Period struct {
	Years, Months, Days int
	Forever             bool
}

// Presets are the periods that an authority asks for, by name. The period of
// archives-class is entered by the organisation, with the class.
var presets = []struct {
	name  string
	keep  Period
	basis string
}{
	{"ism-1988", Period{Months: 12}, "ISM-1988: event logs are retained in a searchable manner for at least 12 months"},
	{"blueprint", Period{Years: 7}, "ASD's Blueprint for Secure Cloud: the unified audit log is kept for seven years"},
	{"ten-years", Period{Years: 10}, "the longest that Microsoft Purview keeps an audit log"},
	{ArchivesClass, Period{}, "ISM-1989: event logs are retained as the archives authority's classes say"},
}

// ArchivesClass is the preset whose class and period the organisation enters.
const ArchivesClass = "archives-class"

func presetNames() []string {
	names := make([]string, len(presets))
	for i, p := range presets {
		names[i] = p.name
	}
	return names
}

// Preset returns the period of a preset, and what it rests on.
func Preset(name string) (keep Period, basis string, err error) {
	for _, p := range presets {
		if p.name == name {
			return p.keep, p.basis, nil
		}
	}
	return Period{}, "", fmt.Errorf("preset: there is no %q; there are %s", name, strings.Join(presetNames(), ", "))
}

// searchable is what ISM-1988 asks for at least.
var searchable = Period{Months: 12}

// ShorterThanISM1988 says whether a period is less than the 12 months of ISM-1988.
func (p Period) ShorterThanISM1988() bool { return p.shorterThan(searchable) }

// shorterThan compares periods counted from one day, which is as well as they
// can be compared.
func (p Period) shorterThan(other Period) bool {
	now := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	return !p.Forever && !other.Forever && p.before(now).After(other.before(now))
}

// before counts back from a day. Where the month that it comes to is too short, it
// is that month's last day: what is kept for a month goes on no 29th day.
func (p Period) before(day time.Time) time.Time {
	year, month, _ := day.Date()
	first := time.Date(year-p.Years, month-time.Month(p.Months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(day.Day(), last)-1-p.Days)
}

// Cutoff returns the midnight in UTC before which rows are out of date on a day;
// the zero time if none ever is.
func (p Period) Cutoff(day time.Time) time.Time {
	if p.Forever {
		return time.Time{}
	}
	return p.before(Day(day))
}

// Ends returns the day on which a row of that time is out of date; the zero time
// if it never is. It is the first day whose Cutoff lies behind the time.
func (p Period) Ends(at time.Time) time.Time {
	if p.Forever {
		return time.Time{}
	}
	// Months differ in length: from about there the day is looked for.
	day := Day(at).AddDate(p.Years, p.Months, p.Days-3)
	for !p.Cutoff(day).After(at) {
		day = day.AddDate(0, 0, 1)
	}
	return day
}

const forever = "forever"

// ParsePeriod reads "12 months", "7 years", "400 days", "forever", and several of
// them, as in "1 year 6 months".
func ParsePeriod(text string) (p Period, err error) {
	words := strings.Fields(text)
	if len(words) == 1 && words[0] == forever {
		return Period{Forever: true}, nil
	}
	bad := fmt.Errorf("%q is no period; write it as 12 months, 7 years, 400 days or forever", text)
	if len(words) == 0 || len(words)%2 != 0 {
		return p, bad
	}
	for i := 0; i < len(words); i += 2 {
		n, err := strconv.Atoi(words[i])
		if err != nil || n < 1 || n > 40000 {
			return Period{}, bad
		}
		switch strings.TrimSuffix(words[i+1], "s") {
		case "year":
			p.Years += n
		case "month":
			p.Months += n
		case "day":
			p.Days += n
		default:
			return Period{}, bad
		}
	}
	return p, nil
}

// String writes the period as ParsePeriod reads it.
func (p Period) String() string {
	if p.Forever {
		return forever
	}
	var parts []string
	for _, part := range []struct {
		n    int
		unit string
	}{{p.Years, "year"}, {p.Months, "month"}, {p.Days, "day"}} {
		switch {
		case part.n == 1:
			parts = append(parts, "1 "+part.unit)
		case part.n > 1:
			parts = append(parts, strconv.Itoa(part.n)+" "+part.unit+"s")
		}
	}
	return strings.Join(parts, " ")
}

// MarshalText implements encoding.TextMarshaler.
func (p Period) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Period) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePeriod(string(text))
	return err
}

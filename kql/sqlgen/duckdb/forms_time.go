package duckdb

import (
	"strings"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

func timeForms() map[string]form {
	all := map[string]form{
		"datetime_add":  datetimeAdd,
		"datetime_diff": datetimeDiff,
		"datetime_part": datetimePart,
		"dayofweek":     sql("(CAST(dayofweek($1) AS BIGINT) * 864000000000)"),
		"dayofmonth":    sql("CAST(day($1) AS INTEGER)"),
		"dayofyear":     sql("CAST(dayofyear($1) AS INTEGER)"),
		"hourofday":     sql("CAST(hour($1) AS INTEGER)"),
		"monthofyear":   sql("CAST(month($1) AS INTEGER)"),
		"getyear":       sql("CAST(year($1) AS INTEGER)"),
		"week_of_year":  sql("CAST(week($1) AS INTEGER)"),

		"format_datetime": formatDatetime,
		"format_timespan": formatTimespan,
		"make_datetime":   makeDatetime,
		"make_timespan":   makeTimespan,

		"unixtime_seconds_todatetime":      unixTime("$1 * 1000000"),
		"unixtime_milliseconds_todatetime": unixTime("$1 * 1000"),
		"unixtime_microseconds_todatetime": unixTime("$1"),
		"unixtime_nanoseconds_todatetime":  unixTime("$1 / 1000"),

		"datetime_utc_to_local": zoned("timezone($2, timezone('UTC', $1))"),
		"datetime_local_to_utc": zoned(localToUTC),

		"datetime_list_timezones": sql("CAST(to_json((SELECT list(DISTINCT name ORDER BY name) FROM pg_timezone_names())) AS VARCHAR)"),
	}
	for unit, interval := range map[string]string{"day": "days", "week": "weeks", "month": "months", "year": "years"} {
		start := "date_trunc('" + unit + "', $1)"
		if unit == "week" {
			start = "(date_trunc('day', $1) - to_days(CAST(dayofweek($1) AS INTEGER)))"
		}
		moved := "(" + start + " + to_" + interval + "(" + clamped("$2", 9999) + "))"
		next := " + to_" + interval + "(1) - to_microseconds(1))"
		here := func(text string) string { return "CAST(" + text + " AS TIMESTAMP)" }
		if unit == "week" { // the only part that begins in another year
			here = func(text string) string { return inYears("CAST(" + text + " AS TIMESTAMP)") }
		}
		all["startof"+unit] = sqlBy(map[int]string{1: here(start), 2: inYears("CAST(" + moved + " AS TIMESTAMP)")})
		all["endof"+unit] = sqlBy(map[int]string{1: here("(" + start + next), 2: inYears("CAST((" + moved + next + " AS TIMESTAMP)")})
	}
	return all
}

// inYears gives null for what is outside of the years 1 to 9999, which the engine
// goes beyond.
func inYears(time string) string {
	return "(CASE WHEN " + time + " BETWEEN " + timestamp(types.MinDateTime) + " AND " + timestamp(types.MaxDateTime) + " THEN " + time + " END)"
}

// localToUTC takes an hour that the clock jumps over in spring as if the clock
// had been put forward before it, as Kusto does. The engine takes it as if it
// were put forward after it; what comes back from there is an hour later than
// what went in, and for every other time it is the same.
const localToUTC = "(timezone('UTC', timezone($2, $1)) + ($1 - timezone($2, timezone($2, $1))))"

// zoned asks for a time zone that comes out of the data before the engine ends
// the query over one that it does not know. The binder has checked a constant.
func zoned(template string) form {
	return func(_ *generator, c *plan.Call, args []string, _ *block) string {
		if name, ok := constantText(c.Args[1]); ok && name != "" {
			return fill(template, args)
		}
		return fill("(CASE WHEN $2 IN (SELECT name FROM pg_timezone_names()) THEN "+template+" END)", args)
	}
}

// unixTime makes a datetime of microseconds since 1970; null outside of the
// years 1 to 9999.
func unixTime(microseconds string) form {
	return sql("(CASE WHEN " + microseconds + " BETWEEN -62135596800000000 AND 253402300799999999 THEN make_timestamp(CAST(" + microseconds + " AS BIGINT)) END)")
}

// clamped cuts a number of periods to what the engine's intervals hold.
func clamped(n string, most int64) string {
	return "CAST(" + within(n, -most, most) + " AS INTEGER)"
}

// timeParts maps Kusto's names of parts, in lower case, to DuckDB's.
var timeParts = map[string]string{
	"year": "year", "quarter": "quarter", "month": "month", "week_of_year": "week", "week": "week", "day": "day", "dayofyear": "dayofyear",
	"hour": "hour", "minute": "minute", "second": "second", "millisecond": "millisecond", "microsecond": "microsecond", "nanosecond": "nanosecond",
}

// part returns DuckDB's name of a part, from the first argument.
func (g *generator) part(c *plan.Call) string {
	name, ok := constantText(c.Args[0])
	part := timeParts[strings.ToLower(name)]
	if !ok || part == "" {
		g.fail("%s() does not know the part %q", c.Function.Name, name)
	}
	return part
}

func datetimeAdd(g *generator, c *plan.Call, a []string, _ *block) string {
	switch part := g.part(c); part {
	case "quarter":
		return inYears("CAST(" + a[2] + " + to_months(3 * " + clamped(a[1], 40_000) + ") AS TIMESTAMP)")
	case "year", "month", "week", "day":
		return inYears("CAST(" + a[2] + " + to_" + part + "s(" + clamped(a[1], mostPeriods[part]) + ") AS TIMESTAMP)")
	case "nanosecond":
		return inYears("make_timestamp(epoch_us(" + a[2] + ") + " + a[1] + " // 1000)")
	default:
		unit := microseconds[part]
		most := 315_537_897_600_000_000 / unit
		return inYears("make_timestamp(epoch_us(" + a[2] + ") + " + within(a[1], -most, most) + " * " + itoa(unit) + ")")
	}
}

// mostPeriods are the periods in the years 1 to 9999.
var mostPeriods = map[string]int64{"year": 9_999, "month": 119_988, "week": 521_723, "day": 3_652_059}

var microseconds = map[string]int64{"hour": 3_600_000_000, "minute": 60_000_000, "second": 1_000_000, "millisecond": 1_000, "microsecond": 1}

// datetimeDiff counts boundaries. A week begins on Sunday there.
func datetimeDiff(g *generator, c *plan.Call, a []string, _ *block) string {
	switch part := g.part(c); part {
	case "week":
		return "date_diff('day', date_trunc('day', " + a[2] + ") - to_days(CAST(dayofweek(" + a[2] + ") AS INTEGER)), date_trunc('day', " + a[1] + ") - to_days(CAST(dayofweek(" + a[1] + ") AS INTEGER))) // 7"
	case "nanosecond":
		return wide("date_diff('microsecond', "+a[2]+", "+a[1]+")", "*", "1000", types.Long)
	default:
		return "date_diff('" + part + "', " + a[2] + ", " + a[1] + ")"
	}
}

func datetimePart(g *generator, c *plan.Call, a []string, _ *block) string {
	part := g.part(c)
	switch part {
	case "millisecond":
		return "CAST(millisecond(" + a[1] + ") % 1000 AS INTEGER)"
	case "microsecond":
		return "CAST(microsecond(" + a[1] + ") % 1000000 AS INTEGER)"
	case "nanosecond":
		return "CAST(microsecond(" + a[1] + ") % 1000000 * 1000 AS INTEGER)"
	}
	return "CAST(" + part + "(" + a[1] + ") AS INTEGER)"
}

// dateFormats maps the runs of format_datetime() to strftime's, longest first.
var dateFormats = []struct{ run, code string }{
	{"yyyy", "%Y"}, {"yy", "%y"}, {"y", "%-y"}, {"MM", "%m"}, {"M", "%-m"}, {"dd", "%d"}, {"d", "%-d"}, {"HH", "%H"}, {"H", "%-H"}, {"hh", "%I"}, {"h", "%-I"},
	{"mm", "%M"}, {"m", "%-M"}, {"ss", "%S"}, {"s", "%-S"}, {"tt", "%p"},
}

// formatDatetime prints a datetime by a .NET-like format. Its runs of f and F
// are decimals of the second.
func formatDatetime(g *generator, c *plan.Call, a []string, _ *block) string {
	format, ok := constantText(c.Args[1])
	if !ok {
		g.fail("format_datetime() takes a constant format")
	}
	var parts []string
	code := ""
	flush := func() {
		if code != "" {
			parts = append(parts, "strftime("+a[0]+", "+g.text(code)+")")
			code = ""
		}
	}
	for i := 0; i < len(format); {
		if n := runLength(format[i:], 'f', 'F'); n > 0 {
			flush()
			parts = append(parts, decimals("printf('%06d0', microsecond("+a[0]+") % 1000000)", n, format[i] == 'F'))
			i += n
			continue
		}
		code += dateCode(format, &i)
	}
	flush()
	return "coalesce(concat(" + strings.Join(append(parts, "''"), ", ") + "), '')"
}

// runLength counts how often the first byte repeats, if it is one of those.
func runLength(s string, letters ...byte) int {
	for _, c := range letters {
		n := 0
		for n < len(s) && s[n] == c {
			n++
		}
		if n > 0 {
			return n
		}
	}
	return 0
}

// decimals cuts seven digits to n; with short the zeros at the end go.
func decimals(digits string, n int, short bool) string {
	text := "left(" + digits + ", " + itoa(int64(n)) + ")"
	if short {
		return "rtrim(" + text + ", '0')"
	}
	return text
}

func dateCode(format string, i *int) string {
	for _, f := range dateFormats {
		if strings.HasPrefix(format[*i:], f.run) {
			*i += len(f.run)
			return f.code
		}
	}
	c := format[*i : *i+1]
	*i++
	if c == "%" {
		return "%%"
	}
	return c
}

// formatTimespan prints a timespan: d h m s and decimals.
func formatTimespan(g *generator, c *plan.Call, a []string, _ *block) string {
	format, ok := constantText(c.Args[1])
	if !ok {
		g.fail("format_timespan() takes a constant format")
	}
	t := magnitude(a[0])
	units := map[byte]string{'d': t + " // 864000000000", 'h': t + " // 36000000000 % 24", 'H': t + " // 36000000000 % 24", 'm': t + " // 600000000 % 60", 's': t + " // 10000000 % 60"}
	parts := []string{"(CASE WHEN " + a[0] + " < 0 THEN '-' ELSE '' END)"}
	for i := 0; i < len(format); {
		letter := format[i]
		n := runLength(format[i:], letter)
		switch {
		case letter == 'f' || letter == 'F':
			parts = append(parts, decimals("printf('%07d', "+t+" % 10000000)", n, letter == 'F'))
		case units[letter] != "":
			parts = append(parts, "printf('%0"+itoa(int64(n))+"d', "+units[letter]+")")
		default:
			parts = append(parts, g.text(format[i:i+n]))
		}
		i += n
	}
	return "(CASE WHEN " + a[0] + " IS NULL THEN '' ELSE concat(" + strings.Join(parts, ", ") + ") END)"
}

// makeDatetime gives null for a day that does not exist.
func makeDatetime(_ *generator, c *plan.Call, a []string, _ *block) string {
	if len(a) == 1 {
		return fromArgument(c, a, "TIMESTAMP")
	}
	for len(a) < 6 {
		a = append(a, "0")
	}
	for i := range a[:5] {
		if i < len(c.Args) && !c.Args[i].Type().Integer() {
			a[i] = convertNumber(a[i], types.Real, types.Long)
		}
	}
	// Decimals below a microsecond are cut, so that 59.9999999 stays below 60.
	second := "floor(CAST(" + a[5] + " AS DOUBLE) * 1000000 + 0.01) / 1000000"
	text := "printf('%04d-%02d-%02d %02d:%02d:', " + strings.Join(a[:5], ", ") + ") || printf('%09.6f', " + second + ")"
	return "(CASE WHEN " + a[3] + " BETWEEN 0 AND 23 THEN TRY_CAST(" + text + " AS TIMESTAMP) END)" // the engine takes 24:00
}

func makeTimespan(_ *generator, c *plan.Call, a []string, _ *block) string {
	switch len(a) {
	case 1:
		return fromArgument(c, a, "BIGINT")
	case 2:
		a = []string{"0", a[0], a[1], "0"}
	case 3:
		a = []string{"0", a[0], a[1], a[2]}
	}
	return "TRY_CAST(CAST(" + a[0] + " AS HUGEINT) * 864000000000 + CAST(" + a[1] + " AS HUGEINT) * 36000000000 + CAST(" + a[2] + " AS HUGEINT) * 600000000 + TRY_CAST(round(CAST(" + a[3] + " AS DOUBLE) * 10000000) AS BIGINT) AS BIGINT)"
}

// fromArgument converts the one argument of make_datetime() and make_timespan().
func fromArgument(c *plan.Call, a []string, sqlName string) string {
	if from := c.Args[0].Type(); from != c.Of {
		return fromText("CAST("+a[0]+" AS VARCHAR)", c.Of)
	}
	return "CAST(" + a[0] + " AS " + sqlName + ")"
}

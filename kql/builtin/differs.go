package builtin

import "strings"

// What differs on purpose in several functions.
const (
	ticks      = "A datetime in a column holds microseconds; Kusto's holds ticks of 100 ns. What the compiler computes of constants keeps ticks."
	micros     = "A datetime holds microseconds; Kusto's holds ticks of 100 ns."
	exactCount = "The count is exact; Kusto estimates it, with the error that accuracy allows."
	sortedSet  = "The set is sorted; Kusto leaves the order open."
	exactRank  = "The percentile is exact; Kusto estimates it in large groups. Of texts, guids and bools it is the value at that place in their order."
	ownForm    = "What is kept has a form of its own, which Kusto cannot read, nor Quoll that of Kusto."
	ownSearch  = "Kusto says what is looked for, not how: which patterns come, and in which order, can differ."
	asReal     = "A decimal in a column is computed as a real, so it holds about 16 digits; Kusto's holds 34."
	lastTick   = "The result in a column ends with its last microsecond, which is shown as the last tick; a tick later is not the next day."
	both       = "In a column a datetime holds microseconds, and a decimal is computed as a real of about 16 digits; Kusto's hold ticks of 100 ns and 34 digits. Constants keep both."
)

// differences says in what functions differ from Kusto's on purpose. A family
// may say it in its entry instead, as Differs.
func differences() map[string]string {
	all := map[string]string{
		"datetime_part":    "A datetime holds microseconds, so the nanosecond is a multiple of 1,000.",
		"hash_combine":     "The value is another than Kusto's, which Microsoft does not promise to keep.",
		"current_database": "There is one database, and its name is Quoll.",
		"ingestion_time":   "It is the time at which the row became visible in Quoll.",
		"isutf8":           "It is always true: a row with other bytes is not taken in.",
		"table":            "The argument names a table of this workspace; there are no others.",
	}
	all["preview"] = "The result is the rows alone; Kusto adds a table with the number of all rows."
	all["funnel_sequence"] = "The result is the first of Kusto's three tables."
	all["bag_unpack"] = "A name that no bag has means null instead of a mistake."
	all["pivot"] = "The new columns are ordered by name."
	for text, names := range map[string]string{
		ownSearch: "autocluster basket diffpatterns diffpatterns_text",
		ticks:     "todatetime datetime_diff",
		micros: `make_datetime unixtime_seconds_todatetime unixtime_milliseconds_todatetime unixtime_microseconds_todatetime
			unixtime_nanoseconds_todatetime datetime_add format_datetime row_window_session`,
		lastTick:   "endofday endofweek endofmonth endofyear",
		both:       "+ - bin bin_at bin_auto floor avg avgif",
		exactCount: "dcount dcountif",
		sortedSet:  "make_set make_set_if",
		exactRank:  "percentile percentiles percentiles_array percentilew percentilesw percentilesw_array",
		ownForm:    "hll hll_if tdigest",
		asReal:     "todecimal * / % negate abs ceiling round sum sumif row_cumsum",
	} {
		for _, name := range strings.Fields(names) {
			all[name] = text
		}
	}
	return all
}

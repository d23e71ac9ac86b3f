package builtin

func timeEntries() []entry {
	all := []entry{
		{Name: "datetime_add", Sig: "const part:string, amount:integer, date:datetime -> datetime", Doc: "Adds years, months, days and so on.", Example: "print datetime_add('month', 1, datetime(2026-01-31))"},
		{Name: "datetime_diff", Sig: "const part:string, later:datetime, earlier:datetime -> long", Doc: "Counts the boundaries of a period between two datetimes.", Example: "print datetime_diff('day', datetime(2026-01-03), datetime(2026-01-01 23:00))"},
		{Name: "datetime_part", Sig: "const part:string, date:datetime -> int", Doc: "Gives a part of a datetime as a number.", Example: "print datetime_part('hour', datetime(2026-01-31 10:45))"},
		{Name: "datepart", Of: "datetime_part", Sig: "const part:string, date:datetime -> int", Doc: "Older spelling of datetime_part().", Example: "print datepart('hour', datetime(2026-01-31 10:45))"},
		{Name: "dayofweek", Sig: "date:datetime -> timespan", Doc: "Gives the days since Sunday as a timespan.", Example: "print dayofweek(datetime(2026-01-31))"},
		{Name: "dayofmonth", Sig: "date:datetime -> int", Doc: "Gives the day of the month.", Example: "print dayofmonth(datetime(2026-01-31))"},
		{Name: "dayofyear", Sig: "date:datetime -> int", Doc: "Gives the day of the year.", Example: "print dayofyear(datetime(2026-01-31))"},
		{Name: "hourofday", Sig: "date:datetime -> int", Doc: "Gives the hour.", Example: "print hourofday(datetime(2026-01-31 10:45))"},
		{Name: "monthofyear", Sig: "date:datetime -> int", Doc: "Gives the month.", Example: "print monthofyear(datetime(2026-01-31))"},
		{Name: "getmonth", Of: "monthofyear", Sig: "date:datetime -> int", Doc: "Another spelling of monthofyear().", Example: "print getmonth(datetime(2026-01-31))"},
		{Name: "getyear", Sig: "date:datetime -> int", Doc: "Gives the year.", Example: "print getyear(datetime(2026-01-31))"},
		{Name: "week_of_year", Sig: "date:datetime -> int", Doc: "Gives the week of the year as ISO 8601 counts it.", Example: "print week_of_year(datetime(2026-01-31))"},
		{Name: "weekofyear", Of: "week_of_year", Sig: "date:datetime -> int", Doc: "Older spelling of week_of_year().", Example: "print weekofyear(datetime(2026-01-31))"},
		{Name: "format_datetime", Naming: FirstArgument, Sig: "date:datetime, const format:string -> string", Doc: "Prints a datetime: y M d H h m s f F tt and separators.", Example: "print format_datetime(datetime(2026-01-31 10:45), 'yyyy-MM-dd HH:mm')"},
		{Name: "format_timespan", Naming: FirstArgument, Sig: "span:timespan, const format:string -> string", Doc: "Prints a timespan: d H h m s f F and separators.", Example: "print format_timespan(1d + 2h, 'd.hh:mm:ss')"},
		{Name: "make_datetime", Naming: OnlyArgument, Sig: "year:number, month:number, day:number, hour?:number, minute?:number, second?:number -> datetime | value:scalar -> datetime", Doc: "Makes a datetime of its parts; null when there is no such day.", Example: "print make_datetime(2026, 1, 31, 10, 45)"},
		{Name: "make_timespan", Naming: OnlyArgument, Sig: "days:long, hours:long, minutes:long, seconds:real -> timespan | hours:long, minutes:long, seconds?:real -> timespan | value:scalar -> timespan", Doc: "Makes a timespan of its parts.", Example: "print make_timespan(1, 2, 30)"},
		{Name: "unixtime_seconds_todatetime", Sig: "value:real -> datetime", Doc: "Converts seconds since 1970.", Example: "print unixtime_seconds_todatetime(1769853600)"},
		{Name: "unixtime_milliseconds_todatetime", Sig: "value:real -> datetime", Doc: "Converts milliseconds since 1970.", Example: "print unixtime_milliseconds_todatetime(1769853600000)"},
		{Name: "unixtime_microseconds_todatetime", Sig: "value:real -> datetime", Doc: "Converts microseconds since 1970.", Example: "print unixtime_microseconds_todatetime(1769853600000000)"},
		{Name: "unixtime_nanoseconds_todatetime", Sig: "value:real -> datetime", Doc: "Converts nanoseconds since 1970.", Example: "print unixtime_nanoseconds_todatetime(1769853600000000000)"},
		{Name: "datetime_utc_to_local", Sig: "from:datetime, zone:string -> datetime", Doc: "Converts UTC to the clock of a time zone.", Example: "print datetime_utc_to_local(datetime(2026-01-31), 'Australia/Sydney')"},
		{Name: "datetime_local_to_utc", Sig: "from:datetime, zone:string -> datetime", Doc: "Converts the clock of a time zone to UTC.", Example: "print datetime_local_to_utc(datetime(2026-01-31), 'Australia/Sydney')"},
	}
	all = append(all, entry{Name: "datetime_list_timezones", Sig: "-> dynamic", Doc: "Lists the names of time zones.", Example: "print set_has_element(datetime_list_timezones(), 'Europe/Berlin')"})
	for _, unit := range []string{"day", "week", "month", "year"} {
		naming := NoName
		if unit == "day" {
			naming = FirstArgument
		}
		all = append(all,
			entry{Name: "startof" + unit, Naming: naming, Sig: "date:datetime, offset?:long -> datetime", Doc: "Gives the start of the " + unit + ", with an offset that many " + unit + "s later. A week begins on Sunday.", Example: "print startof" + unit + "(datetime(2026-01-31 10:45), -1)"},
			entry{Name: "endof" + unit, Sig: "date:datetime, offset?:long -> datetime", Doc: "Gives the last instant of the " + unit + ".", Example: "print endof" + unit + "(datetime(2026-01-31 10:45))"})
	}
	return all
}

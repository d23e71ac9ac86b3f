package reference

func dataTypes() []Entry {
	return []Entry{
		{Name: "bool", Forms: []string{"true", "false", "bool(null)"}, Doc: "True, false or null.", Example: "print true, bool(null)"},
		{Name: "datetime", Forms: []string{"datetime(2026-01-31 10:45)", "datetime(null)"}, Doc: "An instant in UTC.", Example: "print datetime(2026-01-31 10:45:01.5)",
			Differs: "It holds microseconds; Kusto's holds ticks of 100 ns."},
		{Name: "decimal", Forms: []string{"decimal(1.5)", "decimal(null)"}, Doc: "A number with digits after the point.", Example: "print decimal(1.5) + 1",
			Differs: "It is computed as a real, so it holds about 16 digits; Kusto's holds 34."},
		{Name: "dynamic", Forms: []string{"dynamic({'a': [1, 'x']})", "dynamic(null)"}, Doc: "A JSON value, whose members are reached with a dot and brackets.", Example: "print d = dynamic({'a': [1, 'x']}) | project d.a[1]"},
		{Name: "guid", Forms: []string{"guid(70fc66f7-8279-44fc-9092-d364d70fce44)"}, Doc: "A number of 128 bits.", Example: "print guid(70fc66f7-8279-44fc-9092-d364d70fce44)"},
		{Name: "int", Forms: []string{"int(2)", "int(null)"}, Doc: "A whole number of 32 bits.", Example: "print int(2)"},
		{Name: "long", Forms: []string{"12", "0xff", "long(null)"}, Doc: "A whole number of 64 bits.", Example: "print 12, 0xff"},
		{Name: "real", Forms: []string{"1.5", "1e3", "real(null)"}, Doc: "A floating-point number of 64 bits.", Example: "print 1.5, 1e3"},
		{Name: "string", Forms: []string{`"text"`, `'text'`, `@"C:\folder"`}, Doc: "A text in Unicode; it is never null.", Example: `print "it's", @'C:\folder'`},
		{Name: "timespan", Forms: []string{"1d", "1.5h", "30m", "timespan(1.02:03:04)"}, Doc: "A span of time in ticks of 100 ns.", Example: "print 1d + 90m"},
	}
}

func constants() []Entry {
	return []Entry{
		{Name: "comments", Forms: []string{"// …"}, Doc: "What stands between // and the end of the line is for people.", Example: "print 1 // one"},
		{Name: "quoted names", Forms: []string{"['a b']", `["a b"]`}, Doc: "A name that is no word stands in brackets and quotes.", Example: "print ['a b'] = 1"},
		{Name: "strings over several lines", Forms: []string{"```…```", "~~~…~~~"}, Doc: "A text between three backticks or tildes may hold line ends.", Example: "print ~~~a 'b' \"c\"~~~"},
		{Name: "obfuscated strings", Forms: []string{"h'…'"}, Doc: "A text that Kusto hides in its logs.", Example: "print h'secret'", Differs: "It is read as any other text, and stands in `LAQueryLogs` as it was written."},
		{Name: "null values", Forms: []string{"long(null)"}, Doc: "Every type but string has a null, which is equal to nothing.", Example: "print isnull(long(null)), long(null) == 1"},
		{Name: "datatable", Forms: []string{"datatable (name:type, …) [value, …]"}, Doc: "A table that is written down in the query.", Example: "datatable (x:long, s:string) [1, 'a', 2, 'b']"},
		{Name: "externaldata", Forms: []string{"externaldata (name:type, …) ['address', …]"}, Doc: "A table from a file elsewhere.", Example: "externaldata (x:string) ['https://example.org/list.csv']", Differs: "Off unless external_hosts in the configuration names the host; https only, csv, tsv, psv, scsv, sohsv, txt, raw, json and multijson, at most 4 MB."},
	}
}

func statements() []Entry {
	return []Entry{
		{Name: "tabular expression", Forms: []string{"table | operator | …"}, Doc: "A table and the operators that it goes through; the last one of a query is the answer.", Example: "range x from 1 to 3 step 1 | where x > 1"},
		{Name: "let", Forms: []string{"let name = expression", "let name = (parameter:type, …) { body }"}, Doc: "Names a value, a table or a function.", Example: "let twice = (x:long) { x * 2 }; print twice(21)"},
		{Name: "set", Forms: []string{"set name", "set name = value"}, Doc: "Sets an option of the request.", Example: "set notruncation; print 1", Differs: "Every option is taken; notruncation, truncationmaxrecords, truncationmaxsize, query_take_max_records, servertimeout, norequesttimeout and query_now have an effect."},
		{Name: "alias", Forms: []string{"alias database name = cluster(…).database(…)"}, Doc: "Names another database.", Example: "alias database d = cluster('c').database('d'); print 1"},
		{Name: "declare query_parameters", Forms: []string{"declare query_parameters (name:type = default, …)"}, Doc: "Declares the parameters that a client gives beside the text.", Example: "declare query_parameters (x:long = 2); print x"},
		{Name: "declare pattern", Forms: []string{"declare pattern name = (parameter:type)[path:type] { … }"}, Doc: "Maps texts to tables.", Example: "declare pattern p = (a:string) { ('x') = { print 1 }; }; p('x')"},
		{Name: "restrict access", Forms: []string{"restrict access to (table, …)"}, Doc: "Limits which tables the rest of the query may read.", Example: "let t = range x from 1 to 3 step 1; restrict access to (t); t | count"},
		{Name: "batches", Forms: []string{"query ; query"}, Doc: "Several tabular expressions in one request, each with its own answer.", Example: "print a = 1; print b = 2", Differs: "A rule and a tile of a dashboard take the first."},
		{Name: "user-defined functions", Forms: []string{"let name = (table:(*), parameter:type = default) { body }"}, Doc: "A function of the query takes scalars and tables, and may have defaults.", Example: "let above = (t:(x:long), least:long = 2) { t | where x >= least }; above((range x from 1 to 3 step 1))"},
	}
}

func specialFunctions() []Entry {
	return []Entry{
		{Name: "cluster()", Forms: []string{"cluster('name')"}, Doc: "Reaches another cluster.", Example: "cluster('c').database('d').T"},
		{Name: "database()", Forms: []string{"database('name')"}, Doc: "Reaches another database.", Example: "database('d').T"},
		function("external_table"),
		function("materialize"),
		function("materialized_view"),
		function("stored_query_result"),
		function("table"),
		function("toscalar"),
	}
}

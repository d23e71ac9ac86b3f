package reference

const people = "datatable (user:string, n:long) ['ann', 3, 'bob', 1, 'cyd', 2] | "

func tabularOperators() []Entry {
	all := []Entry{
		{Name: "as", Forms: []string{"T | as name"}, Doc: "Names the table so far for the operators behind it.", Example: people + "as t | where n > 1 | union t | count"},
		{Name: "consume", Forms: []string{"T | consume"}, Doc: "Reads all rows and gives none.", Example: people + "consume"},
		{Name: "count", Forms: []string{"T | count"}, Doc: "Counts the rows.", Example: people + "count"},
		{Name: "distinct", Forms: []string{"T | distinct column, …", "T | distinct *"}, Doc: "Keeps each different row of some columns once.", Example: people + "distinct big = n > 1 | sort by big asc"},
		{Name: "evaluate", Forms: []string{"T | evaluate plugin(argument, …)"}, Doc: "Runs a plugin.", Example: "print d = dynamic({'a': 1}) | evaluate bag_unpack(d) | project a"},
		{Name: "extend", Forms: []string{"T | extend name = expression, …"}, Doc: "Adds columns, or replaces those of the same name.", Example: people + "extend double = n * 2"},
		{Name: "external_data", Forms: []string{"external_data (name:type, …) ['address', …]"}, Doc: "Reads a file from elsewhere.", Example: "external_data (x:string) ['https://example.org/list.csv']", Differs: "Off unless external_hosts in the configuration names the host; https only, csv, tsv, psv, scsv, sohsv, txt, raw, json and multijson, at most 4 MB."},
		{Name: "facet", Forms: []string{"T | facet by column, … with (operator | …)"}, Doc: "Gives a table of values and their number for each column.", Example: people + "facet by user"},
		{Name: "find", Forms: []string{"find in (table, …) where predicate project column, …"}, Doc: "Gives the rows of several tables where a predicate is true.", Example: "let t = range x from 1 to 3 step 1; find in (t) where x == 2 project x"},
		{Name: "fork", Forms: []string{"T | fork (operator | …) (operator | …)"}, Doc: "Gives the answers of several pipelines over one table.", Example: people + "fork (count) (take 1)"},
		{Name: "getschema", Forms: []string{"T | getschema"}, Doc: "Gives the columns of a table with their types.", Example: people + "getschema | project ColumnName, ColumnType"},
		{Name: "invoke", Forms: []string{"T | invoke function(argument, …)"}, Doc: "Calls a function with the table so far as its first argument.", Example: "let least = (t:(n:long), k:long) { t | where n >= k }; " + people + "invoke least(2) | sort by user asc"},
		{Name: "join", Forms: []string{"T | join kind=inner (R) on column, $left.a == $right.b"}, Doc: "Puts the rows of two tables together that agree in columns.", Example: people + "join kind=inner (datatable (user:string, city:string) ['ann', 'Oslo', 'cyd', 'Rome']) on user | project user, n, city | sort by user asc"},
		{Name: "lookup", Forms: []string{"T | lookup kind=leftouter (R) on column"}, Doc: "Adds the columns of a small table, without the key a second time.", Example: people + "lookup (datatable (user:string, city:string) ['ann', 'Oslo']) on user | sort by user asc"},
		{Name: "macro-expand", Forms: []string{"macro-expand kind=outer isfuzzy=true entity_group [table, …] as name (name | operator | …)"}, Doc: "Runs a pipeline for each table of a group, and puts the rows below each other.", Example: "let a = range n from 1 to 3 step 1; let b = range n from 5 to 9 step 1; macro-expand entity_group [a, b] as x (x | summarize rows = count(), most = max(n)) | sort by most asc",
			Differs: "A group is of tables and is written down in the query: there are no other databases, and no groups are stored."},
		{Name: "make-series", Forms: []string{"T | make-series name = aggregate default = value on column from start to end step size by key"}, Doc: "Makes arrays of aggregates over equal steps, one row a key.", Example: people + "make-series total = count() default = 0 on n from 1 to 5 step 1"},
		{Name: "mv-apply", Forms: []string{"T | mv-apply column on (operator | …)"}, Doc: "Runs operators over the elements of each row's array.", Example: "print a = dynamic([3, 1, 2]) | mv-apply x = a to typeof(long) on (top 1 by x)"},
		{Name: "mv-expand", Forms: []string{"T | mv-expand column to typeof(type), … limit count"}, Doc: "Makes a row of each element of an array.", Example: "print a = dynamic([3, 1]) | mv-expand a to typeof(long)"},
		{Name: "parse", Forms: []string{"T | parse kind=simple expression with 'text' name:type * …"}, Doc: "Takes columns out of a text by a pattern.", Example: "print s = 'user=ann n=3' | parse s with 'user=' user ' n=' n:long | project user, n"},
		{Name: "parse-kv", Forms: []string{"T | parse-kv expression as (name:type, …) with (pair_delimiter=',', kv_delimiter='=')"}, Doc: "Takes keys and values out of a text.", Example: "print s = 'user=ann,n=3' | parse-kv s as (user:string, n:long) with (pair_delimiter=',', kv_delimiter='=') | project user, n"},
		{Name: "parse-where", Forms: []string{"T | parse-where expression with …"}, Doc: "Takes columns out as parse does, and drops rows that do not match.", Example: "datatable (s:string) ['n=3', 'x'] | parse-where s with 'n=' n:long | project n"},
		{Name: "partition", Forms: []string{"T | partition by column (operator | …)"}, Doc: "Runs operators over the rows of each value of a column.", Example: people + "partition by user (top 1 by n) | sort by user asc"},
		{Name: "print", Forms: []string{"print name = expression, …"}, Doc: "Gives one row of computed values.", Example: "print x = 1, y = 'a'"},
		{Name: "project", Forms: []string{"T | project name = expression, …"}, Doc: "Gives these columns and no others.", Example: people + "project user, double = n * 2"},
		{Name: "project-away", Forms: []string{"T | project-away pattern, …"}, Doc: "Drops columns.", Example: people + "project-away n"},
		{Name: "project-by-names", Forms: []string{"T | project-by-names name, …"}, Doc: "Gives the columns whose names a list or a pattern says.", Example: people + "project-by-names dynamic(['n'])"},
		{Name: "project-keep", Forms: []string{"T | project-keep pattern, …"}, Doc: "Keeps columns in their order.", Example: people + "project-keep u*"},
		{Name: "project-rename", Forms: []string{"T | project-rename new = old, …"}, Doc: "Renames columns.", Example: people + "project-rename who = user"},
		{Name: "project-reorder", Forms: []string{"T | project-reorder pattern asc, …"}, Doc: "Puts columns first.", Example: people + "project-reorder n"},
	}
	return append(all, moreTabularOperators()...)
}

func moreTabularOperators() []Entry {
	return []Entry{
		{Name: "range", Forms: []string{"range name from start to end step size"}, Doc: "Gives a table of one column with equal steps.", Example: "range x from 1 to 3 step 1"},
		{Name: "reduce", Forms: []string{"T | reduce by column with threshold=0.1"}, Doc: "Groups texts by the pattern they share.", Example: "datatable (s:string) ['job 1 done', 'job 2 done', 'job 3 done'] | reduce by s | project Count"},
		{Name: "render", Forms: []string{"T | render kind with (property = value, …)"}, Doc: "Says how a client draws the answer; all kinds and properties are passed on.", Example: people + "render barchart with (title = 'n by user')",
			Differs: "The browser draws every kind but `table` and `list`; `pivotchart` and `3Dchart` as columns, and of `plotly` figures of bars, lines, areas, points and pies."},
		{Name: "sample", Forms: []string{"T | sample count"}, Doc: "Gives some rows by chance.", Example: "range x from 1 to 100 step 1 | sample 2", Varies: true},
		{Name: "sample-distinct", Forms: []string{"T | sample-distinct count of column"}, Doc: "Gives some different values by chance.", Example: "range x from 1 to 100 step 1 | sample-distinct 2 of x", Varies: true},
		{Name: "scan", Forms: []string{"T | scan declare (name:type = default) with (step name: condition => name = expression; …)"}, Doc: "Walks over ordered rows and follows sequences of them.", Example: "range x from 1 to 4 step 1 | scan declare (total:long = 0) with (step s: true => total = s.total + x;)"},
		{Name: "search", Forms: []string{"search 'term'", "T | search column:'term'"}, Doc: "Gives the rows where some column has a term.", Example: people + "search 'bob'"},
		{Name: "serialize", Forms: []string{"T | serialize name = expression, …"}, Doc: "Fixes the order of rows for window functions.", Example: people + "serialize i = row_number()"},
		{Name: "sort", Forms: []string{"T | sort by column desc nulls last, …", "T | order by …"}, Doc: "Orders rows; descending unless asc is said.", Example: people + "sort by n"},
		{Name: "summarize", Forms: []string{"T | summarize name = aggregate(…), … by name = expression, …"}, Doc: "Computes aggregates for each group of rows.", Example: people + "summarize total = sum(n), users = count() by odd = n % 2 | sort by odd asc"},
		{Name: "take", Forms: []string{"T | take count", "T | limit count"}, Doc: "Gives that many rows, whichever they are.", Example: "range x from 1 to 5 step 1 | take 2"},
		{Name: "top", Forms: []string{"T | top count by column desc"}, Doc: "Gives the first rows of an order.", Example: people + "top 2 by n"},
		{Name: "top-hitters", Forms: []string{"T | top-hitters count of column"}, Doc: "Gives the most frequent values.", Example: "datatable (s:string) ['a', 'b', 'a'] | top-hitters 1 of s"},
		{Name: "top-nested", Forms: []string{"T | top-nested count of column by aggregate, top-nested …"}, Doc: "Gives the top values of a column, then those of the next column within each.", Example: people + "top-nested 2 of user by sum(n)"},
		{Name: "union", Forms: []string{"union kind=outer withsource=name table, …", "T | union table, …"}, Doc: "Puts the rows of tables below each other.", Example: "union (print a = 1), (print a = 2, b = 'x') | sort by a asc"},
		{Name: "where", Forms: []string{"T | where predicate", "T | filter predicate"}, Doc: "Keeps the rows where a predicate is true.", Example: people + "where n > 1 and user != 'ann'"},
		{Name: "assert-schema", Forms: []string{"T | assert-schema (name:type, …)"}, Doc: "Refuses the query when a table has other columns.", Example: people + "assert-schema (user:string, n:long) | count"},
		{Name: "execute-and-cache", Forms: []string{"T | execute-and-cache"}, Doc: "Keeps a table for the operators behind it.", Example: people + "execute-and-cache | count"},
		{Name: "shuffle, broadcast and other hints", Forms: []string{"join hint.strategy=shuffle …", "summarize hint.shufflekey=column …"}, Doc: "Say how a cluster should work.", Example: people + "summarize hint.shufflekey = user count()", Differs: "They are taken and have no effect: there is one machine."},
		{Name: "time window join", Forms: []string{"join on column and a time within a window"}, Doc: "Joins on a bin of time and then compares the times.", Example: people + "join kind=inner (" + people + "project user, m = n) on user | where m - n between (0 .. 1) | count"},
	}
}

func joinKinds() []Entry {
	const left, right = "let l = datatable (k:long, a:string) [1, 'x', 1, 'y', 2, 'z']; let r = datatable (k:long, b:string) [1, 'p', 3, 'q']; l | join ", " r on k"
	const both = " | project k, a, k1, b | sort by k asc, a asc"
	kinds := []struct{ name, doc, rest string }{
		{"innerunique", "One row of the left for each key, with every row of the right; the kind when none is said.", " | project k, k1, b"},
		{"inner", "Each pair of rows that agree.", both},
		{"leftouter", "As inner, and each row of the left that agrees with none.", both},
		{"rightouter", "As inner, and each row of the right that agrees with none.", both},
		{"fullouter", "As inner, and each row of either side that agrees with none.", both},
		{"leftsemi", "The rows of the left that agree with some row of the right.", " | sort by a asc"},
		{"leftanti", "The rows of the left that agree with no row of the right.", ""},
		{"rightsemi", "The rows of the right that agree with some row of the left.", ""},
		{"rightanti", "The rows of the right that agree with no row of the left.", ""},
	}
	var all []Entry
	for _, k := range kinds {
		all = append(all, Entry{Name: k.name, Forms: []string{"L | join kind=" + k.name + " (R) on column"}, Doc: k.doc, Example: left + "kind=" + k.name + right + k.rest})
	}
	return all
}

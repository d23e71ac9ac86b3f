package builtin

// contextEntries are the functions whose meaning depends on where they stand:
// on the columns in scope, on the time of the statement, on a table. The
// binder resolves them, so no engine sees them.
func contextEntries() []entry {
	all := []entry{
		{Name: "now", Sig: "offset?:timespan -> datetime", Doc: "Gives the time of the statement, the same in every place.", Example: "print now() - now(1h)"},
		{Name: "ago", Sig: "span:timespan -> datetime", Doc: "Gives the time of the statement less a timespan.", Example: "print now() - ago(1h)"},
		{Name: "case", Sig: "branch...:scalar -> common", Doc: "Gives the value behind the first predicate that is true, else the last argument.", Example: "print case(1 > 2, 'a', 2 > 1, 'b', 'c')"},
		{Name: "column_ifexists", Sig: "const name:string, default:scalar -> second", Doc: "Gives a column if there is one of that name, else a default.", Example: "print x = 1 | extend y = column_ifexists('z', 2)"},
		{Name: "columnifexists", Of: "column_ifexists", Sig: "const name:string, default:scalar -> second", Doc: "Older spelling of column_ifexists().", Example: "print x = 1 | extend y = columnifexists('z', 2)"},
		{Name: "toscalar", Sig: "table:scalar -> first", Doc: "Gives the first column of the first row of a table.", Example: "print toscalar(range x from 1 to 3 step 1 | summarize max(x))"},
		{Name: "materialize", Sig: "table:scalar -> first", Doc: "Computes a table once, however often it is used.", Example: "let t = materialize(range x from 1 to 3 step 1); union t, t | count"},
		{Name: "table", Sig: "const name:string -> first", Doc: "Gives a table by its name.", Example: "let t = range x from 1 to 3 step 1; t | count"},
		{Name: "pack_all", Sig: "const ignore_null_empty?:bool -> dynamic", Doc: "Makes a bag of all columns.", Example: "print a = 1, b = 'x' | project pack_all()"},
		{Name: "bag_pack_columns", Sig: "column...:column -> dynamic", Doc: "Makes a bag of some columns under their names.", Example: "print a = 1, b = 'x' | project bag_pack_columns(a)"},
		{Name: "ingestion_time", Naming: PrefixOnly, Prefix: "$IngestionTime", Sig: "-> datetime", Doc: "Gives the time a row became visible in Quoll; null for a row of no table.", Example: "print a = 1 | project ingestion_time()"},
		{Name: "column_names_of", Sig: "table:scalar -> dynamic", Doc: "Gives the names of a table's columns as an array.", Example: "let t = print a = 1, b = 'x'; t | project-by-names column_names_of(t)"},
		{Name: "assert", Sig: "const predicate:bool, message:string -> bool", Doc: "Refuses the query with a message when a constant predicate is false.", Example: "print assert(1 < 2, 'no')"},
		{Name: "bin_auto", Naming: FirstArgument, Sig: "value:summable -> first", Doc: "Rounds down to the size of `set query_bin_auto_size`, counted from `set query_bin_auto_at`.", Example: "set query_bin_auto_size = 5; print bin_auto(7)"},
		{Name: "estimate_data_size", Sig: "column...:column -> long", Doc: "Estimates the bytes that columns take, or all columns for *.", Example: "print a = 1, b = 'xyz' | project estimate_data_size(a, b)"},
		{Name: "cursor_current", Sig: "-> string", Doc: "Gives the cursor of this moment: the time of the statement.", Example: "print strlen(cursor_current()) > 0"},
		{Name: "current_cursor", Of: "cursor_current", Sig: "-> string", Doc: "Older spelling of cursor_current().", Example: "print strlen(current_cursor()) > 0"},
		{Name: "cursor_after", Sig: "cursor:string -> bool", Doc: "True for a row that was ingested after a cursor, and for every row after the empty one.", Example: "print cursor_after('')"},
		{Name: "cursor_before_or_at", Sig: "cursor:string -> bool", Doc: "True for a row that was ingested before or at a cursor.", Example: "print cursor_before_or_at('')"},
		{Name: "extent_id", Sig: "-> guid", Doc: "Gives the guid of all zeros, since Quoll's rows are in no extents.", Example: "print extent_id()"},
		{Name: "extentid", Of: "extent_id", Sig: "-> guid", Doc: "Older spelling of extent_id().", Example: "print extentid()"},
		{Name: "extent_tags", Sig: "-> dynamic", Doc: "Gives null, since Quoll's rows are in no extents.", Example: "print extent_tags()"},
		{Name: "current_principal", Sig: "-> string", Doc: "Gives who asks; the empty string where Quoll does not know.", Example: "print gettype(current_principal())"},
		{Name: "current_principal_details", Sig: "-> dynamic", Doc: "Gives a bag with who asks.", Example: "print gettype(current_principal_details())"},
		{Name: "current_principal_is_member_of", Sig: "principal...:scalar -> bool", Doc: "True when who asks is one of the principals; Quoll knows no groups.", Example: "print current_principal_is_member_of('aaduser=nobody@agency.example')"},
		{Name: "current_cluster_endpoint", Sig: "-> string", Doc: "Gives localhost: there is no cluster.", Example: "print current_cluster_endpoint()"},
		{Name: "current_database", Sig: "-> string", Doc: "Gives the name of the database: Quoll.", Example: "print current_database()"},
	}
	for i := range all {
		all[i].Kind = Context
	}
	return all
}

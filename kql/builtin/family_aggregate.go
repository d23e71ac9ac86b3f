package builtin

// aggregateEntries are the aggregate functions. All of them pass over nulls,
// save count(), make_list_with_nulls() and take_any().
func aggregateEntries() []entry {
	all := []entry{
		{Name: "count", Sig: "-> long", Doc: "Counts rows.", Example: "range x from 1 to 3 step 1 | summarize count()"},
		{Name: "countif", Sig: "predicate:bool -> long", Doc: "Counts the rows where a predicate is true.", Example: "range x from 1 to 3 step 1 | summarize countif(x > 1)"},
		{Name: "sum", Sig: "value:summable -> promoted", Doc: "Adds up.", Example: "range x from 1 to 3 step 1 | summarize sum(x)"},
		{Name: "sumif", Sig: "value:summable, predicate:bool -> promoted", Doc: "Adds up where a predicate is true.", Example: "range x from 1 to 3 step 1 | summarize sumif(x, x > 1)"},
		{Name: "avg", Sig: "value:decimal -> decimal | value:number -> real | value:timespan -> timespan | value:datetime -> datetime", Doc: "Gives the mean.", Example: "range x from 1 to 4 step 1 | summarize avg(x)"},
		{Name: "avgif", Sig: "value:decimal, predicate:bool -> decimal | value:number, predicate:bool -> real | value:timespan, predicate:bool -> timespan | value:datetime, predicate:bool -> datetime", Doc: "Gives the mean where a predicate is true.", Example: "range x from 1 to 4 step 1 | summarize avgif(x, x > 2)"},
		{Name: "min", Sig: "value:orderable -> first", Doc: "Gives the least value.", Example: "range x from 1 to 3 step 1 | summarize min(x)"},
		{Name: "minif", Sig: "value:orderable, predicate:bool -> first", Doc: "Gives the least value where a predicate is true.", Example: "range x from 1 to 3 step 1 | summarize minif(x, x > 1)"},
		{Name: "max", Sig: "value:orderable -> first", Doc: "Gives the greatest value.", Example: "range x from 1 to 3 step 1 | summarize max(x)"},
		{Name: "maxif", Sig: "value:orderable, predicate:bool -> first", Doc: "Gives the greatest value where a predicate is true.", Example: "range x from 1 to 3 step 1 | summarize maxif(x, x < 3)"},
		{Name: "dcount", Sig: "value:scalar, accuracy?:scalar -> long", Doc: "Counts different values; exactly, where Kusto estimates.", Example: "range x from 1 to 9 step 1 | summarize dcount(x % 3)"},
		{Name: "dcountif", Sig: "value:scalar, predicate:bool, accuracy?:scalar -> long", Doc: "Counts different values where a predicate is true.", Example: "range x from 1 to 9 step 1 | summarize dcountif(x, x > 5)"},
		{Name: "count_distinct", Sig: "value:scalar -> long", Doc: "Counts different values exactly.", Example: "range x from 1 to 9 step 1 | summarize count_distinct(x % 3)"},
		{Name: "count_distinctif", Sig: "value:scalar, predicate:bool -> long", Doc: "Counts different values exactly where a predicate is true.", Example: "range x from 1 to 9 step 1 | summarize count_distinctif(x, x > 5)"},
		{Name: "stdev", Sig: "value:summable -> real", Doc: "Gives the standard deviation of a sample.", Example: "range x from 1 to 4 step 1 | summarize stdev(x)"},
		{Name: "stdevif", Sig: "value:summable, predicate:bool -> real", Doc: "Gives the standard deviation of a sample where a predicate is true.", Example: "range x from 1 to 4 step 1 | summarize stdevif(x, x > 1)"},
		{Name: "stdevp", Sig: "value:summable -> real", Doc: "Gives the standard deviation of a population.", Example: "range x from 1 to 4 step 1 | summarize stdevp(x)"},
		{Name: "stdevpif", Sig: "value:summable, predicate:bool -> real", Doc: "Gives the standard deviation of a population where a predicate is true.", Example: "range x from 1 to 4 step 1 | summarize stdevpif(x, x > 1)"},
		{Name: "variance", Sig: "value:summable -> real", Doc: "Gives the variance of a sample.", Example: "range x from 1 to 4 step 1 | summarize variance(x)"},
		{Name: "varianceif", Sig: "value:summable, predicate:bool -> real", Doc: "Gives the variance of a sample where a predicate is true.", Example: "range x from 1 to 4 step 1 | summarize varianceif(x, x > 1)"},
		{Name: "variancep", Sig: "value:summable -> real", Doc: "Gives the variance of a population.", Example: "range x from 1 to 4 step 1 | summarize variancep(x)"},
		{Name: "variancepif", Sig: "value:summable, predicate:bool -> real", Doc: "Gives the variance of a population where a predicate is true.", Example: "range x from 1 to 4 step 1 | summarize variancepif(x, x > 1)"},
		{Name: "covariance", Sig: "x:summable, y:summable -> real", Doc: "Gives the covariance of a sample.", Example: "range x from 1 to 4 step 1 | summarize covariance(x, x * 2)"},
		{Name: "covarianceif", Sig: "x:summable, y:summable, predicate:bool -> real", Doc: "Gives the covariance of a sample where a predicate is true.", Example: "range x from 1 to 4 step 1 | summarize covarianceif(x, x * 2, x > 1)"},
		{Name: "covariancep", Sig: "x:summable, y:summable -> real", Doc: "Gives the covariance of a population.", Example: "range x from 1 to 4 step 1 | summarize covariancep(x, x * 2)"},
		{Name: "covariancepif", Sig: "x:summable, y:summable, predicate:bool -> real", Doc: "Gives the covariance of a population where a predicate is true.", Example: "range x from 1 to 4 step 1 | summarize covariancepif(x, x * 2, x > 1)"},
		{Name: "make_list", Prefix: "list", Sig: "value:scalar, const limit?:integer -> dynamic", Doc: "Gathers the values in an array.", Example: "range x from 1 to 3 step 1 | summarize make_list(x)"},
		{Name: "makelist", Of: "make_list", Prefix: "list", Sig: "value:scalar, const limit?:integer -> dynamic", Doc: "Older spelling of make_list().", Example: "range x from 1 to 3 step 1 | summarize makelist(x)"},
		{Name: "make_list_if", Prefix: "list", Sig: "value:scalar, predicate:bool, const limit?:integer -> dynamic", Doc: "Gathers the values in an array where a predicate is true.", Example: "range x from 1 to 3 step 1 | summarize make_list_if(x, x > 1)"},
		{Name: "make_list_with_nulls", Prefix: "list", Sig: "value:scalar -> dynamic", Doc: "Gathers the values, nulls too, in an array.", Example: "datatable(x:long)[1, long(null)] | summarize make_list_with_nulls(x)"},
		{Name: "make_set", Prefix: "set", Sig: "value:scalar, const limit?:integer -> dynamic", Doc: "Gathers the different values in an array.", Example: "range x from 1 to 9 step 1 | summarize make_set(x % 3)"},
		{Name: "makeset", Of: "make_set", Prefix: "set", Sig: "value:scalar, const limit?:integer -> dynamic", Doc: "Older spelling of make_set().", Example: "range x from 1 to 9 step 1 | summarize makeset(x % 3)"},
		{Name: "make_set_if", Prefix: "set", Sig: "value:scalar, predicate:bool, const limit?:integer -> dynamic", Doc: "Gathers the different values in an array where a predicate is true.", Example: "range x from 1 to 9 step 1 | summarize make_set_if(x, x > 6)"},
		{Name: "make_bag", Prefix: "bag", Sig: "bag:dynamic, const limit?:integer -> dynamic", Doc: "Joins bags; of equal keys one value stays.", Example: "range x from 1 to 2 step 1 | summarize make_bag(bag_pack(tostring(x), x))"},
		{Name: "make_dictionary", Of: "make_bag", Prefix: "dictionary", Sig: "bag:dynamic, const limit?:integer -> dynamic", Doc: "Older spelling of make_bag().", Example: "range x from 1 to 2 step 1 | summarize make_dictionary(bag_pack(tostring(x), x))"},
		{Name: "make_bag_if", Prefix: "bag", Sig: "bag:dynamic, predicate:bool, const limit?:integer -> dynamic", Doc: "Joins bags where a predicate is true.", Example: "range x from 1 to 2 step 1 | summarize make_bag_if(bag_pack(tostring(x), x), x > 1)"},
		{Name: "percentile", Sig: "value:scalar, percentage:real -> first", Doc: "Gives the nearest-rank percentile: the least value that at least that share does not exceed.", Example: "range x from 1 to 10 step 1 | summarize percentile(x, 95)"},
		{Name: "percentiles", Sig: "value:scalar, percentage...:real -> first", Doc: "Gives several percentiles, each in its own column.", Example: "range x from 1 to 10 step 1 | summarize percentiles(x, 50, 95)"},
		{Name: "percentiles_array", Sig: "value:scalar, percentage...:scalar -> dynamic", Doc: "Gives several percentiles in one array.", Example: "range x from 1 to 10 step 1 | summarize percentiles_array(x, 50, 95)"},
		{Name: "arg_max", Sig: "value:orderable, column...:scalar -> first", Doc: "Gives the greatest value and other columns of its row; * is all of them.", Example: "range x from 1 to 3 step 1 | extend y = x * 2 | summarize arg_max(x, y)"},
		{Name: "arg_min", Sig: "value:orderable, column...:scalar -> first", Doc: "Gives the least value and other columns of its row.", Example: "range x from 1 to 3 step 1 | extend y = x * 2 | summarize arg_min(x, *)"},
		{Name: "argmax", Of: "arg_max", Sig: "value:orderable, column...:scalar -> first", Doc: "Older spelling of arg_max() with other column names.", Example: "range x from 1 to 3 step 1 | extend y = x * 2 | summarize argmax(x, y)"},
		{Name: "argmin", Of: "arg_min", Sig: "value:orderable, column...:scalar -> first", Doc: "Older spelling of arg_min() with other column names.", Example: "range x from 1 to 3 step 1 | extend y = x * 2 | summarize argmin(x, y)"},
		{Name: "take_any", Sig: "column...:scalar -> first", Doc: "Gives columns of some row, one that is not null if there is any.", Example: "range x from 1 to 1 step 1 | summarize take_any(x)"},
		{Name: "any", Of: "take_any", Sig: "column...:scalar -> first", Doc: "Older spelling of take_any() with other column names.", Example: "range x from 1 to 1 step 1 | summarize any(x)"},
		{Name: "take_anyif", Naming: FirstArgument, Sig: "value:scalar, predicate:bool -> first", Doc: "Gives a value of some row where a predicate is true.", Example: "range x from 1 to 3 step 1 | summarize take_anyif(x, x == 2)"},
		{Name: "anyif", Of: "take_anyif", Sig: "value:scalar, predicate:bool -> first", Doc: "Older spelling of take_anyif().", Example: "range x from 1 to 3 step 1 | summarize anyif(x, x == 2)"},
		{Name: "binary_all_or", Naming: FirstArgument, Sig: "value:integer -> first", Doc: "Combines the bits of all values with or.", Example: "range x from 1 to 4 step 1 | summarize binary_all_or(x)"},
		{Name: "binary_all_and", Naming: FirstArgument, Sig: "value:integer -> first", Doc: "Combines the bits of all values with and.", Example: "range x from 1 to 4 step 1 | summarize binary_all_and(x)"},
		{Name: "binary_all_xor", Naming: FirstArgument, Sig: "value:integer -> first", Doc: "Combines the bits of all values with exclusive or.", Example: "range x from 1 to 4 step 1 | summarize binary_all_xor(x)"},
	}
	for i := range all {
		all[i].Kind = Aggregate
		if all[i].Naming == NoName {
			all[i].Naming = PrefixFirstArgument
		}
		if all[i].Prefix == "" {
			all[i].Prefix = all[i].Name
		}
	}
	return all
}

func windowEntries() []entry {
	all := []entry{
		{Name: "row_number", Sig: "start?:long, restart?:bool -> long", Doc: "Numbers the rows, from 1, and again where restart is true.", Example: "range x from 1 to 3 step 1 | serialize n = row_number()"},
		{Name: "row_cumsum", Sig: "value:number, restart?:bool -> first", Doc: "Gives the running sum.", Example: "range x from 1 to 3 step 1 | serialize s = row_cumsum(x)"},
		{Name: "row_rank_dense", Sig: "value:scalar, restart?:bool -> long", Doc: "Ranks rows, equal neighbours alike, without gaps.", Example: "range x from 1 to 3 step 1 | sort by x asc | extend r = row_rank_dense(x / 2)"},
		{Name: "row_rank", Of: "row_rank_dense", Sig: "value:scalar -> long", Doc: "Ranks rows, equal neighbours alike, without gaps.", Example: "range x from 1 to 3 step 1 | sort by x asc | extend r = row_rank(x / 2)"},
		{Name: "row_rank_min", Sig: "value:scalar, restart?:bool -> long", Doc: "Gives the number of the first row of those with the same value.", Example: "range x from 1 to 3 step 1 | sort by x asc | extend r = row_rank_min(x / 2)"},
		{Name: "row_window_session", Sig: "time:datetime, max_from_first:timespan, max_between:timespan, restart?:bool -> datetime", Doc: "Gives the time at which the session of a row began.", Example: "range t from datetime(2024-01-01) to datetime(2024-01-01 02:00) step 20m | serialize s = row_window_session(t, 1h, 30m)"},
		{Name: "prev", Sig: "value:scalar, offset?:long, const default?:scalar -> first", Doc: "Gives a value of an earlier row.", Example: "range x from 1 to 3 step 1 | serialize p = prev(x)"},
		{Name: "next", Sig: "value:scalar, offset?:long, const default?:scalar -> first", Doc: "Gives a value of a later row.", Example: "range x from 1 to 3 step 1 | serialize n = next(x, 1, 0)"},
	}
	for i := range all {
		all[i].Kind = Window
	}
	return all
}

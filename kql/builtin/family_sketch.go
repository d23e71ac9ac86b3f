package builtin

// sketchEntries are the aggregates that keep a summary which can be merged, and
// the functions that read one. A summary is exact while it is small.
func sketchEntries() []entry {
	return append(sketchAggregates(), sketchFunctions()...)
}

func sketchAggregates() []entry {
	all := []entry{
		{Name: "hll", Sig: "value:scalar, const accuracy?:integer -> dynamic", Doc: "Keeps which different values there are, so that they can be counted and merged later.", Example: "range x from 1 to 9 step 1 | summarize h = hll(x % 3) | project dcount_hll(h)"},
		{Name: "hll_if", Sig: "value:scalar, predicate:bool, const accuracy?:integer -> dynamic", Doc: "Keeps which different values there are where a predicate is true.", Example: "range x from 1 to 9 step 1 | summarize h = hll_if(x, x > 5) | project dcount_hll(h)"},
		{Name: "hll_merge", Sig: "hll:dynamic -> dynamic", Doc: "Merges values of hll(), those of a group or those of two arguments and more.", Example: "range x from 1 to 9 step 1 | summarize h = hll(x) by x % 2 | summarize h = hll_merge(h) | project dcount_hll(h)"},
		{Name: "tdigest", Sig: "value:summable, weight?:integer -> dynamic", Doc: "Keeps the distribution of values, so that percentiles can be taken and merged later.", Example: "range x from 1 to 9 step 1 | summarize t = tdigest(x) | project percentile_tdigest(t, 50, typeof(long))"},
		{Name: "tdigest_merge", Prefix: "merge_tdigests", Sig: "digest:dynamic -> dynamic", Doc: "Merges values of tdigest(), those of a group or those of two arguments and more.", Example: "range x from 1 to 9 step 1 | summarize t = tdigest(x) by x % 2 | summarize t = tdigest_merge(t) | project percentile_tdigest(t, 50, typeof(long))"},
		{Name: "merge_tdigest", Of: "tdigest_merge", Prefix: "merge_tdigests", Sig: "digest:dynamic -> dynamic", Doc: "Older spelling of tdigest_merge().", Example: "range x from 1 to 9 step 1 | summarize a = tdigest(x), b = tdigest(x + 9) | project t = merge_tdigest(a, b) | project percentile_tdigest(t, 100, typeof(long))"},
		{Name: "buildschema", Prefix: "schema", Sig: "value:dynamic -> dynamic", Doc: "Gives the least schema that admits every value.", Example: "datatable(d:dynamic)[dynamic({'a': 1}), dynamic({'a': 'x', 'b': [1]})] | summarize buildschema(d)"},
		{Name: "percentilew", Sig: "value:scalar, weight:integer, percentage:real -> first", Doc: "Gives a percentile of values that each count as often as their weight says.", Example: "datatable(x:long, n:long)[10, 8, 20, 6, 30, 3] | summarize percentilew(x, n, 50)"},
		{Name: "percentilesw", Sig: "value:scalar, weight:integer, percentage...:real -> first", Doc: "Gives several weighted percentiles, each in its own column.", Example: "datatable(x:long, n:long)[10, 8, 20, 6, 30, 3] | summarize percentilesw(x, n, 50, 75)"},
		{Name: "percentilesw_array", Sig: "value:scalar, weight:integer, percentage...:scalar -> dynamic", Doc: "Gives several weighted percentiles in one array.", Example: "datatable(x:long, n:long)[10, 8, 20, 6, 30, 3] | summarize percentilesw_array(x, n, 50, 75)"},
	}
	for i := range all {
		all[i].Kind, all[i].Naming = Aggregate, PrefixFirstArgument
		if all[i].Prefix == "" {
			all[i].Prefix = all[i].Name
		}
	}
	return all
}

func sketchFunctions() []entry {
	const digest = "range x from 1 to 10 step 1 | summarize t = tdigest(x) | project "
	return []entry{
		{Name: "dcount_hll", Naming: PrefixFirstArgument, Prefix: "dcount_hll", Stage: "native", Sig: "hll:dynamic -> long", Doc: "Counts the different values that hll() has kept.", Example: "range x from 1 to 9 step 1 | summarize h = hll(x) | project dcount_hll(h)"},
		{Name: "percentile_tdigest", Naming: PrefixFirstArgument, Prefix: "percentile_tdigest", Stage: "native", Sig: "digest:dynamic, percentage:real -> dynamic | digest:dynamic, percentage:real, type:type -> literal", Doc: "Gives a percentile of the values that tdigest() has kept.", Example: digest + "percentile_tdigest(t, 50, typeof(long))"},
		{Name: "percentiles_array_tdigest", Naming: PrefixFirstArgument, Prefix: "percentile_tdigest", Stage: "native", Sig: "digest:dynamic, percentage...:scalar -> dynamic", Doc: "Gives percentiles of the values that tdigest() has kept, in an array.", Example: digest + "percentiles_array_tdigest(t, dynamic([50, 100]))"},
		{Name: "percentile_array_tdigest", Of: "percentiles_array_tdigest", Naming: PrefixFirstArgument, Prefix: "percentile_tdigest", Sig: "digest:dynamic, percentage...:scalar -> dynamic", Doc: "Other spelling of percentiles_array_tdigest().", Example: digest + "percentile_array_tdigest(t, 50, 100)"},
		{Name: "rank_tdigest", Stage: "native", Sig: "digest:dynamic, value:scalar -> real", Doc: "Counts the values of a digest that are not greater than a value.", Example: digest + "rank_tdigest(t, 4)"},
		{Name: "percentrank_tdigest", Stage: "native", Sig: "digest:dynamic, value:scalar -> real", Doc: "Gives the share of the values of a digest that are not greater than a value, in percent.", Example: digest + "percentrank_tdigest(t, 4)"},
		{Name: "tdigest_isvalid", Stage: "native", Sig: "digest:dynamic -> bool", Doc: "Says whether a value is one that tdigest() makes.", Example: digest + "tdigest_isvalid(t)"},
	}
}

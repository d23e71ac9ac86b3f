package builtin

func seriesEntries() []entry {
	return []entry{
		{Name: "series_sum", Sig: "series:dynamic -> real", Doc: "Adds the numbers of a series.", Example: "print series_sum(dynamic([1, 2]))"},
	}
}

package builtin

func textEntries() []entry {
	return []entry{
		{Name: "parse_csv", Stage: "native", Sig: "text:text -> dynamic", Doc: "Splits one record of comma-separated values into an array of strings.", Example: "print parse_csv('aa,\"b,b\",cc')"},
	}
}

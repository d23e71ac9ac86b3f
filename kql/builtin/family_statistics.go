package builtin

func statisticsEntries() []entry {
	return []entry{}
}

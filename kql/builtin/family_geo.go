package builtin

func geoEntries() []entry {
	return []entry{}
}

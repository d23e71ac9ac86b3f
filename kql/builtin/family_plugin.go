package builtin

func pluginEntries() []entry {
	return []entry{
		{Name: "bag_unpack", Kind: Plugin, Sig: "bag:column, prefix?:string -> dynamic", Doc: "Turns the members of a bag into columns.", Example: "print d = dynamic({'a': 1}) | evaluate bag_unpack(d) | project a"},
	}
}

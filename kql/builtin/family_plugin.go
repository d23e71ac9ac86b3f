package builtin

func pluginEntries() []entry {
	return []entry{
		{Name: "bag_unpack", Kind: Plugin, Sig: "bag:column, prefix?:string, columnsConflict?:string, ignoredProperties?:dynamic -> dynamic", Doc: "Turns the members of a bag into columns, those that the data has or those that a schema declares.", Example: "print d = dynamic({'a': 1}) | evaluate bag_unpack(d) | project a"},
		{Name: "pivot", Kind: Plugin, Sig: "over:column, aggregate?:scalar, column...:column -> dynamic", Doc: "Turns the values of a column into columns, each with an aggregate over the rows that have it.", Example: "datatable(day:string, kind:string)['mon', 'a', 'mon', 'b', 'tue', 'a'] | evaluate pivot(kind)"},
		{Name: "geo_polygon_lookup", Kind: Plugin, Sig: "table:scalar, polygon:column, lng:real, lat:real, radius?:real, return_unmatched?:bool, lookup_area_radius?:real, return_lookup_key?:bool -> dynamic", Doc: "Joins rows with those of a table whose polygon they are in, or within a radius in metres of.", Example: `let areas = datatable(area: string, shape: dynamic)["north", dynamic({"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,2],[0,0]]]})]; print lng = 1.0, lat = 1.0 | evaluate geo_polygon_lookup(areas, shape, lng, lat)`},
		{Name: "geo_line_lookup", Kind: Plugin, Sig: "table:scalar, line:column, lng:real, lat:real, radius:real, return_unmatched?:bool, lookup_area_radius?:real, return_lookup_key?:bool -> dynamic", Doc: "Joins rows with those of a table whose line is within a radius in metres.", Example: `let roads = datatable(road: string, line: dynamic)["ring", dynamic({"type":"LineString","coordinates":[[0,0],[2,0],[2,2]]})]; print lng = 1.0, lat = 0.001 | evaluate geo_line_lookup(roads, line, lng, lat, 500)`},
	}
}

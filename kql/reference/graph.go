package reference

const (
	graphTables = "let people = datatable (name:string, age:long) ['ann', 40, 'bob', 20, 'cyd', 30]; let knows = datatable (source:string, target:string) ['ann', 'bob', 'bob', 'cyd']; knows | make-graph source --> target with people on name | "
	onePath     = "graph-match (a)-[k*1..3]->(b) where a.name == 'ann' and "
)

func graphOperators() []Entry {
	return []Entry{
		{Name: "make-graph", Forms: []string{"edges | make-graph source --> target with nodes on key"}, Doc: "Makes a graph of a table of edges and tables of nodes.", Example: graphTables + "graph-match (a)-[k]->(b) project a.name, b.name | sort by a_name asc"},
		{Name: "graph-match", Forms: []string{"G | graph-match (a)-[e]->(b) where predicate project expression, …"}, Doc: "Gives a row for each place where a pattern of nodes and edges stands in a graph.", Example: graphTables + "graph-match (a)-[k1]->(b)-[k2]->(c) project a.name, c.name"},
		{Name: "graph-to-table", Forms: []string{"G | graph-to-table nodes", "G | graph-to-table edges"}, Doc: "Gives the nodes or the edges of a graph as a table.", Example: graphTables + "graph-to-table nodes | sort by name asc"},
		{Name: "graph-shortest-paths", Forms: []string{"G | graph-shortest-paths (a)-[e*1..5]->(b) where predicate project expression, …"}, Doc: "Gives the shortest paths between nodes.", Example: graphTables + "graph-shortest-paths (a)-[k*1..3]->(b) where a.name == 'ann' and b.name == 'cyd' project from = a.name, to = b.name"},
		{Name: "graph-mark-components", Forms: []string{"G | graph-mark-components kind=weak with_component_id=name"}, Doc: "Gives each node the number of its connected part.", Example: graphTables + "graph-mark-components | graph-to-table nodes | summarize count() by ComponentId"},
		{Name: "graph()", Forms: []string{"graph('model', 'snapshot')"}, Doc: "Reads a graph that is stored under a name.", Example: "graph('g') | graph-match (a) project a.name"},
	}
}

func graphFunctions() []Entry {
	return []Entry{
		{Name: "all()", Forms: []string{"all(edge, predicate)", "all(inner_nodes(edge), predicate)"}, Doc: "True when a predicate is true for every edge or inner node of a path.", Example: graphTables + onePath + "all(k, source != 'x') project b.name | sort by b_name asc"},
		{Name: "any()", Forms: []string{"any(edge, predicate)", "any(inner_nodes(edge), predicate)"}, Doc: "True when a predicate is true for some edge or inner node of a path.", Example: graphTables + onePath + "any(k, target == 'cyd') project b.name"},
		{Name: "map()", Forms: []string{"map(edge, expression)"}, Doc: "Gives an array of a value for each edge or inner node of a path.", Example: graphTables + onePath + "b.name == 'cyd' project steps = map(k, target)"},
		{Name: "inner_nodes()", Forms: []string{"inner_nodes(edge)"}, Doc: "Gives the nodes between the ends of a path.", Example: graphTables + onePath + "b.name == 'cyd' project between = map(inner_nodes(k), name)"},
		{Name: "labels()", Forms: []string{"labels(node)"}, Doc: "Gives the labels of a node or an edge: none in a graph that make-graph makes.", Example: graphTables + "graph-match (a)-[k]->(b) project labels(a)"},
		{Name: "node_degree_in()", Forms: []string{"node_degree_in(node)"}, Doc: "Counts the edges that lead to a node.", Example: graphTables + "graph-match (a) project a.name, d = node_degree_in(a) | sort by a_name asc"},
		{Name: "node_degree_out()", Forms: []string{"node_degree_out(node)"}, Doc: "Counts the edges that lead away from a node.", Example: graphTables + "graph-match (a) project a.name, d = node_degree_out(a) | sort by a_name asc"},
		{Name: "node_id()", Forms: []string{"node_id(node)"}, Doc: "Gives the identity of a node of a graph.", Example: graphTables + "graph-match (a) project a.name, i = node_id(a) | sort by a_name asc"},
	}
}

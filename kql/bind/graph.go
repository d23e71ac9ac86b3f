package bind

import (
	"slices"

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// graph is a table of nodes, numbered from 0, and one of edges, numbered too,
// that say which nodes they join. The numbers are hidden fields at the end.
type graph struct{ nodes, edges *letTable }

// numbered is a reference to the nodes or the edges of a graph.
type numbered struct {
	rel      *relation // its visible fields only
	number   *plan.Column
	key      *plan.Column // of nodes: the text by which they are known
	from, to *plan.Column // of edges
	// fromKey and toKey are the keys of the nodes at the ends of edges.
	fromKey, toKey *plan.Column
}

func (b *binder) graphNodes(g *graph) *numbered { return b.hiddenNumbers(g.nodes, 2) }
func (b *binder) graphEdges(g *graph) *numbered { return b.hiddenNumbers(g.edges, 5) }

func (b *binder) hiddenNumbers(table *letTable, hidden int) *numbered {
	rel := b.reference(table)
	n := len(rel.fields) - hidden
	out := &numbered{rel: rel, number: rel.fields[n].column}
	if hidden == 2 {
		out.key = rel.fields[n+1].column
	} else {
		out.from, out.to = rel.fields[n+1].column, rel.fields[n+2].column
		out.fromKey, out.toKey = rel.fields[n+3].column, rel.fields[n+4].column
	}
	rel.fields = slices.Clone(rel.fields[:n])
	rel.order, rel.serialized, rel.ingestion = nil, false, nil
	return out
}

// graphOperator binds what can follow a graph.
func (b *binder) graphOperator(op syntax.Operator, rel *relation, s *scope) *relation {
	switch op := op.(type) {
	case *syntax.GraphMatchOperator:
		return b.graphMatch(op, rel.graph, s)
	case *syntax.GraphToTableOperator:
		return b.graphToTable(op, rel.graph)
	case *syntax.GraphComponentsOperator:
		return b.graphComponents(op, rel.graph)
	case *syntax.AsOperator:
		return b.as(op, rel, s)
	case *syntax.BadOperator:
		return b.nothing()
	}
	b.errorf(op.Span(), "a graph is no table; graph-match or graph-to-table makes one of it")
	return b.nothing()
}

func graphRelation(g *graph) *relation { return &relation{node: &plan.Values{}, graph: g} }

// makeGraph binds make-graph. Nodes that only edges name have no properties but
// their identifier.
func (b *binder) makeGraph(op *syntax.MakeGraphOperator, rel *relation, s *scope) *relation {
	edges := rel.derive()
	edges.order, edges.serialized, edges.ingestion = nil, false, nil
	var ends []*plan.Column
	for _, name := range []*syntax.Name{op.From, op.To} {
		c := edges.find(name.Text)
		if c == nil {
			if rel.open == nil {
				b.noColumn(name.Span(), name.Text, edges)
			}
			return b.nothing()
		}
		ends = append(ends, c)
	}
	from, ok1 := b.key(op, edges, ends[0])
	to, ok2 := b.key(op, edges, ends[1])
	if !ok1 || !ok2 {
		return b.nothing()
	}
	keys := b.define(edges, []item{{name: "source", expr: from}, {name: "target", expr: to}})
	for _, c := range append(keys, ends...) {
		edges.fields = append(edges.fields, field{"", c})
	}
	table := &letTable{shared: &plan.Shared{Node: edges.node, Once: true}, rel: edges}
	nodes, ok := b.nodeTables(op, table, s)
	if !ok {
		return b.nothing()
	}
	out := graphRelation(b.connect(table, nodes))
	if op.Body == nil {
		return out
	}
	s = newScope(s)
	for _, o := range op.Body.Operators {
		if !b.count(o) {
			return b.nothing()
		}
		out = b.operator(o, out, s)
	}
	return out
}

// key is the text by which nodes are known. In a graph with parts it begins with
// the part, so that no node or edge belongs to two of them.
func (b *binder) key(op *syntax.MakeGraphOperator, rel *relation, c *plan.Column) (plan.Expr, bool) {
	text := convert(&plan.Ref{Column: c}, types.String)
	if op.By == nil {
		return text, true
	}
	part := rel.find(op.By.Text)
	if part == nil {
		if rel.open == nil {
			b.noColumn(op.By.Span(), op.By.Text, rel)
		}
		return nil, false
	}
	whole := b.callBuiltin("strcat", types.String, convert(&plan.Ref{Column: part}, types.String), &plan.Literal{Of: types.String, Value: "\x1f"}, text)
	empty := &plan.Literal{Of: types.String, Value: ""}
	return &plan.Case{Branches: []plan.Branch{{When: b.callBuiltin("==", types.Bool, text, empty), Then: empty}}, Else: whole, Of: types.String}, true
}

// nodeSource is one table of nodes: where their key and properties come from.
type nodeSource struct {
	node   plan.Node
	key    plan.Expr
	values map[string]plan.Expr
}

// nodeTables gathers the nodes of all tables and of the edges, one row for each
// key, with the key as the last field.
func (b *binder) nodeTables(op *syntax.MakeGraphOperator, edges *letTable, s *scope) (*relation, bool) {
	var sources []nodeSource
	var columns []field // names and types of the properties
	var identifiers []string
	add := func(name string, c *plan.Column) {
		if !hasField(columns, name) {
			columns = append(columns, field{name, c})
		}
	}
	for _, n := range op.Nodes {
		t := b.tabular(n.Table, s)
		id := t.find(n.On.Text)
		if id == nil {
			if t.open == nil {
				b.noColumn(n.On.Span(), n.On.Text, t)
			}
			return nil, false
		}
		text, ok := b.key(op, t, id)
		if !ok {
			return nil, false
		}
		source := nodeSource{t.node, text, map[string]plan.Expr{}}
		for _, f := range t.fields {
			add(f.name, f.column)
			source.values[f.name] = &plan.Ref{Column: f.column}
		}
		identifiers = append(identifiers, n.On.Text)
		sources = append(sources, source)
	}
	for _, p := range op.Properties {
		identifiers = append(identifiers, propertyWord(p))
	}
	for i := range 2 {
		r := b.reference(edges)
		n := len(r.fields) - 4
		source := nodeSource{r.node, &plan.Ref{Column: r.fields[n+i].column}, map[string]plan.Expr{}}
		for _, name := range identifiers {
			add(name, r.fields[n+2+i].column)
			source.values[name] = &plan.Ref{Column: r.fields[n+2+i].column}
		}
		sources = append(sources, source)
	}
	return b.mergeNodes(sources, columns), true
}

// mergeNodes makes one row of the rows with one key.
func (b *binder) mergeNodes(sources []nodeSource, columns []field) *relation {
	union := &plan.Union{Output: []*plan.Column{b.newColumn("key", types.String)}}
	for _, f := range columns {
		union.Output = append(union.Output, b.newColumn(f.name, f.column.Type))
	}
	for _, source := range sources {
		items := []plan.Expr{source.key}
		for _, f := range columns {
			e := source.values[f.name]
			if e == nil {
				e = &plan.Literal{Of: f.column.Type}
			}
			items = append(items, convert(e, f.column.Type))
		}
		union.From, union.Items = append(union.From, source.node), append(union.Items, items)
	}
	id := union.Output[0]
	present := &plan.Filter{Input: union, Predicate: b.callBuiltin("!=", types.Bool, &plan.Ref{Column: id}, &plan.Literal{Of: types.String, Value: ""})}
	group := &plan.Aggregate{Input: present, Keys: []plan.Definition{{Column: id, Expr: &plan.Ref{Column: id}}}}
	out := &relation{node: group}
	for i, f := range columns {
		name := "take_any"
		if f.column.Type == types.String {
			name = "max" // of which the empty text is the least
		}
		c := b.newColumn(f.name, f.column.Type)
		call := &plan.Call{Function: b.functions.Must(name), Args: []plan.Expr{&plan.Ref{Column: union.Output[i+1]}}, Of: c.Type}
		group.Aggregates = append(group.Aggregates, plan.Definition{Column: c, Expr: call})
		out.fields = append(out.fields, field{f.name, c})
	}
	out.fields = append(out.fields, field{"", id})
	return out
}

// number adds a column that counts rows from 0 in an order.
func (b *binder) number(node plan.Node, order []plan.SortKey) (plan.Node, *plan.Column) {
	counted, n := b.newColumn("row", types.Long), b.newColumn("number", types.Long)
	window := &plan.Window{Input: node, Order: order}
	window.Define = []plan.Definition{{Column: counted, Expr: &plan.Call{Function: b.functions.Must("row_number"), Of: types.Long}}}
	minus := b.callBuiltin("-", types.Long, &plan.Ref{Column: counted}, &plan.Literal{Of: types.Long, Value: int64(1)})
	return &plan.Project{Input: window, Pass: window.Columns(), Define: []plan.Definition{{Column: n, Expr: minus}}}, n
}

// connect numbers the nodes and the edges.
func (b *binder) connect(edges *letTable, nodes *relation) *graph {
	g := &graph{}
	last := len(nodes.fields) - 1
	id := nodes.fields[last].column
	var n *plan.Column
	nodes.node, n = b.number(nodes.node, []plan.SortKey{{Column: id}})
	nodes.fields = append(nodes.fields[:last:last], field{"", n}, field{"", id})
	keyed := &letTable{shared: &plan.Shared{Node: nodes.node, Once: true}, rel: nodes}
	rel := b.reference(edges)
	width := len(rel.fields) - 4
	node := rel.node
	var ends []*plan.Column
	for i := range 2 {
		side := b.reference(keyed)
		number, text := side.fields[last].column, side.fields[last+1].column
		node = &plan.Join{Kind: plan.Inner, Left: node, Right: side.node, On: []plan.JoinKey{{Left: rel.fields[width+i].column, Right: text}}}
		ends = append(ends, number)
	}
	node, n = b.number(node, []plan.SortKey{{Column: ends[0]}, {Column: ends[1]}})
	keys := rel.fields[width : width+2]
	rel.fields = append(rel.fields[:width:width], field{"", n}, field{"", ends[0]}, field{"", ends[1]}, keys[0], keys[1])
	rel.node = node
	g.edges = &letTable{shared: &plan.Shared{Node: node, Once: true}, rel: rel}
	g.nodes = keyed
	return g
}

// nativeCall is the call of a function that only the binder names.
func nativeCall(name string, of types.Type, args ...plan.Expr) *plan.Call {
	return &plan.Call{Function: &builtin.Function{Name: name, Kind: builtin.Scalar}, Args: args, Of: of}
}

// gathered is the values of an expression in the order of a number, as one
// array.
func (b *binder) gathered(node plan.Node, e plan.Expr, number *plan.Column) plan.Expr {
	value, all := b.newColumn("value", e.Type()), b.newColumn("values", types.Dynamic)
	project := &plan.Project{Input: node, Pass: node.Columns(), Define: []plan.Definition{{Column: value, Expr: e}}}
	call := &plan.Call{
		Function: b.functions.Must("make_list_with_nulls"), Args: []plan.Expr{&plan.Ref{Column: value}}, Of: types.Dynamic,
		Order: []plan.SortKey{{Column: number}},
	}
	return &plan.Scalar{Node: &plan.Aggregate{Input: project, Aggregates: []plan.Definition{{Column: all, Expr: call}}}, Column: all}
}

// unnested gives a row for each element of an array, which is computed once.
func (b *binder) unnested(input plan.Node, array plan.Expr, item, index *plan.Column) plan.Node {
	whole := b.newColumn("array", types.Dynamic)
	project := &plan.Project{Input: input, Pass: input.Columns(), Define: []plan.Definition{{Column: whole, Expr: array}}}
	return &plan.Unnest{Input: project, Items: []plan.UnnestItem{{Array: &plan.Ref{Column: whole}, Column: item}}, Index: index, Inner: true}
}

// oneRow is a table of one row.
func (b *binder) oneRow() plan.Node {
	return &plan.Values{Output: []*plan.Column{b.newColumn("one", types.Long)}, Rows: [][]plan.Expr{{&plan.Literal{Of: types.Long, Value: int64(1)}}}}
}

// ends are the edges as the native functions take them.
func (b *binder) ends(e *numbered, node plan.Node) plan.Expr {
	triple := b.callBuiltin("pack_array", types.Dynamic, &plan.Ref{Column: e.number}, &plan.Ref{Column: e.from}, &plan.Ref{Column: e.to})
	return b.gathered(node, triple, e.number)
}

// graphComponents binds graph-mark-components: a graph whose nodes have one
// column more.
func (b *binder) graphComponents(op *syntax.GraphComponentsOperator, g *graph) *relation {
	name, strong := "ComponentId", false
	for _, p := range op.Properties {
		switch word := propertyWord(p); {
		case p.Name.Text == "with_component_id":
			name = word
		case word == "strong":
			strong = true
		case word != "weak":
			b.errorf(p.Span(), "the kind of components is weak or strong")
			return b.nothing()
		}
	}
	nodes, edges, marked := b.graphNodes(g), b.graphEdges(g), b.graphNodes(g)
	call := nativeCall("graph_components", types.Dynamic,
		b.gathered(nodes.rel.node, &plan.Ref{Column: nodes.number}, nodes.number), b.ends(edges, edges.rel.node), &plan.Literal{Of: types.Bool, Value: strong})
	item, index := b.newColumn("item", types.Dynamic), b.newColumn("index", types.Long)
	found := &relation{node: b.unnested(b.oneRow(), call, item, index)}
	component := b.define(found, namedItems(name, convert(&plan.Ref{Column: item}, types.Long)))[0]
	out := marked.rel
	out.node = &plan.Join{Kind: plan.Inner, Left: out.node, Right: found.node, On: []plan.JoinKey{{Left: marked.number, Right: index}}}
	out.set(name, component)
	out.fields = append(out.fields, field{"", marked.number}, field{"", marked.key})
	return graphRelation(&graph{nodes: &letTable{shared: &plan.Shared{Node: out.node, Once: true}, rel: out}, edges: g.edges})
}

// graphToTable binds graph-to-table; with two tables it ends a query.
func (b *binder) graphToTable(op *syntax.GraphToTableOperator, g *graph) *relation {
	table := op.Tables[0]
	if len(op.Tables) > 1 {
		if !b.mayBranch(op, "graph-to-table with two tables") {
			return b.nothing()
		}
		b.branches.count = min(len(op.Tables), maxTables)
		table = op.Tables[b.branches.wanted]
		if b.branches.name = table.Kind; table.As != nil {
			b.branches.name = table.As.Text
		}
	}
	t := b.graphNodes(g)
	if table.Kind == "edges" {
		t = b.graphEdges(g)
	}
	// A node is identified by the hash of its key, as in Kusto.
	identifiers := map[string]*plan.Column{"with_node_id": t.key, "with_source_id": t.fromKey, "with_target_id": t.toKey}
	var items []item
	for _, p := range table.Properties {
		c := identifiers[p.Name.Text]
		if c == nil || (table.Kind == "edges") != (p.Name.Text != "with_node_id") {
			b.errorf(p.Span(), "%s have no %s", table.Kind, p.Name.Text)
			return b.nothing()
		}
		items = append(items, item{name: propertyWord(p), expr: b.callBuiltin("hash", types.Long, &plan.Ref{Column: c})})
	}
	var fields []field
	for i, c := range b.define(t.rel, items) {
		fields = append(fields, field{items[i].name, c})
	}
	t.rel.fields = append(fields, t.rel.fields...)
	return t.rel
}

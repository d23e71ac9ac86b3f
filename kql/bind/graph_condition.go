package bind

import (
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// graphFunctions are the functions that have a meaning in a match only.
var graphFunctions = map[string]bool{
	"all": true, "any": true, "map": true, "inner_nodes": true, "node_degree_in": true, "node_degree_out": true, "node_id": true, "labels": true,
}

// degree is how many edges a node has: a table of counts that is joined.
type degree struct {
	node, number *plan.Column
	counts       plan.Node
}

// where binds the condition. What limits a search is given to it; the rest
// comes back.
func (m *match) where(row *rowScope) ([]plan.Expr, bool) {
	var rest []plan.Expr
	for _, x := range conjuncts(m.op.Where) {
		if ok, done := m.limit(x, row); done {
			if !ok {
				return nil, false
			}
			continue
		}
		e := m.b.condition(x, row)
		if bad(e) {
			return nil, false
		}
		rest = append(rest, e)
		m.narrow(e)
	}
	return rest, true
}

// conjuncts takes a condition apart where `and` joins its parts.
func conjuncts(x syntax.Expr) []syntax.Expr {
	switch y := x.(type) {
	case nil:
		return nil
	case *syntax.Paren:
		return conjuncts(y.X)
	case *syntax.Binary:
		if y.Op == "and" {
			return append(conjuncts(y.X), conjuncts(y.Y)...)
		}
	}
	return []syntax.Expr{x}
}

// limit gives a condition all(edge, …) or all(inner_nodes(edge), …) to the
// search, which then follows nothing else.
func (m *match) limit(x syntax.Expr, row *rowScope) (ok, done bool) {
	call, isCall := x.(*syntax.Call)
	if !isCall || call.Func.Text != "all" || len(call.Args) != 2 {
		return false, false
	}
	s, inner := m.pathOf(call.Args[0])
	if s == nil {
		return false, false
	}
	over := s.candidates
	if inner {
		over = s.between.nodes
	}
	e := m.b.condition(call.Args[1], m.rowsOf(over, inner))
	if bad(e) {
		return false, true
	}
	if inner {
		s.between.add(m.b, e)
	} else {
		s.allowed = m.b.both(s.allowed, e)
	}
	return true, true
}

// pathOf gives the search that an argument names: `e` or `inner_nodes(e)`.
func (m *match) pathOf(x syntax.Expr) (s *search, inner bool) {
	if call, ok := x.(*syntax.Call); ok && call.Func.Text == "inner_nodes" && len(call.Args) == 1 {
		s, _ = m.pathOf(call.Args[0])
		return s, true
	}
	if name, ok := x.(*syntax.Name); ok {
		return m.searches[name.Text], false
	}
	return nil, false
}

// narrow tells searches that begin or end at a node what a condition on that
// node alone asks of it.
func (m *match) narrow(e plan.Expr) {
	for _, s := range m.all {
		for _, end := range []struct {
			at   *numbered
			side *limitation
		}{{s.from, s.starts}, {s.to, s.ends}} {
			if moved, ok := moveColumns(e, end.at.rel, end.side.nodes.rel); ok {
				end.side.add(m.b, moved)
			}
		}
	}
}

// moveColumns gives an expression over the columns of one relation as one over
// the same columns of another. It fails when the expression reads others.
func moveColumns(e plan.Expr, from, to *relation) (plan.Expr, bool) {
	all := func(exprs []plan.Expr) ([]plan.Expr, bool) {
		moved := make([]plan.Expr, len(exprs))
		for i, x := range exprs {
			var ok bool
			if moved[i], ok = moveColumns(x, from, to); !ok {
				return nil, false
			}
		}
		return moved, true
	}
	switch e := e.(type) {
	case *plan.Literal:
		return e, true
	case *plan.Ref:
		for i, f := range from.fields {
			if f.column == e.Column {
				return &plan.Ref{Column: to.fields[i].column}, true
			}
		}
	case *plan.Convert:
		if x, ok := moveColumns(e.X, from, to); ok {
			return &plan.Convert{X: x, To: e.To}, true
		}
	case *plan.Call:
		if args, ok := all(e.Args); ok {
			return &plan.Call{Function: e.Function, Args: args, Of: e.Of}, true
		}
	}
	return nil, false
}

// call binds a function that has a meaning in a match only.
func (m *match) call(x *syntax.Call, r *rowScope) plan.Expr {
	name := x.Func.Text
	switch name {
	case "labels":
		return m.labels(x, r)
	case "node_degree_in", "node_degree_out":
		return m.degree(x, name == "node_degree_in")
	case "node_id":
		if node := m.nodeOf(x); node != nil {
			return &plan.Ref{Column: node.key}
		}
		return unknown
	case "inner_nodes":
		if s, _ := m.pathOf(x); s != nil {
			return m.bags(x.Args[0].(*syntax.Name), true)
		}
	default:
		if len(x.Args) != 2 {
			m.b.errorf(x.Span(), "%s() takes an edge of variable length and an expression", name)
			return unknown
		}
		if s, inner := m.pathOf(x.Args[0]); s != nil {
			return m.over(s, inner, name, x.Args[1])
		}
	}
	m.b.errorf(x.Span(), "%s() takes an edge of variable length, as in -[e*1..5]->", name)
	return unknown
}

// labels are none: Kusto gives an empty array too for a graph that make-graph
// makes, and no others are there.
func (m *match) labels(x *syntax.Call, r *rowScope) plan.Expr {
	if len(x.Args) == 1 {
		if name, ok := x.Args[0].(*syntax.Name); ok && (r.sides[name.Text] != nil || m.searches[name.Text] != nil) {
			return noLabels()
		}
	}
	m.b.errorf(x.Span(), "labels() takes a node or an edge of the pattern")
	return unknown
}

func noLabels() plan.Expr { return &plan.Literal{Of: types.Dynamic, Value: "[]"} }

// mapped gives the values of one property along a path.
func (m *match) mapped(edge, property *syntax.Name, inner bool) plan.Expr {
	return m.over(m.searches[edge.Text], inner, "map", property)
}

// over evaluates an expression for all edges or nodes of the graph, and picks
// those of a path.
func (m *match) over(s *search, inner bool, name string, x syntax.Expr) plan.Expr {
	table := m.tableOf(inner)
	row := m.rowsOf(table, inner)
	if name == "map" {
		e := m.b.scalar(x, row)
		if bad(e) {
			return unknown
		}
		return m.pick(s, inner, "graph_pick", types.Dynamic, table, e)
	}
	e := m.b.condition(x, row)
	if bad(e) {
		return unknown
	}
	return m.pick(s, inner, "graph_"+name, types.Bool, table, e)
}

// innerNodes are the nodes, or edges, that a function of a path goes over.
type innerNodes struct {
	m     *match
	nodes *numbered // nil for edges
}

// rowsOf is the scope of an expression over the edges or inner nodes of a path.
func (m *match) rowsOf(table *numbered, inner bool) *rowScope {
	row := rows(table.rel, m.scope)
	row.inner = &innerNodes{m: m}
	if inner {
		row.inner.nodes = table
	}
	return row
}

// call binds a function of a node or an edge that takes no argument here; nil if
// it is none.
func (i *innerNodes) call(name string) plan.Expr {
	if name == "labels" {
		return noLabels()
	}
	if i.nodes == nil {
		return nil
	}
	switch name {
	case "node_id":
		return &plan.Ref{Column: i.nodes.key}
	case "node_degree_in", "node_degree_out":
		d, count := i.m.degreeOf(i.nodes, name == "node_degree_in")
		i.nodes.rel.node = &plan.Join{Kind: plan.LeftOuter, Left: i.nodes.rel.node, Right: d.counts, On: []plan.JoinKey{{Left: d.node, Right: d.number}}}
		return count
	}
	return nil
}

func (m *match) tableOf(inner bool) *numbered {
	if inner {
		return m.b.graphNodes(m.g)
	}
	return m.b.graphEdges(m.g)
}

func (m *match) pick(s *search, inner bool, function string, of types.Type, table *numbered, e plan.Expr) plan.Expr {
	places := s.edges
	if inner {
		places = s.inner
	}
	return nativeCall(function, of, m.b.gathered(table.rel.node, e, table.number), &plan.Ref{Column: places})
}

// bags gives the edges or inner nodes of a path with all their properties.
func (m *match) bags(edge *syntax.Name, inner bool) plan.Expr {
	table := m.tableOf(inner)
	var args []plan.Expr
	for _, f := range table.rel.fields {
		args = append(args, &plan.Literal{Of: types.String, Value: f.name}, &plan.Ref{Column: f.column})
	}
	if len(args) == 0 {
		return &plan.Ref{Column: m.searches[edge.Text].inner}
	}
	return m.pick(m.searches[edge.Text], inner, "graph_pick", types.Dynamic, table, m.b.callBuiltin("bag_pack", types.Dynamic, args...))
}

// nodeOf gives the node that a call has as its argument.
func (m *match) nodeOf(x *syntax.Call) *numbered {
	if len(x.Args) == 1 {
		if name, ok := x.Args[0].(*syntax.Name); ok && m.nodes[name.Text] != nil {
			return m.nodes[name.Text]
		}
	}
	m.b.errorf(x.Span(), "%s() takes a node of the pattern", x.Func.Text)
	return nil
}

// degree counts the edges that end or begin at a node.
func (m *match) degree(x *syntax.Call, in bool) plan.Expr {
	node := m.nodeOf(x)
	if node == nil {
		return unknown
	}
	d, count := m.degreeOf(node, in)
	m.degrees = append(m.degrees, d)
	return count
}

// degreeOf gives the table of the degrees of nodes and, once that is joined, a
// node's degree.
func (m *match) degreeOf(node *numbered, in bool) (degree, plan.Expr) {
	edges := m.b.graphEdges(m.g)
	end := edges.from
	if in {
		end = edges.to
	}
	count := m.b.newColumn("degree", types.Long)
	group := &plan.Aggregate{Input: edges.rel.node, Keys: []plan.Definition{{Column: end, Expr: &plan.Ref{Column: end}}}}
	group.Aggregates = []plan.Definition{{Column: count, Expr: &plan.Call{Function: m.b.functions.Must("count"), Of: types.Long}}}
	return degree{node.number, end, group}, m.b.callBuiltin("coalesce", types.Long, &plan.Ref{Column: count}, &plan.Literal{Of: types.Long, Value: int64(0)})
}

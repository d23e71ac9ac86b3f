package bind

import (
	"encoding/json"
	"slices"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// maxPathLength is the most edges of a path of variable length, as package
// kql/native/graph has it.
const maxPathLength = 64

// match is a graph-match while it is bound. Edges of fixed length are joins;
// those of variable length are found by a native search and joined too.
type match struct {
	b        *binder
	g        *graph
	op       *syntax.GraphMatchOperator
	scope    *scope
	node     plan.Node
	cycles   string
	shortest string
	nodes    map[string]*numbered // by variable
	sides    map[string]*relation
	searches map[string]*search
	all      []*search
	edges    []plan.Expr   // the numbers of the edges, or arrays of them
	single   bool          // all edges are single ones
	walks    [][]plan.Expr // the numbers of each pattern's nodes, or arrays
	degrees  []degree
}

// search is an edge of variable length.
type search struct {
	low, high    int64
	direction    string
	from, to     *numbered // the nodes at its ends
	call         *plan.Call
	edges, inner *plan.Column
	// What the search is limited to; a table without a condition is not.
	candidates            *numbered
	allowed               plan.Expr // over candidates
	starts, ends, between *limitation
}

// limitation says which nodes may stand somewhere in a path.
type limitation struct {
	nodes     *numbered
	condition plan.Expr // nil while there is none
}

func (l *limitation) add(b *binder, e plan.Expr) { l.condition = b.both(l.condition, e) }

func (b *binder) both(x, y plan.Expr) plan.Expr {
	if x == nil {
		return y
	}
	return b.callBuiltin("and", types.Bool, x, y)
}

// graphMatch binds graph-match and graph-shortest-paths.
func (b *binder) graphMatch(op *syntax.GraphMatchOperator, g *graph, s *scope) *relation {
	m := &match{
		b: b, g: g, op: op, scope: s, cycles: "unique_edges", single: true,
		nodes: map[string]*numbered{}, sides: map[string]*relation{}, searches: map[string]*search{},
	}
	if !m.properties() || !m.patterns() {
		return b.nothing()
	}
	row := &rowScope{scope: s, rel: &relation{}, sides: m.sides, match: m}
	conditions, ok := m.where(row)
	if !ok {
		return b.nothing()
	}
	if len(op.Project) == 0 {
		b.errorf(op.Span(), "a match needs project, which says what columns it gives")
		return b.nothing()
	}
	var items []item
	for _, x := range op.Project {
		for _, it := range b.itemsOf(x, row) {
			it.expr = m.ofPath(it.expr)
			items = append(items, it)
		}
	}
	m.finish()
	conditions = append(conditions, m.unique()...)
	for _, e := range conditions {
		m.node = &plan.Filter{Input: m.node, Predicate: e}
	}
	out := &relation{node: m.node}
	for i, c := range b.define(out, items) {
		name := items[i].name
		if !items[i].named {
			name = b.unnamed.next(func(n string) bool { return hasField(out.fields, n) })
		}
		if bad(items[i].expr) {
			return b.nothing()
		}
		out.fields = append(out.fields, field{uniqueIn(out.fields, name), c})
	}
	return out
}

// ofPath makes a column that is computed over a path dynamic, as Microsoft's
// binder does whatever the expression gives.
func (m *match) ofPath(e plan.Expr) plan.Expr {
	over := false
	plan.VisitExpr(e, func(x plan.Expr) bool {
		if ref, ok := x.(*plan.Ref); ok {
			over = over || slices.ContainsFunc(m.all, func(s *search) bool { return s.edges == ref.Column || s.inner == ref.Column })
		}
		return !over
	})
	if !over || bad(e) {
		return e
	}
	return convert(e, types.Dynamic)
}

func (m *match) properties() bool {
	if m.op.Shortest {
		m.shortest = "any"
	}
	for _, p := range m.op.Properties {
		word := propertyWord(p)
		switch {
		case p.Name.Text == "cycles" && slices.Contains([]string{"all", "none", "unique_edges"}, word):
			m.cycles = word
		case p.Name.Text == "output" && m.op.Shortest && (word == "any" || word == "all"):
			m.shortest = word
		default:
			m.b.errorf(p.Span(), "graph-match has cycles=all, none or unique_edges, and graph-shortest-paths output=any or all")
			return false
		}
	}
	if p := m.op.Patterns; m.op.Shortest && (len(p) != 1 || len(p[0].Edges) != 1 || p[0].Edges[0].Low == nil) {
		m.b.errorf(p[0].Span(), "graph-shortest-paths takes one pattern of two nodes and an edge of variable length: (a)-[e*1..5]->(b)")
		return false
	}
	return true
}

// patterns joins the nodes and edges in the order in which they are written.
func (m *match) patterns() bool {
	for _, p := range m.op.Patterns {
		at := m.bindNode(p.Nodes[0], nil)
		walk := []plan.Expr{&plan.Ref{Column: at.number}}
		for i, e := range p.Edges {
			if !m.b.count(e) {
				return false
			}
			next, inner, ok := m.edge(e, at, p.Nodes[i+1])
			if !ok {
				return false
			}
			if inner != nil {
				walk = append(walk, &plan.Ref{Column: inner})
			}
			walk = append(walk, &plan.Ref{Column: next.number})
			at = next
		}
		m.walks = append(m.walks, walk)
	}
	return true
}

// bindNode gives the nodes that a variable stands for, joined with what is there by
// a column that must be their number.
func (m *match) bindNode(n *syntax.GraphNode, number *plan.Column) *numbered {
	if n.Name != nil && m.nodes[n.Name.Text] != nil {
		known := m.nodes[n.Name.Text]
		if number != nil {
			m.node = &plan.Filter{Input: m.node, Predicate: m.b.callBuiltin("==", types.Bool, &plan.Ref{Column: known.number}, &plan.Ref{Column: number})}
		}
		return known
	}
	nodes := m.b.graphNodes(m.g)
	switch {
	case m.node == nil:
		m.node = nodes.rel.node
	case number == nil:
		m.node = &plan.Join{Kind: plan.Cross, Left: m.node, Right: nodes.rel.node}
	default:
		m.node = &plan.Join{Kind: plan.Inner, Left: m.node, Right: nodes.rel.node, On: []plan.JoinKey{{Left: number, Right: nodes.number}}}
	}
	if n.Name != nil {
		m.nodes[n.Name.Text] = nodes
		m.sides[n.Name.Text] = nodes.rel
	}
	return nodes
}

// edge joins an edge and the node behind it.
func (m *match) edge(e *syntax.GraphEdge, at *numbered, next *syntax.GraphNode) (*numbered, *plan.Column, bool) {
	if e.Name != nil && (m.sides[e.Name.Text] != nil || m.searches[e.Name.Text] != nil) {
		m.b.errorf(e.Name.Span(), "the name %q stands for something else in this pattern", e.Name.Text)
		return nil, nil, false
	}
	if e.Low != nil {
		return m.path(e, at, next)
	}
	edges := m.b.graphEdges(m.g)
	switch e.Direction {
	case "left":
		edges.from, edges.to = edges.to, edges.from
	case "any":
		edges = m.bothWays(edges)
	}
	m.node = &plan.Join{Kind: plan.Inner, Left: m.node, Right: edges.rel.node, On: []plan.JoinKey{{Left: at.number, Right: edges.from}}}
	m.edges = append(m.edges, &plan.Ref{Column: edges.number})
	if e.Name != nil {
		m.sides[e.Name.Text] = edges.rel
	}
	return m.bindNode(next, edges.to), nil, true
}

// bothWays gives each edge in its direction and, unless it is a loop, in the
// other one.
func (m *match) bothWays(edges *numbered) *numbered {
	other := m.b.graphEdges(m.g)
	ref := func(c *plan.Column) plan.Expr { return &plan.Ref{Column: c} }
	turned := &plan.Filter{Input: other.rel.node, Predicate: m.b.callBuiltin("!=", types.Bool, ref(other.from), ref(other.to))}
	union := &plan.Union{From: []plan.Node{edges.rel.node, turned}, Items: [][]plan.Expr{
		{ref(edges.number), ref(edges.from), ref(edges.to)}, {ref(other.number), ref(other.to), ref(other.from)},
	}}
	out := &numbered{rel: &relation{name: edges.rel.name}}
	out.number, out.from, out.to = m.b.newColumn("number", types.Long), m.b.newColumn("from", types.Long), m.b.newColumn("to", types.Long)
	union.Output = []*plan.Column{out.number, out.from, out.to}
	for i, f := range edges.rel.fields {
		c := m.b.newColumn(f.name, f.column.Type)
		union.Output = append(union.Output, c)
		union.Items[0] = append(union.Items[0], ref(f.column))
		union.Items[1] = append(union.Items[1], ref(other.rel.fields[i].column))
		out.rel.fields = append(out.rel.fields, field{f.name, c})
	}
	out.rel.node = union
	return out
}

// path joins an edge of variable length. What the search is limited to is only
// known when the conditions are bound; finish writes it.
func (m *match) path(e *syntax.GraphEdge, at *numbered, next *syntax.GraphNode) (*numbered, *plan.Column, bool) {
	b := m.b
	low, ok1 := b.rowCount(e.Low, m.scope)
	high, ok2 := b.rowCount(e.High, m.scope)
	if !ok1 || !ok2 {
		return nil, nil, false
	}
	if low > high || high > maxPathLength {
		b.errorf(e.Span(), "a path has from 0 to %d edges, the lesser number first", maxPathLength)
		return nil, nil, false
	}
	s := &search{low: low, high: high, direction: e.Direction, from: at, call: nativeCall("graph_paths", types.Dynamic)}
	s.candidates = b.graphEdges(m.g)
	s.starts, s.ends, s.between = &limitation{nodes: b.graphNodes(m.g)}, &limitation{nodes: b.graphNodes(m.g)}, &limitation{nodes: b.graphNodes(m.g)}
	item := b.newColumn("path", types.Dynamic)
	found := &relation{node: b.unnested(b.oneRow(), s.call, item, nil)}
	part := func(i int64) plan.Expr {
		return b.callBuiltin("element", types.Dynamic, &plan.Ref{Column: item}, &plan.Literal{Of: types.Long, Value: i})
	}
	columns := b.define(found, namedItems("start", convert(part(0), types.Long), "end", convert(part(1), types.Long), "edges", part(2), "inner", part(3)))
	s.edges, s.inner = columns[2], columns[3]
	m.node = &plan.Join{Kind: plan.Inner, Left: m.node, Right: found.node, On: []plan.JoinKey{{Left: at.number, Right: columns[0]}}}
	m.edges, m.single = append(m.edges, &plan.Ref{Column: s.edges}), false
	m.all = append(m.all, s)
	s.to = m.bindNode(next, columns[1])
	if e.Name != nil {
		m.searches[e.Name.Text] = s
	}
	return s.to, s.inner, true
}

func namedItems(pairs ...any) []item {
	var items []item
	for i := 0; i < len(pairs); i += 2 {
		items = append(items, item{name: pairs[i].(string), expr: pairs[i+1].(plan.Expr)})
	}
	return items
}

// unique gives the conditions that cycles asks for.
func (m *match) unique() []plan.Expr {
	if m.cycles == "all" {
		return nil
	}
	var all []plan.Expr
	if len(m.edges) > 1 {
		all = append(all, m.different(m.edges))
	}
	if m.cycles == "none" {
		for _, walk := range m.walks {
			if len(walk) > 1 {
				all = append(all, m.different(walk))
			}
		}
	}
	return all
}

// different says that no number stands twice among numbers and arrays of them.
func (m *match) different(numbers []plan.Expr) plan.Expr {
	arrays := make([]plan.Expr, len(numbers))
	for i, e := range numbers {
		if arrays[i] = e; e.Type() != types.Dynamic {
			arrays[i] = m.b.callBuiltin("pack_array", types.Dynamic, e)
		}
	}
	return nativeCall("graph_distinct", types.Bool, m.b.callBuiltin("array_concat", types.Dynamic, arrays...))
}

// finish writes the searches and joins the degrees, once all is known that they
// depend on.
func (m *match) finish() {
	for _, s := range m.all {
		edges := s.candidates.rel.node
		if s.allowed != nil {
			edges = &plan.Filter{Input: edges, Predicate: s.allowed}
		}
		text, err := json.Marshal(map[string]any{"low": s.low, "high": s.high, "direction": s.direction, "cycles": m.cycles, "shortest": m.shortest})
		if err != nil {
			text = []byte("null") // which the search refuses
		}
		if s.low == 0 && s.starts.condition == nil {
			s.starts.condition = &plan.Literal{Of: types.Bool, Value: true}
		}
		s.call.Args = []plan.Expr{&plan.Literal{Of: types.Dynamic, Value: string(text)}, m.b.ends(s.candidates, edges)}
		for _, l := range []*limitation{s.starts, s.ends, s.between} {
			if l.condition == nil {
				s.call.Args = append(s.call.Args, &plan.Literal{Of: types.Dynamic})
				continue
			}
			node := &plan.Filter{Input: l.nodes.rel.node, Predicate: l.condition}
			s.call.Args = append(s.call.Args, m.b.gathered(node, &plan.Ref{Column: l.nodes.number}, l.nodes.number))
		}
	}
	for _, d := range m.degrees {
		m.node = &plan.Join{Kind: plan.LeftOuter, Left: m.node, Right: d.counts, On: []plan.JoinKey{{Left: d.node, Right: d.number}}}
	}
}

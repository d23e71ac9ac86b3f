package syntax

import "github.com/quoll/quoll/kql/source"

// MakeGraphOperator is `make-graph from --> to with table on column`, or with
// with_node_id=name instead of tables.
type MakeGraphOperator struct {
	pos
	From, To   *Name
	Nodes      []*GraphNodes
	Properties []*Property // with_node_id
	// By and Body are those of `partitioned-by column (operators)`; nil when absent.
	By   *Name
	Body *Pipe
}

// GraphNodes is a table of nodes and its column of identifiers.
type GraphNodes struct {
	pos
	Table Expr
	On    *Name
}

// GraphMatchOperator is graph-match or, if Shortest, graph-shortest-paths.
type GraphMatchOperator struct {
	pos
	Shortest   bool
	Properties []*Property // cycles, output
	Patterns   []*GraphPattern
	Where      Expr // nil when absent
	Project    []Expr
}

// GraphPattern is `(a)-[e]->(b)<-[f*1..3]-(c)`: one node more than edges.
type GraphPattern struct {
	pos
	Nodes []*GraphNode
	Edges []*GraphEdge
}

// GraphNode is `(name)`; without a name it is of no further interest.
type GraphNode struct {
	pos
	Name *Name // nil when absent
}

// GraphEdge is `-[name]->`, `<-[name*1..3]-`, `--` and the like.
type GraphEdge struct {
	pos
	Name      *Name  // nil when absent
	Direction string // "right", "left" or "any"
	Low, High Expr   // nil for a single edge
}

// GraphToTableOperator is `graph-to-table nodes as name, edges as name`.
type GraphToTableOperator struct {
	pos
	Tables []*GraphTable
}

// GraphTable is one table of graph-to-table: "nodes" or "edges".
type GraphTable struct {
	pos
	Kind       string
	As         *Name // nil when absent
	Properties []*Property
}

// GraphComponentsOperator is graph-mark-components.
type GraphComponentsOperator struct {
	pos
	Properties []*Property // kind, with_component_id
}

func (*MakeGraphOperator) operator()       {}
func (*GraphMatchOperator) operator()      {}
func (*GraphToTableOperator) operator()    {}
func (*GraphComponentsOperator) operator() {}

// makeGraphOperator reads the ends of an edge and the tables of nodes.
func (p *parser) makeGraphOperator(name source.Span) Operator {
	o := &MakeGraphOperator{From: p.name()}
	p.expectSymbol("-")
	p.expectSymbol("-")
	p.expectSymbol(">")
	o.To = p.name()
	if p.acceptWord("with") {
		o.Nodes = commaList(p, p.graphNodes)
	} else {
		o.Properties = p.properties("with_node_id")
	}
	if p.isWord("partitioned") {
		p.advance()
		p.expectSymbol("-")
		p.expectWord("by")
		o.By = p.name()
		p.expectSymbol("(")
		o.Body = p.body()
		p.expectSymbol(")")
	}
	o.pos = p.to(name)
	return o
}

// graphNodes reads `table on column`.
func (p *parser) graphNodes() *GraphNodes {
	start := p.i
	n := &GraphNodes{Table: p.postfixExpression()}
	p.expectWord("on")
	n.On = p.name()
	n.pos = p.from(start)
	return n
}

// graphMatchOperator reads the patterns, the condition and the columns.
func (p *parser) graphMatchOperator(name source.Span, shortest bool) Operator {
	o := &GraphMatchOperator{Shortest: shortest, Properties: p.properties("cycles", "output")}
	o.Patterns = commaList(p, p.graphPattern)
	if p.acceptWord("where") {
		o.Where = p.expression()
	}
	if p.acceptWord("project") {
		o.Project = commaList(p, p.namedExpression)
	}
	o.pos = p.to(name)
	return o
}

// graphPattern reads nodes and the edges between them.
func (p *parser) graphPattern() *GraphPattern {
	start := p.i
	g := &GraphPattern{Nodes: []*GraphNode{p.graphNode()}}
	for (p.isSymbol("-") || p.isSymbol("<")) && len(g.Edges) < MaxOperators {
		g.Edges = append(g.Edges, p.graphEdge())
		g.Nodes = append(g.Nodes, p.graphNode())
	}
	g.pos = p.from(start)
	return g
}

// graphNode reads `(name)`.
func (p *parser) graphNode() *GraphNode {
	start := p.i
	n := &GraphNode{}
	p.expectSymbol("(")
	if !p.isSymbol(")") {
		n.Name = p.name()
	}
	p.expectSymbol(")")
	n.pos = p.from(start)
	return n
}

// graphEdge reads an edge with its direction.
func (p *parser) graphEdge() *GraphEdge {
	start := p.i
	e := &GraphEdge{Direction: "any"}
	if p.acceptSymbol("<") {
		e.Direction = "left"
	}
	p.expectSymbol("-")
	if p.acceptSymbol("[") {
		if !p.isSymbol("]") && !p.isSymbol("*") {
			e.Name = p.name()
		}
		if p.acceptSymbol("*") {
			e.Low = p.unaryExpression()
			p.expectSymbol("..")
			e.High = p.unaryExpression()
		}
		p.expectSymbol("]")
	}
	p.expectSymbol("-")
	if e.Direction != "left" && p.acceptSymbol(">") {
		e.Direction = "right"
	}
	e.pos = p.from(start)
	return e
}

// graphToTableOperator reads the tables that are asked for.
func (p *parser) graphToTableOperator(name source.Span) Operator {
	o := &GraphToTableOperator{Tables: commaList(p, p.graphTable)}
	o.pos = p.to(name)
	return o
}

// graphTable reads `nodes as name with_node_id=name` and the like for edges.
func (p *parser) graphTable() *GraphTable {
	start := p.i
	t := &GraphTable{}
	switch {
	case p.acceptWord("nodes"):
		t.Kind = "nodes"
	case p.acceptWord("edges"):
		t.Kind = "edges"
	default:
		p.expected(`"nodes" or "edges"`)
	}
	if p.acceptWord("as") {
		t.As = p.name()
	}
	t.Properties = p.properties("with_node_id", "with_source_id", "with_target_id")
	t.pos = p.from(start)
	return t
}

// graphComponentsOperator reads the properties of graph-mark-components.
func (p *parser) graphComponentsOperator(name source.Span) Operator {
	o := &GraphComponentsOperator{Properties: p.properties("kind", "with_component_id")}
	o.pos = p.to(name)
	return o
}

func (o *MakeGraphOperator) print(w *printer) {
	w.text("make-graph ")
	w.node(o.From)
	w.text(" --> ")
	w.node(o.To)
	w.text(" ")
	if len(o.Nodes) > 0 {
		w.text("with ")
		printList(w, o.Nodes)
	}
	printProperties(w, o.Properties)
	if o.Body != nil {
		w.text(" partitioned-by ")
		w.node(o.By)
		w.text(" (")
		w.node(o.Body)
		w.text(")")
	}
}

func (n *GraphNodes) print(w *printer) {
	w.node(n.Table)
	w.text(" on ")
	w.node(n.On)
}

func (o *GraphMatchOperator) print(w *printer) {
	word := "graph-match "
	if o.Shortest {
		word = "graph-shortest-paths "
	}
	w.text(word)
	printProperties(w, o.Properties)
	printList(w, o.Patterns)
	if o.Where != nil {
		w.text(" where ")
		w.node(o.Where)
	}
	if len(o.Project) > 0 {
		w.text(" project ")
		printList(w, o.Project)
	}
}

func (n *GraphPattern) print(w *printer) {
	for i, node := range n.Nodes {
		if i > 0 {
			w.node(n.Edges[i-1])
		}
		w.node(node)
	}
}

func (n *GraphNode) print(w *printer) {
	w.text("(")
	if n.Name != nil {
		w.node(n.Name)
	}
	w.text(")")
}

func (n *GraphEdge) print(w *printer) {
	if n.Direction == "left" {
		w.text("<")
	}
	w.text("-[")
	if n.Name != nil {
		w.node(n.Name)
	}
	if n.Low != nil {
		w.text("*")
		w.node(n.Low)
		w.text(" .. ")
		w.node(n.High)
	}
	w.text("]-")
	if n.Direction == "right" {
		w.text(">")
	}
}

func (o *GraphToTableOperator) print(w *printer) {
	w.text("graph-to-table ")
	printList(w, o.Tables)
}

func (n *GraphTable) print(w *printer) {
	w.text(n.Kind + " ")
	if n.As != nil {
		w.text("as ")
		w.node(n.As)
		w.text(" ")
	}
	printProperties(w, n.Properties)
}

func (o *GraphComponentsOperator) print(w *printer) {
	w.text("graph-mark-components ")
	printProperties(w, o.Properties)
}

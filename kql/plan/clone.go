package plan

import "slices"

// Clone copies the nodes of a statement, so that rewriting the copy leaves the
// nodes that another plan shares with it as they are. Columns stay the same
// ones. It reports false for a node that it does not know.
func Clone(s *Statement) (*Statement, bool) {
	c := &cloner{nodes: map[Node]Node{}, shared: map[*Shared]*Shared{}}
	out := *s
	out.Root = c.node(s.Root)
	out.Output, out.Order = slices.Clone(s.Output), slices.Clone(s.Order)
	return &out, !c.failed
}

type cloner struct {
	nodes  map[Node]Node
	shared map[*Shared]*Shared
	failed bool
}

func (c *cloner) node(n Node) Node {
	if n == nil {
		return nil
	}
	if done, ok := c.nodes[n]; ok {
		return done
	}
	done := c.copied(n)
	c.nodes[n] = done
	return done
}

func (c *cloner) copied(n Node) Node {
	switch n := n.(type) {
	case *Scan:
		out := *n
		out.Fields, out.Ranges = slices.Clone(n.Fields), slices.Clone(n.Ranges)
		return &out
	case *Values:
		out := *n
		return &out
	case *Generate:
		return &Generate{Output: n.Output, From: c.expr(n.From), To: c.expr(n.To), Step: c.expr(n.Step)}
	case *Filter:
		return &Filter{Input: c.node(n.Input), Predicate: c.expr(n.Predicate)}
	case *Project:
		return &Project{Input: c.node(n.Input), Pass: slices.Clone(n.Pass), Define: c.definitions(n.Define)}
	case *Aggregate:
		return &Aggregate{Input: c.node(n.Input), Keys: c.definitions(n.Keys), Aggregates: c.definitions(n.Aggregates)}
	case *Sort:
		return &Sort{Input: c.node(n.Input), Keys: slices.Clone(n.Keys)}
	case *Limit:
		return &Limit{Input: c.node(n.Input), Count: n.Count}
	}
	return c.further(n)
}

func (c *cloner) further(n Node) Node {
	switch n := n.(type) {
	case *Join:
		out := *n
		out.Left, out.Right, out.On = c.node(n.Left), c.node(n.Right), slices.Clone(n.On)
		return &out
	case *Union:
		out := &Union{Output: slices.Clone(n.Output)}
		for i, from := range n.From {
			out.From = append(out.From, c.node(from))
			out.Items = append(out.Items, c.exprs(n.Items[i]))
		}
		return out
	case *Unnest:
		out := *n
		out.Input, out.Items = c.node(n.Input), slices.Clone(n.Items)
		for i := range out.Items {
			out.Items[i].Array = c.expr(out.Items[i].Array)
		}
		return &out
	case *Window:
		out := *n
		out.Input, out.Define = c.node(n.Input), c.definitions(n.Define)
		return &out
	case *Reference:
		return &Reference{Target: c.target(n.Target), Output: slices.Clone(n.Output), Source: slices.Clone(n.Source)}
	}
	c.failed = true
	return n
}

func (c *cloner) target(s *Shared) *Shared {
	if done, ok := c.shared[s]; ok {
		return done
	}
	out := &Shared{Name: s.Name, Once: s.Once}
	c.shared[s] = out
	out.Node = c.node(s.Node)
	return out
}

func (c *cloner) definitions(all []Definition) []Definition {
	out := make([]Definition, len(all))
	for i, d := range all {
		out[i] = Definition{Column: d.Column, Expr: c.expr(d.Expr)}
	}
	return out
}

func (c *cloner) exprs(all []Expr) []Expr {
	out := make([]Expr, len(all))
	for i, e := range all {
		out[i] = c.expr(e)
	}
	return out
}

// expr copies what an expression has of tables; the rest is never changed in
// place.
func (c *cloner) expr(e Expr) Expr {
	switch e := e.(type) {
	case *Call:
		out := *e
		out.Args = c.exprs(e.Args)
		return &out
	case *Convert:
		return &Convert{X: c.expr(e.X), To: e.To}
	case *Case:
		out := &Case{Else: c.expr(e.Else), Of: e.Of}
		for _, b := range e.Branches {
			out.Branches = append(out.Branches, Branch{When: c.expr(b.When), Then: c.expr(b.Then)})
		}
		return out
	case *Scalar:
		return &Scalar{Node: c.node(e.Node), Column: e.Column}
	case *Rows:
		return &Rows{Node: c.node(e.Node), Column: e.Column}
	}
	return e
}

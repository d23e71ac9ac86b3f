package plan

import "slices"

// Columns returns the fields' columns.
func (n *Scan) Columns() []*Column {
	columns := make([]*Column, len(n.Fields))
	for i, f := range n.Fields {
		columns[i] = f.Column
	}
	return columns
}

// Columns returns the columns of the rows.
func (n *Values) Columns() []*Column { return n.Output }

// Columns returns the one column.
func (n *Generate) Columns() []*Column { return []*Column{n.Output} }

// Columns returns those of the input.
func (n *Filter) Columns() []*Column { return n.Input.Columns() }

// Columns returns those passed and those defined.
func (n *Project) Columns() []*Column { return defined(n.Pass, n.Define) }

// Columns returns the keys and the aggregates.
func (n *Aggregate) Columns() []*Column { return defined(defined(nil, n.Keys), n.Aggregates) }

// Columns returns those of the input.
func (n *Sort) Columns() []*Column { return n.Input.Columns() }

// Columns returns those of the input.
func (n *Limit) Columns() []*Column { return n.Input.Columns() }

// Columns returns those of both sides, or of the side that the kind keeps.
func (n *Join) Columns() []*Column {
	switch n.Kind {
	case LeftSemi, LeftAnti:
		return n.Left.Columns()
	case RightSemi, RightAnti:
		return n.Right.Columns()
	}
	left, right := n.Left.Columns(), n.Right.Columns()
	return append(left[:len(left):len(left)], right...)
}

// Columns returns the union's own columns.
func (n *Union) Columns() []*Column { return n.Output }

// Columns returns those of the input and of the elements.
func (n *Unnest) Columns() []*Column {
	columns := n.Input.Columns()
	columns = columns[:len(columns):len(columns)]
	for _, item := range n.Items {
		columns = append(columns, item.Column)
	}
	if n.Index != nil {
		columns = append(columns, n.Index)
	}
	return columns
}

// Columns returns those of the input and those defined.
func (n *Window) Columns() []*Column { return defined(n.Input.Columns(), n.Define) }

// Columns returns the reference's own columns.
func (n *Reference) Columns() []*Column { return n.Output }

func defined(columns []*Column, define []Definition) []*Column {
	columns = columns[:len(columns):len(columns)]
	for _, d := range define {
		columns = append(columns, d.Column)
	}
	return columns
}

// Inputs returns nothing: a scan is a leaf.
func (n *Scan) Inputs() []Node { return nil }

// Inputs returns nothing: constants are a leaf.
func (n *Values) Inputs() []Node { return nil }

// Inputs returns nothing: a count is a leaf.
func (n *Generate) Inputs() []Node { return nil }

// Inputs returns the one input.
func (n *Filter) Inputs() []Node { return []Node{n.Input} }

// Inputs returns the one input.
func (n *Project) Inputs() []Node { return []Node{n.Input} }

// Inputs returns the one input.
func (n *Aggregate) Inputs() []Node { return []Node{n.Input} }

// Inputs returns the one input.
func (n *Sort) Inputs() []Node { return []Node{n.Input} }

// Inputs returns the one input.
func (n *Limit) Inputs() []Node { return []Node{n.Input} }

// Inputs returns the left and the right side.
func (n *Join) Inputs() []Node { return []Node{n.Left, n.Right} }

// Inputs returns all inputs.
func (n *Union) Inputs() []Node { return n.From }

// Inputs returns the one input.
func (n *Unnest) Inputs() []Node { return []Node{n.Input} }

// Inputs returns the one input.
func (n *Window) Inputs() []Node { return []Node{n.Input} }

// Inputs returns the node that is referred to.
func (n *Reference) Inputs() []Node { return []Node{n.Target.Node} }

// Exprs returns the expressions of a node, in a stable order.
func Exprs(n Node) []Expr {
	switch n := n.(type) {
	case *Generate:
		return []Expr{n.From, n.To, n.Step}
	case *Filter:
		return []Expr{n.Predicate}
	case *Project:
		return definitions(n.Define)
	case *Aggregate:
		return append(definitions(n.Keys), definitions(n.Aggregates)...)
	case *Union:
		var all []Expr
		for _, items := range n.Items {
			all = append(all, items...)
		}
		return all
	case *Unnest:
		all := make([]Expr, len(n.Items))
		for i, item := range n.Items {
			all[i] = item.Array
		}
		return all
	case *Window:
		return definitions(n.Define)
	}
	return nil
}

func definitions(define []Definition) []Expr {
	all := make([]Expr, len(define))
	for i, d := range define {
		all[i] = d.Expr
	}
	return all
}

// Visit calls visit once for every node that root reads, tables inside
// expressions too, parents before their inputs where the graph is a tree.
func Visit(root Node, visit func(Node)) {
	seen := map[Node]bool{}
	var walk func(Node)
	walk = func(n Node) {
		if n == nil || seen[n] {
			return
		}
		seen[n] = true
		visit(n)
		for _, e := range Exprs(n) {
			VisitExpr(e, func(e Expr) bool {
				if table, _ := Table(e); table != nil {
					walk(table)
				}
				return true
			})
		}
		for _, input := range n.Inputs() {
			walk(input)
		}
	}
	walk(root)
}

// References counts the references to each shared table of a statement.
func References(s *Statement) map[*Shared]int {
	uses := map[*Shared]int{}
	Visit(s.Root, func(n Node) {
		if r, ok := n.(*Reference); ok {
			uses[r.Target]++
		}
	})
	return uses
}

// Tables gives the names of the tables that a statement reads, sorted.
func Tables(s *Statement) []string {
	var names []string
	Visit(s.Root, func(n Node) {
		if scan, ok := n.(*Scan); ok && !slices.Contains(names, scan.Table) {
			names = append(names, scan.Table)
		}
	})
	slices.Sort(names)
	return names
}

// Readers returns the nodes that read each node below root, also as a table inside an
// expression.
func Readers(root Node) map[Node][]Node {
	readers := map[Node][]Node{}
	Visit(root, func(n Node) {
		for _, input := range n.Inputs() {
			readers[input] = append(readers[input], n)
		}
		for _, e := range Exprs(n) {
			VisitExpr(e, func(e Expr) bool {
				if table, _ := Table(e); table != nil {
					readers[table] = append(readers[table], n)
				}
				return true
			})
		}
	})
	return readers
}

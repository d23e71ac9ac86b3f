package rewrite

import (
	"github.com/quoll/quoll/kql/budget"
	"github.com/quoll/quoll/kql/plan"
)

// PruneColumns removes from every node the columns that nothing above it
// reads: fields of scans, definitions, aggregates, items of unions. A node with
// several parents keeps what any of them reads.
func PruneColumns(s *plan.Statement, work *budget.Budget) {
	p := &pruner{needed: map[*plan.Column]bool{}}
	for _, o := range s.Output {
		p.needed[o.Column] = true
	}
	for _, k := range s.Order {
		p.needed[k.Column] = true
	}
	for _, n := range topological(s.Root) {
		work.Spend(1)
		p.mark(n)
		p.cut(n)
	}
}

// topological returns the nodes so that each comes after all that read it.
func topological(root plan.Node) []plan.Node {
	var order []plan.Node
	seen := map[plan.Node]bool{}
	var visit func(plan.Node)
	visit = func(n plan.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		for _, e := range plan.Exprs(n) {
			plan.VisitExpr(e, func(e plan.Expr) bool {
				if table, _ := plan.Table(e); table != nil {
					visit(table)
				}
				return true
			})
		}
		for _, input := range n.Inputs() {
			visit(input)
		}
		order = append(order, n)
	}
	visit(root)
	for i, j := 0, len(order)-1; i < j; i, j = i+1, j-1 {
		order[i], order[j] = order[j], order[i]
	}
	return order
}

// pruner holds the columns that some node read so far asks for. Columns are
// unique in a statement, so one set serves all nodes.
type pruner struct{ needed map[*plan.Column]bool }

// cut removes what is not needed from a node, all of whose readers have been
// marked.
func (p *pruner) cut(n plan.Node) {
	switch n := n.(type) {
	case *plan.Scan:
		kept := make([]plan.Field, 0, len(n.Fields))
		for _, f := range n.Fields {
			if p.needed[f.Column] {
				kept = append(kept, f)
			}
		}
		n.Fields = kept
	case *plan.Project:
		n.Pass = p.columns(n.Pass)
		n.Define = p.definitions(n.Define)
	case *plan.Aggregate:
		n.Aggregates = p.definitions(n.Aggregates)
	case *plan.Window:
		n.Define = p.definitions(n.Define)
	case *plan.Union:
		p.union(n)
	case *plan.Reference:
		p.reference(n)
	}
}

func (p *pruner) columns(all []*plan.Column) []*plan.Column {
	kept := make([]*plan.Column, 0, len(all))
	for _, c := range all {
		if p.needed[c] {
			kept = append(kept, c)
		}
	}
	return kept
}

func (p *pruner) definitions(all []plan.Definition) []plan.Definition {
	kept := make([]plan.Definition, 0, len(all))
	for _, d := range all {
		if p.needed[d.Column] {
			kept = append(kept, d)
		}
	}
	return kept
}

func (p *pruner) union(n *plan.Union) {
	output := n.Output
	n.Output = nil
	items := make([][]plan.Expr, len(n.Items))
	for j, c := range output {
		if !p.needed[c] {
			continue
		}
		n.Output = append(n.Output, c)
		for i := range n.Items {
			items[i] = append(items[i], n.Items[i][j])
		}
	}
	n.Items = items
}

func (p *pruner) reference(n *plan.Reference) {
	var output, source []*plan.Column
	for i, c := range n.Output {
		if p.needed[c] {
			output, source = append(output, c), append(source, n.Source[i])
		}
	}
	n.Output, n.Source = output, source
}

// mark asks for what the needed part of a node reads.
func (p *pruner) mark(n plan.Node) {
	switch n := n.(type) {
	case *plan.Project:
		p.markDefinitions(n.Define, false)
		return
	case *plan.Aggregate:
		p.markDefinitions(n.Keys, true)
		p.markDefinitions(n.Aggregates, false)
		return
	case *plan.Window:
		p.markDefinitions(n.Define, false)
		p.markOrder(n.Order)
		for _, c := range n.Partition {
			p.needed[c] = true
		}
		return
	case *plan.Sort:
		p.markOrder(n.Keys)
		return
	case *plan.Join:
		for _, k := range n.On {
			p.needed[k.Left], p.needed[k.Right] = true, true
		}
		return
	case *plan.Union:
		for j, c := range n.Output {
			for i := range n.Items {
				if p.needed[c] {
					p.expr(n.Items[i][j])
				}
			}
		}
		return
	case *plan.Reference:
		for i, c := range n.Output {
			if p.needed[c] {
				p.needed[n.Source[i]] = true
			}
		}
		return
	}
	for _, e := range plan.Exprs(n) {
		p.expr(e)
	}
}

func (p *pruner) markDefinitions(all []plan.Definition, always bool) {
	for _, d := range all {
		if always || p.needed[d.Column] {
			p.expr(d.Expr)
		}
	}
}

func (p *pruner) markOrder(keys []plan.SortKey) {
	for _, k := range keys {
		p.needed[k.Column] = true
	}
}

// expr asks for the columns that an expression reads, and for the column that
// it takes out of a table.
func (p *pruner) expr(e plan.Expr) {
	plan.VisitExpr(e, func(e plan.Expr) bool {
		switch e := e.(type) {
		case *plan.Ref:
			p.needed[e.Column] = true
		case *plan.Call:
			p.markOrder(e.Order)
		}
		if _, column := plan.Table(e); column != nil {
			p.needed[column] = true
		}
		return true
	})
}

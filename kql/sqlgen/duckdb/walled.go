package duckdb

import "github.com/quoll/quoll/kql/plan"

// walledLimits returns the limits below a join or below a filter that asks for values of
// a table. DuckDB 1.5 hands the keys of the one side to the scans of the other through
// LIMIT and ORDER BY as well, where a UNION ALL lies below: rows without a partner then
// go before the first are counted, others take their places, and which depends on which
// side is ready first. What is computed into a table of its own is not reached by that.
func walledLimits(root plan.Node) map[*plan.Limit]bool {
	walled := map[*plan.Limit]bool{}
	type place struct {
		node  plan.Node
		below bool
	}
	seen := map[place]bool{}
	var walk func(n plan.Node, below bool)
	walk = func(n plan.Node, below bool) {
		if n == nil || seen[place{n, below}] || seen[place{n, true}] {
			return
		}
		seen[place{n, below}] = true
		if limit, ok := n.(*plan.Limit); ok && below {
			walled[limit] = true
		}
		tables := tablesOf(n)
		_, joins := n.(*plan.Join)
		below = below || joins || len(tables) > 0
		for _, table := range tables {
			walk(table, true)
		}
		for _, input := range n.Inputs() {
			walk(input, below)
		}
	}
	walk(root, false)
	return walled
}

// tablesOf returns the tables that expressions of a node ask for values.
func tablesOf(n plan.Node) (tables []plan.Node) {
	for _, e := range plan.Exprs(n) {
		plan.VisitExpr(e, func(e plan.Expr) bool {
			if table, _ := plan.Table(e); table != nil {
				tables = append(tables, table)
			}
			return true
		})
	}
	return tables
}

// behindWall returns a block over the rows of b, which the engine computes first.
func (g *generator) behindWall(b *block) *block {
	name := "w" + g.alias()
	g.ctes = append(g.ctes, name+" AS MATERIALIZED ("+b.text()+")")
	return g.over(name, b.columns, innerName)
}

package bind

import "github.com/quoll/quoll/kql/plan"

// maxExpanded bounds the nodes of a plan when every reference to a shared table
// is counted with all that the table reads. An engine may write shared tables
// out, so a chain of tables that each read the one before twice would grow
// without bound in it, although the plan itself is small.
const maxExpanded = 20_000

// expandedSize returns the nodes of a statement's plan, shared tables counted
// once for each reference. It is maxExpanded+1 for anything larger.
func expandedSize(s *plan.Statement) int {
	sizes := map[plan.Node]int{}
	var size func(n plan.Node) int
	size = func(n plan.Node) int {
		if known, ok := sizes[n]; ok {
			return known
		}
		total := 1
		add := func(n plan.Node) { total = min(total+size(n), maxExpanded+1) }
		for _, input := range n.Inputs() {
			add(input)
		}
		for _, e := range plan.Exprs(n) {
			plan.VisitExpr(e, func(e plan.Expr) bool {
				if table, _ := plan.Table(e); table != nil {
					add(table)
				}
				return true
			})
		}
		sizes[n] = total
		return total
	}
	return size(s.Root)
}

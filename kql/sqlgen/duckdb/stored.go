package duckdb

import (
	"strings"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// The text of a document that a table has costs ten times what looking into it
// does: it is checked and written anew. Most documents do not have what is sought,
// and that shows in how they are stored.

// textOperator writes an operator that finds one text in another. Where the other is
// the text of a stored document, those are left out first that cannot have it.
func textOperator(function string) form {
	return func(g *generator, c *plan.Call, a []string, b *block) string {
		return g.storedFirst(function, c.Args[0], c.Args[1], b, function+"("+a[0]+", "+a[1]+")")
	}
}

// storedFirst puts two cheap conditions in front of found: the first holds wherever it
// does, and it holds wherever the second does.
func (g *generator) storedFirst(function string, text, needle plan.Expr, b *block, found string) string {
	document, ok := text.(*plan.Convert)
	if !ok || document.To != types.String || document.X.Type() != types.Dynamic || g.trust.expr(document.X) {
		return found
	}
	column, ok := document.X.(*plan.Ref)
	sought, constant := constantText(needle)
	if !ok || !constant || !plan.WithinString(sought) {
		return found
	}
	args := "(" + g.expr(column, b) + ", " + g.expr(needle, b) + ")"
	stored := strings.Replace(function, "quoll_", "quoll_stored_", 1) + args
	surely := strings.Replace(function, "quoll_", "quoll_surely_", 1) + args
	return "(" + stored + " AND (" + surely + " OR " + found + "))"
}

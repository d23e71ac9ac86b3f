package duckdb

import (
	"slices"
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

// storedParts writes what is sought in parts of documents as a condition on the documents
// as they are stored, which holds for each row that is needed: to take a document apart
// costs ten times what looking into it does. Empty says nothing.
func (g *generator) storedParts(n *plan.Scan, s *plan.Sought, b *block) string {
	if !asksForPart(s) {
		return ""
	}
	if s.All == nil {
		return g.storedText(n, s, b)
	}
	var all []string
	for _, inner := range s.All {
		if text := g.storedParts(n, inner, b); text != "" {
			all = append(all, text)
		}
	}
	return strings.Join(all, " AND ")
}

// asksForPart reports whether a condition asks for a text in a part of a document.
func asksForPart(s *plan.Sought) bool {
	if s == nil {
		return false
	}
	return s.Part || slices.ContainsFunc(s.All, asksForPart) || slices.ContainsFunc(s.Any, asksForPart)
}

// storedText writes a condition that holds for the rows that have what is sought, empty if
// it would hold for all.
func (g *generator) storedText(n *plan.Scan, s *plan.Sought, b *block) string {
	switch {
	case s.All != nil:
		all := g.storedTexts(n, s.All, b)
		return strings.Join(slices.DeleteFunc(all, func(text string) bool { return text == "" }), " AND ")
	case s.Any != nil:
		any := g.storedTexts(n, s.Any, b)
		if len(any) == 0 || slices.Contains(any, "") {
			return ""
		}
		return "(" + strings.Join(any, " OR ") + ")"
	case s.Among != nil || s.Values != nil || s.Text == "" || len(s.Columns) == 0:
		return ""
	}
	any := make([]string, len(s.Columns))
	for i, source := range s.Columns {
		if any[i] = g.storedIn(n, source, s.Text, b); any[i] == "" {
			return ""
		}
	}
	return "(" + strings.Join(any, " OR ") + ")"
}

func (g *generator) storedTexts(n *plan.Scan, conditions []*plan.Sought, b *block) []string {
	texts := make([]string, len(conditions))
	for i, inner := range conditions {
		texts[i] = g.storedText(n, inner, b)
	}
	return texts
}

// storedIn writes the condition that a column may have a text in it.
func (g *generator) storedIn(n *plan.Scan, source, text string, b *block) string {
	i := slices.IndexFunc(n.Fields, func(f plan.Field) bool { return f.Source == source })
	if i < 0 {
		return ""
	}
	column := n.Fields[i].Column
	args := "(" + b.column(g, column) + ", " + g.text(text) + ")"
	switch {
	case column.Type == types.String || column.Type == types.Guid:
		return "quoll_contains" + args
	case column.Type == types.Dynamic && plan.WithinString(text):
		return "quoll_stored_contains" + args
	}
	return ""
}

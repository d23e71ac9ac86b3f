package duckdb

import (
	"strings"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

var joinWords = map[plan.JoinKind]string{
	plan.InnerUnique: " JOIN ", plan.Inner: " JOIN ", plan.LeftOuter: " LEFT JOIN ", plan.RightOuter: " RIGHT JOIN ", plan.FullOuter: " FULL JOIN ",
	plan.LeftSemi: " SEMI JOIN ", plan.LeftAnti: " ANTI JOIN ", plan.RightSemi: " SEMI JOIN ", plan.RightAnti: " ANTI JOIN ", plan.Cross: " CROSS JOIN ",
}

// join writes a join. A side that may lack a partner has its string columns
// made empty, since a string is never null.
func (g *generator) join(n *plan.Join) *block {
	left, right := g.node(n.Left), g.node(n.Right)
	if n.Kind == plan.InnerUnique {
		left = g.uniqueKeys(left, n.On)
	}
	first, second := left, right
	swap := n.Kind == plan.RightSemi || n.Kind == plan.RightAnti
	if swap {
		first, second = right, left
	}
	first, a := g.item(first)
	second, b := g.item(second)
	left, right = first, second
	if swap {
		left, right = second, first
	}
	from := a + joinWords[n.Kind] + b
	if n.Kind != plan.Cross {
		terms := make([]string, len(n.On))
		for i, k := range n.On {
			terms[i] = left.column(g, k.Left) + " = " + right.column(g, k.Right)
		}
		from += " ON " + strings.Join(terms, " AND ")
	}
	out := &block{from: from, columns: n.Columns(), exprs: map[*plan.Column]string{}, computed: map[*plan.Column]bool{}}
	g.joinColumns(out, left, n.Left.Columns(), n.Kind == plan.RightOuter || n.Kind == plan.FullOuter)
	g.joinColumns(out, right, n.Right.Columns(), n.Kind == plan.LeftOuter || n.Kind == plan.FullOuter)
	return out
}

func (g *generator) joinColumns(out, side *block, columns []*plan.Column, lacking bool) {
	for _, c := range columns {
		out.exprs[c] = side.column(g, c)
		if lacking && c.Type == types.String {
			out.exprs[c] = "coalesce(" + out.exprs[c] + ", '')"
			out.computed[c] = true
		}
	}
}

// uniqueKeys keeps one row of the left side for each key, as innerunique asks.
// Which one is not defined; a row of the first is kept.
func (g *generator) uniqueKeys(b *block, on []plan.JoinKey) *block {
	b, item := g.item(b)
	keys := make([]string, len(on))
	for i, k := range on {
		keys[i] = b.column(g, k.Left)
	}
	if len(b.columns) == len(keys) || onlyKeys(b, on) {
		out := *b
		out.distinct = true
		return &out
	}
	list := make([]string, len(b.columns))
	for i, c := range b.columns {
		list[i] = b.column(g, c) + " AS " + innerName(c)
	}
	text := "(SELECT DISTINCT ON (" + strings.Join(keys, ", ") + ") " + strings.Join(list, ", ") + " FROM " + item + ")"
	return g.over(text, b.columns, innerName)
}

func onlyKeys(b *block, on []plan.JoinKey) bool {
	for _, c := range b.columns {
		isKey := false
		for _, k := range on {
			isKey = isKey || k.Left == c
		}
		if !isKey {
			return false
		}
	}
	return true
}

// union writes UNION ALL of the inputs.
func (g *generator) union(n *plan.Union) *block {
	parts := make([]string, len(n.From))
	for i, from := range n.From {
		in := g.node(from)
		if in.closed() {
			in = g.wrap(in)
		}
		list := make([]string, len(n.Items[i]))
		for j, e := range n.Items[i] {
			text := g.expr(e, in)
			if l, ok := e.(*plan.Literal); ok && l.Value == nil {
				text = "CAST(NULL AS " + sqlType(l.Of) + ")"
			}
			list[j] = text + " AS " + innerName(n.Output[j])
		}
		if len(list) == 0 {
			list = append(list, "1 AS quoll_row")
		}
		parts[i] = "SELECT " + strings.Join(list, ", ") + in.rest()
	}
	return g.over("("+strings.Join(parts, " UNION ALL ")+")", n.Output, innerName)
}

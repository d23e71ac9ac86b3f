package duckdb

import (
	"strconv"
	"strings"

	"github.com/quoll/quoll/kql/plan"
)

// block is one SELECT under construction. Operators are folded into it as long
// as SQL's order of evaluation allows; then it is wrapped in another one.
type block struct {
	from    string
	where   []string
	group   []string
	columns []*plan.Column
	// exprs has the SQL of each column, over the items of from.
	exprs map[*plan.Column]string
	// computed are columns whose SQL is more than a name. An operator that reads
	// one wraps the block, so that nothing is computed twice.
	computed map[*plan.Column]bool
	tail     string // ORDER BY and LIMIT; nothing but a wrap may follow
	distinct bool
}

// column returns the SQL of a column.
func (b *block) column(g *generator, c *plan.Column) string {
	text, ok := b.exprs[c]
	if !ok {
		g.fail("column %s (%d) is not among the columns of its input", c.Name, c.ID)
	}
	return text
}

// closed reports whether a filter or a further column cannot be added.
func (b *block) closed() bool { return b.tail != "" || len(b.group) > 0 || b.distinct }

// rest returns everything behind the select list.
func (b *block) rest() string {
	var text strings.Builder
	if b.from != "" {
		text.WriteString(" FROM " + b.from)
	}
	if len(b.where) > 0 {
		text.WriteString(" WHERE " + strings.Join(b.where, " AND "))
	}
	if len(b.group) > 0 {
		text.WriteString(" GROUP BY " + strings.Join(b.group, ", "))
	}
	text.WriteString(b.tail)
	return text.String()
}

// text returns the whole SELECT, with columns under their inner names.
func (b *block) text() string {
	var list []string
	for _, c := range b.columns {
		list = append(list, b.exprs[c]+" AS "+innerName(c))
	}
	if len(list) == 0 {
		list = append(list, "1 AS quoll_row")
	}
	word := "SELECT "
	if b.distinct {
		word = "SELECT DISTINCT "
	}
	return word + strings.Join(list, ", ") + b.rest()
}

func innerName(c *plan.Column) string { return "c" + strconv.Itoa(int(c.ID)) }

// wrap makes b the source of a new block with the same columns.
func (g *generator) wrap(b *block) *block {
	return g.over("("+b.text()+")", b.columns, innerName)
}

// over returns a block over an SQL item that has the columns under the names
// that name gives.
func (g *generator) over(item string, columns []*plan.Column, name func(*plan.Column) string) *block {
	alias := g.alias()
	out := &block{from: item + " AS " + alias, columns: columns, exprs: make(map[*plan.Column]string, len(columns)), computed: map[*plan.Column]bool{}}
	for _, c := range columns {
		out.exprs[c] = alias + "." + name(c)
	}
	return out
}

// ready returns b, wrapped if an expression over it cannot be added to it.
func (g *generator) ready(b *block, reads ...plan.Expr) *block {
	if b.closed() || b.readsComputed(reads) {
		return g.wrap(b)
	}
	return b
}

func (b *block) readsComputed(exprs []plan.Expr) bool {
	found := false
	for _, e := range exprs {
		plan.VisitExpr(e, func(e plan.Expr) bool {
			if ref, ok := e.(*plan.Ref); ok && b.computed[ref.Column] {
				found = true
			}
			return !found
		})
	}
	return found
}

// item returns b as an item of a FROM clause and the SQL of its columns there.
// A block that is nothing but its source needs no subquery.
func (g *generator) item(b *block) (*block, string) {
	if b.closed() || len(b.where) > 0 || len(b.computed) > 0 || b.from == "" || strings.Contains(b.from, " JOIN ") {
		b = g.wrap(b)
	}
	return b, b.from
}

package duckdb

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// node returns the block of a node.
func (g *generator) node(n plan.Node) *block {
	b := g.blockOf(n)
	b.from = g.bounded(b.from)
	return b
}

func (g *generator) blockOf(n plan.Node) *block {
	if g.options.Stored != nil {
		if table, ok := g.options.Stored(n); ok {
			return g.over(table, n.Columns(), innerName)
		}
	}
	switch n := n.(type) {
	case *plan.Scan:
		return g.scan(n)
	case *plan.Values:
		return g.values(n)
	case *plan.Generate:
		return g.generate(n)
	case *plan.Filter:
		b := g.ready(g.node(n.Input), n.Predicate)
		if text := g.unmet(n.Predicate, b); text != "" {
			b.where = append(b.where, text)
		}
		return b
	case *plan.Project:
		return g.project(n)
	case *plan.Aggregate:
		return g.aggregate(n)
	case *plan.Sort:
		b := g.sortable(n)
		b.tail = " ORDER BY " + g.orderBy(b, n.Keys)
		return b
	case *plan.Limit:
		return g.limit(n)
	case *plan.Join:
		return g.join(n)
	case *plan.Union:
		return g.union(n)
	case *plan.Unnest:
		return g.unnest(n)
	case *plan.Window:
		return g.window(n)
	case *plan.Reference:
		return g.reference(n)
	}
	g.fail("no SQL for a %T", n)
	return &block{}
}

func (g *generator) scan(n *plan.Scan) *block {
	item, err := g.table(n)
	if err != nil {
		g.fail("scan table %s: %w", n.Table, err)
		return &block{}
	}
	sources := make(map[*plan.Column]string, len(n.Fields))
	for _, f := range n.Fields {
		sources[f.Column] = quoteName(f.Source)
	}
	b := g.over(item, n.Columns(), func(c *plan.Column) string { return sources[c] })
	if text := g.storedParts(n, n.Sought, b); text != "" {
		b.where = append(b.where, text)
	}
	return b
}

// values writes constants as VALUES. Each value is cast, since the rows of a
// column must have one type and may all be null.
func (g *generator) values(n *plan.Values) *block {
	names := make([]string, len(n.Output))
	for i, c := range n.Output {
		names[i] = innerName(c)
	}
	if len(n.Output) == 0 {
		return &block{from: "(SELECT 1 WHERE false) AS " + g.alias(), exprs: map[*plan.Column]string{}}
	}
	rows := make([]string, 0, len(n.Rows))
	empty := &block{exprs: map[*plan.Column]string{}}
	for _, row := range n.Rows {
		items := make([]string, len(row))
		for i, e := range row {
			items[i] = g.expr(e, empty)
			if len(rows) == 0 {
				items[i] = "CAST(" + items[i] + " AS " + sqlType(n.Output[i].Type) + ")"
			}
		}
		rows = append(rows, "("+strings.Join(items, ", ")+")")
	}
	alias := g.alias()
	from := "(VALUES " + strings.Join(rows, ", ") + ") AS " + alias + "(" + strings.Join(names, ", ") + ")"
	if len(rows) == 0 {
		for i, c := range n.Output {
			names[i] = "CAST(NULL AS " + sqlType(c.Type) + ") AS " + innerName(c)
		}
		from = "(SELECT " + strings.Join(names, ", ") + " WHERE false) AS " + alias
	}
	b := &block{from: from, columns: n.Output, exprs: map[*plan.Column]string{}, computed: map[*plan.Column]bool{}}
	for _, c := range n.Output {
		b.exprs[c] = alias + "." + innerName(c)
	}
	return b
}

// generate counts. A step of zero or away from the end gives no rows.
func (g *generator) generate(n *plan.Generate) *block {
	empty := &block{exprs: map[*plan.Column]string{}}
	from, to, step := g.expr(n.From, empty), g.expr(n.To, empty), g.expr(n.Step, empty)
	alias, number := g.alias(), innerName(n.Output)
	b := &block{columns: []*plan.Column{n.Output}, exprs: map[*plan.Column]string{}, computed: map[*plan.Column]bool{}}
	count := "CAST(floor((" + to + " - " + from + ") / nullif(CAST(" + step + " AS DOUBLE), 0)) AS BIGINT)"
	if !small(n.From) || !small(n.To) || !small(n.Step) {
		count = farCount(from, to, step, n.Output.Type)
	}
	value := from + " + " + alias + "." + number + " * " + step
	switch n.Output.Type {
	case types.DateTime:
		count = "CAST(floor((epoch_us(" + to + ") - epoch_us(" + from + ")) * 10 / nullif(CAST(" + step + " AS DOUBLE), 0)) AS BIGINT)"
		value = "make_timestamp(epoch_us(" + from + ") + (" + alias + "." + number + " * " + step + ") // 10)"
	case types.Long, types.TimeSpan:
		value = "CAST(" + value + " AS BIGINT)"
	}
	b.from = "range(0, 1 + coalesce(" + count + ", -1)) AS " + alias + "(" + number + ")"
	if g.options.Careful {
		value = "TRY(" + value + ")"
	}
	b.exprs[n.Output] = value
	b.computed[n.Output] = true
	return b
}

// small reports whether counting from or to a constant overflows nothing.
func small(e plan.Expr) bool {
	const most = 1 << 52
	l, ok := e.(*plan.Literal)
	if !ok {
		return false
	}
	switch v := l.Value.(type) {
	case int64:
		return v > -most && v < most
	case int32, time.Time:
		return true
	case types.Ticks:
		return v > -most && v < most && v != 0
	case float64:
		return math.Abs(v) < most && math.Abs(v) > 1e-3
	}
	return false
}

// farCount is the number of steps between numbers of any size, at most what
// nothing ever counts to.
func farCount(from, to, step string, t types.Type) string {
	distance := to + " - " + from
	switch t {
	case types.Int, types.Long, types.TimeSpan:
		distance = "CAST(" + to + " AS HUGEINT) - " + from
	case types.DateTime:
		distance = "(epoch_us(" + to + ") - epoch_us(" + from + ")) * 10"
	}
	steps := "(" + distance + ") / nullif(CAST(" + step + " AS DOUBLE), 0)"
	return "CAST((CASE WHEN isnan(" + steps + ") THEN -1 ELSE least(greatest(floor(" + steps + "), -1), 9e15) END) AS BIGINT)"
}

// project adds columns. A block that is no more than names takes them in.
func (g *generator) project(n *plan.Project) *block {
	reads := make([]plan.Expr, len(n.Define))
	for i, d := range n.Define {
		reads[i] = d.Expr
	}
	in := g.ready(g.node(n.Input), reads...)
	out := *in
	out.columns = append(n.Pass[:len(n.Pass):len(n.Pass)], definedColumns(n.Define)...)
	out.exprs = make(map[*plan.Column]string, len(out.columns))
	out.computed = map[*plan.Column]bool{}
	for _, c := range n.Pass {
		out.exprs[c] = in.column(g, c)
		if in.computed[c] {
			out.computed[c] = true
		}
	}
	for _, d := range n.Define {
		out.exprs[d.Column] = g.expr(d.Expr, in)
		if _, isRef := d.Expr.(*plan.Ref); !isRef {
			out.computed[d.Column] = true
		}
	}
	return &out
}

func definedColumns(define []plan.Definition) []*plan.Column {
	all := make([]*plan.Column, len(define))
	for i, d := range define {
		all[i] = d.Column
	}
	return all
}

// sortable returns the input of a sort, in which its keys are plain columns.
func (g *generator) sortable(n *plan.Sort) *block {
	keys := make([]plan.Expr, len(n.Keys))
	for i, k := range n.Keys {
		keys[i] = &plan.Ref{Column: k.Column}
	}
	return g.ready(g.node(n.Input), keys...)
}

func (g *generator) limit(n *plan.Limit) *block {
	b := g.node(n.Input)
	if n == g.options.Cut {
		return b
	}
	if _, sorted := n.Input.(*plan.Sort); !sorted && b.tail != "" {
		b = g.wrap(b)
	}
	b.tail += " LIMIT " + strconv.FormatInt(n.Count, 10)
	if g.walled[n] {
		return g.behindWall(b)
	}
	return b
}

// reference reads a shared table: as a CTE when it is read more than once,
// else as a subquery.
func (g *generator) reference(n *plan.Reference) *block {
	sources := make(map[*plan.Column]string, len(n.Output))
	for i, c := range n.Output {
		sources[c] = innerName(n.Source[i])
	}
	name := func(c *plan.Column) string { return sources[c] }
	if cte, ok := g.shared[n.Target]; ok {
		return g.over(cte, n.Output, name)
	}
	body := g.node(n.Target.Node)
	if body.distinct {
		body = g.wrap(body) // a reference may take fewer columns
	}
	if g.uses[n.Target] < 2 && !n.Target.Once {
		return g.inlined(n, body)
	}
	cte := "s" + strconv.Itoa(len(g.shared)+1)
	g.shared[n.Target] = cte
	word := " AS "
	if n.Target.Once {
		word = " AS MATERIALIZED "
	}
	g.ctes = append(g.ctes, cte+word+"("+body.text()+")")
	return g.over(cte, n.Output, name)
}

// inlined gives the body of a table that is read once, under the columns of
// the reference.
func (g *generator) inlined(n *plan.Reference, body *block) *block {
	out := *body
	out.columns = n.Output
	out.exprs = make(map[*plan.Column]string, len(n.Output))
	out.computed = map[*plan.Column]bool{}
	for i, c := range n.Output {
		out.exprs[c] = body.column(g, n.Source[i])
		if body.computed[n.Source[i]] {
			out.computed[c] = true
		}
	}
	return &out
}

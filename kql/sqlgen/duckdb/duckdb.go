// Package duckdb turns a plan into SQL for DuckDB.
//
// It is the only place in which a name is quoted or a value written as SQL.
// Inside, columns are called c1, c2 and so on by their numbers; what the user
// calls them stands only in the outermost select. The SQL uses the extensions
// json and icu, and the functions quoll_has and its kin, quoll_json_text and
// quoll_native_…, which the engine registers. It knows neither files nor connections: the
// engine says what a table is in SQL through Options.Scan.
//
// How values are held: a string is never NULL; a datetime is a TIMESTAMP in
// UTC; a timespan is a BIGINT of 100 ns ticks; dynamic is JSON text, of which
// NULL stands for null; a guid is text in lower case; a decimal is a DOUBLE.
package duckdb

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quoll/quoll/kql/budget"
	"github.com/quoll/quoll/kql/plan"
)

// Options say what the engine adds.
type Options struct {
	// Scan returns an SQL item for a FROM clause that has the fields of a scan
	// under their Source names. It may give fewer rows than the table has where
	// the scan's time range allows it.
	Scan func(*plan.Scan) (string, error)
	// Bounded, if there is one, is asked instead of Scan and told what is asked of
	// TimeColumn, the name in storage of the rows' times.
	Bounded    func(*plan.Scan, Times) (Item, error)
	TimeColumn string
	// Stored, if there is one, names the table that holds the rows of a node already, its
	// columns under the names of StoredName.
	Stored func(plan.Node) (table string, ok bool)
	// Number is handed to each function that is computed in Go, so that the
	// engine knows for which query it is called.
	Number int64
	// Limit bounds the rows of the result; 0 is no bound.
	Limit int
	// Cut is left to who reads the rows, who takes no more than it says; nil is none. Of
	// which rows those are it still says.
	Cut *plan.Limit
	// Careful gives null where the engine cannot compute with a value, such as
	// one that is out of a range. It makes a query several times slower, so it is
	// for one that has failed without.
	Careful bool
	// Budget is what generating may spend; nil is without bound.
	Budget *budget.Budget
}

// StoredName is the name of a column in a table of Options.Stored.
func StoredName(c *plan.Column) string { return innerName(c) }

// Query is SQL text and the values of its parameters $1, $2 and so on.
type Query struct {
	Text string
	Args []any
}

// Generate returns the SQL of a statement.
func Generate(s *plan.Statement, o Options) (*Query, error) {
	g := &generator{options: o, uses: plan.References(s), shared: map[*plan.Shared]string{}, forms: forms(), trust: newTrust(s), walled: walledLimits(s.Root), met: map[plan.Expr]bool{}, known: map[*plan.Aggregate]Item{}}
	if o.Bounded != nil {
		g.times = timesOf(s, o.TimeColumn)
	}
	var text string
	if err := o.Budget.Do(func() { text = g.statement(s) }); err != nil {
		return nil, spent(err)
	}
	return &Query{Text: text, Args: g.args}, nil
}

// spent is the error of a budget that ended, in words for a query's author.
func spent(err error) error {
	if errors.Is(err, budget.ErrSpent) {
		return ErrTooLarge
	}
	return err
}

type generator struct {
	options Options
	forms   map[string]form
	trust   *trust
	times   map[*plan.Scan]*Times
	met     map[plan.Expr]bool       // conditions that the item of a scan meets by itself
	known   map[*plan.Aggregate]Item // with rows that are counted already
	uses    map[*plan.Shared]int
	shared  map[*plan.Shared]string // the names of those that are CTEs
	ctes    []string
	args    []any
	aliases int
	walled  map[*plan.Limit]bool
}

// fail ends generating: what would still be written is of no use.
func (g *generator) fail(format string, args ...any) {
	g.options.Budget.Stop(fmt.Errorf(format, args...))
}

func (g *generator) alias() string {
	g.aliases++
	return "t" + strconv.Itoa(g.aliases)
}

// statement writes the outermost select, which names and orders the columns.
func (g *generator) statement(s *plan.Statement) string {
	b := g.node(s.Root)
	if text, ok := g.topStatement(s, b); ok {
		return text
	}
	if b.tail != "" || b.distinct || len(b.group) > 0 && len(s.Order) > 0 {
		b = g.wrap(b)
	}
	var text strings.Builder
	text.WriteString("SELECT ")
	for i, o := range s.Output {
		if i > 0 {
			text.WriteString(", ")
		}
		text.WriteString(b.column(g, o.Column) + " AS " + quoteName(o.Name))
	}
	if len(s.Output) == 0 {
		text.WriteString("1 AS " + quoteName("quoll_row"))
	}
	text.WriteString(b.rest())
	if len(s.Order) > 0 {
		text.WriteString(" ORDER BY " + g.orderBy(b, s.Order))
	}
	if g.options.Limit > 0 {
		text.WriteString(" LIMIT " + strconv.Itoa(g.options.Limit))
	}
	return g.with(text.String())
}

// topStatement writes a statement that is the first rows of an order, which
// needs no second one.
func (g *generator) topStatement(s *plan.Statement, b *block) (string, bool) {
	limit, ok := s.Root.(*plan.Limit)
	if !ok || g.options.Limit > 0 && limit.Count > int64(g.options.Limit) || b.distinct || len(s.Output) == 0 {
		return "", false
	}
	sorted, ok := limit.Input.(*plan.Sort)
	if !ok || !slices.Equal(sorted.Keys, s.Order) {
		return "", false
	}
	list := make([]string, len(s.Output))
	for i, o := range s.Output {
		list[i] = b.column(g, o.Column) + " AS " + quoteName(o.Name)
	}
	return g.with("SELECT " + strings.Join(list, ", ") + b.rest()), true
}

// with puts the shared tables before a statement.
func (g *generator) with(text string) string {
	if len(g.ctes) == 0 {
		return text
	}
	return "WITH " + strings.Join(g.ctes, ", ") + " " + text
}

// ordered keeps a constant from standing alone in an order, which the engine
// does not take.
func ordered(key string) string {
	if strings.HasPrefix(key, "'") || key == "true" || key == "false" || key == "NULL" {
		return "coalesce(" + key + ")"
	}
	return key
}

func (g *generator) orderBy(b *block, keys []plan.SortKey) string {
	all := make([]string, len(keys))
	for i, k := range keys {
		direction, nulls := " ASC", " NULLS LAST"
		if k.Descending {
			direction = " DESC"
		}
		if k.NullsFirst {
			nulls = " NULLS FIRST"
		}
		all[i] = ordered(b.column(g, k.Column)) + direction + nulls
	}
	return strings.Join(all, ", ")
}

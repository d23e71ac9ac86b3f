// Package bind gives a query its meaning: it resolves every table, column and
// function against a catalogue, applies Kusto's rules for types, names and
// nulls, and turns KQL's operators into the few nodes of package plan.
//
// It knows no engine and no SQL. A name it does not know, or one that Kusto
// has and Quoll lacks, is a diagnostic at its place, never passed through: that
// is the first wall between a query's text and the engine.
package bind

import (
	"time"

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// Catalog is what a query can reach. It does not change during a call.
type Catalog interface {
	// Table returns the table of that name; names are case-sensitive.
	Table(name string) (*Table, bool)
	// Names returns the names of all tables, in a stable order, for wildcards
	// and for messages.
	Names() []string
}

// Table describes a table to the binder.
type Table struct {
	Name    string
	Columns []Column
	// Aliases maps further column names to columns, for example "Timestamp" to
	// "TimeGenerated". An alias is found where the query says it, and is not
	// among the columns that * means.
	Aliases map[string]string
	// IngestionTime is the name in storage of the column that ingestion_time()
	// reads, or empty.
	IngestionTime string
	// Rows are the rows of a table that is held elsewhere than the engine's, as a
	// watchlist is: a cell for each column, nil, a string, or json.RawMessage. nil
	// stands for a table that the engine has.
	Rows [][]any
}

// Column is a column of a Table. Its name is also its name in storage.
type Column struct {
	Name string
	Type types.Type
}

// Options are what a statement's meaning depends on besides its text.
type Options struct {
	// Now is the time that now() and ago() mean, the same throughout.
	Now time.Time
	// Watchlist names tables that _GetWatchlist finds; may be nil.
	Watchlist func(name string) (*Table, bool)
	// Function gives the saved function of a name; may be nil. Names of the
	// query itself hide those.
	Function func(name string) (Saved, bool)
	// Parameters are the values for declare query_parameters by name: constants
	// as a query writes them, or their texts alone.
	Parameters map[string]string
	// Principal is who asks, as current_principal() gives it; empty for somebody
	// unknown.
	Principal string
	// External reads the files that externaldata names and gives their rows, a
	// cell for each column: nil, a string, or json.RawMessage. Its errors are
	// shown at the addresses. It may be nil; then externaldata is refused.
	External func(External) ([][]any, error)
	// Probe gives the rows of a statement, for the plugins whose columns depend
	// on the data. Its cells are as a result has them. It may be nil; then such
	// a table stays open: names that are no columns are looked for in each row.
	Probe func(*plan.Statement) ([][]any, error)
	// Steps bounds the work of compiling, in steps of package budget; 0 is
	// budget.DefaultSteps.
	Steps int64
	// Interrupted is asked again and again while a query is compiled; its error
	// ends that and is what compiling returns. It may be nil.
	Interrupted func() error
}

// The bounds of a query. They are far above what people write and keep a
// hostile text from using up memory.
const (
	maxDepth     = 200    // nested expressions, tables and function calls
	maxColumns   = 10_000 // columns of one intermediate table
	maxNodes     = 20_000 // nodes of one plan
	maxListItems = 100_000
)

// Query returns the plan of a query, or nil when it has mistakes; those are
// then in src.
func Query(src *source.Text, query *syntax.Query, catalog Catalog, options Options) *plan.Statement {
	newBinder(src, query, catalog, options, 0).undeclared(query)
	return batch(src, query, catalog, options)
}

// newBinder returns what binds the table of one of the expression statements of a
// query.
func newBinder(src *source.Text, query *syntax.Query, catalog Catalog, options Options, number int) *binder {
	b := &binder{src: src, catalog: catalog, options: options, now: options.Now.UTC(), functions: builtin.All()}
	b.branches.expression = number
	if all := expressions(query); number < len(all) {
		b.branches.from, _ = all[number].X.(*syntax.Pipe)
	}
	return b
}

// statement binds one table of a query.
func (b *binder) statement(query *syntax.Query) *plan.Statement {
	result := b.statements(query, newScope(b.library()), false)
	if b.src.Err() != nil {
		return nil
	}
	if result.rel != nil && result.rel.graph != nil {
		b.errorf(query.Span(), "the query gives a graph; graph-match or graph-to-table makes a table of it")
		return nil
	}
	if result.rel == nil {
		b.errorf(query.Span(), "the query has no tabular expression at its end, so it gives no rows")
		return nil
	}
	b.closeBag(result.rel)
	if b.mostRows > 0 {
		result.rel = result.rel.derive()
		result.rel.node = b.limited(result.rel, b.mostRows)
	}
	statement := &plan.Statement{Root: result.rel.node, Order: result.rel.order, Visualization: result.rel.visualization, Now: b.now, Limits: b.limits}
	for _, f := range result.rel.fields {
		statement.Output = append(statement.Output, plan.Output{Name: f.name, Column: f.column})
	}
	if expandedSize(statement) > maxExpanded {
		b.errorf(query.Span(), "the query has more than %d steps once its tables are written out", maxExpanded)
		return nil
	}
	return statement
}

// closeBag makes columns of the members of an unpacked bag that the query has
// named. The others only the data knows; they are not among the columns.
func (b *binder) closeBag(rel *relation) {
	if rel.open == nil || rel.open.column == nil || rel.open.known {
		return
	}
	var items []item
	for _, name := range rel.open.named {
		if rel.find(name) == nil {
			items = append(items, item{name: name, expr: b.openMember(name, rel)})
		}
	}
	for i, c := range b.define(rel, items) {
		rel.fields = append(rel.fields, field{items[i].name, c})
	}
}

// binder holds what is common to the whole statement.
type binder struct {
	src       *source.Text
	catalog   Catalog
	options   Options
	now       time.Time
	limits    plan.Limits // as set statements ask for
	mostRows  int64       // of the result; 0 is no bound
	functions *builtin.Table
	branches  branches
	lastID    plan.ColumnID
	unnamed   defaultNames
	nodes     int
	depth     int
	// binSettings are the size and the place that bin_auto() rounds by.
	binSettings map[string]plan.Expr
	probes      int
	externals   map[*syntax.ExternalData][][]any // what was read
	saved       *scope                           // see library
	savedSeen   map[string]*value                // nil: there is none of that name
}

func (b *binder) errorf(span source.Span, format string, args ...any) {
	b.src.Errorf(span, format, args...)
}

// newColumn returns a column that no other node gives.
func (b *binder) newColumn(name string, t types.Type) *plan.Column {
	b.src.Budget.Spend(1)
	b.lastID++
	return &plan.Column{ID: b.lastID, Name: name, Type: t}
}

// enter counts one level of nesting; it reports false, once, when the query is
// nested too deep or has become too large.
func (b *binder) enter(n syntax.Node) bool {
	b.depth++
	if b.depth > maxDepth {
		b.errorf(n.Span(), "the query is nested more than %d levels deep", maxDepth)
		return false
	}
	return true
}

func (b *binder) leave() { b.depth-- }

// count charges one plan node.
func (b *binder) count(n syntax.Node) bool { return b.charge(1, n) }

// charge adds to the size of the plan; it reports false when that is too large.
func (b *binder) charge(size int, n syntax.Node) bool {
	if b.nodes < maxNodes && b.nodes+size >= maxNodes {
		b.errorf(n.Span(), "the query has more than %d steps once its names and functions are written out", maxNodes)
	}
	b.nodes += size
	return b.nodes < maxNodes
}

// Package plan is the meaning of a query: a graph of about ten kinds of
// relational node, typed, in which every column has a number and every
// function is an overload of package builtin.
//
// KQL's operators are gone here: top is a limit over a sort, count and
// distinct are aggregates, project and extend are projections. So are names:
// expressions refer to columns by identity, and only Statement says what the
// user calls them. The package knows no syntax, no engine and no SQL.
package plan

import (
	"time"

	"github.com/quoll/quoll/kql/types"
)

// ColumnID numbers a column, uniquely in one statement.
type ColumnID int

// Column is one column that a node gives. Two columns are the same column only
// if they are the same pointer. Name is what the user called it where it came
// into being; it serves for printing alone.
type Column struct {
	ID   ColumnID
	Name string
	Type types.Type
}

// Statement is a whole query, ready to be turned into an engine's language.
type Statement struct {
	Root   Node
	Output []Output
	// Order is how the rows of the result are ordered: by columns of Root,
	// which need not be in Output. It is empty when no order was asked for.
	Order         []SortKey
	Visualization *Visualization
	// Now is what now() was taken to be, in UTC.
	Now time.Time
	// Limits are what the query itself asks for.
	Limits Limits
	// Name is what the query calls the table, where it gives several; it may be
	// empty.
	Name string
	// More are the further tables of a query that gives several. They share no
	// node with this one or with each other.
	More []*Statement
}

// Limits are bounds of the result that a query sets. A zero field asks for
// nothing.
type Limits struct {
	NoTruncation bool // as many rows as the server gives at all
	NoTimeout    bool // as long a run as the server allows at all
	Rows, Bytes  int64
	Time         time.Duration
}

// Output is one column of the result under the name that the user sees.
type Output struct {
	Name   string
	Column *Column
}

// Visualization is what render asked for.
type Visualization struct {
	Kind       string // "timechart", "piechart", …
	Properties map[string]string
}

// Node gives rows. A node may have several parents: the plan is a graph
// without cycles, not a tree. Columns of its inputs that it does not list are
// not visible above it.
type Node interface {
	// Columns are the columns that the node gives.
	Columns() []*Column
	// Inputs are the nodes it reads, in order.
	Inputs() []Node
}

// Scan reads a table. From and To are hints: a row whose time column lies
// outside [From, To] is not needed, but may come. A zero time is no bound. Ranges
// say the same of other columns, and Sought, if there is one, of terms.
type Scan struct {
	Table    string
	Fields   []Field
	From, To time.Time
	Ranges   []Range // at most one for each column
	Sought   *Sought
}

// Range bounds the times of a column, both included.
type Range struct {
	Source   string // the column's name in storage
	From, To time.Time
}

// Field is a column of a table.
type Field struct {
	Column *Column
	// Source is the column's name in storage.
	Source string
}

// Values gives rows of constants. Every row has a Literal for each column.
type Values struct {
	Output []*Column
	Rows   [][]Expr
}

// Generate counts from From to To, both included, by Step.
type Generate struct {
	Output         *Column
	From, To, Step Expr
}

// Filter keeps the rows where Predicate is true.
type Filter struct {
	Input     Node
	Predicate Expr
}

// Project gives the columns of Pass as they are and those of Define computed.
// No definition refers to another one of the same node.
type Project struct {
	Input  Node
	Pass   []*Column
	Define []Definition
}

// Definition is a column and how it is computed.
type Definition struct {
	Column *Column
	Expr   Expr
}

// Aggregate groups rows by Keys, nulls being equal, and gives one row for each
// group; without keys exactly one row. A key that is a plain column keeps its
// Column. The Expr of an aggregate is a Call of kind Aggregate, or an
// expression over such calls and nothing else.
type Aggregate struct {
	Input      Node
	Keys       []Definition
	Aggregates []Definition
}

// Sort orders rows.
type Sort struct {
	Input Node
	Keys  []SortKey
}

// SortKey orders by a column.
type SortKey struct {
	Column     *Column
	Descending bool
	NullsFirst bool
}

// Limit gives the first Count rows of its input: those of the order if Input
// is a Sort, else any.
type Limit struct {
	Input Node
	Count int64
}

// JoinKind says which rows a join gives.
type JoinKind string

// The kinds of join, as Kusto names them, and Cross, which pairs every row.
const (
	InnerUnique JoinKind = "innerunique" // inner, over one row of the left side for each key
	Inner       JoinKind = "inner"
	LeftOuter   JoinKind = "leftouter"
	RightOuter  JoinKind = "rightouter"
	FullOuter   JoinKind = "fullouter"
	LeftSemi    JoinKind = "leftsemi"
	RightSemi   JoinKind = "rightsemi"
	LeftAnti    JoinKind = "leftanti"
	RightAnti   JoinKind = "rightanti"
	Cross       JoinKind = "cross"
)

// Join pairs rows whose keys are equal; a null key is equal to none. It gives
// the columns of both sides, or of one side for the semi and anti kinds. A
// string column of a side without a partner is empty, any other null.
type Join struct {
	Kind        JoinKind
	Left, Right Node
	On          []JoinKey
}

// JoinKey is a pair of columns that must be equal.
type JoinKey struct{ Left, Right *Column }

// Union gives the rows of all inputs. Column i of the output takes the value
// Items[n][i] from input n.
type Union struct {
	Output []*Column
	From   []Node
	Items  [][]Expr
}

// Unnest gives, for each row of its input, one row for each element of its
// arrays side by side; the longest array counts. An empty array gives one row
// with null. A dynamic value that is no array or bag gives itself once.
type Unnest struct {
	Input Node
	Items []UnnestItem
	Index *Column // position from 0, or nil
	Limit int64   // most rows for one row of input; 0 is no limit
	// Inner leaves out rows whose arrays are all null or empty.
	Inner bool
	// Arrays makes a member of a bag [key, value] instead of {key: value}.
	Arrays bool
}

// UnnestItem is one array and the column of its elements.
type UnnestItem struct {
	Array  Expr
	Column *Column
}

// Window computes columns over neighbouring rows in the order of Order, or as
// they come when it is empty. Each definition is a Call of kind Window.
type Window struct {
	Input     Node
	Define    []Definition
	Partition []*Column
	Order     []SortKey
}

// Reference gives the rows of a node that several parents read, under columns
// of its own: Output[i] is Target.Columns()[i] unless it is nil.
type Reference struct {
	Target *Shared
	Output []*Column
	// Source[i] is the column of the target that Output[i] takes its values from.
	Source []*Column
}

// Shared is a table that may be referred to more than once.
type Shared struct {
	Name string // the let name, or empty
	Node Node
	// Once asks that the engine computes it once (materialize), so that all
	// references see the same rows.
	Once bool
}

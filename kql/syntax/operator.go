package syntax

import "github.com/quoll/quoll/kql/source"

// Operator is what stands after a pipe. Each kind is declared, parsed and
// printed in its own file op_<name>.go.
type Operator interface {
	Node
	operator()
}

// Property is `name=value` after an operator's name, as in `join kind=inner`
// or `union isfuzzy=true`. Value is a Name or a Literal.
type Property struct {
	pos
	Name  *Name
	Value Expr
}

// BadOperator is an operator that could not be read, or one that Quoll does
// not have; a diagnostic says why.
type BadOperator struct{ pos }

// WhereOperator is `where x` and `filter x`.
type WhereOperator struct {
	pos
	Predicate Expr
}

// ExtendOperator is `extend name = x, …`.
type ExtendOperator struct {
	pos
	Columns []Expr // Named or bare expressions
}

// ProjectKind says which columns a ProjectOperator keeps.
type ProjectKind string

// The members of the project family.
const (
	Project        ProjectKind = "project"
	ProjectAway    ProjectKind = "project-away"
	ProjectKeep    ProjectKind = "project-keep"
	ProjectRename  ProjectKind = "project-rename"
	ProjectReorder ProjectKind = "project-reorder"
)

// ProjectOperator is the project family. Columns are Named, Name, Wildcard,
// Star or any expression, as the kind allows; for project-reorder an Ordered
// item carries asc, desc, granny-asc or granny-desc.
type ProjectOperator struct {
	pos
	Kind    ProjectKind
	Columns []Expr
}

// SummarizeOperator is `summarize aggregates by keys`.
type SummarizeOperator struct {
	pos
	Properties []*Property
	Aggregates []Expr
	Keys       []Expr
}

// CountOperator is `count`.
type CountOperator struct{ pos }

// DistinctOperator is `distinct columns`; a column can be Star.
type DistinctOperator struct {
	pos
	Columns []Expr
}

// Ordered is `x asc nulls last` in sort, order, top and project-reorder. The
// words that were not written are empty.
type Ordered struct {
	pos
	X         Expr
	Direction string // "", "asc", "desc", "granny-asc", "granny-desc"
	Nulls     string // "", "first", "last"
}

func (*Ordered) expr() {}

// SortOperator is `sort by x, …` and `order by x, …`.
type SortOperator struct {
	pos
	Keys []*Ordered
}

// TopOperator is `top n by x, …`.
type TopOperator struct {
	pos
	Count Expr
	Keys  []*Ordered
}

// TakeOperator is `take n` and `limit n`.
type TakeOperator struct {
	pos
	Count Expr
}

// JoinOperator is `join kind=k (right) on conditions`. Lookup is set for
// `lookup`. A condition is a Name, or `$left.a == $right.b` as a Binary.
type JoinOperator struct {
	pos
	Lookup     bool
	Properties []*Property
	Right      Expr
	On         []Expr
}

// UnionOperator is `union tables`; a table is a Name, Wildcard, Call or
// Paren around a pipeline.
type UnionOperator struct {
	pos
	Properties []*Property
	Tables     []Expr
}

// MvExpandOperator is `mv-expand` and the older `mvexpand`.
type MvExpandOperator struct {
	pos
	Properties []*Property // bagexpansion, kind, with_itemindex
	Columns    []*MvExpandColumn
	Limit      Expr // nil when absent
}

// MvExpandColumn is `name = x to typeof(type)`.
type MvExpandColumn struct {
	pos
	Name *Name // nil when absent
	X    Expr
	Type *TypeOf // nil when absent
}

// RenderOperator is `render kind with (properties)`.
type RenderOperator struct {
	pos
	Visualization *Name
	Properties    []*Property
}

// AsOperator is `as name`.
type AsOperator struct {
	pos
	Properties []*Property
	Name       *Name
}

// PrintOperator is `print x, …`.
type PrintOperator struct {
	pos
	Columns []Expr
}

// RangeOperator is `range name from a to b step c`.
type RangeOperator struct {
	pos
	Name           *Name
	From, To, Step Expr
}

// SerializeOperator is `serialize columns`.
type SerializeOperator struct {
	pos
	Columns []Expr
}

// at returns the position of a node that spans span.
func at(span source.Span) pos { return pos{span: span} }

func (*BadOperator) operator()       {}
func (*WhereOperator) operator()     {}
func (*ExtendOperator) operator()    {}
func (*ProjectOperator) operator()   {}
func (*SummarizeOperator) operator() {}
func (*CountOperator) operator()     {}
func (*DistinctOperator) operator()  {}
func (*SortOperator) operator()      {}
func (*TopOperator) operator()       {}
func (*TakeOperator) operator()      {}
func (*JoinOperator) operator()      {}
func (*UnionOperator) operator()     {}
func (*MvExpandOperator) operator()  {}
func (*RenderOperator) operator()    {}
func (*AsOperator) operator()        {}
func (*PrintOperator) operator()     {}
func (*RangeOperator) operator()     {}
func (*SerializeOperator) operator() {}

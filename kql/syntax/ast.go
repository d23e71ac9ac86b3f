// Package syntax turns the text of a query into a tree of what was written,
// with spans, and prints such a tree back.
//
// It decides nothing about meaning: it does not know which tables, columns or
// functions exist, nor the type of anything. That is package bind's work.
package syntax

import (
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/types"
)

// Node is any part of the tree. Span covers the node's text, without
// surrounding space.
type Node interface {
	Span() source.Span
	print(w *printer)
}

// pos is embedded by every node.
type pos struct{ span source.Span }

// at returns the position of a node that spans span.
func at(span source.Span) pos { return pos{span: span} }

// Span returns the part of the text that the node was written as.
func (p pos) Span() source.Span { return p.span }

// Query is a whole text: statements separated by semicolons. The last
// expression statement gives the result.
type Query struct {
	pos
	Statements []Statement
}

// Statement is one of LetStatement, SetStatement, ParametersStatement,
// PatternStatement, ExpressionStatement and BadStatement.
type Statement interface {
	Node
	statement()
}

// LetStatement is `let Name = Value`. Value is a scalar or tabular expression,
// or a FunctionLiteral.
type LetStatement struct {
	pos
	Name  *Name
	Value Expr
}

// SetStatement is `set Name` or `set Name = Value`, a request property.
type SetStatement struct {
	pos
	Name  *Name
	Value Expr // nil when absent
}

// ExpressionStatement is a query statement: an expression that gives a table.
type ExpressionStatement struct {
	pos
	X Expr
}

// BadStatement is text that could not be read; a diagnostic says why.
type BadStatement struct{ pos }

func (*LetStatement) statement()        {}
func (*SetStatement) statement()        {}
func (*ExpressionStatement) statement() {}
func (*BadStatement) statement()        {}

// Expr is an expression. The grammar of KQL does not separate scalar from
// tabular expressions (a bare name may be either), so neither does the tree;
// the binder does.
type Expr interface {
	Node
	expr()
}

// Name is an identifier: bare, quoted as ['a b'] or ["a b"], or `$left`.
// Text is the name without quotes.
type Name struct {
	pos
	Text   string
	Quoted bool
}

// Wildcard is a name pattern with at least one `*` and another character, as
// in `project-away Device*` or `union Email*`.
type Wildcard struct {
	pos
	Pattern string
}

// Star is a lone `*`.
type Star struct{ pos }

// Literal is a scalar constant. Value is nil for a typed null such as
// long(null), else: bool, int32 (Int), int64 (Long), float64 (Real), string
// (String, Decimal's digits, Guid in lower case), time.Time in UTC
// (DateTime), types.Ticks (TimeSpan). A string of several literals side by
// side is one Literal.
type Literal struct {
	pos
	Type  types.Type
	Value any
}

// DynamicLiteral is dynamic(…). JSON is the value as compact JSON text;
// datetime, timespan and guid literals inside have become JSON strings.
type DynamicLiteral struct {
	pos
	JSON string
}

// Unary is `-x` or `+x`.
type Unary struct {
	pos
	Op Op
	X  Expr
}

// Binary is `x op y` for arithmetic, comparison, string and logical operators.
type Binary struct {
	pos
	Op     Op
	OpSpan source.Span
	X, Y   Expr
}

// InList is `x op (a, b, …)` for in, !in, in~, !in~, has_any and has_all. One
// item may be a tabular expression or a dynamic array.
type InList struct {
	pos
	Op     Op
	OpSpan source.Span
	X      Expr
	Items  []Expr
}

// Between is `x between (low .. high)` and `x !between (low .. high)`.
type Between struct {
	pos
	Not       bool
	X         Expr
	Low, High Expr
}

// Call is `Func(args)`: a scalar, aggregate, tabular or plugin function, or
// one defined by let. Arguments can be Named, Star, Pipe and TypeOf.
type Call struct {
	pos
	Func *Name
	Args []Expr
}

// Member is `x.name` and `x.['name']`.
type Member struct {
	pos
	X    Expr
	Name *Name
}

// Index is `x[i]`. An index that is a negative number counts from the end.
type Index struct {
	pos
	X     Expr
	Index Expr
}

// Paren is `(x)`; kept so that the printer gives back what was written.
type Paren struct {
	pos
	X Expr
}

// Named is `name = x` or `(a, b) = x` in lists of columns, and `name = x` in
// arguments.
type Named struct {
	pos
	Names []*Name
	Tuple bool // written with parentheses
	X     Expr
}

// TypeOf is `typeof(string)` and, for a tabular parameter, `(a:long, b:string)`.
type TypeOf struct {
	pos
	Type    types.Type
	Columns []*ColumnDecl // for typeof((a:long)), else nil
}

// Pipe is `source | op | op`. Source is nil when the first operator starts a
// pipeline by itself, as print, range, union, search and find do.
type Pipe struct {
	pos
	Source    Expr
	Operators []Operator
}

// Datatable is `datatable(a:long, b:string) [1, 'x', …]`.
type Datatable struct {
	pos
	Columns []*ColumnDecl
	Values  []Expr
}

// ExternalData is `externaldata(a:string) ['url', …] with (…)`.
type ExternalData struct {
	pos
	Columns    []*ColumnDecl
	Sources    []Expr
	Properties []*Named
}

// ColumnDecl is `name:type`, or `name:(columns)` or `name:(*)` for a tabular
// parameter.
type ColumnDecl struct {
	pos
	Name    *Name
	Type    types.Type
	Tabular bool
	Columns []*ColumnDecl // of a tabular parameter; nil for (*)
	Default Expr          // of a function parameter; nil when absent
}

// FunctionLiteral is `(params) { statements; expression }`, with `view` before
// it for a view.
type FunctionLiteral struct {
	pos
	View   bool
	Params []*ColumnDecl
	Body   *Query
}

// NameList is `a, b`, the value of a property such as ycolumns.
type NameList struct {
	pos
	Names []*Name
}

// BadExpr is text that could not be read; a diagnostic says why.
type BadExpr struct{ pos }

func (*Name) expr()            {}
func (*Wildcard) expr()        {}
func (*Star) expr()            {}
func (*Literal) expr()         {}
func (*DynamicLiteral) expr()  {}
func (*Unary) expr()           {}
func (*Binary) expr()          {}
func (*InList) expr()          {}
func (*Between) expr()         {}
func (*Call) expr()            {}
func (*Member) expr()          {}
func (*Index) expr()           {}
func (*Paren) expr()           {}
func (*Named) expr()           {}
func (*TypeOf) expr()          {}
func (*Pipe) expr()            {}
func (*Datatable) expr()       {}
func (*ExternalData) expr()    {}
func (*FunctionLiteral) expr() {}
func (*NameList) expr()        {}
func (*BadExpr) expr()         {}

// Op is an operator as Kusto spells it: "+", "==", "=~", "and", "has",
// "!contains_cs", "matches regex", "in~", "has_any" and so on.
type Op string

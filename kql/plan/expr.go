package plan

import (
	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/types"
)

// Expr is a scalar expression over the columns of a node's inputs.
type Expr interface {
	// Type is the type of the value. It is never Unknown in a finished plan.
	Type() types.Type
}

// Ref is the value of a column.
type Ref struct{ Column *Column }

// Literal is a constant. Value is nil for null, else: bool, int32 (Int), int64
// (Long), float64 (Real, Decimal), string (String, Guid), time.Time in UTC
// (DateTime), types.Ticks (TimeSpan), or JSON text as a string (Dynamic).
type Literal struct {
	Of    types.Type
	Value any
	// Exact has all digits of a decimal, of which Value has those of a double; it is
	// empty for any other type.
	Exact string
}

// Call applies a function. Function is never an older spelling and never of
// kind Context or Plugin. Arguments have the types that Overload asks for.
type Call struct {
	Function *builtin.Function
	Args     []Expr
	Of       types.Type
	// Order is the order in which an aggregate sees the rows of a group, for
	// those whose result depends on it.
	Order []SortKey
}

// Case gives the value of the first branch whose condition is true, else Else.
type Case struct {
	Branches []Branch
	Else     Expr
	Of       types.Type
}

// Branch is one arm of a Case.
type Branch struct{ When, Then Expr }

// Convert is a conversion between types as tolong(), tostring() and the like do
// it: what cannot be converted gives null, and the empty string for String.
type Convert struct {
	X  Expr
	To types.Type
}

// Scalar is the value of Column in the first row of a table; null (empty for a
// string) when there is none.
type Scalar struct {
	Node   Node
	Column *Column
}

// Rows is the set of values of a column of a table, as the list of in and its
// kin.
type Rows struct {
	Node   Node
	Column *Column
}

// Type returns the type of the column.
func (e *Ref) Type() types.Type { return e.Column.Type }

// Type returns the type of the constant.
func (e *Literal) Type() types.Type { return e.Of }

// Type returns the type of the result.
func (e *Call) Type() types.Type { return e.Of }

// Type returns the common type of the branches.
func (e *Case) Type() types.Type { return e.Of }

// Type returns the type that is converted to.
func (e *Convert) Type() types.Type { return e.To }

// Type returns the type of the column.
func (e *Scalar) Type() types.Type { return e.Column.Type }

// Type returns the type of one value.
func (e *Rows) Type() types.Type { return e.Column.Type }

// Operands returns the expressions that e is made of, tables left out.
func Operands(e Expr) []Expr {
	switch e := e.(type) {
	case *Call:
		return e.Args
	case *Convert:
		return []Expr{e.X}
	case *Case:
		all := make([]Expr, 0, 2*len(e.Branches)+1)
		for _, b := range e.Branches {
			all = append(all, b.When, b.Then)
		}
		return append(all, e.Else)
	}
	return nil
}

// Table returns the table that e reads, or nil.
func Table(e Expr) (Node, *Column) {
	switch e := e.(type) {
	case *Scalar:
		return e.Node, e.Column
	case *Rows:
		return e.Node, e.Column
	}
	return nil, nil
}

// VisitExpr calls visit for e and everything below it, tables left out, parents
// first, until visit returns false for a branch.
func VisitExpr(e Expr, visit func(Expr) bool) {
	if e == nil || !visit(e) {
		return
	}
	for _, x := range Operands(e) {
		VisitExpr(x, visit)
	}
}

// ReadsColumn reports whether an expression reads a column.
func ReadsColumn(e Expr) bool {
	found := false
	VisitExpr(e, func(e Expr) bool {
		_, ok := e.(*Ref)
		found = found || ok
		return !found
	})
	return found
}

// Package native is the kind of function that SQL has no form for and that is
// computed in Go: the forecasts of the series functions, geometry, sketches,
// parsers. An engine registers each under the name that SQLName gives.
//
// It knows no engine. The functions themselves are in the packages below it;
// package native/all lists them.
package native

import (
	"fmt"

	"github.com/quoll/quoll/kql/types"
)

// Function computes one function of the vocabulary. It has no state, and may
// be called from several threads at once.
type Function struct {
	// Name is the name in package builtin, or one of the compiler's own.
	Name string
	// Params are the types of the parameters. An argument that a query leaves
	// out is nil.
	Params []types.Type
	// Variadic says that the last parameter takes any number of arguments, none
	// too.
	Variadic bool
	Result   types.Type
	// Call computes the value. Arguments and result are nil for null, else bool,
	// int32 (Int), int64 (Long), float64 (Real, Decimal), string (String, Guid),
	// time.Time in UTC (DateTime), types.Ticks (TimeSpan) or a value of package
	// dynamic (Dynamic). An argument is shared with other calls and is not
	// changed. An error ends the query; what a row may just contain gives nil.
	Call func(args []any) (any, error)
}

// SQLName is the name under which an engine knows the function.
func (f *Function) SQLName() string { return "quoll_native_" + f.Name }

// Param returns the type of the i-th argument.
func (f *Function) Param(i int) (types.Type, error) {
	switch {
	case i < len(f.Params):
		return f.Params[i], nil
	case f.Variadic && len(f.Params) > 0:
		return f.Params[len(f.Params)-1], nil
	}
	return types.Unknown, fmt.Errorf("%s takes no argument %d", f.Name, i+1)
}

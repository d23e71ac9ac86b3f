// Package number has functions of numbers alone: special functions,
// distributions and the conversion of units.
//
// What has no value gives null or NaN, as Kusto has it for each function.
package number

import (
	"math"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// Functions returns the functions of this package.
func Functions() []native.Function {
	all := []native.Function{
		real("erf", 1, func(x []float64) any { return math.Erf(x[0]) }),
		real("erfc", 1, func(x []float64) any { return math.Erfc(x[0]) }),
		real("gamma", 1, func(x []float64) any { return math.Gamma(x[0]) }),
		real("loggamma", 1, func(x []float64) any { value, _ := math.Lgamma(x[0]); return value }),
		real("beta_cdf", 3, func(x []float64) any { return betaCDF(x[0], x[1], x[2]) }),
		real("beta_pdf", 3, func(x []float64) any { return betaPDF(x[0], x[1], x[2]) }),
		real("beta_inv", 3, func(x []float64) any { return betaInverse(x[0], x[1], x[2]) }),
		real("welch_test", 6, welchTest),
	}
	for _, q := range quantities() {
		all = append(all, q.function())
	}
	return all
}

// real describes a function of real numbers; a null among them gives null.
func real(name string, count int, of func(x []float64) any) native.Function {
	f := native.Function{Name: name, Result: types.Real}
	for range count {
		f.Params = append(f.Params, types.Real)
	}
	f.Call = func(args []any) (any, error) {
		x := make([]float64, count)
		for i := range x {
			value, ok := args[i].(float64)
			if !ok {
				return nil, nil
			}
			x[i] = value
		}
		return of(x), nil
	}
	return f
}

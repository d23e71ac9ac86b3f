// Package series has the functions over arrays of numbers: arithmetic, filters,
// fits, decomposition, anomalies.
//
// A series of n points costs O(n log n), a filter of k coefficients O(n·k) up
// to a bound. Functions that give several columns give an array of their
// values, in the order in which package builtin names them; null stands for
// all of them. The package knows no engine and no names of columns.
package series

import (
	"math"
	"slices"

	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/native"
)

// Functions returns the functions of this package.
func Functions() []native.Function {
	return slices.Concat(elementFunctions(), pairFunctions(), totalFunctions(), fillFunctions(), filterFunctions(),
		fourierFunctions(), fitFunctions(), sessionFunctions(), statisticsFunctions(), periodFunctions(), decomposeFunctions())
}

// element returns the number that an element of a series is. Text is the way
// in which JSON holds what is no finite number.
func element(v any) (float64, bool) {
	if f, ok := dynamic.Real(v); ok {
		return f, true
	}
	switch v {
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	return 0, false
}

// numbers returns a series all of whose elements are numbers.
func numbers(v any) ([]float64, bool) {
	array, ok := v.([]any)
	if !ok {
		return nil, false
	}
	out := make([]float64, len(array))
	for i, e := range array {
		if out[i], ok = element(e); !ok {
			return nil, false
		}
	}
	return out, true
}

// finite returns a series all of whose elements are finite numbers.
func finite(v any) ([]float64, bool) {
	out, ok := numbers(v)
	if !ok || slices.ContainsFunc(out, notFinite) {
		return nil, false
	}
	return out, true
}

func notFinite(f float64) bool { return math.IsNaN(f) || math.IsInf(f, 0) }

// integers reports whether a series has nothing but integers and nulls, so
// that results keep that type.
func integers(array []any) bool {
	return !slices.ContainsFunc(array, func(e any) bool {
		_, ok := e.(int64)
		return !ok && e != nil
	})
}

// optional returns an argument, or what counts when a query leaves it out.
func optional[T any](v any, otherwise T) T {
	if t, ok := v.(T); ok {
		return t
	}
	return otherwise
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

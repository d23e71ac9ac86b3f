// Package geo has the functions over places on the Earth: points, lines,
// polygons, and the cells of geohash, S2 and H3.
//
// The Earth is a sphere, as it is for Kusto, and edges are great circles; the
// geometry under it is Google's S2 and Uber's H3. The package knows no engine.
// What is not valid gives null, never an error, and what a query asks for is
// bounded before it is computed.
package geo

import (
	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// earthRadius is the radius of the sphere in metres.
const earthRadius = 6371010.0

// Functions returns the functions of this package.
func Functions() []native.Function {
	s := newShapes()
	all := pointFunctions()
	for _, family := range [][]native.Function{
		geohashFunctions(), s2Functions(s), h3Functions(s), distanceFunctions(s), lineFunctions(s), polygonFunctions(s),
		overlayFunctions(s), bufferFunctions(s), boundsFunctions(s), wktFunctions(),
	} {
		all = append(all, family...)
	}
	return all
}

// function describes a function with a fixed number of parameters.
func function(name string, result types.Type, call func(args []any) any, params ...types.Type) native.Function {
	return native.Function{Name: name, Params: params, Result: result, Call: func(args []any) (any, error) { return call(args), nil }}
}

// optional describes a function whose last parameter may be left out. It is
// told from a null, which is no valid value.
func optional(name string, result types.Type, call func(args []any) any, params ...types.Type) native.Function {
	f := function(name, result, func(args []any) any {
		if len(args) > len(params) {
			return nil
		}
		return call(args)
	}, params...)
	f.Variadic = true
	return f
}

// level reads a whole number that may be left out; ok is false when it is null
// or not between least and most.
func level(args []any, i int, missing, least, most int64) (int, bool) {
	if i >= len(args) {
		return int(missing), true
	}
	n, ok := args[i].(int64)
	return int(n), ok && n >= least && n <= most
}

// distance reads a number of metres that may be left out.
func distance(args []any, i int, missing float64) (float64, bool) {
	if i >= len(args) {
		return missing, true
	}
	metres, ok := args[i].(float64)
	return metres, ok && metres >= 0 && metres <= 1e9
}

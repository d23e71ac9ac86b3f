// Package geo has the functions over places on the Earth: points, lines, polygons, and the cells of geohash, S2 and H3.
package geo

import "github.com/quoll/quoll/kql/native"

// Functions returns the functions of this package.
func Functions() []native.Function {
	return []native.Function{}
}

// Package series has the functions over arrays of numbers: arithmetic, filters, fits, decomposition, anomalies.
package series

import "github.com/quoll/quoll/kql/native"

// Functions returns the functions of this package.
func Functions() []native.Function {
	return []native.Function{}
}

// Package sketch has the values that stand for many: HyperLogLog counters and t-digests.
package sketch

import "github.com/quoll/quoll/kql/native"

// Functions returns the functions of this package.
func Functions() []native.Function {
	return []native.Function{}
}

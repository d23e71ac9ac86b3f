// Package network has the functions over IP addresses and their ranges.
package network

import "github.com/quoll/quoll/kql/native"

// Functions returns the functions of this package.
func Functions() []native.Function {
	return []native.Function{}
}

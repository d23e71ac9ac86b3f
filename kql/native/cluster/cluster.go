// Package cluster has the plugins that look for patterns in a whole table: autocluster, basket, diffpatterns and their kin.
package cluster

import "github.com/quoll/quoll/kql/native"

// Functions returns the functions of this package.
func Functions() []native.Function {
	return []native.Function{}
}

// Package cluster has the plugins that look at a whole table: for patterns in it
// (autocluster, basket, diffpatterns), for what users did in the course of time
// (activity metrics, funnels, sequences), and for the columns in its bags.
//
// It knows no plugin's syntax: a function takes the rows as one array of arrays,
// and gives rows back in the same form.
package cluster

import (
	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// Functions returns the functions of this package.
func Functions() []native.Function {
	return []native.Function{
		{Name: "member_kinds", Params: []types.Type{types.Dynamic}, Result: types.Dynamic, Call: memberKinds},
	}
}

// Package all lists every function that is computed in Go.
package all

import (
	"sync"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/native/array"
	"github.com/quoll/quoll/kql/native/cluster"
	"github.com/quoll/quoll/kql/native/coding"
	"github.com/quoll/quoll/kql/native/geo"
	"github.com/quoll/quoll/kql/native/graph"
	"github.com/quoll/quoll/kql/native/network"
	"github.com/quoll/quoll/kql/native/number"
	"github.com/quoll/quoll/kql/native/series"
	"github.com/quoll/quoll/kql/native/sketch"
	"github.com/quoll/quoll/kql/native/steps"
	"github.com/quoll/quoll/kql/native/text"
)

// Functions returns the functions by name. The caller does not change the map.
var Functions = sync.OnceValue(func() map[string]*native.Function {
	all := map[string]*native.Function{}
	for _, family := range [][]native.Function{
		series.Functions(), geo.Functions(), network.Functions(), sketch.Functions(), cluster.Functions(), text.Functions(), coding.Functions(), array.Functions(), number.Functions(), steps.Functions(), graph.Functions(),
	} {
		for i := range family {
			f := &family[i]
			if all[f.Name] != nil {
				panic("native: two functions named " + f.Name)
			}
			all[f.Name] = f
		}
	}
	return all
})

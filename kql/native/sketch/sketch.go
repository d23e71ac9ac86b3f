// Package sketch has the summaries of many values that can be merged: the
// different values that hll() counts, the distribution that tdigest() keeps.
// Weighted percentiles, bags and schemas of whole groups are here too.
//
// It knows no aggregate: each function takes what an engine has gathered of a
// group as one array.
package sketch

import (
	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// Functions returns the functions of this package. Those whose names begin with
// gather_ make an aggregate of a gathered group.
func Functions() []native.Function {
	dynamic := []types.Type{types.Dynamic}
	return []native.Function{
		{Name: "gather_hll", Params: []types.Type{types.Dynamic, types.Long}, Result: types.Dynamic, Call: gatherHLL},
		{Name: "gather_hll_merge", Params: dynamic, Result: types.Dynamic, Call: gatherMergedHLL},
		{Name: "merge_hll", Params: dynamic, Variadic: true, Result: types.Dynamic, Call: mergeHLL},
		{Name: "dcount_hll", Params: dynamic, Result: types.Long, Call: countHLL},
		{Name: "intersect_hll", Params: dynamic, Variadic: true, Result: types.Dynamic, Call: intersectHLL},
		{Name: "gather_tdigest", Params: []types.Type{types.Dynamic, types.String}, Result: types.Dynamic, Call: gatherDigest},
		{Name: "gather_tdigest_merge", Params: dynamic, Result: types.Dynamic, Call: gatherMergedDigest},
		{Name: "merge_digest", Params: dynamic, Variadic: true, Result: types.Dynamic, Call: mergeDigest},
		{Name: "percentile_tdigest", Params: []types.Type{types.Dynamic, types.Real}, Result: types.Dynamic, Call: percentileOf},
		{Name: "percentiles_array_tdigest", Params: []types.Type{types.Dynamic, types.Dynamic}, Variadic: true, Result: types.Dynamic, Call: percentilesOf},
		{Name: "rank_tdigest", Params: []types.Type{types.Dynamic, types.Real}, Result: types.Real, Call: rankOf},
		{Name: "percentrank_tdigest", Params: []types.Type{types.Dynamic, types.Real}, Result: types.Real, Call: percentRankOf},
		{Name: "tdigest_isvalid", Params: dynamic, Result: types.Bool, Call: isDigest},
		{Name: "gather_percentilew", Params: []types.Type{types.Dynamic, types.Real}, Result: types.Dynamic, Call: weightedPercentile},
		{Name: "gather_bag", Params: []types.Type{types.Dynamic, types.Long}, Result: types.Dynamic, Call: gatherBag},
		{Name: "gather_schema", Params: dynamic, Result: types.Dynamic, Call: gatherSchema},
	}
}

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
	// Rows, and the start, size and unit of the steps of a timeline.
	timeline := []types.Type{types.Dynamic, types.Long, types.Long, types.String}
	with := func(more ...types.Type) []types.Type { return append(timeline[:len(timeline):len(timeline)], more...) }
	return []native.Function{
		{Name: "activity_counts", Params: timeline, Result: types.Dynamic, Call: activityCounts},
		{Name: "activity_metrics", Params: timeline, Result: types.Dynamic, Call: activityMetrics},
		{Name: "activity_engagement", Params: with(types.Long), Result: types.Dynamic, Call: activityEngagement},
		{Name: "active_users", Params: with(types.Long, types.Long, types.Long), Result: types.Dynamic, Call: activeUsers},
		{Name: "session_count", Params: with(types.Long), Result: types.Dynamic, Call: sessionCount},
		{Name: "sliding_windows", Params: with(types.Long, types.Long), Result: types.Dynamic, Call: slidingWindows},
		{Name: "new_activity", Params: with(types.Long, types.Long, types.Dynamic), Result: types.Dynamic, Call: newActivity},
		{Name: "rolling_percentile", Params: with(types.Real, types.Long), Result: types.Dynamic, Call: rollingPercentile},
		{Name: "detect_sequences", Params: []types.Type{types.Dynamic, types.Long, types.Long}, Result: types.Dynamic, Call: detectSequences},
		{Name: "funnel_sequence", Params: with(types.Long, types.Dynamic), Result: types.Dynamic, Call: funnelSequence},
		{Name: "funnel_completion", Params: with(types.Dynamic, types.Dynamic), Result: types.Dynamic, Call: funnelCompletion},
		{Name: "schema_merge", Params: []types.Type{types.Dynamic, types.Bool}, Result: types.Dynamic, Call: mergeSchemas},
		{Name: "network_bits", Params: []types.Type{types.String, types.Bool}, Result: types.Long, Call: networkBits},
		{Name: "network_key", Params: []types.Type{types.String, types.Long, types.Bool}, Result: types.String, Call: networkKey},
		{Name: "autoclusters", Params: []types.Type{types.Dynamic, types.Real, types.Long}, Result: types.Dynamic, Call: autoclusters},
		{Name: "baskets", Params: []types.Type{types.Dynamic, types.Real, types.Long}, Result: types.Dynamic, Call: baskets},
		{Name: "differences", Params: []types.Type{types.Dynamic, types.Real, types.Long}, Result: types.Dynamic, Call: differences},
		{Name: "text_differences", Params: []types.Type{types.Dynamic, types.Long, types.Real, types.Long}, Result: types.Dynamic, Call: textDifferences},
		{Name: "member_kinds", Params: []types.Type{types.Dynamic}, Result: types.Dynamic, Call: memberKinds},
	}
}

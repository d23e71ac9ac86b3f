package series

import (
	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// sessionFunctions are the compiler's own, for row_window_session().
func sessionFunctions() []native.Function {
	return []native.Function{
		{Name: "quoll_session_starts", Params: []types.Type{types.Dynamic, types.Dynamic, types.TimeSpan, types.TimeSpan}, Result: types.Dynamic, Call: sessionStarts},
	}
}

// sessionStarts gives for each of the times, which are ticks, the one at which
// its session began. A session ends where a row restarts, behind a null, and
// at the distances from its first time and from the time before.
func sessionStarts(args []any) (any, error) {
	times, ok := args[0].([]any)
	restarts, _ := args[1].([]any)
	if !ok {
		return nil, nil
	}
	fromFirst, limitFirst := args[2].(types.Ticks)
	between, limitBetween := args[3].(types.Ticks)
	out := make([]any, len(times))
	var first, before int64
	within := false
	for i, e := range times {
		t, ok := e.(int64)
		if !ok {
			within = false
			continue
		}
		restart := i < len(restarts) && restarts[i] == true
		if !within || restart || limitFirst && t-first >= int64(fromFirst) || limitBetween && t-before >= int64(between) {
			first = t
		}
		within, before, out[i] = true, t, first
	}
	return out, nil
}

package series

import (
	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// sessionFunctions are the compiler's own, for row_window_session().
func sessionFunctions() []native.Function {
	return []native.Function{
		{Name: "quoll_session_starts", Params: []types.Type{types.Dynamic, types.Dynamic, types.Dynamic, types.Dynamic}, Result: types.Dynamic, Call: sessionStarts},
	}
}

// sessionStarts gives for each of the times, which are ticks, the one at which
// its session began. A session ends where a row restarts, behind a null, and
// at the distances from its first time and from the time before: ticks, one for
// all rows or one for each; null is no limit.
func sessionStarts(args []any) (any, error) {
	times, ok := args[0].([]any)
	if !ok {
		return nil, nil
	}
	of := func(list, i int) any {
		all, many := args[list].([]any)
		switch {
		case !many:
			return args[list]
		case i < len(all):
			return all[i]
		}
		return nil
	}
	out := make([]any, len(times))
	var first, before int64
	within := false
	for i, e := range times {
		t, ok := e.(int64)
		if !ok {
			within = false
			continue
		}
		if !within || of(1, i) == true || exceeds(t-first, of(2, i)) || exceeds(t-before, of(3, i)) {
			first = t
		}
		within, before, out[i] = true, t, first
	}
	return out, nil
}

func exceeds(distance int64, limit any) bool {
	most, ok := limit.(int64)
	return ok && distance >= most
}

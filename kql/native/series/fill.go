package series

import (
	"math"
	"slices"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// fillFunctions are those that replace missing elements.
func fillFunctions() []native.Function {
	return []native.Function{
		{Name: "series_fill_forward", Params: []types.Type{types.Dynamic, types.Dynamic}, Result: types.Dynamic, Call: fillForward},
		{Name: "series_fill_backward", Params: []types.Type{types.Dynamic, types.Dynamic}, Result: types.Dynamic, Call: fillBackward},
		{Name: "series_fill_const", Params: []types.Type{types.Dynamic, types.Dynamic, types.Dynamic}, Result: types.Dynamic, Call: fillConst},
		{Name: "series_fill_linear", Params: []types.Type{types.Dynamic}, Variadic: true, Result: types.Dynamic, Call: fillLinear},
	}
}

// missing reports whether an element is the placeholder. A placeholder that is
// null means null.
func missing(e, placeholder any) bool {
	if placeholder == nil || e == nil {
		return e == nil && placeholder == nil
	}
	x, okX := element(e)
	y, okY := element(placeholder)
	if okX && okY {
		return x == y || math.IsNaN(x) && math.IsNaN(y)
	}
	text, isText := e.(string)
	other, isOther := placeholder.(string)
	return isText && isOther && text == other
}

func fillForward(args []any) (any, error) {
	array, ok := args[0].([]any)
	if !ok {
		return nil, nil
	}
	out := slices.Clone(array)
	for i := 1; i < len(out); i++ {
		if missing(out[i], args[1]) {
			out[i] = out[i-1]
		}
	}
	return out, nil
}

func fillBackward(args []any) (any, error) {
	array, ok := args[0].([]any)
	if !ok {
		return nil, nil
	}
	out := slices.Clone(array)
	for i := len(out) - 2; i >= 0; i-- {
		if missing(out[i], args[1]) {
			out[i] = out[i+1]
		}
	}
	return out, nil
}

func fillConst(args []any) (any, error) {
	array, ok := args[0].([]any)
	if !ok {
		return nil, nil
	}
	out := slices.Clone(array)
	for i := range out {
		if missing(out[i], args[2]) {
			out[i] = args[1]
		}
	}
	return out, nil
}

// fillLinear draws a line between the neighbours of a gap. A series of
// integers stays one; its interpolated values are cut off.
func fillLinear(args []any) (any, error) {
	// A fourth argument of null is not the same as none, so the arguments come as they are.
	given := len(args)
	args = append(slices.Clone(args), nil, nil, nil, nil)
	array, ok := args[0].([]any)
	if !ok {
		return nil, nil
	}
	placeholder, edges, constant := args[1], optional(args[2], true), any(0.0)
	if given > 3 {
		constant = args[3]
	}
	var known []int
	for i, e := range array {
		if !missing(e, placeholder) {
			known = append(known, i)
		}
	}
	out := slices.Clone(array)
	if len(known) == 0 {
		for i := range out {
			out[i] = constant
		}
		return out, nil
	}
	whole := !slices.ContainsFunc(known, func(i int) bool { _, isInteger := array[i].(int64); return !isInteger })
	for i := 1; i < len(known); i++ {
		bridge(out, known[i-1], known[i], whole)
	}
	if edges {
		first, last := known[0], known[len(known)-1]
		for i := range first {
			out[i] = out[first]
		}
		for i := last + 1; i < len(out); i++ {
			out[i] = out[last]
		}
	}
	return out, nil
}

// bridge fills the gap between two places that have values.
func bridge(out []any, from, to int, whole bool) {
	a, okA := element(out[from])
	b, okB := element(out[to])
	if !okA || !okB {
		return
	}
	for i := from + 1; i < to; i++ {
		v := a + (b-a)*float64(i-from)/float64(to-from)
		out[i] = v
		if whole {
			out[i] = int64(math.Trunc(v))
		}
	}
}

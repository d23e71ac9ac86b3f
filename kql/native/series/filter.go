package series

import (
	"slices"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// maxFilter bounds the products that one filter computes, so that a long
// filter over a long series cannot hold the engine up.
const maxFilter = 1 << 28

// filterFunctions are the linear filters.
func filterFunctions() []native.Function {
	return []native.Function{
		{Name: "series_fir", Params: []types.Type{types.Dynamic, types.Dynamic, types.Bool, types.Bool}, Result: types.Dynamic, Call: fir},
		{Name: "series_iir", Params: []types.Type{types.Dynamic, types.Dynamic, types.Dynamic}, Result: types.Dynamic, Call: iir},
	}
}

// fir applies a finite impulse response. It normalizes by itself unless a
// coefficient is negative; asked to do it then, it has no result.
func fir(args []any) (any, error) {
	x, okX := numbers(args[0])
	filter, okF := numbers(args[1])
	if !okX || !okF || len(filter) == 0 || len(x)*len(filter) > maxFilter {
		return nil, nil
	}
	negative := slices.ContainsFunc(filter, func(c float64) bool { return c < 0 })
	normalize := optional(args[2], !negative)
	if normalize && negative {
		return nil, nil
	}
	if normalize {
		filter = normalized(filter)
	}
	shift := 0
	if optional(args[3], false) {
		shift = (len(filter) - 1) / 2
	}
	out := make([]float64, len(x))
	for i := range x {
		for j, c := range filter {
			if at := i + shift - j; at >= 0 && at < len(x) {
				out[i] += c * x[at]
			}
		}
	}
	return out, nil
}

func normalized(filter []float64) []float64 {
	sum := 0.0
	for _, c := range filter {
		sum += c
	}
	out := make([]float64, len(filter))
	for i, c := range filter {
		out[i] = c / sum
	}
	return out
}

// iir applies an infinite impulse response: numerators over the series,
// denominators over the results so far.
func iir(args []any) (any, error) {
	x, okX := numbers(args[0])
	b, okB := numbers(args[1])
	a, okA := numbers(args[2])
	if !okX || !okB || !okA || len(a) == 0 || a[0] == 0 || len(x)*(len(a)+len(b)) > maxFilter {
		return nil, nil
	}
	out := make([]float64, len(x))
	for i := range x {
		sum := 0.0
		for j := 0; j < len(b) && j <= i; j++ {
			sum += b[j] * x[i-j]
		}
		for j := 1; j < len(a) && j <= i; j++ {
			sum -= a[j] * out[i-j]
		}
		out[i] = sum / a[0]
	}
	return out, nil
}

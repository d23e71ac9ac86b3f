package series

import (
	"math"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// totalFunctions are those that make one number of one or two series.
func totalFunctions() []native.Function {
	pairOf := []types.Type{types.Dynamic, types.Dynamic}
	return []native.Function{
		{Name: "series_product", Params: pairOf[:1], Result: types.Real, Call: product},
		{Name: "series_magnitude", Params: pairOf[:1], Result: types.Real, Call: magnitude},
		{Name: "series_dot_product", Params: pairOf, Result: types.Real, Call: dotProduct},
		{Name: "series_cosine_similarity", Params: []types.Type{types.Dynamic, types.Dynamic, types.Real, types.Real}, Result: types.Real, Call: cosineSimilarity},
		{Name: "series_pearson_correlation", Params: pairOf, Result: types.Real, Call: pearson},
	}
}

// present returns the elements that are numbers.
func present(v any) ([]float64, bool) {
	array, ok := v.([]any)
	var out []float64
	for _, e := range array {
		if x, ok := element(e); ok {
			out = append(out, x)
		}
	}
	return out, ok
}

// presentPairs returns the places where both series have a number.
func presentPairs(x, y any) (a, b []float64, ok bool) {
	left, right, ok := pair(x, y)
	if !ok {
		return nil, nil, false
	}
	for i := range left {
		p, okP := element(left[i])
		q, okQ := element(right[i])
		if okP && okQ {
			a, b = append(a, p), append(b, q)
		}
	}
	return a, b, true
}

func product(args []any) (any, error) {
	x, ok := present(args[0])
	if !ok {
		return nil, nil
	}
	p := 1.0
	for _, v := range x {
		p *= v
	}
	return p, nil
}

func magnitude(args []any) (any, error) {
	x, ok := present(args[0])
	if !ok {
		return nil, nil
	}
	return math.Sqrt(dot(x, x)), nil
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func dotProduct(args []any) (any, error) {
	a, b, ok := presentPairs(args[0], args[1])
	if !ok {
		return nil, nil
	}
	return dot(a, b), nil
}

// cosineSimilarity takes the magnitudes from the query if it knows them.
func cosineSimilarity(args []any) (any, error) {
	a, b, ok := presentPairs(args[0], args[1])
	if !ok || len(a) == 0 {
		return nil, nil
	}
	ofA := optional(args[2], math.Sqrt(dot(a, a)))
	ofB := optional(args[3], math.Sqrt(dot(b, b)))
	return dot(a, b) / (ofA * ofB), nil
}

// pearson is null unless both series have the same length and numbers only.
func pearson(args []any) (any, error) {
	a, okA := numbers(args[0])
	b, okB := numbers(args[1])
	if !okA || !okB || len(a) != len(b) || len(a) == 0 {
		return nil, nil
	}
	a, b = centred(a), centred(b)
	return dot(a, b) / math.Sqrt(dot(a, a)*dot(b, b)), nil
}

// centred returns x less its average.
func centred(x []float64) []float64 {
	m := mean(x)
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v - m
	}
	return out
}

package series

import (
	"math"
	"slices"

	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// statisticsFunctions are those that describe the distribution of a series.
func statisticsFunctions() []native.Function {
	return []native.Function{
		{Name: "series_stats", Params: []types.Type{types.Dynamic, types.Bool}, Result: types.Dynamic, Call: stats},
		{Name: "series_stats_dynamic", Params: []types.Type{types.Dynamic, types.Bool}, Result: types.Dynamic, Call: statsDynamic},
		{Name: "series_outliers", Params: []types.Type{types.Dynamic, types.String, types.Real, types.Real, types.Real, types.Long}, Result: types.Dynamic, Call: outliers},
	}
}

// summary is null in each value unless the series has numbers.
type summary struct{ min, minIndex, max, maxIndex, average, deviation, variance, sum any }

// summarize describes a series. Something in it that is no finite number is
// left out if the query says so, else it leaves nothing to say.
func summarize(array []any, ignore bool) summary {
	var x []float64
	var at []int
	for i, e := range array {
		v, ok := element(e)
		if ok && !notFinite(v) {
			x, at = append(x, v), append(at, i)
			continue
		}
		if !ignore {
			return summary{}
		}
	}
	if len(x) == 0 {
		return summary{}
	}
	low, high := slices.Min(x), slices.Max(x)
	z, variance, average := centred(x), 0.0, mean(x)
	if len(x) > 1 {
		variance = dot(z, z) / float64(len(x)-1)
	}
	return summary{
		min: low, minIndex: int64(at[slices.Index(x, low)]), max: high, maxIndex: int64(at[slices.Index(x, high)]),
		average: average, deviation: math.Sqrt(variance), variance: variance, sum: average * float64(len(x)),
	}
}

func stats(args []any) (any, error) {
	array, ok := args[0].([]any)
	if !ok {
		return nil, nil
	}
	s := summarize(array, optional(args[1], false))
	return []any{s.min, s.minIndex, s.max, s.maxIndex, s.average, s.deviation, s.variance}, nil
}

func statsDynamic(args []any) (any, error) {
	array, ok := args[0].([]any)
	if !ok {
		return nil, nil
	}
	s := summarize(array, optional(args[1], false))
	b := dynamic.NewBag()
	b.Set("min", s.min)
	b.Set("min_idx", s.minIndex)
	b.Set("max", s.max)
	b.Set("max_idx", s.maxIndex)
	b.Set("avg", s.average)
	b.Set("stdev", s.deviation)
	b.Set("variance", s.variance)
	b.Set("sum", s.sum)
	b.Set("len", int64(len(array)))
	return b, nil
}

// fences are Tukey's: what lies between is no outlier, and the distance beyond
// counts in multiples of their own.
type fences struct {
	low, high float64
	// below and above scale the scores, so that a threshold means as much with
	// other percentiles as it does with quartiles.
	below, above float64
	// least is the distance that is no more than rounding.
	least float64
}

// lambda is the parameter of Tukey's lambda distribution, which stands for the
// normal one here. Kusto says that it scales scores as if values were normal,
// but not how it takes quantiles; with this parameter the scores of the 10th
// and 90th percentile are those that it prints.
const lambda = 0.1149384082

// percentRange returns the percentiles of a method; ok is false for one that
// nobody knows.
func percentRange(method string) (low, high float64, ok bool) {
	switch method {
	case "", "ctukey":
		return 10, 90, true
	case "tukey":
		return 25, 75, true
	}
	return 0, 0, false
}

// newFences takes the fences from values, whose order it does not change.
func newFences(values []float64, low, high, scale float64) fences {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	f := fences{percentile(sorted, low), percentile(sorted, high), 1, 1, 1e-10 * scale}
	if low == 25 && high == 75 {
		return f
	}
	from, to, fence := quantile(low), quantile(high), 4*quantile(75) // 1.5 times the distance of the quartiles beyond them
	f.below = anomalyThreshold * (to - from) / (fence + from)
	f.above = anomalyThreshold * (to - from) / (fence - to)
	return f
}

// quantile is where a percentile lies.
func quantile(percent float64) float64 {
	p := percent / 100
	return math.Pow(p, lambda) - math.Pow(1-p, lambda)
}

// percentile interpolates between the neighbours of a rank.
func percentile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	rank := p / 100 * float64(len(sorted)-1)
	i := int(rank)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (rank-float64(i))*(sorted[i+1]-sorted[i])
}

// score is positive above the upper fence, negative below the lower one, and 0
// between them. Fences that are equal give a score that is large, not infinite.
func (f fences) score(v float64) float64 {
	beyond, scale := 0.0, f.above
	switch {
	case v > f.high:
		beyond = v - f.high
	case v < f.low:
		beyond, scale = v-f.low, f.below
	}
	if math.Abs(beyond) <= f.least {
		return 0
	}
	return scale * beyond / max(f.high-f.low, f.least)
}

func greatest(x []float64) float64 {
	m := 0.0
	for _, v := range x {
		m = max(m, math.Abs(v))
	}
	return m
}

// outliers scores each element. Nulls and ignored values count as ordinary.
func outliers(args []any) (any, error) {
	array, ok := args[0].([]any)
	kind, _ := args[1].(string)
	low, high, known := percentRange(kind)
	if !ok || !known {
		return nil, nil
	}
	if kind != "tukey" {
		low, high = optional(args[3], low), optional(args[4], high)
	}
	test := int(min(max(optional(args[5], int64(0)), 0), int64(len(array))))
	if !(low >= 2 && high <= 98 && low < high) {
		return nil, nil
	}
	ignore, ignores := args[2].(float64)
	x := make([]float64, len(array))
	ordinary := make([]bool, len(array))
	var learn []float64
	for i, e := range array {
		v, ok := element(e)
		if !ok || notFinite(v) || ignores && v == ignore {
			ordinary[i] = true
			continue
		}
		if x[i] = v; i < len(array)-test {
			learn = append(learn, v)
		}
	}
	f := newFences(learn, low, high, greatest(learn))
	for i, v := range x {
		if x[i] = 0; !ordinary[i] {
			x[i] = f.score(v)
		}
	}
	return x, nil
}

package series

import (
	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// What counts when a query does not say it.
const (
	anomalyThreshold       = 1.5
	decompositionThreshold = 0.6
)

func decomposeFunctions() []native.Function {
	return []native.Function{
		{
			Name:   "series_decompose",
			Params: []types.Type{types.Dynamic, types.Long, types.String, types.Long, types.Real},
			Result: types.Dynamic, Call: decomposeFunction,
		},
		{
			Name:   "series_decompose_forecast",
			Params: []types.Type{types.Dynamic, types.Long, types.Long, types.String, types.Real},
			Result: types.Dynamic, Call: forecast,
		},
		{
			Name:   "series_decompose_anomalies",
			Params: []types.Type{types.Dynamic, types.Real, types.Long, types.String, types.Long, types.String, types.Real},
			Result: types.Dynamic, Call: anomalies,
		},
	}
}

// model says how a series is taken apart.
type model struct {
	period    int64 // -1 finds it, 0 is none
	trend     string
	test      any
	threshold any
}

// parts add up to the series: baseline = seasonal + trend, residual = series -
// baseline.
type parts struct {
	x                                   []float64
	learn                               int // how many points were learnt from
	baseline, seasonal, trend, residual []float64
}

// decompose takes a series apart; ok is false if that cannot be.
func decompose(series any, m model) (p parts, ok bool) {
	x, ok := finite(series)
	if !ok || m.period < -1 {
		return p, false
	}
	n := len(x)
	p = parts{x: x, learn: n - testPoints(m.test, n), baseline: make([]float64, n), residual: make([]float64, n)}
	p.seasonal = seasonal(x[:p.learn], n, m.period, optional(m.threshold, decompositionThreshold))
	rest := residuals(x, p.seasonal)
	p.trend, ok = trend(rest[:p.learn], n, m.trend)
	for i := range p.trend {
		p.baseline[i] = p.seasonal[i] + p.trend[i]
		p.residual[i] = x[i] - p.baseline[i]
	}
	return p, ok
}

// trend returns the trend of n points, learnt from x.
func trend(x []float64, n int, kind string) ([]float64, bool) {
	out := make([]float64, n)
	switch {
	case kind != "" && kind != "avg" && kind != "linefit" && kind != "none":
		return nil, false
	case len(x) == 0 || kind == "none":
		return out, true
	case kind == "linefit":
		l := regress(x)
		for i := range out {
			out[i] = l.at(i + 1)
		}
		return out, true
	}
	average := mean(x)
	for i := range out {
		out[i] = average
	}
	return out, true
}

func decomposeFunction(args []any) (any, error) {
	kind, _ := args[2].(string)
	p, ok := decompose(args[0], model{optional(args[1], int64(-1)), kind, args[3], args[4]})
	if !ok {
		return nil, nil
	}
	return []any{p.baseline, p.seasonal, p.trend, p.residual}, nil
}

// forecast learns from all points but the last ones.
func forecast(args []any) (any, error) {
	kind, _ := args[3].(string)
	p, ok := decompose(args[0], model{optional(args[2], int64(-1)), kind, args[1], args[4]})
	if !ok {
		return nil, nil
	}
	return []any{p.baseline, p.seasonal, p.trend, p.residual}, nil
}

// anomalies scores the residuals by Tukey's fences.
func anomalies(args []any) (any, error) {
	kind, _ := args[3].(string)
	method, _ := args[5].(string)
	low, high, known := percentRange(method)
	p, ok := decompose(args[0], model{optional(args[2], int64(-1)), kind, args[4], args[6]})
	if !ok || !known {
		return nil, nil
	}
	threshold := optional(args[1], anomalyThreshold)
	f := newFences(p.residual[:p.learn], low, high, greatest(p.x))
	flags, scores := make([]any, len(p.x)), make([]float64, len(p.x))
	for i, v := range p.residual {
		scores[i] = f.score(v)
		flags[i] = int64(0)
		switch {
		case scores[i] > threshold:
			flags[i] = int64(1)
		case scores[i] < -threshold:
			flags[i] = int64(-1)
		}
	}
	return []any{flags, scores, p.baseline}, nil
}

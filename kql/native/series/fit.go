package series

import (
	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// fitFunctions are the regressions.
func fitFunctions() []native.Function {
	return []native.Function{
		{Name: "series_fit_line", Params: []types.Type{types.Dynamic}, Result: types.Dynamic, Call: fitLine},
		{Name: "series_fit_line_dynamic", Params: []types.Type{types.Dynamic}, Result: types.Dynamic, Call: fitLineDynamic},
		{Name: "series_fit_2lines", Params: []types.Type{types.Dynamic}, Result: types.Dynamic, Call: fit2Lines},
		{Name: "series_fit_2lines_dynamic", Params: []types.Type{types.Dynamic}, Result: types.Dynamic, Call: fit2LinesDynamic},
		{Name: "series_fit_poly", Params: []types.Type{types.Dynamic, types.Dynamic, types.Long}, Result: types.Dynamic, Call: fitPoly},
	}
}

// line is a regression of values over 1, 2, 3, …
type line struct {
	slope, interception float64
	fit                 fitted
}

// fitted says how well values are fitted.
type fitted struct {
	rsquare, variance, rvariance float64
	residual                     float64 // the sum of the squared residuals
	values                       []float64
}

// quality compares values with what they are fitted by. Values that do not
// vary are fitted well by themselves.
func quality(y, values []float64) fitted {
	f := fitted{values: values, rsquare: 1}
	for i, v := range y {
		f.residual += (v - values[i]) * (v - values[i])
	}
	if len(y) < 2 {
		return f
	}
	z := centred(y)
	f.variance = dot(z, z) / float64(len(y)-1)
	f.rvariance = f.residual / float64(len(y)-1)
	if f.variance > 0 {
		f.rsquare = 1 - f.rvariance/f.variance
	}
	return f
}

// regress fits a line to at least one value.
func regress(y []float64) line {
	middle, average := float64(len(y)+1)/2, mean(y)
	var xy, xx float64
	for i, v := range y {
		x := float64(i+1) - middle
		xy += x * (v - average)
		xx += x * x
	}
	var l line
	if xx > 0 {
		l.slope = xy / xx
	}
	l.interception = average - l.slope*middle
	values := make([]float64, len(y))
	for i := range values {
		values[i] = l.at(i + 1)
	}
	l.fit = quality(y, values)
	return l
}

func (l line) at(x int) float64 { return l.interception + l.slope*float64(x) }

func fitLine(args []any) (any, error) {
	y, ok := finite(args[0])
	if !ok || len(y) == 0 {
		return nil, nil
	}
	l := regress(y)
	return []any{l.fit.rsquare, l.slope, l.fit.variance, l.fit.rvariance, l.interception, l.fit.values}, nil
}

func fitLineDynamic(args []any) (any, error) {
	y, ok := finite(args[0])
	if !ok || len(y) == 0 {
		return nil, nil
	}
	l := regress(y)
	bag := l.bag()
	bag.Set("line_fit", l.fit.values)
	return bag, nil
}

func (l line) bag() *dynamic.Bag {
	b := dynamic.NewBag()
	b.Set("rsquare", l.fit.rsquare)
	b.Set("slope", l.slope)
	b.Set("variance", l.fit.variance)
	b.Set("rvariance", l.fit.rvariance)
	b.Set("interception", l.interception)
	return b
}

// twoLines is a regression by two lines, the second from the split on.
type twoLines struct {
	split       int
	left, right line
	fit         fitted
}

// regressTwice tries every split, in O(n) altogether: sums over the beginning
// of the series give the residuals of each part.
func regressTwice(y []float64) twoLines {
	sums := newPrefixes(y)
	least := min(2, len(y)/2)
	best, at := 0.0, 0
	for split := least; split <= len(y)-least; split++ {
		residual := sums.residual(0, split) + sums.residual(split, len(y))
		if at == 0 || residual < best {
			best, at = residual, split
		}
	}
	t := twoLines{split: at, left: regress(y[:at]), right: regress(y[at:])}
	values := append(append([]float64(nil), t.left.fit.values...), t.right.fit.values...)
	t.fit = quality(y, values)
	return t
}

// prefixes are sums of values, of squares and of products with the position.
type prefixes struct{ y, yy, xy []float64 }

func newPrefixes(values []float64) prefixes {
	n := len(values)
	p := prefixes{make([]float64, n+1), make([]float64, n+1), make([]float64, n+1)}
	for i, v := range centred(values) {
		p.y[i+1] = p.y[i] + v
		p.yy[i+1] = p.yy[i] + v*v
		p.xy[i+1] = p.xy[i] + float64(i)*v
	}
	return p
}

// residual is the sum of the squared residuals of a line through [from, to).
func (p prefixes) residual(from, to int) float64 {
	n := float64(to - from)
	middle := (float64(from) + float64(to-1)) / 2
	y := p.y[to] - p.y[from]
	yy := p.yy[to] - p.yy[from] - y*y/n
	xy := p.xy[to] - p.xy[from] - middle*y
	xx := n * (n*n - 1) / 12
	if xx == 0 {
		return yy
	}
	return max(0, yy-xy*xy/xx)
}

func fit2Lines(args []any) (any, error) {
	y, ok := finite(args[0])
	if !ok || len(y) < 2 {
		return nil, nil
	}
	t := regressTwice(y)
	l, r := t.left, t.right
	return []any{
		t.fit.rsquare, int64(t.split), t.fit.variance, t.fit.rvariance, t.fit.values,
		r.fit.rsquare, r.slope, r.interception, r.fit.variance, r.fit.rvariance,
		l.fit.rsquare, l.slope, l.interception, l.fit.variance, l.fit.rvariance,
	}, nil
}

func fit2LinesDynamic(args []any) (any, error) {
	y, ok := finite(args[0])
	if !ok || len(y) < 2 {
		return nil, nil
	}
	t := regressTwice(y)
	b := dynamic.NewBag()
	b.Set("rsquare", t.fit.rsquare)
	b.Set("split_idx", int64(t.split))
	b.Set("variance", t.fit.variance)
	b.Set("rvariance", t.fit.rvariance)
	b.Set("line_fit", t.fit.values)
	b.Set("right", t.right.bag())
	b.Set("left", t.left.bag())
	return b, nil
}

package series

import "slices"

// maxDegree bounds the polynomials; beyond it float64 gives noise.
const maxDegree = 32

// fitPoly fits a polynomial over 1, 2, 3, … or a second series.
func fitPoly(args []any) (any, error) {
	y, ok := finite(args[0])
	degree := optional(args[2], int64(1))
	if !ok || len(y) == 0 || degree < 0 || degree > maxDegree {
		return nil, nil
	}
	x := make([]float64, len(y))
	for i := range x {
		x[i] = float64(i + 1)
	}
	if args[1] != nil {
		if x, ok = finite(args[1]); !ok || len(x) != len(y) {
			return nil, nil
		}
	}
	coefficients, values := polynomial(x, y, int(degree))
	f := quality(y, values)
	slices.Reverse(coefficients)
	return []any{f.rsquare, coefficients, f.variance, f.rvariance, values}, nil
}

// polynomial fits by polynomials that are orthogonal over the points, in
// O(n·degree): unlike the normal equations it keeps its precision. Coefficients
// begin with the lowest power.
func polynomial(x, y []float64, degree int) (coefficients, values []float64) {
	t, middle, half := scaled(x)
	values = make([]float64, len(y))
	sum := make([]float64, degree+1)
	before, now := make([]float64, len(t)), make([]float64, len(t)) // the values of the last two polynomials
	for i := range now {
		now[i] = 1
	}
	beforeC, nowC := make([]float64, degree+1), make([]float64, degree+1)
	nowC[0] = 1
	last := 0.0
	for k := 0; ; k++ {
		norm := dot(now, now)
		if norm < 1e-20*float64(len(t)) {
			break // there are no more points than that
		}
		c := dot(residuals(y, values), now) / norm
		for i, v := range now {
			values[i] += c * v
		}
		for i, v := range nowC {
			sum[i] += c * v
		}
		if k == degree {
			break
		}
		alpha, beta := shift(t, now)/norm, 0.0
		if k > 0 {
			beta = norm / last
		}
		before, now = now, next(t, now, before, alpha, beta)
		beforeC, nowC = nowC, nextCoefficients(nowC, beforeC, alpha, beta)
		last = norm
	}
	return unscaled(sum, middle, half), values
}

// scaled maps x to [-1, 1].
func scaled(x []float64) (t []float64, middle, half float64) {
	low, high := slices.Min(x), slices.Max(x)
	middle, half = low/2+high/2, high/2-low/2
	if half == 0 {
		half = 1
	}
	t = make([]float64, len(x))
	for i, v := range x {
		t[i] = (v - middle) / half
	}
	return t, middle, half
}

func residuals(y, values []float64) []float64 {
	out := make([]float64, len(y))
	for i, v := range y {
		out[i] = v - values[i]
	}
	return out
}

func shift(t, p []float64) float64 {
	sum := 0.0
	for i, v := range p {
		sum += t[i] * v * v
	}
	return sum
}

func next(t, now, before []float64, alpha, beta float64) []float64 {
	out := make([]float64, len(t))
	for i := range t {
		out[i] = (t[i]-alpha)*now[i] - beta*before[i]
	}
	return out
}

func nextCoefficients(now, before []float64, alpha, beta float64) []float64 {
	out := make([]float64, len(now))
	for i := range now {
		out[i] = -alpha*now[i] - beta*before[i]
		if i > 0 {
			out[i] += now[i-1]
		}
	}
	return out
}

// unscaled writes a polynomial of (x-middle)/half as one of x.
func unscaled(c []float64, middle, half float64) []float64 {
	out := make([]float64, len(c))
	for k := len(c) - 1; k >= 0; k-- {
		for i := len(out) - 1; i >= 0; i-- {
			v := -middle * out[i]
			if i > 0 {
				v += out[i-1]
			}
			out[i] = v / half
		}
		out[0] += c[k]
	}
	return out
}

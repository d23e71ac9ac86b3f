package number

import "math"

// betaCDF is the probability that a value of the beta distribution is at most
// x.
func betaCDF(x, alpha, beta float64) float64 {
	if !(x >= 0 && x <= 1 && alpha > 0 && beta > 0) {
		return math.NaN()
	}
	return incompleteBeta(x, alpha, beta)
}

func betaPDF(x, alpha, beta float64) float64 {
	if !(x >= 0 && x <= 1 && alpha > 0 && beta > 0) {
		return math.NaN()
	}
	return math.Exp(power(x, alpha-1) + power(1-x, beta-1) - logBeta(alpha, beta))
}

// power is the logarithm of x to the power of n; anything to the power of zero
// is one.
func power(x, n float64) float64 {
	if n == 0 {
		return 0
	}
	return n * math.Log(x)
}

// betaInverse finds the value whose betaCDF is a probability by halving the
// interval until no number is between its ends.
func betaInverse(probability, alpha, beta float64) any {
	switch {
	case !(alpha > 0 && beta > 0):
		return math.NaN()
	case !(probability > 0 && probability <= 1):
		return nil
	case probability == 1:
		return 1.0
	}
	low, high := 0.0, 1.0
	for range 1100 { // more than there are exponents and digits of a number
		middle := low + (high-low)/2
		if middle <= low || middle >= high {
			break
		}
		if incompleteBeta(middle, alpha, beta) < probability {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

func logBeta(a, b float64) float64 {
	x, _ := math.Lgamma(a)
	y, _ := math.Lgamma(b)
	z, _ := math.Lgamma(a + b)
	return x + y - z
}

// incompleteBeta is the regularised incomplete beta function, by the continued
// fraction of the NIST Digital Library of Mathematical Functions, 8.17.22,
// which converges fast below (a+1)/(a+b+2); above it the mirror image is taken.
func incompleteBeta(x, a, b float64) float64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	case x > (a+1)/(a+b+2):
		return 1 - series(1-x, b, a) // for which the image may be above too, by a rounding
	}
	return series(x, a, b)
}

func series(x, a, b float64) float64 {
	front := math.Exp(a*math.Log(x)+b*math.Log1p(-x)-logBeta(a, b)) / a
	return front / fraction(x, a, b)
}

// fraction computes the continued fraction from its front by Lentz's method.
func fraction(x, a, b float64) float64 {
	const tiny, enough, most = 1e-300, 1e-16, 10_000
	away := func(v float64) float64 {
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	value, c, d := 1.0, 1.0, 0.0
	for step := 1; step <= most; step++ {
		m := float64(step / 2)
		var term float64
		if step%2 == 0 {
			term = m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		} else {
			term = -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		}
		d = 1 / away(1+term*d)
		c = away(1 + term/c)
		value *= c * d
		if math.Abs(c*d-1) < enough {
			break
		}
	}
	return value
}

// welchTest gives the probability that two samples with these means, variances
// and counts come from populations of one mean: Welch's unequal variances
// t-test with two tails.
func welchTest(x []float64) any {
	mean1, variance1, count1, mean2, variance2, count2 := x[0], x[1], x[2], x[3], x[4], x[5]
	first, second := variance1/count1, variance2/count2
	t := (mean1 - mean2) / math.Sqrt(first+second)
	freedom := (first + second) * (first + second) / (first*first/(count1-1) + second*second/(count2-1))
	if math.IsNaN(t) || !(freedom > 0) {
		return math.NaN()
	}
	return incompleteBeta(freedom/(freedom+t*t), freedom/2, 0.5)
}

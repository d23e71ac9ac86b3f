package series

import (
	"math"
	"slices"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// A period has at least 4 points, and fits in the series twice.
const leastPeriod = 4

const (
	// multiples is how many multiples of a period must confirm it.
	multiples = 4
	// margin is by how much a multiple of a period must be the better one to
	// be a period of its own.
	margin = 0.05
	// leastScore is the score from which a period is reported.
	leastScore = 0.5
	// seasonalThreshold is the score from which series_seasonal takes a period.
	seasonalThreshold = 0.7
)

func periodFunctions() []native.Function {
	return []native.Function{
		{Name: "series_periods_detect", Params: []types.Type{types.Dynamic, types.Real, types.Real, types.Long}, Result: types.Dynamic, Call: periodsDetect},
		{Name: "series_periods_validate", Params: []types.Type{types.Dynamic, types.Real}, Variadic: true, Result: types.Dynamic, Call: periodsValidate},
		{Name: "series_seasonal", Params: []types.Type{types.Dynamic, types.Long, types.Long}, Result: types.Dynamic, Call: seasonalFunction},
	}
}

// correlogram is the correlation of a series with itself, by distance. Each
// is divided by the number of pairs, so that long distances are not at a
// disadvantage.
type correlogram []float64

// correlate computes the correlations up to a little over half of the series,
// in O(n log n). It gives nothing for a series that does not vary.
func correlate(x []float64) correlogram {
	n := len(x)
	if n < 2*leastPeriod {
		return nil
	}
	z := centred(x)
	size := 1
	for size < 2*n {
		size *= 2
	}
	wave := make([]complex128, size)
	for i, v := range z {
		wave[i] = complex(v, 0)
	}
	radix2(wave)
	for i, c := range wave {
		wave[i] = complex(real(c)*real(c)+imag(c)*imag(c), 0)
	}
	wave = inverse(wave)
	all := dot(z, z)
	if all <= 1e-20*dot(x, x) {
		return nil
	}
	r := make(correlogram, n/2+2)
	for k := range r {
		r[k] = real(wave[k]) / all * float64(n) / float64(n-k)
	}
	return r
}

// hill reports whether a distance correlates more than its neighbours.
func (r correlogram) hill(k int) bool {
	return k >= leastPeriod && k+1 < len(r) && r[k] > r[k-1] && r[k] >= r[k+1]
}

// score is how sure a period is, from 0 to 1: the least correlation over its
// first multiples, each of which may be off by what rounding the period makes.
func (r correlogram) score(period int) float64 {
	if !r.hill(period) {
		return 0
	}
	score := 1.0
	for m := 1; m <= multiples && m*period < len(r)-1; m++ {
		off := min(m/2, period/8)
		to := min(m*period+off+1, len(r)-1)
		score = min(score, slices.Max(r[m*period-off:to]))
	}
	return max(0, score)
}

type scored struct {
	period int
	score  float64
}

// detect returns the periods within bounds, the surest first. One that only
// repeats another, or that the length of the series cannot tell from it, is
// left out.
func detect(x []float64, least, most float64, count int) []scored {
	r := correlate(x)
	var all []scored
	for p := leastPeriod; p < len(r); p++ {
		if s := r.score(p); s >= leastScore && 2*p < len(x) {
			all = append(all, scored{p, s})
		}
	}
	slices.SortStableFunc(all, func(a, b scored) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	all = all[:min(len(all), maxCandidates)]
	var found []scored
	for _, c := range all {
		if len(found) == count {
			break
		}
		if float64(c.period) >= least && float64(c.period) <= most && !repeats(c, all) && !near(c, found, len(x)) {
			found = append(found, c)
		}
	}
	return found
}

// maxCandidates bounds the hills that are compared with one another.
const maxCandidates = 256

// repeats reports whether a period is a multiple of one that is about as sure.
func repeats(c scored, all []scored) bool {
	return slices.ContainsFunc(all, func(s scored) bool {
		times := int(math.Round(float64(c.period) / float64(s.period)))
		off := c.period - times*s.period
		return times > 1 && max(off, -off) <= times/2 && c.score < s.score+margin
	})
}

// near reports whether a found period differs by less than one cycle in the
// whole series.
func near(c scored, found []scored, n int) bool {
	return slices.ContainsFunc(found, func(s scored) bool {
		cycles := float64(n)/float64(s.period) - float64(n)/float64(c.period)
		return math.Abs(cycles) < 1
	})
}

// maxPeriods bounds the arrays that a query asks for.
const maxPeriods = 1 << 16

func periodsDetect(args []any) (any, error) {
	x, ok := finite(args[0])
	least, okLeast := args[1].(float64)
	most, okMost := args[2].(float64)
	count, okCount := args[3].(int64)
	if !ok || !okLeast || !okMost || !okCount || count < 0 || count > maxPeriods {
		return nil, nil
	}
	periods, scores := make([]float64, count), make([]float64, count)
	for i, s := range detect(x, least, most, int(count)) {
		periods[i], scores[i] = float64(s.period), s.score
	}
	return []any{periods, scores}, nil
}

func periodsValidate(args []any) (any, error) {
	x, ok := finite(args[0])
	if !ok {
		return nil, nil
	}
	r := correlate(x)
	periods, scores := make([]any, len(args)-1), make([]float64, len(args)-1)
	for i, a := range args[1:] {
		p, ok := a.(float64)
		if !ok {
			continue
		}
		periods[i] = p
		if p >= leastPeriod && p <= float64(len(x))/2 {
			scores[i] = r.score(int(math.Round(p)))
		}
	}
	return []any{periods, scores}, nil
}

// season returns the median of the values in each phase of a period. A period
// longer than the values gives none.
func season(x []float64, period int) []float64 {
	if period <= 0 || period > len(x) {
		return nil
	}
	out := make([]float64, period)
	var phase []float64
	for i := range out {
		phase = phase[:0]
		for j := i; j < len(x); j += period {
			phase = append(phase, x[j])
		}
		slices.Sort(phase)
		out[i] = phase[(len(phase)-1)/2]/2 + phase[len(phase)/2]/2
	}
	return out
}

// seasonal returns the seasonal component of n points, learnt from x: the
// period is found when it is -1, and there is none when it is no period.
func seasonal(x []float64, n int, period int64, threshold float64) []float64 {
	if period == -1 {
		period = 0
		if found := detect(withoutLine(x), leastPeriod, float64(len(x))/2, 1); len(found) > 0 && found[0].score >= threshold {
			period = int64(found[0].period)
		}
	}
	out := make([]float64, n)
	phases := season(x, int(min(max(period, 0), int64(len(x)+1))))
	for i := range out {
		if len(phases) > 0 {
			out[i] = phases[i%len(phases)]
		}
	}
	return out
}

// withoutLine takes the trend out of a series, which would hide its period.
func withoutLine(x []float64) []float64 {
	if len(x) == 0 {
		return x
	}
	return residuals(x, regress(x).fit.values)
}

func seasonalFunction(args []any) (any, error) {
	x, ok := finite(args[0])
	if !ok {
		return nil, nil
	}
	learn := len(x) - testPoints(args[2], len(x))
	return seasonal(x[:learn], len(x), optional(args[1], int64(-1)), seasonalThreshold), nil
}

// testPoints is how many points at the end of n are not learnt from.
func testPoints(v any, n int) int {
	return int(min(max(optional(v, int64(0)), 0), int64(n)))
}

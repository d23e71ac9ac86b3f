package series

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/quoll/quoll/kql/dynamic"
)

// call runs a function by name. Results are read back as a query would.
func call(t *testing.T, name string, args ...any) any {
	t.Helper()
	for _, f := range Functions() {
		if f.Name != name {
			continue
		}
		for !f.Variadic && len(args) < len(f.Params) {
			args = append(args, nil)
		}
		v, err := f.Call(args)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		v, err = dynamic.Parse(dynamic.Text(v))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return v
	}
	t.Fatalf("no function %s", name)
	return nil
}

func arrayOf(x []float64) []any {
	out := make([]any, len(x))
	for i, v := range x {
		out[i] = v
	}
	return out
}

func floats(t *testing.T, v any) []float64 {
	t.Helper()
	x, ok := numbers(v)
	if !ok {
		t.Fatalf("no series of numbers: %v", v)
	}
	return x
}

func same(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d elements, want %d", what, len(got), len(want))
	}
	for i := range got {
		if math.Abs(got[i]-want[i]) > 1e-7*(1+math.Abs(want[i])) {
			t.Fatalf("%s is %v at %d, want %v", what, got[i], i, want[i])
		}
	}
}

func random(seed uint64, n int) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64() * 10
	}
	return x
}

var lengths = []int{1, 2, 3, 7, 8, 12, 64, 97, 360, 1000}

func TestTheInverseOfATransformIsTheSeries(t *testing.T) {
	for _, n := range lengths {
		re, im := random(uint64(n), n), random(uint64(n)+1, n)
		there := call(t, "series_fft", arrayOf(re), arrayOf(im)).([]any)
		back := call(t, "series_ifft", there[0], there[1]).([]any)
		same(t, "the real part", floats(t, back[0]), re)
		same(t, "the imaginary part", floats(t, back[1]), im)
	}
}

func TestTheTransformIsItsDefinition(t *testing.T) {
	for _, n := range []int{5, 8, 30} {
		x := random(3, n)
		got := call(t, "series_fft", arrayOf(x)).([]any)
		re, im := make([]float64, n), make([]float64, n)
		for k := range re {
			for i, v := range x {
				angle := -2 * math.Pi * float64(i*k) / float64(n)
				re[k] += v * math.Cos(angle)
				im[k] += v * math.Sin(angle)
			}
		}
		same(t, "the real part", floats(t, got[0]), re)
		same(t, "the imaginary part", floats(t, got[1]), im)
	}
}

func TestTheBaselineAndTheResidualAreTheSeries(t *testing.T) {
	for _, n := range lengths {
		for _, trend := range []string{"", "avg", "linefit", "none"} {
			for _, period := range []int64{-1, 0, 1, 5, 24} {
				x := random(uint64(n), n)
				p := call(t, "series_decompose", arrayOf(x), period, trend, int64(n/4)).([]any)
				baseline, seasonal, trend, residual := floats(t, p[0]), floats(t, p[1]), floats(t, p[2]), floats(t, p[3])
				for i := range x {
					residual[i] += baseline[i]
					seasonal[i] += trend[i]
				}
				same(t, "baseline and residual", residual, x)
				same(t, "season and trend", seasonal, baseline)
			}
		}
	}
}

func TestALineIsFound(t *testing.T) {
	for _, n := range lengths[1:] {
		x := make([]float64, n)
		for i := range x {
			x[i] = -3 + 0.5*float64(i+1)
		}
		l := call(t, "series_fit_line", arrayOf(x)).([]any)
		same(t, "fit, slope and interception", floats(t, []any{l[0], l[1], l[4]}), []float64{1, 0.5, -3})
		same(t, "the line", floats(t, l[5]), x)
		p := call(t, "series_fit_poly", arrayOf(x)).([]any)
		same(t, "the polynomial", floats(t, p[1]), []float64{0.5, -3})
	}
}

func TestTwoLinesAreTheBestSplit(t *testing.T) {
	for _, n := range []int{4, 5, 20, 61} {
		x := random(uint64(n), n)
		got := call(t, "series_fit_2lines", arrayOf(x)).([]any)
		best := math.Inf(1)
		for split := 2; split <= n-2; split++ {
			best = min(best, regress(x[:split]).fit.residual+regress(x[split:]).fit.residual)
		}
		same(t, "the residual variance", floats(t, got[3:4]), []float64{best / float64(n-1)})
	}
}

func TestAPolynomialIsFound(t *testing.T) {
	want := []float64{2, -1, 0, 0.25, 7} // from the highest power
	x, y := make([]float64, 50), make([]float64, 50)
	for i := range x {
		x[i] = float64(i)/10 - 2
		for _, c := range want {
			y[i] = y[i]*x[i] + c
		}
	}
	got := call(t, "series_fit_poly", arrayOf(y), arrayOf(x), int64(4)).([]any)
	same(t, "the coefficients", floats(t, got[1]), want)
	same(t, "the fit", floats(t, got[4]), y)
	few := call(t, "series_fit_poly", arrayOf([]float64{1, 4}), arrayOf([]float64{1, 2}), int64(9)).([]any)
	same(t, "a polynomial of too few points", floats(t, few[4]), []float64{1, 4})
}

func TestFiltersThatChangeNothing(t *testing.T) {
	x := random(9, 100)
	one := []any{int64(1)}
	same(t, "one coefficient", floats(t, call(t, "series_fir", arrayOf(x), one)), x)
	same(t, "one coefficient, centred", floats(t, call(t, "series_fir", arrayOf(x), one, true, true)), x)
	same(t, "one pair", floats(t, call(t, "series_iir", arrayOf(x), one, one)), x)
	sums := call(t, "series_iir", arrayOf(x), one, []any{int64(1), int64(-1)})
	same(t, "differences of sums", floats(t, call(t, "series_fir", sums, []any{int64(1), int64(-1)})), x)
}

func TestAPeriodIsFoundInNoise(t *testing.T) {
	for _, period := range []int{5, 7, 24, 168} {
		x := random(uint64(period), 6*period+3)
		shape := random(uint64(period)+99, period)
		for i := range x {
			x[i] = x[i]/10 + shape[i%period] + 3
		}
		got := call(t, "series_periods_detect", arrayOf(x), 0.0, float64(len(x)), int64(2)).([]any)
		periods, scores := floats(t, got[0]), floats(t, got[1])
		if periods[0] != float64(period) || scores[0] < 0.8 {
			t.Errorf("the period %d is found as %v with %v", period, periods, scores)
		}
		valid := call(t, "series_periods_validate", arrayOf(x), float64(period), 3.0).([]any)
		same(t, "the scores", floats(t, valid[1]), []float64{scores[0], 0})
		season := floats(t, call(t, "series_seasonal", arrayOf(x)))
		for i, v := range season {
			if math.Abs(v-shape[i%period]-3) > 3 {
				t.Fatalf("the season of period %d is %v at %d, want about %v", period, v, i, shape[i%period]+3)
			}
		}
	}
}

func TestAnomaliesAreWhatWasPutIn(t *testing.T) {
	x := random(4, 24*14)
	for i := range x {
		x[i] = x[i]/20 + 10*math.Sin(2*math.Pi*float64(i)/24)
	}
	x[100] += 30
	x[200] -= 30
	got := call(t, "series_decompose_anomalies", arrayOf(x), 4.0).([]any)
	flags, scores := floats(t, got[0]), floats(t, got[1])
	for i, f := range flags {
		want := map[int]float64{100: 1, 200: -1}[i]
		if f != want {
			t.Errorf("the flag at %d is %v with score %v, want %v", i, f, scores[i], want)
		}
	}
}

// Whatever the percentiles are, a threshold of 1.5 means about the same in a
// normal distribution.
func TestScoresOfOtherPercentilesMeanTheSame(t *testing.T) {
	x := random(5, 20000)
	for _, p := range [][]any{{"tukey", nil, nil}, {"ctukey", nil, nil}, {"ctukey", 5.0, 95.0}, {"ctukey", 10.0, 60.0}} {
		scores := floats(t, call(t, "series_outliers", arrayOf(x), p[0], nil, p[1], p[2]))
		count := 0
		for _, s := range scores {
			if math.Abs(s) > anomalyThreshold {
				count++
			}
		}
		if count < 80 || count > 200 { // 0.7 %
			t.Errorf("percentiles %v: %d outliers, want about 140", p, count)
		}
	}
}

// The scores are scaled as Kusto scales them: 2.7726 times the distance from
// the 90th percentile, in multiples of the distance of the percentiles.
func TestTheScaleOfScores(t *testing.T) {
	x := make([]float64, 11) // 0, 10, …, 90 and an outlier
	for i := range x {
		x[i] = float64(i * 10)
	}
	x[10] = 170
	scores := floats(t, call(t, "series_outliers", arrayOf(x)))
	same(t, "the score", []float64{scores[0], scores[5], scores[10]}, []float64{-2.7726056055 * 10 / 80, 0, 2.7726056055})
}

func TestFilledSeriesHaveNoGaps(t *testing.T) {
	gaps := []any{nil, 2.0, nil, nil, 8.0, nil}
	same(t, "linear", floats(t, call(t, "series_fill_linear", gaps)), []float64{2, 2, 4, 6, 8, 8})
	forward := call(t, "series_fill_forward", gaps)
	same(t, "forward and backward", floats(t, call(t, "series_fill_backward", forward)), []float64{2, 2, 2, 2, 8, 8})
	if gaps[0] != nil || gaps[2] != nil {
		t.Error("an argument was changed")
	}
}

func TestATrendDoesNotHideAPeriod(t *testing.T) {
	x := random(12, 24*12)
	for i := range x {
		x[i] = x[i]/20 + 4*math.Sin(2*math.Pi*float64(i)/24) + float64(i)/20
	}
	p := call(t, "series_decompose", arrayOf(x), int64(-1), "linefit").([]any)
	season := floats(t, p[1])
	if season[6]-season[18] < 6 {
		t.Errorf("the season swings by %v, want about 8", season[6]-season[18])
	}
}

// No argument of any kind makes a function panic or run long.
func TestHostileArguments(t *testing.T) {
	long := make([]any, 1<<12)
	for i := range long {
		long[i] = float64(i % 7)
	}
	values := []any{
		nil, true, int64(math.MinInt64), int64(math.MaxInt64), math.NaN(), math.Inf(1), "text", []any{}, []any{nil}, []any{"NaN", int64(1)},
		[]any{[]any{}}, dynamic.NewBag(), []any{math.MaxFloat64, -math.MaxFloat64, int64(math.MinInt64)}, []any{int64(0), int64(0), int64(0)}, long,
	}
	for _, f := range Functions() {
		for _, first := range values {
			for _, rest := range values {
				args := []any{first}
				for range max(3, len(f.Params)-1) {
					args = append(args, rest)
				}
				if !f.Variadic {
					args = args[:len(f.Params)]
				}
				v, err := f.Call(args)
				if err != nil {
					t.Fatalf("%s: %v", f.Name, err)
				}
				dynamic.Text(v)
			}
		}
	}
}

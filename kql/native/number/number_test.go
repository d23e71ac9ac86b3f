package number

import (
	"math"
	"testing"
)

func invoke(t testing.TB, name string, args ...any) any {
	t.Helper()
	for _, f := range Functions() {
		if f.Name == name {
			v, err := f.Call(args)
			if err != nil {
				t.Fatalf("%s(%v): %v", name, args, err)
			}
			return v
		}
	}
	t.Fatalf("no function %s", name)
	return nil
}

// The expected values are from closed forms: the beta distribution of (2, 1)
// is x², that of (1, 1) is x, and of (2, 2) is 3x²-2x³.
func TestFunctions(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name string
		args []any
		want any
	}{
		{"beta_cdf", []any{0.3, 2.0, 1.0}, 0.09},
		{"beta_cdf", []any{0.9, 2.0, 2.0}, 3*0.81 - 2*0.729},
		{"beta_cdf", []any{0.0, 2.0, 2.0}, 0.0},
		{"beta_cdf", []any{1.0, 2.0, 2.0}, 1.0},
		{"beta_cdf", []any{1.1, 2.0, 2.0}, nan},
		{"beta_cdf", []any{nan, 2.0, 2.0}, nan},
		{"beta_cdf", []any{0.5, 1e6, 1e6}, 0.5},
		{"beta_pdf", []any{0.5, 2.0, 2.0}, 1.5},
		{"beta_pdf", []any{0.0, 1.0, 1.0}, 1.0},
		{"beta_pdf", []any{0.5, 0.0, 2.0}, nan},
		{"beta_inv", []any{0.25, 2.0, 1.0}, 0.5},
		{"beta_inv", []any{1.0, 2.0, 2.0}, 1.0},
		{"beta_inv", []any{1.5, 2.0, 2.0}, nil},
		{"beta_inv", []any{0.5, -1.0, 2.0}, nan},
		{"erf", []any{0.0}, 0.0},
		{"erfc", []any{0.0}, 1.0},
		{"gamma", []any{6.0}, 120.0},
		{"loggamma", []any{-0.5}, math.Log(2 * math.Sqrt(math.Pi))},
		{"gamma", []any{nil}, nil},
		{"welch_test", []any{1.0, 2.0, 9.0, 1.0, 3.0, 8.0}, 1.0},
		{"welch_test", []any{1.0, 0.0, 9.0, 1.0, 0.0, 8.0}, nan},
		{"convert_length", []any{1.0, "Mile", "Foot"}, 5280.0},
		{"convert_length", []any{1.0, "Mile", "mile"}, nil},
		{"convert_length", []any{2.0, "KilolightYear", "MegalightYear"}, 0.002},
		{"convert_temperature", []any{-40.0, "DegreeFahrenheit", "DegreeCelsius"}, -40.0},
		{"convert_temperature", []any{100.0, "DegreeCelsius", "DegreeDelisle"}, 0.0},
		{"convert_temperature", []any{80.0, "DegreeReaumur", "Kelvin"}, 373.15},
		{"convert_temperature", []any{60.0, "DegreeRoemer", "DegreeCelsius"}, 100.0},
		{"convert_angle", []any{0.5, "Tilt", "Degree"}, 30.0},
		{"convert_angle", []any{400.0, "Gradian", "Revolution"}, 1.0},
		{"convert_energy", []any{1.0, "KilowattHour", "Megajoule"}, 3.6},
		{"convert_energy", []any{2.0, "DecathermEc", "ThermEc"}, 20.0},
		{"convert_force", []any{1.0, "KilogramForce", "Newton"}, 9.80665},
		{"convert_mass", []any{1.0, "Stone", "Pound"}, 14.0},
		{"convert_speed", []any{36.0, "KilometerPerHour", "MeterPerSecond"}, 10.0},
		{"convert_speed", []any{1.0, "Knot", "KilometerPerHour"}, 1.852},
		{"convert_volume", []any{1.0, "UsGallon", "CubicInch"}, 231.0},
		{"convert_volume", []any{nil, "UsGallon", "CubicInch"}, nil},
	} {
		got := invoke(t, c.name, c.args...)
		want, isNumber := c.want.(float64)
		x, ok := got.(float64)
		same := got == c.want
		if isNumber && ok {
			same = math.Abs(x-want) <= 1e-9*(1+math.Abs(want)) || math.IsNaN(x) && math.IsNaN(want)
		}
		if !same {
			t.Errorf("%s(%v) is %v, want %v", c.name, c.args, got, c.want)
		}
	}
}

// There and back again is the same, for every unit of every quantity.
func TestEveryUnitHasAWayBack(t *testing.T) {
	for _, q := range quantities() {
		for name, u := range q.units {
			if got := u.fromBase(u.toBase(0.7)); math.Abs(got-0.7) > 1e-9 {
				t.Errorf("%s %s: 0.7 becomes %v", q.name, name, got)
			}
		}
	}
}

// The distribution is a probability that its inverse turns around.
func FuzzBeta(f *testing.F) {
	f.Add(0.5, 2.0, 3.0)
	f.Fuzz(func(t *testing.T, x, alpha, beta float64) {
		p := betaCDF(x, alpha, beta)
		betaPDF(x, alpha, beta)
		betaInverse(x, alpha, beta)
		if alpha > 1e-2 && alpha < 1e4 && beta > 1e-2 && beta < 1e4 && x >= 0 && x <= 1 && !(p > -1e-9 && p < 1+1e-9) {
			t.Fatalf("betaCDF(%v, %v, %v) is %v", x, alpha, beta, p)
		}
	})
}

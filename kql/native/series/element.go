package series

import (
	"math"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// elementFunctions are those that map each element of one series.
func elementFunctions() []native.Function {
	all := []native.Function{
		one("series_abs", keepInteger(math.Abs, func(n int64) int64 { return max(n, -n) })),
		one("series_floor", keepInteger(math.Floor, func(n int64) int64 { return n })),
		one("series_ceiling", keepInteger(math.Ceil, func(n int64) int64 { return n })),
		one("series_sign", sign),
	}
	for name, f := range map[string]func(float64) float64{
		"series_acos": math.Acos, "series_asin": math.Asin, "series_atan": math.Atan, "series_cos": math.Cos,
		"series_exp": math.Exp, "series_log": math.Log, "series_sin": math.Sin, "series_tan": math.Tan,
	} {
		all = append(all, one(name, real1(f)))
	}
	return all
}

// one is a function of one series. What is no array gives null.
func one(name string, f func([]any) []any) native.Function {
	return native.Function{Name: name, Params: []types.Type{types.Dynamic}, Result: types.Dynamic, Call: func(args []any) (any, error) {
		array, ok := args[0].([]any)
		if !ok {
			return nil, nil
		}
		return f(array), nil
	}}
}

// each maps the elements that are numbers; any other becomes null.
func each(array []any, f func(float64) any) []any {
	out := make([]any, len(array))
	for i, e := range array {
		if x, ok := element(e); ok {
			out[i] = f(x)
		}
	}
	return out
}

func real1(f func(float64) float64) func([]any) []any {
	return func(array []any) []any {
		return each(array, func(x float64) any { return f(x) })
	}
}

// keepInteger maps a series of integers to one of integers.
func keepInteger(f func(float64) float64, whole func(int64) int64) func([]any) []any {
	return func(array []any) []any {
		if !integers(array) {
			return real1(f)(array)
		}
		out := make([]any, len(array))
		for i, e := range array {
			if n, ok := e.(int64); ok {
				out[i] = whole(n)
			}
		}
		return out
	}
}

func sign(array []any) []any {
	return each(array, func(x float64) any {
		switch {
		case x > 0:
			return int64(1)
		case x < 0:
			return int64(-1)
		case x == 0:
			return int64(0)
		}
		return nil
	})
}

// pairFunctions are those that combine two series element by element.
func pairFunctions() []native.Function {
	all := []native.Function{
		two("series_add", arithmetic(func(a, b float64) float64 { return a + b }, func(a, b int64) int64 { return a + b })),
		two("series_subtract", arithmetic(func(a, b float64) float64 { return a - b }, func(a, b int64) int64 { return a - b })),
		two("series_multiply", arithmetic(func(a, b float64) float64 { return a * b }, func(a, b int64) int64 { return a * b })),
		two("series_divide", arithmetic(func(a, b float64) float64 { return a / b }, nil)),
		two("series_pow", arithmetic(math.Pow, nil)),
	}
	for name, f := range map[string]func(a, b float64) bool{
		"series_equals":         func(a, b float64) bool { return a == b },
		"series_not_equals":     func(a, b float64) bool { return a != b },
		"series_less":           func(a, b float64) bool { return a < b },
		"series_less_equals":    func(a, b float64) bool { return a <= b },
		"series_greater":        func(a, b float64) bool { return a > b },
		"series_greater_equals": func(a, b float64) bool { return a >= b },
	} {
		all = append(all, two(name, comparison(f)))
	}
	return all
}

// two is a function of two series, one of which may be a number that stands
// for each element.
func two(name string, f func(a, b []any) []any) native.Function {
	return native.Function{Name: name, Params: []types.Type{types.Dynamic, types.Dynamic}, Result: types.Dynamic, Call: func(args []any) (any, error) {
		a, b, ok := pair(args[0], args[1])
		if !ok {
			return nil, nil
		}
		return f(a, b), nil
	}}
}

// pair returns two series of the same length: where one has no element, or is
// shorter, it has null.
func pair(x, y any) (a, b []any, ok bool) {
	a, isA := x.([]any)
	b, isB := y.([]any)
	switch {
	case isA && isB:
		n := max(len(a), len(b))
		return padded(a, n), padded(b, n), true
	case isA:
		b, ok = repeated(y, len(a))
		return a, b, ok
	case isB:
		a, ok = repeated(x, len(b))
		return a, b, ok
	}
	return nil, nil, false
}

func padded(array []any, n int) []any {
	if len(array) == n {
		return array
	}
	out := make([]any, n)
	copy(out, array)
	return out
}

func repeated(v any, n int) ([]any, bool) {
	if _, ok := element(v); !ok {
		return nil, false
	}
	out := make([]any, n)
	for i := range out {
		out[i] = v
	}
	return out, true
}

// arithmetic combines numbers; whole, unless nil, is for two integers.
func arithmetic(f func(a, b float64) float64, whole func(a, b int64) int64) func(a, b []any) []any {
	return func(a, b []any) []any {
		out := make([]any, len(a))
		exact := whole != nil && integers(a) && integers(b)
		for i := range a {
			x, okX := element(a[i])
			y, okY := element(b[i])
			switch {
			case !okX || !okY:
			case exact:
				out[i] = whole(a[i].(int64), b[i].(int64))
			default:
				out[i] = f(x, y)
			}
		}
		return out
	}
}

func comparison(f func(a, b float64) bool) func(a, b []any) []any {
	return func(a, b []any) []any {
		out := make([]any, len(a))
		for i := range a {
			x, okX := element(a[i])
			y, okY := element(b[i])
			if okX && okY {
				out[i] = f(x, y)
			}
		}
		return out
	}
}

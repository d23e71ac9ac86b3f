package steps

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/quoll/quoll/kql/dynamic"
)

// function computes a call. of is the type of the result as the plan names it;
// datetimes and timespans are numbers of ticks.
type function func(of string, args []any) any

// functions are the operators and functions that a step's values can go into.
// Package bind has the same list, and refuses others with their place.
var functions = map[string]function{
	"and": func(_ string, a []any) any { return junction(a, false) },
	"or":  func(_ string, a []any) any { return junction(a, true) },
	"not": negation,
	"==":  func(_ string, a []any) any { return equality(a, true) },
	"!=":  func(_ string, a []any) any { return equality(a, false) },
	"<":   order(func(c int) bool { return c < 0 }), "<=": order(func(c int) bool { return c <= 0 }),
	">": order(func(c int) bool { return c > 0 }), ">=": order(func(c int) bool { return c >= 0 }),
	"+": add, "-": subtract, "*": multiply, "/": divide, "%": remainder, "negate": negate, "abs": absolute, "bin": bin,
	"in": func(_ string, a []any) any { return among(a) }, "!in": func(_ string, a []any) any { return !among(a) },
	"isnull":     func(_ string, a []any) any { return a[0] == nil },
	"isnotnull":  func(_ string, a []any) any { return a[0] != nil },
	"isempty":    func(_ string, a []any) any { return a[0] == nil || a[0] == "" },
	"isnotempty": func(_ string, a []any) any { return a[0] != nil && a[0] != "" },
	"coalesce":   coalesce,
	"min_of":     func(_ string, a []any) any { return extreme(a, -1) },
	"max_of":     func(_ string, a []any) any { return extreme(a, 1) },
	"iff":        func(_ string, a []any) any { return a[map[bool]int{true: 1, false: 2}[a[0] == true]] },
	"strcat":     concatenation,
	"strlen":     func(_ string, a []any) any { return int64(len([]rune(text(a[0])))) },
	"tolower":    func(_ string, a []any) any { return strings.ToLower(text(a[0])) },
	"toupper":    func(_ string, a []any) any { return strings.ToUpper(text(a[0])) },
	"=~":         func(_ string, a []any) any { return strings.EqualFold(text(a[0]), text(a[1])) },
	"!~":         func(_ string, a []any) any { return !strings.EqualFold(text(a[0]), text(a[1])) },
	"convert":    conversion, "member": member, "element": element, "array_element": element,
	"pack_array": func(_ string, a []any) any { return a }, "array_length": length, "array_concat": joined,
	"set_has_element": func(_ string, a []any) any { return contains(a[0], a[1]) },
	"contains":        func(_ string, a []any) any { return strings.Contains(folded(a[0]), folded(a[1])) },
	"startswith":      func(_ string, a []any) any { return strings.HasPrefix(folded(a[0]), folded(a[1])) },
	"endswith":        func(_ string, a []any) any { return strings.HasSuffix(folded(a[0]), folded(a[1])) },
}

func text(v any) string {
	if v == nil {
		return ""
	}
	if s, ok := v.(string); ok {
		return s
	}
	return dynamic.Text(v)
}

func folded(v any) string { return strings.ToLower(text(v)) }

// junction is decided by one argument that has a value, else null if any is.
func junction(args []any, decisive bool) any {
	var result any = !decisive
	for _, a := range args {
		switch {
		case a == decisive:
			return decisive
		case a == nil:
			result = nil
		}
	}
	return result
}

func negation(_ string, a []any) any {
	if b, ok := a[0].(bool); ok {
		return !b
	}
	return nil
}

// equality follows Kusto: a null differs from every value, and of two nulls
// nothing is known.
func equality(a []any, want bool) any {
	if a[0] == nil && a[1] == nil {
		return nil
	}
	return equal(a[0], a[1]) == want
}

func equal(x, y any) bool {
	if c, ok := compare(x, y); ok {
		return c == 0
	}
	return x != nil && y != nil && dynamic.Text(x) == dynamic.Text(y)
}

// compare orders two values of one kind.
func compare(x, y any) (int, bool) {
	switch a := x.(type) {
	case string:
		if b, ok := y.(string); ok {
			return strings.Compare(a, b), true
		}
	case int64:
		if b, ok := y.(int64); ok {
			switch {
			case a < b:
				return -1, true
			case a > b:
				return 1, true
			}
			return 0, true
		}
	case bool:
		if b, ok := y.(bool); ok {
			return map[bool]int{true: 1}[a] - map[bool]int{true: 1}[b], true
		}
	}
	a, ok1 := number(x)
	b, ok2 := number(y)
	switch {
	case !ok1 || !ok2:
		return 0, false
	case a < b:
		return -1, true
	case a > b:
		return 1, true
	}
	return 0, true
}

func order(is func(int) bool) function {
	return func(_ string, a []any) any {
		if c, ok := compare(a[0], a[1]); ok {
			return is(c)
		}
		return nil
	}
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

func isReal(of string) bool { return of == "real" || of == "decimal" }

// arithmetic computes with reals where the result is one or an operand has a
// fraction, else exactly; what does not fit gives null.
func arithmetic(of string, a []any, reals func(x, y float64) float64, exact func(z, x, y *big.Int) *big.Int) any {
	x, ok1 := a[0].(int64)
	y, ok2 := a[1].(int64)
	if ok1 && ok2 && !isReal(of) {
		z := exact(new(big.Int), big.NewInt(x), big.NewInt(y))
		if z == nil || !z.IsInt64() {
			return nil
		}
		return z.Int64()
	}
	f, ok1 := number(a[0])
	g, ok2 := number(a[1])
	if !ok1 || !ok2 {
		return nil
	}
	result := reals(f, g)
	if isReal(of) {
		return result
	}
	if math.IsNaN(result) || math.Abs(result) > 9.2e18 {
		return nil
	}
	return int64(result)
}

func add(of string, a []any) any {
	return arithmetic(of, a, func(x, y float64) float64 { return x + y }, (*big.Int).Add)
}

func subtract(of string, a []any) any {
	return arithmetic(of, a, func(x, y float64) float64 { return x - y }, (*big.Int).Sub)
}

func multiply(of string, a []any) any {
	return arithmetic(of, a, func(x, y float64) float64 { return x * y }, (*big.Int).Mul)
}

func divide(of string, a []any) any {
	return arithmetic(of, a, func(x, y float64) float64 { return x / y }, func(z, x, y *big.Int) *big.Int {
		if y.Sign() == 0 {
			return nil
		}
		return z.Quo(x, y)
	})
}

func remainder(of string, a []any) any {
	return arithmetic(of, a, math.Mod, func(z, x, y *big.Int) *big.Int {
		if y.Sign() == 0 {
			return nil
		}
		return z.Mod(x, y)
	})
}

func bin(of string, a []any) any {
	size, ok := number(a[1])
	if !ok || size <= 0 {
		return nil
	}
	if at, isTicks := a[0].(int64); isTicks && of == "datetime" {
		width := int64(size)
		return at - ((at+epoch)%width+width)%width
	}
	return arithmetic(of, a, func(x, y float64) float64 { return math.Floor(x/y) * y }, func(z, x, y *big.Int) *big.Int {
		return z.Sub(x, new(big.Int).Mod(x, y))
	})
}

func negate(of string, a []any) any { return subtract(of, []any{int64(0), a[0]}) }

func absolute(of string, a []any) any {
	if c, ok := compare(a[0], int64(0)); ok && c < 0 {
		return negate(of, a)
	}
	return a[0]
}

func among(a []any) bool {
	for _, item := range a[1:] {
		if items, ok := item.([]any); ok && contains(items, a[0]) || equal(a[0], item) {
			return true
		}
	}
	return false
}

func contains(array, v any) bool {
	items, _ := array.([]any)
	for _, item := range items {
		if equal(item, v) {
			return true
		}
	}
	return false
}

func coalesce(_ string, a []any) any {
	for _, v := range a {
		if v != nil && v != "" {
			return v
		}
	}
	return a[len(a)-1]
}

func extreme(a []any, sign int) any {
	var best any
	for _, v := range a {
		if c, ok := compare(v, best); best == nil || ok && c == sign {
			best = v
		}
	}
	return best
}

// maxText bounds what a step gathers from row to row.
const maxText = 1 << 16

func concatenation(_ string, a []any) any {
	var b strings.Builder
	for _, v := range a {
		b.WriteString(text(v))
	}
	if b.Len() > maxText {
		return strings.ToValidUTF8(b.String()[:maxText], "")
	}
	return b.String()
}

// conversion converts between numbers, bools and text; null is what does not
// convert.
func conversion(of string, a []any) any {
	v := a[0]
	switch of {
	case "string":
		return text(v)
	case "dynamic":
		return v
	case "bool":
		if n, ok := number(v); ok {
			return n != 0
		}
		b, ok := v.(bool)
		if !ok {
			return nil
		}
		return b
	}
	if s, ok := v.(string); ok {
		f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err != nil {
			return nil
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64); err == nil {
			v = n
		} else {
			v = f
		}
	}
	if b, ok := v.(bool); ok {
		v = map[bool]int64{true: 1}[b]
	}
	f, ok := number(v)
	if !ok {
		return nil
	}
	if isReal(of) {
		return f
	}
	return arithmetic(of, []any{v, int64(0)}, func(x, _ float64) float64 { return math.Trunc(x) }, (*big.Int).Add)
}

func member(_ string, a []any) any {
	bag, ok := a[0].(*dynamic.Bag)
	if !ok {
		return nil
	}
	v, _ := bag.Get(text(a[1]))
	return v
}

func element(_ string, a []any) any {
	items, _ := a[0].([]any)
	i, ok := a[1].(int64)
	if ok && i < 0 {
		i += int64(len(items))
	}
	if !ok || i < 0 || i >= int64(len(items)) {
		return nil
	}
	return items[i]
}

func length(_ string, a []any) any {
	if items, ok := a[0].([]any); ok {
		return int64(len(items))
	}
	return nil
}

// maxItems bounds the arrays that a step gathers from row to row.
const maxItems = 1 << 12

func joined(_ string, a []any) any {
	all := []any{}
	for _, v := range a {
		items, _ := v.([]any)
		all = append(all, items...)
	}
	return all[:min(len(all), maxItems)]
}

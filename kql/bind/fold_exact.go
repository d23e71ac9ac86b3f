package bind

import (
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// decimalDigits is how many digits Kusto's decimal has.
const decimalDigits = 34

// exactDigits gives the digits of a constant that becomes a decimal; none for a
// text that is no number.
func exactDigits(l *plan.Literal) string {
	switch v := l.Value.(type) {
	case string:
		return plainDigits(v)
	case int32:
		return big.NewInt(int64(v)).String()
	case int64:
		return big.NewInt(v).String()
	}
	return l.Exact
}

// plainDigits writes a number without an exponent and without zeros at its end.
func plainDigits(text string) string {
	r, ok := new(big.Rat).SetString(strings.TrimSpace(text))
	if !ok || strings.Contains(text, "/") {
		return ""
	}
	return ratDigits(r)
}

// ratDigits writes a number with as many digits as a decimal has.
func ratDigits(r *big.Rat) string {
	whole := 0
	if n := new(big.Int).Quo(r.Num(), r.Denom()); n.Sign() != 0 {
		whole = len(n.Abs(n).String())
	}
	text := r.FloatString(max(decimalDigits-whole, 0))
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// numberDigits gives the digits of a number beside a decimal.
func numberDigits(l *plan.Literal) string {
	if f, ok := l.Value.(float64); ok && l.Exact == "" {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	return exactDigits(l)
}

// foldDecimal computes with decimals that are constants, in all their digits; nil
// for any other call.
func foldDecimal(c *plan.Call) *plan.Literal {
	if c.Of != types.Decimal || len(c.Args) != 2 {
		return nil
	}
	var operands [2]*big.Rat
	for i, a := range c.Args {
		l, ok := a.(*plan.Literal)
		if !ok || l.Value == nil {
			return nil
		}
		if operands[i], ok = new(big.Rat).SetString(numberDigits(l)); !ok {
			return nil
		}
	}
	x, y := operands[0], operands[1]
	z := new(big.Rat)
	switch {
	case c.Function.Name == "+":
		z.Add(x, y)
	case c.Function.Name == "-":
		z.Sub(x, y)
	case c.Function.Name == "*":
		z.Mul(x, y)
	case c.Function.Name == "/" && y.Sign() != 0:
		z.Quo(x, y)
	default:
		return nil
	}
	value, _ := z.Float64()
	return &plan.Literal{Of: types.Decimal, Value: value, Exact: ratDigits(z)}
}

// foldTimes compares two times, which have ticks here and microseconds in an
// engine.
func foldTimes(name string, x, y any) (any, bool) {
	t, ok1 := x.(time.Time)
	u, ok2 := y.(time.Time)
	if !ok1 || !ok2 {
		return nil, false
	}
	switch name {
	case "==":
		return t.Equal(u), true
	case "!=", "<>":
		return !t.Equal(u), true
	case "<":
		return t.Before(u), true
	case "<=":
		return !t.After(u), true
	case ">":
		return t.After(u), true
	case ">=":
		return !t.Before(u), true
	}
	return nil, false
}

// foldDifference counts the nanoseconds between two times, of which an engine has
// thousands only.
func foldDifference(values []any) (any, bool) {
	part, ok := values[0].(string)
	if !ok || len(values) != 3 || !strings.EqualFold(part, "nanosecond") {
		return nil, false
	}
	t, ok1 := values[1].(time.Time)
	u, ok2 := values[2].(time.Time)
	if !ok1 || !ok2 || t.Sub(u).Abs() >= 290*365*24*time.Hour {
		return nil, false
	}
	return t.Sub(u).Nanoseconds(), true
}

package bind

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// constant reports whether an expression has the same value for every row.
func constant(e plan.Expr) bool {
	is := true
	plan.VisitExpr(e, func(e plan.Expr) bool {
		if _, ok := e.(*plan.Ref); ok {
			is = false
		}
		return is
	})
	return is
}

// convert gives e as a value of type t, computed at once for a constant.
func convert(e plan.Expr, t types.Type) plan.Expr {
	if e.Type() == t || bad(e) {
		return e
	}
	if e.Type() == types.Dynamic && t == types.Dynamic {
		return e
	}
	return fold(&plan.Convert{X: e, To: t})
}

// parseJSON reads a string as JSON; what is dynamic already stays as it is.
func parseJSON(e plan.Expr) plan.Expr {
	if e.Type() != types.String {
		return convert(e, types.Dynamic)
	}
	if l, ok := e.(*plan.Literal); ok {
		text, _ := l.Value.(string)
		return &plan.Literal{Of: types.Dynamic, Value: jsonOf(text)}
	}
	return &plan.Convert{X: e, To: types.Dynamic}
}

// jsonOf returns the JSON that a text means: itself when it is JSON, nothing
// when it is blank, else a JSON string.
func jsonOf(text string) any {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || trimmed == "null" {
		return nil
	}
	if json.Valid([]byte(trimmed)) {
		return trimmed
	}
	return dynamic.Text(text)
}

// fold computes what is constant and simple: conversions, arithmetic on times
// and numbers. What it leaves alone the engine computes. It is what makes a
// constant of ago(1d), so that a time range can be pushed into a scan.
func fold(e plan.Expr) plan.Expr {
	switch e := e.(type) {
	case *plan.Convert:
		if l, ok := e.X.(*plan.Literal); ok {
			if v, ok := convertLiteral(l, e.To); ok {
				out := &plan.Literal{Of: e.To, Value: v}
				if e.To == types.Decimal && v != nil {
					out.Exact = exactDigits(l)
				}
				return out
			}
		}
	case *plan.Call:
		if d := foldDecimal(e); d != nil {
			return d
		}
		if v, ok := foldCall(e); ok {
			return &plan.Literal{Of: e.Of, Value: v}
		}
	}
	return e
}

func convertLiteral(l *plan.Literal, to types.Type) (any, bool) {
	if l.Value == nil {
		if to == types.String {
			return "", true
		}
		return nil, true
	}
	switch v := l.Value.(type) {
	case int32:
		return convertInteger(int64(v), l.Of, to)
	case int64:
		return convertInteger(v, l.Of, to)
	case float64:
		if to == types.Decimal || to == types.Real {
			return v, true
		}
		if to == types.String && l.Exact != "" {
			return l.Exact, true
		}
	case time.Time:
		if to == types.String {
			return types.FormatDateTime(v), true
		}
	case bool:
		if to == types.String {
			return strconv.FormatBool(v), true
		}
	case string:
		if l.Of == types.String {
			return convertText(v, to)
		}
		if l.Of == types.Guid && to == types.String {
			return v, true
		}
	}
	return nil, false
}

func convertInteger(n int64, from, to types.Type) (any, bool) {
	switch to {
	case types.Long:
		return n, true
	case types.Int:
		if n == int64(int32(n)) {
			return int32(n), true
		}
		return nil, true
	case types.Real, types.Decimal:
		return float64(n), true
	case types.String:
		return strconv.FormatInt(n, 10), true
	case types.TimeSpan:
		return types.Ticks(n), from == types.Long
	}
	return nil, false
}

func convertText(text string, to types.Type) (any, bool) {
	switch to {
	case types.DateTime:
		if t, ok := types.ParseDateTime(text); ok {
			return t, true
		}
		return nil, true
	case types.TimeSpan:
		if t, ok := types.ParseTimeSpan(text); ok {
			return t, true
		}
		return nil, true
	case types.Bool:
		switch strings.ToLower(strings.TrimSpace(text)) {
		case "true", "1":
			return true, true
		case "false", "0":
			return false, true
		}
		return nil, true
	case types.Real, types.Decimal:
		return realOf(strings.TrimSpace(text))
	}
	return nil, false
}

// realOf reads a number as engines do: what is too large is infinite, and the forms
// that only Go has (0x1p4, 1_000) are left to them.
func realOf(text string) (any, bool) {
	if strings.ContainsAny(text, "xX_") {
		return nil, false
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, true
	}
	return f, true
}

// joined is the text of strcat(), of which patterns are put together. What grows
// by being joined with itself is left to an engine and its limits.
func joined(values []any) (any, bool) {
	var all strings.Builder
	for _, v := range values {
		text, ok := v.(string)
		if !ok || all.Len()+len(text) > 1<<16 {
			return nil, false
		}
		all.WriteString(text)
	}
	return all.String(), true
}

// foldCall computes a call of literals.
func foldCall(c *plan.Call) (any, bool) {
	values := make([]any, len(c.Args))
	for i, a := range c.Args {
		l, ok := a.(*plan.Literal)
		if !ok || l.Value == nil {
			return nil, false
		}
		values[i] = l.Value
	}
	switch {
	case c.Function.Name == "strcat":
		return joined(values)
	case c.Function.Name == "negate":
		return negate(values[0])
	case len(values) == 2 && c.Of == types.Bool:
		return foldTimes(c.Function.Name, values[0], values[1])
	case c.Function.Name == "datetime_diff":
		return foldDifference(values)
	case partOf(c.Function.Name):
		return foldPart(c.Function.Name, values)
	case len(values) == 2 && c.Of == types.DateTime:
		return foldDate(c.Function.Name, values[0], values[1])
	case len(values) == 2 && c.Of == types.TimeSpan:
		return foldSpan(c.Function.Name, values[0], values[1])
	case len(values) == 2 && c.Of == types.Long:
		return foldLong(c.Function.Name, values[0], values[1])
	}
	return nil, false
}

func negate(value any) (any, bool) {
	switch v := value.(type) {
	case int64:
		return -v, v != math.MinInt64
	case int32:
		return -v, v != math.MinInt32
	case float64:
		return -v, true
	case types.Ticks:
		return -v, v != math.MinInt64
	}
	return nil, false
}

func foldDate(name string, x, y any) (any, bool) {
	t, ok := x.(time.Time)
	if !ok {
		return nil, false
	}
	switch v := y.(type) {
	case types.Ticks:
		switch name {
		case "+":
			return addTicks(t, v)
		case "-":
			return addTicks(t, -v)
		case "bin":
			if v > 0 {
				return binTime(t, v), true
			}
		}
	}
	return nil, false
}

// addTicks adds a timespan of any length, which a time.Duration cannot hold.
func addTicks(t time.Time, ticks types.Ticks) (any, bool) {
	seconds, rest := ticks/types.TicksPerSecond, ticks%types.TicksPerSecond
	return bounded(time.Unix(t.Unix()+int64(seconds), int64(t.Nanosecond())).Add(time.Duration(rest) * 100).UTC())
}

func bounded(t time.Time) (any, bool) {
	if t.Before(types.MinDateTime) || t.After(types.MaxDateTime) {
		return nil, true
	}
	return t, true
}

// binTime rounds down to a multiple of size since year 1.
func binTime(t time.Time, size types.Ticks) time.Time {
	const unixEpochTicks = 621_355_968_000_000_000
	ticks := types.Ticks(t.Unix())*types.TicksPerSecond + types.Ticks(t.Nanosecond()/100) + unixEpochTicks
	ticks -= ticks % size
	ticks -= unixEpochTicks
	seconds, rest := ticks/types.TicksPerSecond, ticks%types.TicksPerSecond
	return time.Unix(int64(seconds), int64(rest)*100).UTC()
}

func foldSpan(name string, x, y any) (any, bool) {
	if t, ok := x.(time.Time); ok {
		u, ok := y.(time.Time)
		if !ok || name != "-" {
			return nil, false
		}
		return types.Ticks(t.Unix()-u.Unix())*types.TicksPerSecond + types.Ticks(t.Nanosecond()-u.Nanosecond())/100, true
	}
	if n, ok := x.(int64); ok && name == "*" {
		x, y = y, types.Ticks(n)
	}
	s, ok := x.(types.Ticks)
	if !ok {
		return nil, false
	}
	switch v := y.(type) {
	case types.Ticks:
		switch name {
		case "+":
			return s + v, !overflows(float64(s) + float64(v))
		case "-":
			return s - v, !overflows(float64(s) - float64(v))
		case "*":
			return s * v, !overflows(float64(s) * float64(v))
		}
	case int64:
		switch name {
		case "*":
			return s * types.Ticks(v), !overflows(float64(s) * float64(v))
		case "/":
			if v != 0 {
				return s / types.Ticks(v), true
			}
		}
	}
	return nil, false
}

func foldLong(name string, x, y any) (any, bool) {
	a, ok1 := x.(int64)
	b, ok2 := y.(int64)
	if !ok1 || !ok2 {
		return nil, false
	}
	switch name {
	case "+":
		return a + b, !overflows(float64(a) + float64(b))
	case "-":
		return a - b, !overflows(float64(a) - float64(b))
	case "*":
		return a * b, !overflows(float64(a) * float64(b))
	}
	return nil, false
}

func overflows(f float64) bool { return math.Abs(f) > 9e18 }

package steps

import (
	"math"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/native/array"
	"github.com/quoll/quoll/kql/types"
)

// lookup finds a function: one of this package, of those of arrays and bags, or
// a negated one.
func lookup(name string) (function, bool) {
	if f, ok := functions[name]; ok {
		return f, true
	}
	if f, ok := further()[name]; ok {
		return f, true
	}
	if positive, negated := strings.CutPrefix(name, "!"); negated {
		if f, ok := further()[positive]; ok {
			return func(of string, a []any) any { return negation(of, []any{f(of, a)}) }, true
		}
		if f, ok := functions[positive]; ok {
			return func(of string, a []any) any { return negation(of, []any{f(of, a)}) }, true
		}
	}
	return nil, false
}

// further are the functions of texts, numbers, arrays and bags.
var further = sync.OnceValue(func() map[string]function {
	all := map[string]function{
		"substring": substring, "indexof": indexOf, "split": split,
		"replace_string": func(_ string, a []any) any {
			if text(a[1]) == "" {
				return text(a[0])
			}
			return strings.ReplaceAll(text(a[0]), text(a[1]), text(a[2]))
		},
		"strcat_delim": func(of string, a []any) any { return joinedBy(text(a[0]), a[1:]) },
		"strcat_array": func(of string, a []any) any {
			items, _ := a[0].([]any)
			return joinedBy(text(a[1]), items)
		},
		"contains_cs":   func(_ string, a []any) any { return strings.Contains(text(a[0]), text(a[1])) },
		"startswith_cs": func(_ string, a []any) any { return strings.HasPrefix(text(a[0]), text(a[1])) },
		"endswith_cs":   func(_ string, a []any) any { return strings.HasSuffix(text(a[0]), text(a[1])) },
		"has":           func(_ string, a []any) any { return hasTerm(folded(a[0]), folded(a[1])) },
		"has_cs":        func(_ string, a []any) any { return hasTerm(text(a[0]), text(a[1])) },
		"round":         round, "ceiling": real(math.Ceil), "sqrt": positive(math.Sqrt, 0), "exp": real(math.Exp),
		"log": positive(math.Log, math.SmallestNonzeroFloat64), "log10": positive(math.Log10, math.SmallestNonzeroFloat64),
		"pow": func(_ string, a []any) any {
			x, ok1 := number(a[0])
			y, ok2 := number(a[1])
			if !ok1 || !ok2 {
				return nil
			}
			return math.Pow(x, y)
		},
		"sign": real(func(x float64) float64 {
			switch {
			case x > 0:
				return 1
			case x < 0:
				return -1
			}
			return x
		}),
		"bag_pack": bagPack, "bag_keys": bagKeys,
		"datetime_diff": difference, "datetime_text": datetimeText, "datetime_ticks": datetimeTicks, "timespan_text": timespanText, "to_datetime": toDatetime, "to_timespan": toTimespan,
	}
	list := array.Functions()
	for i := range list {
		all[list[i].Name] = ofNative(&list[i])
	}
	return all
})

// ofNative calls a function of another package. An argument that is left out is
// nil, a text never is.
func ofNative(f *native.Function) function {
	return func(_ string, a []any) any {
		args := append([]any{}, a...)
		for len(args) < len(f.Params) && !f.Variadic {
			args = append(args, nil)
		}
		for i := range args {
			if t, err := f.Param(i); err == nil && t == types.String {
				args[i] = text(args[i])
			}
		}
		v, err := f.Call(args)
		if err != nil {
			return nil
		}
		return v
	}
}

func joinedBy(delimiter string, items []any) string {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = text(item)
	}
	all := strings.Join(texts, delimiter)
	if len(all) > maxText {
		return strings.ToValidUTF8(all[:maxText], "")
	}
	return all
}

func substring(_ string, a []any) any {
	letters := []rune(text(a[0]))
	start, ok := a[1].(int64)
	if !ok {
		return ""
	}
	n := int64(len(letters))
	if start < 0 {
		start = max(n+start, 0)
	}
	end := n
	if len(a) > 2 {
		if count, ok := a[2].(int64); ok && count >= 0 && count < n-min(start, n) {
			end = start + count
		}
	}
	if start >= n {
		return ""
	}
	return string(letters[start:end])
}

func indexOf(_ string, a []any) any {
	before, _, found := strings.Cut(text(a[0]), text(a[1]))
	if !found {
		return int64(-1)
	}
	return int64(len([]rune(before)))
}

func split(_ string, a []any) any {
	pieces := []string{text(a[0])}
	if d := text(a[1]); d != "" {
		pieces = strings.Split(text(a[0]), d)
	}
	all := make([]any, 0, len(pieces))
	for _, piece := range pieces {
		all = append(all, piece)
	}
	if len(a) > 2 {
		i, ok := a[2].(int64)
		if !ok || i < 0 || i >= int64(len(all)) {
			return []any{}
		}
		return all[i : i+1]
	}
	return all[:min(len(all), maxItems)]
}

// hasTerm looks for a run of letters and digits that nothing of its kind goes on.
func hasTerm(s, term string) bool {
	isPart := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	sought := []rune(term)
	if len(sought) == 0 {
		return true
	}
	for rest, before := s, ' '; ; {
		i := strings.Index(rest, term)
		if i < 0 {
			return false
		}
		if head := []rune(rest[:i]); len(head) > 0 {
			before = head[len(head)-1]
		}
		after := ' '
		if tail := []rune(rest[i+len(term):]); len(tail) > 0 {
			after = tail[0]
		}
		bounded := !isPart(sought[0]) || !isPart(before)
		if bounded && (!isPart(sought[len(sought)-1]) || !isPart(after)) {
			return true
		}
		before = sought[0]
		rest = rest[i+len(string(sought[:1])):]
	}
}

func real(f func(float64) float64) function {
	return func(of string, a []any) any {
		x, ok := number(a[0])
		if !ok {
			return nil
		}
		if n, whole := a[0].(int64); whole && !isReal(of) {
			return n
		}
		return f(x)
	}
}

// positive is null below a bound.
func positive(f func(float64) float64, least float64) function {
	return func(_ string, a []any) any {
		x, ok := number(a[0])
		if !ok || x < least {
			return nil
		}
		return f(x)
	}
}

func round(of string, a []any) any {
	x, ok := number(a[0])
	if !ok {
		return nil
	}
	digits := int64(0)
	if len(a) > 1 {
		digits, _ = a[1].(int64)
	}
	unit := math.Pow(10, float64(min(max(digits, -300), 300)))
	rounded := math.Round(x*unit) / unit
	if isReal(of) {
		return rounded
	}
	return int64(rounded)
}

func bagPack(_ string, a []any) any {
	bag := dynamic.NewBag()
	for i := 0; i+1 < len(a); i += 2 {
		bag.Set(text(a[i]), a[i+1])
	}
	return bag
}

func bagKeys(_ string, a []any) any {
	bag, ok := a[0].(*dynamic.Bag)
	if !ok {
		return nil
	}
	keys := []any{}
	for _, key := range bag.Keys() {
		keys = append(keys, key)
	}
	return keys
}

// epoch is 1970 in ticks since the year 1. A program counts from 1970.
const epoch = 621_355_968_000_000_000

func datetimeText(_ string, a []any) any {
	ticks, ok := a[0].(int64)
	if !ok {
		return ""
	}
	return types.FormatDateTime(time.Unix(ticks/10_000_000, ticks%10_000_000*100).UTC())
}

// datetimeTicks is tolong() of a datetime, which counts from the year 1.
func datetimeTicks(_ string, a []any) any {
	if ticks, ok := a[0].(int64); ok {
		return ticks + epoch
	}
	return nil
}

func timespanText(_ string, a []any) any {
	ticks, ok := a[0].(int64)
	if !ok {
		return ""
	}
	return types.Ticks(ticks).String()
}

func toDatetime(_ string, a []any) any {
	t, ok := types.ParseDateTime(text(a[0]))
	if !ok {
		return nil
	}
	return t.Unix()*10_000_000 + int64(t.Nanosecond()/100)
}

func toTimespan(_ string, a []any) any {
	t, ok := types.ParseTimeSpan(text(a[0]))
	if !ok {
		return nil
	}
	return int64(t)
}

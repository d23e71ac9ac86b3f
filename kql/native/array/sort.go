package array

import (
	"cmp"
	"slices"
	"strings"

	"github.com/quoll/quoll/kql/dynamic"
)

// sorted orders the first array and puts the elements of the others in the
// order of its own; one of another length becomes null. A last argument that
// is a bool says whether nulls are last, as they are without it. Of one array
// the result is that array, of several an array of them.
func sorted(args []any, direction int) any {
	nullsLast := true
	if last, ok := args[len(args)-1].(bool); ok {
		nullsLast = last
		args = args[:len(args)-1]
	}
	first, ok := []any(nil), false
	if len(args) > 0 {
		first, ok = args[0].([]any)
	}
	if !ok {
		return nil
	}
	order := make([]int, len(first))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		x, y := first[i], first[j]
		switch {
		case x == nil && y == nil:
			return 0
		case x == nil:
			return lastIf(nullsLast)
		case y == nil:
			return -lastIf(nullsLast)
		}
		return direction * compare(x, y)
	})
	all := make([]any, len(args))
	for i, a := range args {
		if array, ok := a.([]any); ok && len(array) == len(first) {
			all[i] = arranged(array, order)
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	return all
}

func lastIf(last bool) int {
	if last {
		return 1
	}
	return -1
}

func arranged(array []any, order []int) []any {
	to := make([]any, len(order))
	for i, from := range order {
		to[i] = array[from]
	}
	return to
}

// compare orders numbers before texts and those before all else.
func compare(x, y any) int {
	if c := cmp.Compare(rank(x), rank(y)); c != 0 {
		return c
	}
	switch v := x.(type) {
	case string:
		return strings.Compare(v, y.(string))
	case int64:
		if w, ok := y.(int64); ok {
			return cmp.Compare(v, w)
		}
	}
	if a, ok := dynamic.Real(x); ok {
		b, _ := dynamic.Real(y)
		return cmp.Compare(a, b)
	}
	return strings.Compare(dynamic.Text(x), dynamic.Text(y))
}

func rank(v any) int {
	switch v.(type) {
	case int64, float64:
		return 0
	case string:
		return 1
	}
	return 2
}

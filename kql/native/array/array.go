// Package array has the functions over dynamic arrays and bags whose SQL would
// read the same JSON many times, or would lose the order of keys.
//
// Paths into a bag and the reading of JSON are not here: SQL does them best.
package array

import (
	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// Functions returns the functions of this package.
func Functions() []native.Function {
	d, n := types.Dynamic, types.Long
	return []native.Function{
		{Name: "array_shift_left", Params: []types.Type{d, n, d}, Result: d, Call: func(args []any) (any, error) { return shift(args, 1), nil }},
		{Name: "array_shift_right", Params: []types.Type{d, n, d}, Result: d, Call: func(args []any) (any, error) { return shift(args, -1), nil }},
		{Name: "array_index_of", Params: []types.Type{d, d, n, n, n}, Result: n, Call: indexOf},
		{Name: "array_iff", Params: []types.Type{d, d, d}, Result: d, Call: choose},
		{Name: "array_sort_asc", Params: []types.Type{d}, Variadic: true, Result: d, Call: func(args []any) (any, error) { return sorted(args, 1), nil }},
		{Name: "array_sort_desc", Params: []types.Type{d}, Variadic: true, Result: d, Call: func(args []any) (any, error) { return sorted(args, -1), nil }},
		{Name: "zip", Params: []types.Type{d}, Variadic: true, Result: d, Call: zip},
		{Name: "set_union", Params: []types.Type{d}, Variadic: true, Result: d, Call: union},
		{Name: "set_intersect", Params: []types.Type{d}, Variadic: true, Result: d, Call: intersect},
		{Name: "set_difference", Params: []types.Type{d}, Variadic: true, Result: d, Call: difference},
		{Name: "jaccard_index", Params: []types.Type{d, d}, Result: d, Call: jaccard},
		{Name: "bag_merge", Params: []types.Type{d}, Variadic: true, Result: d, Call: merge},
		{Name: "bag_zip", Params: []types.Type{d, d}, Result: d, Call: bagZip},
		{Name: "bag_set_key", Params: []types.Type{d, types.String, d}, Result: d, Call: setKey},
		{Name: "bag_remove_keys", Params: []types.Type{d, d}, Result: d, Call: removeKeys},
		{Name: "bag_has_key", Params: []types.Type{d, types.String}, Result: types.Bool, Call: hasKey},
		{Name: "treepath", Params: []types.Type{d}, Result: d, Call: treePath},
		{Name: "dynamic_to_json", Params: []types.Type{d}, Result: types.String, Call: canonical},
	}
}

// integer returns a whole number argument, or what stands for one left out.
func integer(arg any, absent int64) int64 {
	if n, ok := arg.(int64); ok {
		return n
	}
	return absent
}

// shift moves the elements; what comes in is the default, which for an array
// that begins with a string is the empty one.
func shift(args []any, direction int64) any {
	array, ok := args[0].([]any)
	count, given := args[1].(int64)
	if !ok || !given {
		return nil
	}
	fill := args[2]
	if fill == nil && len(array) > 0 {
		if _, isText := array[0].(string); isText {
			fill = ""
		}
	}
	length := int64(len(array))
	count = direction * max(min(count, length), -length)
	moved := make([]any, length)
	for i := range moved {
		moved[i] = fill
		if from := int64(i) + count; from >= 0 && from < length {
			moved[i] = array[from]
		}
	}
	return moved
}

// indexOf finds the n-th element that equals a value, behind a start and
// within a length.
func indexOf(args []any) (any, error) {
	array, ok := args[0].([]any)
	if !ok {
		return nil, nil
	}
	start, length, occurrence := integer(args[2], 0), integer(args[3], -1), integer(args[4], 1)
	if length < -1 || occurrence < 0 {
		return nil, nil
	}
	size := int64(len(array))
	if start < 0 {
		start = max(start+size, 0)
	}
	end := size
	if length >= 0 && length < size-min(start, size) {
		end = start + length
	}
	wanted := dynamic.Text(args[1])
	for i := start; i < end; i++ {
		if dynamic.Text(array[i]) != wanted {
			continue
		}
		if occurrence--; occurrence <= 0 {
			return i, nil
		}
	}
	return int64(-1), nil
}

// choose takes each element of one array or the other, by the condition at its
// place. What is no array stands for every element, and a number but zero is
// true. A text is no condition.
func choose(args []any) (any, error) {
	conditions, ok := args[0].([]any)
	if !ok {
		return nil, nil
	}
	chosen := make([]any, len(conditions))
	for i, c := range conditions {
		truth, known := c.(bool)
		if number, ok := dynamic.Real(c); ok {
			truth, known = number != 0, true
		}
		switch {
		case known && truth:
			chosen[i] = elementOf(args[1], i)
		case known:
			chosen[i] = elementOf(args[2], i)
		}
	}
	return chosen, nil
}

func elementOf(branch any, i int) any {
	array, ok := branch.([]any)
	switch {
	case !ok:
		return branch
	case i < len(array):
		return array[i]
	}
	return nil
}

// maxZipped bounds the elements that zip makes, since a short array is filled
// up to the longest.
const maxZipped = 1 << 22

// zip makes arrays of the first elements, the second elements and so on.
func zip(args []any) (any, error) {
	longest := 0
	arrays := make([][]any, len(args))
	for i, a := range args {
		array, ok := a.([]any)
		if !ok && a != nil {
			return nil, nil
		}
		arrays[i] = array
		longest = max(longest, len(array))
	}
	if longest*len(arrays) > maxZipped {
		return nil, nil
	}
	zipped := make([]any, longest)
	for i := range zipped {
		row := make([]any, len(arrays))
		for j, array := range arrays {
			row[j] = elementOf(array, i)
		}
		zipped[i] = row
	}
	return zipped, nil
}

package array

import (
	"math"

	"github.com/quoll/quoll/kql/dynamic"
)

// set is the elements of an array by their JSON text, each once, in order.
type set struct {
	keys   map[string]bool
	values []any
	texts  []string
}

func newSet() *set { return &set{keys: map[string]bool{}, values: []any{}} }

// setOf returns the set of an array; what is no array is the empty one.
func setOf(v any) *set {
	s := newSet()
	array, _ := v.([]any)
	for _, e := range array {
		s.add(dynamic.Text(e), e)
	}
	return s
}

func (s *set) add(text string, value any) {
	if s.keys[text] {
		return
	}
	s.keys[text] = true
	s.values = append(s.values, value)
	s.texts = append(s.texts, text)
}

// filter keeps the elements of which keep says so.
func (s *set) filter(keep func(text string) bool) *set {
	kept := newSet()
	for i, text := range s.texts {
		if keep(text) {
			kept.add(text, s.values[i])
		}
	}
	return kept
}

func union(args []any) (any, error) {
	all := newSet()
	for _, a := range args {
		array, _ := a.([]any)
		for _, e := range array {
			all.add(dynamic.Text(e), e)
		}
	}
	return all.values, nil
}

func intersect(args []any) (any, error) {
	return fold(args, func(other *set) func(string) bool {
		return func(text string) bool { return other.keys[text] }
	}), nil
}

func difference(args []any) (any, error) {
	return fold(args, func(other *set) func(string) bool {
		return func(text string) bool { return !other.keys[text] }
	}), nil
}

func fold(args []any, keep func(other *set) func(string) bool) any {
	if len(args) == 0 {
		return nil
	}
	all := setOf(args[0])
	for _, a := range args[1:] {
		all = all.filter(keep(setOf(a)))
	}
	return all.values
}

// jaccard gives the share of two sets that is common to both.
func jaccard(args []any) (any, error) {
	_, ok1 := args[0].([]any)
	_, ok2 := args[1].([]any)
	if !ok1 || !ok2 {
		return nil, nil
	}
	a, b := setOf(args[0]), setOf(args[1])
	common := len(a.filter(func(text string) bool { return b.keys[text] }).values)
	all := len(a.values) + len(b.values) - common
	if all == 0 {
		return math.NaN(), nil
	}
	return float64(common) / float64(all), nil
}

// Package graph finds paths and components in a graph whose nodes are numbers
// and whose edges are arrays [edge, from, to].
//
// It knows neither tables nor properties. What it does is bounded: a search
// that would go on too long ends with an error that says which bound it met.
package graph

import (
	"fmt"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// The bounds of one search.
const (
	MaxEdges  = 500_000
	MaxPaths  = 200_000
	MaxSteps  = 10_000_000 // edges followed
	MaxLength = 64         // edges of one path
)

// Functions returns the functions of this package.
func Functions() []native.Function {
	d := types.Dynamic
	return []native.Function{
		{Name: "graph_paths", Params: []types.Type{d, d, d, d, d}, Result: d, Call: paths},
		{Name: "graph_components", Params: []types.Type{d, d, types.Bool}, Result: d, Call: components},
		{Name: "graph_pick", Params: []types.Type{d, d}, Result: d, Call: pick},
		{Name: "graph_all", Params: []types.Type{d, d}, Result: types.Bool, Call: all},
		{Name: "graph_any", Params: []types.Type{d, d}, Result: types.Bool, Call: anyOf},
		{Name: "graph_distinct", Params: []types.Type{d}, Result: types.Bool, Call: distinct},
	}
}

type edge struct{ id, from, to int64 }

func readEdges(v any) ([]edge, error) {
	items, _ := v.([]any)
	if len(items) > MaxEdges {
		return nil, fmt.Errorf("the graph has %d edges; a search takes at most %d", len(items), MaxEdges)
	}
	edges := make([]edge, 0, len(items))
	for _, item := range items {
		parts, _ := item.([]any)
		if len(parts) != 3 {
			return nil, fmt.Errorf("an edge has %d parts, not 3", len(parts))
		}
		id, ok1 := parts[0].(int64)
		from, ok2 := parts[1].(int64)
		to, ok3 := parts[2].(int64)
		if ok1 && ok2 && ok3 {
			edges = append(edges, edge{id, from, to})
		}
	}
	return edges, nil
}

// set is a set of nodes; nil is all of them.
type set map[int64]bool

func readSet(v any) set {
	items, ok := v.([]any)
	if !ok {
		return nil
	}
	s := make(set, len(items))
	for _, item := range items {
		if n, ok := item.(int64); ok {
			s[n] = true
		}
	}
	return s
}

func (s set) has(n int64) bool { return s == nil || s[n] }

// pick gives the values at some places of an array.
func pick(args []any) (any, error) {
	values, _ := args[0].([]any)
	places, ok := args[1].([]any)
	if !ok {
		return nil, nil
	}
	picked := make([]any, len(places))
	for i, place := range places {
		if n, ok := place.(int64); ok && n >= 0 && n < int64(len(values)) {
			picked[i] = values[n]
		}
	}
	return picked, nil
}

// all reports whether all values at some places are true.
func all(args []any) (any, error) {
	picked, err := pick(args)
	values, _ := picked.([]any)
	for _, v := range values {
		if v != true {
			return false, err
		}
	}
	return true, err
}

func anyOf(args []any) (any, error) {
	picked, err := pick(args)
	values, _ := picked.([]any)
	for _, v := range values {
		if v == true {
			return true, err
		}
	}
	return false, err
}

// distinct reports whether no number stands twice in an array.
func distinct(args []any) (any, error) {
	items, _ := args[0].([]any)
	seen := make(set, len(items))
	for _, item := range items {
		n, _ := item.(int64)
		if seen[n] {
			return false, nil
		}
		seen[n] = true
	}
	return true, nil
}

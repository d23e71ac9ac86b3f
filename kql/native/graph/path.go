package graph

import (
	"errors"
	"fmt"
	"slices"

	"github.com/quoll/quoll/kql/dynamic"
)

// search looks for paths that leave the nodes of starts.
type search struct {
	low, high   int64
	cycles      string // "all", "none" or "unique_edges"
	shortest    string // "", "any" or "all"
	around      map[int64][]edge
	starts      []int64
	ends, inner set
	followed    int
	now         int // how many paths the starts before have
	found       []any
}

// trail is a path, the last edge first.
type trail struct {
	before *trail
	edge   int64
	node   int64
	length int64
}

// paths gives an array of [start, end, edges, inner nodes]. Its arguments are
// the search, the edges, and the nodes that may be the start, the end and
// between them; null stands for all.
func paths(args []any) (any, error) {
	bag, ok := args[0].(*dynamic.Bag)
	if !ok {
		return nil, errors.New("the search cannot be read")
	}
	edges, err := readEdges(args[1])
	if err != nil {
		return nil, err
	}
	s := &search{around: map[int64][]edge{}, ends: readSet(args[3]), inner: readSet(args[4])}
	low, _ := bag.Get("low")
	high, _ := bag.Get("high")
	s.low, _ = low.(int64)
	s.high, _ = high.(int64)
	s.cycles, s.shortest = word(bag, "cycles"), word(bag, "shortest")
	s.connect(edges, word(bag, "direction"))
	s.begin(edges, readSet(args[2]))
	for _, start := range s.starts {
		if err := s.from(start); err != nil {
			return nil, err
		}
	}
	return s.found, nil
}

func word(bag *dynamic.Bag, key string) string {
	v, _ := bag.Get(key)
	text, _ := v.(string)
	return text
}

// connect makes the edges that can be followed from each node.
func (s *search) connect(edges []edge, direction string) {
	for _, e := range edges {
		if direction != "left" {
			s.around[e.from] = append(s.around[e.from], e)
		}
		if direction == "left" || direction == "any" && e.from != e.to {
			s.around[e.to] = append(s.around[e.to], edge{e.id, e.to, e.from})
		}
	}
}

// begin lists the starts in order. A node without edges matters only to paths
// of no length, whose starts the caller names.
func (s *search) begin(edges []edge, starts set) {
	known := starts
	if known == nil {
		known = make(set, len(edges))
		for _, e := range edges {
			known[e.from], known[e.to] = true, true
		}
	}
	for n := range known {
		s.starts = append(s.starts, n)
	}
	slices.Sort(s.starts)
}

// from goes over the paths from one start, shorter ones first.
func (s *search) from(start int64) error {
	layer := []*trail{{node: start, edge: -1}}
	s.now = len(s.found)
	reached := map[int64]int64{start: 0} // by the shortest length
	for length := int64(0); length <= s.high && len(layer) > 0; length++ {
		if length >= s.low {
			if err := s.emit(layer, start); err != nil {
				return err
			}
		}
		if length == s.high {
			break
		}
		next, err := s.extend(layer, reached)
		if err != nil {
			return err
		}
		layer = next
	}
	return nil
}

// extend follows one more edge from each path.
func (s *search) extend(layer []*trail, reached map[int64]int64) ([]*trail, error) {
	var next []*trail
	for _, t := range layer {
		if t.length > 0 && !s.inner.has(t.node) {
			continue
		}
		for _, e := range s.around[t.node] {
			if s.followed++; s.followed > MaxSteps || len(next) > MaxSteps/10 {
				return nil, errors.New("the search follows too many edges; a smaller upper bound, or conditions on the start and the edges, narrow it")
			}
			if !s.allows(t, e) || !s.nearest(e.to, t.length+1, reached) {
				continue
			}
			next = append(next, &trail{before: t, edge: e.id, node: e.to, length: t.length + 1})
		}
	}
	return next, nil
}

// allows reports whether a path may go on along an edge.
func (s *search) allows(t *trail, e edge) bool {
	if s.cycles == "all" {
		return true
	}
	for ; t != nil; t = t.before {
		if s.cycles == "none" && t.node == e.to || t.edge == e.id {
			return false
		}
	}
	return true
}

// nearest reports whether a path may be one of the shortest.
func (s *search) nearest(node, length int64, reached map[int64]int64) bool {
	if s.shortest == "" || s.low > 1 {
		return true
	}
	known, ok := reached[node]
	if !ok {
		reached[node] = length
		return true
	}
	return known == length && s.shortest == "all"
}

// emit adds the paths of one length. Of the shortest, those to an end that a
// shorter path has reached are left out.
func (s *search) emit(layer []*trail, start int64) error {
	ended := make(set)
	if s.shortest != "" {
		for _, f := range s.found[s.now:] {
			ended[f.([]any)[1].(int64)] = true
		}
	}
	for _, t := range layer {
		if !s.ends.has(t.node) || ended[t.node] {
			continue
		}
		if s.shortest == "any" {
			ended[t.node] = true
		}
		if len(s.found) >= MaxPaths {
			return fmt.Errorf("the search finds more than %d paths; a smaller upper bound, or conditions on the start and the edges, narrow it", MaxPaths)
		}
		s.found = append(s.found, t.result(start))
	}
	return nil
}

func (t *trail) result(start int64) any {
	edges, nodes := make([]any, t.length), make([]any, max(t.length-1, 0))
	end, last := t.node, t.length-1
	for i := last; i >= 0; i-- {
		edges[i] = t.edge
		if i < last {
			nodes[i] = t.node
		}
		t = t.before
	}
	return []any{start, end, edges, nodes}
}

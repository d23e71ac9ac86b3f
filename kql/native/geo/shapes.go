package geo

import (
	"sync"

	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"

	"github.com/quoll/quoll/kql/dynamic"
)

// remembered is how many shapes of each kind are kept.
const remembered = 16

// shapes reads lines and polygons. It keeps the last few, since the same
// constant comes with every row: an argument that is the same object is not
// read again.
type shapes struct {
	ofLines memory[lineSet]
	ofAreas memory[area]
}

func newShapes() *shapes { return &shapes{} }

// memory is a short list of what was read last.
type memory[T any] struct {
	mutex sync.Mutex
	keys  [remembered]*dynamic.Bag
	kept  [remembered]*T
	next  int
}

func (m *memory[T]) find(key *dynamic.Bag) (*T, bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for i, k := range m.keys {
		if k == key {
			return m.kept[i], true
		}
	}
	return nil, false
}

func (m *memory[T]) keep(key *dynamic.Bag, value *T) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.keys[m.next], m.kept[m.next] = key, value
	m.next = (m.next + 1) % remembered
}

// lineSet is a LineString or a MultiLineString.
type lineSet struct {
	parts []s2.Polyline
	outline
}

// lines reads a line; ok is false for what is none.
func (s *shapes) lines(v any) (*lineSet, bool) {
	bag, ok := v.(*dynamic.Bag)
	if !ok {
		return nil, false
	}
	lines, ok := s.ofLines.find(bag)
	if !ok {
		lines = readLines(bag)
		s.ofLines.keep(bag, lines)
	}
	return lines, lines != nil
}

func readLines(bag *dynamic.Bag) *lineSet {
	list, ok := coordinatesOf(bag, "LineString", "MultiLineString")
	if !ok {
		return nil
	}
	lines, total := &lineSet{}, 0
	for _, e := range list {
		at, ok := positions(e)
		if total += len(at); !ok || total > maxVertices {
			return nil
		}
		line := polyline(at)
		if line == nil {
			return nil
		}
		lines.parts = append(lines.parts, line)
	}
	lines.outline = newOutline(lineShapes(lines))
	return lines
}

// polyline makes a line of at least two different points; a point that repeats
// the one before adds nothing. It gives nil when there is no one shortest way.
func polyline(at []s2.LatLng) s2.Polyline {
	var line s2.Polyline
	for _, ll := range at {
		p := s2.PointFromLatLng(ll)
		if n := len(line); n > 0 {
			if line[n-1] == p {
				continue
			}
			if !hasDirection(line[n-1], p) {
				return nil
			}
		}
		line = append(line, p)
	}
	if len(line) < 2 {
		return nil
	}
	return line
}

// length counts what several lines share once.
func (l *lineSet) length() s1.Angle {
	if len(l.parts) == 1 {
		return l.parts[0].Length()
	}
	var sum s1.Angle
	seen := map[s2.Edge]bool{}
	for _, e := range l.all {
		if !seen[e] && !seen[s2.Edge{V0: e.V1, V1: e.V0}] {
			sum += e.V0.Distance(e.V1)
		}
		seen[e] = true
	}
	return sum
}

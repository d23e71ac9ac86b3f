package geo

import (
	"sync"

	"github.com/golang/geo/s2"

	"github.com/quoll/quoll/kql/dynamic"
)

// area is a Polygon or a MultiPolygon. The parts may overlap.
type area struct {
	parts   []*s2.Polygon
	outline // of the parts, the interior on the left
	// whole is the union of the parts, nil when it cannot be computed.
	whole func() *s2.Polygon
}

// area reads a polygon; ok is false for what is none.
func (s *shapes) area(v any) (*area, bool) {
	bag, ok := v.(*dynamic.Bag)
	if !ok {
		return nil, false
	}
	a, ok := s.ofAreas.find(bag)
	if !ok {
		a = readArea(bag)
		s.ofAreas.keep(bag, a)
	}
	return a, a != nil
}

func readArea(bag *dynamic.Bag) *area {
	list, ok := coordinatesOf(bag, "Polygon", "MultiPolygon")
	if !ok {
		return nil
	}
	var parts []*s2.Polygon
	total := 0
	for _, e := range list {
		part := readPolygon(e)
		if part == nil {
			return nil
		}
		if total += part.NumEdges(); total > maxVertices {
			return nil
		}
		parts = append(parts, part)
	}
	return newArea(parts)
}

func newArea(parts []*s2.Polygon) *area {
	return &area{parts: parts, outline: newOutline(polygonShapes(parts)), whole: sync.OnceValue(func() *s2.Polygon { return union(parts) })}
}

// readPolygon reads a shell and its holes; nil for what is no polygon.
func readPolygon(v any) *s2.Polygon {
	rings, ok := v.([]any)
	if !ok || len(rings) == 0 {
		return nil
	}
	var loops []*s2.Loop
	total := 0
	for _, e := range rings {
		at, ok := positions(e)
		if total += len(at); !ok || total > maxVertices {
			return nil
		}
		loop := ring(at)
		if loop == nil {
			return nil
		}
		loops = append(loops, loop)
	}
	p := s2.PolygonFromLoops(loops)
	if crossesItself(p) {
		return nil
	}
	return p
}

// ring makes a loop around the smaller of the two regions that a closed ring of
// distinct vertices divides the sphere into; nil for what is no such ring.
func ring(at []s2.LatLng) *s2.Loop {
	n := len(at) - 1
	if n < 3 || at[0] != at[n] {
		return nil
	}
	points := make([]s2.Point, n)
	seen := make(map[s2.Point]bool, n)
	for i := range points {
		p := s2.PointFromLatLng(at[i])
		if seen[p] || i > 0 && !hasDirection(points[i-1], p) {
			return nil
		}
		seen[p] = true
		points[i] = p
	}
	if !hasDirection(points[n-1], points[0]) {
		return nil
	}
	loop := s2.LoopFromPoints(points)
	loop.Normalize()
	return loop
}

// fewEdges is up to where comparing every pair is faster than an index.
const fewEdges = 24

func crossesItself(p *s2.Polygon) bool {
	n := p.NumEdges()
	if n <= fewEdges {
		for i := range n {
			a := p.Edge(i)
			for j := range i {
				b := p.Edge(j)
				if s2.CrossingSign(a.V0, a.V1, b.V0, b.V1) == s2.Cross {
					return true
				}
			}
		}
		return false
	}
	index := s2.NewShapeIndex()
	index.Add(p)
	query := s2.NewCrossingEdgeQuery(index)
	for i := range n {
		e := p.Edge(i)
		if len(query.Crossings(e.V0, e.V1, p, s2.CrossingTypeInterior)) > 0 {
			return true
		}
	}
	return false
}

func (a *area) contains(p s2.Point) bool {
	for _, part := range a.parts {
		if part.ContainsPoint(p) {
			return true
		}
	}
	return false
}

// surface is the sum over the parts in square metres, which is not less than
// the area.
func (a *area) surface() float64 {
	var sum float64
	for _, part := range a.parts {
		sum += part.Area()
	}
	return sum * earthRadius * earthRadius
}

// perimeter is the sum over the parts in metres.
func (a *area) perimeter() float64 {
	var sum float64
	for _, e := range a.all {
		sum += metres(e.V0.Distance(e.V1))
	}
	return sum
}

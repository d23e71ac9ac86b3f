package geo

import (
	"math"
	"slices"

	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"
)

const (
	// maxCrossings bounds how often edges may cross each other.
	maxCrossings = 500_000
	// together is how near points are, in radians, that count as one: some
	// sixty nanometres, well above the error of an intersection.
	together = 1e-14
)

// union joins polygons; nil when they cross too often. Like S2 it joins the two
// with the fewest vertices first, which decides where the rings begin.
func union(parts []*s2.Polygon) *s2.Polygon {
	type sized struct {
		polygon *s2.Polygon
		size    int
	}
	var queue []sized
	add := func(s sized) {
		at := len(queue)
		for at > 0 && queue[at-1].size > s.size {
			at--
		}
		queue = slices.Insert(queue, at, s)
	}
	for _, p := range parts {
		add(sized{p, p.NumEdges()})
	}
	for len(queue) > 1 {
		a, b := queue[0], queue[1]
		joined := overlay([]*s2.Polygon{a.polygon, b.polygon}, func(n int) bool { return n > 0 })
		if joined == nil {
			return nil
		}
		queue = queue[2:]
		add(sized{joined, a.size + b.size})
	}
	if len(queue) == 0 {
		return nil
	}
	return queue[0].polygon
}

// overlay lays polygons over each other and gives the region of the points
// that lie in so many of them as keep accepts.
func overlay(regions []*s2.Polygon, keep func(count int) bool) *s2.Polygon {
	o := newOverlay(polygonShapes(regions))
	if !o.split() {
		return nil
	}
	return o.result(keep)
}

// result is the region of the points that lie in so many regions as keep accepts.
func (o *overlaid) result(keep func(count int) bool) *s2.Polygon {
	var kept []arc
	for _, piece := range o.pieces() {
		left, right := o.sides(piece)
		switch {
		case keep(left) && !keep(right):
			kept = append(kept, arc{piece.from, piece.to, piece.source})
		case keep(right) && !keep(left):
			kept = append(kept, arc{piece.to, piece.from, piece.source})
		}
	}
	return s2.PolygonFromOrientedLoops(o.loops(kept))
}

func polygonShapes(polygons []*s2.Polygon) []s2.Shape {
	list := make([]s2.Shape, len(polygons))
	for i, p := range polygons {
		list[i] = p
	}
	return list
}

func lineShapes(l *lineSet) []s2.Shape {
	list := make([]s2.Shape, len(l.parts))
	for i := range l.parts {
		list[i] = &l.parts[i]
	}
	return list
}

// edge is an edge of a region, the interior on its left, and where it is cut.
type edge struct {
	region   int
	from, to int
	cuts     []int
}

// arc is a directed piece of a boundary; source is the last edge that it is
// part of.
type arc struct{ from, to, source int }

// overlaid is an arrangement of regions, which are polygons or lines: vertices
// with numbers, the edges between them, and an index of the regions.
type overlaid struct {
	regions  []s2.Shape
	vertices vertices
	edges    []edge
	first    []int // the number of the first edge of each region
	index    *s2.ShapeIndex
}

func newOverlay(regions []s2.Shape) *overlaid {
	o := &overlaid{regions: regions, vertices: newVertices(), index: s2.NewShapeIndex()}
	for i, r := range regions {
		o.index.Add(r)
		o.first = append(o.first, len(o.edges))
		for e := range r.NumEdges() {
			ends := r.Edge(e)
			o.edges = append(o.edges, edge{region: i, from: o.vertices.number(ends.V0), to: o.vertices.number(ends.V1)})
		}
	}
	return o
}

// split cuts the edges where they cross each other and where they pass through
// a vertex; false when there is too much of it.
func (o *overlaid) split() bool {
	return o.cutAtCrossings() && o.cutAtVertices()
}

func (o *overlaid) cutAtCrossings() bool {
	crossings := 0
	query := s2.NewCrossingEdgeQuery(o.index)
	for i := range o.edges {
		e := &o.edges[i]
		a, b := o.vertices.at[e.from], o.vertices.at[e.to]
		for region, shape := range o.regions {
			if region == e.region {
				continue
			}
			for _, j := range query.Crossings(a, b, shape, s2.CrossingTypeInterior) {
				j += o.first[region]
				if j < i {
					continue // seen from the other side
				}
				if crossings++; crossings > maxCrossings {
					return false
				}
				other := &o.edges[j]
				v := o.vertices.number(s2.Intersection(a, b, o.vertices.at[other.from], o.vertices.at[other.to]))
				e.cuts, other.cuts = append(e.cuts, v), append(other.cuts, v)
			}
		}
	}
	return true
}

func (o *overlaid) cutAtVertices() bool {
	limit := s1.ChordAngleFromAngle(2 * together)
	options := s2.NewClosestEdgeQueryOptions().DistanceLimit(limit).MaxResults(math.MaxInt32).IncludeInteriors(false)
	query := s2.NewClosestEdgeQuery(o.index, options)
	cuts := 0
	for v, p := range o.vertices.at {
		for _, found := range query.FindEdges(s2.NewMinDistanceToPointTarget(p)) {
			e := &o.edges[o.first[found.ShapeID()]+int(found.EdgeID())]
			if e.from == v || e.to == v || slices.Contains(e.cuts, v) {
				continue
			}
			if cuts++; cuts > maxCrossings {
				return false
			}
			e.cuts = append(e.cuts, v)
		}
	}
	return true
}

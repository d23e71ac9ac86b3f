package geo

import (
	"sync"

	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"
)

// manyEdges is from where an index finds the nearest edge faster than a look at
// each.
const manyEdges = 5000

// outline is the edges of some shapes, and an index of them that is made when
// it is needed.
type outline struct {
	all   []s2.Edge
	index func() *s2.ShapeIndex
}

func newOutline(shapes []s2.Shape) outline {
	var o outline
	for _, shape := range shapes {
		for i := range shape.NumEdges() {
			o.all = append(o.all, shape.Edge(i))
		}
	}
	o.index = sync.OnceValue(func() *s2.ShapeIndex {
		index := s2.NewShapeIndex()
		for _, shape := range shapes {
			index.Add(shape)
		}
		index.Build()
		return index
	})
	return o
}

// nearest is the point of the edges that is nearest to p, and its distance.
func (o *outline) nearest(p s2.Point) (closest s2.Point, distance s1.Angle) {
	e := o.nearestEdge(p)
	return s2.Project(p, e.V0, e.V1), s2.DistanceFromSegment(p, e.V0, e.V1)
}

func (o *outline) nearestEdge(p s2.Point) s2.Edge {
	if len(o.all) >= manyEdges {
		options := s2.NewClosestEdgeQueryOptions().MaxResults(1).IncludeInteriors(false)
		for _, found := range s2.NewClosestEdgeQuery(o.index(), options).FindEdges(s2.NewMinDistanceToPointTarget(p)) {
			return o.index().Shape(found.ShapeID()).Edge(int(found.EdgeID()))
		}
	}
	at, best := 0, s1.InfChordAngle()
	for i, e := range o.all {
		if d, less := s2.UpdateMinDistance(p, e.V0, e.V1, best); less {
			at, best = i, d
		}
	}
	return o.all[at]
}

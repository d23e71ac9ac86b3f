package geo

import (
	"math"

	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

const (
	// maxCorners bounds the corners of a full circle.
	maxCorners = 2000
	// maxBuffered bounds the corners of all circles together.
	maxBuffered = 150_000
)

func bufferFunctions(s *shapes) []native.Function {
	const real, shape = types.Real, types.Dynamic
	return []native.Function{
		optional("geo_point_buffer", shape, pointBuffer, real, real, real, real),
		optional("geo_line_buffer", shape, s.lineBuffer, shape, real, real),
		optional("geo_polygon_buffer", shape, s.polygonBuffer, shape, real, real),
	}
}

// radiusAndTolerance reads how far to reach, and how far from the circle its
// polygon may be.
func radiusAndTolerance(args []any, i int) (radius, tolerance float64, ok bool) {
	radius, ok1 := args[i].(float64)
	tolerance, ok2 := distance(args, i+1, 10)
	// A quarter of the Earth: what is farther is rather around the other side.
	ok = ok1 && ok2 && radius > 0 && radius < earthRadius*math.Pi/2 && tolerance > 0
	return radius, min(tolerance, radius), ok
}

func pointBuffer(args []any) any {
	p, ok1 := pointArg(args, 0)
	radius, tolerance, ok2 := radiusAndTolerance(args, 2)
	if !ok1 || !ok2 {
		return nil
	}
	reach, corners := circle(radius, tolerance)
	loop := s2.LoopFromPoints(bow(p, 0, reach, corners, corners))
	return polygonJSON(s2.PolygonFromLoops([]*s2.Loop{loop}))
}

func (s *shapes) lineBuffer(args []any) any {
	l, ok1 := s.lines(args[0])
	radius, tolerance, ok2 := radiusAndTolerance(args, 1)
	if !ok1 || !ok2 {
		return nil
	}
	return bufferJSON(buffer(nil, l.all, radius, tolerance))
}

func (s *shapes) polygonBuffer(args []any) any {
	a, ok1 := s.area(args[0])
	radius, tolerance, ok2 := radiusAndTolerance(args, 1)
	if !ok1 || !ok2 {
		return nil
	}
	return bufferJSON(buffer(a.parts, a.all, radius, tolerance))
}

func bufferJSON(p *s2.Polygon) any {
	if p == nil {
		return nil
	}
	return polygonJSON(p)
}

// circle chooses a regular polygon around a circle, none of whose corners are
// farther from the circle than the tolerance: how far the corners are from the
// centre, and how many they are.
func circle(radius, tolerance float64) (reach s1.Angle, corners int) {
	inner, outer := radius/earthRadius, min(radius+tolerance, earthRadius*math.Pi/2*0.999)/earthRadius
	half := math.Acos(min(1, math.Tan(inner)/math.Tan(outer)))
	corners = maxCorners
	if half > math.Pi/maxCorners {
		corners = max(8, int(math.Ceil(math.Pi/half)))
	}
	corners += corners % 2
	return s1.Angle(math.Atan(math.Tan(inner) / math.Cos(math.Pi/float64(corners)))), corners
}

// bow gives count points at a distance from a centre, counterclockwise from a
// direction, which is clockwise from north.
func bow(center s2.Point, from float64, reach s1.Angle, corners, count int) []s2.Point {
	points := make([]s2.Point, count)
	north := northOf(center)
	east := north.Cross(center.Vector)
	for i := range points {
		sin, cos := math.Sincos(from - 2*math.Pi*float64(i)/float64(corners))
		to := s2.Point{Vector: north.Mul(cos).Add(east.Mul(sin))}
		points[i] = s2.Point{Vector: center.Mul(math.Cos(reach.Radians())).Add(to.Mul(math.Sin(reach.Radians()))).Normalize()}
	}
	return points
}

// northOf is the direction of north at a point; at a pole it is some direction.
func northOf(p s2.Point) s2.Point {
	pole := s2.PointFromCoords(0, 0, 1)
	if math.Hypot(p.X, p.Y) < 1e-15 {
		return s2.PointFromCoords(-p.Z, 0, 0)
	}
	return s2.Point{Vector: pole.Sub(p.Mul(p.Z)).Normalize()}
}

// buffer is the union of polygons with what is within a radius of edges; nil
// when it is too much.
func buffer(parts []*s2.Polygon, edges []s2.Edge, radius, tolerance float64) *s2.Polygon {
	reach, corners := circle(radius, tolerance)
	all := append([]*s2.Polygon(nil), parts...)
	for _, e := range edges {
		// Along a longer edge the sides would be too far off in the middle.
		count := int(math.Ceil(e.V0.Distance(e.V1).Radians() * float64(corners) / (2 * math.Pi)))
		for i := range count {
			piece := s2.Edge{V0: along(e, i, count), V1: along(e, i+1, count)}
			all = append(all, capsule(piece, reach, corners))
			if len(all)*corners > maxBuffered {
				return nil
			}
		}
	}
	return union(all)
}

// along is the point after i of n equal pieces of an edge.
func along(e s2.Edge, i, n int) s2.Point {
	switch i {
	case 0:
		return e.V0
	case n:
		return e.V1
	}
	return s2.Interpolate(float64(i)/float64(n), e.V0, e.V1)
}

// capsule is a polygon around what is within reach of an edge: half a circle at
// either end.
func capsule(e s2.Edge, reach s1.Angle, corners int) *s2.Polygon {
	half := corners/2 + 1
	start := bow(e.V0, bearing(e.V0, e.V1)-math.Pi/2, reach, corners, half)
	end := bow(e.V1, bearing(e.V1, e.V0)-math.Pi/2, reach, corners, half)
	return s2.PolygonFromLoops([]*s2.Loop{s2.LoopFromPoints(append(start, end...))})
}

// bearing is the direction from a to b in terms of northOf.
func bearing(a, b s2.Point) float64 {
	north := northOf(a)
	east := north.Cross(a.Vector)
	return math.Atan2(b.Dot(east), b.Dot(north.Vector))
}

package geo

import (
	"github.com/golang/geo/r3"
	"github.com/golang/geo/s2"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

func polygonFunctions(s *shapes) []native.Function {
	const real, shape = types.Real, types.Dynamic
	return []native.Function{
		function("geo_polygon_area", real, s.polygonArea, shape),
		function("geo_polygon_perimeter", real, s.polygonPerimeter, shape),
		function("geo_polygon_centroid", shape, s.polygonCentroid, shape),
		function("geo_polygon_densify", shape, s.polygonDensify, shape, real, types.Bool),
		optional("geo_polygon_simplify", shape, s.polygonSimplify, shape, real),
		optional("geo_simplify_polygons_array", shape, s.simplifyPolygons, shape, real),
	}
}

// merged reads a polygon, the parts of a MultiPolygon made one.
func (s *shapes) merged(v any) (*s2.Polygon, bool) {
	a, ok := s.area(v)
	if !ok {
		return nil, false
	}
	whole := a.whole()
	return whole, whole != nil
}

func (s *shapes) polygonArea(args []any) any {
	p, ok := s.merged(args[0])
	if !ok {
		return nil
	}
	return p.Area() * earthRadius * earthRadius
}

func (s *shapes) polygonPerimeter(args []any) any {
	p, ok := s.merged(args[0])
	if !ok {
		return nil
	}
	return newArea([]*s2.Polygon{p}).perimeter()
}

func (s *shapes) polygonCentroid(args []any) any {
	p, ok := s.merged(args[0])
	if !ok {
		return nil
	}
	var sum r3.Vector
	for _, l := range p.Loops() {
		sum = sum.Add(l.Centroid().Mul(float64(l.Sign())))
	}
	return centroid(sum)
}

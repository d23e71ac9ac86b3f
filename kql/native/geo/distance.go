package geo

import (
	"github.com/golang/geo/s2"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

func distanceFunctions(s *shapes) []native.Function {
	const real, boolean, shape = types.Real, types.Bool, types.Dynamic
	return []native.Function{
		function("geo_point_in_polygon", boolean, s.pointInPolygon, real, real, shape),
		function("geo_distance_point_to_line", real, s.distanceToLine, real, real, shape),
		function("geo_distance_point_to_polygon", real, s.distanceToPolygon, real, real, shape),
		function("geo_closest_point_on_line", shape, s.closestOnLine, real, real, shape),
		function("geo_closest_point_on_polygon", shape, s.closestOnPolygon, real, real, shape),
	}
}

func (s *shapes) pointAndArea(args []any) (s2.Point, *area, bool) {
	p, ok := pointArg(args, 0)
	if !ok {
		return p, nil, false
	}
	a, ok := s.area(args[2])
	return p, a, ok
}

func (s *shapes) pointAndLines(args []any) (s2.Point, *lineSet, bool) {
	p, ok := pointArg(args, 0)
	if !ok {
		return p, nil, false
	}
	l, ok := s.lines(args[2])
	return p, l, ok
}

func (s *shapes) pointInPolygon(args []any) any {
	p, a, ok := s.pointAndArea(args)
	if !ok {
		return nil
	}
	return a.contains(p)
}

func (s *shapes) distanceToLine(args []any) any {
	p, l, ok := s.pointAndLines(args)
	if !ok {
		return nil
	}
	_, d := l.nearest(p)
	return metres(d)
}

func (s *shapes) distanceToPolygon(args []any) any {
	p, a, ok := s.pointAndArea(args)
	if !ok {
		return nil
	}
	if a.contains(p) {
		return 0.0
	}
	_, d := a.nearest(p)
	return metres(d)
}

func (s *shapes) closestOnLine(args []any) any {
	p, l, ok := s.pointAndLines(args)
	if !ok {
		return nil
	}
	closest, _ := l.nearest(p)
	return pointOf(s2.LatLngFromPoint(closest))
}

func (s *shapes) closestOnPolygon(args []any) any {
	p, a, ok := s.pointAndArea(args)
	if !ok {
		return nil
	}
	if !a.contains(p) {
		p, _ = a.nearest(p)
	}
	return pointOf(s2.LatLngFromPoint(p))
}

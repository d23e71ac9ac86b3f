package geo

import (
	"github.com/golang/geo/r3"
	"github.com/golang/geo/s2"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

func lineFunctions(s *shapes) []native.Function {
	const real, shape = types.Real, types.Dynamic
	return []native.Function{
		function("geo_line_length", real, s.lineLength, shape),
		function("geo_line_centroid", shape, s.lineCentroid, shape),
		function("geo_line_densify", shape, lineDensify, shape, real, types.Bool),
		optional("geo_line_simplify", shape, s.lineSimplify, shape, real),
		function("geo_line_interpolate_point", shape, s.interpolatePoint, shape, real),
		function("geo_line_locate_point", real, s.locatePoint, shape, real, real),
	}
}

func (s *shapes) lineLength(args []any) any {
	l, ok := s.lines(args[0])
	if !ok {
		return nil
	}
	return metres(l.length())
}

// lineCentroid is the mean of the points of a line, brought to the surface.
func (s *shapes) lineCentroid(args []any) any {
	l, ok := s.lines(args[0])
	if !ok {
		return nil
	}
	var sum r3.Vector
	seen := map[s2.Edge]bool{}
	for _, e := range l.all {
		if seen[e] || seen[s2.Edge{V0: e.V1, V1: e.V0}] {
			continue
		}
		seen[e] = true
		sum = sum.Add(s2.EdgeTrueCentroid(e.V0, e.V1).Vector)
	}
	return centroid(sum)
}

func centroid(sum r3.Vector) any {
	if sum.Norm2() == 0 {
		return nil
	}
	return pointOf(s2.LatLngFromPoint(s2.Point{Vector: sum.Normalize()}))
}

// oneLine reads a LineString, or a MultiLineString of one line.
func (s *shapes) oneLine(v any) (s2.Polyline, bool) {
	l, ok := s.lines(v)
	if !ok || len(l.parts) != 1 {
		return nil, false
	}
	return l.parts[0], true
}

func (s *shapes) interpolatePoint(args []any) any {
	line, ok1 := s.oneLine(args[0])
	fraction, ok2 := args[1].(float64)
	if !ok1 || !ok2 || !(fraction >= 0 && fraction <= 1) {
		return nil
	}
	p, _ := line.Interpolate(fraction)
	return pointOf(s2.LatLngFromPoint(p))
}

func (s *shapes) locatePoint(args []any) any {
	line, ok1 := s.oneLine(args[0])
	p, ok2 := pointArg(args, 1)
	if !ok1 || !ok2 {
		return nil
	}
	closest, next := line.Project(p)
	return line.Uninterpolate(closest, next)
}

package geo

import (
	"math"

	"github.com/golang/geo/s2"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// The sides of the rectangle around a shape, as quoll_geo_bound() numbers them.
const (
	south = iota
	north
	west
	east
)

// boundsFunctions are the compiler's own, for the lookup plugins: comparisons
// with the rectangle around a shape spare most of the work.
func boundsFunctions(s *shapes) []native.Function {
	return []native.Function{function("quoll_geo_bound", types.Real, s.bound, types.Dynamic, types.Real, types.Long)}
}

// bound gives one side of a rectangle around what is within a radius of a line
// or polygon, in degrees. The rectangle is not the smallest.
func (s *shapes) bound(args []any) any {
	rect, ok := s.rect(args[0])
	radius, ok2 := args[1].(float64)
	side, ok3 := args[2].(int64)
	if !ok || !ok2 || !ok3 {
		return nil
	}
	const margin = 1e-6 // degrees, for what is rounded
	reach := math.Abs(radius)/earthRadius*180/math.Pi + margin
	low, high := rect.Lo().Lat.Degrees()-reach, rect.Hi().Lat.Degrees()+reach
	switch side {
	case south:
		return low
	case north:
		return high
	}
	left, right := rect.Lo().Lng.Degrees(), rect.Hi().Lng.Degrees()
	widest := math.Max(math.Abs(low), math.Abs(high))
	if widest < 90 {
		aside := math.Asin(math.Min(1, math.Sin(math.Min(reach, 90)*math.Pi/180)/math.Cos(widest*math.Pi/180))) * 180 / math.Pi
		left, right = left-aside, right+aside
	}
	if widest >= 90 || rect.Lng.IsInverted() || rect.Lng.IsFull() || left < -180 || right > 180 {
		left, right = -180, 180
	}
	if side == west {
		return left
	}
	return right
}

func (s *shapes) rect(v any) (s2.Rect, bool) {
	rect := s2.EmptyRect()
	if a, ok := s.area(v); ok {
		for _, p := range a.parts {
			rect = rect.Union(p.RectBound())
		}
		return rect, true
	}
	l, ok := s.lines(v)
	if !ok {
		return rect, false
	}
	for i := range l.parts {
		rect = rect.Union(l.parts[i].RectBound())
	}
	return rect, true
}

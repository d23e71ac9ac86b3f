package geo

import (
	"math"

	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"

	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

func pointFunctions() []native.Function {
	const real = types.Real
	return []native.Function{
		function("geo_distance_2points", real, distance2Points, real, real, real, real),
		function("geo_point_in_circle", types.Bool, pointInCircle, real, real, real, real, real),
		function("geo_azimuth", real, azimuthOf, real, real, real, real),
		function("geo_angle", real, angleOf, real, real, real, real, real, real),
	}
}

// latLng reads a longitude and a latitude in degrees.
func latLng(lng, lat any) (s2.LatLng, bool) {
	x, ok1 := dynamic.Real(lng)
	y, ok2 := dynamic.Real(lat)
	if !ok1 || !ok2 || !(math.Abs(x) <= 180) || !(math.Abs(y) <= 90) {
		return s2.LatLng{}, false
	}
	return s2.LatLngFromDegrees(y, x), true
}

// pointArg reads a point from two arguments.
func pointArg(args []any, i int) (s2.Point, bool) {
	ll, ok := latLng(args[i], args[i+1])
	return s2.PointFromLatLng(ll), ok
}

// metres converts an angle at the centre of the Earth.
func metres(a s1.Angle) float64 { return a.Radians() * earthRadius }

// angle converts a distance on the Earth.
func angle(metres float64) s1.Angle { return s1.Angle(metres / earthRadius) }

func distance2Points(args []any) any {
	a, ok1 := latLng(args[0], args[1])
	b, ok2 := latLng(args[2], args[3])
	if !ok1 || !ok2 {
		return nil
	}
	return metres(a.Distance(b))
}

func pointInCircle(args []any) any {
	a, ok1 := latLng(args[0], args[1])
	b, ok2 := latLng(args[2], args[3])
	radius, ok3 := args[4].(float64)
	if !ok1 || !ok2 || !ok3 || !(radius >= 0) {
		return nil
	}
	return metres(a.Distance(b)) <= radius
}

func azimuthOf(args []any) any {
	a, ok1 := pointArg(args, 0)
	b, ok2 := pointArg(args, 2)
	if !ok1 || !ok2 || !hasDirection(a, b) {
		return nil
	}
	return azimuth(a, b)
}

func angleOf(args []any) any {
	a, ok1 := pointArg(args, 0)
	b, ok2 := pointArg(args, 2)
	c, ok3 := pointArg(args, 4)
	if !ok1 || !ok2 || !ok3 || !hasDirection(a, b) || !hasDirection(b, c) {
		return nil
	}
	return turn(azimuth(b, c) - azimuth(b, a))
}

// hasDirection says whether there is one shortest way from a to b.
func hasDirection(a, b s2.Point) bool {
	return a != b && a.Add(b.Vector).Norm2() > 1e-28
}

// azimuth is the direction from a to b, clockwise from north, from 0 to 2π.
func azimuth(a, b s2.Point) float64 {
	la, lb := s2.LatLngFromPoint(a), s2.LatLngFromPoint(b)
	sin, cos := math.Sincos((lb.Lng - la.Lng).Radians())
	sinA, cosA := math.Sincos(la.Lat.Radians())
	sinB, cosB := math.Sincos(lb.Lat.Radians())
	return turn(math.Atan2(sin*cosB, cosA*sinB-sinA*cosB*cos))
}

// turn brings an angle to [0, 2π).
func turn(radians float64) float64 {
	radians = math.Mod(radians, 2*math.Pi)
	if radians < 0 {
		radians += 2 * math.Pi
	}
	if radians >= 2*math.Pi { // a rounded sum
		return 0
	}
	return radians
}

package geo

import (
	"math"

	"github.com/golang/geo/s2"
)

const (
	// maxDensified is Kusto's limit for the vertices of the result; a quarter
	// of it is what a dynamic value can hold.
	maxDensified = 1048576 / 4
	// atFraction is where along an edge the plane and the sphere are compared,
	// and errorScale what the difference there is to the greatest one: the
	// figures of S2's tessellator.
	atFraction = 0.31215691082248312
	errorScale = 0.83829992569888509
)

func lineDensify(args []any) any {
	d, ok := newDensifier(args)
	list, ok2 := coordinatesOf(args[0], "LineString", "MultiLineString")
	if !ok || !ok2 {
		return nil
	}
	lines := make([]any, len(list))
	for i, e := range list {
		at, ok := positions(e)
		if !ok || polyline(at) == nil {
			return nil
		}
		if lines[i], ok = d.densify(at); !ok {
			return nil
		}
	}
	return like(args[0], lines)
}

func (s *shapes) polygonDensify(args []any) any {
	d, ok := newDensifier(args)
	if _, valid := s.area(args[0]); !ok || !valid {
		return nil
	}
	list, _ := coordinatesOf(args[0], "Polygon", "MultiPolygon")
	polygons := make([]any, len(list))
	for i, e := range list {
		var rings []any
		for _, r := range e.([]any) {
			at, _ := positions(r)
			ring, ok := d.densify(at)
			if !ok {
				return nil
			}
			rings = append(rings, ring)
		}
		polygons[i] = rings
	}
	return like(args[0], polygons)
}

// like makes a geometry of the same kind: list is as coordinatesOf gave it.
func like(v any, list []any) any {
	for _, kind := range []string{"LineString", "Polygon"} {
		if _, ok := coordinatesOf(v, kind, ""); ok {
			return geoJSON(kind, list[0])
		}
		if _, ok := coordinatesOf(v, "", "Multi"+kind); ok {
			return geoJSON("Multi"+kind, list)
		}
	}
	return nil
}

// densifier adds points to edges that are straight on the map, until great
// circles between them are as near to the map's lines as asked.
type densifier struct {
	tolerance float64 // radians
	keep      bool    // edges cross the 180th meridian only where they are written so
	count     int
}

// newDensifier reads the tolerance and preserve_crossing behind the shape.
func newDensifier(args []any) (*densifier, bool) {
	d := &densifier{tolerance: 10}
	if t, given := args[1].(float64); given {
		d.tolerance = t
	}
	d.keep, _ = args[2].(bool)
	ok := d.tolerance >= 0.1 && d.tolerance <= 10000
	d.tolerance = d.tolerance / earthRadius * errorScale
	return d, ok
}

func (d *densifier) densify(at []s2.LatLng) ([]any, bool) {
	list := []any{position(degrees(at[0]))}
	for i := 1; i < len(at); i++ {
		x0, y0 := degrees(at[i-1])
		x1, y1 := degrees(at[i])
		if x1-x0 > 180 && !d.keep {
			x1 -= 360
		} else if x1-x0 < -180 && !d.keep {
			x1 += 360
		}
		list = d.split(list, x0, y0, x1, y1)
		if d.count > maxDensified {
			return nil, false
		}
		list = append(list, position(degrees(at[i])))
	}
	return list, true
}

func degrees(ll s2.LatLng) (lng, lat float64) {
	return tidy(ll.Lng.Degrees()), tidy(ll.Lat.Degrees())
}

// tidy takes away what the conversion to radians and back added, since Kusto
// gives the vertices of the input as they were written.
func tidy(degrees float64) float64 {
	const scale = 1e13
	return math.Round(degrees*scale) / scale
}

// split appends the points between two ends, both left out.
func (d *densifier) split(list []any, x0, y0, x1, y1 float64) []any {
	if d.near(x0, y0, x1, y1) || d.count > maxDensified {
		return list
	}
	d.count++
	x, y := (x0+x1)/2, (y0+y1)/2
	list = d.split(list, x0, y0, x, y)
	list = append(list, position(wrap(x), y))
	return d.split(list, x, y, x1, y1)
}

func (d *densifier) near(x0, y0, x1, y1 float64) bool {
	a, b := onSphere(x0, y0), onSphere(x1, y1)
	if a.Dot(b.Vector) < -1e-14 || math.Abs(x1-x0) >= 180 {
		return false
	}
	for _, t := range [2]float64{atFraction, 1 - atFraction} {
		p := s2.Interpolate(t, a, b)
		if p.Distance(onSphere(x0+t*(x1-x0), y0+t*(y1-y0))).Radians() > d.tolerance {
			return false
		}
	}
	return true
}

func onSphere(lng, lat float64) s2.Point { return s2.PointFromLatLng(s2.LatLngFromDegrees(lat, lng)) }

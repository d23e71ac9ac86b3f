package geo

import (
	"math"

	"github.com/golang/geo/s2"

	"github.com/quoll/quoll/kql/dynamic"
)

// maxVertices bounds the vertices of one argument.
const maxVertices = 200_000

// geoJSON makes a geometry. Kusto writes the members in this order.
func geoJSON(kind string, coordinates any) *dynamic.Bag {
	b := dynamic.NewBag()
	b.Set("type", kind)
	b.Set("coordinates", coordinates)
	return b
}

func collection(geometries []any) *dynamic.Bag {
	b := dynamic.NewBag()
	b.Set("type", "GeometryCollection")
	b.Set("geometries", geometries)
	return b
}

// number writes whole degrees without a fraction, as Kusto does.
func number(f float64) any {
	if f == math.Trunc(f) {
		return int64(f)
	}
	return f
}

func position(lng, lat float64) []any { return []any{number(lng), number(lat)} }

func pointJSON(lng, lat float64) *dynamic.Bag { return geoJSON("Point", position(lng, lat)) }

func pointOf(ll s2.LatLng) *dynamic.Bag { return pointJSON(ll.Lng.Degrees(), ll.Lat.Degrees()) }

// positionOf writes a point on the sphere.
func positionOf(p s2.Point) []any {
	ll := s2.LatLngFromPoint(p)
	return position(ll.Lng.Degrees(), ll.Lat.Degrees())
}

func positionsOf(points []s2.Point) []any {
	list := make([]any, len(points))
	for i, p := range points {
		list[i] = positionOf(p)
	}
	return list
}

// linesJSON writes lines as a LineString, or as a MultiLineString when there is
// not just one.
func linesJSON(lines []s2.Polyline) *dynamic.Bag {
	list := make([]any, len(lines))
	for i, l := range lines {
		list[i] = positionsOf(l)
	}
	if len(list) == 1 {
		return geoJSON("LineString", list[0])
	}
	return geoJSON("MultiLineString", list)
}

// polygonJSON writes a polygon: a Polygon when it has one shell, else a
// MultiPolygon. It gives nil for the empty polygon.
func polygonJSON(p *s2.Polygon) any {
	var polygons []any
	at := map[int]int{} // the polygon of a shell
	for i := 0; i < p.NumLoops(); i++ {
		ring := ringOf(p.Loop(i))
		if parent, ok := p.Parent(i); ok && p.Loop(i).IsHole() {
			polygons[at[parent]] = append(polygons[at[parent]].([]any), ring)
			continue
		}
		at[i] = len(polygons)
		polygons = append(polygons, []any{ring})
	}
	switch len(polygons) {
	case 0:
		return nil
	case 1:
		return geoJSON("Polygon", polygons[0])
	}
	return geoJSON("MultiPolygon", polygons)
}

// ringOf writes a ring, the interior of the polygon on its left. A hole's loop
// is kept the other way round, and written from the same vertex.
func ringOf(l *s2.Loop) []any {
	n := l.NumVertices()
	ring := make([]any, 0, n+1)
	for i := 0; i <= n; i++ {
		ring = append(ring, positionOf(l.OrientedVertex(i%n)))
	}
	return ring
}

// coordinatesOf returns the coordinates of a geometry of one of two kinds, as a
// list of those of the first kind.
func coordinatesOf(v any, single, several string) ([]any, bool) {
	bag, ok := v.(*dynamic.Bag)
	if !ok {
		return nil, false
	}
	kind, _ := bag.Get("type")
	value, _ := bag.Get("coordinates")
	list, ok := value.([]any)
	switch {
	case !ok || len(list) == 0:
		return nil, false
	case kind == single:
		return []any{list}, true
	case kind == several:
		return list, true
	}
	return nil, false
}

// positions reads a list of [longitude, latitude]; a height is ignored.
func positions(v any) ([]s2.LatLng, bool) {
	list, ok := v.([]any)
	if !ok || len(list) > maxVertices {
		return nil, false
	}
	points := make([]s2.LatLng, len(list))
	for i, e := range list {
		pair, ok := e.([]any)
		if !ok || len(pair) < 2 {
			return nil, false
		}
		if points[i], ok = latLng(pair[0], pair[1]); !ok {
			return nil, false
		}
	}
	return points, true
}

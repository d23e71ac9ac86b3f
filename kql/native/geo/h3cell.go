package geo

import (
	"math"
	"strconv"

	"github.com/golang/geo/s2"
	"github.com/uber/h3-go/v4"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

const (
	finestH3 = 15
	// maxH3Cells is Kusto's limit for the cells of one polygon.
	maxH3Cells = 61680
	// maxH3Room bounds the room that H3 takes for the cells of the rectangle
	// around a polygon.
	maxH3Room = 2_000_000
	// maxH3Work bounds cells times vertices, since H3 compares each with each.
	maxH3Work   = 50_000_000
	maxChildren = 16807 // five levels
	maxRings    = 142   // so that there are no more than maxH3Cells
)

func h3Functions(s *shapes) []native.Function {
	return []native.Function{
		optional("geo_point_to_h3cell", types.String, pointToH3Cell, types.Real, types.Real, types.Long),
		function("geo_h3cell_to_central_point", types.Dynamic, h3CellToCentralPoint, types.String),
		function("geo_h3cell_to_polygon", types.Dynamic, h3CellToPolygon, types.String),
		optional("geo_h3cell_parent", types.String, h3CellParent, types.String, types.Long),
		optional("geo_h3cell_children", types.Dynamic, h3CellChildren, types.String, types.Long),
		function("geo_h3cell_level", types.Int, h3CellLevel, types.String),
		function("geo_h3cell_rings", types.Dynamic, h3CellRings, types.String, types.Long),
		function("geo_h3cell_neighbors", types.Dynamic, h3CellNeighbors, types.String),
		function("geo_polygon_to_h3cells", types.Dynamic, s.polygonToH3Cells, types.Dynamic, types.Long, types.Real),
	}
}

func pointToH3Cell(args []any) any {
	ll, ok1 := latLng(args[0], args[1])
	resolution, ok2 := level(args, 2, 6, 0, finestH3)
	if !ok1 || !ok2 {
		return nil
	}
	return h3.LatLngToCell(h3.NewLatLng(ll.Lat.Degrees(), ll.Lng.Degrees()), resolution).String()
}

func h3Cell(arg any) (h3.Cell, bool) {
	text, _ := arg.(string)
	id, err := strconv.ParseUint(text, 16, 63)
	cell := h3.Cell(id)
	return cell, err == nil && cell.IsValid()
}

func h3CellToCentralPoint(args []any) any {
	cell, ok := h3Cell(args[0])
	if !ok {
		return nil
	}
	center := cell.LatLng()
	return pointJSON(center.Lng, center.Lat)
}

func h3CellToPolygon(args []any) any {
	cell, ok := h3Cell(args[0])
	if !ok {
		return nil
	}
	boundary := cell.Boundary()
	ring := make([]any, 0, len(boundary)+1)
	for i := 0; i <= len(boundary); i++ {
		ll := boundary[i%len(boundary)]
		ring = append(ring, position(ll.Lng, ll.Lat))
	}
	return geoJSON("Polygon", []any{ring})
}

func h3CellParent(args []any) any {
	cell, ok := h3Cell(args[0])
	if !ok {
		return nil
	}
	own := int64(cell.Resolution())
	resolution, ok := level(args, 1, own-1, 0, own)
	if !ok || resolution < 0 {
		return nil
	}
	return cell.Parent(resolution).String()
}

func h3CellChildren(args []any) any {
	cell, ok := h3Cell(args[0])
	if !ok {
		return nil
	}
	own := cell.Resolution()
	resolution, ok := level(args, 1, int64(own+1), int64(own), finestH3)
	if !ok || resolution > finestH3 || math.Pow(7, float64(resolution-own)) > maxChildren {
		return nil
	}
	return h3Tokens(cell.Children(resolution))
}

func h3CellLevel(args []any) any {
	cell, ok := h3Cell(args[0])
	if !ok {
		return nil
	}
	return int32(cell.Resolution())
}

// h3CellRings gives the cell, the cells around it, those around them, and so on.
func h3CellRings(args []any) any {
	cell, ok1 := h3Cell(args[0])
	steps, ok2 := level(args, 1, 0, 0, maxRings)
	if !ok1 || !ok2 {
		return nil
	}
	rings := []any{}
	for _, ring := range cell.GridDiskDistances(steps) {
		rings = append(rings, h3Tokens(ring))
	}
	return rings
}

func h3CellNeighbors(args []any) any {
	cell, ok := h3Cell(args[0])
	if !ok {
		return nil
	}
	return h3Tokens(cell.GridDiskDistances(1)[1])
}

// h3Tokens writes cells; around a pentagon some of a ring are missing.
func h3Tokens(cells []h3.Cell) []any {
	tokens := make([]any, 0, len(cells))
	for _, c := range cells {
		if c != 0 {
			tokens = append(tokens, c.String())
		}
	}
	return tokens
}

func (s *shapes) polygonToH3Cells(args []any) any {
	a, ok := s.area(args[0])
	resolution, radius := 6, 0.0
	if n, given := args[1].(int64); given {
		resolution, ok = int(n), ok && n >= 0 && n <= finestH3
	}
	if r, given := args[2].(float64); given {
		radius, ok = r, ok && r >= 0 && r <= earthRadius
	}
	if !ok {
		return nil
	}
	if radius > 0 {
		grown := buffer(a.parts, a.all, radius, 10)
		if grown == nil {
			return nil
		}
		a = newArea([]*s2.Polygon{grown})
	}
	expected := a.surface() / h3.HexagonAreaAvgM2(resolution)
	if expected > 2*maxH3Cells || expected*float64(len(a.all)) > maxH3Work {
		return nil
	}
	cells := newCellSet()
	for _, polygon := range h3Polygons(a) {
		if h3Room(polygon, resolution) > maxH3Room {
			return nil
		}
		found, ok := h3Cells(polygon, resolution)
		if !ok {
			return nil
		}
		for _, c := range found {
			cells.add(c.String())
		}
	}
	if len(cells.texts) > maxH3Cells {
		return nil
	}
	return cells.list()
}

// h3Cells asks H3 for the cells of a polygon. H3's cover panics when H3 cannot
// say how much room it needs.
func h3Cells(p h3.GeoPolygon, resolution int) (cells []h3.Cell, ok bool) {
	defer func() { ok = recover() == nil }()
	return p.Cells(resolution), true
}

// h3Polygons gives each shell with its holes as H3 wants them.
func h3Polygons(a *area) []h3.GeoPolygon {
	var polygons []h3.GeoPolygon
	for _, part := range a.parts {
		at := map[int]int{}
		for i := 0; i < part.NumLoops(); i++ {
			loop := part.Loop(i)
			ring := make(h3.GeoLoop, loop.NumVertices())
			for j := range ring {
				ll := s2.LatLngFromPoint(loop.OrientedVertex(j))
				ring[j] = h3.NewLatLng(ll.Lat.Degrees(), ll.Lng.Degrees())
			}
			if parent, ok := part.Parent(i); ok && loop.IsHole() {
				owner := &polygons[at[parent]]
				owner.Holes = append(owner.Holes, ring)
				continue
			}
			at[i] = len(polygons)
			polygons = append(polygons, h3.GeoPolygon{GeoLoop: ring})
		}
	}
	return polygons
}

// h3Room estimates how many cells H3 makes room for: those of a square over the
// diagonal of the rectangle around a polygon.
func h3Room(p h3.GeoPolygon, resolution int) float64 {
	west, east, south, north := 180.0, -180.0, 90.0, -90.0
	for _, ll := range p.GeoLoop {
		west, east = math.Min(west, ll.Lng), math.Max(east, ll.Lng)
		south, north = math.Min(south, ll.Lat), math.Max(north, ll.Lat)
	}
	if east-west > 180 {
		west, east = 0, 180
	}
	radian := math.Pi / 180
	diagonal := math.Hypot(north-south, east-west) * radian * earthRadius
	return diagonal * diagonal / h3.HexagonAreaAvgM2(resolution)
}

package geo

import (
	"math"

	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// maxS2Cells is Kusto's limit for the cells of one shape.
const maxS2Cells = 65536

func s2Functions(s *shapes) []native.Function {
	return []native.Function{
		optional("geo_point_to_s2cell", types.String, pointToS2Cell, types.Real, types.Real, types.Long),
		function("geo_s2cell_to_central_point", types.Dynamic, s2CellToCentralPoint, types.String),
		function("geo_s2cell_to_polygon", types.Dynamic, s2CellToPolygon, types.String),
		function("geo_s2cell_neighbors", types.Dynamic, s2CellNeighbors, types.String),
		function("geo_line_to_s2cells", types.Dynamic, s.lineToS2Cells, types.Dynamic, types.Long, types.Real),
		function("geo_polygon_to_s2cells", types.Dynamic, s.polygonToS2Cells, types.Dynamic, types.Long, types.Real),
	}
}

func pointToS2Cell(args []any) any {
	ll, ok1 := latLng(args[0], args[1])
	cellLevel, ok2 := level(args, 2, 11, 0, s2.MaxLevel)
	if !ok1 || !ok2 {
		return nil
	}
	return s2.CellIDFromLatLng(ll).Parent(cellLevel).ToToken()
}

func s2Cell(arg any) (s2.CellID, bool) {
	text, _ := arg.(string)
	if text == "" || len(text) > 16 {
		return 0, false
	}
	id := s2.CellIDFromToken(text)
	return id, id.IsValid()
}

func s2CellToCentralPoint(args []any) any {
	id, ok := s2Cell(args[0])
	if !ok {
		return nil
	}
	return pointOf(id.LatLng())
}

func s2CellToPolygon(args []any) any {
	id, ok := s2Cell(args[0])
	if !ok {
		return nil
	}
	cell := s2.CellFromCellID(id)
	ring := make([]any, 5)
	for i := range ring {
		ring[i] = positionOf(cell.Vertex(i % 4))
	}
	return geoJSON("Polygon", []any{ring})
}

func s2CellNeighbors(args []any) any {
	id, ok := s2Cell(args[0])
	if !ok {
		return nil
	}
	var cells []string
	for _, n := range id.AllNeighbors(id.Level()) {
		cells = append(cells, n.ToToken())
	}
	return orderedCells(cells)
}

func (s *shapes) lineToS2Cells(args []any) any {
	lines, ok := s.lines(args[0])
	if !ok {
		return nil
	}
	region := &nearby{edges: lines.all}
	return cover(region, args, 0, metres(lines.length()))
}

func (s *shapes) polygonToS2Cells(args []any) any {
	area, ok := s.area(args[0])
	if !ok {
		return nil
	}
	region := &nearby{edges: area.all, parts: area.parts}
	return cover(region, args, area.surface(), area.perimeter())
}

// cover gives the cells of one level that touch what is near a shape. Surface
// and length of the shape tell beforehand that there would be too many.
func cover(region *nearby, args []any, surface, length float64) any {
	cellLevel, radius := 11, 0.0
	if args[1] != nil {
		n := args[1].(int64)
		if n < 0 || n > s2.MaxLevel {
			return nil
		}
		cellLevel = int(n)
	}
	if args[2] != nil {
		radius = args[2].(float64)
		if !(radius >= 0) || radius > earthRadius {
			return nil
		}
	}
	cellArea := s2.AvgAreaMetric.Value(cellLevel) * earthRadius * earthRadius
	least := (surface + 2*radius*length + math.Pi*radius*radius) / cellArea
	if least > 2*maxS2Cells || length/math.Sqrt(cellArea) > 4*maxS2Cells {
		return nil
	}
	region.radius = s1.ChordAngleFromAngle(angle(radius))
	coverer := &s2.RegionCoverer{MinLevel: cellLevel, MaxLevel: cellLevel, LevelMod: 1, MaxCells: maxS2Cells}
	ids := coverer.Covering(region)
	if len(ids) > maxS2Cells {
		return nil
	}
	tokens := make([]any, len(ids))
	for i, id := range ids {
		tokens[i] = id.ToToken()
	}
	return tokens
}

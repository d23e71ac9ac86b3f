package geo

import (
	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"
)

// nearby is the region within a radius of edges and polygons.
type nearby struct {
	edges  []s2.Edge
	parts  []*s2.Polygon
	radius s1.ChordAngle
}

// CapBound returns a cap around the region.
func (n *nearby) CapBound() s2.Cap { return n.RectBound().CapBound() }

// RectBound returns a rectangle around the region.
func (n *nearby) RectBound() s2.Rect {
	rect := s2.EmptyRect()
	for _, part := range n.parts {
		rect = rect.Union(part.RectBound())
	}
	if len(n.parts) == 0 {
		for _, e := range n.edges {
			line := s2.Polyline{e.V0, e.V1}
			rect = rect.Union(line.RectBound())
		}
	}
	if n.radius == 0 {
		return rect
	}
	grown := rect.CapBound().Expanded(n.radius.Angle())
	return grown.RectBound()
}

// ContainsCell reports whether a polygon contains the cell.
func (n *nearby) ContainsCell(cell s2.Cell) bool {
	for _, part := range n.parts {
		if part.ContainsCell(cell) {
			return true
		}
	}
	return false
}

// IntersectsCell reports whether the region touches the cell.
func (n *nearby) IntersectsCell(cell s2.Cell) bool {
	for _, part := range n.parts {
		if part.IntersectsCell(cell) {
			return true
		}
	}
	if len(n.parts) > 0 && n.radius == 0 {
		return false
	}
	around := cell.CapBound()
	for _, e := range n.edges {
		if s2.DistanceFromSegment(around.Center(), e.V0, e.V1) > around.Radius()+n.radius.Angle()+1e-14 {
			continue
		}
		if cell.DistanceToEdge(e.V0, e.V1) <= n.radius {
			return true
		}
	}
	return false
}

// ContainsPoint reports whether the point is in the region.
func (n *nearby) ContainsPoint(p s2.Point) bool {
	for _, part := range n.parts {
		if part.ContainsPoint(p) {
			return true
		}
	}
	for _, e := range n.edges {
		if s2.DistanceFromSegment(p, e.V0, e.V1) <= n.radius.Angle() {
			return true
		}
	}
	return false
}

// CellUnionBound returns cells that cover the region.
func (n *nearby) CellUnionBound() []s2.CellID {
	around := n.CapBound()
	return around.CellUnionBound()
}

package geo

import (
	"slices"

	"github.com/golang/geo/s2"
)

// simplified takes vertices away from polygons. Borders that several of them
// share stay shared. What shrinks to nothing is gone; nil when all is.
func simplified(parts []*s2.Polygon, tolerance float64) any {
	var polygons []any
	for attempt := 0; ; attempt++ {
		result, ok := simplifyBorders(parts, tolerance)
		if !ok && attempt < 8 {
			tolerance /= 2 // a border crossed another
			continue
		}
		for _, p := range result {
			switch shape := polygonJSON(p).(type) {
			case nil:
			default:
				list, _ := coordinatesOf(shape, "Polygon", "MultiPolygon")
				polygons = append(polygons, list...)
			}
		}
		break
	}
	switch len(polygons) {
	case 0:
		return nil
	case 1:
		return geoJSON("Polygon", polygons[0])
	}
	return geoJSON("MultiPolygon", polygons)
}

// simplifyBorders is one attempt; false when a polygon crosses itself.
func simplifyBorders(parts []*s2.Polygon, tolerance float64) ([]*s2.Polygon, bool) {
	b := &borders{simplifier: newSimplifier(tolerance, newArea(parts).all), neighbors: map[int]map[int]bool{}}
	rings := make([][][]int, len(parts))
	for i, part := range parts {
		for _, loop := range part.Loops() {
			ring := b.ring(loop)
			b.meet(ring)
			rings[i] = append(rings[i], ring)
		}
	}
	ok := true
	result := make([]*s2.Polygon, len(parts))
	for i := range parts {
		var loops []*s2.Loop
		for _, ring := range rings[i] {
			if short := b.simplify(ring); len(short) > 2 {
				loops = append(loops, s2.LoopFromPoints(b.points(short)))
			}
		}
		result[i] = s2.PolygonFromOrientedLoops(loops)
		ok = ok && !crossesItself(result[i])
	}
	return result, ok
}

// borders are rings over common sites, which meet where a site has other than
// two neighbours.
type borders struct {
	*simplifier
	neighbors map[int]map[int]bool
}

// ring moves a loop to its sites, and takes out where it runs back on itself.
func (b *borders) ring(l *s2.Loop) []int {
	points := make([]s2.Point, l.NumVertices())
	for i := range points {
		points[i] = l.OrientedVertex(i)
	}
	var ring []int
	for _, site := range b.snapped(points) {
		ring = append(ring, site)
		for n := len(ring); n > 2 && ring[n-1] == ring[n-3]; n = len(ring) {
			ring = ring[:n-2]
		}
	}
	for len(ring) > 1 && ring[0] == ring[len(ring)-1] {
		ring = ring[:len(ring)-1]
	}
	return ring
}

func (b *borders) meet(ring []int) {
	for i, site := range ring {
		for _, other := range [2]int{ring[(i+1)%len(ring)], ring[(i+len(ring)-1)%len(ring)]} {
			if b.neighbors[site] == nil {
				b.neighbors[site] = map[int]bool{}
			}
			b.neighbors[site][other] = true
		}
	}
}

// simplify cuts a ring where it meets others and simplifies the pieces between.
func (b *borders) simplify(ring []int) []int {
	if len(ring) < 3 {
		return nil
	}
	start := slices.IndexFunc(ring, func(site int) bool { return len(b.neighbors[site]) != 2 })
	if start < 0 {
		start = 0
	}
	ring = append(slices.Clone(ring[start:]), ring[:start]...)
	ring = append(ring, ring[0])
	var short []int
	for from := 0; from < len(ring)-1; {
		to := from + 1
		for to < len(ring)-1 && len(b.neighbors[ring[to]]) == 2 {
			to++
		}
		chain := b.between(ring[from : to+1])
		short = append(short, chain[:len(chain)-1]...)
		from = to
	}
	return short
}

// between simplifies a border in the same direction for both its sides.
func (b *borders) between(chain []int) []int {
	if chain[0] <= chain[len(chain)-1] {
		return b.chain(chain)
	}
	turned := slices.Clone(chain)
	slices.Reverse(turned)
	turned = b.chain(turned)
	slices.Reverse(turned)
	return turned
}

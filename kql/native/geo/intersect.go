package geo

import (
	"github.com/golang/geo/s2"

	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// maxTogether bounds the polygons of one array.
const maxTogether = 50_000

func overlayFunctions(s *shapes) []native.Function {
	const shape = types.Dynamic
	return []native.Function{
		function("geo_union_lines_array", shape, s.unionLines, shape),
		function("geo_union_polygons_array", shape, s.unionPolygons, shape),
		function("geo_intersection_2lines", shape, s.intersection(s.lineShapes, s.lineShapes), shape, shape),
		function("geo_intersection_2polygons", shape, s.intersection(s.areaShapes, s.areaShapes), shape, shape),
		function("geo_intersection_line_with_polygon", shape, s.intersection(s.lineShapes, s.areaShapes), shape, shape),
		function("geo_intersects_2lines", types.Bool, s.intersects(s.lineShapes, s.lineShapes), shape, shape),
		function("geo_intersects_2polygons", types.Bool, s.intersects(s.areaShapes, s.areaShapes), shape, shape),
		function("geo_intersects_line_with_polygon", types.Bool, s.intersects(s.lineShapes, s.areaShapes), shape, shape),
	}
}

// reader reads an argument as shapes of S2.
type reader func(v any) ([]s2.Shape, bool)

func (s *shapes) lineShapes(v any) ([]s2.Shape, bool) {
	l, ok := s.lines(v)
	if !ok {
		return nil, false
	}
	return lineShapes(l), true
}

func (s *shapes) areaShapes(v any) ([]s2.Shape, bool) {
	p, ok := s.merged(v)
	if !ok {
		return nil, false
	}
	return []s2.Shape{p}, true
}

// areas reads an array of polygons; one that is none makes the array none.
func (s *shapes) areas(v any) ([]*s2.Polygon, bool) {
	list, ok := v.([]any)
	if !ok || len(list) == 0 || len(list) > maxTogether {
		return nil, false
	}
	var parts []*s2.Polygon
	total := 0
	for _, e := range list {
		bag, _ := e.(*dynamic.Bag)
		a := (*area)(nil)
		if bag != nil {
			a = readArea(bag)
		}
		if a == nil {
			return nil, false
		}
		parts = append(parts, a.parts...)
		for _, p := range a.parts {
			total += p.NumEdges()
		}
		if total > maxVertices {
			return nil, false
		}
	}
	return parts, true
}

func (s *shapes) unionPolygons(args []any) any {
	parts, ok := s.areas(args[0])
	if !ok {
		return nil
	}
	whole := union(parts)
	if whole == nil {
		return nil
	}
	return polygonJSON(whole)
}

// common is where two groups of shapes were laid over each other: regions
// before second are of the first.
type common struct {
	*overlaid
	second int
}

// lay lays two arguments over each other; false when one is not valid or there
// is too much of it.
func lay(args []any, first, second reader) (*common, bool) {
	a, ok := first(args[0])
	if !ok {
		return nil, false
	}
	b, ok := second(args[1])
	if !ok {
		return nil, false
	}
	c := &common{newOverlay(append(a[:len(a):len(a)], b...)), len(a)}
	return c, c.split()
}

func (s *shapes) intersects(first, second reader) func(args []any) any {
	return func(args []any) any {
		c, ok := lay(args, first, second)
		if !ok {
			return nil
		}
		if len(c.touching(c.pieces())) > 0 {
			return true
		}
		return c.inside(0, c.second, len(c.regions)) || c.inside(c.second, 0, c.second)
	}
}

// inside says whether a vertex of a region lies in one of others, which it
// touches nowhere.
func (c *common) inside(region, from, to int) bool {
	p := c.regions[region].Edge(0).V0
	for _, other := range c.regions[from:to] {
		if contains(other, p) {
			return true
		}
	}
	return false
}

// groups says which of the two groups have their boundary, or line, at a piece.
func (c *common) groups(p *piece) (first, second bool) {
	for region := range p.along {
		first = first || region < c.second
		second = second || region >= c.second
	}
	return first, second
}

// touching returns the vertices that the boundaries of both groups have.
func (c *common) touching(pieces []*piece) map[int]bool {
	seen := map[int][2]bool{}
	for _, p := range pieces {
		first, second := c.groups(p)
		for _, v := range [2]int{p.from, p.to} {
			have := seen[v]
			seen[v] = [2]bool{have[0] || first, have[1] || second}
		}
	}
	both := map[int]bool{}
	for v, have := range seen {
		if have[0] && have[1] {
			both[v] = true
		}
	}
	return both
}

func (s *shapes) intersection(first, second reader) func(args []any) any {
	return func(args []any) any {
		c, ok := lay(args, first, second)
		if !ok {
			return nil
		}
		return c.intersection()
	}
}

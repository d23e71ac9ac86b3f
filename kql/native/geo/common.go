package geo

import (
	"maps"
	"slices"

	"github.com/golang/geo/s2"

	"github.com/quoll/quoll/kql/dynamic"
)

// intersection is what the two groups have in common: polygons, lines where
// there is no polygon, and points where there is neither.
func (c *common) intersection() any {
	pieces := c.pieces()
	points := c.touching(pieces)
	var polygons []any
	if c.twoPolygons() {
		whole := c.result(func(n int) bool { return n == 2 })
		if p := polygonJSON(whole); p != nil {
			polygons = append(polygons, p)
		}
	}
	lines := c.trails(pieces, points)
	if len(polygons) > 0 {
		c.dropCorners(pieces, points)
	}
	return geometries(c.pointJSON(points), lines, polygons)
}

func (c *common) twoPolygons() bool {
	for _, r := range c.regions {
		if _, ok := r.(*s2.Polygon); !ok {
			return false
		}
	}
	return true
}

// trails joins the pieces of the first group's lines that the second has too,
// and takes what they touch from points. Of two polygons it is the pieces that
// divide them.
func (c *common) trails(pieces []*piece, points map[int]bool) []s2.Polyline {
	var trails []s2.Polyline
	end := -1
	for _, p := range pieces {
		a, ok := c.sharedArc(p)
		if !ok {
			continue
		}
		delete(points, a.from)
		delete(points, a.to)
		if last := len(trails) - 1; last >= 0 && end == a.from {
			trails[last] = append(trails[last], c.vertices.at[a.to])
		} else {
			trails = append(trails, s2.Polyline{c.vertices.at[a.from], c.vertices.at[a.to]})
		}
		end = a.to
	}
	return trails
}

// sharedArc is a piece in the direction of the first group, if it belongs to a
// line that both groups have.
func (c *common) sharedArc(p *piece) (arc, bool) {
	first, second := c.groups(p)
	if !first {
		return arc{}, false
	}
	a := p.arc
	forward := false
	for region, sides := range p.along {
		forward = forward || region < c.second && sides[0]
	}
	if !forward {
		a.from, a.to = a.to, a.from
	}
	if c.twoPolygons() {
		left, right := c.sides(p)
		return a, second && left < 2 && right < 2
	}
	if !second {
		middle := s2.Point{Vector: c.vertices.at[p.from].Add(c.vertices.at[p.to].Vector).Normalize()}
		for _, r := range c.regions[c.second:] {
			second = second || contains(r, middle)
		}
	}
	return a, second
}

// dropCorners takes from points those on the boundary of the common polygon.
func (c *common) dropCorners(pieces []*piece, points map[int]bool) {
	for _, p := range pieces {
		if left, right := c.sides(p); left == 2 || right == 2 {
			delete(points, p.from)
			delete(points, p.to)
		}
	}
}

func (c *common) pointJSON(points map[int]bool) any {
	list := []any{}
	for _, v := range slices.Sorted(maps.Keys(points)) {
		list = append(list, positionOf(c.vertices.at[v]))
	}
	switch len(list) {
	case 0:
		return nil
	case 1:
		return geoJSON("Point", list[0])
	}
	return geoJSON("MultiPoint", list)
}

// geometries gives the one geometry that there is, else a collection.
func geometries(points any, lines []s2.Polyline, polygons []any) *dynamic.Bag {
	list := []any{}
	if points != nil {
		list = append(list, points)
	}
	if len(lines) > 0 {
		list = append(list, linesJSON(lines))
	}
	list = append(list, polygons...)
	if len(list) == 1 {
		return list[0].(*dynamic.Bag)
	}
	return collection(list)
}

// unionLines joins lines: what several share is there once, and lines that
// continue each other become one.
func (s *shapes) unionLines(args []any) any {
	list, ok := args[0].([]any)
	if !ok || len(list) == 0 || len(list) > maxTogether {
		return nil
	}
	all := &lineSet{}
	total := 0
	for _, e := range list {
		bag, ok := e.(*dynamic.Bag)
		if !ok {
			return nil
		}
		lines := readLines(bag)
		if lines == nil {
			return nil
		}
		if total += len(lines.all); total > maxVertices {
			return nil
		}
		all.parts = append(all.parts, lines.parts...)
	}
	o := newOverlay(lineShapes(all))
	if !o.cutAtVertices() {
		return nil
	}
	return linesJSON(o.joined(o.pieces()))
}

// joined makes lines of pieces: as long as they can be, ending where not
// exactly two pieces meet.
func (o *overlaid) joined(pieces []*piece) []s2.Polyline {
	at := map[int][]int{}
	for i, p := range pieces {
		at[p.from] = append(at[p.from], i)
		at[p.to] = append(at[p.to], i)
	}
	used := make([]bool, len(pieces))
	var lines []s2.Polyline
	walk := func(i, from int) {
		line := s2.Polyline{o.vertices.at[from]}
		for {
			used[i] = true
			p := pieces[i]
			to := p.from + p.to - from
			line = append(line, o.vertices.at[to])
			meet := at[to]
			if len(meet) != 2 {
				break
			}
			next := meet[0] + meet[1] - i
			if used[next] {
				break
			}
			i, from = next, to
		}
		lines = append(lines, line)
	}
	for _, loose := range []bool{true, false} {
		for i, p := range pieces {
			from := p.from
			if p.along != nil && !p.forward() {
				from = p.to
			}
			for _, v := range [2]int{from, p.from + p.to - from} {
				if !used[i] && (!loose || len(at[v]) != 2) {
					walk(i, v)
				}
			}
		}
	}
	return lines
}

// forward says whether some region has the piece in its own direction.
func (p *piece) forward() bool {
	for _, sides := range p.along {
		if sides[0] {
			return true
		}
	}
	return false
}

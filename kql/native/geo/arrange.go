package geo

import (
	"cmp"
	"math"
	"slices"

	"github.com/golang/geo/s2"
)

// vertices numbers points; those together are one vertex.
type vertices struct {
	at   []s2.Point
	near map[[3]int64][]int
}

func newVertices() vertices { return vertices{near: map[[3]int64][]int{}} }

// number returns the number of the vertex at p.
func (v *vertices) number(p s2.Point) int {
	const width = 4 * together
	home := [3]int64{int64(math.Floor(p.X / width)), int64(math.Floor(p.Y / width)), int64(math.Floor(p.Z / width))}
	for _, i := range v.near[home] {
		if v.at[i].Sub(p.Vector).Norm2() <= together*together {
			return i
		}
	}
	i := len(v.at)
	v.at = append(v.at, p)
	// The vertex is entered in every cube that it reaches into.
	for x := math.Floor((p.X - together) / width); x <= math.Floor((p.X+together)/width); x++ {
		for y := math.Floor((p.Y - together) / width); y <= math.Floor((p.Y+together)/width); y++ {
			for z := math.Floor((p.Z - together) / width); z <= math.Floor((p.Z+together)/width); z++ {
				cube := [3]int64{int64(x), int64(y), int64(z)}
				v.near[cube] = append(v.near[cube], i)
			}
		}
	}
	return i
}

// piece is a part of the boundaries between two vertices, from the one with the
// lower number to the other.
type piece struct {
	arc
	// along are the regions that have their boundary here: true when they lie
	// on the left, false when on the right.
	along map[int][2]bool
}

// pieces returns the parts of all edges, each once, in the order of the edges.
func (o *overlaid) pieces() []*piece {
	var list []*piece
	byEnds := map[[2]int]*piece{}
	for i := range o.edges {
		e := &o.edges[i]
		from := e.from
		for _, to := range append(o.sorted(e), e.to) {
			if to == from {
				continue
			}
			ends, side := [2]int{from, to}, 0
			if from > to {
				ends, side = [2]int{to, from}, 1
			}
			p := byEnds[ends]
			if p == nil {
				p = &piece{arc: arc{from: ends[0], to: ends[1]}, along: map[int][2]bool{}}
				byEnds[ends] = p
				list = append(list, p)
			}
			p.source = i
			sides := p.along[e.region]
			sides[side] = true
			p.along[e.region] = sides
			from = to
		}
	}
	return list
}

// sorted returns the cuts of an edge from its beginning to its end.
func (o *overlaid) sorted(e *edge) []int {
	start := o.vertices.at[e.from]
	cuts := slices.Clone(e.cuts)
	slices.SortFunc(cuts, func(a, b int) int {
		return cmp.Compare(o.vertices.at[a].Sub(start.Vector).Norm2(), o.vertices.at[b].Sub(start.Vector).Norm2())
	})
	return cuts
}

// sides counts the regions on the left and on the right of a piece.
func (o *overlaid) sides(p *piece) (left, right int) {
	middle := s2.Point{Vector: o.vertices.at[p.from].Add(o.vertices.at[p.to].Vector).Normalize()}
	for i, r := range o.regions {
		if sides, ok := p.along[i]; ok {
			if sides[0] {
				left++
			}
			if sides[1] {
				right++
			}
			continue
		}
		if contains(r, middle) {
			left++
			right++
		}
	}
	return left, right
}

// contains says whether a shape is a polygon that contains a point.
func contains(shape s2.Shape, p s2.Point) bool {
	polygon, ok := shape.(*s2.Polygon)
	return ok && polygon.ContainsPoint(p)
}

// loops joins arcs to rings, the interior on their left. Where rings touch at a
// vertex, the ring goes on along its own interior.
func (o *overlaid) loops(arcs []arc) []*s2.Loop {
	leaving := map[int][]int{}
	for i, a := range arcs {
		leaving[a.from] = append(leaving[a.from], i)
	}
	used := make([]bool, len(arcs))
	var loops []*s2.Loop
	for i := range arcs {
		var trail []arc
		for at := i; at >= 0 && !used[at]; at = o.next(arcs, leaving[arcs[at].to], arcs[at]) {
			used[at] = true
			trail = append(trail, arcs[at])
		}
		if len(trail) < 3 || trail[len(trail)-1].to != trail[0].from {
			continue
		}
		points := make([]s2.Point, len(trail))
		for j, a := range fromTop(trail) {
			points[j] = o.vertices.at[a.from]
		}
		loops = append(loops, s2.LoopFromPoints(points))
	}
	return loops
}

// next chooses how a ring goes on: the narrowest interior between where it came
// from and where it goes, counterclockwise from the latter.
func (o *overlaid) next(arcs []arc, choices []int, came arc) int {
	best, narrowest := -1, math.Inf(1)
	for _, i := range choices {
		here := o.vertices.at[came.to]
		width := turn(azimuth(here, o.vertices.at[arcs[i].to]) - azimuth(here, o.vertices.at[came.from]))
		if width == 0 {
			width = 2 * math.Pi
		}
		if width < narrowest {
			best, narrowest = i, width
		}
	}
	return best
}

// fromTop turns a ring so that the last edge of the input that is part of it
// comes last, as S2 does.
func fromTop(ring []arc) []arc {
	top := 0
	for i, a := range ring {
		if a.source > ring[top].source {
			top = i
		}
	}
	n := len(ring)
	if ring[n-1].source == ring[top].source {
		// The edge may have been cut and go on past the end of the list.
		for top = n - 1; ring[(top+1)%n].source == ring[n-1].source && top < 2*n; top++ {
		}
	} else {
		for ring[(top+1)%n].source == ring[top].source {
			top++
		}
	}
	top %= n
	return append(slices.Clone(ring[top+1:]), ring[:top+1]...)
}

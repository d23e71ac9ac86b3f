package geo

import (
	"cmp"
	"math"
	"slices"

	"github.com/golang/geo/s2"
)

// maxTolerance is the greatest tolerance that S2 and so Kusto takes, in metres.
const maxTolerance = 7_800_000

func simplifyTolerance(args []any) (radians float64, ok bool) {
	t, ok := distance(args, 1, 10)
	return t / earthRadius, ok && t <= maxTolerance
}

// lineSimplify takes vertices away that the line passes within a tolerance of.
// A line that shrinks to a point is gone.
func (s *shapes) lineSimplify(args []any) any {
	l, ok1 := s.lines(args[0])
	tolerance, ok2 := simplifyTolerance(args)
	if !ok1 || !ok2 {
		return nil
	}
	t := newSimplifier(tolerance, l.all)
	var lines []s2.Polyline
	for _, part := range l.parts {
		if chain := t.chain(t.snapped(part)); len(chain) > 1 {
			lines = append(lines, t.points(chain))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return linesJSON(lines)
}

func (s *shapes) polygonSimplify(args []any) any {
	p, ok1 := s.merged(args[0])
	tolerance, ok2 := simplifyTolerance(args)
	if !ok1 || !ok2 {
		return nil
	}
	return simplified([]*s2.Polygon{p}, tolerance)
}

func (s *shapes) simplifyPolygons(args []any) any {
	parts, ok1 := s.areas(args[0])
	tolerance, ok2 := simplifyTolerance(args)
	if !ok1 || !ok2 {
		return nil
	}
	return simplified(parts, tolerance)
}

// simplifier has the points that remain, none two of them nearer to each other
// than the tolerance.
type simplifier struct {
	tolerance float64 // radians
	sites     []s2.Point
	near      map[[3]int32][]int
}

// newSimplifier chooses the points that remain, in the order of S2's cells as
// S2 does.
func newSimplifier(tolerance float64, edges []s2.Edge) *simplifier {
	t := &simplifier{tolerance: max(tolerance, 1e-15), near: map[[3]int32][]int{}}
	type located struct {
		at s2.Point
		id s2.CellID
	}
	all := make([]located, 0, 2*len(edges))
	for _, e := range edges {
		for _, p := range [2]s2.Point{e.V0, e.V1} {
			all = append(all, located{p, s2.CellFromPoint(p).ID()})
		}
	}
	slices.SortStableFunc(all, func(a, b located) int { return cmp.Compare(a.id, b.id) })
	for _, l := range all {
		if site := t.site(l.at); site >= 0 && l.at.Distance(t.sites[site]).Radians() < t.tolerance {
			continue
		}
		cube := t.cube(l.at)
		t.near[cube] = append(t.near[cube], len(t.sites))
		t.sites = append(t.sites, l.at)
	}
	return t
}

func (t *simplifier) cube(p s2.Point) [3]int32 {
	width := max(t.tolerance, 1e-9)
	return [3]int32{int32(math.Floor(p.X / width)), int32(math.Floor(p.Y / width)), int32(math.Floor(p.Z / width))}
}

// site returns the nearest site in the neighbourhood of a point, else -1.
func (t *simplifier) site(p s2.Point) int {
	best, least := -1, math.Inf(1)
	home := t.cube(p)
	for i := range 27 {
		step := [3]int32{int32(i%3) - 1, int32(i/3%3) - 1, int32(i/9) - 1}
		for _, site := range t.near[[3]int32{home[0] + step[0], home[1] + step[1], home[2] + step[2]}] {
			if d := t.sites[site].Sub(p.Vector).Norm2(); d < least {
				best, least = site, d
			}
		}
	}
	return best
}

// snapped moves points to their sites.
func (t *simplifier) snapped(points []s2.Point) []int {
	var chain []int
	for _, p := range points {
		site := t.site(p)
		if n := len(chain); n == 0 || chain[n-1] != site {
			chain = append(chain, site)
		}
	}
	return chain
}

func (t *simplifier) points(chain []int) []s2.Point {
	points := make([]s2.Point, len(chain))
	for i, site := range chain {
		points[i] = t.sites[site]
	}
	return points
}

// chain leaves out the sites that a straight edge passes near enough.
func (t *simplifier) chain(chain []int) []int {
	if len(chain) < 3 {
		return chain
	}
	short := []int{chain[0]}
	for at := 0; at < len(chain)-1; {
		at = t.reach(chain, at)
		short = append(short, chain[at])
	}
	return short
}

// reach returns how far one edge from a site of a chain may go. It keeps the
// window of directions that pass near all sites on the way.
func (t *simplifier) reach(chain []int, from int) int {
	start := t.sites[chain[from]]
	at := from + 1
	first := bearing(start, t.sites[chain[at]])
	low, high, farthest := -math.Pi, math.Pi, 0.0
	for ; at < len(chain); at++ {
		p := t.sites[chain[at]]
		length := start.Distance(p).Radians()
		to := math.Remainder(bearing(start, p)-first, 2*math.Pi)
		if at > from+1 && (to < low || to > high || length+t.tolerance < farthest || chain[at] == chain[from]) {
			break
		}
		farthest = max(farthest, length)
		if length > t.tolerance && length < math.Pi/2 {
			width := math.Asin(min(1, math.Sin(t.tolerance)/math.Sin(length)))
			low, high = max(low, to-width), min(high, to+width)
		}
	}
	return at - 1
}

package geo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/golang/geo/s2"

	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/types"
)

// samples is how many random cases a test tries: with -short, which is for the
// race detector, a tenth, since there is nothing concurrent to find.
func samples(full int) int {
	if testing.Short() {
		return full / 10
	}
	return full
}

func call(t *testing.T, name string, args ...any) any {
	t.Helper()
	for _, f := range Functions() {
		if f.Name == name {
			v, err := f.Call(args)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return v
		}
	}
	t.Fatalf("no function %s", name)
	return nil
}

func parse(t *testing.T, text string) any {
	t.Helper()
	v, err := dynamic.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// star is a polygon of random corners around a point, which it contains.
func star(random *rand.Rand, lng, lat, reach float64) *dynamic.Bag {
	n := 3 + random.IntN(30)
	var ring []any
	for i := range n {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		r := reach * (0.3 + 0.7*random.Float64())
		ring = append(ring, []any{lng + r*cos, lat + r*sin})
	}
	return geoJSON("Polygon", []any{append(ring, ring[0])})
}

func areaOf(t *testing.T, shape any) float64 {
	t.Helper()
	if shape == nil {
		t.Fatal("the polygon is null")
	}
	if bag := shape.(*dynamic.Bag); bag.Len() == 2 {
		if list, ok := bag.Get("geometries"); ok {
			sum := 0.0
			for _, g := range list.([]any) {
				if kind, _ := g.(*dynamic.Bag).Get("type"); strings.Contains(kind.(string), "Polygon") {
					sum += areaOf(t, g)
				}
			}
			return sum
		}
	}
	a := call(t, "geo_polygon_area", shape)
	if a == nil {
		t.Fatalf("not a valid polygon: %s", dynamic.Text(shape))
	}
	return a.(float64)
}

// What two polygons cover together and what they have in common add up to both.
func TestUnionAndIntersectionAddUp(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 150 {
		a := star(random, 179.5, 60*random.Float64(), 2) // across the 180th meridian
		b := star(random, 179.5+3*(random.Float64()-0.5), 30+30*random.Float64(), 1+3*random.Float64())
		wrapAll(a)
		wrapAll(b)
		union := areaOf(t, call(t, "geo_union_polygons_array", []any{a, b}))
		common := areaOf(t, call(t, "geo_intersection_2polygons", a, b))
		sum := areaOf(t, a) + areaOf(t, b)
		if math.Abs(union+common-sum) > 1e-9*sum {
			t.Fatalf("%d: %v and %v are not %v\n%s\n%s", i, union, common, sum, dynamic.Text(a), dynamic.Text(b))
		}
		if meet := call(t, "geo_intersects_2polygons", a, b).(bool); meet != (common > 0) {
			t.Fatalf("%d: they meet: %v, common area %v", i, meet, common)
		}
	}
}

func wrapAll(shape *dynamic.Bag) {
	coordinates, _ := shape.Get("coordinates")
	for _, at := range coordinates.([]any)[0].([]any) {
		at.([]any)[0] = wrap(at.([]any)[0].(float64))
	}
}

// Polygons that share borders exactly are one, in whatever order they come.
func TestUnionOfTiles(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var tiles []any
	for x := range 12 {
		for y := range 9 {
			tiles = append(tiles, call(t, "geo_geohash_to_polygon", geohash(10+float64(x)*0.04, 50+float64(y)*0.04, 5)))
		}
	}
	for range 5 {
		random.Shuffle(len(tiles), func(i, j int) { tiles[i], tiles[j] = tiles[j], tiles[i] })
		union := call(t, "geo_union_polygons_array", tiles).(*dynamic.Bag)
		kind, _ := union.Get("type")
		coordinates, _ := union.Get("coordinates")
		if kind != "Polygon" || len(coordinates.([]any)) != 1 {
			t.Fatalf("not one polygon: %s", dynamic.Text(union))
		}
	}
}

// A buffer contains what is within the radius and nothing that is farther than
// radius and tolerance.
func TestBuffers(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	line := parse(t, `{"type":"LineString","coordinates":[[10,50],[14,51],[14.1,51.5],[13,50.8]]}`)
	polygon := parse(t, `{"type":"Polygon","coordinates":[[[10,50],[14,51],[14.1,51.5],[12,53],[10,50]]]}`)
	const radius, tolerance = 20000.0, 50.0
	for name, distance := range map[string]string{"geo_line_buffer": "geo_distance_point_to_line", "geo_polygon_buffer": "geo_distance_point_to_polygon"} {
		shape := line
		if name == "geo_polygon_buffer" {
			shape = polygon
		}
		grown := call(t, name, shape, radius, tolerance)
		for range samples(1000) {
			lng, lat := 9+6*random.Float64(), 49+5*random.Float64()
			d := call(t, distance, lng, lat, shape).(float64)
			in := call(t, "geo_point_in_polygon", lng, lat, grown).(bool)
			if d < radius && !in || d > radius+1.01*tolerance && in {
				t.Fatalf("%s: a point at %v metres is in it: %v", name, d, in)
			}
		}
	}
}

// Simplified shapes stay near, and have fewer vertices, none too near another.
func TestSimplify(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range samples(50) {
		var at []any
		lng, lat := 10.0, 50.0
		for range 300 {
			lng, lat = lng+0.01*random.Float64(), lat+0.01*(random.Float64()-0.5)
			at = append(at, []any{lng, lat})
		}
		line := geoJSON("LineString", at)
		const tolerance = 1000.0
		short := call(t, "geo_line_simplify", line, tolerance).(*dynamic.Bag)
		list, _ := short.Get("coordinates")
		if len(list.([]any)) > 150 {
			t.Errorf("%d vertices are left", len(list.([]any)))
		}
		for _, p := range at {
			if d := call(t, "geo_distance_point_to_line", p.([]any)[0], p.([]any)[1], short).(float64); d > 2*tolerance {
				t.Fatalf("a vertex is %v metres away", d)
			}
		}
	}
}

// Neighbouring polygons keep their common border.
func TestSimplifyKeepsBordersTogether(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	var border []any
	for i := range 200 {
		border = append(border, []any{5 + 0.02*random.Float64(), 40 + float64(i)*0.02})
	}
	turned := make([]any, len(border))
	for i := range border {
		turned[len(border)-1-i] = border[i]
	}
	west := geoJSON("Polygon", []any{append(append([]any{[]any{3.0, 40.0}}, border...), []any{3.0, 44.0}, []any{3.0, 40.0})})
	east := geoJSON("Polygon", []any{append(append([]any{[]any{7.0, 44.0}}, turned...), []any{7.0, 40.0}, []any{7.0, 44.0})})
	both := call(t, "geo_simplify_polygons_array", []any{west, east}, 3000.0).(*dynamic.Bag)
	coordinates, _ := both.Get("coordinates")
	parts := coordinates.([]any)
	if len(parts) != 2 || len(parts[0].([]any)[0].([]any)) > 120 {
		t.Fatalf("%d parts, the first of %d vertices", len(parts), len(parts[0].([]any)[0].([]any)))
	}
	sum := areaOf(t, geoJSON("Polygon", parts[0])) + areaOf(t, geoJSON("Polygon", parts[1]))
	if whole := areaOf(t, both); math.Abs(sum-whole) > 1e-9*sum {
		t.Errorf("the parts overlap: %v and %v", sum, whole)
	}
}

// Whatever a function is given, it answers, soon and without a panic.
func TestHostileArguments(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	shapes := []any{
		nil, "x", int64(1), []any{}, []any{nil}, dynamic.NewBag(),
		parse(t, `{"type":"Polygon","coordinates":[]}`), parse(t, `{"type":"Polygon","coordinates":[[]]}`), parse(t, `{"type":"Polygon","coordinates":[[[]]]}`),
		parse(t, `{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]],[]]}`),
		parse(t, `{"type":"Polygon","coordinates":[[[-180,-90],[180,-90],[180,90],[-180,90],[-180,-90]]]}`),
		parse(t, `{"type":"Polygon","coordinates":[[[0,0],[90,0],[180,0],[-90,0],[0,0]]]}`),
		parse(t, `{"type":"Polygon","coordinates":[[[0,0],[1e-14,0],[0,1e-14],[0,0]]]}`),
		parse(t, `{"type":"Polygon","coordinates":[[[0,0],[120,1],[-120,1],[0,0]]]}`),
		parse(t, `{"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9],[0,9],[0,0]],[[0,0],[9,0],[9,9],[0,9],[0,0]]]}`),
		parse(t, `{"type":"LineString","coordinates":[[0,0],[180,0]]}`), parse(t, `{"type":"LineString","coordinates":[[0,90],[0,-90]]}`),
		parse(t, `{"type":"LineString","coordinates":[[0,0],[179,0],[-2,1],[170,80],[10,80]]}`),
		parse(t, `{"type":"MultiLineString","coordinates":[[[0,0],[1,0]],[[1,0],[0,0]],[[0.5,-1],[0.5,1]]]}`),
		comb(150, false), comb(150, true), star(random, 0, 0, 80), "POINT", "GEOMETRYCOLLECTION(" + strings.Repeat("GEOMETRYCOLLECTION(", 100),
		"zzzzzzzzzzzzzzzzzz", "801ffffffffffff", "8f1f1d48945d998", "ffffffffffffffff", "3", "1", strings.Repeat("1", 1<<16),
	}
	numbers := []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 89.9999999, 90, 180, -180, 1e3, 1e6, 5e6, 1e7, 1e300, math.NaN(), math.Inf(1), math.Inf(-1), 5e-324}
	for _, f := range Functions() {
		for range 60 {
			args := make([]any, len(f.Params))
			for i, p := range f.Params {
				args[i] = hostile(random, p, shapes, numbers)
			}
			if f.Variadic && random.IntN(3) == 0 {
				args = args[:len(args)-1]
			}
			start := time.Now()
			if _, err := f.Call(args); err != nil {
				t.Errorf("%s(%v): %v", f.Name, args, err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("%s took %v: %.200s", f.Name, took, fmt.Sprint(args))
			}
		}
	}
}

func hostile(random *rand.Rand, of types.Type, shapes []any, numbers []float64) any {
	if random.IntN(8) == 0 {
		return nil
	}
	switch of {
	case types.Dynamic:
		if random.IntN(4) == 0 {
			return []any{shapes[random.IntN(len(shapes))], shapes[random.IntN(len(shapes))]}
		}
		return shapes[random.IntN(len(shapes))]
	case types.String:
		text, _ := shapes[random.IntN(len(shapes))].(string)
		return text
	case types.Bool:
		return random.IntN(2) == 0
	case types.Long:
		return []int64{-1, 0, 1, 5, 11, 15, 30, 31, 1000, math.MaxInt64, math.MinInt64}[random.IntN(11)]
	}
	return numbers[random.IntN(len(numbers))]
}

// comb is a polygon with many teeth, to the right or upwards.
func comb(teeth int, up bool) *dynamic.Bag {
	var ring []any
	at := func(x, y float64) {
		if up {
			x, y = y, x
		}
		ring = append(ring, []any{x, y})
	}
	step := 20 / float64(teeth)
	for i := range teeth {
		at(1, float64(i)*step)
		at(20, (float64(i)+0.5)*step)
	}
	at(0.5, 20)
	at(0.5, -1)
	return geoJSON("Polygon", []any{append(ring, ring[0])})
}

// A cell set has every cell once, whatever its size.
func TestCellSet(t *testing.T) {
	var texts []string
	for i := range 1000 {
		texts = append(texts, fmt.Sprint(i), fmt.Sprint(i/2))
	}
	list := orderedCells(texts)
	seen := map[any]bool{}
	for _, text := range list {
		seen[text] = true
	}
	if len(list) != 1000 || len(seen) != 1000 {
		t.Errorf("%d cells, %d of them different", len(list), len(seen))
	}
}

func TestCoverings(t *testing.T) {
	polygon := parse(t, `{"type":"Polygon","coordinates":[[[10,50],[14,51],[14.1,51.5],[12,53],[10,50]]]}`)
	cells := map[any]bool{}
	for _, token := range call(t, "geo_polygon_to_s2cells", polygon, int64(9), 5000.0).([]any) {
		cells[token] = true
	}
	random := rand.New(rand.NewPCG(13, 14))
	for range 1000 {
		lng, lat := 9+6*random.Float64(), 49+5*random.Float64()
		d := call(t, "geo_distance_point_to_polygon", lng, lat, polygon).(float64)
		in := cells[call(t, "geo_point_to_s2cell", lng, lat, int64(9))]
		if d < 5000 && !in || d > 5000+2*s2.MaxDiagMetric.Value(9)*earthRadius && in {
			t.Fatalf("a point at %v metres is covered: %v", d, in)
		}
	}
}

// The index finds the same nearest edge as a look at each.
func TestNearestEdge(t *testing.T) {
	random := rand.New(rand.NewPCG(15, 16))
	a, ok := newShapes().area(comb(manyEdges/2, false))
	if !ok || len(a.all) < manyEdges {
		t.Fatalf("%v edges", a)
	}
	for range samples(200) {
		p := onSphere(25*random.Float64(), 25*random.Float64())
		_, got := a.nearest(p)
		want := math.Inf(1)
		for _, e := range a.all {
			want = min(want, s2.DistanceFromSegment(p, e.V0, e.V1).Radians())
		}
		if math.Abs(got.Radians()-want) > 1e-15 {
			t.Fatalf("the nearest edge is at %v, not %v", want, got)
		}
	}
}

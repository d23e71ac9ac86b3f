package sketch

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/types"
)

// A digest is a distribution: values with weights, in order. While there are no
// more than maxCentroids different values it is exact; behind that neighbours
// are put together, those at the ends last.
//
// As a dynamic value it is ["tdigest", type, [value, weight, value, weight, …]].
// Datetimes and timespans are ticks in it.
type digest struct {
	of        string
	centroids []centroid
}

type centroid struct {
	value  any // int64 or float64
	weight float64
}

const (
	digestMark   = "tdigest"
	maxCentroids = 2048
)

func (c centroid) real() float64 { f, _ := dynamic.Real(c.value); return f }

func compareCentroids(a, b centroid) int {
	x, isLong := a.value.(int64)
	y, bothLong := b.value.(int64)
	if isLong && bothLong {
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	switch p, q := a.real(), b.real(); {
	case p < q:
		return -1
	case p > q:
		return 1
	}
	return 0
}

// settle sorts, joins equal values and keeps the size bounded.
func (d *digest) settle() {
	slices.SortStableFunc(d.centroids, compareCentroids)
	d.join(func(_ float64, last, next centroid) bool { return compareCentroids(last, next) == 0 })
	all := d.centroids
	for size := 1.0; len(d.centroids) > maxCentroids; size *= 1.25 {
		d.centroids = all
		d.coarsen(size / maxCentroids)
	}
}

// coarsen puts neighbours together up to a share of the whole weight that is
// greatest in the middle.
func (d *digest) coarsen(share float64) {
	total := d.total()
	d.join(func(before float64, last, next centroid) bool {
		q := (before + (last.weight+next.weight)/2) / total
		return last.weight+next.weight <= 4*total*q*(1-q)*share
	})
}

// join puts neighbours together where together says so; before is the weight
// below them.
func (d *digest) join(together func(before float64, last, next centroid) bool) {
	var out []centroid
	before := 0.0
	for _, c := range d.centroids {
		if n := len(out); n > 0 && together(before, out[n-1], c) {
			out[n-1] = joined(out[n-1], c)
			continue
		}
		if n := len(out); n > 0 {
			before += out[n-1].weight
		}
		out = append(out, c)
	}
	d.centroids = out
}

func joined(a, b centroid) centroid {
	w := a.weight + b.weight
	if compareCentroids(a, b) == 0 {
		return centroid{a.value, w}
	}
	x, isLong := a.value.(int64)
	y, bothLong := b.value.(int64)
	if isLong && bothLong {
		return centroid{x + int64((float64(y)-float64(x))*(b.weight/w)), w}
	}
	return centroid{a.real() + (b.real()-a.real())*(b.weight/w), w}
}

func (d *digest) total() float64 {
	sum := 0.0
	for _, c := range d.centroids {
		sum += c.weight
	}
	return sum
}

// percentile is the least value that at least that share does not exceed.
func (d *digest) percentile(p float64) any {
	if len(d.centroids) == 0 || math.IsNaN(p) {
		return nil
	}
	target := min(max(p, 0), 100) / 100 * d.total()
	sum := 0.0
	for _, c := range d.centroids {
		if sum += c.weight; sum >= target {
			return d.typed(c.value)
		}
	}
	return d.typed(d.centroids[len(d.centroids)-1].value)
}

// typed gives a value as the type that the digest was made of.
func (d *digest) typed(value any) any {
	ticks, ok := value.(int64)
	switch {
	case ok && d.of == "timespan":
		return types.Ticks(ticks).String()
	case ok && d.of == "datetime":
		return types.FormatDateTime(timeOf(ticks))
	}
	return value
}

// timeOf gives the instant that is ticks after the start of year 1.
func timeOf(ticks int64) time.Time {
	const unixEpoch = 621_355_968_000_000_000
	since := types.Ticks(ticks - unixEpoch)
	return time.Unix(int64(since/types.TicksPerSecond), int64(since%types.TicksPerSecond)*100).UTC()
}

func (d *digest) rank(value float64) float64 {
	sum := 0.0
	for _, c := range d.centroids {
		if c.real() > value {
			break
		}
		sum += c.weight
	}
	return sum
}

func (d *digest) value() any {
	flat := make([]any, 0, 2*len(d.centroids))
	for _, c := range d.centroids {
		flat = append(flat, c.value, weightValue(c.weight))
	}
	return []any{digestMark, d.of, flat}
}

func weightValue(w float64) any {
	if w == math.Trunc(w) && w < 1<<53 {
		return int64(w)
	}
	return w
}

func readDigest(v any) (*digest, bool) {
	parts, ok := v.([]any)
	if !ok || len(parts) != 3 || parts[0] != digestMark {
		return nil, false
	}
	of, ok := parts[1].(string)
	flat, isArray := parts[2].([]any)
	if !ok || !isArray || len(flat)%2 != 0 {
		return nil, false
	}
	d := &digest{of: of}
	for i := 0; i < len(flat); i += 2 {
		if !d.add(flat[i], flat[i+1]) {
			return nil, false
		}
	}
	d.settle()
	return d, true
}

// add adds a value; false says that it is none that a digest can hold.
func (d *digest) add(value, weight any) bool {
	f, ok := dynamic.Real(value)
	w, weighed := dynamic.Real(weight)
	if !ok || !weighed || math.IsNaN(f) || !(w > 0) || math.IsInf(w, 0) {
		return false
	}
	d.centroids = append(d.centroids, centroid{value, w})
	return true
}

// gatherDigest makes a digest of an array of values, or of [value, weight].
func gatherDigest(args []any) (any, error) {
	of, _ := args[1].(string)
	d := &digest{of: of}
	list, _ := args[0].([]any)
	for _, v := range list {
		if pair, ok := v.([]any); ok && len(pair) == 2 {
			d.add(pair[0], pair[1])
			continue
		}
		d.add(v, int64(1))
	}
	d.settle()
	return d.value(), nil
}

func gatherMergedDigest(args []any) (any, error) {
	list, _ := args[0].([]any)
	return mergeDigest(list)
}

// mergeDigest merges digests. What is none is passed over.
func mergeDigest(digests []any) (any, error) {
	var out *digest
	for _, v := range digests {
		d, ok := readDigest(v)
		switch {
		case !ok:
		case out == nil:
			out = d
		default:
			out.centroids = append(out.centroids, d.centroids...)
			out.settle()
		}
	}
	if out == nil {
		return nil, nil
	}
	return out.value(), nil
}

func percentileOf(args []any) (any, error) {
	d, ok := readDigest(args[0])
	p, known := args[1].(float64)
	if !ok || !known {
		return nil, nil
	}
	return d.percentile(p), nil
}

// percentilesOf gives an array of percentiles; each argument is one percentage
// or an array of them.
func percentilesOf(args []any) (any, error) {
	d, ok := readDigest(args[0])
	if !ok {
		return nil, nil
	}
	out := []any{}
	for _, a := range args[1:] {
		list, isArray := a.([]any)
		if !isArray {
			list = []any{a}
		}
		for _, p := range list {
			if f, ok := dynamic.Real(p); ok {
				out = append(out, d.percentile(f))
			} else {
				out = append(out, nil)
			}
		}
	}
	return out, nil
}

func rankOf(args []any) (any, error) {
	d, ok := readDigest(args[0])
	value, known := args[1].(float64)
	if !ok || !known {
		return nil, nil
	}
	return d.rank(value), nil
}

func percentRankOf(args []any) (any, error) {
	d, ok := readDigest(args[0])
	value, known := args[1].(float64)
	if !ok || !known || len(d.centroids) == 0 {
		return nil, nil
	}
	return 100 * d.rank(value) / d.total(), nil
}

func isDigest(args []any) (any, error) {
	_, ok := readDigest(args[0])
	return ok, nil
}

// weightedPercentile gives a percentile of [value, weight] pairs. Values that
// are no numbers (texts, guids and bools) have an order too.
func weightedPercentile(args []any) (any, error) {
	d := &digest{}
	list, _ := args[0].([]any)
	compare := compareCentroids
	for _, v := range list {
		pair, ok := v.([]any)
		if !ok || len(pair) != 2 || d.add(pair[0], pair[1]) {
			continue
		}
		if w, ok := dynamic.Real(pair[1]); ok && w > 0 && ordered(pair[0]) {
			d.centroids = append(d.centroids, centroid{pair[0], w})
			compare = compareOrdered
		}
	}
	slices.SortStableFunc(d.centroids, compare)
	p, ok := args[1].(float64)
	if !ok {
		return nil, nil
	}
	return d.percentile(p), nil
}

func ordered(value any) bool {
	switch value.(type) {
	case string, bool:
		return true
	}
	return false
}

// compareOrdered compares values of one type: texts by their bytes, false
// before true.
func compareOrdered(a, b centroid) int {
	x, isText := a.value.(string)
	y, bothText := b.value.(string)
	if isText && bothText {
		return strings.Compare(x, y)
	}
	p, _ := a.value.(bool)
	q, _ := b.value.(bool)
	switch {
	case p == q:
		return 0
	case q:
		return -1
	}
	return 1
}

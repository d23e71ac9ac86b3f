package sketch

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/quoll/quoll/kql/dynamic"
)

// What is merged of parts is what the whole gives, and the size stays bounded.
func TestHLLMergesToTheWhole(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var all, left, right []any
	for i := range 100_000 {
		h := random.Int64()
		all = append(all, h)
		if i%3 == 0 {
			left = append(left, h)
		} else {
			right = append(right, h)
		}
	}
	level := int64(0)
	whole, _ := gatherHLL([]any{all, level})
	a, _ := gatherHLL([]any{left, level})
	b, _ := gatherHLL([]any{right, level})
	both, _ := mergeHLL([]any{a, nil, b, "no sketch"})
	if dynamic.Text(whole) != dynamic.Text(both) {
		t.Error("the merged parts differ from the whole")
	}
	n, _ := countHLL([]any{both})
	if off := math.Abs(float64(n.(int64))-100_000) / 100_000; off > 0.05 {
		t.Errorf("counts %d of 100000", n)
	}
	if size := len(dynamic.Text(whole)); size > 50_000 {
		t.Errorf("the sketch has %d bytes", size)
	}
}

func TestIntersection(t *testing.T) {
	set := func(from, to int64) any {
		var hashes []any
		for i := from; i < to; i++ {
			hashes = append(hashes, i*7919)
		}
		v, _ := gatherHLL([]any{hashes, nil})
		return v
	}
	got, _ := intersectHLL([]any{set(0, 100), set(50, 200), set(90, 95)})
	if text := dynamic.Text(got); text != "[100,50,5]" {
		t.Errorf("got %s", text)
	}
	got, _ = intersectHLL([]any{set(0, 3), "x"})
	if text := dynamic.Text(got); text != "[3,null]" {
		t.Errorf("got %s", text)
	}
}

// Every percentile of a digest of much lies near the exact one, merged or not.
func TestDigestIsNear(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var parts []any
	for range 4 {
		var values []any
		for range 25_000 {
			values = append(values, random.Float64())
		}
		d, _ := gatherDigest([]any{values, "real"})
		parts = append(parts, d)
	}
	all, _ := mergeDigest(parts)
	for _, p := range []float64{0.1, 1, 10, 50, 90, 99, 99.9} {
		v, _ := percentileOf([]any{all, p})
		if off := math.Abs(v.(float64) - p/100); off > 0.006 {
			t.Errorf("percentile %v is %v", p, v)
		}
	}
	d, _ := readDigest(all)
	if len(d.centroids) > maxCentroids || math.Abs(d.total()-100_000) > 1e-6 {
		t.Errorf("%d centroids weigh %v", len(d.centroids), d.total())
	}
}

// A value that a query has made up is no sketch, whatever it looks like.
func TestHostileValues(t *testing.T) {
	for _, text := range []string{
		`null`, `[]`, `["hll"]`, `["hll",-1,""]`, `["hll",16384,"AAAA"]`, `["hll",99999999999,""]`, `["hll",16384,7]`,
		`["tdigest","long",[1]]`, `["tdigest","long",[1,-1]]`, `["tdigest",1,[]]`, `["tdigest","long",["x",1]]`, `["tdigest","long",{}]`,
	} {
		v, err := dynamic.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := countHLL([]any{v}); n != nil || err != nil {
			t.Errorf("counting %s gives %v, %v", text, n, err)
		}
		if p, err := percentileOf([]any{v, 50.0}); p != nil || err != nil {
			t.Errorf("a percentile of %s is %v, %v", text, p, err)
		}
	}
}

func TestSchema(t *testing.T) {
	v, err := dynamic.Parse(`[{"a":1,"b":[1,"x",[true]]},{"a":{"c":null}},{"a":2}]`)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := gatherSchema([]any{v})
	want := "{\"a\":[\"long\",{\"c\":null}],\"b\":{\"`indexer`\":[\"long\",\"string\",{\"`indexer`\":\"bool\"}]}}"
	if text := dynamic.Text(got); text != want {
		t.Errorf("got %s\nwant %s", text, want)
	}
}

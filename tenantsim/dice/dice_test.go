package dice

import (
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestAPlaceHasItsOwnStream(t *testing.T) {
	one, two, other := New(1, 2), New(1, 2), New(1, 3)
	same := true
	for range 100 {
		a := one.Number()
		if a != two.Number() {
			t.Fatal("the same place gives another stream")
		}
		same = same && a == other.Number()
	}
	if same {
		t.Error("two places give the same stream")
	}
}

func TestIdentifiersHaveTheirShape(t *testing.T) {
	shape := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	d := New(1, 1)
	seen := map[string]bool{}
	for range 10_000 {
		for _, id := range []string{d.GUID(), d.StampedGUID(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))} {
			if !shape.MatchString(id) || seen[id] {
				t.Fatalf("%s has another shape or came twice", id)
			}
			seen[id] = true
		}
	}
	if id := d.StampedGUID(time.Date(2021, 5, 18, 21, 13, 33, 0, time.UTC)); !strings.HasPrefix(id[24:], "08d91a4") {
		t.Errorf("%s: a record of that minute ends in 08d91a4…", id)
	}
}

func TestCountsKeepTheirMean(t *testing.T) {
	d := New(1, 1)
	for _, mean := range []float64{0, 0.05, 1.2, 7} {
		sum := 0
		for range 20_000 {
			sum += d.Count(mean)
		}
		if got := float64(sum) / 20_000; math.Abs(got-mean) > 0.1*mean {
			t.Errorf("mean %v, got %v", mean, got)
		}
	}
}

func TestWeightsDecide(t *testing.T) {
	d := New(1, 1)
	counts := map[string]int{}
	for range 10_000 {
		counts[PickWeighted(d, []Weighted[string]{{1, "seldom"}, {9, "often"}, {0, "never"}})]++
	}
	if counts["never"] > 0 || counts["seldom"] < 800 || counts["seldom"] > 1200 {
		t.Errorf("%v", counts)
	}
	if d.Chance(0) || !d.Chance(1) || d.Below(0) != 0 || d.Span(3, 3) != 3 {
		t.Error("the ends of the ranges")
	}
}

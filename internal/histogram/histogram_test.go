package histogram

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestQuantilesAreNear compares with the sorted durations themselves.
func TestQuantilesAreNear(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		var h, other Histogram
		var all []time.Duration
		for i := range 3000 {
			d := time.Duration(math.Exp(r.Float64()*18) * float64(64*time.Millisecond))
			all = append(all, d)
			if i%2 == 0 {
				h.Add(d, 1)
			} else {
				other.Add(d, 1)
			}
		}
		h.Merge(&other)
		slices.Sort(all)
		for _, share := range []float64{0.01, 0.5, 0.9, 0.99, 1} {
			got, want := h.Quantile(share), all[int(math.Ceil(share*float64(len(all))))-1]
			if off := math.Abs(float64(got-want)) / float64(want); off > 0.125 {
				t.Errorf("quantile %v is %v, want %v: off by %.0f%%", share, got, want, 100*off)
			}
		}
		if h.Count() != 3000 || h.Max() != all[2999] {
			t.Errorf("%d counted up to %v, want 3000 up to %v", h.Count(), h.Max(), all[2999])
		}
	}
}

func TestEdges(t *testing.T) {
	var h Histogram
	if h.Quantile(0.5) != 0 || h.Max() != 0 {
		t.Errorf("an empty histogram has %v and %v", h.Quantile(0.5), h.Max())
	}
	h.Add(-time.Hour, 1)
	h.Add(time.Millisecond, 2)
	if got := h.Quantile(1); got != time.Millisecond || h.Count() != 3 {
		t.Errorf("%v of %d, want the longest, 1ms, of 3", got, h.Count())
	}
	h.Add(500*24*time.Hour, 1)
	if got := h.Quantile(1); got < 80*24*time.Hour || h.Max() != 500*24*time.Hour {
		t.Errorf("%v and %v for more than the buckets reach", got, h.Max())
	}
	for ms := range 1 << 14 {
		d := time.Duration(ms) * time.Millisecond
		before := bucketOf(max(d-time.Millisecond, 0))
		if b := bucketOf(d); b < before || b > before+1 {
			t.Fatalf("bucket %d for %v, %d before", b, d, before)
		}
	}
}

func TestWindowForgets(t *testing.T) {
	w := NewWindow(time.Hour)
	at := time.Date(2026, 9, 14, 8, 0, 0, 0, time.UTC)
	for i := range 4 {
		w.Add(at.Add(time.Duration(i)*15*time.Minute), time.Second, 1)
	}
	for minutes, want := range map[int]uint64{59: 4, 74: 4, 75: 3, 89: 3, 119: 1, 120: 0} {
		copied := *w
		copied.slots = slices.Clone(w.slots)
		if sum := copied.Sum(at.Add(time.Duration(minutes) * time.Minute)); sum.Count() != want {
			t.Errorf("%d after %d minutes, want %d", sum.Count(), minutes, want)
		}
	}
	sum := w.Sum(at.Add(1000 * time.Hour))
	if sum.Count() != 0 {
		t.Errorf("%d after a long time", sum.Count())
	}
	w.Add(at, time.Second, 1) // a clock that was set back
	if sum := w.Sum(at); sum.Count() != 1 {
		t.Errorf("%d after the clock was set back", sum.Count())
	}
}

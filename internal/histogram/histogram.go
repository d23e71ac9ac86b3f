// Package histogram counts lengths of time in buckets whose width grows with
// them, over windows that slide.
//
// It must not know what is measured.
package histogram

import (
	"math/bits"
	"time"
)

// Buckets begin at 64 ms; four of equal width make an octave, up to 99 days. So
// a quantile is off by at most an eighth.
const (
	firstBit  = 6 // of a number of milliseconds
	octaves   = 27
	perOctave = 4
	buckets   = 1 + octaves*perOctave // the first one is for less
)

// Histogram counts durations. The zero value is empty.
type Histogram struct {
	counts [buckets]uint32
	n      uint64
	max    time.Duration
}

// Add counts n durations of a length. A negative one, as clocks that differ
// give it, counts as none at all.
func (h *Histogram) Add(d time.Duration, n uint32) {
	d = max(d, 0)
	h.counts[bucketOf(d)] += n
	h.n += uint64(n)
	h.max = max(h.max, d)
}

// Merge adds what another has counted.
func (h *Histogram) Merge(o *Histogram) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.n += o.n
	h.max = max(h.max, o.max)
}

// Count is how many durations were counted, Max the longest of them, exactly.
func (h *Histogram) Count() uint64      { return h.n }
func (h *Histogram) Max() time.Duration { return h.max }

// Quantile returns a length that a share of the durations do not exceed: the
// middle of its bucket, and never more than Max. Zero when nothing was counted.
func (h *Histogram) Quantile(share float64) time.Duration {
	rank := uint64(share * float64(h.n))
	if float64(rank) < share*float64(h.n) {
		rank++
	}
	var seen uint64
	for i, n := range h.counts {
		if seen += uint64(n); seen >= rank && n > 0 {
			return min(middleOf(i), h.max)
		}
	}
	return h.max
}

func bucketOf(d time.Duration) int {
	ms := uint64(d / time.Millisecond)
	octave := bits.Len64(ms) - 1 - firstBit
	switch {
	case octave < 0:
		return 0
	case octave >= octaves:
		return buckets - 1
	}
	within := ms >> (octave + firstBit - 2) & (perOctave - 1)
	return 1 + octave*perOctave + int(within)
}

func middleOf(bucket int) time.Duration {
	if bucket == 0 {
		return time.Millisecond << (firstBit - 1)
	}
	octave, within := (bucket-1)/perOctave, (bucket-1)%perOctave
	width := time.Millisecond << (octave + firstBit - 2)
	return width*time.Duration(perOctave+within) + width/2
}

// Window is a histogram over the latest time: slots of a length take turns, so
// that it covers between slots-1 and slots of them. Slots in which nothing was
// counted take no memory.
type Window struct {
	slot  time.Duration
	slots []*Histogram
	turn  int64 // number of the present slot since 1970
}

// NewWindow covers at least a span, and at most a quarter more.
func NewWindow(span time.Duration) *Window {
	return &Window{slot: span / 4, slots: make([]*Histogram, 5)}
}

// Add counts n durations at a time.
func (w *Window) Add(now time.Time, d time.Duration, n uint32) {
	w.move(now)
	at := w.turn % int64(len(w.slots))
	if w.slots[at] == nil {
		w.slots[at] = &Histogram{}
	}
	w.slots[at].Add(d, n)
}

// Sum returns what the window holds at a time.
func (w *Window) Sum(now time.Time) Histogram {
	w.move(now)
	var all Histogram
	for _, h := range w.slots {
		if h != nil {
			all.Merge(h)
		}
	}
	return all
}

// move forgets the slots that are over. Time that goes back stays in the slot.
func (w *Window) move(now time.Time) {
	turn := now.UnixNano() / int64(w.slot)
	for passed := 0; w.turn < turn; passed++ {
		if passed == len(w.slots) {
			w.turn = turn
			return
		}
		w.turn++
		w.slots[w.turn%int64(len(w.slots))] = nil
	}
}

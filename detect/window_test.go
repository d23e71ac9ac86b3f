package detect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var noon = time.Date(2026, 9, 14, 12, 0, 0, 0, time.UTC)

func scheduled(frequency, period time.Duration) *Rule {
	return &Rule{ID: "r", Version: "1", QueryFrequency: Duration(frequency), QueryPeriod: Duration(period)}
}

// covered says whether t lies in one of the windows.
func covered(windows []Window, t time.Time) bool {
	for _, w := range windows {
		if !t.Before(w.Start) && t.Before(w.End) {
			return true
		}
	}
	return false
}

func TestTheFirstRunLooksBackOnePeriod(t *testing.T) {
	r := scheduled(5*time.Minute, time.Hour)
	got := r.due(time.Time{}, noon.Add(7*time.Minute), 1)
	want := Window{noon.Add(-55 * time.Minute), noon.Add(5 * time.Minute)}
	if len(got) != 1 || got[0] != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAWindowIsDueOnce(t *testing.T) {
	r := scheduled(5*time.Minute, time.Hour)
	if got := r.due(noon, noon.Add(4*time.Minute), 1); got != nil {
		t.Errorf("due before its time: %v", got)
	}
	if got := r.due(noon, noon.Add(5*time.Minute), 1); len(got) != 1 || !got[0].End.Equal(noon.Add(5*time.Minute)) {
		t.Errorf("got %v", got)
	}
	if got := r.due(noon, noon.Add(-time.Hour), 1); got != nil {
		t.Errorf("a clock that went back makes windows due: %v", got)
	}
}

// Whatever the absence, no instant between the last window and the newest is
// left out, and no window looks beyond now.
func TestWindowsCoverEveryAbsence(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		frequency := time.Duration(1+random.IntN(120)) * time.Minute
		r := scheduled(frequency, frequency*time.Duration(1+random.IntN(40))+time.Duration(random.IntN(60))*time.Second)
		last := gridBefore(noon, frequency)
		now := last.Add(time.Duration(random.Int64N(int64(60 * 24 * time.Hour))))
		windows := r.due(last, now, 1)
		for range 20 {
			newest := gridBefore(now, frequency)
			if !newest.After(last) {
				break
			}
			at := last.Add(time.Duration(random.Int64N(int64(newest.Sub(last)))))
			if !covered(windows, at) {
				t.Fatalf("every %s over %s, away from %s to %s: %s lies in no window", frequency, time.Duration(r.QueryPeriod), last, now, at)
			}
		}
		for i, w := range windows {
			if w.End.After(now) || gridBefore(w.End, frequency) != w.End {
				t.Fatalf("window %v ends after now %s or off the grid", w, now)
			}
			if i > 0 && !w.End.After(windows[i-1].End) {
				t.Fatalf("windows are not in order: %v", windows)
			}
		}
	}
}

// A late row lies in one of the windows that run again, as far as windows
// around it have run at all.
func TestLateRowsMakeTheirWindowsRunAgain(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		frequency := time.Duration(1+random.IntN(120)) * time.Minute
		r := scheduled(frequency, frequency*time.Duration(1+random.IntN(40)))
		last := gridBefore(noon, frequency)
		earliest := last.Add(-time.Duration(random.Int64N(int64(20 * 24 * time.Hour))))
		latest := earliest.Add(time.Duration(random.Int64N(int64(10 * 24 * time.Hour))))
		rows := []time.Time{earliest, earliest.Add(latest.Sub(earliest) / 2), latest}
		var minutes []time.Time
		for _, at := range rows {
			minutes = append(minutes, at.Truncate(time.Minute))
		}
		windows := r.dirty(minutes, last, 1+random.IntN(100))
		for _, at := range rows {
			if at.Before(last) && !covered(windows, at) {
				t.Fatalf("every %s over %s, last %s: late row at %s is in no window", frequency, time.Duration(r.QueryPeriod), last, at)
			}
		}
		for _, w := range windows {
			if w.End.After(last) {
				t.Fatalf("window %v has not run before: last is %s", w, last)
			}
		}
	}
}

func TestRowsOnTimeMakeNothingDirty(t *testing.T) {
	r := scheduled(5*time.Minute, time.Hour)
	if got := r.dirty([]time.Time{noon, noon.Add(time.Minute)}, noon, 64); got != nil {
		t.Errorf("got %v", got)
	}
	if got := r.dirty(nil, noon, 64); got != nil {
		t.Errorf("got %v", got)
	}
}

// Just the windows that hold a late row run again.
func TestNoOtherWindowsRunAgain(t *testing.T) {
	r := scheduled(5*time.Minute, 15*time.Minute)
	windows := r.dirty([]time.Time{noon.Add(-3 * time.Hour), noon.Add(-7 * time.Minute)}, noon, 64)
	var ends []string
	for _, w := range windows {
		ends = append(ends, w.End.Format("15:04"))
	}
	if got := fmt.Sprint(ends); got != "[09:05 09:10 09:15 11:55 12:00]" {
		t.Errorf("windows end at %s", got)
	}
}

// Days of history that come at once must not cost a window for each step of the
// grid.
func TestFewestWindowsHoldEachMinute(t *testing.T) {
	last := time.Date(2026, 9, 14, 10, 0, 0, 0, time.UTC)
	var minutes []time.Time
	for m := last.Add(-72 * time.Hour); m.Before(last.Add(time.Hour)); m = m.Add(time.Minute) {
		minutes = append(minutes, m)
	}
	for _, c := range []struct {
		frequency, period time.Duration
		most              int
	}{
		{5 * time.Minute, 24 * time.Hour, 4},
		{5 * time.Minute, time.Hour, 73},
		{5 * time.Minute, 14 * 24 * time.Hour, 1},
		{7 * time.Minute, 24 * time.Hour, 4},
	} {
		r := &Rule{QueryFrequency: Duration(c.frequency), QueryPeriod: Duration(c.period)}
		at := gridBefore(last, c.frequency)
		windows := r.dirty(minutes, at, 4)
		if len(windows) > c.most {
			t.Errorf("every %v over %v: %d windows, want at most %d", c.frequency, c.period, len(windows), c.most)
		}
		for _, m := range minutes {
			held := slices.ContainsFunc(windows, func(w Window) bool { return !m.Before(w.Start) && m.Before(w.End) })
			if m.Before(at) && !held {
				t.Fatalf("every %v over %v: nothing holds %v", c.frequency, c.period, m)
			}
		}
	}
}

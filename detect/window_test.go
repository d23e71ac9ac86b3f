package detect

import (
	"math/rand/v2"
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
	got := r.due(time.Time{}, noon.Add(7*time.Minute))
	want := Window{noon.Add(-55 * time.Minute), noon.Add(5 * time.Minute)}
	if len(got) != 1 || got[0] != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAWindowIsDueOnce(t *testing.T) {
	r := scheduled(5*time.Minute, time.Hour)
	if got := r.due(noon, noon.Add(4*time.Minute)); got != nil {
		t.Errorf("due before its time: %v", got)
	}
	if got := r.due(noon, noon.Add(5*time.Minute)); len(got) != 1 || !got[0].End.Equal(noon.Add(5*time.Minute)) {
		t.Errorf("got %v", got)
	}
	if got := r.due(noon, noon.Add(-time.Hour)); got != nil {
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
		windows := r.due(last, now)
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
		windows := r.dirty(earliest, latest, last)
		for _, at := range []time.Time{earliest, latest, earliest.Add(latest.Sub(earliest) / 2)} {
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
	if got := r.dirty(noon, noon.Add(time.Minute), noon); got != nil {
		t.Errorf("got %v", got)
	}
	if got := r.dirty(time.Time{}, time.Time{}, noon); got != nil {
		t.Errorf("got %v", got)
	}
}

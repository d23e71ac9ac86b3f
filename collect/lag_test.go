package collect

import (
	"strconv"
	"testing"
	"time"
)

func TestLagsByStage(t *testing.T) {
	l := NewLags()
	now := day0
	created, received := now.Add(-20*time.Minute), now.Add(-2*time.Minute)
	l.Available(exchange, "a", created)
	l.Visible(exchange, "a", received, []time.Time{now.Add(-time.Hour), now.Add(-time.Hour), now.Add(-3 * time.Hour)}, now)
	l.Visible(exchange, "unknown", received, []time.Time{now.Add(-time.Hour)}, now)
	l.Visible(exchange, "empty", received, nil, now)
	hour, byDay := l.Summary(exchange, now)
	near := func(stage LagStage, got LagSummary, records uint64, p50, longest time.Duration) {
		t.Helper()
		if off := got.P50 - p50; got.Records != records || got.Max != longest || off > p50/8 || off < -p50/8 {
			t.Errorf("%s: %+v, want %d records, median %v, longest %v", stage, got, records, p50, longest)
		}
	}
	for _, got := range []map[LagStage]LagSummary{hour, byDay} {
		near(EventToAvailable, got[EventToAvailable], 3, 40*time.Minute, 160*time.Minute)
		near(AvailableToJournalled, got[AvailableToJournalled], 3, 18*time.Minute, 18*time.Minute)
		near(JournalledToVisible, got[JournalledToVisible], 4, 2*time.Minute, 2*time.Minute)
		near(EventToVisible, got[EventToVisible], 4, time.Hour, 3*time.Hour)
	}
	hour, byDay = l.Summary(exchange, now.Add(2*time.Hour))
	if len(hour) != 0 || len(byDay) != 4 {
		t.Errorf("two hours later %d stages in the hour and %d in the day, want none and 4", len(hour), len(byDay))
	}
	var none *Lags
	none.Available(exchange, "a", created)
	none.Visible(exchange, "a", received, []time.Time{now}, now)
	if hour, byDay := none.Summary(exchange, now); len(hour)+len(byDay) != 0 {
		t.Error("something was measured by nothing")
	}
}

// TestLagsForgetWhatNeverBecomesVisible holds the memory of what is under way to
// its bound.
func TestLagsForgetWhatNeverBecomesVisible(t *testing.T) {
	l := NewLags()
	for i := range 3 * underWay {
		l.Available(exchange, strconv.Itoa(i), day0)
	}
	for i := range 3 * underWay { // what becomes visible leaves its place in the order
		id := "v" + strconv.Itoa(i)
		l.Available(exchange, id, day0)
		l.Visible(exchange, id, day0, []time.Time{day0}, day0)
	}
	if len(l.created) > underWay || len(l.order) > underWay || cap(l.order) > 4*underWay {
		t.Errorf("%d remembered, %d in order with room for %d; the bound is %d", len(l.created), len(l.order), cap(l.order), underWay)
	}
}

package activity

import (
	"net/http"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
)

// wantHours counts the states of the hours from a time on.
func (r *rig) wantHours(from time.Time, want map[collect.HourState]int) {
	r.t.Helper()
	now := time.Now()
	c, err := r.ledger.Calendar(r.t.Context(), collect.Stream{Tenant: testTenant, ContentType: exchange}, collect.Window{From: from, To: now}, now)
	if err != nil {
		r.t.Fatal(err)
	}
	got := map[collect.HourState]int{}
	for _, h := range c.Hours {
		got[h.State]++
	}
	for state, n := range want {
		if got[state] != n {
			r.t.Errorf("%d hours are %s, want %d", got[state], state, n)
		}
	}
}

// TestPollsCloseHours: ordinary polls close an hour once it is an overlap old,
// trouble keeps it open, and what is lost stays lost.
func TestPollsCloseHours(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.run(time.Hour - time.Duration(time.Now().Minute())*time.Minute) // the first minute of an hour
		begin := time.Now().Truncate(time.Hour)
		r.start()
		for n := range 24 {
			r.feed.add(exchange, id(n), time.Now())
			r.run(time.Hour)
		}
		r.run(2 * time.Minute)
		r.wantHours(begin, map[collect.HourState]int{collect.HourComplete: 18, collect.HourWaiting: 7, collect.HourOff: 0})

		r.setFault(once(-1, http.MethodGet, "/audit/", says(503, "")))
		r.feed.add(exchange, id(99), time.Now())
		r.run(9 * time.Hour)
		r.wantHours(begin.Add(24*time.Hour), map[collect.HourState]int{collect.HourLate: 1, collect.HourComplete: 2, collect.HourWaiting: 7})
		r.setFault(nil)
		r.run(30 * time.Minute)
		r.wantHours(begin, map[collect.HourState]int{collect.HourComplete: 27, collect.HourLate: 0, collect.HourLost: 0})
	})
}

// TestTheLagOfContentIsMeasured: what was journalled is known by when it was
// created, once it is visible.
func TestTheLagOfContentIsMeasured(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.lags = collect.NewLags()
		r.feed.add(exchange, id(1), time.Now().Add(-30*time.Minute))
		r.start()
		r.run(time.Minute)
		p := r.sink.all()[0]
		s := collect.Stream{Tenant: p.Tenant, ContentType: p.ContentType}
		r.lags.Visible(s, p.Name, p.Received, []time.Time{p.Received.Add(-time.Hour)}, time.Now())
		hour, _ := r.lags.Summary(s, time.Now())
		available, journalled := hour[collect.EventToAvailable], hour[collect.AvailableToJournalled]
		if available.Records != 1 || journalled.Records != 1 || available.Max+journalled.Max != time.Hour || journalled.Max < 30*time.Minute {
			t.Errorf("lags %+v, want half an hour each, an hour together", hour)
		}
	})
}

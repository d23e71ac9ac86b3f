package activity

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
)

func TestAlarmDaysBeforeLoss(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.cfg.PollEvery = 10 * time.Minute
		created := time.Now().Add(-94 * time.Hour) // it expires in 74
		for n := range 3 {
			r.feed.add(exchange, id(n), created.Add(time.Duration(n)*time.Second))
		}
		r.feed.fault = once(-1, http.MethodGet, "/audit/", says(500, "<html>"))
		r.start()
		alarm := func() (found *collect.Problem) {
			for _, w := range r.stream().Warnings {
				if w.Code == codeExpires {
					found = &w
				}
			}
			return found
		}
		r.run(time.Hour)
		if alarm() != nil || strings.Contains(r.log.String(), "will be lost") {
			t.Errorf("%+v more than three days ahead", alarm())
		}
		r.run(2 * time.Hour)
		first := created.Add(7 * 24 * time.Hour).UTC()
		want := fmt.Sprintf("3 blobs of Audit.Exchange are outstanding and will be lost: Microsoft deletes the first in 2 days, at %s.", first.Format("2006-01-02 15:04 UTC"))
		if a, s := alarm(), r.stream(); a == nil || a.Cause != want || a.Remedy == "" || s.Health != collect.HealthDegraded || !s.NextExpiry.Equal(first.Truncate(time.Millisecond)) {
			t.Errorf("three days ahead: %s, %+v, want %q", s.Health, a, want)
		}
		if !strings.Contains(r.log.String(), want) {
			t.Error("the log does not say it")
		}
		r.run(24 * time.Hour)
		if n := strings.Count(r.log.String(), "will be lost"); n < 4 || n > 6 {
			t.Errorf("%d times in the log within a day, want every six hours", n)
		}
		r.setFault(nil)
		r.run(time.Hour)
		r.wantJournalled(id(0), id(1), id(2))
		if s := r.stream(); alarm() != nil || s.Health != collect.HealthRunning || !strings.Contains(r.log.String(), "about to expire any more") {
			t.Errorf("after they were fetched: %s, %+v", s.Health, alarm())
		}
	})
}

// What was listed a moment ago may expire soon without anything being wrong;
// when it alone is the trouble it is the problem, too.
func TestAlarmLeavesTheFirstStartAlone(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.feed.add(exchange, id(1), time.Now().Add(-6*24*time.Hour))
		hold := make(chan struct{})
		r.feed.fault = once(1, http.MethodGet, "/audit/", func(q *http.Request) (*http.Response, error) {
			select {
			case <-hold:
			case <-q.Context().Done():
			}
			return nil, q.Context().Err()
		})
		r.start()
		r.run(10 * time.Minute)
		if s := r.stream(); s.Problem != nil {
			t.Errorf("problem %+v on a first start", s.Problem)
		}
		r.run(4 * time.Minute)
		close(hold)
		r.run(time.Minute)
		r.wantJournalled(id(1))
	})
}

func TestWhatExpiresFirstIsFetchedFirst(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.cfg.Concurrency = 1
		for n := range 30 {
			b := r.feed.add(exchange, id(n), time.Now().Add(-time.Duration(n)*time.Hour))
			b.expires = time.Now().Add(time.Duration((n*7)%30+1) * time.Hour)
		}
		r.start()
		r.run(5 * time.Minute)
		deadlines := map[string]time.Time{}
		for _, b := range r.feed.blobs {
			deadlines[b.id] = b.expires
		}
		late := 0
		all := r.sink.all()
		for i := 1; i < len(all); i++ {
			if deadlines[all[i].Name].Before(deadlines[all[i-1].Name]) {
				late++
			}
		}
		// The first ones are fetched while the listing goes on.
		if len(all) != 30 || late > 8 {
			t.Errorf("%d fetched, %d of them after one that expires later", len(all), late)
		}
	})
}

package activity

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
)

// spoils makes listings of windows that have a moment in them fail.
func spoils(at time.Time, fault func(*http.Request) (*http.Response, error)) func(*http.Request) (*http.Response, error) {
	return func(q *http.Request) (*http.Response, error) {
		if !strings.HasSuffix(q.URL.Path, "/subscriptions/content") {
			return nil, nil
		}
		from, _ := time.Parse(timeLayout, q.URL.Query().Get("startTime"))
		to, _ := time.Parse(timeLayout, q.URL.Query().Get("endTime"))
		if from.After(at) || !to.After(at) {
			return nil, nil
		}
		return fault(q)
	}
}

// A window that cannot be listed keeps nobody from what is listed in others, and when
// it is out of reach no more is lost than what nobody listed.
func TestAWindowThatFailsHoldsNoOtherUp(t *testing.T) {
	for name, fault := range map[string]func(*http.Request) (*http.Response, error){
		"error":     says(500, "<html>"),
		"odd entry": says(200, `[{"contentId":"","contentUri":"","contentCreated":"x"}]`),
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(r *rig) {
				r.cfg.PollEvery = 5 * time.Minute
				bad := time.Now().Add(-72 * time.Hour)
				r.start()
				r.run(time.Hour)
				r.stop()
				r.setFault(spoils(bad, fault))
				r.feed.add(exchange, id(0), bad.Add(-48*time.Hour))
				r.feed.add(exchange, id(1), bad.Add(48*time.Hour))
				r.start()
				r.run(time.Hour)
				r.feed.add(exchange, id(2), time.Now())
				r.run(time.Hour)
				r.wantJournalled(id(0), id(1), id(2))
				// What was listed before fails to be listed again: that is told, and new
				// content is listed, settled and closed as ever.
				if s := r.stream(); s.Problem == nil || s.Lag > 20*time.Minute {
					t.Errorf("status %+v, problem %+v; want it told, and the cursor near now", s, s.Problem)
				}
				before := len(r.feed.made(http.MethodGet, "/subscriptions/content"))
				r.run(120 * time.Hour)
				c, err := r.ledger.Calendar(r.t.Context(), collect.Stream{Tenant: testTenant, ContentType: exchange}, collect.Window{From: bad.Add(-48 * time.Hour), To: time.Now().Add(-10 * time.Hour)}, time.Now())
				if err != nil || len(c.Hours) < 200 {
					t.Fatalf("%d hours, error %v", len(c.Hours), err)
				}
				for _, h := range c.Hours {
					if h.State != collect.HourComplete {
						t.Errorf("the hour %s is %s: %s", h.Start, h.State, h.Detail)
					}
				}
				if s := r.stream(); s.Problem != nil || s.Counts.Gaps != 0 {
					t.Errorf("status %+v, problem %+v once it is out of reach", s, s.Problem)
				}
				if n := len(r.feed.made(http.MethodGet, "/subscriptions/content")) - before; n > 9000 {
					t.Errorf("%d requests in 120 hours", n)
				}
			})
		})
	}
}

// A window of new content that cannot be listed keeps the cursor, and no more: what is
// in others is fetched, and no more is lost in the end than what nobody could list.
func TestAWindowThatNobodyListedIsAllThatIsLost(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.cfg.PollEvery, r.cfg.Lookback = 10*time.Minute, 30*time.Hour
		r.start()
		r.run(time.Hour)
		bad := time.Now()
		r.setFault(spoils(bad, says(500, "<html>")))
		r.run(12 * time.Hour)
		r.feed.add(exchange, id(1), time.Now())
		r.run(30 * time.Minute)
		r.wantJournalled(id(1))
		if s := r.stream(); s.Problem == nil || s.Cursor.After(bad) {
			t.Errorf("status %+v, problem %+v; want the cursor before the window, and why", s, s.Problem)
		}
		r.run(32 * time.Hour)
		c, err := r.ledger.Calendar(r.t.Context(), collect.Stream{Tenant: testTenant, ContentType: exchange}, collect.Window{From: bad.Add(-2 * time.Hour), To: bad.Add(30 * time.Hour)}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		states := map[collect.HourState]int{}
		for _, h := range c.Hours {
			states[h.State]++
		}
		if states[collect.HourLost] < 1 || states[collect.HourLost] > 8 || states[collect.HourLost]+states[collect.HourComplete] != len(c.Hours) || len(c.Hours) < 30 {
			t.Errorf("hours %v of %d; want those around the window lost, and no others", states, len(c.Hours))
		}
		if s := r.stream(); s.Problem != nil || s.Counts.Gaps > 20 {
			t.Errorf("status %+v, problem %+v", s.Counts, s.Problem)
		}
	})
}

package hunting

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
)

// hours counts the hours of the first table in the last days by their state.
func (r *rig) hours(days int) map[collect.HourState]int {
	r.t.Helper()
	now := time.Now()
	all, err := Calendars(r.t.Context(), r.db, collect.Window{From: now.AddDate(0, 0, -days), To: now}, now)
	if err != nil || len(all) == 0 {
		r.t.Fatalf("calendars %v, error %v", all, err)
	}
	states := map[collect.HourState]int{}
	for _, h := range all[0].Hours {
		states[h.State]++
	}
	return states
}

// A machine whose clock is wrong at a start loses nothing and claims nothing: what
// is lost, and how far was read, is by the server's clock.
func TestAWrongClockLosesNothingAndClaimsNothing(t *testing.T) {
	for name, skew := range map[string]time.Duration{"ahead": 45 * 24 * time.Hour, "behind": -45 * 24 * time.Hour, "a day ahead": 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, nil, func(r *rig) {
				r.add(mails, time.Hour, 0)
				r.start()
				time.Sleep(2 * time.Hour)
				r.stop()

				// The network is not there at first, and a proxy has a page for it.
				r.skew = skew
				r.fault = func(*http.Request) *http.Response {
					return &http.Response{StatusCode: 502, Header: http.Header{"Date": {"Mon, 01 Jan 2035 00:00:00 GMT"}}, Body: io.NopCloser(strings.NewReader("<html>"))}
				}
				r.start()
				time.Sleep(10 * time.Minute)
				r.mu.Lock()
				r.fault = nil
				r.mu.Unlock()
				r.add(mails, time.Minute, 0)
				time.Sleep(time.Hour)
				r.wantAll()
				s := r.stream(0)
				if s.Counts.Gaps != 0 || s.Problem != nil || s.Cursor.After(time.Now()) || s.Cursor.Before(time.Now().Add(-10*time.Minute)) {
					t.Errorf("status %+v, problem %+v; want it read up to now, %s, without a gap", s, s.Problem, time.Now())
				}
				if states := r.hours(3); states[collect.HourComplete] == 0 || states[collect.HourWaiting] < 2 || states[collect.HourLost] > 0 {
					t.Errorf("hours %v; want the last ones waiting", states)
				}
			})
		})
	}
}

// What an earlier version has marked as read in the future is not believed.
func TestAMarkInTheFutureIsReadAgain(t *testing.T) {
	inVirtualTime(t, nil, func(r *rig) {
		r.start()
		time.Sleep(10 * time.Minute)
		r.stop()
		m, err := r.c.marks.read(r.t.Context(), mails)
		if err != nil {
			t.Fatal(err)
		}
		m.through, m.reread = time.Now().Add(48*time.Hour), time.Now().Add(48*time.Hour)
		if err := r.c.marks.save(r.t.Context(), mails, m); err != nil {
			t.Fatal(err)
		}
		r.add(mails, 5*time.Hour, 0)
		r.start()
		time.Sleep(10 * time.Minute)
		r.wantAll()
		if s := r.stream(0); s.Cursor.After(time.Now()) {
			t.Errorf("it is read up to %s, which is to come", s.Cursor)
		}
	})
}

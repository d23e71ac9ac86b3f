package activity

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
)

func (r *rig) wantNoGap() {
	r.t.Helper()
	gaps, err := r.ledger.Gaps(r.t.Context(), collect.Stream{Tenant: testTenant, ContentType: exchange}, 10)
	if err != nil || len(gaps) != 0 {
		r.t.Errorf("gaps %+v, %v; want none", gaps, err)
	}
	if s := r.stream(); s.Counts.Expired != 0 || s.Counts.Gaps != 0 {
		r.t.Errorf("counts %+v, want nothing lost", s.Counts)
	}
}

func unreachable(*http.Request) (*http.Response, error) { return nil, syscall.ENETUNREACH }

// TestAWrongClockBeforeTheNetworkIsThereLosesNothing: a machine that starts with
// its clock a month ahead, as one without a battery may, knows better only when
// the server has answered.
func TestAWrongClockBeforeTheNetworkIsThereLosesNothing(t *testing.T) {
	for name, fault := range map[string]func(*http.Request) (*http.Response, error){
		"no network": unreachable,
		"an answer of the proxy": func(*http.Request) (*http.Response, error) {
			return answer(502, "<html>", "Date", time.Now().Add(30*24*time.Hour).UTC().Format(http.TimeFormat)), nil
		},
		"no list of subscriptions": once(-1, http.MethodGet, "/subscriptions/list", says(503, "")),
	} {
		// By six days and twenty hours what was listed is in reach, and what was settled not.
		for _, ahead := range []time.Duration{30 * 24 * time.Hour, 6*24*time.Hour + 20*time.Hour} {
			t.Run(name+" "+ahead.String(), func(t *testing.T) {
				inVirtualTime(t, func(r *rig) {
					r.start()
					r.run(time.Hour)
					r.stop()
					r.feed.add(exchange, id(1), time.Now())
					r.skew = ahead
					r.setFault(fault)
					r.start()
					r.run(10 * time.Minute)
					r.setFault(nil)
					r.feed.add(exchange, id(2), time.Now())
					r.run(10 * time.Minute)
					r.wantJournalled(id(1), id(2))
					r.wantNoGap()
					through, err := r.ledger.ListedThrough(r.t.Context(), collect.Stream{Tenant: testTenant, ContentType: exchange})
					if late := time.Since(through); err != nil || late < 0 || late > 2*time.Minute {
						t.Errorf("listed through %v, %v; want about now, %v", through, err, time.Now())
					}
				})
			})
		}
	}
}

// TestTheFutureIsNotListed: the server answers for windows that reach into the
// future, and says at the same time that they do.
func TestTheFutureIsNotListed(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.start()
		r.run(time.Hour)
		r.stop()
		r.skew = 30 * time.Hour
		r.setFault(once(-1, http.MethodGet, "/subscriptions/list", says(503, "")))
		r.start()
		r.run(time.Second)
		s := collect.Stream{Tenant: testTenant, ContentType: exchange}
		through, err := r.ledger.ListedThrough(r.t.Context(), s)
		if err != nil || through.After(time.Now()) {
			t.Errorf("listed through %v, %v; it is %v", through, err, time.Now())
		}
		settled, err := r.ledger.Calendar(r.t.Context(), s, collect.Window{From: time.Now(), To: time.Now().Add(24 * time.Hour)}, time.Now().Add(24*time.Hour))
		for _, hour := range settled.Hours {
			if err != nil || !hour.Closed.IsZero() {
				t.Errorf("the hour of %v is closed before it began, %v", hour.Start, err)
			}
		}
	})
}

// TestAnErrorPageDoesNotTellTheTime: pages of a proxy whose clock is a month ahead
// come in the place of a few answers.
func TestAnErrorPageDoesNotTellTheTime(t *testing.T) {
	for _, place := range []string{"/audit/", "/subscriptions/content", "/subscriptions/list"} {
		for name, status := range map[string]int{"as an error": 503, "as a success": 200} {
			t.Run(strings.Trim(place, "/")+" "+name, func(t *testing.T) {
				inVirtualTime(t, func(r *rig) {
					r.start()
					r.run(time.Hour)
					r.feed.add(exchange, id(1), time.Now().Add(-time.Minute))
					wrong := time.Now().Add(30 * 24 * time.Hour).UTC().Format(http.TimeFormat)
					r.setFault(once(3, http.MethodGet, place, says(status, "<html>blocked</html>", "Date", wrong)))
					r.run(10 * time.Minute)
					r.feed.add(exchange, id(2), time.Now().Add(-time.Second))
					r.run(10 * time.Minute)
					r.wantJournalled(id(1), id(2))
					r.wantNoGap()
				})
			})
		}
	}
}

// TestANetworkThatIsAwayLosesNothing: content outlives what the listing said of it,
// as has been measured, and the network is away until long after that.
func TestANetworkThatIsAwayLosesNothing(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.feed.add(exchange, id(1), time.Now().Add(-140*time.Hour))
		r.setFault(once(-1, http.MethodGet, "/audit/", unreachable))
		r.start()
		r.run(time.Hour)
		r.setFault(unreachable)
		r.run(60 * time.Hour)
		r.feed.mu.Lock()
		for _, b := range r.feed.blobs {
			b.expires = time.Now().Add(1000 * time.Hour)
		}
		r.feed.mu.Unlock()
		r.setFault(once(1, http.MethodGet, "/audit/", says(503, ""))) // and then it takes one more attempt
		r.run(time.Hour)
		r.wantJournalled(id(1))
		r.wantNoGap()
	})
}

// TestAnExpirationInThePastIsNotBelieved: a blob is given up when the server says
// so, and not after the first attempt because of what stands in the listing.
func TestAnExpirationInThePastIsNotBelieved(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		b := r.feed.add(exchange, id(1), time.Now().Add(-time.Hour), func(b *fakeBlob) { b.expires = time.Now().Add(-48 * time.Hour) })
		var asked atomic.Int32
		r.setFault(func(q *http.Request) (*http.Response, error) {
			switch {
			case !strings.Contains(q.URL.Path, "/audit/"):
				return nil, nil
			case asked.Add(1) < 9:
				return answer(503, ""), nil
			}
			return answer(200, b.body), nil
		})
		r.start()
		r.run(2 * time.Hour)
		r.wantJournalled(id(1))
		r.wantNoGap()
	})
}

// TestNullIsNoAnswer: no list is not an empty list.
func TestNullIsNoAnswer(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.start()
		r.run(time.Hour)
		r.setFault(once(2, http.MethodGet, "/subscriptions/list", says(200, "null")))
		r.run(time.Hour)
		r.wantNoGap()
		r.setFault(once(-1, http.MethodGet, "/subscriptions/content", says(200, "null")))
		r.run(20 * time.Minute)
		if s := r.stream(); s.Problem == nil || s.Lag < 15*time.Minute {
			t.Errorf("status %+v, problem %+v; want trouble and a lag", s, s.Problem)
		}
	})
}

// TestAServerThatDoesNotTellTheTime: a gateway takes the Date out of every answer.
func TestAServerThatDoesNotTellTheTime(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.setFault(func(q *http.Request) (*http.Response, error) {
			recorder := httptest.NewRecorder()
			r.feed.ServeHTTP(recorder, q)
			response := recorder.Result()
			response.Header.Del("Date")
			return response, nil
		})
		r.start()
		r.run(time.Hour)
		r.stop()
		r.run(9 * 24 * time.Hour)
		r.feed.add(exchange, id(1), time.Now())
		r.start()
		r.run(10 * time.Minute)
		r.wantJournalled(id(1))
		if s := r.stream(); s.Counts.Gaps != 2 || s.Problem != nil {
			t.Errorf("counts %+v, problem %+v; want the days out of reach as gaps", s.Counts, s.Problem)
		}
	})
}

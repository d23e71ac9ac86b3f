package activity

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
)

// TestWholeLifeNamesThePublisher lets a collector of all content types live
// through days of good and bad, and looks at each request that left it: the
// publisher is named once, also on pages, blobs, starts and what is repeated,
// and nothing but the API and the authority was asked.
func TestWholeLifeNamesThePublisher(t *testing.T) {
	const publisher = "99999999-2222-3333-4444-555555555555"
	inVirtualTime(t, func(r *rig) {
		r.cfg.PublisherIdentifier, r.feed.publisher = publisher, publisher
		r.cfg.ContentTypes, r.cfg.PollEvery, r.cfg.RelistEvery = ContentTypes(), time.Hour, 24*time.Hour
		r.withWebhook()
		var n atomic.Int32
		r.feed.fault = func(q *http.Request) (*http.Response, error) {
			switch n.Add(1) % 23 {
			case 5:
				return answer(403, `{"error":{"code":"AF429","message":"Too many requests."}}`), nil
			case 11:
				return answer(401, ""), nil
			case 17:
				return answer(400, `{"error":{"code":"AF20031","message":"Invalid nextPage Input."}}`), nil
			case 21:
				return answer(503, "<html>"), nil
			}
			return nil, nil
		}
		r.start()
		for day := range 2 {
			for i, contentType := range ContentTypes() {
				for k := range 4 {
					r.feed.add(contentType, id(day*100+i*10+k), time.Now())
				}
			}
			r.run(8 * time.Hour)
			r.feed.mu.Lock()
			r.feed.subs["Audit.General"], r.feed.hook = "disabled", nil
			delete(r.feed.subs, "DLP.All")
			r.feed.mu.Unlock()
			r.run(16 * time.Hour)
			r.stop()
			r.start()
		}
		seen := map[string]int{}
		for _, q := range r.feed.made(http.MethodGet, "") {
			seen[r.checkRequest(q, publisher)]++
		}
		for _, q := range r.feed.made(http.MethodPost, "") {
			seen[r.checkRequest(q, publisher)]++
		}
		for _, operation := range []string{"subscriptions/list", "subscriptions/start", "subscriptions/content", "next page", "audit", "sign-in"} {
			if seen[operation] == 0 {
				t.Errorf("no request of the kind %q among %v: the life was too quiet", operation, seen)
			}
		}
	})
}

// checkRequest returns what a request asked for.
func (r *rig) checkRequest(q *http.Request, publisher string) string {
	r.t.Helper()
	path, api := strings.CutPrefix(q.URL.Path, "/api/v1.0/"+testTenant+"/activity/feed/")
	switch {
	case q.URL.Host == "login.test" && !api:
		return "sign-in"
	case q.URL.Host != "manage.test" || !api:
		r.t.Errorf("a request left for %s", q.URL)
		return ""
	}
	if got := q.URL.Query()["PublisherIdentifier"]; !slices.Equal(got, []string{publisher}) {
		r.t.Errorf("%s %s names the publisher %q", q.Method, q.URL, got)
	}
	switch {
	case strings.HasPrefix(path, "audit/"):
		return "audit"
	case q.URL.Query().Has("nextPage"):
		return "next page"
	}
	return path
}

func TestSubscriptionsAreListedBeforeTheyAreStarted(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.cfg.ContentTypes = []string{exchange, "Audit.General"}
		r.feed.subs["Audit.General"] = "enabled"
		r.start()
		r.run(time.Hour)
		var order []string
		r.feed.mu.Lock()
		for _, q := range r.feed.requests {
			if strings.Contains(q.URL.Path, "/subscriptions/") {
				order = append(order, q.URL.Path[strings.LastIndex(q.URL.Path, "/")+1:])
			}
		}
		r.feed.mu.Unlock()
		if len(order) == 0 || order[0] != "list" || !slices.Equal(r.feed.started(), []string{exchange}) {
			t.Errorf("asked in the order %v, started %v; want a list first, and a start of what is missing only", order[:3], r.feed.started())
		}
	})
}

// TestSubscriptionThatIsListedAndRefusedIsStartedAgain: the list says enabled, and
// what is asked for says that there is none.
func TestSubscriptionThatIsListedAndRefusedIsStartedAgain(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.feed.subs[exchange] = "enabled"
		r.feed.add(exchange, id(1), time.Now().Add(-time.Hour))
		r.setFault(func(q *http.Request) (*http.Response, error) {
			if strings.HasSuffix(q.URL.Path, "/subscriptions/content") && len(r.feed.started()) < 2 {
				return answer(400, `{"error":{"code":"AF20022","message":"No subscription found for the specified content type."}}`), nil
			}
			return nil, nil
		})
		r.start()
		r.run(40 * time.Minute)
		r.wantJournalled(id(1))
		r.run(2 * time.Hour)
		if n := len(r.feed.started()); n != 2 {
			t.Errorf("%d starts, want one every 15 minutes as long as it was refused, and no more", n)
		}
		r.wantNoGap()
	})
}

// A list that lacks a subscription for once, while content is offered all the time,
// takes no hour away; one that lacks what is refused, too, does.
func TestAListThatLacksASubscriptionIsNoGap(t *testing.T) {
	for name, c := range map[string]struct {
		refused, lost bool // content too; the answer of the start before
		gaps          int
	}{
		"the list alone":          {false, false, 0},
		"content is refused too":  {true, false, 1},
		"an earlier start is out": {false, true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(r *rig) {
				r.start()
				r.run(time.Hour)
				answers, last, refusals := 0, 1, 0
				if c.lost {
					last = 2
				}
				r.setFault(func(q *http.Request) (*http.Response, error) {
					switch {
					case answers == last:
						return nil, nil
					case strings.HasSuffix(q.URL.Path, "/subscriptions/list") && (refusals > 0 || !c.refused):
						return answer(200, "[]"), nil
					case strings.HasSuffix(q.URL.Path, "/subscriptions/content") && c.refused:
						refusals++
						return answer(400, `{"error":{"code":"AF20022","message":"none"}}`), nil
					case strings.HasSuffix(q.URL.Path, "/subscriptions/start"):
						if answers++; answers == 1 && c.lost {
							return nil, errors.New("connection reset by peer")
						}
						return answer(400, `{"error":{"code":"AF20024","message":"already enabled"}}`), nil
					}
					return nil, nil
				})
				r.run(time.Hour)
				if answers != last {
					t.Fatalf("%d starts, want %d", answers, last)
				}
				gaps, err := r.ledger.Gaps(r.t.Context(), collect.Stream{Tenant: testTenant, ContentType: exchange}, 9)
				if err != nil || len(gaps) != c.gaps || r.stream().Health != collect.HealthRunning {
					t.Errorf("gaps %+v, error %v, health %s; want %d gaps", gaps, err, r.stream().Health, c.gaps)
				}
				off := 0
				all, err := r.ledger.Calendar(r.t.Context(), collect.Stream{Tenant: testTenant, ContentType: exchange}, collect.Window{From: time.Now().Add(-3 * time.Hour), To: time.Now()}, time.Now())
				for _, h := range all.Hours {
					if h.State == collect.HourOff || h.State == collect.HourLost {
						off++
					}
				}
				if err != nil || (off > 0) != (c.gaps > 0) {
					t.Errorf("%d hours are off or lost, error %v", off, err)
				}
			})
		})
	}
}

// The words of the API are read whatever their case.
func TestStatusesAreReadWhateverTheirCase(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.setFault(func(q *http.Request) (*http.Response, error) {
			if strings.HasSuffix(q.URL.Path, "/subscriptions/list") {
				return answer(200, `[{"contentType":"audit.exchange","status":"Enabled"}]`), nil
			}
			return nil, nil
		})
		r.feed.subs[exchange] = "enabled"
		r.start()
		r.run(time.Hour)
		if started := r.feed.started(); len(started) != 0 || r.stream().Subscription != collect.SubscriptionEnabled {
			t.Errorf("started %v, status %s", started, r.stream().Subscription)
		}
	})
}

func TestSubscriptionThatVanishedIsStartedAgain(t *testing.T) {
	for name, spoil := range map[string]func(*feed){
		"vanished": func(f *feed) { delete(f.subs, exchange) },
		"disabled": func(f *feed) { f.subs[exchange] = "disabled" },
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(r *rig) {
				r.start()
				r.run(time.Hour)
				gone := time.Now()
				r.feed.mu.Lock()
				spoil(r.feed)
				r.feed.mu.Unlock()
				r.run(2 * time.Minute) // the next listing says so, long before the next look
				if n := len(r.feed.started()); n != 2 {
					t.Errorf("%d starts, want it started again at once", n)
				}
				gaps, err := r.ledger.Gaps(r.t.Context(), collect.Stream{Tenant: testTenant, ContentType: exchange}, 9)
				if err != nil || len(gaps) != 1 || gaps[0].From.After(gone) || gaps[0].To.Before(gone) {
					t.Errorf("gaps %+v, %v; want one around %v", gaps, err, gone)
				}
				// Gone again within the quarter of an hour: the next start waits.
				r.feed.mu.Lock()
				spoil(r.feed)
				r.feed.mu.Unlock()
				r.run(10 * time.Minute)
				if n := len(r.feed.started()); n != 2 {
					t.Errorf("%d starts within 15 minutes", n)
				}
				r.run(10 * time.Minute)
				if n := len(r.feed.started()); n != 3 || r.stream().Health != collect.HealthRunning {
					t.Errorf("%d starts after 15 minutes, health %s", n, r.stream().Health)
				}
			})
		})
	}
}

func TestOneBudgetForAllContentTypes(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.cfg.ContentTypes, r.cfg.PollEvery = ContentTypes(), 20*time.Second
		r.start()
		r.run(10 * time.Minute)
		// One content type is told to wait: none asks for anything meanwhile.
		var mu sync.Mutex
		var at []time.Time
		refused := time.Time{}
		r.setFault(func(q *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Now())
			if refused.IsZero() && strings.Contains(q.URL.RawQuery, "Audit.General") {
				refused = time.Now()
				return answer(429, `{"error":{"code":"AF429","message":"Too many requests."}}`, "Retry-After", "150"), nil
			}
			return nil, nil
		})
		before := r.c.client.budget.PerMinute()
		r.run(140 * time.Second)
		if after := r.c.client.budget.PerMinute(); after > before*0.51 {
			t.Errorf("the rate goes on at %v of %v a minute", after, before)
		}
		r.run(2 * time.Minute)
		mu.Lock()
		defer mu.Unlock()
		resumed := false
		for _, sent := range at {
			wait := sent.Sub(refused)
			if wait > 2*time.Second && wait < 150*time.Second {
				t.Errorf("a request %v after the server asked for 150s", wait)
			}
			resumed = resumed || wait >= 150*time.Second
		}
		if refused.IsZero() || !resumed {
			t.Error("nothing was refused, or nothing was asked afterwards")
		}
	})
	inVirtualTime(t, func(r *rig) {
		r.cfg.RequestsPerMinute = 60
		for n := range 300 {
			r.feed.add(exchange, id(n), time.Now().Add(-time.Hour))
		}
		r.start()
		r.run(2 * time.Minute)
		if n := len(r.feed.made(http.MethodGet, "/api/")) + len(r.feed.made(http.MethodPost, "/api/")); n > 125 {
			t.Errorf("%d requests in two minutes at 60 a minute", n)
		}
	})
}

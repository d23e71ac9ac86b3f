package activity

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/model"
)

// TestPassingTroubleLosesNothing injects each kind of trouble into each kind of
// request several times, and expects every blob once, and no trouble left.
func TestPassingTroubleLosesNothing(t *testing.T) {
	html := "<html><head><title>502</title></head><body>\x1b[31mBad Gateway</body></html>"
	troubles := map[string]func(*http.Request) (*http.Response, error){
		"AF429 under 403":        says(403, `{"error":{"code":"AF429","message":"Too many requests. Method=GetBlob, PublisherId=0"}}`),
		"AF429 in single quotes": says(403, `{'error':{'code':'AF429','message':'Too many requests.'}}`),
		"429 with hint":          says(429, "", "Retry-After", "30"),
		"429 with HTML":          says(429, html),
		"AF50000":                says(500, `{"error":{"code":"AF50000","message":"An internal error occurred. Retry the request."}}`),
		"502 with HTML":          says(502, html, "Content-Type", "text/html"),
		"503 with Retry-After":   says(503, "", "Retry-After", "20"),
		"200 with HTML":          says(200, html),
		"200 with an error":      says(200, `{"error":{"code":"AF50005","message":"internal"}}`),
		"200 with nothing":       says(200, ""),
		"redirect elsewhere":     says(302, "", "Location", "https://evil.test/"),
		"401":                    says(401, ""),
		"reset":                  func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNRESET },
		"body breaks off": func(*http.Request) (*http.Response, error) {
			return broken(`[{"Id":"a"},{"I`, io.ErrUnexpectedEOF), nil
		},
		"body cut without notice": says(200, `[{"Id":"a"},{"Id":"b`),
		"body cut between":        says(200, `[{"contentId":"a"},`),
		"hangs": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
	}
	for _, place := range []string{"/subscriptions/list", "/subscriptions/start", "/subscriptions/content", "/audit/"} {
		for name, trouble := range troubles {
			t.Run(strings.Trim(place, "/")+" "+name, func(t *testing.T) {
				inVirtualTime(t, func(r *rig) {
					var ids []string
					for n := range 7 {
						r.feed.add(exchange, id(n), time.Now().Add(-time.Duration(n)*time.Hour))
						ids = append(ids, id(n))
					}
					method := http.MethodGet
					if strings.HasSuffix(place, "start") {
						method = http.MethodPost
					}
					r.feed.fault = once(5, method, place, trouble)
					r.cfg.PollEvery = 10 * time.Minute
					r.start()
					r.run(2 * time.Hour)
					r.wantJournalled(ids...)
					for _, p := range r.sink.all() {
						if !strings.HasSuffix(string(p.Body), "]") || !strings.Contains(string(p.Body), p.Name) {
							t.Errorf("%s was journalled as %q", p.Name, p.Body)
						}
					}
					if s := r.stream(); s.Health != collect.HealthRunning || s.Problem != nil || s.Lag > 11*time.Minute {
						t.Errorf("status %+v, problem %+v; want all well again", s, s.Problem)
					}
					r.wantNoSecret()
				})
			})
		}
	}
}

// wantNoSecret checks that neither secret nor token is in the log or the
// status.
func (r *rig) wantNoSecret() {
	r.t.Helper()
	text := r.log.String()
	if s := r.c.Status(); s.Problem != nil {
		text += s.Problem.Detail + s.Problem.Cause
	}
	for _, s := range r.c.Status().Streams {
		if s.Problem != nil {
			text += s.Problem.Detail
		}
	}
	for _, secret := range []string{testSecret, "token-"} {
		if strings.Contains(text, secret) {
			r.t.Errorf("%q is in the log or the status:\n%s", secret, text)
		}
	}
	if strings.Contains(text, "\x1b") {
		r.t.Error("a control character of the server's reached the log")
	}
}

func TestTroubleIsShownWhileItLasts(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.feed.add(exchange, id(1), time.Now().Add(-time.Hour))
		r.start()
		r.run(time.Minute)
		r.setFault(once(-1, http.MethodGet, "/subscriptions/content", says(503, "<html>down</html>")))
		r.run(30 * time.Minute)
		s := r.stream()
		if s.Health != collect.HealthDegraded || s.Problem == nil || s.Lag < 25*time.Minute || !strings.Contains(s.Problem.Detail, "HTTP 503: <html>down</html>") {
			t.Errorf("status %+v, problem %+v; want trouble and a growing lag", s, s.Problem)
		}
		if n := len(r.feed.made(http.MethodGet, "/subscriptions/content")); n > 120 {
			t.Errorf("%d requests to a server that is down for half an hour", n)
		}
	})
}

func TestTroubleForAPerson(t *testing.T) {
	for code, says := range map[string]func(*http.Request) (*http.Response, error){
		"AF10001":    says(403, `{"error":{"code":"AF10001","message":"The permission set () sent in the request does not include the expected permission."}}`),
		"AF20010":    says(400, `{"error":{"code":"AF20010","message":"The tenant ID passed in the URL does not match the tenant ID passed in the access token."}}`),
		codeAuditOff: says(400, `Microsoft.Office.Compliance.Audit.DataServiceException: Tenant 11111111 does not exist`),
	} {
		t.Run(code, func(t *testing.T) {
			inVirtualTime(t, func(r *rig) {
				r.feed.add(exchange, id(1), time.Now().Add(-time.Hour))
				r.feed.fault = once(-1, http.MethodGet, "/subscriptions/", says)
				r.start()
				r.run(time.Hour)
				status := r.c.Status()
				if status.Health != collect.HealthBlocked || status.Problem == nil || status.Problem.Code != code || status.Problem.Remedy == "" {
					t.Errorf("health %s, problem %+v; want blocked by %s with a remedy", status.Health, status.Problem, code)
				}
				r.setFault(nil)
				r.run(6 * time.Minute)
				r.wantJournalled(id(1))
			})
		})
	}
}

func TestWrongSecretIsNamedAndNotPrinted(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.feed.secret = "another"
		r.start()
		r.run(time.Hour)
		p := r.c.Status().Problem
		if p == nil || p.Code != "AADSTS7000215" || p.Remedy == "" || r.c.Status().Health != collect.HealthBlocked {
			t.Errorf("health %s, problem %+v; want the wrong secret", r.c.Status().Health, p)
		}
		r.wantNoSecret() // the token endpoint echoes it
		if len(r.feed.made(http.MethodPost, "/oauth2/v2.0/token")) > 60 {
			t.Error("a wrong secret is sent again and again")
		}
	})
}

func TestTokenExpiresBetweenPages(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		var ids []string
		for n := range 9 {
			r.feed.add(exchange, id(n), time.Now().Add(-time.Hour))
			ids = append(ids, id(n))
		}
		var pages atomic.Int32
		expired := map[string]bool{}
		r.feed.fault = func(q *http.Request) (*http.Response, error) {
			if next := q.URL.Query().Get("nextPage"); next != "" {
				pages.Add(1)
				r.feed.mu.Lock()
				if !expired[next] {
					expired[next] = true
					clear(r.feed.tokens)
				}
				r.feed.mu.Unlock()
			}
			return nil, nil
		}
		r.start()
		r.run(2 * time.Second)
		r.wantJournalled(ids...)
		if pages.Load() < 2 || r.feed.tokensIssued() < 2 || r.feed.tokensIssued() > 4 {
			t.Errorf("%d next pages, %d tokens issued; want a new token for each that was refused", pages.Load(), r.feed.tokensIssued())
		}
		if s := r.stream(); s.Problem != nil {
			t.Errorf("problem %+v after a renewed token", s.Problem)
		}
	})
}

func TestTokensAreReusedForTheirLife(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.cfg.PollEvery = 10 * time.Minute
		r.start()
		r.run(24 * time.Hour)
		if r.feed.tokensIssued() < 20 || r.feed.tokensIssued() > 30 {
			t.Errorf("%d tokens in a day, want about one an hour", r.feed.tokensIssued())
		}
	})
}

func TestExpiredContentIsAGapAndTheCursorPasses(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		lost := r.feed.add(exchange, id(1), time.Now().Add(-2*time.Hour))
		lost.expires = time.Now().Add(-time.Hour)
		r.feed.add(exchange, id(2), time.Now().Add(-time.Hour))
		r.start()
		r.run(5 * time.Minute)
		r.wantJournalled(id(2))
		s := r.stream()
		if s.Counts.Expired != 1 || s.Counts.Gaps != 1 || s.Lag > 2*time.Minute {
			t.Errorf("status %+v, want one expired blob and a cursor beyond it", s)
		}
		gaps, err := r.ledger.Gaps(r.t.Context(), collect.Stream{Tenant: testTenant, ContentType: exchange}, 9)
		if err != nil || len(gaps) != 1 || gaps[0].ContentID != id(1) || !strings.Contains(gaps[0].Reason, "AF20051") {
			t.Errorf("gaps %+v, %v; want the blob with AF20051", gaps, err)
		}
	})
}

// What stands in records is nobody's answer: a body that breaks off behind words that
// look like a refusal is fetched again.
func TestRecordsCannotSpeakForTheAPI(t *testing.T) {
	for _, words := range []string{`{"error":{"code":"AF20051"}}`, `code: AF20051`, `"Code":'AF20050'`} {
		for _, broken := range []string{`[{"Id":"1","Subject":%q},{"Id":`, "\ufeff [{\"Id\":\"1\",\"Subject\":%q}]]", `[%s,{"Id":"2"`} {
			inVirtualTime(t, func(r *rig) {
				r.feed.add(exchange, id(1), time.Now().Add(-time.Hour))
				r.feed.fault = once(2, http.MethodGet, "/audit/", says(200, fmt.Sprintf(broken, words)))
				r.start()
				r.run(10 * time.Minute)
				r.wantJournalled(id(1))
				if s := r.stream(); s.Counts.Expired != 0 || s.Counts.Gaps != 0 {
					t.Errorf("%s in %s: %+v", words, broken, s.Counts)
				}
			})
		}
	}
}

func TestContentThatIsAwayForAWhileIsNotLost(t *testing.T) {
	away := says(404, `{"error":{"code":"AF20050","message":"The specified content does not exist."}}`)
	t.Run("for hours", func(t *testing.T) {
		inVirtualTime(t, func(r *rig) {
			r.feed.add(exchange, id(1), time.Now().Add(-time.Hour))
			r.feed.fault = once(-1, http.MethodGet, "/audit/", away)
			r.start()
			r.run(10 * time.Hour)
			r.setFault(nil)
			r.run(time.Hour)
			r.wantJournalled(id(1))
			r.wantNoGap()
		})
	})
	t.Run("for ever", func(t *testing.T) {
		inVirtualTime(t, func(r *rig) {
			r.feed.add(exchange, id(1), time.Now().Add(-time.Hour))
			r.feed.fault = once(-1, http.MethodGet, "/audit/", away)
			r.start()
			r.run(30 * time.Hour)
			r.wantJournalled()
			if s := r.stream(); s.Counts.Expired != 1 {
				t.Errorf("counts %+v, want the blob given up", s.Counts)
			}
		})
	})
	t.Run("past its time", func(t *testing.T) {
		inVirtualTime(t, func(r *rig) {
			r.feed.add(exchange, id(1), time.Now().Add(-167*time.Hour))
			r.feed.fault = once(-1, http.MethodGet, "/audit/", away)
			r.start()
			r.run(50 * time.Minute)
			if s := r.stream(); s.Counts.Expired != 0 {
				t.Errorf("counts %+v before its time is over", s.Counts)
			}
			r.run(3 * time.Hour)
			if s := r.stream(); s.Counts.Expired != 1 {
				t.Errorf("counts %+v, want the blob given up", s.Counts)
			}
		})
	})
}

func TestFailingBlobHoldsTheCursorAndNobodyElse(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		bad := time.Now().Add(-150 * time.Hour)
		r.feed.add(exchange, id(0), bad)
		ids := []string{}
		for n := 1; n < 40; n++ {
			r.feed.add(exchange, id(n), time.Now().Add(-time.Duration(n)*time.Hour))
			ids = append(ids, id(n))
		}
		r.feed.fault = once(-1, http.MethodGet, id(0), says(500, "<html>"))
		r.cfg.PollEvery = 10 * time.Minute
		r.start()
		r.run(20 * time.Second)
		r.wantJournalled(ids...)
		r.run(10 * time.Hour)
		s := r.stream()
		if s.Counts.Failed != 1 || s.Problem == nil || !s.Cursor.Equal(bad.Truncate(time.Millisecond)) {
			t.Errorf("status %+v; want the cursor at the failing blob, %v", s, bad)
		}
		if n := len(r.feed.made(http.MethodGet, id(0))); n < 20 || n > 120 {
			t.Errorf("%d attempts at a failing blob in ten hours, want backoff to a few an hour", n)
		}
		r.run(48 * time.Hour) // beyond its expiration and the patience after it
		if s := r.stream(); s.Counts.Expired != 1 || s.Lag > 11*time.Minute || s.Counts.Journalled != 39 {
			t.Errorf("status %+v; want the blob given up", s)
		}
	})
}

func TestSubscriptionThatIsDisabledIsStartedAgain(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.start()
		r.run(time.Hour)
		r.feed.mu.Lock()
		r.feed.subs[exchange] = "disabled"
		r.feed.mu.Unlock()
		r.run(5 * time.Minute)
		r.feed.add(exchange, id(1), time.Now())
		r.run(2 * time.Minute)
		r.wantJournalled(id(1))
		if s := r.stream(); s.Health != collect.HealthRunning || s.Counts.Gaps != 1 {
			t.Errorf("status %+v, want it running with the span in between as a gap", s)
		}
	})
}

// TestGapsAreByTheServersClock: also one that is a few seconds off must not
// leave out of the gap what became available, by the server's clock, shortly
// before the subscription was started again.
func TestGapsAreByTheServersClock(t *testing.T) {
	const ahead = 12 * time.Second
	inVirtualTime(t, func(r *rig) {
		r.feed.now = func() time.Time { return time.Now().Add(ahead) }
		var lastStart atomic.Pointer[time.Time]
		r.feed.fault = func(q *http.Request) (*http.Response, error) {
			if q.Method == http.MethodPost && strings.HasSuffix(q.URL.Path, "/subscriptions/start") {
				now := r.feed.now()
				lastStart.Store(&now)
			}
			return nil, nil
		}
		r.start()
		r.run(time.Hour)
		r.feed.mu.Lock()
		r.feed.subs[exchange] = "disabled"
		r.feed.mu.Unlock()
		r.run(10 * time.Minute)
		restarted := *lastStart.Load()
		gaps, err := r.ledger.Gaps(r.t.Context(), collect.Stream{Tenant: r.cfg.TenantID, ContentType: exchange}, 10)
		if err != nil || len(gaps) != 1 || gaps[0].To.Before(restarted.Add(-time.Second)) || gaps[0].To.After(restarted.Add(time.Second)) {
			t.Errorf("gaps %+v, %v; want one that ends at the restart, %v", gaps, err, restarted)
		}
	})
}

func TestStartsKeepFifteenMinutesApart(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.feed.fault = func(q *http.Request) (*http.Response, error) {
			// Whatever is started is gone at once.
			r.feed.mu.Lock()
			defer r.feed.mu.Unlock()
			clear(r.feed.subs)
			return nil, nil
		}
		r.start()
		r.run(30 * time.Minute)
		r.stop()
		r.start()
		r.run(30 * time.Minute)
		if n := len(r.feed.started()); n < 3 || n > 5 {
			t.Errorf("%d starts in an hour, want one every 15 minutes, over a restart too", n)
		}
		if s := r.stream(); s.Problem == nil || s.Problem.Code != "AF20022" {
			t.Errorf("problem %+v, want the missing subscription", s.Problem)
		}
	})
}

// A start that never left is tried again soon, one that may have arrived is not.
func TestAStartThatNeverLeftIsTriedAgainSoon(t *testing.T) {
	away := func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "manage.test"}}
	}
	broken := func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
	}
	for name, c := range map[string]struct {
		fault  func(*http.Request) (*http.Response, error)
		within time.Duration
		starts int // seen by the network until then
	}{
		"no connection": {away, 5 * time.Minute, 6},
		"broke off":     {broken, 14 * time.Minute, 1},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(r *rig) {
				r.feed.fault = once(5, http.MethodPost, "/subscriptions/start", c.fault)
				r.start()
				r.run(c.within)
				if n := len(r.feed.made(http.MethodPost, "/subscriptions/start")); n != c.starts {
					t.Errorf("%d starts within %s, want %d", n, c.within, c.starts)
				}
				if started := len(r.feed.started()) == 1; started != (name == "no connection") {
					t.Errorf("it was started: %v", started)
				}
			})
		})
	}
}

func TestAlreadyEnabledIsSuccess(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.feed.subs[exchange] = "enabled"
		r.feed.add(exchange, id(1), time.Now().Add(-time.Hour))
		// The list of subscriptions does not know it yet.
		r.feed.fault = once(1, http.MethodGet, "/subscriptions/list", says(200, "[]"))
		r.start()
		r.run(time.Minute)
		r.wantJournalled(id(1))
		if len(r.feed.started()) != 1 {
			t.Errorf("%d starts, want one, answered with AF20024", len(r.feed.started()))
		}
	})
}

func TestNoTokenLeavesForAnotherHost(t *testing.T) {
	hosts := []string{"https://evil.test", "http://manage.test", "https://manage.test:8443", "https://manage.test.evil.test", "https://manage.test@evil.test", "//evil.test"}
	for _, host := range hosts {
		t.Run(host, func(t *testing.T) {
			inVirtualTime(t, func(r *rig) {
				var leaks atomic.Int32
				r.feed.fault = func(q *http.Request) (*http.Response, error) {
					if q.URL.Scheme != "https" || q.URL.Host != "manage.test" && q.URL.Host != "login.test" {
						leaks.Add(1)
						return answer(200, "[]"), nil
					}
					if strings.HasSuffix(q.URL.Path, "/subscriptions/content") && q.URL.Query().Get("nextPage") == "" {
						return answer(200, `[{"contentUri":"`+host+`/api/v1.0/x/audit/1","contentId":"1","contentType":"Audit.Exchange","contentCreated":"2000-01-01T01:00:00.000Z","contentExpiration":"2000-01-08T01:00:00.000Z"}]`,
							"NextPageUri", host+"/api/v1.0/x?nextPage=1"), nil
					}
					return nil, nil
				}
				r.start()
				r.run(3 * time.Hour)
				if leaks.Load() != 0 {
					t.Errorf("%d requests left for %s", leaks.Load(), host)
				}
				s := r.stream()
				if s.Health == collect.HealthRunning || s.Problem == nil || s.Counts.Backlog() != 1 || s.Counts.Journalled != 0 || !s.LastSuccess.IsZero() {
					t.Errorf("status %+v, want trouble, and nothing listed to its end", s)
				}
			})
		})
	}
}

func TestPagesThatNeverEnd(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.feed.fault = func(q *http.Request) (*http.Response, error) {
			if !strings.HasSuffix(q.URL.Path, "/subscriptions/content") {
				return nil, nil
			}
			return answer(200, "[]", "NextPageUri", q.URL.String()), nil
		}
		r.start()
		r.run(time.Hour)
		if s := r.stream(); s.Problem == nil || !strings.Contains(s.Problem.Detail, errEndless.Error()) {
			t.Errorf("problem %+v, want pages that do not end", s.Problem)
		}
		if n := len(r.feed.made(http.MethodGet, "/subscriptions/content")); n > 200 {
			t.Errorf("%d requests in an hour", n)
		}
	})
}

func TestPageTokenThatDiedListsAnew(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		var ids []string
		for n := range 9 {
			r.feed.add(exchange, id(n), time.Now().Add(-time.Hour))
			ids = append(ids, id(n))
		}
		var failed atomic.Bool
		r.feed.fault = func(q *http.Request) (*http.Response, error) {
			if q.URL.Query().Get("nextPage") == "6" && !failed.Swap(true) {
				return answer(400, `{"error":{"code":"AF20031","message":"Invalid nextPage Input."}}`), nil
			}
			return nil, nil
		}
		r.start()
		r.run(30 * time.Second)
		r.wantJournalled(ids...)
	})
}

func TestRefusedWindowsAreNarrowed(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.feed.add(exchange, id(1), time.Now().Add(-time.Hour))
		r.feed.fault = func(q *http.Request) (*http.Response, error) {
			query := q.URL.Query()
			from, _ := time.Parse(timeLayout, query.Get("startTime"))
			to, _ := time.Parse(timeLayout, query.Get("endTime"))
			if to.Sub(from) > 6*time.Hour {
				return answer(400, `{"error":{"code":"AF20055","message":"Start time and end time must be less than 24 hours apart."}}`), nil
			}
			return nil, nil
		}
		r.start()
		r.run(30 * time.Minute)
		r.wantJournalled(id(1))
		if s := r.stream(); s.Health != collect.HealthRunning {
			t.Errorf("health %s, problem %+v", s.Health, s.Problem)
		}
	})
}

func TestWrongClockOfThisMachine(t *testing.T) {
	for _, skew := range []time.Duration{-3 * time.Hour, 3 * time.Hour} {
		t.Run(skew.String(), func(t *testing.T) {
			inVirtualTime(t, func(r *rig) {
				r.feed.now = func() time.Time { return time.Now().Add(skew) } // the server is right
				r.feed.add(exchange, id(1), r.feed.now().Add(-time.Minute))
				r.feed.add(exchange, id(2), r.feed.now().Add(-166*time.Hour))
				r.start()
				r.run(30 * time.Minute)
				r.wantJournalled(id(1), id(2))
				if s := r.stream(); s.Problem != nil {
					t.Errorf("problem %+v", s.Problem)
				}
			})
		})
	}
}

func TestCrashBetweenJournalAndLedger(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.feed.add(exchange, id(1), time.Now().Add(-time.Hour))
		r.sink.fail = func(model.Payload) (bool, error) { return true, errors.New("killed") }
		r.start()
		r.run(2 * time.Second)
		r.stop()
		r.sink.fail = nil
		kept := len(r.sink.all())
		if kept == 0 {
			t.Fatal("nothing was journalled before the crash")
		}
		r.start()
		r.run(2 * time.Minute)
		if got := len(r.sink.all()); got != kept+1 {
			t.Errorf("%d payloads after %d, want the blob journalled once more: only the ledger knows that it is safe", got, kept)
		}
		if s := r.stream(); s.Counts.Journalled != 1 || s.Counts.Backlog() != 0 {
			t.Errorf("counts %+v", s.Counts)
		}
	})
}

func TestFullDiskIsNoBlobsFault(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		for n := range 6 {
			r.feed.add(exchange, id(n), time.Now().Add(-time.Hour))
		}
		r.sink.fail = func(model.Payload) (bool, error) { return false, syscall.ENOSPC }
		r.start()
		r.run(time.Hour)
		s := r.stream()
		if s.Counts.Failed != 0 || s.Counts.Listed != 6 || s.Problem == nil || !strings.Contains(s.Problem.Remedy, "disk") {
			t.Errorf("status %+v, problem %+v; want the disk blamed and no blob", s, s.Problem)
		}
		if n := len(r.feed.made(http.MethodGet, "/audit/")); n > 120 {
			t.Errorf("%d fetches in an hour with a full disk", n)
		}
		r.sink.mu.Lock()
		r.sink.fail = nil
		r.sink.mu.Unlock()
		r.run(6 * time.Minute)
		r.wantJournalled(id(0), id(1), id(2), id(3), id(4), id(5))
		if s := r.stream(); s.Problem != nil {
			t.Errorf("problem %+v after the disk has room", s.Problem)
		}
	})
}

func TestBodyBeyondTheBoundStaysOutstanding(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.cfg.MaxBodyBytes = 100
		big := r.feed.add(exchange, id(1), time.Now().Add(-time.Hour))
		big.body = `[{"Id":"` + strings.Repeat("x", 100) + `"}]`
		small := r.feed.add(exchange, id(2), time.Now().Add(-time.Hour))
		small.body = `[{"Id":"x"}]`
		r.start()
		r.run(time.Hour)
		r.wantJournalled(id(2))
		if s := r.stream(); s.Problem == nil || !strings.Contains(s.Problem.Detail, "more than the bound of 100 bytes") {
			t.Errorf("problem %+v, want the size", s.Problem)
		}
	})
}

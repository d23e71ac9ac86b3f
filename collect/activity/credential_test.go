package activity

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/entra"
)

func TestEndOfTheSecretIsAnnouncedWeeksAhead(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.cfg.PollEvery, r.cfg.RelistEvery, r.cfg.SubscriptionsEvery = 12*time.Hour, 1000*time.Hour, 24*time.Hour
		ends := time.Now().Add(31 * 24 * time.Hour)
		r.cfg.ClientSecretExpires = ends
		r.start()
		announced := func() int { return strings.Count(r.log.String(), "with which Quoll signs in") }
		r.run(time.Hour)
		if s := r.c.Status(); len(s.Warnings) != 0 || !s.CredentialEnds.Equal(ends) || announced() != 0 {
			t.Errorf("31 days ahead: ends %v, warnings %+v", s.CredentialEnds, s.Warnings)
		}
		for i, before := range []int{30, 14, 7, 1, 0} {
			r.run(time.Until(ends.Add(-time.Duration(before)*24*time.Hour)) + 2*time.Hour)
			s := r.c.Status()
			if len(s.Warnings) != 1 || s.Warnings[0].Code != entra.CodeEnds || s.Warnings[0].Remedy == "" || announced() != i+1 {
				t.Errorf("%d days ahead: warnings %+v, %d times in the log", before, s.Warnings, announced())
			}
			// A date in the configuration may be wrong: while Entra takes the
			// secret, nothing is blocked.
			if s.Health != collect.HealthRunning {
				t.Errorf("%d days ahead: health %s", before, s.Health)
			}
		}
	})
}

func TestExpiredSecretBlocksWithItsRemedy(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.feed.fault = once(-1, http.MethodPost, "/oauth2/v2.0/token",
			says(401, `{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys are expired.","error_codes":[7000222]}`, "Content-Type", "application/json"))
		r.feed.add(exchange, id(1), time.Now().Add(-time.Hour))
		r.start()
		r.run(time.Hour)
		s := r.c.Status()
		if s.Health != collect.HealthBlocked || s.Problem == nil || s.Problem.Code != "AADSTS7000222" || !strings.Contains(s.Problem.Remedy, "create a client secret") {
			t.Errorf("health %s, problem %+v", s.Health, s.Problem)
		}
		r.setFault(nil)
		r.run(6 * time.Minute)
		r.wantJournalled(id(1))
	})
}

func TestTokenExpiresAmidManyBlobs(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		var ids []string
		for n := range 60 {
			r.feed.add(exchange, id(n), time.Now().Add(-time.Hour))
			ids = append(ids, id(n))
		}
		var fetched atomic.Int32
		r.feed.fault = func(q *http.Request) (*http.Response, error) {
			if strings.Contains(q.URL.Path, "/audit/") && fetched.Add(1)%10 == 0 {
				r.feed.mu.Lock()
				clear(r.feed.tokens) // the one that this request carries, too
				r.feed.mu.Unlock()
			}
			return nil, nil
		}
		r.start()
		r.run(30 * time.Second)
		r.wantJournalled(ids...)
		if issued := r.feed.tokensIssued(); issued < 6 || issued > 20 {
			t.Errorf("%d tokens issued, want about one for each that expired", issued)
		}
		if s := r.stream(); s.Problem != nil || s.Counts.Failed != 0 {
			t.Errorf("%d failed, problem %+v; an expired token is no blob's fault", s.Counts.Failed, s.Problem)
		}
		r.wantNoSecret()
	})
}

// TestTokensLifeIsShorterThanAListing lets every token die on its own after a
// minute, while a listing of many slow pages goes on.
func TestTokensLifeIsShorterThanAListing(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		var ids []string
		for n := range 30 {
			r.feed.add(exchange, id(n), time.Now().Add(-time.Hour))
			ids = append(ids, id(n))
		}
		r.feed.fault = func(q *http.Request) (*http.Response, error) {
			if !strings.HasSuffix(q.URL.Path, "/subscriptions/content") {
				return nil, nil
			}
			time.Sleep(40 * time.Second)
			r.feed.mu.Lock()
			defer r.feed.mu.Unlock()
			for token, until := range r.feed.tokens {
				if time.Until(until) < 59*time.Minute {
					delete(r.feed.tokens, token)
				}
			}
			return nil, nil
		}
		r.start()
		r.run(30 * time.Minute)
		r.wantJournalled(ids...)
		if issued := r.feed.tokensIssued(); issued < 5 {
			t.Error(fmt.Sprint(issued, " tokens issued: the test tests nothing"))
		}
	})
}

func TestWhatAPersonHasToMendBlocks(t *testing.T) {
	for code, status := range map[string]int{entra.CodeExpired: 0, entra.CodeUnreadable: 0, "AADSTS1000502": 401, "AADSTS700213": 401, "AADSTS999999": 400} {
		f := tokenFailure(&entra.Failure{Code: code, Status: status})
		if f.does != blocked {
			t.Errorf("%s: %s", code, f.does)
		}
	}
	if f := tokenFailure(&entra.Failure{Status: 503}); f.does != retry {
		t.Errorf("503: %s", f.does)
	}
}

// TestAGrantIsTakenUpWithinMinutes: what a token permits is written into it, and
// it lives for an hour.
func TestAGrantIsTakenUpWithinMinutes(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		var granted atomic.Int32 // the first token that has the permission
		granted.Store(1 << 20)
		r.cfg.ContentTypes = ContentTypes()
		r.feed.add(exchange, id(1), time.Now().Add(-time.Hour))
		r.setFault(func(q *http.Request) (*http.Response, error) {
			token, ok := strings.CutPrefix(q.Header.Get("Authorization"), "Bearer token-")
			if n, _ := strconv.Atoi(token); !ok || n >= int(granted.Load()) {
				return nil, nil
			}
			return answer(403, `{"error":{"code":"AF10001","message":"The permission set () sent in the request does not include the expected permission."}}`), nil
		})
		r.start()
		r.run(3 * time.Hour)
		issued := r.feed.tokensIssued()
		if issued < 20 || issued > 40 {
			t.Errorf("%d tokens in three hours without the permission, want about one in five minutes", issued)
		}
		granted.Store(int32(issued) + 1)
		r.run(11 * time.Minute)
		r.wantJournalled(id(1))
	})
}

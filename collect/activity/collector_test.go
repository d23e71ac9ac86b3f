package activity

import (
	"net/http"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/model"
)

func TestCollectsWhatIsListed(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		now := time.Now()
		var ids []string
		for n := range 20 { // over several pages and all windows
			r.feed.add(exchange, id(n), now.Add(-time.Duration(n)*8*time.Hour))
			ids = append(ids, id(n))
		}
		r.cfg.Concurrency = 1 // or the first two arrive in any order
		r.start()
		r.run(2 * time.Minute)
		r.wantJournalled(ids...)
		r.feed.add(exchange, id(99), time.Now())
		r.run(2 * time.Minute)
		r.wantJournalled(append(ids, id(99))...)

		p := r.sink.all()[0]
		if p.Tenant != testTenant || p.Source != model.SourceActivity || p.Format != model.FormatAuditArray || p.ContentType != exchange ||
			string(p.Body) != r.feed.blobs[19].body || p.Name != id(19) {
			t.Errorf("payload %+v: want the oldest blob first, byte for byte", p)
		}
		s := r.stream()
		if s.Health != collect.HealthRunning || s.Problem != nil || s.Subscription != "enabled" || s.Counts.Journalled != 21 ||
			s.Counts.Records != 42 || s.Counts.Backlog() != 0 || s.Lag > 2*time.Minute || !s.NextExpiry.IsZero() || s.LastBlob.IsZero() {
			t.Errorf("status %+v", s)
		}
		if starts := r.feed.made(http.MethodPost, "subscriptions/start"); len(starts) != 1 {
			t.Errorf("%d starts of a subscription, want one", len(starts))
		}
	})
}

func TestBlobsThatAppearLateAreFound(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.start()
		r.run(time.Hour)
		r.feed.add(exchange, id(1), time.Now().Add(-5*time.Hour)) // within the overlap
		r.run(3 * time.Minute)
		r.wantJournalled(id(1))
		r.feed.add(exchange, id(2), time.Now().Add(-100*time.Hour)) // found when all is listed again
		r.run(7 * time.Hour)
		r.wantJournalled(id(1), id(2))
	})
}

func TestRestartDoesNotFetchAgain(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.feed.add(exchange, id(1), time.Now().Add(-time.Hour))
		r.start()
		r.run(time.Minute)
		r.stop()
		if h := r.c.Status().Health; h != collect.HealthStopped {
			t.Errorf("health %q after Run ended", h)
		}
		r.start()
		r.run(time.Hour)
		r.wantJournalled(id(1))
		if starts := r.feed.made(http.MethodPost, "subscriptions/start"); len(starts) != 1 {
			t.Errorf("%d starts of a subscription that is enabled, want one", len(starts))
		}
	})
}

func TestOutageBeyondReachIsAGap(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.start()
		r.run(time.Hour)
		r.stop()
		r.run(9 * 24 * time.Hour)
		r.start()
		r.run(time.Minute)
		gaps, err := r.ledger.Gaps(r.t.Context(), collect.Stream{Tenant: testTenant, ContentType: exchange}, 10)
		if err != nil || len(gaps) != 2 || gaps[0].ContentID != "" || gaps[1].ContentID != "" {
			t.Fatalf("gaps %+v, %v; want two spans", gaps, err)
		}
		if span := gaps[0].To.Sub(gaps[0].From); span < 48*time.Hour || span > 50*time.Hour {
			t.Errorf("the gap is %v long, want the two days out of reach", span)
		}
		if span := gaps[1].To.Sub(gaps[1].From); !gaps[1].To.Equal(gaps[0].From) || span < r.cfg.Overlap || span > r.cfg.Overlap+time.Hour {
			t.Errorf("before it a gap from %v to %v, want the hours that were listed while young only", gaps[1].From, gaps[1].To)
		}
		if s := r.stream(); s.Lag > 2*time.Minute || s.Counts.Gaps != 2 {
			t.Errorf("status %+v, want no lag behind a known gap", s)
		}
	})
}

func TestEveryRequestNamesThePublisher(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		for n := range 8 {
			r.feed.add(exchange, id(n), time.Now().Add(-time.Hour))
		}
		r.start()
		r.run(time.Minute)
		// The feed refuses nameless calls, also on pages and blobs.
		r.wantJournalled(id(0), id(1), id(2), id(3), id(4), id(5), id(6), id(7))
		for _, request := range r.feed.made(http.MethodGet, "/audit/") {
			if request.URL.Query().Get("PublisherIdentifier") != testTenant {
				t.Errorf("blob fetched without publisher: %s", request.URL)
			}
		}
	})
}

func TestBlobFetchedTooSoonIsFetchedOnceMore(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.start()
		r.run(time.Hour)
		r.feed.add(exchange, id(1), time.Now()) // whole from the start
		grows := r.feed.add(exchange, id(2), time.Now(), growing(`[{"Id":"1"}]`, time.Now().Add(4*time.Minute)))
		r.run(2 * time.Minute)
		r.wantJournalled(id(1), id(2))
		r.setFault(once(2, http.MethodGet, "/audit/", says(503, "")))
		r.run(time.Hour)
		r.wantJournalled(id(1), id(2), id(2))
		if last := r.sink.all()[2]; string(last.Body) != grows.body {
			t.Errorf("the last payload is %q, want the grown blob", last.Body)
		}
		s := r.stream()
		if s.Counts.Journalled != 2 || s.Counts.Regrown != 1 || s.Counts.Records != 5 || s.Problem != nil {
			t.Errorf("status %+v, problem %+v", s.Counts, s.Problem)
		}
		fetched := len(r.feed.made(http.MethodGet, "/audit/"))
		r.run(24 * time.Hour)
		if again := len(r.feed.made(http.MethodGet, "/audit/")); again != fetched {
			t.Errorf("%d fetches of blobs that are settled", again-fetched)
		}
	})
}

// A blob that was journalled young and does not exist any more does not hold its hour
// open until it would expire.
func TestWhatIsGoneWhenItIsFetchedOnceMoreIsLetGo(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.run(time.Hour - time.Duration(time.Now().Minute())*time.Minute)
		r.start()
		r.run(time.Minute)
		begin := time.Now().Truncate(time.Hour)
		r.feed.add(exchange, id(1), time.Now())
		r.run(2 * time.Minute)
		r.wantJournalled(id(1))
		r.setFault(once(-1, http.MethodGet, "/audit/", says(400, `{"error":{"code":"AF20050","message":"no such content"}}`)))
		r.run(48 * time.Hour)
		c, err := r.ledger.Calendar(r.t.Context(), collect.Stream{Tenant: testTenant, ContentType: exchange}, collect.Window{From: begin, To: begin.Add(time.Hour)}, time.Now())
		if err != nil || len(c.Hours) != 1 || c.Hours[0].State != collect.HourComplete || c.Hours[0].Records != 2 {
			t.Errorf("the hour is %+v, error %v; want it complete with what was journalled", c.Hours, err)
		}
		if n := len(r.feed.made(http.MethodGet, "/audit/")); n < goneTries || n > goneTries+5 {
			t.Errorf("%d fetches, want it believed after %d", n, goneTries)
		}
	})
}

// TestAClockThatIsSetForwardHidesNoGrowth: a blob is due once more at a time by
// the clock of before, and looks as it did, because it still fills.
func TestAClockThatIsSetForwardHidesNoGrowth(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.skew = -time.Hour
		r.cfg.SettleAfter = 10 * time.Minute
		r.start()
		r.run(time.Minute)
		r.feed.add(exchange, id(1), time.Now(), growing(`[{"Id":"1"}]`, time.Now().Add(8*time.Minute)))
		r.run(2 * time.Minute)
		r.stop()
		r.skew = 0
		r.start()
		r.run(time.Hour)
		if got := len(r.sink.names()); got != 2 {
			t.Errorf("journalled %d times, want the blob when it was young and when it was whole", got)
		}
	})
}

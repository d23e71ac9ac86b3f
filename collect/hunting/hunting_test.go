package hunting

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/tenantsim/graph"
)

const (
	testTenant = "11111111-2222-3333-4444-555555555555"
	testToken  = "t0ken-that-must-not-leak"
	mails      = "EmailEvents"
	clicks     = "UrlClickEvents"
)

// rig is a collector against the simulated Graph in virtual time.
type rig struct {
	t     *testing.T
	db    *sql.DB
	graph *graph.Server
	cfg   Config
	log   lockedBuilder
	roles []string
	added int
	skew  time.Duration // by which the machine's clock is wrong from the next start on

	mu       sync.Mutex
	payloads []model.Payload
	fail     func() error
	fault    func(*http.Request) *http.Response

	c      *Collector
	cancel context.CancelFunc
	ended  chan struct{}
}

// lockedBuilder is a log that is read while it is written.
type lockedBuilder struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuilder) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuilder) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func inVirtualTime(t *testing.T, change func(*graph.Config), test func(r *rig)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(60*24*time.Hour + 8*time.Hour + 22*time.Minute + 33*time.Second + 456*time.Millisecond)
		db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		db.SetMaxOpenConns(1) // so that the setting holds: nothing here loses power
		if _, err := db.ExecContext(t.Context(), "PRAGMA synchronous = OFF"); err != nil {
			t.Fatal(err)
		}
		r := &rig{t: t, db: db, cfg: DefaultConfig(), roles: []string{"ThreatHunting.Read.All"}}
		r.cfg.TenantID, r.cfg.BaseURL, r.cfg.Tables = testTenant, "https://graph.test", []string{mails, clicks}
		sim := graph.DefaultConfig()
		sim.Authorise = func(token string) ([]string, bool) { return r.roles, token == testToken }
		if change != nil {
			change(&sim)
		}
		r.graph = graph.New(sim)
		r.graph.AddTables(mails, clicks)
		defer r.stop()
		test(r)
	})
}

// add makes a row that happened some time ago and can be found from some time
// from now on.
func (r *rig) add(table string, ago, in time.Duration) {
	at := time.Now().UTC().Add(-ago).Truncate(time.Second)
	r.graph.AddHunting(table, at, time.Now().Add(in), fmt.Appendf(nil, `{"Timestamp":%q,"NetworkMessageId":"n%d","Url":"https://x.example","ReportId":"r%d"}`, at.Format(time.RFC3339), r.added, r.added))
	r.added++
}

// RoundTrip answers in memory.
func (r *rig) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	r.mu.Lock()
	fault := r.fault
	r.mu.Unlock()
	if fault != nil {
		if answer := fault(request); answer != nil {
			return answer, nil
		}
	}
	recorder := httptest.NewRecorder()
	reset := false
	func() {
		defer func() { reset = recover() != nil }()
		served := request.Clone(request.Context())
		served.Host = request.URL.Host
		r.graph.ServeHTTP(recorder, served)
	}()
	if reset {
		return nil, errors.New("connection reset by peer")
	}
	return recorder.Result(), nil
}

type tokens struct{}

func (tokens) Token(context.Context) (string, error) { return testToken, nil }
func (tokens) Refuse(context.Context, string)        {}

// Journal implements collect.Sink.
func (r *rig) Journal(ctx context.Context, p model.Payload) (uint64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		if err := r.fail(); err != nil {
			return 0, err
		}
	}
	r.payloads = append(r.payloads, p)
	return uint64(len(r.payloads)), ctx.Err()
}

func (r *rig) start() {
	r.t.Helper()
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(7, 7))
	c, err := New(r.t.Context(), r.cfg, Dependencies{
		DB: r.db, Sink: r, Tokens: tokens{}, HTTP: &http.Client{Transport: r}, Clock: clock.Skewed(clock.System(), r.skew),
		Random: func() float64 { mu.Lock(); defer mu.Unlock(); return random.Float64() },
		Logger: slog.New(slog.NewTextHandler(&r.log, nil)),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.c, r.cancel, r.ended = c, cancel, make(chan struct{})
	go func() {
		defer close(r.ended)
		if err := c.Run(ctx); err != nil {
			r.t.Errorf("Run: %v", err)
		}
	}()
}

func (r *rig) stop() {
	if r.cancel != nil {
		r.cancel()
		<-r.ended
		r.cancel = nil
	}
}

// wantAll checks that every row that was added is journalled under its table.
func (r *rig) wantAll() {
	r.t.Helper()
	got := map[string]bool{}
	r.mu.Lock()
	for _, p := range r.payloads {
		if p.Source != model.SourceHunting || p.Format != model.FormatHuntingResults || p.Tenant != testTenant || !slices.Contains(r.cfg.Tables, p.ContentType) || p.Received.IsZero() {
			r.t.Errorf("envelope %+v", p)
		}
		var answer struct{ Results []struct{ ReportID string } }
		if err := json.Unmarshal(p.Body, &answer); err != nil {
			r.t.Errorf("payload %s: %v", p.Name, err)
		}
		for _, row := range answer.Results {
			got[row.ReportID] = true
		}
	}
	r.mu.Unlock()
	if len(got) != r.added {
		r.t.Errorf("%d of %d rows are there\n%s", len(got), r.added, r.log.String())
	}
}

func (r *rig) stream(i int) collect.StreamStatus { return r.c.Status().Streams[i] }

func TestCollectsWhatIsThereAndWhatComes(t *testing.T) {
	inVirtualTime(t, nil, func(r *rig) {
		for i := range 200 {
			r.add(mails, time.Duration(i)*3*time.Hour+time.Minute, 0) // 25 days
		}
		r.add(clicks, time.Hour, 0)
		r.start()
		time.Sleep(30 * time.Minute)
		r.wantAll()
		r.add(mails, 0, 0)
		r.add(mails, 10*time.Minute, 5*time.Minute) // late
		time.Sleep(15 * time.Minute)
		r.wantAll()
		r.add(clicks, 40*time.Hour, 0) // very late
		time.Sleep(7 * time.Hour)
		r.wantAll()
		s := r.stream(0)
		if s.Health != collect.HealthRunning || s.Problem != nil || s.Lag > 6*time.Minute || s.Counts.Gaps != 0 || s.Counts.Records < 202 || s.LastJournalled.IsZero() {
			t.Errorf("status %+v", s)
		}
	})
}

func TestSlicesShrinkUntilNoLimitIsHit(t *testing.T) {
	inVirtualTime(t, func(c *graph.Config) { c.HuntingRowLimit = 50 }, func(r *rig) {
		r.cfg.RowLimit = 50
		for i := range 3000 {
			r.add(mails, time.Duration(i)*97*time.Second+time.Minute, 0)
		}
		r.start()
		time.Sleep(3 * time.Hour)
		r.wantAll()
		if s := r.stream(0); s.Counts.Gaps != 0 || s.Lag > 10*time.Minute {
			t.Errorf("status %+v", s)
		}
	})
}

// TestSlicesGrowAgain: after a second with as many rows as there may be, an hour
// is not read second by second.
func TestSlicesGrowAgain(t *testing.T) {
	inVirtualTime(t, func(c *graph.Config) { c.HuntingRowLimit = 3 }, func(r *rig) {
		r.cfg.RowLimit = 3
		for _, ago := range []time.Duration{25 * time.Hour, 25*time.Hour + 10*time.Second, 25*time.Hour + 12*time.Second, 25*time.Hour + 14*time.Second} {
			r.add(mails, ago, 0)
		}
		r.start()
		time.Sleep(30 * time.Minute)
		r.wantAll()
		if s := r.stream(0); s.Counts.Gaps != 0 || s.Lag > 10*time.Minute {
			t.Errorf("status %+v", s)
		}
	})
}

func TestMoreRowsThanCanBeHadAreAGap(t *testing.T) {
	inVirtualTime(t, func(c *graph.Config) { c.HuntingRowLimit = 50 }, func(r *rig) {
		r.cfg.RowLimit = 50
		for range 80 {
			r.add(mails, 2*time.Hour, 0) // in one second
		}
		r.start()
		time.Sleep(2 * time.Hour)
		s := r.stream(0)
		if s.Counts.Gaps == 0 || s.Lag > 10*time.Minute || s.Counts.Records < 50 {
			t.Errorf("status %+v", s)
		}
	})
}

func TestGoesOnWhereItWas(t *testing.T) {
	inVirtualTime(t, nil, func(r *rig) {
		for i := range 100 {
			r.add(mails, time.Duration(i)*6*time.Hour+time.Minute, 0)
		}
		kill := errors.New("disk full")
		left := 3
		r.fail = func() error {
			if left--; left < 0 {
				return kill
			}
			return nil
		}
		r.start()
		time.Sleep(time.Minute)
		if s := r.stream(0); s.Problem == nil || s.Problem.Cause != "Quoll could not store what it collected." {
			t.Errorf("problem %+v", s.Problem)
		}
		r.stop()
		before := len(r.payloads)
		r.fail = nil
		r.start()
		time.Sleep(30 * time.Minute)
		r.wantAll()
		repeats := map[string]int{}
		for _, p := range r.payloads[:before] {
			repeats[p.Name]++
		}
		for _, p := range r.payloads[before:] {
			if repeats[p.Name] > 0 {
				t.Errorf("%s was asked for again", p.Name)
			}
		}
	})
}

func TestThirtyDaysOfSilenceAreAGap(t *testing.T) {
	inVirtualTime(t, nil, func(r *rig) {
		r.start()
		time.Sleep(30 * time.Minute)
		r.stop()
		r.add(mails, 0, time.Minute)
		lost := r.added
		time.Sleep(40 * 24 * time.Hour)
		r.add(mails, time.Hour, 0)
		r.start()
		time.Sleep(30 * time.Minute)
		r.added -= lost
		r.wantAll()
		if s := r.stream(0); s.Counts.Gaps != 1 {
			t.Errorf("status %+v", s)
		}
		now := time.Now()
		calendars, err := Calendars(r.t.Context(), r.db, collect.Window{From: now.AddDate(0, 0, -80), To: now}, now)
		if err != nil || len(calendars) != 2 || calendars[0].Stream.ContentType != mails {
			t.Fatalf("%+v, %v", calendars, err)
		}
		states := map[collect.HourState]int{}
		for _, h := range calendars[0].Hours {
			states[h.State]++
		}
		// 30 days before the first start, 10 lost in the silence, the rest of it.
		if n := states[collect.HourComplete]; n < 58*24 || n > 60*24 || states[collect.HourLost] < 10*24-2 || states[collect.HourLost] > 10*24+2 || states[collect.HourWaiting] > 3 || states[collect.HourLate] != 0 {
			t.Errorf("hours %v", states)
		}
		if h := calendars[0].Hours[len(calendars[0].Hours)-1]; h.State != collect.HourWaiting || h.Detail != "not over yet" {
			t.Errorf("the present hour: %+v", h)
		}
	})
}

func TestTroubleOfOneTableLeavesTheOthersAlone(t *testing.T) {
	inVirtualTime(t, nil, func(r *rig) {
		r.cfg.Tables = []string{"AlertInfo", mails}
		r.add(mails, time.Hour, 0)
		r.start()
		time.Sleep(30 * time.Minute)
		r.wantAll()
		bad, good := r.stream(0), r.stream(1)
		if bad.Health != collect.HealthDegraded || bad.Problem == nil || !strings.Contains(bad.Problem.Remedy, "licence") || bad.Counts.Gaps != 0 || good.Health != collect.HealthRunning {
			t.Errorf("bad %+v %+v, good %+v", bad, bad.Problem, good)
		}
	})
}

func TestMissingPermissionBlocks(t *testing.T) {
	inVirtualTime(t, nil, func(r *rig) {
		r.roles = []string{"AuditLogsQuery.Read.All"}
		r.start()
		time.Sleep(time.Minute)
		s := r.c.Status()
		if s.Health != collect.HealthBlocked || s.Problem == nil || !strings.Contains(s.Problem.Remedy, "ThreatHunting.Read.All") {
			t.Errorf("%+v %+v", s, s.Problem)
		}
		if strings.Contains(r.log.String(), testToken) {
			t.Error("the token leaks")
		}
	})
}

// A service that is down for hours is no reason to give anything up.
func TestAnOutageLosesNothing(t *testing.T) {
	inVirtualTime(t, nil, func(r *rig) {
		for i := range 100 {
			r.add(mails, time.Duration(i)*6*time.Hour+time.Minute, 0)
		}
		r.fault = func(*http.Request) *http.Response {
			recorder := httptest.NewRecorder()
			recorder.WriteHeader(http.StatusGatewayTimeout)
			return recorder.Result()
		}
		r.start()
		time.Sleep(12 * time.Hour)
		r.mu.Lock()
		r.fault = nil
		r.mu.Unlock()
		time.Sleep(2 * time.Hour)
		r.wantAll()
		if s := r.stream(0); s.Counts.Gaps != 0 || s.Health != collect.HealthRunning {
			t.Errorf("status %+v", s)
		}
	})
}

// TestALongReadingGoesOnWhereItFailed: where every twelfth answer breaks off,
// two days in a hundred slices are read through all the same, and what is new besides.
func TestALongReadingGoesOnWhereItFailed(t *testing.T) {
	inVirtualTime(t, func(c *graph.Config) { c.HuntingRowLimit = 10 }, func(r *rig) {
		r.cfg.RowLimit, r.cfg.Tables = 10, []string{mails}
		for i := range 700 {
			r.add(mails, time.Duration(i)*4*time.Minute+time.Minute, 0)
		}
		r.start()
		time.Sleep(5 * time.Hour)
		r.wantAll()
		queries := 0
		r.mu.Lock()
		r.fault = func(*http.Request) *http.Response {
			if queries++; queries%12 > 0 {
				return nil
			}
			recorder := httptest.NewRecorder()
			recorder.WriteString(`{"results":[{"Rep`)
			return recorder.Result()
		}
		r.mu.Unlock()
		r.add(mails, 40*time.Hour, 0) // very late: the next reading of two days finds it
		time.Sleep(3 * time.Hour)
		r.add(mails, 0, 0)
		time.Sleep(time.Hour)
		r.wantAll()
		if s := r.stream(0); s.Counts.Gaps != 0 || s.Lag > 20*time.Minute {
			t.Errorf("status %+v", s)
		}
	})
}

// TestBadDays: over many seeds, with rows that come late, restarts and a service
// that fails in every way it has, what was there is what is journalled.
func TestBadDays(t *testing.T) {
	seeds := 6
	if testing.Short() {
		seeds = 1
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inVirtualTime(t, func(c *graph.Config) {
				c.HuntingRowLimit, c.HuntsPerMinute = 30, 15
				c.Faults = graph.Faults{Seed: seed, BrokenPages: 0.05, Throttled: 0.05, ServerErrors: 0.1, Resets: 0.05}
			}, func(r *rig) {
				r.cfg.RowLimit = 30
				random := rand.New(rand.NewPCG(seed, 3))
				for i := range 300 {
					r.add([]string{mails, clicks}[i%2], time.Duration(random.IntN(20*24*3600))*time.Second, 0)
				}
				for range 8 {
					r.start()
					for range 10 {
						r.add(mails, time.Duration(random.IntN(3600))*time.Second, time.Duration(random.IntN(6*3600))*time.Second)
					}
					time.Sleep(time.Duration(random.IntN(4*3600)) * time.Second)
					r.stop()
				}
				r.start()
				time.Sleep(14 * time.Hour)
				r.wantAll()
				if s := r.stream(0); s.Counts.Gaps != 0 {
					t.Errorf("gaps: %+v", s)
				}
			})
		})
	}
}

func TestConfigurationsThatMakeNoSense(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"tenant by name": func(c *Config) { c.TenantID = "coast.example" },
		"plain http":     func(c *Config) { c.BaseURL = "http://graph.example" },
		"injection":      func(c *Config) { c.Tables = []string{"EmailEvents | take 1"} },
		"table twice":    func(c *Config) { c.Tables = []string{mails, mails} },
		"too far back":   func(c *Config) { c.Lookback = 31 * 24 * time.Hour },
		"no slice":       func(c *Config) { c.Slice = 0 },
		"no rows":        func(c *Config) { c.RowLimit = 0 },
	} {
		c := DefaultConfig()
		c.TenantID = testTenant
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		change(&c)
		if err := c.Validate(); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

package activity

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
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
)

// memorySink is a journal in memory.
type memorySink struct {
	mu       sync.Mutex
	payloads []model.Payload
	// fail, when it returns an error, makes Journal fail: before the payload is
	// kept, or after it when kept is true.
	fail func(p model.Payload) (kept bool, err error)
}

func (m *memorySink) Journal(ctx context.Context, p model.Payload) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		if kept, err := m.fail(p); err != nil {
			if kept {
				m.payloads = append(m.payloads, p)
			}
			return 0, err
		}
	}
	m.payloads = append(m.payloads, p)
	return uint64(len(m.payloads)), ctx.Err()
}

// all returns what was journalled, in order.
func (m *memorySink) all() []model.Payload {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.payloads)
}

// names returns the content ids journalled, sorted, repeats included.
func (m *memorySink) names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for _, p := range m.payloads {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return names
}

// rig is a collector against a feed in virtual time.
type rig struct {
	t      *testing.T
	feed   *feed
	sink   *memorySink
	ledger *collect.Ledger
	cfg    Config
	log    *lockedBuilder
	db     *sql.DB
	lags   *collect.Lags
	c      *Collector
	cancel context.CancelFunc
	ended  chan struct{}
	skew   time.Duration // by which the machine's clock is wrong from the next start on
	most   int           // bound of what is remembered as listed no more; 0 leaves it
}

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

const exchange = "Audit.Exchange"

// inVirtualTime runs test in a synctest bubble with a rig that collects one
// content type.
func inVirtualTime(t *testing.T, test func(r *rig)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, dir)
		defer r.close()
		test(r)
	})
}

func newRig(t *testing.T, dir string) *rig {
	t.Helper()
	// A bubble begins at midnight; real clocks never do.
	time.Sleep(8*time.Hour + 22*time.Minute + 33*time.Second + 456*time.Millisecond)
	db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	// One connection, so that the setting holds: nothing here loses power, and
	// the real disk is slow.
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), "PRAGMA synchronous = OFF"); err != nil {
		t.Fatal(err)
	}
	ledger, err := collect.OpenLedger(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, feed: newFeed(), sink: &memorySink{}, ledger: ledger, log: &lockedBuilder{}, db: db}
	r.cfg = DefaultConfig()
	r.cfg.TenantID, r.cfg.ClientID, r.cfg.ClientSecret = testTenant, testClient, collect.NewSecret(testSecret)
	r.cfg.BaseURL, r.cfg.AuthorityURL = feedHost, loginHost
	r.cfg.HTTPClient = &http.Client{Transport: r.feed}
	r.cfg.ContentTypes = []string{exchange}
	return r
}

// start runs a new collector on the rig's ledger, as after a restart.
func (r *rig) start() {
	r.t.Helper()
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(7, 7))
	c, err := New(r.cfg, Dependencies{
		Ledger: r.ledger, Sink: r.sink, Lags: r.lags, Clock: clock.Skewed(clock.System(), r.skew),
		Random: func() float64 { mu.Lock(); defer mu.Unlock(); return random.Float64() },
		Logger: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, s := range c.streams {
		if r.most > 0 {
			s.unlisted.most = r.most
		}
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

func (r *rig) close() {
	r.stop()
	r.db.Close()
}

// setFault changes what goes wrong while the collector runs; nil is nothing.
func (r *rig) setFault(fault func(*http.Request) (*http.Response, error)) {
	r.feed.mu.Lock()
	defer r.feed.mu.Unlock()
	r.feed.fault = fault
}

// run lets time pass.
func (r *rig) run(d time.Duration) { time.Sleep(d) }

func (r *rig) stream() collect.StreamStatus {
	r.t.Helper()
	return r.c.Status().Streams[0]
}

// wantJournalled checks that exactly these blobs are journalled, each once.
func (r *rig) wantJournalled(ids ...string) {
	r.t.Helper()
	slices.Sort(ids)
	if got := r.sink.names(); !slices.Equal(got, ids) {
		r.t.Errorf("journalled %v, want %v\n%s", got, ids, r.log)
	}
}

// once makes a fault for the first n requests that match, and leaves the rest
// alone.
func once(n int, method, part string, fault func(r *http.Request) (*http.Response, error)) func(*http.Request) (*http.Response, error) {
	var mu sync.Mutex
	return func(r *http.Request) (*http.Response, error) {
		mu.Lock() // not while the fault lasts: virtual time stands still before a mutex
		hit := n != 0 && r.Method == method && strings.Contains(r.URL.Path, part)
		if hit {
			n--
		}
		mu.Unlock()
		if !hit {
			return nil, nil
		}
		return fault(r)
	}
}

func says(status int, body string, header ...string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return answer(status, body, header...), nil }
}

func id(n int) string {
	return fmt.Sprintf("20260914082233%06d$20260914082233%06d$audit_exchange$Audit_Exchange$emea0012", n, n)
}

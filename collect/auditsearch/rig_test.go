package auditsearch

import (
	"context"
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/tenantsim/graph"
)

const (
	testTenant = "11111111-2222-3333-4444-555555555555"
	testToken  = "t0ken-that-must-not-leak"
	testHost   = "https://graph.test"
)

// rig is a search against the simulated Graph in virtual time.
type rig struct {
	t     *testing.T
	start time.Time // of the day that the records begin with
	db    *sql.DB
	graph *graph.Server
	sim   graph.Config
	cfg   Config
	sink  *sink
	seen  []*http.Request
	mu    sync.Mutex
	// fault, when it returns an answer, speaks instead of Graph.
	fault func(*http.Request) *http.Response
	log   strings.Builder
	roles []string
	// coverage is told what was searched whole, if it is there.
	coverage *covered
}

// inVirtualTime runs test in a synctest bubble. change, unless nil, sets up the
// simulated Graph.
func inVirtualTime(t *testing.T, change func(*graph.Config), test func(r *rig)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(8*time.Hour + 22*time.Minute + 33*time.Second + 456*time.Millisecond)
		db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		// One connection, so that the setting holds: nothing here loses power.
		db.SetMaxOpenConns(1)
		if _, err := db.ExecContext(t.Context(), "PRAGMA synchronous = OFF"); err != nil {
			t.Fatal(err)
		}
		r := &rig{t: t, db: db, sink: &sink{}, cfg: DefaultConfig(), sim: graph.DefaultConfig(), roles: []string{"AuditLogsQuery.Read.All"}}
		r.start = time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -20)
		r.cfg.TenantID, r.cfg.BaseURL = testTenant, testHost
		r.sim.TenantID, r.sim.RunFor, r.sim.PageSize = testTenant, 7*time.Minute, 10
		r.sim.Authorise = func(token string) ([]string, bool) { return r.roles, token == testToken }
		if change != nil {
			change(&r.sim)
		}
		r.graph = graph.New(r.sim)
		test(r)
	})
}

// fill makes n records in the days from r.start on, evenly and off the bounds
// of days.
func (r *rig) fill(days, n int) {
	step := time.Duration(days) * 24 * time.Hour / time.Duration(n)
	for i := range n {
		r.add(i, r.start.Add(time.Duration(i)*step+20*time.Second).Truncate(time.Second))
	}
}

func (r *rig) add(i int, at time.Time) {
	r.graph.Add(recordID(i), at, at, fmt.Appendf(nil, `{"CreationTime":%q,"Id":%q,"Operation":"FileAccessed","OrganizationId":%q,"RecordType":6,"UserType":0,"Workload":"SharePoint","UserId":"ada@coast.example"}`,
		at.Format("2006-01-02T15:04:05"), recordID(i), testTenant))
}

func recordID(i int) string { return fmt.Sprintf("a0000000-0000-4000-8000-%012d", i) }

// RoundTrip answers in memory.
func (r *rig) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.seen = append(r.seen, request)
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
		served.Host, served.TLS = request.URL.Host, &tls.ConnectionState{}
		r.graph.ServeHTTP(recorder, served)
	}()
	if reset {
		return nil, errors.New("connection reset by peer")
	}
	answer := recorder.Result()
	answer.Request = request
	return answer, nil
}

func (r *rig) count(method, part string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, request := range r.seen {
		if request.Method == method && strings.Contains(request.URL.Path, part) {
			n++
		}
	}
	return n
}

func answer(status int, body string, header ...string) *http.Response {
	response := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
	for i := 0; i+1 < len(header); i += 2 {
		response.Header.Set(header[i], header[i+1])
	}
	return response
}

// tokens is a fixed token.
type tokens struct{}

func (tokens) Token(context.Context) (string, error)  { return testToken, nil }
func (tokens) Refuse(ctx context.Context, tok string) {}

func (r *rig) search() *Search {
	r.t.Helper()
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(7, 7))
	deps := Dependencies{
		DB: r.db, Tokens: tokens{}, HTTP: &http.Client{Transport: r},
		Random: func() float64 { mu.Lock(); defer mu.Unlock(); return random.Float64() },
		Logger: slog.New(slog.NewTextHandler(&r.log, nil)),
	}
	if r.coverage != nil {
		deps.Coverage = r.coverage
	}
	s, err := New(r.cfg, deps)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// days is a request for whole days from r.start on.
func (r *rig) days(from, to int) Request {
	return Request{From: r.start.AddDate(0, 0, from), To: r.start.AddDate(0, 0, to)}
}

func (r *rig) run(request Request) Summary {
	r.t.Helper()
	summary, err := r.search().Run(r.t.Context(), request, r.sink, nil)
	if err != nil {
		r.t.Fatalf("%v\n%s", err, r.log.String())
	}
	return summary
}

// wantRecords checks that the records [from, to) are journalled, each at least
// once, and no others.
func (r *rig) wantRecords(from, to int) {
	r.t.Helper()
	got := r.sink.ids(r.t)
	for i := from; i < to; i++ {
		if got[recordID(i)] == 0 {
			r.t.Fatalf("record %d is missing; there are %d of %d\n%s", i, len(got), to-from, r.log.String())
		}
		delete(got, recordID(i))
	}
	if len(got) > 0 {
		r.t.Fatalf("%d records that were not asked for: %v", len(got), got)
	}
}

// sink is a journal in memory.
type sink struct {
	mu       sync.Mutex
	payloads []model.Payload
	// fail, unless nil, is asked before a payload is kept (false) and after.
	fail func(kept bool) error
}

func (s *sink) Journal(_ context.Context, p model.Payload) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, kept := range []bool{false, true} {
		if kept {
			s.payloads = append(s.payloads, p)
		}
		if s.fail != nil {
			if err := s.fail(kept); err != nil {
				return 0, err
			}
		}
	}
	return uint64(len(s.payloads)), nil
}

// ids counts the records in what was journalled, by Id; pages that are not
// whole are left out.
func (s *sink) ids(t *testing.T) map[string]int {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := map[string]int{}
	for _, p := range s.payloads {
		if p.Source != model.SourceAuditSearch || p.Format != model.FormatAuditSearchPage || p.Tenant != testTenant || p.Name == "" || p.Received.IsZero() {
			t.Errorf("envelope %+v", p)
		}
		var page struct {
			Value []struct {
				AuditData struct{ ID string }
			}
		}
		if json.Unmarshal(p.Body, &page) != nil {
			continue
		}
		for _, v := range page.Value {
			ids[v.AuditData.ID]++
		}
	}
	return ids
}

package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/quoll/quoll/assure"
	"github.com/quoll/quoll/server"
	"github.com/quoll/quoll/server/servertest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// present is the clock of the tests.
var present = time.Date(2026, 9, 14, 8, 22, 33, 1_000_000, time.UTC)

func fixedClock() time.Time { return present }

func newServer(t *testing.T, change func(*server.Config, *server.Options)) *server.Server {
	t.Helper()
	cfg := server.DefaultConfig()
	opt := server.Options{
		Services: servertest.New(fixedClock).Services(), Clock: fixedClock,
		UI: fstest.MapFS{"index.html": {Data: []byte("<!doctype html>page")}, "assets/app-1.js": {Data: []byte("script")}},
	}
	if change != nil {
		change(&cfg, &opt)
	}
	s, err := server.New(cfg, opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// call makes a request as a browser on the server's own page would.
func call(s *server.Server, method, target, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "127.0.0.1:8484"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// TestAnswers compares every endpoint's answer with testdata/<name>.json, which
// docs/api.md refers to.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name, method, target, body string
		status                     int
	}{
		{"schema", "GET", "/api/v1/schema", "", 200},
		{"query-every-type", "POST", "/api/v1/query", `{"query":"every type"}`, 200},
		{"query-render", "POST", "/api/v1/query", `{"query":"T | render piechart","timespan":{"from":"2026-09-14T00:00:00Z","to":"2026-09-14T08:00:00Z"}}`, 200},
		{"query-empty", "POST", "/api/v1/query", `{"query":"nothing"}`, 200},
		{"query-mistake", "POST", "/api/v1/query", `{"query":"OfficeActivity // 🐾\r\n| where NoSuchColumn == 1"}`, 400},
		{"query-no-text", "POST", "/api/v1/query", `{"query":""}`, 400},
		{"query-unknown-member", "POST", "/api/v1/query", `{"query":"T","limit":1}`, 400},
		{"query-parameter", "POST", "/api/v1/query", `{"query":"T","parameters":{"a":["x"]}}`, 400},
		{"query-backwards", "POST", "/api/v1/query", `{"query":"T","timespan":{"from":"2026-09-14T00:00:00Z","to":"2026-09-13T00:00:00Z"}}`, 400},
		{"query-plan", "POST", "/api/v1/query/plan", `{"query":"OfficeActivity | take 50"}`, 200},
		{"query-plan-mistake", "POST", "/api/v1/query/plan", `{"query":"NoSuchColumn"}`, 400},
		{"investigation-start", "POST", "/api/v1/investigations", `{"user":" ada@coast.example ","from":"2026-09-14T02:00:00+02:00","address":"198.51.100.77"}`, 202},
		{"investigation-no-user", "POST", "/api/v1/investigations", `{"user":" ","from":"2026-09-14T02:00:00Z"}`, 400},
		{"investigation-no-span", "POST", "/api/v1/investigations", `{"user":"a","from":"2026-09-14T02:00:00Z","to":"2026-09-14T02:00:00Z"}`, 400},
		{"investigation-unknown", "GET", "/api/v1/investigations/7", "", 404},
		{"export-format", "POST", "/api/v1/query/export", `{"query":"T","format":"pdf"}`, 400},
		{"export-several", "POST", "/api/v1/query/export", `{"query":"fork","format":"parquet"}`, 400},
		{"export-mistake", "POST", "/api/v1/query/export", `{"query":"NoSuchColumn","format":"xlsx"}`, 400},
		{"rules", "GET", "/api/v1/rules", "", 200},
		{"rule-saved", "POST", "/api/v1/rules", `{"yaml":"id: r-9\nname: Mine\nversion: 1.0.0\nseverity: Low\nquery: T\n"}`, 201},
		{"rule-empty", "POST", "/api/v1/rules", `{"yaml":" "}`, 400},
		{"rule-mistake", "POST", "/api/v1/rules", `{"yaml":"id: r-9\nname: Mine\nquery:\n  NoSuchColumn"}`, 400},
		{"rule-import", "POST", "/api/v1/rules/import", `{"name":"rules/arm.json","text":"{\"type\":\"Microsoft.SecurityInsights/alertRules\"}"}`, 200},
		{"rule-import-mistake", "POST", "/api/v1/rules/import", `{"name":"a.yaml","text":"id: r-9\nname: Mine\nquery:\n  NoSuchColumn"}`, 200},
		{"rule-import-none", "POST", "/api/v1/rules/import", `{"name":"a.yaml","text":"name: a playbook"}`, 200},
		{"rule-import-unnamed", "POST", "/api/v1/rules/import", `{"name":"","text":"x"}`, 400},
		{"automation", "GET", "/api/v1/automation", "", 200},
		{"automation-wrong", "POST", "/api/v1/automation", `{"text":"id: x\nname: X\norder: 0\non: [created]\nactions: [{tag: [a]}]\nwhenn: 1\n"}`, 400},
		{"automation-disabled", "PATCH", "/api/v1/automation/tell-soc", `{"enabled":false}`, 200},
		{"automation-neither", "PATCH", "/api/v1/automation/tell-soc", `{}`, 400},
		{"automation-of-a-file", "PATCH", "/api/v1/automation/review-guests", `{"enabled":true}`, 400},
		{"automation-unknown", "PATCH", "/api/v1/automation/none", `{"enabled":true}`, 404},
		{"automation-tested", "POST", "/api/v1/automation/test", `{"id":"calm-backup","incident":6}`, 200},
		{"automation-steps", "GET", "/api/v1/automation/steps?incident=7", "", 200},
		{"tokens", "GET", "/api/v1/tokens", "", 200},
		{"token-made", "POST", "/api/v1/tokens", `{"name":"siem","role":"Reader","expires":"2027-03-01T00:00:00Z"}`, 201},
		{"token-unnamed", "POST", "/api/v1/tokens", `{"name":"","role":"Reader"}`, 400},
		{"token-unknown", "DELETE", "/api/v1/tokens/9", "", 404},
		{"notifications", "GET", "/api/v1/notifications", "", 200},
		{"notification-tested", "POST", "/api/v1/notifications/soc/test", `{}`, 200},
		{"notification-failed", "POST", "/api/v1/notifications/duty/test", `{}`, 409},
		{"notification-unknown", "POST", "/api/v1/notifications/none/test", `{}`, 404},
		{"dashboards", "GET", "/api/v1/dashboards", "", 200},
		{"dashboard", "GET", "/api/v1/dashboards/exchange", "", 200},
		{"dashboard-broken", "GET", "/api/v1/dashboards/broken", "", 409},
		{"dashboard-unknown", "GET", "/api/v1/dashboards/none", "", 404},
		{"dashboard-import", "POST", "/api/v1/dashboards", `{"name":"Teams.json","text":"{\"items\":[]}"}`, 201},
		{"dashboard-import-wrong", "POST", "/api/v1/dashboards", `{"name":"Teams.json","text":"{}"}`, 400},
		{"dashboard-import-empty", "POST", "/api/v1/dashboards", `{"name":"Teams.json","text":" "}`, 400},
		{"dashboard-remove-unknown", "DELETE", "/api/v1/dashboards/none", "", 404},
		{"notes", "GET", "/api/v1/notes", "", 200},
		{"note-added", "POST", "/api/v1/notes", `{"kind":"bookmark","title":"Odd","query":"T","range":"P7D","remark":"look","row":{"UserId":"mara"},"shared":true}`, 201},
		{"note-untitled", "POST", "/api/v1/notes", `{"kind":"query","title":"","query":"T"}`, 400},
		{"note-unknown", "DELETE", "/api/v1/notes/9", "", 404},
		{"incidents", "GET", "/api/v1/incidents?status=New,Active&limit=2", "", 200},
		{"incidents-bad-status", "GET", "/api/v1/incidents?status=Open", "", 400},
		{"incident", "GET", "/api/v1/incidents/inc-0007", "", 200},
		{"incident-unknown", "GET", "/api/v1/incidents/none", "", 404},
		{"incident-closed", "PATCH", "/api/v1/incidents/inc-0006", `{"status":"Closed","classification":"BenignPositive","comment":"Known backup job."}`, 200},
		{"incident-no-change", "PATCH", "/api/v1/incidents/inc-0006", `{}`, 400},
		{"incident-close-unclassified", "PATCH", "/api/v1/incidents/inc-0006", `{"status":"Closed"}`, 400},
		{"connectors", "GET", "/api/v1/connectors", "", 200},
		{"gaps", "GET", "/api/v1/gaps?from=2026-09-14T00:00:00Z&contentType=Audit.SharePoint", "", 200},
		{"gaps-days", "GET", "/api/v1/gaps?from=2026-09-08T00:00:00Z&interval=day&contentType=Audit.General", "", 200},
		{"gaps-bad-interval", "GET", "/api/v1/gaps?interval=week", "", 400},
		{"gaps-too-long", "GET", "/api/v1/gaps?from=2020-01-01T00:00:00Z", "", 400},
		{"gaps-bad-limit", "GET", "/api/v1/gaps?limit=0", "", 400},
		{"gaps-unknown-parameter", "GET", "/api/v1/gaps?form=2020-01-01T00:00:00Z", "", 400},
		{"drift", "GET", "/api/v1/schema/drift", "", 200},
		{"drift-fields", "GET", "/api/v1/schema/drift?recordType=50&what=field", "", 200},
		{"drift-counts", "GET", "/api/v1/schema/drift?limit=0", "", 200},
		{"drift-bad-what", "GET", "/api/v1/schema/drift?what=fields", "", 400},
		{"drift-unknown-parameter", "GET", "/api/v1/schema/drift?record=50", "", 400},
		{"retention", "GET", "/api/v1/retention", "", 200},
		{"retention-explain", "GET", "/api/v1/retention/explain?table=EmailEvents&user=ada@coast.example&time=2025-01-02T03:04:05Z", "", 200},
		{"retention-no-table", "GET", "/api/v1/retention/explain", "", 400},
		{"retention-preview", "GET", "/api/v1/retention/preview", "", 200},
		{"tombstones", "GET", "/api/v1/retention/tombstones?limit=1", "", 200},
		{"tombstones-bad-limit", "GET", "/api/v1/retention/tombstones?limit=0", "", 400},
		{"backfills", "GET", "/api/v1/backfills", "", 200},
		{"backfill-started", "POST", "/api/v1/backfills", `{"from":"2026-08-14T00:00:00Z","to":"2026-09-14T00:00:00Z","operations":["New-InboxRule"]}`, 202},
		{"backfill-too-early", "POST", "/api/v1/backfills", `{"from":"2025-08-14T00:00:00Z","to":"2026-09-14T00:00:00Z"}`, 400},
		{"coverage", "GET", "/api/v1/messages/coverage?hours=24", "", 200},
		{"coverage-bad-hours", "GET", "/api/v1/messages/coverage?hours=0", "", 400},
		{"health", "GET", "/api/v1/health", "", 200},
		{"status", "GET", "/api/v1/status", "", 200},
		{"archive", "GET", "/api/v1/archive", "", 200},
		{"assurance-report-bad", "GET", "/api/v1/assurance/report?format=pdf", "", 400},
		{"assurance-assessed", "PUT", "/api/v1/assurance/items/ISM-1815", `{"status":"Effective","remark":"seen"}`, 200},
		{"assurance-other-word", "PUT", "/api/v1/assurance/items/ISM-1815", `{"status":"Good"}`, 400},
		{"assurance-unknown", "PUT", "/api/v1/assurance/items/ISM-9999", `{"status":"Effective"}`, 404},
		{"archive-hours", "GET", "/api/v1/archive/hours?differing=true&limit=2", "", 200},
		{"archive-hours-bad", "GET", "/api/v1/archive/hours?differing=perhaps", "", 400},
		{"holds", "GET", "/api/v1/archive/holds", "", 200},
		{"hold-unknown", "GET", "/api/v1/archive/holds/9", "", 404},
		{"hold-added", "POST", "/api/v1/archive/holds", `{"name":"Claim 4711","reason":"Letter of counsel.","scope":{"user":"mara.lindqvist@wattleworks.example","to":"2026-10-01T00:00:00Z"}}`, 201},
		{"hold-unnamed", "POST", "/api/v1/archive/holds", `{"name":"","reason":"x","scope":{}}`, 400},
		{"hold-released", "POST", "/api/v1/archive/holds/2/release", `{"why":"Settled out of court."}`, 200},
		{"hold-released-before", "POST", "/api/v1/archive/holds/1/release", `{"why":"Again."}`, 409},
		{"archive-task", "POST", "/api/v1/archive/tasks", `{"kind":"reconcile"}`, 202},
		{"archive-task-unknown", "POST", "/api/v1/archive/tasks", `{"kind":"erase"}`, 400},
		{"archive-evidence-unnamed", "POST", "/api/v1/archive/evidence", `{}`, 400},
		{"archive-absence-present", "POST", "/api/v1/archive/absence", `{"tenant":"t","operation":"New-InboxRule","subject":"mara.lindqvist@wattleworks.example","from":"2026-09-01T00:00:00Z","to":"2026-09-02T00:00:00Z"}`, 409},
		{"archive-absence-backwards", "POST", "/api/v1/archive/absence", `{"tenant":"t","operation":"o","subject":"s","from":"2026-09-02T00:00:00Z","to":"2026-09-01T00:00:00Z"}`, 400},
		{"archive-evidence-unknown", "POST", "/api/v1/archive/evidence", `{"id":"none"}`, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := call(newServer(t, nil), c.method, c.target, c.body)
			if w.Code != c.status {
				t.Errorf("%s %s: status %d, want %d", c.method, c.target, w.Code, c.status)
			}
			compareGolden(t, c.name, w.Body.Bytes())
		})
	}
}

// The form of the report; which controls there are, and what is asked of each, is
// package assure's.
func TestAssuranceAnswers(t *testing.T) {
	w := call(newServer(t, nil), "GET", "/api/v1/assurance", "")
	var report map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &report); err != nil || w.Code != 200 {
		t.Fatalf("status %d, %v", w.Code, err)
	}
	if items, _ := report["items"].([]any); len(items) != len(assure.Items()) {
		t.Errorf("%d items, want %d", len(items), len(assure.Items()))
	}
	for _, list := range []string{"items", "unmet", "facts"} {
		if all, _ := report[list].([]any); len(all) > 2 {
			report[list] = all[:2]
		}
	}
	body, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	compareGolden(t, "assurance", body)
}

func compareGolden(t *testing.T, name string, body []byte) {
	t.Helper()
	var indented bytes.Buffer
	if err := json.Indent(&indented, body, "", "  "); err != nil {
		t.Fatalf("answer is no JSON: %v\n%s", err, body)
	}
	got := maskRequestID(indented.Bytes())
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("answer differs from %s (rewrite with -update and review):\n%s", path, got)
	}
}

// maskRequestID hides the one random value of an answer.
func maskRequestID(b []byte) []byte {
	const before = `"requestId": "`
	at := bytes.Index(b, []byte(before))
	if at < 0 {
		return b
	}
	at += len(before)
	copy(b[at:at+16], "0000000000000000")
	return b
}

func errorCode(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var body struct {
		Error struct{ Code string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("answer %q: %v", w.Body, err)
	}
	return body.Error.Code
}

func TestEngineFailureIsNotShown(t *testing.T) {
	w := call(newServer(t, nil), "POST", "/api/v1/query", `{"query":"boom"}`)
	if w.Code != 500 || errorCode(t, w) != "internal" {
		t.Errorf("status %d, body %s", w.Code, w.Body)
	}
	if strings.Contains(w.Body.String(), "engine broke") {
		t.Errorf("the cause is for the log, not for the answer: %s", w.Body)
	}
}

func TestQueryTimeout(t *testing.T) {
	s := newServer(t, func(c *server.Config, _ *server.Options) { c.QueryTimeout = time.Millisecond })
	for path, body := range map[string]string{"/query": `{"query":"slow"}`, "/query/plan": `{"query":"slow"}`, "/query/export": `{"query":"slow","format":"csv"}`} {
		w := call(s, "POST", "/api/v1"+path, body)
		if w.Code != 504 || errorCode(t, w) != "timeout" {
			t.Errorf("%s: status %d, body %s", path, w.Code, w.Body)
		}
	}
}

// TestPlansTakeTurnsWithQueries: to plan a query looks things up in files, too.
func TestPlansTakeTurnsWithQueries(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	s := newServer(t, func(c *server.Config, o *server.Options) {
		c.QueryTimeout, c.MaxConcurrentQueries = 50*time.Millisecond, 1
		o.Services.Querier = querierFunc(func(context.Context, server.QueryRequest) (*server.QueryResult, error) {
			close(begun)
			<-end
			return &server.QueryResult{}, nil
		})
	})
	var ran sync.WaitGroup
	ran.Go(func() { call(s, "POST", "/api/v1/query", `{"query":"T"}`) })
	<-begun
	if w := call(s, "POST", "/api/v1/query/plan", `{"query":"T"}`); w.Code != 504 {
		t.Errorf("a plan beside as many queries as may run: status %d, body %s", w.Code, w.Body)
	}
	close(end)
	ran.Wait()
	if w := call(s, "POST", "/api/v1/query/plan", `{"query":"T"}`); w.Code != 200 {
		t.Errorf("a plan when none runs: status %d, body %s", w.Code, w.Body)
	}
}

// TestQueryEndsWithClient proves that a query stops when its client goes away.
func TestQueryEndsWithClient(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan error, 1)
	s := newServer(t, func(_ *server.Config, o *server.Options) {
		o.Services.Querier = querierFunc(func(ctx context.Context, _ server.QueryRequest) (*server.QueryResult, error) {
			close(begun)
			<-ctx.Done()
			ended <- context.Cause(ctx)
			return nil, ctx.Err()
		})
	})
	web := httptest.NewServer(s.Handler())
	defer web.Close()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "POST", web.URL+"/api/v1/query", strings.NewReader(`{"query":"T"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	go func() {
		if response, err := http.DefaultClient.Do(r); err == nil {
			_ = response.Body.Close()
		}
	}()
	<-begun
	cancel()
	<-ended // never, if the query went on without its client
}

type querierFunc func(context.Context, server.QueryRequest) (*server.QueryResult, error)

func (f querierFunc) Query(ctx context.Context, q server.QueryRequest) (*server.QueryResult, error) {
	return f(ctx, q)
}

func TestRequestTooLarge(t *testing.T) {
	s := newServer(t, func(c *server.Config, _ *server.Options) { c.MaxRequestBytes = 64 })
	w := call(s, "POST", "/api/v1/query", `{"query":"`+strings.Repeat("x", 100)+`"}`)
	if w.Code != 413 || errorCode(t, w) != "too_large" {
		t.Errorf("status %d, body %s", w.Code, w.Body)
	}
}

func TestMissingService(t *testing.T) {
	s := newServer(t, func(_ *server.Config, o *server.Options) { o.Services = server.Services{} })
	for _, target := range []string{"/api/v1/schema", "/api/v1/incidents", "/api/v1/connectors", "/api/v1/status"} {
		if w := call(s, "GET", target, ""); w.Code != 503 || errorCode(t, w) != "unavailable" {
			t.Errorf("%s: status %d, body %s", target, w.Code, w.Body)
		}
	}
}

// TestUnfitResult proves that a result that cannot be encoded is an error, not
// half an answer.
func TestUnfitResult(t *testing.T) {
	for name, row := range map[string][]any{"width": {"a", "b"}, "type": {struct{}{}}} {
		s := newServer(t, func(_ *server.Config, o *server.Options) {
			o.Services.Querier = querierFunc(func(context.Context, server.QueryRequest) (*server.QueryResult, error) {
				return &server.QueryResult{Columns: []server.ResultColumn{{Name: "a", Type: "string"}}, Rows: [][]any{{"fine"}, row}}, nil
			})
		})
		if w := call(s, "POST", "/api/v1/query", `{"query":"T"}`); w.Code != 500 || errorCode(t, w) != "internal" {
			t.Errorf("%s: status %d, body %s", name, w.Code, w.Body)
		}
	}
}

// TestSeveralTables proves that further tables are added to the form that one
// table has.
func TestSeveralTables(t *testing.T) {
	column := []server.ResultColumn{{Name: "a", Type: "string"}}
	s := newServer(t, func(_ *server.Config, o *server.Options) {
		o.Services.Querier = querierFunc(func(context.Context, server.QueryRequest) (*server.QueryResult, error) {
			return &server.QueryResult{Columns: column, Rows: [][]any{{"x"}}, Name: "one", More: []*server.QueryResult{
				{Columns: column, Rows: [][]any{{"y"}, {"z"}}}, {Columns: column, Name: "three"},
			}}, nil
		})
	})
	var answer struct {
		Name string
		Rows [][]string
		More []struct {
			Name       string
			Rows       [][]string
			Statistics struct{ RowsReturned int }
		}
	}
	w := call(s, "POST", "/api/v1/query", `{"query":"T"}`)
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if answer.Name != "one" || len(answer.Rows) != 1 || len(answer.More) != 2 || answer.More[0].Statistics.RowsReturned != 2 || answer.More[1].Name != "three" {
		t.Errorf("got %s", w.Body)
	}
}

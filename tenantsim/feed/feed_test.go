package feed

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/dice"
)

const (
	testTenant = "5a1f3c52-77f0-4c1e-9d1b-0c5a2f7be101"
	testClient = "0b8f5d1e-2f2a-4a39-8f4e-6f1b9a77c202"
	testSecret = "a secret"
)

// rig is a server without a network.
type rig struct {
	t     *testing.T
	now   time.Time
	store *Store
	*Server
	token string
}

func newRig(t *testing.T, change func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, now: time.Date(2026, 11, 24, 1, 30, 15, 0, time.UTC), store: NewStore()}
	cfg := Config{
		TenantID: testTenant, ClientID: testClient, ClientSecret: testSecret, TokenLifetime: 24 * time.Hour,
		Permissions: []string{"ActivityFeed.Read"}, PageSize: 4, RequestsPerMinute: 100_000, Now: func() time.Time { return r.now },
	}
	if change != nil {
		change(&cfg)
	}
	server, err := New(cfg, r.store)
	if err != nil {
		t.Fatal(err)
	}
	r.Server = server
	if r.token, err = server.tokens.issue("manage.office.com", r.now); err != nil {
		t.Fatal(err)
	}
	return r
}

// ask sends a request; a path without a slash in front is an operation.
func (r *rig) ask(method, path string, header ...string) (int, http.Header, string) {
	r.t.Helper()
	if !strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "http") {
		path = "/api/v1.0/" + testTenant + "/activity/feed/" + path
	}
	request := httptest.NewRequest(method, path, nil)
	request.Header.Set("Authorization", "Bearer "+r.token)
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	r.ServeHTTP(recorder, request)
	return recorder.Code, recorder.Header(), recorder.Body.String()
}

func codeOf(body string) string {
	var parsed struct{ Error struct{ Code string } }
	if json.Unmarshal([]byte(body), &parsed) != nil {
		return ""
	}
	return parsed.Error.Code
}

func (r *rig) blob(created time.Time, records ...string) *Blob {
	b := &Blob{ID: NewBlobID(audit.ContentExchange, created, len(r.store.byID)), ContentType: audit.ContentExchange, Created: created, Listed: created}
	for _, record := range records {
		b.Records = append(b.Records, []byte(record))
	}
	r.store.Add(b)
	return b
}

func TestRulesOfTheAPI(t *testing.T) {
	const exchange = "contentType=Audit.Exchange"
	content := func(start, end string) string {
		return "subscriptions/content?" + exchange + "&startTime=" + start + "&endTime=" + end
	}
	for _, test := range []struct {
		name, method, path string
		status             int
		code               string
	}{
		{"no content type", "GET", "subscriptions/content", 400, "AF20001"},
		{"unknown content type", "GET", "subscriptions/content?contentType=Audit.Yammer", 400, "AF20020"},
		{"never started", "GET", "subscriptions/content?contentType=DLP.All", 400, "AF20022"},
		{"stopped without start", "POST", "subscriptions/stop?contentType=DLP.All", 400, "AF20022"},
		{"started twice", "POST", "subscriptions/start?" + exchange, 400, "AF20024"},
		{"the last day", "GET", "subscriptions/content?" + exchange, 200, ""},
		{"publisher", "GET", "subscriptions/content?" + exchange + "&PublisherIdentifier=" + testTenant, 200, ""},
		{"publisher no GUID", "GET", "subscriptions/content?" + exchange + "&PublisherIdentifier=me", 400, "AF20002"},
		{"start without end", "GET", "subscriptions/content?" + exchange + "&startTime=2026-11-23", 400, "AF20030"},
		{"end without start", "GET", "subscriptions/content?" + exchange + "&endTime=2026-11-23", 400, "AF20030"},
		{"a day by date", "GET", content("2026-11-22", "2026-11-23"), 200, ""},
		{"minutes", "GET", content("2026-11-22T10:00", "2026-11-22T10:01"), 200, ""},
		{"seconds", "GET", content("2026-11-22T10:00:00", "2026-11-22T10:00:01"), 200, ""},
		{"a zone is no form", "GET", content("2026-11-22T10:00:00Z", "2026-11-22T10:00:01Z"), 400, "AF20002"},
		{"a fraction is no form", "GET", content("2026-11-22T10:00:00.5", "2026-11-22T10:00:01"), 400, "AF20002"},
		{"24 hours and a second", "GET", content("2026-11-22T00:00:00", "2026-11-23T00:00:01"), 400, "AF20055"},
		{"empty", "GET", content("2026-11-22T00:00", "2026-11-22T00:00"), 400, "AF20055"},
		{"backwards", "GET", content("2026-11-23T00:00", "2026-11-22T00:00"), 400, "AF20055"},
		{"7 days back", "GET", content("2026-11-17T01:30:15", "2026-11-17T02:00:00"), 200, ""},
		{"7 days and a second back", "GET", content("2026-11-17T01:30:14", "2026-11-17T02:00:00"), 400, "AF20055"},
		{"into the future", "GET", content("2026-11-24T01:00", "2026-11-24T09:00"), 200, ""},
		{"bad page", "GET", "subscriptions/content?" + exchange + "&nextPage=zzz", 400, "AF20031"},
		{"no such content", "GET", "audit/" + NewBlobID("Audit.Exchange", time.Unix(0, 0), 1), 400, "AF20050"},
		{"no content id", "GET", "audit/1234", 400, "AF20052"},
		{"expired content", "GET", "audit/" + NewBlobID("Audit.Exchange", time.Date(2026, 11, 17, 1, 30, 15, 0, time.UTC), 0), 400, "AF20051"},
		{"notifications", "GET", "subscriptions/notifications?" + exchange, 200, ""},
		{"notifications without subscription", "GET", "subscriptions/notifications?contentType=DLP.All", 400, "AF20022"},
		{"sensitive types", "GET", "resources/dlpSensitiveTypes", 200, ""},
		{"another tenant", "GET", "/api/v1.0/" + testClient + "/activity/feed/subscriptions/list", 400, "AF20010"},
		{"tenant by name", "GET", "/api/v1.0/coastalworks.example/activity/feed/subscriptions/list", 400, "AF20013"},
		{"the older spelling", "GET", "/api/v1/" + testTenant + "/activity/feed/subscriptions/list", 200, ""},
		{"unknown operation", "GET", "subscriptions/unknown", 404, ""},
		{"start by GET", "GET", "subscriptions/start?" + exchange, 404, ""},
		{"list by POST", "POST", "subscriptions/list", 405, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			r.blob(time.Date(2026, 11, 17, 1, 30, 15, 0, time.UTC), `{}`)
			if status, _, body := r.ask("POST", "subscriptions/start?"+exchange); status != 200 {
				t.Fatal(body)
			}
			status, _, body := r.ask(test.method, test.path)
			if status != test.status || codeOf(body) != test.code {
				t.Errorf("%d %s, not %d %s", status, body, test.status, test.code)
			}
		})
	}
}

func TestTokensAreChecked(t *testing.T) {
	r := newRig(t, func(c *Config) { c.TokenLifetime = time.Hour })
	good := r.token
	graph, err := r.tokens.issue("graph.microsoft.com", r.now)
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"none": "", "nonsense": "abc", "changed": good + "x", "for Graph": graph} {
		r.token = token
		if status, _, _ := r.ask("GET", "subscriptions/list"); status != 401 {
			t.Errorf("%s: %d", name, status)
		}
	}
	r.token = good
	r.now = r.now.Add(59 * time.Minute)
	if status, _, _ := r.ask("GET", "subscriptions/list"); status != 200 {
		t.Errorf("within the hour: %d", status)
	}
	r.now = r.now.Add(time.Minute)
	if status, _, _ := r.ask("GET", "subscriptions/list"); status != 401 {
		t.Errorf("after the hour: %d", status)
	}
}

func TestPermissionIsNeeded(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Permissions = []string{"ServiceHealth.Read"} })
	if status, _, body := r.ask("GET", "subscriptions/list"); status != 403 || codeOf(body) != "AF10001" {
		t.Errorf("%d %s", status, body)
	}
}

func TestRequestsAMinuteAreBounded(t *testing.T) {
	r := newRig(t, func(c *Config) { c.RequestsPerMinute = 3 })
	for i := range 5 {
		status, _, body := r.ask("GET", "subscriptions/list")
		if over := i >= 3; over != (codeOf(body) == "AF429") || over != (status == 403) {
			t.Errorf("request %d: %d %s", i+1, status, body)
		}
	}
	r.now = r.now.Add(time.Minute)
	if status, _, _ := r.ask("GET", "subscriptions/list"); status != 200 {
		t.Errorf("in the next minute: %d", status)
	}
}

func TestSubscriptionsStartStopAndLose(t *testing.T) {
	r := newRig(t, nil)
	r.blob(r.now.Add(-2*time.Hour), `{"Id":"before"}`)
	listing := func() string {
		_, _, body := r.ask("GET", "subscriptions/content?contentType=Audit.Exchange&startTime=2026-11-23T12:00&endTime=2026-11-24T11:00")
		return body
	}
	if _, _, body := r.ask("GET", "subscriptions/list"); body != "[]" {
		t.Errorf("nothing was started: %s", body)
	}
	r.ask("POST", "subscriptions/start?contentType=Audit.Exchange")
	if strings.Count(listing(), "contentId") != 1 {
		t.Error("content from before the first start is not offered")
	}
	r.ask("POST", "subscriptions/stop?contentType=Audit.Exchange")
	if code := codeOf(listing()); code != "AF20023" {
		t.Errorf("after a stop: %q", code)
	}
	r.now = r.now.Add(time.Hour)
	stopped := r.blob(r.now.Add(-time.Minute), `{"Id":"while stopped"}`)
	r.ask("POST", "subscriptions/start?contentType=Audit.Exchange")
	r.blob(r.now.Add(time.Minute), `{"Id":"after"}`)
	r.now = r.now.Add(2 * time.Minute)
	if text := listing(); strings.Count(text, "contentId") != 2 || strings.Contains(text, stopped.ID) {
		t.Errorf("after the restart not what became available before the stop and after the restart, and only that: %s", text)
	}
	if stops := r.Stops(audit.ContentExchange); len(stops) != 1 || stops[0].To.Sub(stops[0].From) != time.Hour {
		t.Errorf("stops %v", stops)
	}
	r.Vanish(audit.ContentExchange)
	if _, _, body := r.ask("GET", "subscriptions/list"); body != "[]" {
		t.Errorf("a vanished subscription is listed: %s", body)
	}
	if code := codeOf(listing()); code != "AF20022" {
		t.Errorf("a vanished subscription: %q", code)
	}
	r.ask("POST", "subscriptions/start?contentType=Audit.Exchange")
	r.Disable(audit.ContentExchange)
	if _, _, body := r.ask("GET", "subscriptions/list"); !strings.Contains(body, `"status":"disabled"`) {
		t.Errorf("disabled by an administrator: %s", body)
	}
	if status, _, _ := r.ask("POST", "subscriptions/start?contentType=Audit.Exchange"); status != 200 {
		t.Errorf("start of a disabled subscription: %d", status)
	}
}

func TestWebhooksAreRefused(t *testing.T) {
	r := newRig(t, nil)
	request := httptest.NewRequest("POST", "/api/v1.0/"+testTenant+"/activity/feed/subscriptions/start?contentType=DLP.All", strings.NewReader(`{"webhook":{"address":"https://collector.example/hook","authId":"","expiration":""}}`))
	request.Header.Set("Authorization", "Bearer "+r.token)
	recorder := httptest.NewRecorder()
	r.ServeHTTP(recorder, request)
	if codeOf(recorder.Body.String()) != "AF20021" {
		t.Error(recorder.Body)
	}
}

func TestContentIsCompressedForThoseWhoTakeIt(t *testing.T) {
	r := newRig(t, nil)
	b := r.blob(r.now.Add(-time.Hour), `{"Id":"1"}`, `{"Id":"2"}`)
	r.ask("POST", "subscriptions/start?contentType=Audit.Exchange")
	if _, header, body := r.ask("GET", "audit/"+b.ID); body != `[{"Id":"1"},{"Id":"2"}]` || header.Get("Content-Encoding") != "" {
		t.Error(body)
	}
	_, header, body := r.ask("GET", "audit/"+strings.ReplaceAll(b.ID, "$", "%24"), "Accept-Encoding", "gzip")
	if header.Get("Content-Encoding") != "gzip" || strings.Contains(body, "Id") {
		t.Error("not compressed")
	}
}

func TestEntraRefusesInItsOwnWords(t *testing.T) {
	good := url.Values{"grant_type": {"client_credentials"}, "client_id": {testClient}, "client_secret": {testSecret}, "scope": {"https://manage.office.com/.default"}}
	for _, test := range []struct {
		name, tenant, field, value string
		status, code               int
	}{
		{"good", testTenant, "", "", 200, 0},
		{"another tenant", testClient, "", "", 400, 90002},
		{"another client", testTenant, "client_id", testTenant, 400, 700016},
		{"wrong secret", testTenant, "client_secret", "sesame", 401, 7000215},
		{"scope without .default", testTenant, "scope", "https://manage.office.com/ActivityFeed.Read", 400, 1002012},
		{"unknown resource", testTenant, "scope", "https://unknown.example/.default", 400, 500011},
		{"no scope", testTenant, "scope", "", 400, 1002012},
		{"another grant", testTenant, "grant_type", "password", 400, 70003},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			form := url.Values{}
			for k, v := range good {
				form[k] = v
			}
			if test.field != "" {
				form.Set(test.field, test.value)
			}
			request := httptest.NewRequest("POST", "/"+test.tenant+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			recorder := httptest.NewRecorder()
			r.ServeHTTP(recorder, request)
			var answer struct {
				Codes       []int  `json:"error_codes"`
				Description string `json:"error_description"`
				Token       string `json:"access_token"`
			}
			if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
				t.Fatal(err)
			}
			if recorder.Code != test.status || (answer.Token != "") != (test.code == 0) {
				t.Fatalf("%d %s", recorder.Code, recorder.Body)
			}
			if test.code != 0 && (answer.Codes[0] != test.code || !strings.HasPrefix(answer.Description, fmt.Sprintf("AADSTS%d: ", test.code))) {
				t.Errorf("%s", recorder.Body)
			}
			if strings.Contains(recorder.Body.String(), "sesame") {
				t.Error("the answer repeats the secret")
			}
		})
	}
}

// FuzzWindows: however time is cut into windows laid end to end, each blob is
// listed exactly once, in the order of its coming.
func FuzzWindows(f *testing.F) {
	f.Add(uint64(1), uint8(30), uint8(3))
	f.Add(uint64(2), uint8(200), uint8(1))
	f.Add(uint64(3), uint8(0), uint8(255))
	f.Fuzz(func(t *testing.T, seed uint64, blobs, page uint8) {
		r := newRig(t, func(c *Config) { c.PageSize = int(page)%9 + 1 })
		r.ask("POST", "subscriptions/start?contentType=Audit.Exchange")
		d := dice.New(seed, 0)
		begin := r.now.Add(-60 * time.Hour).Truncate(time.Second)
		end := r.now.Add(-time.Hour)
		cuts := []time.Time{end}
		for range blobs {
			// Many at the same instant, many on whole seconds, where windows end.
			at := begin.Add(d.Span(0, end.Sub(begin)).Truncate(time.Second)).Add(time.Duration(d.Below(3)) * time.Millisecond)
			for range d.Below(3) + 1 {
				r.blob(at, `{}`)
			}
			cuts = append(cuts, at.Truncate(time.Second))
		}
		seen := map[string]bool{}
		last := ""
		for from := begin; from.Before(end.Add(time.Second)); {
			to := from.Add(d.Span(time.Second, 24*time.Hour)).Truncate(time.Second)
			if cut := dice.Pick(d, cuts); cut.After(from) && cut.Sub(from) < 24*time.Hour {
				to = cut // where a blob is
			}
			for _, entry := range r.listAll(from, to) {
				if seen[entry.ContentID] {
					t.Fatalf("%s was listed twice", entry.ContentID)
				}
				if entry.ContentCreated < last {
					t.Fatalf("%s is out of order", entry.ContentID)
				}
				seen[entry.ContentID], last = true, entry.ContentCreated
			}
			from = to
		}
		if len(seen) != len(r.store.byID) {
			t.Fatalf("%d blobs of %d were listed", len(seen), len(r.store.byID))
		}
	})
}

func (r *rig) listAll(from, to time.Time) []contentAnswer {
	r.t.Helper()
	var all []contentAnswer
	next := "subscriptions/content?contentType=Audit.Exchange&startTime=" + audit.Time(from) + "&endTime=" + audit.Time(to)
	for next != "" {
		status, header, body := r.ask("GET", next)
		var page []contentAnswer
		if err := json.Unmarshal([]byte(body), &page); err != nil || status != 200 {
			r.t.Fatalf("%d %s", status, body)
		}
		if len(page) > r.cfg.PageSize {
			r.t.Fatalf("a page of %d", len(page))
		}
		all, next = append(all, page...), header.Get("NextPageUri")
	}
	return all
}

func TestFaultsComeAndPass(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Faults = Faults{Seed: 5, Throttled: 0.2, ServerErrors: 0.2, Resets: 0.1, Truncated: 0.3, TokensExpire: 0.1}
	})
	b := r.blob(r.now.Add(-time.Hour), `{"Id":"1"}`, `{"Id":"2"}`)
	server := httptest.NewServer(r)
	defer server.Close()
	seen := map[string]int{}
	ask := func(method, path string) {
		request, err := http.NewRequest(method, server.URL+"/api/v1.0/"+testTenant+"/activity/feed/"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+r.token)
		response, err := server.Client().Do(request)
		if err != nil {
			seen["reset"]++
			return
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		switch {
		case err != nil:
			seen["broken"]++
		case response.StatusCode == 401:
			seen["token"]++
			if r.token, err = r.tokens.issue("manage.office.com", r.now); err != nil {
				t.Fatal(err)
			}
		case response.StatusCode == 200 && strings.HasPrefix(path, "audit/") && !json.Valid(body):
			seen["cut"]++
		case response.StatusCode == 200:
			seen["good"]++
		case response.StatusCode == http.StatusTooManyRequests && len(body) == 0:
			seen["429"]++
		case codeOf(string(body)) != "":
			seen[codeOf(string(body))]++
		case strings.HasPrefix(string(body), "<!DOCTYPE html>"):
			seen["html"]++
		default:
			t.Errorf("%d %s", response.StatusCode, body)
		}
	}
	for range 30 {
		ask("POST", "subscriptions/start?contentType=Audit.Exchange")
	}
	for range 300 {
		ask("GET", "audit/"+b.ID)
	}
	for _, want := range []string{"good", "reset", "broken", "cut", "token", "AF429", "429", "AF50000", "html"} {
		if seen[want] == 0 {
			t.Errorf("no %s among %v", want, seen)
		}
	}
}

func TestLateAndGrowingBlobs(t *testing.T) {
	r := newRig(t, nil)
	r.ask("POST", "subscriptions/start?contentType=Audit.Exchange")
	late := r.blob(r.now.Add(-time.Hour), `{"Id":"1"}`, `{"Id":"2"}`)
	late.Listed, late.Complete = r.now.Add(time.Minute), r.now.Add(2*time.Minute)
	window := func() int { return len(r.listAll(r.now.Add(-3*time.Hour), r.now.Add(time.Hour))) }
	if window() != 0 {
		t.Error("listed before its time")
	}
	if _, _, body := r.ask("GET", "audit/"+late.ID); codeOf(body) != "AF20050" {
		t.Error(body)
	}
	r.now = r.now.Add(time.Minute)
	if window() != 1 {
		t.Error("not listed at its time")
	}
	if _, _, body := r.ask("GET", "audit/"+late.ID); body != `[{"Id":"1"}]` {
		t.Error(body)
	}
	r.now = r.now.Add(time.Minute)
	if _, _, body := r.ask("GET", "audit/"+late.ID); body != `[{"Id":"1"},{"Id":"2"}]` {
		t.Error(body)
	}
	r.store.Forget(r.now.Add(Retention))
	if len(r.store.byID) != 0 || window() != 0 {
		t.Error("expired content is kept")
	}
}

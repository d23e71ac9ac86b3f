package server_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/quoll/quoll/server"
	"github.com/quoll/quoll/server/servertest"
)

// TestWatchersSeeNothingElse gives the token for metrics to every endpoint.
func TestWatchersSeeNothingElse(t *testing.T) {
	const watching = "0011223344556677889900112233445566"
	file := filepath.Join(t.TempDir(), "metrics-token")
	if err := os.WriteFile(file, []byte(watching+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, func(c *server.Config, o *server.Options) {
		c.MetricsTokenFile = file
		o.Services.Access, o.LocalToken = servertest.NewAccess(fixedClock), localToken
		o.Services.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("up 1\n")) })
	})
	bearer := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	}
	for _, target := range []string{"/metrics", "/api/v1/health"} {
		for token, want := range map[string]int{watching: 200, localToken: 200, watching + "0": 401, "": 401} {
			if w := call(s, "GET", target, "", bearer(token)); w.Code != want {
				t.Errorf("%s with %q: status %d, want %d", target, token, w.Code, want)
			}
		}
		if w := call(s, "GET", target, ""); w.Code != 401 {
			t.Errorf("%s for nobody: status %d", target, w.Code)
		}
	}
	for _, target := range []string{"/api/v1/status", "/api/v1/connectors", "/api/v1/session", "/api/v1/people", "/api/v1/schema"} {
		if w := call(s, "GET", target, "", bearer(watching)); w.Code != 401 {
			t.Errorf("%s with the token for metrics: status %d", target, w.Code)
		}
	}
	if w := call(s, "POST", "/api/v1/query", `{"query":"print 1"}`, bearer(watching)); w.Code != 401 {
		t.Errorf("a query with the token for metrics: status %d", w.Code)
	}
}

func TestMetricsWithoutSignIn(t *testing.T) {
	s := newServer(t, nil)
	if w := call(s, "GET", "/metrics", ""); w.Code != 503 || errorCode(t, w) != "unavailable" {
		t.Errorf("status %d %s", w.Code, w.Body)
	}
	if w := call(s, "GET", "/metrics", "", func(r *http.Request) { r.Host = "elsewhere.example" }); w.Code != 403 {
		t.Errorf("under another name: status %d", w.Code)
	}
}

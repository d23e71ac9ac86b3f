package server_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/quoll/quoll/server"
)

func TestConfigRefuses(t *testing.T) {
	for _, c := range []struct {
		listen, tokenFile string
		ok                bool
	}{
		{"127.0.0.1:8484", "", true},
		{"[::1]:0", "", true},
		{"localhost:8484", "", true},
		{"0.0.0.0:8484", "", false},
		{":8484", "", false},
		{"[::]:8484", "", false},
		{"192.0.2.10:8484", "", false},
		{"quoll.example:8484", "", false},
		{"localhost.evil.example:8484", "", false},
		{"127.0.0.1", "", false},
		{"0.0.0.0:8484", "token", true},
	} {
		cfg := server.DefaultConfig()
		cfg.Listen, cfg.TokenFile = c.listen, c.tokenFile
		if err := cfg.Validate(); (err == nil) != c.ok {
			t.Errorf("listen %q, token file %q: %v", c.listen, c.tokenFile, err)
		}
	}
}

func TestHostAllowList(t *testing.T) {
	s := newServer(t, func(c *server.Config, _ *server.Options) { c.Hosts = []string{"Quoll.example"} })
	for host, want := range map[string]int{
		"127.0.0.1:8484": 200, "localhost": 200, "LOCALHOST:1": 200, "[::1]:8484": 200, "quoll.example": 200, "quoll.example.:443": 200,
		"evil.example": 403, "127.0.0.1.evil.example": 403, "": 403, "169.254.169.254": 403,
	} {
		for _, target := range []string{"/", "/healthz", "/api/v1/status"} {
			w := call(s, "GET", target, "", func(r *http.Request) { r.Host = host })
			if w.Code != want {
				t.Errorf("host %q, %s: status %d, want %d", host, target, w.Code, want)
			}
		}
	}
}

func TestCrossOriginIsRefused(t *testing.T) {
	s := newServer(t, nil)
	change := func(header, value string) int {
		return call(s, "PATCH", "/api/v1/incidents/inc-0007", `{"status":"Active"}`, func(r *http.Request) {
			if header != "" {
				r.Header.Set(header, value)
			}
		}).Code
	}
	for _, c := range []struct {
		header, value string
		want          int
	}{
		{"", "", 200}, // not a browser
		{"Origin", "http://127.0.0.1:8484", 200},
		{"Sec-Fetch-Site", "same-origin", 200},
		{"Origin", "https://evil.example", 403},
		{"Origin", "null", 403},
		{"Origin", "http://127.0.0.1:9999", 403},
		{"Sec-Fetch-Site", "cross-site", 403},
		{"Sec-Fetch-Site", "same-site", 403},
	} {
		if got := change(c.header, c.value); got != c.want {
			t.Errorf("%s: %s: status %d, want %d", c.header, c.value, got, c.want)
		}
	}
}

// TestFormCannotPost proves that a body which a form of another page can send
// without asking is not taken.
func TestFormCannotPost(t *testing.T) {
	w := call(newServer(t, nil), "POST", "/api/v1/query", `{"query":"T"}`, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") })
	if w.Code != 415 || errorCode(t, w) != "media_type" {
		t.Errorf("status %d, body %s", w.Code, w.Body)
	}
}

const testToken = "0123456789abcdef0123456789abcdef"

func TestBearerToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(testToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, func(c *server.Config, _ *server.Options) { c.TokenFile = file })
	for given, want := range map[string]int{
		"": 401, "Bearer " + testToken: 200, "bearer " + testToken: 200, "Bearer " + testToken + "0": 401, "Basic " + testToken: 401, testToken: 401, "Bearer": 401,
	} {
		w := call(s, "GET", "/api/v1/status", "", func(r *http.Request) {
			if given != "" {
				r.Header.Set("Authorization", given)
			}
		})
		if w.Code != want {
			t.Errorf("Authorization %q: status %d, want %d", given, w.Code, want)
		}
	}
	// The page that asks for the token, and the liveness check, need none.
	for _, target := range []string{"/", "/assets/app-1.js", "/healthz"} {
		if w := call(s, "GET", target, ""); w.Code != 200 {
			t.Errorf("%s without token: status %d", target, w.Code)
		}
	}
}

func TestTokenFileProblemsAreErrors(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"short": "abc", "empty": "", "two": testToken + " " + testToken} {
		cfg := server.DefaultConfig()
		cfg.TokenFile = filepath.Join(dir, name)
		if err := os.WriteFile(cfg.TokenFile, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := server.New(cfg, server.Options{})
		if err == nil {
			t.Errorf("%s token was taken", name)
		} else if strings.Contains(err.Error(), testToken) {
			t.Errorf("the error shows the token: %v", err)
		}
	}
	cfg := server.DefaultConfig()
	cfg.TokenFile = filepath.Join(dir, "missing")
	if _, err := server.New(cfg, server.Options{}); err == nil {
		t.Error("a missing token file was taken")
	}
}

func TestHeaders(t *testing.T) {
	for _, target := range []string{"/", "/assets/app-1.js", "/api/v1/status", "/api/v1/none", "/healthz"} {
		h := call(newServer(t, nil), "GET", target, "").Header()
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "script-src 'self';") || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe-eval") {
			t.Errorf("%s: policy %q", target, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Frame-Options") != "DENY" || h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: headers %v", target, h)
		}
	}
}

func TestAssets(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, "big script")
	_ = z.Close()
	s := newServer(t, func(_ *server.Config, o *server.Options) {
		o.UI = fstest.MapFS{"index.html": {Data: []byte("page")}, "assets/big-1.js.gz": {Data: packed.Bytes()}, ".gitkeep": {}}
	})
	gzipped := func(r *http.Request) { r.Header.Set("Accept-Encoding", "deflate, gzip;q=1.0") }
	refused := func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip;q=0") }
	for _, c := range []struct {
		target, body, cache string
		status              int
		change              func(*http.Request)
	}{
		{"/", "page", "no-cache", 200, gzipped},
		{"/incidents/inc-0007", "page", "no-cache", 200, gzipped},
		{"/assets/big-1.js", packed.String(), "public, max-age=31536000, immutable", 200, gzipped},
		{"/assets/big-1.js", "big script", "public, max-age=31536000, immutable", 200, refused},
		{"/assets/gone-1.js", "404 page not found\n", "", 404, gzipped},
		{"/../../etc/passwd", "page", "no-cache", 200, gzipped},
	} {
		w := call(s, "GET", "/", "", c.change, func(r *http.Request) { r.URL.Path = c.target })
		if c.target == "/../../etc/passwd" && w.Code == 307 {
			continue // the mux cleans the path before anything is looked up
		}
		if w.Code != c.status || w.Body.String() != c.body || w.Header().Get("Cache-Control") != c.cache {
			t.Errorf("%s: status %d, cache %q, body %q", c.target, w.Code, w.Header().Get("Cache-Control"), w.Body)
		}
	}
}

func TestMissingUI(t *testing.T) {
	for _, ui := range []fstest.MapFS{nil, {".gitkeep": {}}} {
		s := newServer(t, func(_ *server.Config, o *server.Options) { o.UI = ui })
		w := call(s, "GET", "/logs", "")
		if w.Code != 200 || !strings.Contains(w.Body.String(), "Run make") || strings.Count(w.Body.String(), "\n") != 1 {
			t.Errorf("status %d, body %q", w.Code, w.Body)
		}
	}
}

func TestPanicIsOneRequests(t *testing.T) {
	s := newServer(t, func(_ *server.Config, o *server.Options) {
		o.Services.Querier = querierFunc(func(context.Context, server.QueryRequest) (*server.QueryResult, error) { panic("broken invariant") })
	})
	w := call(s, "POST", "/api/v1/query", `{"query":"T"}`)
	if w.Code != 500 || errorCode(t, w) != "internal" || strings.Contains(w.Body.String(), "invariant") {
		t.Errorf("status %d, body %s", w.Code, w.Body)
	}
}

// TestShutdown proves that stopping lets a running request end, and cancels one
// that does not.
func TestShutdown(t *testing.T) {
	for name, grace := range map[string]time.Duration{"ends": 10 * time.Second, "cancelled": 10 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			started, finish := make(chan struct{}), make(chan struct{})
			outcome := make(chan error, 1)
			s := newServer(t, func(c *server.Config, o *server.Options) {
				c.Listen, c.ShutdownGrace = "127.0.0.1:0", grace
				o.Services.Querier = querierFunc(func(ctx context.Context, _ server.QueryRequest) (*server.QueryResult, error) {
					close(started)
					select {
					case <-finish:
					case <-ctx.Done():
					}
					outcome <- ctx.Err()
					return &server.QueryResult{}, ctx.Err()
				})
			})
			ctx, stop := context.WithCancel(t.Context())
			l, err := s.Listen(ctx)
			if err != nil {
				t.Fatal(err)
			}
			served := make(chan error, 1)
			go func() { served <- s.Serve(ctx, l) }()
			go func() {
				response, err := http.Post("http://"+l.Addr().String()+"/api/v1/query", "application/json", strings.NewReader(`{"query":"T"}`))
				if err == nil {
					_ = response.Body.Close()
				}
			}()
			<-started
			stop()
			if name == "ends" {
				close(finish)
			}
			select {
			case err := <-outcome:
				if (err != nil) != (name == "cancelled") {
					t.Errorf("running query ended with %v", err)
				}
			case <-time.After(30 * time.Second): // well before the query's own timeout
				t.Fatal("the running query was not ended")
			}
			if err := <-served; err != nil {
				t.Errorf("Serve: %v", err)
			}
		})
	}
}

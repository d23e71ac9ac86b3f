package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/quoll/quoll/server"
	"github.com/quoll/quoll/server/servertest"
)

const localToken = "fedcba9876543210fedcba9876543210"

func newSignInServer(t *testing.T) *server.Server {
	t.Helper()
	return newServer(t, func(_ *server.Config, o *server.Options) {
		o.Services.Access, o.LocalToken = servertest.NewAccess(fixedClock), localToken
	})
}

// signIn redeems a link, and returns what puts the session on a request.
func signIn(t *testing.T, s *server.Server, link string) func(*http.Request) {
	t.Helper()
	w := call(s, "POST", "/api/v1/sign-in", `{"link":"`+link+`"}`)
	if w.Code != 200 {
		t.Fatalf("sign in: status %d, %s", w.Code, w.Body)
	}
	cookie := w.Result().Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" || cookie.Secure {
		t.Errorf("cookie %+v", cookie)
	}
	return func(r *http.Request) {
		r.AddCookie(cookie)
		r.Header.Set("X-Quoll-Request", "1")
	}
}

func TestNobodyIsLetInWithoutSignIn(t *testing.T) {
	s := newSignInServer(t)
	for _, target := range []string{"GET /api/v1/status", "GET /api/v1/session", "GET /api/v1/people", "POST /api/v1/query", "PATCH /api/v1/incidents/inc-0006", "GET /api/v1/nothing"} {
		method, path, _ := strings.Cut(target, " ")
		if w := call(s, method, path, ""); w.Code != 401 || errorCode(t, w) != "unauthorized" {
			t.Errorf("%s: status %d, %s", target, w.Code, w.Body)
		}
	}
	for _, target := range []string{"/", "/healthz", "/api/v1/sign-in"} {
		if w := call(s, "GET", target, ""); w.Code != 200 {
			t.Errorf("%s: status %d", target, w.Code)
		}
	}
	bearer := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	}
	if w := call(s, "GET", "/api/v1/session", "", bearer(localToken)); w.Code != 200 || !strings.Contains(w.Body.String(), `"by":"token"`) {
		t.Errorf("with the local token: status %d, %s", w.Code, w.Body)
	}
	if w := call(s, "GET", "/api/v1/session", "", bearer(localToken+"0")); w.Code != 401 {
		t.Errorf("with another token: status %d", w.Code)
	}
	for _, body := range []string{`{"link":"wrong"}`, `{"name":"administrator","password":""}`, `{"name":"administrator","password":"wrong"}`, `{}`} {
		if w := call(s, "POST", "/api/v1/sign-in", body); w.Code != 401 || len(w.Result().Cookies()) != 0 {
			t.Errorf("%s: status %d, %s", body, w.Code, w.Body)
		}
	}
}

// TestLocalTokenNeedsSignIn: without people, there is nothing for it to open.
func TestLocalTokenNeedsSignIn(t *testing.T) {
	s := newServer(t, func(_ *server.Config, o *server.Options) { o.LocalToken = localToken })
	if w := call(s, "GET", "/api/v1/session", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"by":"open"`) {
		t.Errorf("status %d, %s", w.Code, w.Body)
	}
}

func TestSignInSessionAndOut(t *testing.T) {
	s := newSignInServer(t)
	admin := signIn(t, s, servertest.FirstLink)
	if w := call(s, "POST", "/api/v1/sign-in", `{"link":"`+servertest.FirstLink+`"}`); w.Code != 401 {
		t.Errorf("the link works twice: status %d", w.Code)
	}
	w := call(s, "PATCH", "/api/v1/incidents/inc-0006", `{"comment":"seen"}`, admin)
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"actor":"administrator"`) {
		t.Errorf("the change does not carry the name: status %d, %s", w.Code, w.Body)
	}
	if w := call(s, "PUT", "/api/v1/session/password", `{"password":"a long enough one"}`, admin); w.Code != 200 {
		t.Errorf("password: status %d, %s", w.Code, w.Body)
	}
	if w := call(s, "POST", "/api/v1/sign-in", `{"name":"Administrator","password":"a long enough one"}`); w.Code != 200 {
		t.Errorf("with the password: status %d, %s", w.Code, w.Body)
	}
	if w := call(s, "DELETE", "/api/v1/session", "", admin); w.Code != 200 || w.Result().Cookies()[0].Value != "" {
		t.Errorf("sign out: status %d, %v", w.Code, w.Result().Cookies())
	}
	if w := call(s, "GET", "/api/v1/session", "", admin); w.Code != 401 {
		t.Errorf("after signing out: status %d", w.Code)
	}
}

// TestSessionCannotBeUsedFromElsewhere: a cookie alone changes nothing.
func TestSessionCannotBeUsedFromElsewhere(t *testing.T) {
	s := newSignInServer(t)
	admin := signIn(t, s, servertest.FirstLink)
	for name, change := range map[string]func(*http.Request){
		"without the header": func(r *http.Request) { admin(r); r.Header.Del("X-Quoll-Request") },
		"from another page":  func(r *http.Request) { admin(r); r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"from another name":  func(r *http.Request) { admin(r); r.Header.Set("Origin", "https://evil.example") },
	} {
		if w := call(s, "PATCH", "/api/v1/incidents/inc-0006", `{"comment":"x"}`, change); w.Code != 403 {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
	if w := call(s, "POST", "/api/v1/sign-in", `{"link":"x"}`, func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }); w.Code != 403 {
		t.Errorf("signing in from another page: status %d", w.Code)
	}
}

// TestRoles asks every endpoint that a role is needed for, with the role below.
func TestRoles(t *testing.T) {
	s := newSignInServer(t)
	admin := signIn(t, s, servertest.FirstLink)
	as := map[string]func(*http.Request){"Administrator": admin}
	for _, role := range []string{"Reader", "Responder", "Contributor"} {
		w := call(s, "POST", "/api/v1/people", `{"name":"`+role+`","role":"`+role+`"}`, admin)
		as[role] = signIn(t, s, linkOf(t, w))
	}
	for _, c := range []struct {
		request, body    string
		enough, notQuite string
	}{
		{"PATCH /api/v1/incidents/inc-0006", `{"comment":"x"}`, "Responder", "Reader"},
		{"POST /api/v1/notes", `{"kind":"query","title":"x","query":"T"}`, "Responder", "Reader"},
		{"POST /api/v1/automation/test", `{"id":"calm-backup"}`, "Responder", "Reader"},
		{"PATCH /api/v1/automation/calm-backup", `{"enabled":false}`, "Contributor", "Responder"},
		{"POST /api/v1/automation", `{"text":"id: x\nname: X\norder: 1\non: [created]\nactions: [{tag: [a]}]\n"}`, "Contributor", "Responder"},
		{"DELETE /api/v1/automation/x", "", "Contributor", "Responder"},
		{"POST /api/v1/backfills", `{"from":"2026-08-14T00:00:00Z","to":"2026-09-14T00:00:00Z"}`, "Contributor", "Responder"},
		{"GET /api/v1/retention/preview", "", "Contributor", "Responder"},
		{"GET /api/v1/people", "", "Administrator", "Contributor"},
		{"POST /api/v1/people", `{"name":"x","role":"Reader"}`, "Administrator", "Contributor"},
		{"PATCH /api/v1/people/2", `{"role":"Administrator"}`, "Administrator", "Contributor"},
	} {
		method, path, _ := strings.Cut(c.request, " ")
		if w := call(s, method, path, c.body, as[c.notQuite]); w.Code != 403 || errorCode(t, w) != "forbidden" || !strings.Contains(w.Body.String(), c.enough) {
			t.Errorf("%s as %s: status %d, %s", c.request, c.notQuite, w.Code, w.Body)
		}
		if w := call(s, method, path, c.body, as[c.enough]); w.Code >= 300 {
			t.Errorf("%s as %s: status %d, %s", c.request, c.enough, w.Code, w.Body)
		}
	}
	if w := call(s, "POST", "/api/v1/query", `{"query":"T"}`, as["Reader"]); w.Code != 200 {
		t.Errorf("a reader's query: status %d", w.Code)
	}
	if w := call(s, "PATCH", "/api/v1/people/2", `{"disabled":true}`, admin); w.Code != 200 {
		t.Fatalf("status %d, %s", w.Code, w.Body)
	}
	if w := call(s, "GET", "/api/v1/session", "", as["Reader"]); w.Code != 401 {
		t.Errorf("a disabled person: status %d", w.Code)
	}
}

func linkOf(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var body struct{ Path string }
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != 201 {
		t.Fatalf("status %d, %s, %v", w.Code, w.Body, err)
	}
	_, link, _ := strings.Cut(body.Path, "#link=")
	return link
}

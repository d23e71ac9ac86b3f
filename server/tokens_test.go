package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/quoll/quoll/server"
	"github.com/quoll/quoll/server/servertest"
)

func TestAnAccessTokenMayWhatItsRoleMay(t *testing.T) {
	canned := servertest.New(fixedClock)
	s := newServer(t, func(_ *server.Config, o *server.Options) {
		o.Services = canned.Services()
		o.Services.Access = servertest.NewAccess(fixedClock)
		o.LocalToken = "the-local-token-of-the-tests-0123"
	})
	with := func(secret string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", "Bearer "+secret)
			r.Header.Set("X-Quoll-Actor", "somebody else")
		}
	}
	made, secret, err := canned.NewToken(t.Context(), server.NewToken{Name: "siem", Role: server.RoleReader})
	if err != nil {
		t.Fatal(err)
	}
	if w := call(s, "GET", "/api/v1/session", "", with(secret)); w.Code != 200 || !strings.Contains(w.Body.String(), `"name":"token siem","role":"Reader"`) {
		t.Errorf("session %d %s", w.Code, w.Body)
	}
	if w := call(s, "GET", "/api/v1/tokens", "", with(secret)); w.Code != http.StatusForbidden {
		t.Errorf("a reader's token lists tokens: %d", w.Code)
	}
	if w := call(s, "GET", "/api/v1/session", "", with(secret+"x")); w.Code != http.StatusUnauthorized {
		t.Errorf("another secret: %d", w.Code)
	}
	// Where two people have to say the same, a token is none, whatever its role.
	_, all, err := canned.NewToken(t.Context(), server.NewToken{Name: "all", Role: server.RoleAdministrator})
	if err != nil {
		t.Fatal(err)
	}
	for path, body := range map[string]string{"/api/v1/archive/holds/1/release": `{"why":"over"}`, "/api/v1/exceptions/1/agreement": `{}`} {
		if w := call(s, "POST", path, body, with(all)); w.Code != http.StatusForbidden {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if w := call(s, "DELETE", "/api/v1/tokens/"+made.ID, "", with("the-local-token-of-the-tests-0123")); w.Code != 200 {
		t.Errorf("revoke: %d %s", w.Code, w.Body)
	}
	if w := call(s, "GET", "/api/v1/session", "", with(secret)); w.Code != http.StatusUnauthorized {
		t.Errorf("a revoked token: %d", w.Code)
	}
}

package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/server"
	"github.com/quoll/quoll/server/servertest"
)

// A report is started, waited for, taken as page and as JSON, and taken away.
func TestInvestigations(t *testing.T) {
	at := present
	clock := func() time.Time { return at }
	s := newServer(t, func(_ *server.Config, o *server.Options) {
		o.Services, o.Clock = servertest.New(clock).Services(), clock
	})
	if w := call(s, "POST", "/api/v1/investigations", `{"user":"ada@coast.example","from":"2026-09-14T02:00:00Z"}`); w.Code != http.StatusAccepted || !strings.Contains(w.Body.String(), `"to":"2026-09-14T08:22:33.001Z"`) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	report := "/api/v1/investigations/canned-1/report?format="
	if w := call(s, "GET", report+"html", ""); w.Code != http.StatusConflict {
		t.Errorf("before it is done: %d %s", w.Code, w.Body)
	}
	at = at.Add(time.Minute)
	if w := call(s, "GET", "/api/v1/investigations", ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"state":"done"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for format, want := range map[string]string{"html": "text/html; charset=utf-8", "json": "application/json"} {
		w := call(s, "GET", report+format, "")
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != want || !strings.Contains(w.Header().Get("Content-Disposition"), "canned-1."+format) {
			t.Errorf("%s: %d %v", format, w.Code, w.Header())
		}
	}
	if w := call(s, "GET", report+"pdf", ""); w.Code != http.StatusBadRequest {
		t.Errorf("as PDF: %d", w.Code)
	}
	if w := call(s, "DELETE", "/api/v1/investigations/canned-1", ""); w.Code != http.StatusOK {
		t.Errorf("taking it away: %d %s", w.Code, w.Body)
	}
	if w := call(s, "DELETE", "/api/v1/investigations/canned-1", ""); w.Code != http.StatusNotFound {
		t.Errorf("taking it away again: %d %s", w.Code, w.Body)
	}
}

package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/quoll/quoll/server"
)

// TestWhatAServerSaysInsteadOfAnAnswerIsAnError: read as an answer it would be one
// in which everything is zero.
func TestWhatAServerSaysInsteadOfAnAnswerIsAnError(t *testing.T) {
	for says, c := range map[string]struct {
		status int
		body   string
		code   int // to exit with; 0: no exitError
	}{
		"this process does not serve its status":           {503, `{"error":{"code":"unavailable","message":"this process does not serve its status"}}`, 0},
		"mistakes\nline 1, column 3: no such thing\n  try": {400, `{"error":{"code":"query","message":"mistakes","diagnostics":[{"message":"no such thing","remedy":"try","line":1,"column":3}]}}`, exitUsage},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		}))
		defer s.Close()
		status := &server.Status{}
		err := call(t.Context(), serverNote{Address: s.URL}, http.MethodGet, "/api/v1/status", nil, status)
		var refused *refusal
		var exit *exitError
		if !errors.As(err, &refused) || refused.Error() != says || errors.As(err, &exit) != (c.code != 0) || exit != nil && exit.code != c.code {
			t.Errorf("%d: %v", c.status, err)
		}
		if _, err := callFile(t.Context(), serverNote{Address: s.URL}, http.MethodPost, "/", nil); !errors.As(err, &refused) {
			t.Errorf("%d: a file: %v", c.status, err)
		}
	}
}

// What a server says of a result that was cut is said on.
func TestWhyAResultWasCutIsSaid(t *testing.T) {
	var table remoteTable
	if err := json.Unmarshal([]byte(`{"statistics":{"truncated":true,"partialFailure":"too many"}}`), &table); err != nil {
		t.Fatal(err)
	}
	result, err := table.table()
	if err != nil || !result.Truncated || result.PartialFailure != "too many" {
		t.Errorf("%+v, %v", result, err)
	}
}

// A token goes to the server alone, also where the environment has a proxy.
func TestTheServerIsAskedWithoutAProxy(t *testing.T) {
	transport := http.DefaultTransport.(*http.Transport)
	before := transport.Proxy
	t.Cleanup(func() { transport.Proxy = before })
	transport.Proxy = func(*http.Request) (*url.URL, error) { return nil, errors.New("a proxy was looked for") }
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	defer s.Close()
	if err := call(t.Context(), serverNote{Address: s.URL, Token: "secret"}, http.MethodGet, "/api/v1/status", nil, &server.Status{}); err != nil {
		t.Error(err)
	}
}

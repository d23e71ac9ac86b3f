package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect/push"
	"github.com/quoll/quoll/config"
)

// TestPushedRecordsAreRows: what a relay sends to a server is answered after it
// is journalled, and is a row once, however often it is sent.
func TestPushedRecordsAreRows(t *testing.T) {
	const token = "0123456789abcdef-of-a-relay"
	dir, address := t.TempDir(), freeAddress(t)
	if err := os.WriteFile(filepath.Join(dir, "push-token"), []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	const watching = "0123456789abcdef0123456789abcdef-of-the-monitoring"
	if err := os.WriteFile(filepath.Join(dir, "metrics-token"), []byte(watching), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse([]byte("data_dir: q\nserver: {listen: '127.0.0.1:0', metrics_token_file: metrics-token}\npush: {listen: '"+address+"', token_file: push-token}\n"), dir, os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended, ready := make(chan error, 1), make(chan string, 1)
	go func() {
		ended <- serve(ctx, c, defaultPace(), slog.New(slog.DiscardHandler), func(web, link string) {
			if !strings.Contains(link, web+"/sign-in#link=") {
				t.Errorf("the first link is %q", link)
			}
			ready <- web
		})
	}()
	var web string
	select {
	case web = <-ready:
	case err := <-ended:
		t.Fatalf("the server ended: %v", err)
	}

	awaitListener(t, address)
	note, err := readServerNote(c.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := get(t, web+"/api/v1/status", ""); status != http.StatusUnauthorized {
		t.Errorf("who is not signed in is answered with %d", status)
	}

	const line = `{"time":"2026-09-14T08:24:00Z","tenantId":"11111111-2222-3333-4444-555555555555","category":"AdvancedHunting-EmailEvents","properties":{"Timestamp":"2026-09-14T08:22:33Z","NetworkMessageId":"m1","RecipientEmailAddress":"ada@coast.example","ReportId":"r1"}}` + "\n"
	if status, answer := post(t, "http://"+address+push.Path, "wrong", line); status != http.StatusUnauthorized {
		t.Errorf("a wrong token is answered with %d %s", status, answer)
	}
	for range 2 {
		if status, answer := post(t, "http://"+address+push.Path, token, line); status != http.StatusOK || !strings.Contains(answer, `"lines":1`) {
			t.Errorf("answer %d %s", status, answer)
		}
	}
	// The second copy is journalled behind the first; a row behind both is the
	// sign that all of them were made into rows.
	last := strings.ReplaceAll(line, "m1", "m2")
	if status, _ := post(t, "http://"+address+push.Path, token, last); status != http.StatusOK {
		t.Errorf("answer %d", status)
	}
	const question = `{"query":"EmailEvents | summarize copies = count() by NetworkMessageId, RecipientEmailAddress | sort by NetworkMessageId asc"}`
	var answer string
	for !strings.Contains(answer, `"m2"`) {
		if t.Context().Err() != nil {
			t.Fatalf("the rows never came: %s", answer)
		}
		_, answer = post(t, web+"/api/v1/query", note.Token, question)
	}
	for _, want := range []string{`["m1","ada@coast.example",1]`, `["m2","ada@coast.example",1]`} {
		if !strings.Contains(answer, want) {
			t.Errorf("no row %s in %s", want, answer)
		}
	}
	if status, answer := get(t, web+"/api/v1/connectors", note.Token); status != http.StatusOK || !strings.Contains(answer, `"push/`+address+`/push"`) || !strings.Contains(answer, `"records":2,"duplicates":1,`) {
		t.Errorf("the connectors do not show two records: %d %s", status, answer)
	}
	_, figures := get(t, web+"/metrics", watching)
	for _, want := range []string{
		`quoll_records_total{content="",outcome="added",source="push",tenant=""} 2`, `quoll_records_total{content="",outcome="duplicate",source="push",tenant=""} 1`,
		`quoll_source_state{connector="push/` + address + `",content="push",source="push",state="running",tenant=""} 1`,
		`quoll_lake_rows{table="EmailEvents"} 2`, `quoll_reading_incomplete 0`, `quoll_disk_free_bytes{folder="archive"}`,
	} {
		if !strings.Contains(figures, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
	if status, answer := get(t, web+"/api/v1/health", watching); status != http.StatusOK || !strings.Contains(answer, `"name":"push/`+address+`","contentType":"push","state":"ok"`) {
		t.Errorf("health: %d %s", status, answer)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// freeAddress is a port of loopback that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// awaitListener returns once something listens: a server is ready before all of
// its collectors run.
func awaitListener(t *testing.T, address string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err == nil {
			connection.Close()
			return
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal(err)
		}
	}
}

func post(t *testing.T, url, token, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return do(t, request)
}

func get(t *testing.T, url, token string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return do(t, request)
}

func do(t *testing.T, request *http.Request) (int, string) {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", request.URL.Path, err))
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

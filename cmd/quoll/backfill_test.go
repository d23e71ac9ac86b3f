package main

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/quoll/quoll/tenantsim"
)

// simulated is the tenant of one script.
type simulated struct {
	tenant *tenantsim.Tenant
	server *httptest.Server

	mu    sync.Mutex
	pages int    // of audit search that were asked for
	at    int    // the page at which
	stop  func() // is called, instead of an answer
}

func (s *simulated) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/records") {
		s.mu.Lock()
		s.pages++
		stop := s.stop
		if s.pages != s.at {
			stop = nil
		}
		s.mu.Unlock()
		if stop != nil {
			stop()
			panic(http.ErrAbortHandler)
		}
	}
	s.tenant.Handler().ServeHTTP(w, r)
}

type tenantKey struct{}

// startTenantCommand: "tenant HOURS" simulates a tenant that has lived for some
// hours, and writes quoll.yaml with q as the data directory. FROM and TO are the
// range of its records, RECORDS is their number.
func startTenantCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: tenant hours")
	}
	hours, err := strconv.Atoi(args[0])
	ts.Check(err)
	cfg := tenantsim.DefaultConfig(11)
	cfg.History, cfg.Volume, cfg.NoStory, cfg.LateRecords, cfg.Delay = time.Duration(hours)*time.Hour, 0.02, true, -1, time.Second
	cfg.Graph.RunFor, cfg.Graph.PageSize, cfg.RequestsPerMinute, cfg.Graph.HuntsPerMinute = 0, 7, 100_000, 100_000
	s := &simulated{}
	s.tenant, err = tenantsim.New(cfg)
	ts.Check(err)
	s.server = httptest.NewTLSServer(s)
	ts.Defer(s.server.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.server.Certificate().Raw})
	ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), authority, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("secret"), []byte(s.tenant.ClientSecret()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("quoll.yaml"), fmt.Appendf(nil, `data_dir: q
shipped_rules: false
server: {listen: "127.0.0.1:0"}
tenants:
  - name: coast
    tenant_id: %s
    audit_log: {client_id: %s, client_secret_file: secret, base_url: %s, authority_url: %s, ca_file: ca.pem, poll_every: 2s}
    audit_search: {base_url: %s, requests_per_minute: 60000, queries_per_minute: 60000}
    defender_hunting: {base_url: %s, requests_per_minute: 60000, poll_every: 2s, tables: [EmailEvents, EmailUrlInfo]}
`, s.tenant.TenantID(), s.tenant.ClientID(), s.server.URL, s.server.URL, s.server.URL, s.server.URL), 0o600))
	now := time.Now().UTC()
	ts.Setenv("FROM", now.Add(-cfg.History-time.Hour).Format(time.RFC3339))
	ts.Setenv("TO", now.Format(time.RFC3339))
	ts.Setenv("RECORDS", strconv.Itoa(len(s.tenant.Produced().Audit)))
	ts.Value(tenantKey{}).(*scriptTenant).simulated = s
}

// scriptTenant holds the tenant of a script, once there is one.
type scriptTenant struct{ *simulated }

// killAtPage: "killatpage N quoll ARGS…" kills the command with SIGKILL when it
// asks for the Nth page of audit search from now on.
func killAtPage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: killatpage n command…")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	s := ts.Value(tenantKey{}).(*scriptTenant)
	path, err := findIn(ts.Getenv("PATH"), args[1])
	ts.Check(err)
	command := exec.Command(path, args[2:]...)
	command.Dir = ts.MkAbs(".")
	command.Env = []string{"HOME=" + ts.Getenv("HOME"), "TMPDIR=" + ts.Getenv("TMPDIR"), "PATH=" + ts.Getenv("PATH")}
	ts.Check(command.Start())
	s.mu.Lock()
	s.at = s.pages + n
	s.stop = func() { _ = command.Process.Kill() }
	s.mu.Unlock()
	if err := command.Wait(); err == nil {
		ts.Fatalf("it ended before page %d", n)
	}
}

// killServerAtPage: "killserveratpage N DATA FROM TO command…" starts a server,
// has it begin a backfill, and kills it with SIGKILL at the Nth page.
func killServerAtPage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 5 {
		ts.Fatalf("usage: killserveratpage n data from to command…")
	}
	data := ts.MkAbs(args[1])
	begun := make(chan error, 1)
	go func() {
		body := fmt.Sprintf(`{"from":%q,"to":%q}`, args[2], args[3])
		for range 600 {
			if note, err := readServerNote(data); err == nil {
				begun <- call(context.Background(), note, http.MethodPost, "/api/v1/backfills", []byte(body), &backfilled{})
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		begun <- errors.New("the server does not answer")
	}()
	killAtPage(ts, false, append([]string{args[0]}, args[4:]...))
	ts.Check(<-begun)
	ts.Check(os.Remove(filepath.Join(data, serverFile))) // it was killed, and could not
}

// awaitBackfills: "awaitbackfills DATA" waits until a server has ended its
// backfills, of which there must be one, and prints them.
func awaitBackfills(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: awaitbackfills data")
	}
	note, err := readServerNote(ts.MkAbs(args[0]))
	ts.Check(err)
	for range 600 {
		var answer struct{ Backfills []backfilled }
		ts.Check(call(context.Background(), note, http.MethodGet, "/api/v1/backfills", nil, &answer))
		if len(answer.Backfills) > 0 && !slices.ContainsFunc(answer.Backfills, func(b backfilled) bool { return !ended(&b) }) {
			for _, b := range answer.Backfills {
				_, err := fmt.Fprintf(ts.Stdout(), "%s: %s %s\n", b.TenantName, b.State, b.Error)
				ts.Check(err)
			}
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("the backfills do not end")
}

func findIn(path, name string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		if full := filepath.Join(dir, name); exists(full) {
			return full, nil
		}
	}
	return "", fmt.Errorf("no %s in %s", name, path)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// awaitFile: "await FILE" waits until a file is there.
func awaitFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await file")
	}
	for range 600 {
		if exists(ts.MkAbs(args[0])) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s does not come", args[0])
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/server"
	"github.com/quoll/quoll/tenantsim"
)

// notifyOf sends a notification of a tenant that was added, and wants it to be known.
func notifyOf(t *testing.T, s *service, tenant string) {
	t.Helper()
	body := `[{"tenantId":"` + tenant + `","contentType":"Audit.Exchange"}]`
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://quoll.agency.example/o365", strings.NewReader(body))
	request.Header.Set("Webhook-AuthID", "0123456789abcdef")
	s.webhook.receiver.ServeHTTP(httptest.NewRecorder(), request)
	if got := s.webhook.receiver.Received(); got.Entries != 1 || got.Unknown != 0 {
		t.Errorf("a notification of a tenant that was added: %+v", got)
	}
	made, err := s.activitySettings(activity.DefaultConfig())
	if err != nil || made.Webhook == nil || made.Webhook.Address != "https://quoll.agency.example/o365" {
		t.Errorf("it is set up with the webhook %+v, error %v", made.Webhook, err)
	}
}

// TestATenantIsAddedToAServerThatRuns begins with nothing, checks a simulated tenant
// with a wrong secret and with the right one, adds it, and finds what it sent in the
// journal, without a restart; and what a restart would read.
func TestATenantIsAddedToAServerThatRuns(t *testing.T) {
	settings := tenantsim.DefaultConfig(3)
	settings.NoStory, settings.History, settings.Volume = true, time.Hour, 0.01
	settings.Permissions = []string{"ActivityFeed.Read"}
	tenant, err := tenantsim.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	simulated, err := tenant.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := simulated.Close(); err != nil {
			t.Error(err)
		}
	}()
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	if err := simulated.WriteCA(ca); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	c := &config.Config{DataDir: filepath.Join(dir, "q"), ArchiveDir: filepath.Join(dir, "a"), ArchiveOrigin: defaultOrigin, FlushEvery: time.Hour, Lake: lake.DefaultConfig(""), Server: server.DefaultConfig()}
	c.Webhook = &config.Webhook{Listen: "127.0.0.1:0", Path: "/o365"}
	c.Webhook.Address, c.Webhook.AuthID = "https://quoll.agency.example/o365", collect.NewSecret("0123456789abcdef")
	n, err := openNode(t.Context(), paths{data: c.DataDir, archive: c.ArchiveDir, origin: c.ArchiveOrigin}, nodeSettings{time.Hour, time.Hour, c.Lake}, log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := n.close(); err != nil {
			t.Error(err)
		}
	}()
	s, err := newService(t.Context(), n, c, defaultPace(), log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	work, ctx := errgroup.WithContext(ctx)
	s.roster.start(ctx, work)
	defer func() {
		stop()
		if err := work.Wait(); err != nil {
			t.Error(err)
		}
	}()
	post := func(path string, r server.TenantRequest) *httptest.ResponseRecorder {
		t.Helper()
		body, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		request := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1/api/v1/tenants"+path, bytes.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+s.localToken)
		answer := httptest.NewRecorder()
		s.server.Handler().ServeHTTP(answer, request)
		return answer
	}
	asked := server.TenantRequest{Name: "Coast", TenantID: tenant.TenantID(), ClientID: tenant.ClientID(), Secret: "a wrong secret", BaseURL: simulated.URL, AuthorityURL: simulated.URL, CAFile: ca}
	if answer := post("/check", asked); answer.Code != http.StatusOK || !blocked(t, answer.Body.String(), "sign-in") {
		t.Errorf("status %d: %s", answer.Code, answer.Body)
	}
	if answer := post("", asked); answer.Code != http.StatusConflict || !strings.Contains(answer.Body.String(), "sign-in") {
		t.Errorf("a secret that does not work is stored: status %d: %s", answer.Code, answer.Body)
	}
	if _, err := os.Stat(config.StoredTenants(c.DataDir)); err == nil {
		t.Error("something was stored")
	}
	asked.Secret = tenant.ClientSecret()
	// One whose collectors cannot be made is not kept: the next start would fail by it.
	unable := &tenantDesk{roster: s.roster, data: c.DataDir, archive: c.ArchiveDir, audit: &acts{journal: n.journal, workspace: n.workspace, clock: clock.System(), log: log}, log: log}
	unable.collectors = func(context.Context, config.Tenant) ([]collect.Collector, error) { return nil, errors.New("no memory") }
	if _, err := unable.AddTenant(ctx, asked); err == nil || !strings.Contains(err.Error(), "no memory") {
		t.Errorf("collectors that cannot be made: %v", err)
	}
	if left, err := os.ReadDir(config.StoredTenants(c.DataDir)); err != nil || len(left) > 0 {
		t.Errorf("stored: %v, %v", left, err)
	}
	if answer := post("/check", asked); answer.Code != http.StatusOK || blocked(t, answer.Body.String(), "") || !strings.Contains(answer.Body.String(), `"check":"permissions","severity":"ok"`) {
		t.Errorf("status %d: %s", answer.Code, answer.Body)
	}
	if answer := post("", asked); answer.Code != http.StatusCreated || !strings.Contains(answer.Body.String(), `"added":true`) {
		t.Fatalf("status %d: %s", answer.Code, answer.Body)
	}
	if answer := post("", asked); answer.Code != http.StatusConflict {
		t.Errorf("it is added twice: status %d: %s", answer.Code, answer.Body)
	}
	awaitActivity(t, n)
	notifyOf(t, s, tenant.TenantID())
	if len(s.roster.all()) != 1 || s.roster.name(tenant.TenantID()) != "Coast" {
		t.Errorf("the roster has %d collectors", len(s.roster.all()))
	}
	if answer := post("", server.TenantRequest{TenantID: "../../etc", ClientID: "x", Secret: "x"}); answer.Code != http.StatusBadRequest {
		t.Errorf("status %d: %s", answer.Code, answer.Body)
	}
	defer removed(t, s, c, tenant.TenantID())
	if err := c.AddStored(os.Getenv); err != nil || len(c.Tenants) != 1 || c.Tenants[0].Activity.ClientSecret.Reveal() != tenant.ClientSecret() {
		t.Errorf("a restart reads %v, error %v", c.Tenants, err)
	}
	info, err := os.Stat(filepath.Join(config.StoredTenants(c.DataDir), tenant.TenantID()+".secret"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the secret's file: %v, error %v", info, err)
	}
	if err := c.AddStored(os.Getenv); err == nil || !strings.Contains(err.Error(), "take it out of one of them") {
		t.Errorf("a tenant of two places: error %v", err)
	}
	actsHideSecrets(t, n, tenant.ClientSecret())
}

// removed takes the tenant away again: nothing collects from it, its files are gone,
// and so it is by another start; what it sent stays.
func removed(t *testing.T, s *service, c *config.Config, id string) {
	t.Helper()
	ask := func() *httptest.ResponseRecorder {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodDelete, "http://127.0.0.1/api/v1/tenants/"+strings.ToUpper(id), nil)
		request.Header.Set("Authorization", "Bearer "+s.localToken)
		answer := httptest.NewRecorder()
		s.server.Handler().ServeHTTP(answer, request)
		return answer
	}
	sent := s.node.journal.Last()
	if answer := ask(); answer.Code != http.StatusOK {
		t.Errorf("status %d: %s", answer.Code, answer.Body)
	}
	if answer := ask(); answer.Code != http.StatusNotFound {
		t.Errorf("it is removed twice: status %d: %s", answer.Code, answer.Body)
	}
	if len(s.roster.all()) != 0 || len(s.roster.list()) != 0 || len(s.roster.stays) != 0 {
		t.Errorf("the roster has %d collectors, %d tenants", len(s.roster.all()), len(s.roster.list()))
	}
	if left, err := os.ReadDir(config.StoredTenants(c.DataDir)); err != nil || len(left) != 0 {
		t.Errorf("files are left: %v, error %v", left, err)
	}
	c.Tenants = nil
	if err := c.AddStored(os.Getenv); err != nil || len(c.Tenants) != 0 {
		t.Errorf("a restart reads %v, error %v", c.Tenants, err)
	}
	if s.node.journal.Last() < sent {
		t.Error("what it sent is gone")
	}
	s.roster.add(config.Tenant{ID: id, Name: "Configured"})
	if answer := ask(); answer.Code != http.StatusConflict || !strings.Contains(answer.Body.String(), "is in the configuration") {
		t.Errorf("one of the configuration: status %d: %s", answer.Code, answer.Body)
	}
}

// blocked says whether a check was answered to its end and a finding blocks.
func blocked(t *testing.T, lines, check string) bool {
	t.Helper()
	found, done := false, false
	for scanner := bufio.NewScanner(strings.NewReader(lines)); scanner.Scan(); {
		var f struct {
			server.TenantFinding
			Done bool `json:"done"`
		}
		if err := json.Unmarshal(scanner.Bytes(), &f); err != nil {
			t.Fatal(err)
		}
		done = f.Done
		found = found || f.Severity == "blocking" && (check == "" || f.Check == check)
	}
	if !done {
		t.Errorf("the answer broke off:\n%s", lines)
	}
	return found
}

var errSeen = errors.New("seen")

// awaitActivity waits until the journal has a payload of the audit log.
func awaitActivity(t *testing.T, n *node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	at := journal.Position(0)
	for {
		err := n.journal.Read(ctx, at, func(e journal.Entry) error {
			at = e.Position
			if e.Payload.Source == model.SourceActivity {
				return errSeen
			}
			return nil
		})
		if errors.Is(err, errSeen) {
			return
		}
		if err == nil {
			err = n.journal.Wait(ctx, at)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// actsHideSecrets: what was asked for is written down, and its secret is not.
func actsHideSecrets(t *testing.T, n *node, secret string) {
	t.Helper()
	added := 0
	err := n.journal.Read(t.Context(), 0, func(e journal.Entry) error {
		body := string(e.Payload.Body)
		if e.Payload.Source == model.SourceQuoll && strings.Contains(body, secret) {
			t.Errorf("a secret is in the audit trail: %s", body)
		}
		if strings.Contains(body, `"OperationName":"Add tenant"`) {
			added++
		}
		return nil
	})
	if err != nil || added != 5 {
		t.Errorf("%d acts, want 5, error %v", added, err)
	}
}

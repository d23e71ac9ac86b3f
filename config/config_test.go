package config

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect/cloud"
)

func environment(name string) string {
	if name == "SECRET" {
		return "hunter2"
	}
	return ""
}

func parse(t *testing.T, path string) (*Config, error) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return Parse(text, "/etc/quoll", environment)
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no %s: %v", pattern, err)
	}
	return paths
}

func TestGoodFilesAreTaken(t *testing.T) {
	for _, path := range glob(t, "*.good.yaml") {
		if _, err := parse(t, path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Each bad file has one mistake and begins with "# want: part of the message".
func TestBadFilesAreRefusedWithTheirReason(t *testing.T) {
	for _, path := range glob(t, "*.bad.yaml") {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		first := bufio.NewScanner(f)
		first.Scan()
		want, ok := strings.CutPrefix(first.Text(), "# want: ")
		_ = f.Close()
		if !ok {
			t.Fatalf("%s does not begin with # want:", path)
		}
		_, err = parse(t, path)
		if err == nil {
			t.Errorf("%s was taken", path)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: message %q does not say %q", path, err, want)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: a secret is in the message %q", path, err)
		}
	}
}

func TestFullFile(t *testing.T) {
	c, err := parse(t, "testdata/full.good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tenant := c.Tenants[0]
	switch {
	case c.RuleDirs[0] != "/etc/quoll/rules" || tenant.DefenderExportDir != "/etc/quoll/export":
		t.Errorf("relative paths are not relative to the file: %q, %q", c.RuleDirs, tenant.DefenderExportDir)
	case c.FlushEvery != 2*time.Minute || c.ShippedRules:
		t.Errorf("settings are not taken: %+v", c)
	case c.Server.QueryTimeout != time.Minute || c.Server.MaxConcurrentQueries != 4:
		t.Errorf("settings of the server are not taken: %+v", c.Server)
	case c.ArchiveVerifyEvery != 72*time.Hour:
		t.Errorf("the archive is verified every %s", c.ArchiveVerifyEvery)
	case c.Lake.CompactShare != 0.25 || c.Lake.CompactBytes != 128<<20:
		t.Errorf("settings of the lake are not taken: %+v", c.Lake)
	case len(c.Witnesses) != 1 || c.Witnesses[0].URL != "https://witness.example/quoll" || c.Witnesses[0].Key.Name() != "witness.example/w1":
		t.Errorf("witnesses are not taken: %+v", c.Witnesses)
	case len(c.ArchiveCopies) != 3 || c.ArchiveCopies[0].Location.String() != "s3://agency-quoll/archive" || c.ArchiveCopies[0].Retain != 2557*24*time.Hour || c.ArchiveCopies[0].AlarmAfter != 30*time.Minute || c.ArchiveCopies[1].AlarmAfter != 15*time.Minute:
		t.Errorf("copies of the archive are not taken: %+v", c.ArchiveCopies)
	case tenant.Activity.Cloud != cloud.GCCHigh || tenant.Activity.PollEvery != 30*time.Second || len(tenant.Activity.ContentTypes) != 2:
		t.Errorf("audit log settings are not taken: %+v", tenant.Activity)
	case tenant.Activity.ClientSecret.Reveal() != "hunter2":
		t.Error("the secret was not read")
	case tenant.Activity.BaseURL != "https://manage.office365.us":
		t.Errorf("base URL %q", tenant.Activity.BaseURL)
	case tenant.AuditSearch == nil || tenant.AuditSearch.Version != "beta" || tenant.AuditSearch.BaseURL != "https://graph.example" || tenant.AuditSearch.Retention != 365*24*time.Hour ||
		tenant.AuditSearch.Concurrency != 3 || tenant.AuditSearch.RequestsPerMinute != 60 || tenant.AuditSearch.SubmissionsPerMinute != 5 || tenant.AuditSearch.TenantID != tenant.ID:
		t.Errorf("audit search settings are not taken: %+v", tenant.AuditSearch)
	}
}

func TestHunting(t *testing.T) {
	c, err := parse(t, "testdata/hunting.good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	h := c.Tenants[0].Hunting
	if h == nil || h.BaseURL != "https://dod-graph.microsoft.us" || len(h.Tables) != 2 || h.PollEvery != 2*time.Minute || h.RequestsPerMinute != 10 {
		t.Errorf("%+v", h)
	}
}

func TestEventHubs(t *testing.T) {
	c, err := parse(t, "testdata/event-hubs.good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	h := c.Tenants[0].EventHubs
	if h == nil || h.Tenant != c.Tenants[0].ID || h.Namespace != "contoso.servicebus.windows.net" || len(h.Hubs) != 2 || h.Group != "quoll-b" ||
		h.Retention != 168*time.Hour || h.ExpiryAlarm != 84*time.Hour || h.Application == nil ||
		h.Application.Authority != "https://login.microsoftonline.us" || h.Application.ClientSecret.Reveal() != "hunter2" {
		t.Errorf("event hubs settings are not taken: %+v", h)
	}
}

func TestTheArchiveLiesBesideTheData(t *testing.T) {
	c, err := parse(t, "testdata/minimal.good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if c.DataDir != "/etc/quoll/data" || c.ArchiveDir != "/etc/quoll/data-archive" {
		t.Errorf("data %s, archive %s", c.DataDir, c.ArchiveDir)
	}
}

func TestSecretFileIsRelativeToTheFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := `data_dir: data
tenants:
  - tenant_id: 11111111-2222-3333-4444-555555555555
    audit_log: {client_id: a, client_secret_file: secret}
`
	path := filepath.Join(dir, "quoll.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Tenants[0].Activity.ClientSecret.Reveal(); got != "hunter2" {
		t.Errorf("secret %q", got)
	}
}

func TestDefenderAccounts(t *testing.T) {
	c, err := parse(t, "testdata/defender-account.good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	signature, app := c.Tenants[0].DefenderAccount, c.Tenants[1].DefenderAccount
	if signature == nil || signature.URL != "https://contoso.blob.core.windows.net" || signature.SAS.Reveal() != "hunter2" || c.Tenants[0].DefenderPollEvery != time.Minute {
		t.Errorf("%+v", signature)
	}
	if app == nil || app.Application.Authority != "https://login.microsoftonline.us" || len(app.Containers) != 1 {
		t.Errorf("%+v", app)
	}
}

func TestRetention(t *testing.T) {
	c, err := parse(t, "testdata/retention.good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules := c.Retention.Rules()
	switch {
	case len(rules) != 5 || rules[0].Name != "the minister" || !rules[0].Keep.Forever:
		t.Errorf("rules are not in the order of their priority: %+v", rules)
	case rules[1].RecordTypes[0].Number != 1 || rules[1].RecordTypes[1].Name != "SharePointSharingOperation" || rules[1].Keep.Years != 10:
		t.Errorf("record types are not known by name and number: %+v", rules[1])
	case rules[2].Class == "" || rules[2].Keep.Years != 15 || rules[4].Keep.Months != 12:
		t.Errorf("presets are not taken: %+v", rules)
	}
	if c, err = parse(t, "testdata/minimal.good.yaml"); err != nil || len(c.Retention.Rules()) != 0 {
		t.Errorf("something is removed by default: %v", err)
	}
}

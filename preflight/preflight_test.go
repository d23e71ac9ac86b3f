package preflight

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/collect/cloud"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/tenantsim"
)

// rig is a simulated tenant over TLS on loopback, and a plan to check it.
type rig struct {
	t      *testing.T
	tenant *tenantsim.Tenant
	server *tenantsim.Server
	cfg    activity.Config
	plan   Plan
}

func newRig(t *testing.T, change func(*tenantsim.Config)) *rig {
	t.Helper()
	settings := tenantsim.DefaultConfig(3)
	settings.NoStory, settings.History, settings.Volume = true, time.Hour, 0.01
	settings.Permissions = []string{"ActivityFeed.Read", "ActivityFeed.ReadDlp", "AuditLogsQuery.Read.All"}
	settings.SecretExpires = time.Now().Add(365 * 24 * time.Hour)
	if change != nil {
		change(&settings)
	}
	tenant, err := tenantsim.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	server, err := tenant.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, contentType := range activity.ContentTypes() {
		tenant.Subscribe(contentType)
	}
	dir := t.TempDir()
	r := &rig{t: t, tenant: tenant, server: server, cfg: activity.DefaultConfig()}
	r.cfg.TenantID, r.cfg.ClientID, r.cfg.ClientSecret = tenant.TenantID(), tenant.ClientID(), collect.NewSecret(tenant.ClientSecret())
	r.cfg.ClientSecretExpires = settings.SecretExpires
	r.cfg.BaseURL, r.cfg.AuthorityURL, r.cfg.CAFile = server.URL, server.URL, filepath.Join(dir, "ca.pem")
	if err := server.WriteCA(r.cfg.CAFile); err != nil {
		t.Fatal(err)
	}
	r.plan = Plan{DataDir: filepath.Join(dir, "data"), ArchiveDir: filepath.Join(dir, "archive")}
	return r
}

func (r *rig) run() []Finding {
	r.t.Helper()
	r.plan.Tenants = append(r.plan.Tenants, Tenant{Name: "Agency", ID: r.cfg.TenantID, Activity: &r.cfg})
	var findings []Finding
	Run(r.t.Context(), r.plan, func(f Finding) { findings = append(findings, f) })
	for _, f := range findings {
		if text := f.Found + f.Remedy + f.Detail; strings.Contains(text, r.tenant.ClientSecret()) {
			r.t.Errorf("the secret is in %+v", f)
		}
		if (f.Severity == Blocking || f.Severity == Warning) && f.Remedy == "" {
			r.t.Errorf("%+v says not what to do", f)
		}
	}
	return findings
}

func find(findings []Finding, check string) Finding {
	for _, f := range findings {
		if f.Check == check {
			return f
		}
	}
	return Finding{}
}

func TestAllIsWell(t *testing.T) {
	findings := newRig(t, nil).run()
	for _, f := range findings {
		// The folders of a test are on one device, and its disk is what it is.
		if f.Severity != OK && !strings.HasPrefix(f.Check, "archive") && !strings.HasSuffix(f.Check, "folder") {
			t.Errorf("%+v", f)
		}
	}
	for _, check := range []string{"data folder", "archive folder", "network", "clock", "cloud", "sign-in", "tenant id", "permissions", "DLP scope", "audit search", "audit log", "subscription Audit.General"} {
		if find(findings, check).Check == "" {
			t.Errorf("no finding about %s", check)
		}
	}
}

func TestEachFaultIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		simulate func(*tenantsim.Config)
		change   func(*rig)
		check    string
		severity Severity
		code     string
		found    string
		remedy   string
	}{
		"wrong secret": {
			change: func(r *rig) { r.cfg.ClientSecret = collect.NewSecret("wrong") },
			check:  "sign-in", severity: Blocking, code: "AADSTS7000215", found: "client secret is wrong", remedy: "Certificates & secrets",
		},
		"another application": {
			change: func(r *rig) { r.cfg.ClientID = "0b8f5d1e-2f2a-4a39-8f4e-6f1b9a77c202" },
			check:  "sign-in", severity: Blocking, code: "AADSTS700016", found: "does not know the application", remedy: "client id",
		},
		"expired secret": {
			simulate: func(c *tenantsim.Config) { c.SecretExpires = time.Now().Add(-time.Hour) },
			check:    "sign-in", severity: Blocking, code: "AADSTS7000222", found: "has expired", remedy: "Certificates & secrets",
		},
		"secret that ends": {
			change: func(r *rig) { r.cfg.ClientSecretExpires = time.Now().Add(5*24*time.Hour + time.Hour) },
			check:  "sign-in", severity: Warning, code: "credential-ends", found: "ends in 5 days", remedy: "client_secret_expires",
		},
		"end unknown": {
			change: func(r *rig) { r.cfg.ClientSecretExpires = time.Time{} },
			check:  "sign-in", severity: Warning, found: "nobody has said when it ends", remedy: "client_secret_expires",
		},
		"end asked of Graph": {
			simulate: func(c *tenantsim.Config) {
				c.Permissions, c.SecretExpires = append(c.Permissions, "Application.Read.All"), time.Now().Add(13*24*time.Hour+time.Hour)
			},
			change: func(r *rig) {
				r.cfg.AskGraph, r.cfg.GraphURL, r.cfg.ClientSecretExpires = true, r.server.URL, time.Time{}
			},
			check: "sign-in", severity: Warning, code: "credential-ends", found: "ends in 13 days", remedy: "client_secret_expires",
		},
		"end asked in vain": {
			change: func(r *rig) {
				r.cfg.AskGraph, r.cfg.GraphURL, r.cfg.ClientSecretExpires = true, r.server.URL, time.Time{}
			},
			check: "sign-in", severity: Warning, found: "Microsoft Graph does not say", remedy: "Application.Read.All",
		},
		"no permission": {
			simulate: func(c *tenantsim.Config) { c.Permissions = []string{"ServiceHealth.Read"} },
			check:    "permissions", severity: Blocking, found: "ActivityFeed.Read is missing; granted: ServiceHealth.Read", remedy: "grant admin consent",
		},
		"no matched text": {
			simulate: func(c *tenantsim.Config) { c.Permissions = []string{"ActivityFeed.Read"} },
			check:    "DLP scope", severity: Warning, found: "without the text that matched", remedy: "ActivityFeed.ReadDlp",
		},
		"no DLP": {
			change: func(r *rig) { r.cfg.ContentTypes = []string{"Audit.Exchange"} },
			check:  "DLP scope", severity: Note, found: "not collected", remedy: "content_types",
		},
		"no search": {
			simulate: func(c *tenantsim.Config) { c.Permissions = []string{"ActivityFeed.Read"} },
			check:    "audit search", severity: Note, found: "quoll backfill cannot be used", remedy: "Microsoft Graph",
		},
		"auditing off": {
			simulate: func(c *tenantsim.Config) { c.AuditOff = true },
			check:    "audit log", severity: Blocking, code: "audit-off", found: "Auditing is not turned on", remedy: "UnifiedAuditLogIngestionEnabled",
		},
		"clock far behind": {
			simulate: func(c *tenantsim.Config) { c.Now = func() time.Time { return time.Now().Add(10 * time.Minute) } },
			check:    "clock", severity: Blocking, found: "behind Microsoft's", remedy: "timedatectl",
		},
		"clock ahead": {
			simulate: func(c *tenantsim.Config) { c.Now = func() time.Time { return time.Now().Add(-2 * time.Minute) } },
			check:    "clock", severity: Warning, found: "ahead of Microsoft's", remedy: "timedatectl",
		},
		"auditing not known": {
			change: func(r *rig) {
				for _, contentType := range activity.ContentTypes() {
					r.tenant.DisableSubscription(contentType)
				}
			},
			check: "audit log", severity: Note, found: "whether auditing is on shows when", remedy: "under Audit",
		},
		"clock some seconds off": {
			simulate: func(c *tenantsim.Config) { c.Now = func() time.Time { return time.Now().Add(12 * time.Second) } },
			check:    "clock", severity: OK, found: "within half a minute",
		},
		"disabled subscription": {
			change: func(r *rig) { r.tenant.DisableSubscription("Audit.SharePoint") },
			check:  "subscription Audit.SharePoint", severity: Warning, found: "has disabled it", remedy: "who disables it",
		},
		"another cloud by metadata": {
			simulate: func(c *tenantsim.Config) { c.SubScope = "DODCON" },
			check:    "cloud", severity: Warning, found: "of the cloud gcchigh, but cloud says commercial", remedy: "Set cloud",
		},
		"another tenant": {
			change: func(r *rig) { r.cfg.TenantID = "0b8f5d1e-2f2a-4a39-8f4e-6f1b9a77c202" },
			check:  "cloud", severity: Blocking, found: "does not know the tenant", remedy: "tenant_id",
		},
		"TLS opened": {
			change: func(r *rig) { r.cfg.CAFile = "" },
			check:  "TLS", severity: Blocking, found: `not trusted here (made by "Simulated authority")`, remedy: "ca_file",
		},
		"nobody there": {
			change: func(r *rig) { r.cfg.AuthorityURL = "https://127.0.0.1:1" },
			check:  "network", severity: Blocking, found: "the authority https://127.0.0.1:1 cannot be reached", remedy: "port 443",
		},
		"proxy gone": {
			change: func(r *rig) {
				r.plan.Proxy = func(*url.URL) (*url.URL, error) { return url.Parse("http://someone:password@127.0.0.1:1") }
			},
			check: "proxy", severity: Blocking, found: "the proxy 127.0.0.1:1, which HTTPS_PROXY names", remedy: "NO_PROXY",
		},
		"proxy nonsense": {
			change: func(r *rig) {
				r.plan.Proxy = func(*url.URL) (*url.URL, error) { return nil, errors.New("nonsense") }
			},
			check: "proxy", severity: Blocking, found: "no address of a proxy", remedy: "http://host:port",
		},
		"no folder": {
			change: func(r *rig) { r.plan.DataDir = filepath.Join(r.cfg.CAFile, "data") },
			check:  "data folder", severity: Blocking, found: "cannot be written to", remedy: "chown",
		},
		"configuration": {
			change: func(r *rig) { r.plan.Problems = []error{errors.New("tenants[0]: wrong")} },
			check:  "configuration", severity: Blocking, found: "tenants[0]: wrong", remedy: "configuration file",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, c.simulate)
			if c.change != nil {
				c.change(r)
			}
			findings := r.run()
			f := find(findings, c.check)
			if f.Severity != c.severity || f.Code != c.code || !strings.Contains(f.Found, c.found) || !strings.Contains(f.Remedy, c.remedy) {
				t.Errorf("found %+v\nin %+v", f, findings)
			}
			if strings.Contains(f.Found+f.Detail, "password") {
				t.Error("the proxy's password is shown")
			}
			if blocks := Worst(findings) == Blocking; blocks != (c.severity == Blocking) {
				t.Errorf("worst is %s of %+v", Worst(findings), findings)
			}
		})
	}
}

func TestCloudsThatDoNotMatch(t *testing.T) {
	r := newRig(t, nil)
	for want, change := range map[string]func(*activity.Config){
		"base_url is that of the cloud gcchigh": func(c *activity.Config) { c.BaseURL = "https://manage.office365.us" },
		"authority_url is that of the cloud china": func(c *activity.Config) {
			c.AuthorityURL = "https://login.partner.microsoftonline.cn"
		},
		"base_url is that of the cloud commercial": func(c *activity.Config) {
			c.Cloud, c.BaseURL = cloud.DoD, "https://manage.office.com"
		},
	} {
		cfg := r.cfg
		change(&cfg)
		p, err := activity.NewProbe(cfg, activity.Dependencies{})
		if err != nil {
			t.Fatal(err)
		}
		var found []Finding
		(&run{Plan: r.plan, report: func(f Finding) { found = append(found, f) }}).cloud(t.Context(), p)
		if len(found) != 1 || found[0].Severity != Blocking || !strings.Contains(found[0].Found, want) {
			t.Errorf("%+v, want %q", found, want)
		}
	}
}

func TestDomainIsTurnedIntoTheGUID(t *testing.T) {
	r := newRig(t, nil)
	client, err := activity.HTTPClient(r.cfg)
	if err != nil {
		t.Fatal(err)
	}
	for domain, remedy := range map[string]string{
		r.tenant.Domain():        "Write tenant_id: " + r.tenant.TenantID(),
		"nobody.onmicrosoft.com": "Copy Tenant ID",
	} {
		var found []Finding
		plan := Plan{Tenants: []Tenant{{Name: "Agency", ID: domain, Authority: r.server.URL, Client: client}}}
		Run(t.Context(), plan, func(f Finding) { found = append(found, f) })
		if len(found) != 1 || found[0].Check != "tenant id" || found[0].Severity != Blocking || !strings.Contains(found[0].Remedy, remedy) {
			t.Errorf("%s: %+v, want %q", domain, found, remedy)
		}
	}
}

func TestFoldersOfOneDevice(t *testing.T) {
	dir := t.TempDir()
	same, err := sameDevice(dir, filepath.Dir(dir))
	if err != nil || !same {
		t.Errorf("a folder and its parent: %v, %v", same, err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if free, size, err := DiskSpace(dir); err != nil || free == 0 || size < free {
		t.Errorf("%d bytes free, %v", free, err)
	}
}

// A proxy that answers is used for every question.
func TestProxyThatAnswers(t *testing.T) {
	r := newRig(t, nil)
	listening := httptest.NewServer(http.NotFoundHandler())
	defer listening.Close()
	r.plan.Proxy = func(*url.URL) (*url.URL, error) { return url.Parse(listening.URL) }
	f := find(r.run(), "network")
	if f.Severity != OK || !strings.Contains(f.Found, "through the proxy "+strings.TrimPrefix(listening.URL, "http://")) {
		t.Errorf("%+v", f)
	}
}

// standing is a clock that does not move.
type standing struct {
	clock.Clock
	at time.Time
}

func (s standing) Now() time.Time { return s.at }

// TestPeers has witnesses and authorities that answer, do not, and soon will not.
func TestPeers(t *testing.T) {
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		answer   PeerAnswer
		severity Severity
		found    string
	}{
		"answers":          {PeerAnswer{Found: "it answers"}, OK, "http://w: it answers"},
		"long certificate": {PeerAnswer{Found: "it answers", Ends: now.AddDate(1, 0, 0)}, OK, "http://w: it answers; its certificates hold until 2027-05-01"},
		"ends soon":        {PeerAnswer{Found: "it answers", Ends: now.AddDate(0, 0, 13)}, Warning, "a certificate of it ends at 2026-05-14T08:00:00Z"},
		"does not":         {PeerAnswer{Err: errors.New("connection refused"), Remedy: "Start it."}, Warning, "http://w: connection refused"},
	} {
		var f Finding
		r := &run{Plan: Plan{Clock: standing{clock.System(), now}, StepTimeout: time.Minute}, report: func(said Finding) { f = said }}
		r.peer(t.Context(), Peer{Check: "witness w", Place: "http://w", Ask: func(ctx context.Context) PeerAnswer {
			if _, bounded := ctx.Deadline(); !bounded {
				t.Error("it is asked without a bound")
			}
			return c.answer
		}})
		if f.Severity != c.severity || f.Check != "witness w" || !strings.Contains(f.Found, c.found) || (f.Remedy == "") != (f.Severity == OK) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

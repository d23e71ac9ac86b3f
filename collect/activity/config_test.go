package activity

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/cloud"
	"github.com/quoll/quoll/internal/clock"
)

func goodConfig() Config {
	cfg := DefaultConfig()
	cfg.TenantID, cfg.ClientID, cfg.ClientSecret = strings.ToUpper(testTenant), testClient, collect.NewSecret(testSecret)
	return cfg
}

func TestCloudsByConfigurationAlone(t *testing.T) {
	for name, want := range map[cloud.Cloud][3]string{
		cloud.Commercial: {"https://manage.office.com", "https://login.microsoftonline.com", "https://manage.office.com"},
		cloud.GCC:        {"https://manage-gcc.office.com", "https://login.microsoftonline.com", "https://manage-gcc.office.com"},
		cloud.GCCHigh:    {"https://manage.office365.us", "https://login.microsoftonline.us", "https://manage.office365.us"},
		cloud.DoD:        {"https://manage.protection.apps.mil", "https://login.microsoftonline.us", "https://manage.protection.apps.mil"},
		cloud.China:      {"https://manage.office365.cn", "https://login.partner.microsoftonline.cn", "https://manage.office365.cn"},
	} {
		cfg := goodConfig()
		cfg.Cloud = name
		if err := cfg.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := [3]string{cfg.BaseURL, cfg.AuthorityURL, cfg.Resource}; got != want {
			t.Errorf("%s is at %v, want %v", name, got, want)
		}
		if cfg.TenantID != testTenant || cfg.PublisherIdentifier != testTenant || len(cfg.ContentTypes) != 5 {
			t.Errorf("%s: tenant %s, publisher %s, types %v", name, cfg.TenantID, cfg.PublisherIdentifier, cfg.ContentTypes)
		}
	}
}

func TestBadConfigurationsAreNamed(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"is not a GUID; the API": func(c *Config) { c.TenantID = "contoso.onmicrosoft.com" },
		"client id":              func(c *Config) { c.ClientID = "" },
		"client secret":          func(c *Config) { c.ClientSecret = collect.Secret{} },
		"cloud":                  func(c *Config) { c.Cloud = "mars" },
		"publisher":              func(c *Config) { c.PublisherIdentifier = "me" },
		"content type":           func(c *Config) { c.ContentTypes = []string{"Audit.Everything"} },
		"twice":                  func(c *Config) { c.ContentTypes = []string{"DLP.All", "DLP.All"} },
		"must be https":          func(c *Config) { c.BaseURL = "http://manage.example" },
		"authority URL":          func(c *Config) { c.AuthorityURL = "http://127.0.0.1:1" },
		"of the form":            func(c *Config) { c.BaseURL = "https://manage.example/api" },
		"overlap":                func(c *Config) { c.Overlap = 200 * time.Hour },
		"lookback":               func(c *Config) { c.Lookback = 7 * 24 * time.Hour },
		"intervals":              func(c *Config) { c.PollEvery = 0 },
		"concurrency":            func(c *Config) { c.Concurrency = 0 },
	} {
		cfg := goodConfig()
		change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one about %q", err, want)
		} else if strings.Contains(err.Error(), testSecret) {
			t.Errorf("the secret is in %v", err)
		}
	}
	cfg := goodConfig()
	cfg.BaseURL = "http://127.0.0.1:8080"
	if err := cfg.Validate(); err != nil {
		t.Errorf("loopback without TLS: %v", err)
	}
}

func TestLinksAreFollowedAsGiven(t *testing.T) {
	cfg := goodConfig()
	c := clientOf(t, &cfg)
	for link, want := range map[string]string{
		"https://manage.office.com/api/v1/x/audit/2026$1$audit_exchange$emea":   "https://manage.office.com/api/v1/x/audit/2026$1$audit_exchange$emea?PublisherIdentifier=" + testTenant,
		"https://manage.office.com/a%24b?nextPage=A%2BB==&startTime=2026-09-14": "https://manage.office.com/a%24b?nextPage=A%2BB==&startTime=2026-09-14&PublisherIdentifier=" + testTenant,
		"https://MANAGE.office.com:443/a?publisherIdentifier=x":                 "https://MANAGE.office.com:443/a?publisherIdentifier=x",
	} {
		u, err := c.linkURL(opList, link)
		if err != nil || u.String() != want {
			t.Errorf("%s is followed as %v, %v; want %s", link, u, err, want)
		}
	}
	for _, link := range []string{"", "/relative", "https://manage.office.com.evil.test/", "https://user@manage.office.com/", "http://manage.office.com/", "https://manage.office.com:444/", "::"} {
		if u, err := c.linkURL(opList, link); err == nil {
			t.Errorf("%q is followed as %s", link, u)
		}
	}
}

// TestExtraAuthorities checks that a private certificate authority is trusted
// when it is named, and only then.
func TestExtraAuthorities(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "[]") }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	path := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(path, block, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file    string
		trusted bool
	}{{"", false}, {path, true}} {
		cfg := goodConfig()
		cfg.CAFile = c.file
		client, err := newHTTPClient(&cfg)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Get(server.URL)
		if (err == nil) != c.trusted {
			t.Errorf("authorities %q: %v", c.file, err)
		}
		if err == nil {
			response.Body.Close()
		}
		if v := client.Transport.(*http.Transport).TLSClientConfig.MinVersion; v < tls.VersionTLS12 {
			t.Errorf("TLS from version %x", v)
		}
	}
	cfg := goodConfig()
	cfg.CAFile = filepath.Join(t.TempDir(), "none.pem")
	if _, err := newHTTPClient(&cfg); err == nil {
		t.Error("a missing file of authorities is no error")
	}
}

// TestLinksThroughAGateway: base_url names one that passes bodies on as they are,
// with the cloud's own host in them.
func TestLinksThroughAGateway(t *testing.T) {
	cfg := goodConfig()
	cfg.BaseURL = "https://gateway.agency.example:8443"
	c := clientOf(t, &cfg)
	for link, want := range map[string]string{
		"https://manage.office.com/api/a$b?PublisherIdentifier=x":       "https://gateway.agency.example:8443/api/a$b?PublisherIdentifier=x",
		"https://gateway.agency.example:8443/a%24b?publisherIdentifier": "https://gateway.agency.example:8443/a%24b?publisherIdentifier",
	} {
		if u, err := c.linkURL(opFetch, link); err != nil || u.String() != want {
			t.Errorf("%s is followed as %v, %v; want %s", link, u, err, want)
		}
	}
	for _, link := range []string{"http://manage.office.com/a", "https://manage.office365.us/a", "https://user@manage.office.com/a", "https://manage.office.com:444/a"} {
		u, err := c.linkURL(opFetch, link)
		if err == nil {
			t.Errorf("%q is followed as %s", link, u)
		} else if p := problem(err, c.now()); p.Code != codeForeign || !strings.Contains(p.Remedy, "base_url") {
			t.Errorf("%q: %+v, want the settings named", link, p)
		}
	}
}

// clientOf makes the client of a sound configuration.
func clientOf(t *testing.T, cfg *Config) *client {
	t.Helper()
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	c, err := newClient(cfg, clock.System(), func() float64 { return 0 })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

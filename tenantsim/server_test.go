package tenantsim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// trusting returns a client that trusts the server's authority and no other.
func trusting(t *testing.T, s *Server) *http.Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := s.WriteCA(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatal("no certificate in the file")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func startServer(t *testing.T, tenant *Tenant) *Server {
	t.Helper()
	s, err := tenant.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// credential is what a program for the real tenant would make, but for the
// authority.
func credential(t *testing.T, tenant *Tenant, s *Server, secret string) *azidentity.ClientSecretCredential {
	t.Helper()
	c, err := azidentity.NewClientSecretCredential(tenant.TenantID(), tenant.ClientID(), secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: azcore.ClientOptions{
			Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: s.URL + "/"},
			Retry:     policy.RetryOptions{MaxRetries: -1},
			Transport: trusting(t, s),
		},
		DisableInstanceDiscovery: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMicrosoftsOwnClientGetsAToken(t *testing.T) {
	tenant := newTenant(t, smallConfig(newClock()))
	s := startServer(t, tenant)
	scopes := policy.TokenRequestOptions{Scopes: []string{"https://manage.office.com/.default"}}
	token, err := credential(t, tenant, s, tenant.ClientSecret()).GetToken(t.Context(), scopes)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/api/v1.0/"+tenant.TenantID()+"/activity/feed/subscriptions/list", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token.Token)
	response, err := trusting(t, s).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 200 || string(body) != "[]" {
		t.Errorf("%d %s %v", response.StatusCode, body, err)
	}

	_, err = credential(t, tenant, s, "guessed").GetToken(t.Context(), scopes)
	if err == nil || !strings.Contains(err.Error(), "AADSTS7000215") {
		t.Errorf("a wrong secret: %v", err)
	}
}

func TestOnlyLoopbackIsServed(t *testing.T) {
	tenant := newTenant(t, smallConfig(newClock()))
	if s, err := tenant.Start(t.Context(), "0.0.0.0:0"); err == nil {
		t.Error("listens on all addresses", s.Close())
	}
}

func TestServerEndsWithItsContext(t *testing.T) {
	tenant := newTenant(t, smallConfig(newClock()))
	ctx, cancel := context.WithCancel(t.Context())
	s, err := tenant.Start(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-s.done; err != nil {
		t.Error(err)
	}
}

func TestLifeGoesOnWithTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := smallConfig(newClock())
		cfg.Now = func() time.Time { return time.Now().UTC() }
		cfg.Delay, cfg.PublishEvery, cfg.ExportDir, cfg.Volume = 5*time.Second, 2*time.Second, t.TempDir(), 1
		tenant := newTenant(t, cfg)
		before := tenant.Produced()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- tenant.Run(ctx) }()
		time.Sleep(2 * time.Hour)
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		after := tenant.Produced()
		if len(after.Audit) <= len(before.Audit) {
			t.Errorf("%d audit records before, %d after", len(before.Audit), len(after.Audit))
		}
		if len(after.Defender["EmailEvents"]) == 0 {
			t.Error("no mail was exported")
		}
	})
}

// Package directory is a Microsoft Entra that knows one application, for the tests
// of what signs in with tokens.
//
// It must not know what the tokens are for.
package directory

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/entra"
	"github.com/quoll/quoll/tenantsim"
)

// Start serves a directory until the test ends. It returns the application, and a
// PEM file of the directory's authority beside the one that the test trusts already.
func Start(t *testing.T, trusted string) (app *entra.Application, ca string) {
	t.Helper()
	empty := tenantsim.DefaultConfig(3)
	empty.History, empty.NoStory, empty.Volume = 1, true, 0.01
	tenant, err := tenantsim.New(empty)
	if err != nil {
		t.Fatal(err)
	}
	server, err := tenant.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	pem, err := os.ReadFile(trusted)
	if err != nil {
		t.Fatal(err)
	}
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, slices.Concat(pem, server.CAPEM), 0o600); err != nil {
		t.Fatal(err)
	}
	return &entra.Application{
		TenantID: tenant.TenantID(), ClientID: tenant.ClientID(), Authority: server.URL,
		Credential: entra.Credential{ClientSecret: collect.NewSecret(tenant.ClientSecret())},
	}, ca
}

package servertest

import (
	"context"
	"slices"

	"github.com/quoll/quoll/server"
)

// Tenants implements server.Tenants.
func (c *Canned) Tenants(context.Context) ([]server.TenantEntry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]server.TenantEntry{{ID: TenantID, Name: "Wattle Works", Cloud: "commercial", ClientID: "6a0c1f0e-0000-4000-8000-000000000001"}}, c.added...), nil
}

// CheckTenant implements server.Tenants: the secret "wrong" blocks.
func (c *Canned) CheckTenant(_ context.Context, r server.TenantRequest, found func(server.TenantFinding)) error {
	if r.TenantID == TenantID {
		return &server.Failure{Code: server.CodeConflict, Message: "the tenant " + TenantID + " is collected already"}
	}
	found(server.TenantFinding{Check: "data folder", Severity: "ok", Found: "/var/lib/quoll is writable, with 412 GiB free"})
	found(server.TenantFinding{Check: "network", Severity: "ok", Found: "the authority https://login.microsoftonline.com answers"})
	if r.Secret == "wrong" {
		found(server.TenantFinding{
			Check: "sign-in", Severity: "blocking", Code: "AADSTS7000215", Found: "Microsoft Entra refuses the client secret.", Remedy: "In the Microsoft Entra admin center open App registrations, the application, Certificates & secrets; create a client secret and put in its value, not its id.",
		})
		return nil
	}
	found(server.TenantFinding{Check: "sign-in", Severity: "ok", Found: "the client secret works, until 2027-03-01"})
	found(server.TenantFinding{Check: "permissions", Severity: "ok", Found: "granted: ActivityFeed.Read"})
	found(server.TenantFinding{
		Check: "DLP scope", Severity: "warning", Found: "ActivityFeed.ReadDlp is missing: records of data loss prevention come without the text that matched",
		Remedy: `In the Microsoft Entra admin center open App registrations, the application, API permissions; add the application permission ActivityFeed.ReadDlp of "Office 365 Management APIs" and grant admin consent.`,
	})
	return nil
}

// RemoveTenant implements server.Tenants: the one that is there from the start is in
// the configuration.
func (c *Canned) RemoveTenant(_ context.Context, id string) error {
	if id == TenantID {
		return &server.Failure{Code: server.CodeConflict, Message: "the tenant Wattle Works is in the configuration: take it out there"}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	before := len(c.added)
	c.added = slices.DeleteFunc(c.added, func(t server.TenantEntry) bool { return t.ID == id })
	if len(c.added) == before {
		return server.ErrNotFound
	}
	return nil
}

// AddTenant implements server.Tenants.
func (c *Canned) AddTenant(_ context.Context, r server.TenantRequest) (*server.TenantEntry, error) {
	if r.Secret == "wrong" {
		return nil, &server.Failure{Code: server.CodeConflict, Message: "sign-in: Microsoft Entra refuses the client secret."}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	entry := server.TenantEntry{ID: r.TenantID, Name: r.Name, Cloud: r.Cloud, ClientID: r.ClientID, Added: true}
	c.added = append(c.added, entry)
	return &entry, nil
}

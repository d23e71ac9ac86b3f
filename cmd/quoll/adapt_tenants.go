package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/preflight"
	"github.com/quoll/quoll/server"
)

// tenantDesk checks and takes in tenants while the server runs.
type tenantDesk struct {
	roster     *roster
	collectors func(ctx context.Context, t config.Tenant) ([]collect.Collector, error)
	data       string // directory
	archive    string
	audit      *acts
	log        *slog.Logger

	mu sync.Mutex // one is added at a time
}

// Tenants implements server.Tenants.
func (d *tenantDesk) Tenants(context.Context) ([]server.TenantEntry, error) {
	var all []server.TenantEntry
	for _, t := range d.roster.list() {
		all = append(all, d.view(t))
	}
	return all, nil
}

func (d *tenantDesk) view(t config.Tenant) server.TenantEntry {
	entry := server.TenantEntry{ID: t.ID, Name: t.Name}
	if t.Activity != nil {
		entry.Cloud, entry.ClientID = string(t.Activity.Cloud), t.Activity.ClientID
	}
	_, err := os.Stat(filepath.Join(config.StoredTenants(d.data), t.ID+".yaml"))
	entry.Added = err == nil
	return entry
}

// CheckTenant implements server.Tenants. It is written down, because it signs in
// with what was given.
func (d *tenantDesk) CheckTenant(ctx context.Context, r server.TenantRequest, found func(server.TenantFinding)) error {
	t, err := added(r).Tenant()
	if plain := d.plain(t, err); plain != nil {
		return plain
	}
	var findings []preflight.Finding
	d.check(ctx, t, err, func(f preflight.Finding) {
		findings = append(findings, f)
		found(viewFinding(f))
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	what := d.act("Check tenant", "asked Microsoft whether a tenant can be collected", r)
	what.properties["Worst"] = string(preflight.Worst(findings))
	return d.audit.done(ctx, what, nil)
}

// plain says of a request what makes it none that can be checked. A tenant that is
// named by its domain is checked: its id is then found out.
func (d *tenantDesk) plain(t config.Tenant, err error) error {
	if err != nil && !strings.Contains(t.ID, ".") {
		return &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
	}
	if d.roster.name(t.ID) != "" {
		return &server.Failure{Code: server.CodeConflict, Message: "the tenant " + t.ID + " is collected already"}
	}
	return nil
}

func (d *tenantDesk) check(ctx context.Context, t config.Tenant, wrong error, found func(preflight.Finding)) {
	c := &config.Config{DataDir: d.data, ArchiveDir: d.archive, Tenants: []config.Tenant{t}}
	plan := checkPlan(c, nil)
	if wrong != nil && len(plan.Tenants) == 0 {
		plan.Problems = separate(wrong)
	}
	preflight.Run(ctx, plan, found)
}

// AddTenant implements server.Tenants.
func (d *tenantDesk) AddTenant(ctx context.Context, r server.TenantRequest) (*server.TenantEntry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	entry, err := d.add(ctx, r)
	if err = d.audit.done(ctx, d.act("Add tenant", "added a tenant, which is collected from now on", r), err); err != nil {
		return nil, err
	}
	return entry, nil
}

func (d *tenantDesk) add(ctx context.Context, r server.TenantRequest) (*server.TenantEntry, error) {
	a := added(r)
	t, err := a.Tenant()
	if err != nil {
		return nil, &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
	}
	if err := d.plain(t, nil); err != nil {
		return nil, err
	}
	if !d.roster.running() {
		return nil, &server.Failure{Code: server.CodeUnavailable, Message: "the server starts or stops"}
	}
	var blocks []string
	d.check(ctx, t, nil, func(f preflight.Finding) {
		if f.Severity == preflight.Blocking {
			blocks = append(blocks, f.Check+": "+f.Found+". "+f.Remedy)
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(blocks) > 0 {
		return nil, &server.Failure{Code: server.CodeConflict, Message: strings.Join(blocks, "\n")}
	}
	stored, err := a.Store(config.StoredTenants(d.data))
	if err != nil {
		return nil, err
	}
	// What collects outlives the request.
	collectors, err := d.collectors(context.WithoutCancel(ctx), stored)
	if err != nil { // and what is stored would keep the server from its next start
		return nil, errors.Join(err, config.Unstore(config.StoredTenants(d.data), stored.ID))
	}
	d.roster.add(stored, collectors...)
	d.log.Info("a tenant was added", "tenant", stored.Name, "id", stored.ID)
	entry := d.view(stored)
	return &entry, nil
}

// RemoveTenant implements server.Tenants. What is collected from it stops before its
// files go, so that a tenant whose files stay is collected again by a restart alone.
func (d *tenantDesk) RemoveTenant(ctx context.Context, id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := d.roster.name(id)
	what := act{operation: "Remove tenant", kind: "Tenant", id: id, name: name, description: "removed a tenant, which is collected from no more; what it sent stays"}
	return d.audit.done(ctx, what, d.remove(id, name))
}

func (d *tenantDesk) remove(id, name string) error {
	at := slices.IndexFunc(d.roster.list(), func(t config.Tenant) bool { return t.ID == id })
	if at < 0 {
		return server.ErrNotFound
	}
	if !d.view(d.roster.list()[at]).Added {
		return &server.Failure{Code: server.CodeConflict, Message: "the tenant " + cmp.Or(name, id) + " is in the configuration: take it out there, and start Quoll again"}
	}
	d.roster.remove(id)
	if err := config.Unstore(config.StoredTenants(d.data), id); err != nil {
		return err
	}
	d.log.Info("a tenant was removed", "tenant", name, "id", id)
	return nil
}

// act is what is written down of a tenant; a secret is not.
func (d *tenantDesk) act(operation, description string, r server.TenantRequest) act {
	by := "secret"
	if r.CertificateFile != "" {
		by = "certificate " + r.CertificateFile
	}
	return act{
		operation: operation, kind: "Tenant", id: strings.ToLower(r.TenantID), name: r.Name, description: description,
		properties: map[string]any{"ClientId": r.ClientID, "Cloud": r.Cloud, "Credential": by, "BaseURL": r.BaseURL, "AuthorityURL": r.AuthorityURL, "CAFile": r.CAFile},
	}
}

func added(r server.TenantRequest) *config.AddedTenant {
	return &config.AddedTenant{
		Name: r.Name, TenantID: r.TenantID, ClientID: r.ClientID, Cloud: r.Cloud, Secret: collect.NewSecret(r.Secret), SecretExpires: r.SecretExpires,
		CertificateFile: r.CertificateFile, CertificatePasswordFile: r.CertificatePasswordFile, BaseURL: r.BaseURL, AuthorityURL: r.AuthorityURL, CAFile: r.CAFile,
	}
}

func viewFinding(f preflight.Finding) server.TenantFinding {
	return server.TenantFinding{Check: f.Check, Severity: string(f.Severity), Code: f.Code, Found: f.Found, Remedy: f.Remedy, Detail: f.Detail}
}

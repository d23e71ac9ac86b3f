package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// Tenants is what is collected from, and takes in more while the server runs.
type Tenants interface {
	Tenants(ctx context.Context) ([]TenantEntry, error)
	// CheckTenant makes the checks of quoll check and hands each finding on as it
	// comes. It changes nothing, here or at Microsoft. A *Failure says what of the
	// request makes no sense; it comes before any finding.
	CheckTenant(ctx context.Context, r TenantRequest, found func(TenantFinding)) error
	// AddTenant makes the checks anew, keeps the tenant and begins to collect. It is
	// a *Failure with CodeConflict when a finding blocks, or the tenant is there.
	AddTenant(ctx context.Context, r TenantRequest) (*TenantEntry, error)
	// RemoveTenant stops collecting from a tenant that was added, and forgets what
	// its application proves itself with. What it sent stays. ErrNotFound when there
	// is none; a *Failure with CodeConflict where the configuration has it.
	RemoveTenant(ctx context.Context, id string) error
}

// TenantEntry is a tenant that is collected from.
type TenantEntry struct {
	ID   string `json:"id"` // GUID
	Name string `json:"name"`
	// Cloud is empty where no audit log is collected.
	Cloud    string `json:"cloud,omitempty"`
	ClientID string `json:"clientId,omitempty"`
	// Added says that it was added to a running server and is not in the
	// configuration.
	Added bool `json:"added"`
}

// TenantRequest says what to collect and what the application proves itself with.
type TenantRequest struct {
	Name     string `json:"name"`
	TenantID string `json:"tenantId"`
	ClientID string `json:"clientId"`
	Cloud    string `json:"cloud,omitempty"` // commercial when left out
	// Secret or CertificateFile, a path on the server's machine.
	Secret                  string `json:"secret,omitempty"`
	SecretExpires           string `json:"secretExpires,omitempty"` // "2027-03-01"
	CertificateFile         string `json:"certificateFile,omitempty"`
	CertificatePasswordFile string `json:"certificatePasswordFile,omitempty"`
	// For what stands between the server and Microsoft.
	BaseURL      string `json:"baseUrl,omitempty"`
	AuthorityURL string `json:"authorityUrl,omitempty"`
	CAFile       string `json:"caFile,omitempty"`
}

// TenantFinding is the outcome of one check.
type TenantFinding struct {
	Check    string `json:"check"`
	Severity string `json:"severity"` // ok, note, warning, blocking
	Code     string `json:"code,omitempty"`
	Found    string `json:"found"`
	Remedy   string `json:"remedy,omitempty"`
	Detail   string `json:"detail,omitempty"`
}

func (s *Server) tenantEndpoints() []endpoint {
	return offered(s.services.Tenants != nil, "tenants",
		endpoint{"GET /api/v1/tenants", RoleAdministrator, s.handleTenants},
		endpoint{"POST /api/v1/tenants/check", RoleAdministrator, s.handleTenantCheck},
		endpoint{"POST /api/v1/tenants", RoleAdministrator, s.handleTenantAdd},
		endpoint{"DELETE /api/v1/tenants/{id}", RoleAdministrator, s.handleTenantRemove})
}

func (s *Server) handleTenants(w http.ResponseWriter, r *http.Request) error {
	all, err := s.services.Tenants.Tenants(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"tenants": notNil(all)})
	return nil
}

func (s *Server) tenantRequest(w http.ResponseWriter, r *http.Request) (TenantRequest, error) {
	var body TenantRequest
	if err := s.decode(w, r, &body); err != nil {
		return body, err
	}
	for _, field := range []*string{
		&body.Name, &body.TenantID, &body.ClientID, &body.Cloud, &body.Secret, &body.SecretExpires, &body.CertificateFile, &body.CertificatePasswordFile, &body.BaseURL, &body.AuthorityURL, &body.CAFile,
	} {
		if *field = strings.TrimSpace(*field); strings.ContainsAny(*field, "\r\n\x00") {
			return body, &Failure{CodeBadRequest, "a field has one line"}
		}
	}
	return body, nil
}

// handleTenantCheck answers with a line of JSON for each finding as it comes, and
// with {"done": true} at the end, so that an answer that broke off can be told.
func (s *Server) handleTenantCheck(w http.ResponseWriter, r *http.Request) error {
	body, err := s.tenantRequest(w, r)
	if err != nil {
		return err
	}
	begun := false
	out := json.NewEncoder(w)
	line := func(v any) {
		if !begun {
			begun = true
			w.Header().Set("Content-Type", "application/jsonl")
			w.Header().Set("Cache-Control", "no-store")
		}
		_ = out.Encode(v) // who has gone does not hear it
		_ = http.NewResponseController(w).Flush()
	}
	if err := s.services.Tenants.CheckTenant(r.Context(), body, func(f TenantFinding) { line(f) }); err != nil {
		if !begun {
			return err
		}
		if !errors.Is(err, context.Canceled) {
			s.log.ErrorContext(r.Context(), "the check of a tenant broke off", "error", err)
		}
		panic(http.ErrAbortHandler)
	}
	line(map[string]bool{"done": true})
	return nil
}

func (s *Server) handleTenantAdd(w http.ResponseWriter, r *http.Request) error {
	body, err := s.tenantRequest(w, r)
	if err != nil {
		return err
	}
	added, err := s.services.Tenants.AddTenant(r.Context(), body)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, added)
	return nil
}

func (s *Server) handleTenantRemove(w http.ResponseWriter, r *http.Request) error {
	if err := s.services.Tenants.RemoveTenant(r.Context(), strings.ToLower(r.PathValue("id"))); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

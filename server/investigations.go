package server

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Investigations prepares mailbox exposure reports in the background. Its errors
// that the user may read are *Failure.
type Investigations interface {
	// StartInvestigation begins a report; a *Failure with CodeTooMany while as
	// many are being made as may be.
	StartInvestigation(ctx context.Context, r InvestigationRequest) (*Investigation, error)
	// Investigations returns those that are kept, the newest first.
	Investigations(ctx context.Context) ([]Investigation, error)
	// Investigation returns one; ErrNotFound when it is not kept.
	Investigation(ctx context.Context, id string) (*Investigation, error)
	// InvestigationReport returns a report as "html" or "json"; a *Failure with
	// CodeConflict while there is none.
	InvestigationReport(ctx context.Context, id, format string) ([]byte, error)
	// RemoveInvestigation takes one away, and stops it where it is not done.
	RemoveInvestigation(ctx context.Context, id string) error
}

// InvestigationRequest is the body of POST /api/v1/investigations.
type InvestigationRequest struct {
	User string    `json:"user"` // user principal name
	From time.Time `json:"from"`
	To   time.Time `json:"to"` // exclusive; now when left out
	// Session and Address restrict the report; empty takes all.
	Session string `json:"session,omitempty"`
	Address string `json:"address,omitempty"`
}

// Investigation is a report in the making, or made.
type Investigation struct {
	ID string `json:"id"`
	InvestigationRequest
	By      string     `json:"by"`
	State   string     `json:"state"` // running, done, failed, stopped
	Started time.Time  `json:"started"`
	Ended   *time.Time `json:"ended"` // null while it runs
	// Done of Total sections; Total is 0 before the first is begun.
	Done  int    `json:"done"`
	Total int    `json:"total"`
	Error string `json:"error,omitempty"`
	// SHA256 is that of the report, Sections what it has, once it is done.
	SHA256   string                 `json:"sha256,omitempty"`
	Sections []InvestigationSection `json:"sections"`
}

// InvestigationSection is a section of a report without its rows.
type InvestigationSection struct {
	Title     string `json:"title"`
	Says      string `json:"says"`
	Rows      int    `json:"rows"`
	Truncated bool   `json:"truncated"`
	SHA256    string `json:"sha256"`
}

func (s *Server) investigationEndpoints() []endpoint {
	return offered(s.services.Investigations != nil, "investigations",
		endpoint{"GET /api/v1/investigations", RoleReader, s.handleInvestigations},
		endpoint{"POST /api/v1/investigations", RoleResponder, s.handleInvestigationStart},
		endpoint{"GET /api/v1/investigations/{id}", RoleReader, s.handleInvestigation},
		endpoint{"GET /api/v1/investigations/{id}/report", RoleReader, s.handleInvestigationReport},
		endpoint{"DELETE /api/v1/investigations/{id}", RoleResponder, s.handleInvestigationRemove})
}

func (s *Server) handleInvestigations(w http.ResponseWriter, r *http.Request) error {
	all, err := s.services.Investigations.Investigations(r.Context())
	if err != nil {
		return err
	}
	for i := range all {
		all[i].Sections = notNil(all[i].Sections)
	}
	writeJSON(w, http.StatusOK, map[string][]Investigation{"investigations": notNil(all)})
	return nil
}

// maxSubject bounds what names a user, a session or an address, in bytes.
const maxSubject = 1024

func (s *Server) handleInvestigationStart(w http.ResponseWriter, r *http.Request) error {
	var body InvestigationRequest
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	body.User, body.Session, body.Address = strings.TrimSpace(body.User), strings.TrimSpace(body.Session), strings.TrimSpace(body.Address)
	if body.To.IsZero() {
		body.To = s.clock()
	}
	body.From, body.To = body.From.UTC(), body.To.UTC()
	switch {
	case body.User == "":
		return &Failure{CodeBadRequest, "user: missing; it is a user principal name"}
	case max(len(body.User), len(body.Session), len(body.Address)) > maxSubject:
		return &Failure{CodeBadRequest, "user, session and address have at most 1024 bytes each"}
	case body.From.IsZero() || !body.From.Before(body.To):
		return &Failure{CodeBadRequest, "from: it says where the span begins, before to"}
	}
	started, err := s.services.Investigations.StartInvestigation(r.Context(), body)
	if err != nil {
		return err
	}
	started.Sections = notNil(started.Sections)
	writeJSON(w, http.StatusAccepted, started)
	return nil
}

func (s *Server) handleInvestigation(w http.ResponseWriter, r *http.Request) error {
	one, err := s.services.Investigations.Investigation(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	one.Sections = notNil(one.Sections)
	writeJSON(w, http.StatusOK, one)
	return nil
}

func (s *Server) handleInvestigationReport(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if err := knownParameters(q, "format"); err != nil {
		return err
	}
	types := map[string]string{"html": "text/html; charset=utf-8", "json": "application/json"}
	format := q.Get("format")
	if !slices.Contains([]string{"html", "json"}, format) {
		return &Failure{CodeBadRequest, "format is html or json"}
	}
	report, err := s.services.Investigations.InvestigationReport(r.Context(), r.PathValue("id"), format)
	if err != nil {
		return err
	}
	writeFile(w, types[format], "quoll-investigation-"+r.PathValue("id")+"."+format, report)
	return nil
}

func (s *Server) handleInvestigationRemove(w http.ResponseWriter, r *http.Request) error {
	if err := s.services.Investigations.RemoveInvestigation(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

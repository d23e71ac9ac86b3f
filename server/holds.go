package server

import (
	"context"
	"net/http"
	"time"
)

// Holds keeps legal holds: what must not be disposed of. Its errors that the user
// may read are *Failure; ErrNotFound where there is no such hold.
type Holds interface {
	// Holds returns all, those that were released included, the newest first.
	Holds(ctx context.Context) ([]Hold, error)
	Hold(ctx context.Context, id string) (*Hold, error)
	AddHold(ctx context.Context, h Hold) (*Hold, error)
	// ReleaseHold ends one; a *Failure with CodeConflict where the actor set it,
	// or where it was released before.
	ReleaseHold(ctx context.Context, id, actor, why string) (*Hold, error)
}

// Hold is a legal hold.
type Hold struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"` // used once, for ever
	Reason string    `json:"reason"`
	Scope  HoldScope `json:"scope"`
	By     string    `json:"by"` // who set it
	Since  time.Time `json:"since"`
	// Active is whether it holds; it does until Release is there.
	Active  bool         `json:"active"`
	Release *HoldRelease `json:"release"`
}

// HoldScope is what a hold covers. What is empty is no bound.
type HoldScope struct {
	Tenant string     `json:"tenant"` // GUID
	Tables []string   `json:"tables"`
	User   string     `json:"user"`
	From   *time.Time `json:"from"`
	To     *time.Time `json:"to"` // exclusive
}

// HoldRelease is the end of a hold.
type HoldRelease struct {
	By  string    `json:"by"` // another person than who set it
	Why string    `json:"why"`
	At  time.Time `json:"at"`
}

func (s *Server) holdEndpoints() []endpoint {
	return offered(s.services.Holds != nil, "legal holds",
		endpoint{"GET /api/v1/archive/holds", RoleReader, s.handleHolds},
		endpoint{"POST /api/v1/archive/holds", RoleContributor, s.handleHoldAdd},
		endpoint{"GET /api/v1/archive/holds/{id}", RoleReader, s.handleHold},
		endpoint{"POST /api/v1/archive/holds/{id}/release", RoleContributor, s.handleHoldRelease})
}

func (s *Server) handleHolds(w http.ResponseWriter, r *http.Request) error {
	all, err := s.services.Holds.Holds(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string][]Hold{"holds": notNil(all)})
	return nil
}

func (s *Server) handleHold(w http.ResponseWriter, r *http.Request) error {
	h, err := s.services.Holds.Hold(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, h)
	return nil
}

// holdBody is the body of POST /api/v1/archive/holds.
type holdBody struct {
	Name   string    `json:"name"`
	Reason string    `json:"reason"`
	Scope  HoldScope `json:"scope"`
}

func (s *Server) handleHoldAdd(w http.ResponseWriter, r *http.Request) error {
	var b holdBody
	if err := s.decode(w, r, &b); err != nil {
		return err
	}
	h, err := s.services.Holds.AddHold(r.Context(), Hold{Name: b.Name, Reason: b.Reason, Scope: b.Scope, By: callerOf(r.Context()).person.Name})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, h)
	return nil
}

func (s *Server) handleHoldRelease(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Why string `json:"why"`
	}
	if err := s.decode(w, r, &b); err != nil {
		return err
	}
	return saidByOne(w, r, http.StatusOK, func(ctx context.Context, by string) (*Hold, error) {
		return s.services.Holds.ReleaseHold(ctx, r.PathValue("id"), by, b.Why)
	})
}

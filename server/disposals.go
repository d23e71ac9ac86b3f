package server

import (
	"context"
	"net/http"
	"time"
)

// Disposals disposes of what the archive has kept for its minimum, by two people's
// words. Its errors that the user may read are *Failure.
type Disposals interface {
	// Disposals returns all proposals, the newest first.
	Disposals(ctx context.Context) ([]Disposal, error)
	Propose(ctx context.Context, before *time.Time, reason, actor string) (*Disposal, error)
	// Confirm does what was proposed; a *Failure with CodeConflict for who proposed
	// it, and where a hold covers some of it now.
	Confirm(ctx context.Context, id, actor string) (*Disposal, error)
}

// Disposal is one of them.
type Disposal struct {
	ID      string    `json:"id"`
	Reason  string    `json:"reason"`
	Minimum string    `json:"minimum"` // how long payloads are kept at least
	Before  time.Time `json:"before"`  // payloads received before
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	// ConfirmedBy, Objects and Payloads are known once it was confirmed; for one that
	// is proposed the latter two are what it would be now.
	ConfirmedBy string     `json:"confirmedBy"`
	Objects     int        `json:"objects"`
	Payloads    uint64     `json:"payloads"`
	Done        *time.Time `json:"done"` // null until the objects are gone
}

func (s *Server) disposalEndpoints() []endpoint {
	return offered(s.services.Disposals != nil, "disposal",
		endpoint{"GET /api/v1/archive/disposals", RoleReader, s.handleDisposals},
		endpoint{"POST /api/v1/archive/disposals", RoleAdministrator, s.handleDisposalPropose},
		endpoint{"POST /api/v1/archive/disposals/{id}/confirmation", RoleAdministrator, s.handleDisposalConfirm})
}

func (s *Server) handleDisposals(w http.ResponseWriter, r *http.Request) error {
	all, err := s.services.Disposals.Disposals(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string][]Disposal{"disposals": notNil(all)})
	return nil
}

func (s *Server) handleDisposalPropose(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Before *time.Time `json:"before"` // left out: as late as the minimum lets it
		Reason string     `json:"reason"`
	}
	if err := s.decode(w, r, &b); err != nil {
		return err
	}
	return saidByOne(w, r, http.StatusCreated, func(ctx context.Context, by string) (*Disposal, error) {
		return s.services.Disposals.Propose(ctx, b.Before, b.Reason, by)
	})
}

func (s *Server) handleDisposalConfirm(w http.ResponseWriter, r *http.Request) error {
	return saidByOne(w, r, http.StatusOK, func(ctx context.Context, by string) (*Disposal, error) {
		return s.services.Disposals.Confirm(ctx, r.PathValue("id"), by)
	})
}

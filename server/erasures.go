package server

import (
	"context"
	"net/http"
	"time"
)

// Erasures erases one person's data by two people's words. Its errors that the user
// may read are *Failure.
type Erasures interface {
	// Erasures returns all, the newest first.
	Erasures(ctx context.Context) ([]Erasure, error)
	// PlanErasure looks for names and keeps what it found; nothing is erased by it.
	PlanErasure(ctx context.Context, names []string, reason, actor string) (*Erasure, error)
	// ApproveErasure is another person's word; a *Failure with CodeConflict for who
	// planned it.
	ApproveErasure(ctx context.Context, id, actor string) (*Erasure, error)
	// RunErasure carries out what was approved, and goes on with it after a crash; a
	// *Failure with CodeConflict where a hold covers some of it.
	RunErasure(ctx context.Context, id, actor string) (*Erasure, error)
}

// Erasure is one of them.
type Erasure struct {
	ID     string    `json:"id"`
	Names  []string  `json:"names"` // empty once it is done
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	// Found is what the plan found: all numbers are of payloads in the archive.
	Found      ErasureFound `json:"found"`
	ApprovedBy string       `json:"approvedBy"`
	ApprovedAt *time.Time   `json:"approvedAt"`
	Done       *time.Time   `json:"done"` // null until it is
	// Sequence is that of the certificate, 0 until it is signed; Subject what the
	// certificate says of whom it is about, and Salt what shows that: it is told
	// once, when the erasure is done.
	Sequence int    `json:"sequence"`
	Subject  string `json:"subject"`
	Salt     string `json:"salt,omitempty"`
}

// ErasureFound is what a plan found.
type ErasureFound struct {
	Forms    []string `json:"forms"` // that were looked for; empty once it is done
	Searched uint64   `json:"searched"`
	Payloads int      `json:"payloads"` // that go
	Records  int      `json:"records"`  // of the person
	Others   int      `json:"others"`   // records of others in these payloads, which are journalled again
	// Younger payloads have not been kept for the minimum.
	Younger int    `json:"younger"`
	Minimum string `json:"minimum"`
	// Remaining are Quoll's own payloads that mention the person and stay, by kind.
	Remaining map[string]int `json:"remaining"`
	Holds     []string       `json:"holds"` // that keep it from being carried out
	First     time.Time      `json:"first"` // when the first and the last payload were received
	Last      time.Time      `json:"last"`
}

func (s *Server) erasureEndpoints() []endpoint {
	return offered(s.services.Erasures != nil, "erasure",
		endpoint{"GET /api/v1/archive/erasures", RoleAdministrator, s.handleErasures},
		endpoint{"POST /api/v1/archive/erasures", RoleAdministrator, s.handleErasurePlan},
		endpoint{"POST /api/v1/archive/erasures/{id}/approval", RoleAdministrator, s.handleErasureApprove},
		endpoint{"POST /api/v1/archive/erasures/{id}/run", RoleAdministrator, s.handleErasureRun})
}

func (s *Server) handleErasures(w http.ResponseWriter, r *http.Request) error {
	all, err := s.services.Erasures.Erasures(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string][]Erasure{"erasures": notNil(all)})
	return nil
}

func (s *Server) handleErasurePlan(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Names  []string `json:"names"`
		Reason string   `json:"reason"`
	}
	if err := s.decode(w, r, &b); err != nil {
		return err
	}
	return saidByOne(w, r, http.StatusCreated, func(ctx context.Context, by string) (*Erasure, error) {
		return s.services.Erasures.PlanErasure(ctx, b.Names, b.Reason, by)
	})
}

func (s *Server) handleErasureApprove(w http.ResponseWriter, r *http.Request) error {
	return saidByOne(w, r, http.StatusOK, func(ctx context.Context, by string) (*Erasure, error) {
		return s.services.Erasures.ApproveErasure(ctx, r.PathValue("id"), by)
	})
}

func (s *Server) handleErasureRun(w http.ResponseWriter, r *http.Request) error {
	return saidByOne(w, r, http.StatusOK, func(ctx context.Context, by string) (*Erasure, error) {
		return s.services.Erasures.RunErasure(ctx, r.PathValue("id"), by)
	})
}

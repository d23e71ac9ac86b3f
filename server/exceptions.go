package server

import (
	"context"
	"net/http"
	"time"
)

// Exceptions say what is known to be harmless, until a day. Their errors that
// the user may read are *Failure.
type Exceptions interface {
	// Exceptions returns all, those that have ended included, the newest first.
	Exceptions(ctx context.Context) ([]Exception, error)
	// Exception returns one with what it held back; ErrNotFound when there is none.
	Exception(ctx context.Context, id string) (*Exception, error)
	AddException(ctx context.Context, e Exception) (*Exception, error)
	// AgreeException is a second person's word, which rules that watch the
	// watchers want.
	AgreeException(ctx context.Context, id, actor string) (*Exception, error)
	RemoveException(ctx context.Context, id, actor string) error
}

// Exception is one of them.
type Exception struct {
	ID   string `json:"id"`
	Rule string `json:"ruleId"` // empty: every rule
	// Kind and Value name an entity, as in alerts; * in Value stands for any text.
	Kind    string    `json:"kind"`
	Value   string    `json:"value"`
	Why     string    `json:"why"`
	By      string    `json:"by"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Agreed  string    `json:"agreed"` // the second person; empty: nobody yet
	// Active is whether it counts now.
	Active   bool       `json:"active"`
	Held     int64      `json:"held"` // alerts that there would have been
	LastHeld *time.Time `json:"lastHeld"`
	HeldBack []HeldBack `json:"heldBack,omitempty"`
}

// HeldBack is an alert that there would have been.
type HeldBack struct {
	RuleID   string    `json:"ruleId"`
	Name     string    `json:"name"`
	Entities []Entity  `json:"entities"`
	Rows     int       `json:"rows"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
}

func (s *Server) exceptionEndpoints() []endpoint {
	return offered(s.services.Exceptions != nil, "exceptions",
		endpoint{"GET /api/v1/exceptions", RoleReader, s.handleExceptions},
		endpoint{"POST /api/v1/exceptions", RoleContributor, s.handleExceptionAdd},
		endpoint{"GET /api/v1/exceptions/{id}", RoleReader, s.handleException},
		endpoint{"POST /api/v1/exceptions/{id}/agreement", RoleContributor, s.handleExceptionAgree},
		endpoint{"DELETE /api/v1/exceptions/{id}", RoleContributor, s.handleExceptionRemove})
}

func (s *Server) handleExceptions(w http.ResponseWriter, r *http.Request) error {
	all, err := s.services.Exceptions.Exceptions(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string][]Exception{"exceptions": notNil(all)})
	return nil
}

func (s *Server) handleException(w http.ResponseWriter, r *http.Request) error {
	e, err := s.services.Exceptions.Exception(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, e)
	return nil
}

// exceptionBody is the body of POST /api/v1/exceptions.
type exceptionBody struct {
	Rule    string    `json:"ruleId"`
	Kind    string    `json:"kind"`
	Value   string    `json:"value"`
	Why     string    `json:"why"`
	Expires time.Time `json:"expires"`
}

func (s *Server) handleExceptionAdd(w http.ResponseWriter, r *http.Request) error {
	var b exceptionBody
	if err := s.decode(w, r, &b); err != nil {
		return err
	}
	e, err := s.services.Exceptions.AddException(r.Context(), Exception{
		Rule: b.Rule, Kind: b.Kind, Value: b.Value, Why: b.Why, Expires: b.Expires.UTC(), By: callerOf(r.Context()).person.Name,
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, e)
	return nil
}

func (s *Server) handleExceptionAgree(w http.ResponseWriter, r *http.Request) error {
	return saidByOne(w, r, http.StatusOK, func(ctx context.Context, by string) (*Exception, error) {
		return s.services.Exceptions.AgreeException(ctx, r.PathValue("id"), by)
	})
}

func (s *Server) handleExceptionRemove(w http.ResponseWriter, r *http.Request) error {
	if err := s.services.Exceptions.RemoveException(r.Context(), r.PathValue("id"), callerOf(r.Context()).person.Name); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

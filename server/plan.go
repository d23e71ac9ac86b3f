package server

import (
	"context"
	"net/http"
)

// Explainer shows what becomes of a query before it runs.
type Explainer interface {
	// Explain fails like Querier.Query does.
	Explain(ctx context.Context, q QueryRequest) (*QueryPlan, error)
}

// QueryPlan is a query after two stages of the compiler.
type QueryPlan struct {
	Plan string `json:"plan"` // relational nodes, one a line
	SQL  string `json:"sql"`  // what the engine is given
}

func (s *Server) handlePlan(w http.ResponseWriter, r *http.Request) error {
	var body queryBody
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	q, err := body.request(s.clock())
	if err != nil {
		return err
	}
	ctx, end, err := s.queryTurn(r.Context())
	if err != nil {
		return err
	}
	defer end()
	plan, err := s.services.Explainer.Explain(ctx, q)
	if err != nil {
		return s.queryFailure(ctx, body.Query, err)
	}
	writeJSON(w, http.StatusOK, plan)
	return nil
}

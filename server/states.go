package server

import (
	"context"
	"net/http"
	"time"
)

// States tells how every part is, at little cost: it asks no table.
type States interface {
	States(ctx context.Context) ([]PartState, error)
}

// States of a part, from best to worst. The whole has the worst of its parts.
const (
	StateOK       = "ok"
	StateStarting = "starting" // nothing was attempted yet
	StateDegraded = "degraded" // trouble that trying again is expected to end
	StateFailing  = "failing"  // trouble that somebody has to end
)

// PartState is how a source, or what Quoll keeps, is.
type PartState struct {
	// Part is "source", "journal", "lake", "archive", "archiveCopy", "archiveWitness", "archiveTimestamp", "disk",
	// "retention" where there are rules, or "automation" where a file of it is wrong.
	Part string `json:"part"`
	// Name is that of a copy of the archive or of an authority that stamps it; Name and ContentType tell sources apart: "eventhub/contoso.servicebus.windows.net",
	// "EmailEvents". TenantID is theirs.
	Name        string `json:"name,omitempty"`
	TenantID    string `json:"tenantId,omitempty"`
	ContentType string `json:"contentType,omitempty"`
	State       string `json:"state"`
	// Met is when the present trouble was last met; left out without any.
	Met *time.Time `json:"met,omitempty"`
	// Code, Cause and Remedy are in words what is wrong and what to do; empty
	// where all is well.
	Code   string `json:"code,omitempty"`
	Cause  string `json:"cause,omitempty"`
	Remedy string `json:"remedy,omitempty"`
	// Warnings are what becomes trouble unless somebody acts in time.
	Warnings []Warning `json:"warnings,omitempty"`
}

// health is the body of GET /api/v1/health.
type health struct {
	Now   time.Time   `json:"now"`
	State string      `json:"state"`
	Parts []PartState `json:"parts"`
}

func worst(parts []PartState) string {
	order := []string{StateOK, StateStarting, StateDegraded, StateFailing}
	rank := map[string]int{}
	for i, state := range order {
		rank[state] = i
	}
	most := 0
	for _, p := range parts {
		most = max(most, rank[p.State])
	}
	return order[most]
}

// handleStates answers 200 whatever the state: who asks reads it. The process is
// not to be restarted because a source fails.
func (s *Server) handleStates(w http.ResponseWriter, r *http.Request) error {
	if s.services.States == nil {
		return unavailable("its health")
	}
	parts, err := s.services.States.States(r.Context())
	if err != nil {
		return err
	}
	if parts == nil {
		parts = []PartState{}
	}
	writeJSON(w, http.StatusOK, health{Now: s.clock().UTC(), State: worst(parts), Parts: parts})
	return nil
}

func (s *Server) handleMetrics(w http.ResponseWriter, r *http.Request) error {
	if s.services.Metrics == nil {
		return unavailable("metrics")
	}
	s.services.Metrics.ServeHTTP(w, r)
	return nil
}

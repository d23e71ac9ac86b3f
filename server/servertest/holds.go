package servertest

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/quoll/quoll/server"
)

// holds is legal holds in memory.
type holds struct {
	clock server.Clock

	mu  sync.Mutex
	all []server.Hold // the newest first
}

func newHolds(clock server.Clock) *holds {
	now := clock().UTC().Truncate(time.Second)
	from := now.AddDate(0, 0, -90)
	ended := now.Add(-20 * 24 * time.Hour)
	return &holds{clock: clock, all: []server.Hold{
		{
			ID: "2", Name: "Invoice fraud 2026-09", Reason: "Claim against the carrier; counsel asked for all mail of the mailbox.", By: "ines.okafor", Since: now.Add(-26 * time.Hour), Active: true,
			Scope: server.HoldScope{Tenant: TenantID, Tables: []string{"OfficeActivity", "EmailEvents"}, User: victim, From: &from},
		},
		{
			ID: "1", Name: "Audit 2025", Reason: "Records for the auditor.", By: "ines.okafor", Since: now.AddDate(0, -6, 0), Scope: server.HoldScope{Tables: []string{}},
			Release: &server.HoldRelease{By: "tomas.brandt", Why: "The audit is closed.", At: ended},
		},
	}}
}

// Holds implements server.Holds.
func (h *holds) Holds(context.Context) ([]server.Hold, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all), nil
}

func (h *holds) find(id string) int {
	return slices.IndexFunc(h.all, func(o server.Hold) bool { return o.ID == id })
}

// Hold implements server.Holds.
func (h *holds) Hold(_ context.Context, id string) (*server.Hold, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := h.find(id)
	if i < 0 {
		return nil, server.ErrNotFound
	}
	one := h.all[i]
	return &one, nil
}

// AddHold implements server.Holds.
func (h *holds) AddHold(_ context.Context, o server.Hold) (*server.Hold, error) {
	if o.Name == "" || o.Reason == "" {
		return nil, &server.Failure{Code: server.CodeBadRequest, Message: "give the hold a name and a reason"}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	o.ID, o.Since, o.Active = strconv.Itoa(len(h.all)+1), h.clock().UTC(), true
	if o.Scope.Tables == nil {
		o.Scope.Tables = []string{}
	}
	h.all = slices.Insert(h.all, 0, o)
	return &o, nil
}

// ReleaseHold implements server.Holds.
func (h *holds) ReleaseHold(_ context.Context, id, actor, why string) (*server.Hold, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := h.find(id)
	switch {
	case i < 0:
		return nil, server.ErrNotFound
	case h.all[i].By == actor:
		return nil, &server.Failure{Code: server.CodeConflict, Message: "who set a hold cannot release it: another person has to, with an account of their own"}
	case why == "":
		return nil, &server.Failure{Code: server.CodeBadRequest, Message: "say why"}
	case !h.all[i].Active:
		return nil, &server.Failure{Code: server.CodeConflict, Message: "it was released already"}
	}
	h.all[i].Active, h.all[i].Release = false, &server.HoldRelease{By: actor, Why: why, At: h.clock().UTC()}
	one := h.all[i]
	return &one, nil
}

package servertest

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/quoll/quoll/server"
)

// erasures are one that is done and one that waits for a second person.
type erasures struct {
	clock server.Clock
	mu    sync.Mutex
	kept  []server.Erasure
}

func newErasures(clock server.Clock) *erasures {
	now := clock().UTC()
	found := server.ErasureFound{
		Forms: []string{"tomas.reyes@wattleworks.example", "tomas.reyes%40wattleworks.example"}, Searched: 40_612, Payloads: 37, Records: 112, Others: 2_906, Younger: 4, Minimum: "18 months",
		Remaining: map[string]int{"LAQueryLogs": 2}, Holds: []string{}, First: now.AddDate(-2, 0, 0), Last: now.AddDate(0, 0, -3),
	}
	done := found
	done.Forms = []string{}
	return &erasures{clock: clock, kept: []server.Erasure{
		{ID: "2", Names: []string{"tomas.reyes@wattleworks.example"}, Reason: "Request 17 under APP 11.2", By: "kai.whitford", At: now.Add(-5 * time.Hour), Found: found},
		{ID: "1", Names: []string{}, Reason: "Request 9", By: "ines.okafor", At: now.AddDate(0, -2, 0), Found: done, ApprovedBy: "kai.whitford", ApprovedAt: at(now.AddDate(0, -2, 1)), Done: at(now.AddDate(0, -2, 1).Add(time.Hour)), Sequence: 1, Subject: "2f6c0b8f41d0e7a95c3b"},
	}}
}

// Erasures implements server.Erasures.
func (e *erasures) Erasures(context.Context) ([]server.Erasure, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.kept), nil
}

// PlanErasure implements server.Erasures: nobody is called nobody, and whoever has a
// name with "held" is held.
func (e *erasures) PlanErasure(_ context.Context, names []string, reason, actor string) (*server.Erasure, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if strings.Contains(names[0], "nobody") {
		return nil, &server.Failure{Code: server.CodeConflict, Message: "no payload of the archive has any of these names"}
	}
	one := e.kept[0]
	one.ID, one.Names, one.Reason, one.By, one.At, one.ApprovedBy, one.ApprovedAt = strconv.Itoa(len(e.kept)+1), names, reason, actor, e.clock().UTC(), "", nil
	if strings.Contains(names[0], "held") {
		one.Found.Holds = []string{"Matter 12"}
	}
	e.kept = slices.Insert(e.kept, 0, one)
	return &one, nil
}

func (e *erasures) change(id string, change func(*server.Erasure) error) (*server.Erasure, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := slices.IndexFunc(e.kept, func(one server.Erasure) bool { return one.ID == id })
	if i < 0 {
		return nil, server.ErrNotFound
	}
	if err := change(&e.kept[i]); err != nil {
		return nil, err
	}
	one := e.kept[i]
	e.kept[i].Salt = ""
	return &one, nil
}

// ApproveErasure implements server.Erasures.
func (e *erasures) ApproveErasure(_ context.Context, id, actor string) (*server.Erasure, error) {
	return e.change(id, func(one *server.Erasure) error {
		if one.By == actor {
			return &server.Failure{Code: server.CodeConflict, Message: "another person approves what you planned"}
		}
		one.ApprovedBy, one.ApprovedAt = actor, at(e.clock().UTC())
		return nil
	})
}

// RunErasure implements server.Erasures.
func (e *erasures) RunErasure(_ context.Context, id, _ string) (*server.Erasure, error) {
	return e.change(id, func(one *server.Erasure) error {
		if one.ApprovedBy == "" {
			return &server.Failure{Code: server.CodeConflict, Message: "another person must approve it first"}
		}
		one.Names, one.Found.Forms, one.Done, one.Sequence, one.Subject, one.Salt = []string{}, []string{}, at(e.clock().UTC()), 2, "77c0d1a9e2b4f6", "5b1f0c"
		return nil
	})
}

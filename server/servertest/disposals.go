package servertest

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/quoll/quoll/server"
)

// disposals are one that is done and one that waits for a second person.
type disposals struct {
	clock server.Clock
	mu    sync.Mutex
	kept  []server.Disposal
}

func newDisposals(clock server.Clock) *disposals {
	now := clock().UTC()
	return &disposals{clock: clock, kept: []server.Disposal{
		{ID: "d-2", Reason: "The second quarter of 2024 has reached its minimum.", Minimum: "18 months", Before: now.AddDate(0, -18, 0), By: "kai.whitford", At: now.Add(-26 * time.Hour), Objects: 214, Payloads: 18_402},
		{ID: "d-1", Reason: "The first quarter of 2024 has reached its minimum.", Minimum: "18 months", Before: now.AddDate(0, -21, 0), By: "ines.okafor", At: now.AddDate(0, -3, 0), ConfirmedBy: "kai.whitford", Objects: 198, Payloads: 17_011, Done: at(now.AddDate(0, -3, 0).Add(3 * time.Hour))},
	}}
}

// Disposals implements server.Disposals.
func (d *disposals) Disposals(context.Context) ([]server.Disposal, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.kept), nil
}

// Propose implements server.Disposals.
func (d *disposals) Propose(_ context.Context, before *time.Time, reason, actor string) (*server.Disposal, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.clock().UTC()
	one := server.Disposal{ID: "d-" + strconv.Itoa(len(d.kept)+1), Reason: reason, Minimum: "18 months", Before: now.AddDate(0, -18, 0), By: actor, At: now, Objects: 12, Payloads: 903}
	if before != nil {
		one.Before = *before
	}
	d.kept = slices.Insert(d.kept, 0, one)
	return &one, nil
}

// Confirm implements server.Disposals.
func (d *disposals) Confirm(_ context.Context, id, actor string) (*server.Disposal, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.IndexFunc(d.kept, func(one server.Disposal) bool { return one.ID == id })
	if i < 0 {
		return nil, server.ErrNotFound
	}
	if d.kept[i].By == actor {
		return nil, &server.Failure{Code: server.CodeConflict, Message: "another person confirms what you proposed"}
	}
	d.kept[i].ConfirmedBy, d.kept[i].Done = actor, at(d.clock().UTC())
	one := d.kept[i]
	return &one, nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/quoll/quoll/archive/hold"
	"github.com/quoll/quoll/schema"
	"github.com/quoll/quoll/server"
)

// holdDesk is the server's view of legal holds, and what asks before anything is
// deleted.
type holdDesk struct {
	store *hold.Store
	query server.Querier // not the audited one: nobody asked for these queries
	acts  *acts
	now   func() time.Time
	// busy is held while an erasure is planned, and while something is disposed of or
	// erased: two certificates that are made side by side would have one number.
	busy *sync.Mutex
}

func newHoldDesk(ctx context.Context, n *node, audit *acts) (holdDesk, error) {
	store, err := hold.Open(ctx, n.state, time.Now)
	return holdDesk{store, querier{n.query}, audit, time.Now, &sync.Mutex{}}, err
}

func holdFailure(err error) error {
	switch {
	case errors.Is(err, hold.ErrUnknown):
		return server.ErrNotFound
	case errors.Is(err, hold.ErrInvalid):
		return &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
	case errors.Is(err, hold.ErrTaken), errors.Is(err, hold.ErrReleased), errors.Is(err, hold.ErrDone), errors.Is(err, hold.ErrConfirmsOwn), errors.Is(err, hold.ErrSamePerson):
		return &server.Failure{Code: server.CodeConflict, Message: err.Error()}
	}
	return err
}

func viewHold(h hold.Hold) server.Hold {
	v := server.Hold{
		ID: strconv.FormatInt(h.ID, 10), Name: h.Name, Reason: h.Reason, By: h.By, Since: h.Since, Active: h.Active(),
		Scope: server.HoldScope{Tenant: h.Scope.Tenant, Tables: h.Scope.Tables, User: h.Scope.User, From: moment(h.Scope.From), To: moment(h.Scope.To)},
	}
	if h.Release != nil {
		v.Release = &server.HoldRelease{By: h.Release.By, Why: h.Release.Why, At: h.Release.At}
	}
	return v
}

// settledAfter is how long an act may take from the journal to the tables, with
// much to spare.
const settledAfter = 10 * time.Minute

// kept returns all holds, the newest first. Those that the acts under the log have
// and the state lost are put back, and that is written down.
func (d holdDesk) kept(ctx context.Context) ([]hold.Hold, error) {
	acts, err := d.byActs(ctx)
	if err != nil {
		return nil, err
	}
	all, err := d.store.Holds(ctx)
	if err != nil {
		return nil, err
	}
	missing := hold.Missing(all, acts, d.now().Add(-settledAfter))
	if len(missing) == 0 {
		return all, nil
	}
	for _, h := range missing {
		what := act{operation: "Restore hold", kind: "Hold", name: h.Name, description: "the state had lost a hold that the log has, or had it otherwise; it was put back", properties: h.Properties()}
		if err := d.acts.done(ctx, what, d.store.Restore(ctx, h)); err != nil {
			return nil, err
		}
	}
	return d.store.Holds(ctx)
}

// byActs returns the holds as the acts have them that are rows by now.
func (d holdDesk) byActs(ctx context.Context) ([]hold.Hold, error) {
	const text = `SentinelAudit | where OperationName in ("` + hold.ActAdd + `", "` + hold.ActRelease + `") and Status == "Success" | order by TimeGenerated asc | project OperationName, TimeGenerated, tostring(ExtendedProperties)`
	result, err := d.query.Query(ctx, server.QueryRequest{Text: text})
	if err != nil {
		return nil, fmt.Errorf("read the acts about holds: %w", err)
	}
	if result.Statistics.Truncated { // a hold that is not among them would not hold
		return nil, fmt.Errorf("read the acts about holds: more than the %d of one result", len(result.Rows))
	}
	var taken hold.Acts
	for _, row := range result.Rows {
		operation, _ := row[0].(string)
		at, _ := row[1].(time.Time)
		properties, _ := row[2].(string)
		if err := taken.Take(operation, at, []byte(properties)); err != nil {
			return nil, err
		}
	}
	return taken.Holds(), nil
}

// Held returns the holds that cover anything of what somebody is about to
// delete; what an extent does not say may be anything.
func (d holdDesk) Held(ctx context.Context, e hold.Extent) ([]hold.Hold, error) {
	all, err := d.kept(ctx)
	if err != nil {
		return nil, err
	}
	return hold.Covering(all, e), nil
}

// Holds implements server.Holds.
func (d holdDesk) Holds(ctx context.Context) ([]server.Hold, error) {
	all, err := d.kept(ctx)
	if err != nil {
		return nil, err
	}
	var views []server.Hold
	for _, h := range all {
		views = append(views, viewHold(h))
	}
	return views, nil
}

// Hold implements server.Holds.
func (d holdDesk) Hold(ctx context.Context, id string) (*server.Hold, error) {
	all, err := d.Holds(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(h server.Hold) bool { return h.ID == id || strings.EqualFold(h.Name, id) })
	if i < 0 {
		return nil, server.ErrNotFound
	}
	return &all[i], nil
}

// AddHold implements server.Holds.
func (d holdDesk) AddHold(ctx context.Context, h server.Hold) (*server.Hold, error) {
	asked := hold.Hold{Name: h.Name, Reason: h.Reason, By: h.By, Scope: hold.Scope{Tenant: h.Scope.Tenant, Tables: h.Scope.Tables, User: h.Scope.User}}
	if h.Scope.From != nil {
		asked.Scope.From = *h.Scope.From
	}
	if h.Scope.To != nil {
		asked.Scope.To = *h.Scope.To
	}
	what := act{operation: hold.ActAdd, kind: "Hold", name: h.Name, description: "set a legal hold", properties: asked.Properties()}
	err := d.tables(asked.Scope.Tables)
	var kept *hold.Hold
	if err == nil {
		kept, err = d.store.Add(ctx, asked)
	}
	if err == nil {
		what.id, what.properties = strconv.FormatInt(kept.ID, 10), kept.Properties()
	}
	if err := d.acts.done(ctx, what, holdFailure(err)); err != nil {
		return nil, err
	}
	view := viewHold(*kept)
	return &view, nil
}

// tables refuses names of tables that there are not: a hold on a name that was
// mistyped would hold nothing.
func (d holdDesk) tables(names []string) error {
	for _, name := range names {
		if _, ok := schema.Lookup(name); !ok {
			return fmt.Errorf("%w: there is no table %q; quoll schema lists them", hold.ErrInvalid, name)
		}
	}
	return nil
}

// ReleaseHold implements server.Holds.
func (d holdDesk) ReleaseHold(ctx context.Context, id, actor, why string) (*server.Hold, error) {
	h, err := d.Hold(ctx, id)
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseInt(h.ID, 10, 64)
	if err != nil {
		return nil, server.ErrNotFound
	}
	what := act{operation: hold.ActRelease, kind: "Hold", id: h.ID, name: h.Name, description: "released a legal hold"}
	released, err := d.store.Release(ctx, number, actor, why)
	if err == nil {
		what.properties = released.Properties()
	} else {
		what.properties = map[string]any{"Why": why, "By": actor, "Name": h.Name}
	}
	if err := d.acts.done(ctx, what, holdFailure(err)); err != nil {
		return nil, err
	}
	view := viewHold(*released)
	return &view, nil
}

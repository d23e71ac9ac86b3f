package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/auditsearch"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/server"
)

// mostBackfills is how many a process remembers.
const mostBackfills = 100

// backfills runs backfills in a serving process, and goes on with those that an
// earlier process did not end. Each tenant has one search, and with it one
// budget of requests.
type backfills struct {
	node    *node
	tenants *roster
	ledger  *collect.Ledger
	kept    *auditsearch.Requests
	now     func() time.Time
	log     *slog.Logger

	ctx      context.Context // of the service; ends what runs
	running  sync.WaitGroup
	mu       sync.Mutex
	searches map[string]*auditsearch.Search // by tenant id
	all      []*server.Backfill             // the latest last
}

var _ server.Backfills = (*backfills)(nil)

// run goes on with what was not ended, lets backfills begin until ctx ends, and
// returns when the last has ended.
func (b *backfills) run(ctx context.Context) error {
	if err := b.resume(ctx); err != nil {
		b.log.Error("backfills that were under way cannot be gone on with", "error", err)
	}
	<-ctx.Done()
	b.mu.Lock()
	b.ctx = nil // none begins any more
	b.mu.Unlock()
	b.running.Wait()
	return nil
}

// Start implements server.Backfills.
func (b *backfills) Start(ctx context.Context, r server.BackfillRequest) (*server.Backfill, error) {
	tenant, err := b.tenant(r.Tenant)
	if err != nil {
		return nil, err
	}
	kept := auditsearch.Kept{
		ID: strconv.FormatInt(b.now().UnixNano(), 36), Tenant: tenant.ID, Started: b.now().UTC(),
		Request: auditsearch.Request{From: r.From, To: r.To, RecordTypes: r.RecordTypes, Operations: r.Operations},
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ctx == nil || b.ctx.Err() != nil {
		return nil, &server.Failure{Code: server.CodeUnavailable, Message: "the server is stopping"}
	}
	if other := b.underWay(tenant.ID); other != nil {
		return nil, &server.Failure{Code: server.CodeConflict, Message: fmt.Sprintf("a backfill of %s from %s to %s is under way", other.TenantName, other.From.Format(time.RFC3339), other.To.Format(time.RFC3339))}
	}
	search, plan, err := b.plan(ctx, tenant, kept.Request)
	if err != nil {
		return nil, err
	}
	if err := b.kept.Keep(ctx, kept); err != nil {
		return nil, err
	}
	return b.begin(tenant, search, plan, kept), nil
}

// resume begins anew what an earlier process was stopped in. What can no longer
// be searched is told as failed, and forgotten.
func (b *backfills) resume(ctx context.Context) error {
	unfinished, err := b.kept.Unfinished(ctx)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, kept := range unfinished {
		if b.ctx == nil || b.underWay(kept.Tenant) != nil {
			continue // somebody was quicker; the next start goes on with this one
		}
		tenant, err := b.tenant(kept.Tenant)
		var search *auditsearch.Search
		var plan auditsearch.Plan
		if err == nil {
			search, plan, err = b.plan(ctx, tenant, kept.Request)
		}
		var refused *server.Failure
		switch {
		case err == nil:
			b.log.Info("going on with a backfill", "tenant", tenant.Name, "from", kept.From, "to", kept.To, "started", kept.Started)
			b.begin(tenant, search, plan, kept)
		case errors.As(err, &refused):
			b.log.Error("a backfill cannot be gone on with", "tenant", kept.Tenant, "from", kept.From, "to", kept.To, "error", err)
			ended := b.now().UTC()
			b.remember(&server.Backfill{ID: kept.ID, TenantID: kept.Tenant, From: kept.From, To: kept.To, Started: kept.Started, Ended: &ended, State: server.BackfillFailed, Error: refused.Message})
			if err := b.kept.Ended(ctx, kept.ID); err != nil {
				return err
			}
		default:
			return err
		}
	}
	return nil
}

// underWay returns the backfill of a tenant that runs, if there is one.
func (b *backfills) underWay(tenant string) *server.Backfill {
	for _, one := range b.all {
		if one.TenantID == tenant && one.State == server.BackfillRunning {
			return one
		}
	}
	return nil
}

// plan returns a tenant's search and what a request takes of it. What makes no
// sense is a *server.Failure.
func (b *backfills) plan(ctx context.Context, tenant *config.Tenant, request auditsearch.Request) (*auditsearch.Search, auditsearch.Plan, error) {
	search := b.searches[tenant.ID]
	if search == nil {
		var err error
		if search, err = newSearch(*tenant, b.node.state, b.ledger, b.log); err != nil {
			return nil, auditsearch.Plan{}, &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
		}
		b.searches[tenant.ID] = search
	}
	plan, err := search.Plan(ctx, request)
	if errors.Is(err, auditsearch.ErrRange) {
		err = &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
	}
	return search, plan, err
}

// begin sets a backfill to work and returns it as it is then.
func (b *backfills) begin(tenant *config.Tenant, search *auditsearch.Search, plan auditsearch.Plan, kept auditsearch.Kept) *server.Backfill {
	started := &server.Backfill{
		ID: kept.ID, TenantID: tenant.ID, TenantName: tenant.Name,
		From: kept.From.UTC().Truncate(time.Second), To: kept.To.UTC().Truncate(time.Second), State: server.BackfillRunning, Started: kept.Started,
		Open: plan.Queries, CoveredSeconds: int64(plan.Covered / time.Second), DoneSeconds: int64(plan.Covered / time.Second),
	}
	b.remember(started)
	running := b.ctx
	b.running.Go(func() { b.work(running, search, kept.Request, started) })
	copied := *started
	return &copied
}

func (b *backfills) remember(one *server.Backfill) {
	b.all = append(b.all, one)
	b.all = b.all[max(0, len(b.all)-mostBackfills):]
}

func (b *backfills) tenant(name string) (*config.Tenant, error) {
	var names []string
	if name != "" {
		names = []string{name}
	}
	chosen, err := chooseTenants(b.tenants.list(), names)
	if err != nil {
		return nil, &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
	}
	if len(chosen) > 1 {
		return nil, &server.Failure{Code: server.CodeBadRequest, Message: "there are several tenants: say which"}
	}
	return &chosen[0], nil
}

// work runs one backfill to its end and keeps its state.
func (b *backfills) work(ctx context.Context, search *auditsearch.Search, request auditsearch.Request, into *server.Backfill) {
	b.log.Info("backfill begins", "tenant", into.TenantName, "from", into.From, "to", into.To)
	present := *into
	tell := func(now server.Backfill) {
		b.mu.Lock()
		defer b.mu.Unlock()
		*into = now
	}
	err := backfillTenant(ctx, b.node, search, request, &present, tell)
	ended := b.now().UTC()
	present.Ended, present.State = &ended, server.BackfillDone
	switch {
	case ctx.Err() != nil:
		present.State, present.Error = server.BackfillStopped, "the server was stopped; started again, it goes on"
	case err != nil:
		present.State, present.Error = server.BackfillFailed, err.Error()
	}
	if present.State != server.BackfillStopped {
		if err := b.kept.Ended(context.WithoutCancel(ctx), present.ID); err != nil {
			b.log.Error("a backfill that ended will be begun again at the next start", "error", err)
		}
	}
	tell(present)
	b.log.Info("backfill ended", "tenant", into.TenantName, "state", present.State, "error", err,
		"queries", present.Queries, "records", present.Records, "added", present.Added, "revisions", present.Revisions, "missing", len(present.Missing))
}

// List implements server.Backfills.
func (b *backfills) List(context.Context) ([]server.Backfill, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]server.Backfill, 0, len(b.all))
	for _, one := range slices.Backward(b.all) {
		list = append(list, *one)
	}
	return list, nil
}

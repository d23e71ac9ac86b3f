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

	"github.com/quoll/quoll/collect/auditsearch"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/server"
)

// mostBackfills is how many a process remembers.
const mostBackfills = 100

// backfills runs backfills in a serving process. Each tenant has one search, and
// with it one budget of requests.
type backfills struct {
	node   *node
	config *config.Config
	now    func() time.Time
	log    *slog.Logger

	ctx      context.Context // of the service; ends what runs
	running  sync.WaitGroup
	mu       sync.Mutex
	searches map[string]*auditsearch.Search // by tenant id
	all      []*server.Backfill             // the latest last
}

var _ server.Backfills = (*backfills)(nil)

// run lets backfills begin until ctx ends, and returns when the last has ended.
func (b *backfills) run(ctx context.Context) error {
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
	request := auditsearch.Request{From: r.From, To: r.To, RecordTypes: r.RecordTypes, Operations: r.Operations}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ctx == nil || b.ctx.Err() != nil {
		return nil, &server.Failure{Code: server.CodeUnavailable, Message: "the server is stopping"}
	}
	for _, other := range b.all {
		if other.TenantID == tenant.ID && other.State == server.BackfillRunning {
			return nil, &server.Failure{Code: server.CodeConflict, Message: fmt.Sprintf("a backfill of %s from %s to %s is under way", other.TenantName, other.From.Format(time.RFC3339), other.To.Format(time.RFC3339))}
		}
	}
	search := b.searches[tenant.ID]
	if search == nil {
		if search, err = newSearch(*tenant, b.node.state, b.log); err != nil {
			return nil, &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
		}
		b.searches[tenant.ID] = search
	}
	plan, err := search.Plan(ctx, request)
	if errors.Is(err, auditsearch.ErrRange) {
		return nil, &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
	}
	if err != nil {
		return nil, err
	}
	started := &server.Backfill{
		ID: strconv.FormatInt(b.now().UnixNano(), 36), TenantID: tenant.ID, TenantName: tenant.Name,
		From: r.From.UTC().Truncate(time.Second), To: r.To.UTC().Truncate(time.Second), State: server.BackfillRunning, Started: b.now().UTC(),
		Open: plan.Queries, CoveredSeconds: int64(plan.Covered / time.Second), DoneSeconds: int64(plan.Covered / time.Second),
	}
	b.all = append(b.all, started)
	b.all = b.all[max(0, len(b.all)-mostBackfills):]
	running := b.ctx
	b.running.Go(func() { b.work(running, search, request, started) })
	copied := *started
	return &copied, nil
}

func (b *backfills) tenant(name string) (*config.Tenant, error) {
	var names []string
	if name != "" {
		names = []string{name}
	}
	chosen, err := chooseTenants(b.config, names)
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
		present.State, present.Error = server.BackfillStopped, "the server was stopped; start it again to go on"
	case err != nil:
		present.State, present.Error = server.BackfillFailed, err.Error()
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

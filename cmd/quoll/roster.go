package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/collect/blobexport"
	"github.com/quoll/quoll/collect/eventhub"
	"github.com/quoll/quoll/collect/hunting"
	"github.com/quoll/quoll/collect/push"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/silence"
)

// roster is the tenants of a server and what collects from them. Tenants come in
// and leave while it runs.
type roster struct {
	mu      sync.RWMutex
	tenants []config.Tenant
	plain   []collect.Collector // as they are made
	watched []collect.Collector // their status warns of silence as well
	of      []string            // the tenant of each; empty for what is of none
	watch   *silence.Watcher    // nil before silence is watched
	flows   flows               // of what the collectors brought

	ctx   context.Context // of the work; nil before it begins
	work  *errgroup.Group
	stays map[string]*stay // of tenants whose collectors run
}

// stay is the time that a tenant is collected from.
type stay struct {
	ctx  context.Context
	end  context.CancelFunc
	runs sync.WaitGroup
}

func newRoster() *roster { return &roster{} }

// all returns the collectors, whose status warns of silence as well.
func (r *roster) all() []collect.Collector {
	if r == nil {
		return nil
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Clone(r.watched)
}

// bare returns the collectors without what is watched over them, for those that
// watch.
func (r *roster) bare() []collect.Collector {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Clone(r.plain)
}

// list returns the tenants.
func (r *roster) list() []config.Tenant {
	if r == nil {
		return nil
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Clone(r.tenants)
}

// name is that of a tenant, or empty.
func (r *roster) name(id string) string {
	for _, t := range r.list() {
		if t.ID == id {
			return t.Name
		}
	}
	return ""
}

// add takes in a tenant, which may be the empty one for what is of none, and its
// collectors. Where the work has begun, they begin as well.
func (r *roster) add(t config.Tenant, collectors ...collect.Collector) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.ID != "" {
		r.tenants = append(r.tenants, t)
	}
	for _, c := range collectors {
		shown := c
		if r.watch != nil || r.flows != nil {
			shown = heard{c, r.watch, r.flows}
		}
		r.plain, r.watched, r.of = append(r.plain, c), append(r.watched, shown), append(r.of, t.ID)
		if r.work != nil {
			r.run(shown, t.ID, 0)
		}
	}
}

// remove takes a tenant out, and returns once nothing collects from it any more.
func (r *roster) remove(id string) {
	r.mu.Lock()
	r.tenants = slices.DeleteFunc(slices.Clone(r.tenants), func(t config.Tenant) bool { return t.ID == id })
	var plain, watched []collect.Collector
	var of []string
	for i, tenant := range r.of {
		if tenant != id {
			plain, watched, of = append(plain, r.plain[i]), append(watched, r.watched[i]), append(of, tenant)
		}
	}
	r.plain, r.watched, r.of = plain, watched, of
	gone := r.stays[id]
	delete(r.stays, id)
	r.mu.Unlock()
	if gone == nil {
		return
	}
	gone.end()
	gone.runs.Wait()
}

// watchBy has the status of all collectors warn of silence, and of what came that
// is not the tenant's.
func (r *roster) watchBy(w *silence.Watcher, f flows) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watch, r.flows = w, f
	for i, c := range r.plain {
		r.watched[i] = heard{c, w, f}
	}
}

// start runs the collectors until ctx ends, and those that come later.
func (r *roster) start(ctx context.Context, work *errgroup.Group) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ctx, r.work = ctx, work
	for i, c := range r.watched {
		r.run(c, r.of[i], time.Duration(i)*betweenStarts)
	}
}

func (r *roster) run(c collect.Collector, tenant string, after time.Duration) {
	all, s := r.ctx, r.stays[tenant]
	if s == nil {
		s = &stay{}
		s.ctx, s.end = context.WithCancel(all)
		if r.stays == nil {
			r.stays = map[string]*stay{}
		}
		r.stays[tenant] = s
	}
	s.runs.Add(1)
	r.work.Go(func() error {
		defer s.runs.Done()
		if clock.Sleep(s.ctx, clock.System(), after) != nil {
			return nil
		}
		err := c.Run(s.ctx)
		if s.ctx.Err() != nil && all.Err() == nil {
			return nil // the tenant was removed: that ends no server
		}
		return err
	})
}

// running says that collectors that are added begin at once.
func (r *roster) running() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.work != nil && r.ctx.Err() == nil
}

func (s *service) addCollectors(ctx context.Context) error {
	var err error
	if s.ledger, err = collect.OpenLedger(ctx, s.state); err != nil {
		return err
	}
	if s.spool, err = collect.NewSpool(s.paths.spool(), collect.SpoolMemory); err != nil {
		return err
	}
	if s.config.Webhook != nil {
		s.webhook = newWebhookServer(s.config.Webhook, s.log)
	}
	s.shared = newShared(len(s.config.Tenants))
	for _, t := range s.config.Tenants {
		collectors, err := s.collectorsOf(ctx, t)
		if err != nil {
			return err
		}
		s.roster.add(t, collectors...)
	}
	if s.config.Push != nil {
		receiver, err := push.New(ctx, *s.config.Push, push.Dependencies{DB: s.state, Sink: s.pipeline, Logger: s.log})
		if err != nil {
			return err
		}
		s.roster.add(config.Tenant{}, receiver)
	}
	return nil
}

// activitySettings are those of a tenant's audit log in this process. A tenant that
// was added to the running server is notified of as those of the configuration are.
func (s *service) activitySettings(c activity.Config) (activity.Config, error) {
	if s.config.Webhook != nil {
		c.Webhook = &s.config.Webhook.Webhook
	}
	return s.shared.settings(c)
}

// collectorsOf makes what collects from a tenant.
func (s *service) collectorsOf(ctx context.Context, t config.Tenant) ([]collect.Collector, error) {
	var all []collect.Collector
	if t.Activity != nil {
		settings, err := s.activitySettings(*t.Activity)
		if err != nil {
			return nil, err
		}
		collector, err := activity.New(settings, activity.Dependencies{Ledger: s.ledger, Sink: s.pipeline, Lags: s.lags, Room: s.shared.room, Spool: s.spool, Logger: s.log})
		if err != nil {
			return nil, err
		}
		all = append(all, collector)
		if s.webhook != nil {
			s.webhook.receiver.Add(collector)
		}
	}
	if t.Hunting != nil {
		collector, err := s.newHunting(ctx, t)
		if err != nil {
			return nil, err
		}
		all = append(all, collector)
	}
	if t.EventHubs != nil {
		collector, err := eventhub.New(ctx, *t.EventHubs, eventhub.Dependencies{DB: s.state, Sink: s.pipeline, Logger: s.log})
		if err != nil {
			return nil, err
		}
		all = append(all, collector)
	}
	if t.DefenderExportDir == "" && t.DefenderAccount == nil {
		return all, nil
	}
	collector, err := s.newExport(ctx, t)
	if err != nil {
		return nil, err
	}
	return append(all, collector), nil
}

// watchSilence adds to every collector's status what is heard no more.
func (s *service) watchSilence(ctx context.Context) (err error) {
	s.silence, err = silence.New(ctx, silence.Dependencies{
		DB: s.state, Counter: heardRecords{s.query, defenderTenant(s.roster.bare())}, Reached: reachedBy(s.roster.bare), Busy: busy(s.journal.Last), Clock: clock.System(), Logger: s.log,
	})
	if err != nil {
		return err
	}
	s.roster.watchBy(s.silence, s.pipeline.Flow)
	return nil
}

func (s *service) newHunting(ctx context.Context, t config.Tenant) (*hunting.Collector, error) {
	transport, tokens, err := graphAccess(t)
	if err != nil {
		return nil, err
	}
	return hunting.New(ctx, *t.Hunting, hunting.Dependencies{DB: s.state, Sink: s.pipeline, HTTP: transport, Tokens: tokens, Logger: s.log})
}

// newExport reads the Defender export from a folder or a storage account.
func (s *service) newExport(ctx context.Context, t config.Tenant) (collect.Collector, error) {
	settings := blobexport.DefaultConfig(t.DefenderExportDir)
	settings.Tenant, settings.PollEvery = t.ID, t.DefenderPollEvery
	deps := blobexport.Dependencies{DB: s.state, Store: blobexport.NewFolder(t.DefenderExportDir), Sink: s.pipeline, Logger: s.log}
	if t.DefenderAccount != nil {
		account, err := blobexport.NewAzure(*t.DefenderAccount, clock.System().Now)
		if err != nil {
			return nil, fmt.Errorf("defender export of %s: %w", t.Name, err)
		}
		settings.Name, deps.Store = t.DefenderAccount.URL, account
	}
	return blobexport.New(ctx, settings, deps)
}

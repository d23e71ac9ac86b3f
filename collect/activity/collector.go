package activity

import (
	"context"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
)

// statusTimeout bounds the ledger's part of a status.
const statusTimeout = 5 * time.Second

// Dependencies are what a collector works with. All are needed but Clock,
// Random and Logger.
type Dependencies struct {
	Ledger *collect.Ledger
	Sink   collect.Sink
	// Room is shared by all tenants of the process; without one the collector
	// has room for as many bodies as it fetches at a time.
	Room *collect.Room
	// Spool is where bodies wait for the sink; one for all collectors of a
	// process. A temporary one when nil.
	Spool *collect.Spool
	// Lags measures how long content takes; nothing is measured when nil.
	Lags  *collect.Lags
	Clock clock.Clock // clock.System() when nil
	// Random returns numbers in [0, 1) for jitter and must be safe for
	// concurrent use; math/rand/v2's when nil.
	Random func() float64
	Logger *slog.Logger // discards when nil
}

// Collector collects one tenant. It implements collect.Collector.
type Collector struct {
	cfg     Config
	deps    Dependencies
	client  *client
	streams []*stream
	stopped atomic.Bool
}

var _ collect.Collector = (*Collector)(nil)

// stream is the collection of one content type.
type stream struct {
	collect.Stream
	cfg    *Config
	client *client
	subs   *subscriptions
	ledger *collect.Ledger
	sink   collect.Sink
	spool  *collect.Spool
	lags   *collect.Lags
	clock  clock.Clock
	random func() float64
	logger *slog.Logger
	health health
	work   *work
	room   *collect.Room // nil for none
	hints  chan struct{} // holds one when a notification came

	// doubt is set when an answer says that the subscription is gone.
	doubt atomic.Bool

	// The rest belongs to the goroutine that lists.
	lastRelist    time.Time
	failedWindows int           // listings in a row that failed for a window
	lookedBeyond  time.Time     // when what is beyond such a one was last listed
	beyond        bool          // it is now
	notRelisted   error         // why the past could not be listed again; nil once it was
	span          time.Duration // of one window
	floorMargin   time.Duration // by which listings reach less far back
	refused       int           // windows refused in a row
	sounded       time.Time     // when the log last said that content expires
	settled       time.Time     // hours that ended before are settled; zero before the first run
	unclosed      bool          // there may be settled hours to close
	seed          maphash.Seed  // of the hashes of content ids
	unlisted      unlisted      // listed once, and no more when it was asked for again
}

// New checks cfg and returns a collector; nothing is sent before Run.
func New(cfg Config, deps Dependencies) (*Collector, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	fillIn(&deps)
	c := &Collector{cfg: cfg, deps: deps}
	client, err := newClient(&c.cfg, deps.Clock, deps.Random)
	if err != nil {
		return nil, err
	}
	c.client = client
	subs := newSubscriptions(client, deps.Ledger, deps.Logger.With("tenant", cfg.TenantID))
	for _, contentType := range cfg.ContentTypes {
		logger := deps.Logger.With("tenant", cfg.TenantID, "contentType", contentType)
		c.streams = append(c.streams, &stream{
			Stream: collect.Stream{Tenant: cfg.TenantID, ContentType: contentType},
			cfg:    &c.cfg,
			client: client,
			subs:   subs,
			ledger: deps.Ledger,
			sink:   deps.Sink,
			spool:  deps.Spool,
			lags:   deps.Lags,
			clock:  deps.Clock,
			random: deps.Random,
			logger: logger,
			health: health{listing: collect.NewTrouble("listing", logger), fetching: collect.NewTrouble("fetching", logger)},
			work:   newWork(),
			room:   deps.Room,
			hints:  make(chan struct{}, 1),
			span:   maxWindow,
			seed:   maphash.MakeSeed(), unlisted: newUnlisted(mostUnlisted),
		})
	}
	return c, nil
}

// Run implements collect.Collector. Each content type lists and fetches on its
// own, so that trouble in one leaves the others alone.
func (c *Collector) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { c.watchCredential(ctx) })
	for _, s := range c.streams {
		wg.Go(func() { s.watch(ctx) })
		for range c.cfg.Concurrency {
			wg.Go(func() { s.fetch(ctx) })
		}
	}
	wg.Wait()
	c.stopped.Store(true)
	return nil
}

// watch lists again and again until ctx ends.
func (s *stream) watch(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; {
		err := s.poll(ctx)
		if ctx.Err() != nil {
			return
		}
		s.health.listEnded(err, s.clock.Now())
		s.sound(ctx)
		wait := s.cfg.PollEvery
		if err == nil {
			failures = 0
		} else {
			failures++
			wait = s.waitAfter(err, failures)
		}
		if s.rest(ctx, wait, err == nil) != nil {
			return
		}
	}
}

func (s *stream) waitAfter(err error, failures int) time.Duration {
	wait := max(pausePolicy.Delay(failures, s.random), waitAsked(err))
	switch behaviourOf(err) {
	case blocked:
		return pausePolicy.Max
	case subscribe, fixWindow:
		return min(wait, s.cfg.PollEvery)
	default:
		return wait
	}
}

// poll makes sure of the subscription and lists. When the look at the
// subscriptions fails, one that was enabled before is taken to be so still.
func (s *stream) poll(ctx context.Context) error {
	subErr := s.subs.ensure(ctx, s.Stream, s.doubt.Swap(false))
	if subErr != nil {
		sub, err := s.ledger.Subscription(ctx, s.Stream)
		if err != nil || sub.Status != collect.SubscriptionEnabled {
			return subErr
		}
	}
	err := s.list(ctx)
	if behaviourOf(err) == subscribe && err != nil {
		s.doubt.Store(true)
	}
	if err == nil {
		err = subErr
	}
	return err
}

// Status implements collect.Collector.
func (c *Collector) Status() collect.Status {
	ctx, cancel := context.WithTimeout(context.Background(), statusTimeout)
	defer cancel()
	status := collect.Status{
		Name:   "activity/" + c.cfg.TenantID,
		Source: model.SourceActivity,
		Tenant: c.cfg.TenantID,
		Health: collect.HealthRunning,
	}
	now := c.deps.Clock.Now()
	for _, s := range c.streams {
		one, err := s.ledger.Status(ctx, s.Stream, now)
		s.health.judge(&one)
		if err == nil {
			err = s.warn(ctx, &one, now)
			if w := s.subs.webhookWarning(s.ContentType); w != nil {
				one.Warnings = append(one.Warnings, *w)
			}
		}
		if err != nil {
			one.Health, one.Problem = collect.HealthDegraded, problem(err, now)
		}
		if one.Problem != nil && (status.Problem == nil || collect.Worst(status.Health, one.Health) != status.Health) {
			status.Problem = one.Problem
		}
		status.Health = collect.Worst(status.Health, one.Health)
		status.Streams = append(status.Streams, one)
	}
	status.CredentialEnds, status.Warnings = c.credential(now)
	if c.stopped.Load() {
		status.Health = collect.HealthStopped
	}
	return status
}

package auditsearch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/graph"
	"github.com/quoll/quoll/internal/backoff"
	"github.com/quoll/quoll/internal/clock"
)

// Search searches the audit log of one tenant. One search of a tenant runs at a
// time.
type Search struct {
	cfg    Config
	deps   Dependencies
	client *client
	clock  clock.Clock
	log    *slog.Logger
}

// New checks cfg; nothing is sent before Run.
func New(cfg Config, deps Dependencies) (*Search, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	deps.fillIn()
	s := &Search{cfg: cfg, deps: deps, clock: deps.Clock, log: deps.Logger.With("tenant", cfg.TenantID)}
	var err error
	s.client, err = newClient(&s.cfg, deps)
	return s, err
}

// now is the time by Graph's clock, as far as it was heard: whether an answer came
// late enough to have everything is for ever, and the machine's clock may be wrong.
func (s *Search) now() time.Time { return s.client.graph.Server().Now() }

// Plan is what a search would take.
type Plan struct {
	// Queries is how many have to be submitted at least, Covered how much of the
	// range was searched before and needs no query.
	Queries int
	Covered time.Duration
}

// Plan checks a request, an error wraps ErrRange, and says what it would take.
// What it plans is kept and done by the next Run.
func (s *Search) Plan(ctx context.Context, r Request) (Plan, error) {
	run, err := s.prepare(ctx, r)
	if err != nil {
		return Plan{}, err
	}
	return Plan{len(run.open), run.progress.Covered}, nil
}

// Progress is how far a search is.
type Progress struct {
	From, To time.Time
	// Covered is how much of the range needed no search, Done how much of it has
	// been searched by now, Covered included.
	Covered, Done time.Duration
	// Open slices are still to be searched; Running of them are at Graph.
	Open, Running int
	// Queries, Pages, Records and Bytes count what this run has submitted and
	// journalled, repeats included.
	Queries, Pages, Records, Bytes int64
	// Splits counts the slices that were cut in two because they held too much
	// or failed.
	Splits int64
	// Problem is the latest trouble; empty once something succeeds.
	Problem string
}

// Missing is a span of time whose records are not, or not all, there.
type Missing struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Reason string    `json:"reason"`
}

// Summary is what a search came to.
type Summary struct {
	Progress
	// Missing spans are searched again by the next Run.
	Missing []Missing
}

// retryPolicy spaces the tries at one slice.
var retryPolicy = backoff.Policy{First: 10 * time.Second, Max: 15 * time.Minute}

// errStorage says that the sink or the state failed, which is no slice's fault.
var errStorage = errors.New("storage failed")

// run is one search at work.
type run struct {
	*Search
	request Request
	sink    collect.Sink
	store   *store
	tell    func(Progress)

	mu       sync.Mutex
	open     []slice
	changed  chan struct{} // closed at every change of open and busy
	busy     int
	progress Progress
	missing  []Missing
}

// Run brings all records of a request to the sink. Of what an earlier run, also
// one that was killed, has finished nothing is asked for again; it goes on
// at the page where that one was. progress, unless nil, is told of every step.
//
// An error wraps ErrRange, ErrBlocked or ctx's; or storage failed. What could
// not be had is no error but in the summary.
func (s *Search) Run(ctx context.Context, r Request, sink collect.Sink, progress func(Progress)) (Summary, error) {
	run, err := s.prepare(ctx, r)
	if err != nil {
		return Summary{}, err
	}
	run.sink, run.tell = sink, progress
	if err := run.coversBefore(ctx); err != nil {
		return Summary{}, err
	}
	run.report(func(*Progress) {})
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	for range s.cfg.Concurrency {
		workers.Go(func() {
			if err := run.work(ctx); err != nil {
				cancel(err)
			}
		})
	}
	workers.Wait()
	slices.SortFunc(run.missing, func(a, b Missing) int { return a.From.Compare(b.From) })
	return Summary{run.progress, run.missing}, context.Cause(ctx)
}

func (s *Search) prepare(ctx context.Context, r Request) (*run, error) {
	now := s.now()
	if err := r.Check(s.cfg, now); err != nil {
		return nil, err
	}
	store, err := openStore(ctx, s.deps.DB, s.cfg.TenantID, r.filter())
	if err != nil {
		return nil, err
	}
	open, covered, err := store.plan(ctx, r.From, r.To, s.cfg.Slice, func(c slice) bool { return s.good(c, now) })
	if err != nil {
		return nil, err
	}
	return &run{
		Search: s, request: r, store: store, open: open, changed: make(chan struct{}),
		progress: Progress{From: r.From, To: r.To, Covered: covered, Done: covered, Open: len(open)},
	}, nil
}

// coversBefore tells of what earlier runs have searched.
func (r *run) coversBefore(ctx context.Context) error {
	known, err := r.store.overlapping(ctx, r.request.From, r.request.To)
	if err != nil {
		return err
	}
	for _, c := range known {
		if err := r.covers(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// justNow is for how long the answer to a young slice is good: so long, that a
// search that is stopped and started again does not begin anew.
const justNow = time.Hour

// good reports whether the answer to a slice needs no repetition.
func (s *Search) good(c slice, now time.Time) bool {
	settled := !c.submitted.Before(c.To.Add(s.cfg.Settle))
	return c.shortfall == "" && (settled || now.Sub(c.submitted).Abs() < justNow)
}

// report changes the progress and tells of it.
func (r *run) report(change func(*Progress)) {
	r.mu.Lock()
	change(&r.progress)
	p := r.progress
	p.Open = len(r.open) + r.busy
	r.progress.Open = p.Open
	r.mu.Unlock()
	if r.tell != nil {
		r.tell(p)
	}
}

// work drives one slice after the other until none is left.
func (r *run) work(ctx context.Context) error {
	for {
		c, ok := r.take(ctx)
		if !ok {
			return ctx.Err()
		}
		again, err := r.drive(ctx, c)
		r.release(again)
		if err != nil {
			return err
		}
	}
}

// take returns the oldest slice that is due, waiting for one; false when there
// is none to come. The oldest first: it is the next to fall out of what
// Microsoft keeps.
func (r *run) take(ctx context.Context) (*slice, bool) {
	for {
		now := r.clock.Now()
		r.mu.Lock()
		due := slices.IndexFunc(r.open, func(c slice) bool { return !c.nextTry.After(now) })
		if due >= 0 {
			c := r.open[due]
			r.open = slices.Delete(r.open, due, due+1)
			r.busy++
			r.mu.Unlock()
			return &c, true
		}
		ended := len(r.open) == 0 && r.busy == 0
		wake := now.Add(time.Hour)
		for _, c := range r.open {
			wake = earlier(wake, c.nextTry)
		}
		changed := r.changed
		r.mu.Unlock()
		if ended || !r.await(ctx, changed, wake.Sub(now)) {
			return nil, false
		}
	}
}

func (r *run) await(ctx context.Context, changed <-chan struct{}, most time.Duration) bool {
	timer := r.clock.NewTimer(max(most, time.Millisecond))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-changed:
	case <-timer.C():
	}
	return true
}

// release ends the work on a slice; again are to be worked on in its place.
func (r *run) release(again []slice) {
	r.mu.Lock()
	r.busy--
	r.open = append(r.open, again...)
	slices.SortFunc(r.open, func(a, b slice) int { return a.From.Compare(b.From) })
	close(r.changed)
	r.changed = make(chan struct{})
	r.mu.Unlock()
	r.report(func(*Progress) {})
}

// drive brings a slice as far as it goes and judges what stopped it. The slices
// it returns are still open.
func (r *run) drive(ctx context.Context, c *slice) (again []slice, err error) {
	err = r.advance(ctx, c)
	does, remedy := behaviourOf(err)
	switch {
	case err == nil:
		return nil, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, errStorage):
		return nil, err
	case errors.Is(err, errTooMuch):
		return r.cut(ctx, c, err)
	case does == blocked:
		if remedy != "" {
			err = &remedied{err, remedy}
		}
		return nil, fmt.Errorf("%w: %w", ErrBlocked, err)
	case does == throttled:
		c.nextTry = r.clock.Now().Add(max(graph.WaitAsked(err), retryPolicy.Delay(1, r.deps.Random)))
	default:
		c.failures++
		c.nextTry = r.clock.Now().Add(max(graph.WaitAsked(err), retryPolicy.Delay(c.failures, r.deps.Random)))
	}
	r.log.Warn("audit search failed", "slice", c.String(), "error", err, "failures", c.failures, "next", c.nextTry)
	r.report(func(p *Progress) { p.Problem = err.Error() })
	if err := r.store.save(ctx, c); err != nil {
		return nil, fmt.Errorf("%w: %w", errStorage, err)
	}
	if c.failures >= r.cfg.Failures {
		r.lacks(c, err.Error())
		return nil, nil
	}
	return []slice{*c}, nil
}

// cut puts two slices in the place of one that holds or takes too much.
func (r *run) cut(ctx context.Context, c *slice, why error) ([]slice, error) {
	a, b, _ := halves(c.Window, r.cfg.MinSlice)
	again, err := r.store.split(ctx, c, a, b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errStorage, err)
	}
	r.log.Info("audit search asks for less at a time", "slice", c.String(), "reason", why)
	r.report(func(p *Progress) { p.Splits++ })
	return again, nil
}

// canCut reports whether a slice is long enough to be cut in two.
func (r *run) canCut(c *slice) bool {
	_, _, ok := halves(c.Window, r.cfg.MinSlice)
	return ok
}

// lacks notes that records of a slice are not there.
func (r *run) lacks(c *slice, reason string) {
	r.log.Error("records of the audit log are missing", "slice", c.String(), "reason", reason)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missing = append(r.missing, Missing{later(c.From, r.request.From), earlier(c.To, r.request.To), reason})
}

// window is the part of a slice that was asked for by this run.
func (r *run) part(w collect.Window) time.Duration {
	return max(0, earlier(w.To, r.request.To).Sub(later(w.From, r.request.From)))
}

package detect

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/query"
)

// Querier answers KQL. A compile error of a rule's query is reported in the
// rule's health.
type Querier interface {
	Query(ctx context.Context, request query.Request) (*query.Result, error)
	// Expect says that a query will be asked again and again over windows that long,
	// and returns what it looks at in tables.
	Expect(ctx context.Context, text string, reach time.Duration) ([]*query.Interest, error)
	// Meets says of each key whether what a query looks at has it.
	Meets(ctx context.Context, it *query.Interest, keys []string) ([]bool, error)
}

// Sink takes alerts. Raise must be safe to repeat. Alert returns an alert
// raised before, by its ID.
type Sink interface {
	Raise(ctx context.Context, alert model.Alert) error
	Alert(ctx context.Context, id string) (*model.Alert, error)
}

// Config says how detection runs.
type Config struct {
	// Tick is how often due windows and late rows are looked for.
	Tick time.Duration
	// QueryTimeout ends a query that runs away. A rule that has caught up for as
	// long lets others have their turn.
	QueryTimeout time.Duration
	// NRTTimeout ends a query of an NRT rule. One that fails so is tried again with
	// QueryTimeout, beside the scheduled rules, until it succeeds.
	NRTTimeout time.Duration
	// Workers is how many scheduled rules run at a time; NRTWorkers is how many NRT
	// rules do, which wait for no scheduled one.
	Workers, NRTWorkers int
	// LateEvery and LateMost bound how often late rows are looked for, for each rule:
	// as often as it runs.
	LateEvery, LateMost time.Duration
	// Settle is how old an ingestion time must be for all rows of that time
	// to be visible.
	Settle time.Duration
	// NRTEvery is LateEvery for NRT rules.
	NRTEvery time.Duration
	// Windows is how many windows one rule catches up at once, after an absence
	// or when rows are late, before windows are left out that overlap others.
	Windows int
	// LateLimit is how far back late rows make windows run again.
	LateLimit time.Duration
}

// DefaultConfig is what serve uses unless told otherwise.
func DefaultConfig() Config {
	return Config{Tick: 10 * time.Second, QueryTimeout: time.Minute, NRTTimeout: 20 * time.Second, Workers: 2, NRTWorkers: 2, LateEvery: time.Minute, LateMost: 15 * time.Minute, NRTEvery: 20 * time.Second, Windows: 64, Settle: 2 * time.Second, LateLimit: 14 * 24 * time.Hour}
}

// clockMargin is longer than a clock that was set back can go unnoticed.
const clockMargin = 10 * time.Minute

// Detector runs rules. It is safe for concurrent use.
type Detector struct {
	config  Config
	rules   []*Rule
	known   known
	store   *store
	querier Querier
	sink    Sink
	clock   clock.Clock
	log     *slog.Logger

	coming         newcomers
	scheduled, nrt lane
	atWork         atWork

	mu       sync.Mutex // serialises the beginnings and ends of ticks
	recorder Recorder   // nil: nothing is recorded
	forgot   time.Time  // when old windows were last forgotten
	expected bool       // the rules were announced
}

// New returns a detector over rules. Its state lives in db. A rule is compiled when
// it first runs, for most detectors are made by commands that run none; one whose
// query does not compile is kept, does not run, and says so in its health. Two rules
// of one id are an error.
func New(ctx context.Context, config Config, db *sql.DB, rules []*Rule, querier Querier, sink Sink, clk clock.Clock, log *slog.Logger) (*Detector, error) {
	store, err := openStore(ctx, db)
	if err != nil {
		return nil, err
	}
	d := &Detector{
		config: config, rules: rules, known: newKnown(), store: store, querier: querier, sink: sink, clock: clk, log: log,
		scheduled: lane{workers: max(config.Workers, 1)}, nrt: lane{workers: max(config.NRTWorkers, 1)},
	}
	seen := map[string]string{}
	for _, r := range rules {
		if other, ok := seen[r.ID]; ok {
			return nil, fmt.Errorf("rules %q and %q have the same id %s: give one of them a new GUID", other, r.Name, r.ID)
		}
		seen[r.ID] = r.Name
	}
	return d, nil
}

// Run evaluates rules until ctx ends; it then returns nil. A failing rule does
// not stop the others, and a slow one does not hold up the ticks.
func (d *Detector) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	problem := func(err error) {
		if ctx.Err() == nil {
			d.log.Error("detection", "error", err)
		}
	}
	for {
		if err := d.begin(ctx, &running, problem); err != nil {
			problem(err)
		}
		if err := d.recordHealth(ctx); err != nil {
			problem(err)
		}
		if err := clock.Sleep(ctx, d.clock, d.config.Tick); err != nil {
			return nil
		}
	}
}

// Tick evaluates what is due now: windows whose time has come, and windows
// that late rows fell into; and waits for it. Errors of rules are in their health
// and joined in the result.
func (d *Detector) Tick(ctx context.Context) error {
	var running sync.WaitGroup
	var mu sync.Mutex
	var problems []error
	err := d.begin(ctx, &running, func(err error) {
		mu.Lock()
		defer mu.Unlock()
		problems = append(problems, err)
	})
	running.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(append(problems, err, d.recordHealth(ctx))...)
}

// begin gives the rules that are not at work to their lanes. problem hears, from
// any goroutine, what keeps a rule from running.
func (d *Detector) begin(ctx context.Context, running *sync.WaitGroup, problem func(error)) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.admit()
	now := d.clock.Now().UTC()
	var forgetting error
	if now.Sub(d.forgot).Abs() >= time.Hour {
		d.forgot = now
		forgetting = d.store.forget(ctx, now.Add(-2*d.config.LateLimit))
	}
	switches, err := d.store.switches(ctx)
	if err != nil {
		return errors.Join(forgetting, err)
	}
	if !d.expected {
		d.expected = true
		d.expect(ctx, switches)
	}
	look := &lookout{detector: d, now: now, upTo: now.Add(-d.config.Settle), seen: map[lookKey]*looking{}}
	for _, r := range d.rules {
		if !r.runs(switches[r.ID]) || d.known.pauses(r.ID, now) || !d.atWork.try(r.ID) {
			continue
		}
		lane, patience := &d.scheduled, d.config.QueryTimeout
		if r.Kind == "NRT" && !d.known.hasFailed(r.ID) {
			lane, patience = &d.nrt, min(d.config.NRTTimeout, patience)
		}
		running.Add(1)
		lane.submit(func() {
			defer running.Done()
			defer d.atWork.free(r.ID)
			if ctx.Err() != nil {
				return
			}
			err := d.runRule(ctx, r, look, patience)
			if ctx.Err() != nil {
				return
			}
			d.known.setFailed(r.ID, err != nil, d.clock.Now().UTC(), d.config.Tick)
			if err != nil {
				problem(err)
			}
		})
	}
	return forgetting
}

// expect announces the rules before the first of them runs, so that those that look at
// the same have it read once. One that does not compile says so when it runs.
func (d *Detector) expect(ctx context.Context, switches map[string]Switch) {
	for _, r := range d.rules {
		if !r.runs(switches[r.ID]) {
			continue
		}
		if reads, err := d.querier.Expect(ctx, r.Query, time.Duration(r.QueryPeriod)); err == nil {
			d.known.setReads(r.ID, reads)
		}
	}
}

func (d *Detector) runRule(ctx context.Context, r *Rule, look *lookout, patience time.Duration) error {
	now := d.clock.Now().UTC()
	health, err := d.store.rule(ctx, r)
	if err != nil {
		return err
	}
	if _, ok := d.known.readsOf(r.ID); !ok {
		// What it lacked, a watchlist for example, may be there by now.
		reads, err := d.querier.Expect(ctx, r.Query, time.Duration(r.QueryPeriod))
		if err != nil {
			if health.LastError != err.Error() {
				d.log.Error("rule does not compile", "rule", r.Name, "error", err)
			}
			health.LastError, health.LastRun = err.Error(), now
			return d.store.saveRule(ctx, health)
		}
		d.known.setReads(r.ID, reads)
	}
	if now.Before(health.SuppressedUntil) && !r.Watches() {
		return nil
	}
	late, due, looked, err := d.windows(ctx, r, health, now, look)
	if err != nil {
		return d.failed(ctx, r, health, now, err)
	}
	for i, w := range append(late, due...) {
		// What is due stays due; what is late has to be done before it is noted.
		if i > len(late) && d.clock.Now().Sub(now) > d.config.QueryTimeout {
			break
		}
		hits, rows, err := d.evaluate(ctx, r, w, d.clock.Now().UTC(), patience)
		if ctx.Err() != nil {
			return ctx.Err() // not the rule's fault: the window runs again
		}
		if err != nil {
			return d.failed(ctx, r, health, now, err)
		}
		health.Runs++
		health.Rows = int64(rows)
		health.Hits += int64(hits)
		health.LastRun, health.LastError = now, ""
		if w.End.After(health.LastEnd) {
			health.LastEnd = w.End
		}
		if hits > 0 && r.SuppressionEnabled {
			health.SuppressedUntil = now.Add(time.Duration(r.SuppressionDuration))
		}
	}
	if len(late)+len(due) == 0 && looked.Equal(health.Ingested) {
		return nil
	}
	// Last: a crash before this looks at the same rows again, and raising
	// again changes nothing.
	health.Ingested = looked
	return d.store.saveRule(ctx, health)
}

// failed notes a failure. The windows stay due: they run again at the next tick, and
// after pauses that grow where that fails, too.
func (d *Detector) failed(ctx context.Context, r *Rule, health Health, now time.Time, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	health.LastRun, health.LastError = now, cause.Error()
	return errors.Join(fmt.Errorf("rule %q: %w", r.Name, cause), d.store.saveRule(ctx, health))
}

// windows returns what a rule has to evaluate now: windows that rows fell into
// late, and those whose time has come; and the ingestion time up to which late rows
// are then accounted for.
func (d *Detector) windows(ctx context.Context, r *Rule, health Health, now time.Time, look *lookout) (late, due []Window, looked time.Time, err error) {
	due = r.due(health.LastEnd, now, d.config.Windows)
	if health.Ingested.IsZero() {
		return nil, due, look.upTo, nil
	}
	if look.upTo.Before(health.Ingested) {
		// The clock went back: what comes in now seems older than what was
		// looked at. Looking begins again from a while before.
		health.Ingested = look.upTo.Add(-clockMargin)
	}
	every := max(d.config.LateEvery, min(time.Duration(r.QueryFrequency), d.config.LateMost))
	if r.Kind == "NRT" {
		every = d.config.NRTEvery
	}
	if look.upTo.Sub(health.Ingested) < every {
		return nil, due, health.Ingested, nil
	}
	reads, _ := d.known.readsOf(r.ID)
	minutes, err := look.over(ctx, reads, health.Ingested)
	if err != nil {
		return nil, nil, time.Time{}, err
	}
	return r.dirty(minutes, health.LastEnd, d.config.Windows), due, look.upTo, nil
}

// Health returns how each rule fares, in the order of the rules.
func (d *Detector) Health(ctx context.Context) ([]Health, error) {
	return d.HealthOf(ctx, d.current())
}

// HealthOf returns how each of the rules fares, in their order.
func (d *Detector) HealthOf(ctx context.Context, rules []*Rule) ([]Health, error) {
	all := make([]Health, 0, len(rules))
	for _, r := range rules {
		h, err := d.store.rule(ctx, r)
		if err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

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
	// Tables returns the names of the tables that a query reads.
	Tables(text string) ([]string, error)
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
	// QueryTimeout ends a query that runs away.
	QueryTimeout time.Duration
	// LateEvery is how often, for each rule, late rows are looked for.
	LateEvery time.Duration
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
	return Config{Tick: 10 * time.Second, QueryTimeout: time.Minute, LateEvery: time.Minute, NRTEvery: 20 * time.Second, Windows: 64, Settle: 2 * time.Second, LateLimit: 14 * 24 * time.Hour}
}

// clockMargin is longer than a clock that was set back can go unnoticed.
const clockMargin = 10 * time.Minute

// Detector runs rules. It is safe for concurrent use.
type Detector struct {
	config  Config
	rules   []*Rule
	tables  map[string][]string // by rule id
	store   *store
	querier Querier
	sink    Sink
	clock   clock.Clock
	log     *slog.Logger

	coming newcomers

	mu         sync.Mutex  // serialises ticks
	exceptions []Exception // that count in this tick
	recorder   Recorder    // nil: nothing is recorded
	forgot     time.Time   // when old windows were last forgotten
}

// New returns a detector over rules. Its state lives in db. A rule whose query
// does not compile is kept, does not run, and says so in its health; two rules
// of one id are an error.
func New(ctx context.Context, config Config, db *sql.DB, rules []*Rule, querier Querier, sink Sink, clk clock.Clock, log *slog.Logger) (*Detector, error) {
	store, err := openStore(ctx, db)
	if err != nil {
		return nil, err
	}
	d := &Detector{config: config, rules: rules, tables: map[string][]string{}, store: store, querier: querier, sink: sink, clock: clk, log: log}
	seen := map[string]string{}
	for _, r := range rules {
		if other, ok := seen[r.ID]; ok {
			return nil, fmt.Errorf("rules %q and %q have the same id %s: give one of them a new GUID", other, r.Name, r.ID)
		}
		seen[r.ID] = r.Name
		tables, err := querier.Tables(r.Query)
		if err != nil {
			log.Error("rule does not compile", "rule", r.Name, "error", err)
			continue
		}
		d.tables[r.ID] = tables
	}
	return d, nil
}

// Run evaluates rules until ctx ends; it then returns nil. A failing rule does
// not stop the others.
func (d *Detector) Run(ctx context.Context) error {
	for {
		if err := d.Tick(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("detection tick", "error", err)
		}
		if err := clock.Sleep(ctx, d.clock, d.config.Tick); err != nil {
			return nil
		}
	}
}

// Tick evaluates what is due now: windows whose time has come, and windows
// that late rows fell into. Errors of rules are in their health and joined in
// the result.
func (d *Detector) Tick(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.admit()
	now := d.clock.Now().UTC()
	look := &lookout{detector: d, now: now, upTo: now.Add(-d.config.Settle), seen: map[lookKey]arrival{}}
	var problems []error
	if now.Sub(d.forgot).Abs() >= time.Hour {
		d.forgot = now
		problems = append(problems, d.store.forget(ctx, now.Add(-2*d.config.LateLimit)))
	}
	switches, err := d.store.switches(ctx)
	if err != nil {
		return errors.Join(append(problems, err)...)
	}
	if d.exceptions, err = d.store.exceptions(ctx, now); err != nil {
		return errors.Join(append(problems, err)...)
	}
	for _, r := range d.rules {
		if !r.runs(switches[r.ID]) {
			continue
		}
		if err := d.runRule(ctx, r, now, look); err != nil {
			problems = append(problems, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	problems = append(problems, d.recordHealth(ctx, switches, now))
	return errors.Join(problems...)
}

func (d *Detector) runRule(ctx context.Context, r *Rule, now time.Time, look *lookout) error {
	health, err := d.store.rule(ctx, r)
	if err != nil {
		return err
	}
	if _, ok := d.tables[r.ID]; !ok {
		// What it lacks, a watchlist for example, may be there by now.
		tables, err := d.querier.Tables(r.Query)
		if err != nil {
			health.LastError, health.LastRun = err.Error(), now
			return d.store.saveRule(ctx, health)
		}
		d.tables[r.ID] = tables
	}
	if now.Before(health.SuppressedUntil) && !r.Watches() {
		return nil
	}
	windows, looked, err := d.windows(ctx, r, health, now, look)
	if err != nil {
		return d.failed(ctx, r, health, now, err)
	}
	for _, w := range windows {
		hits, rows, err := d.evaluate(ctx, r, w, now, d.config.QueryTimeout)
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
	if len(windows) == 0 && looked.Equal(health.Ingested) {
		return nil
	}
	// Last: a crash before this looks at the same rows again, and raising
	// again changes nothing.
	health.Ingested = looked
	return d.store.saveRule(ctx, health)
}

// failed notes a failure. The windows stay due: they run again at the next
// tick.
func (d *Detector) failed(ctx context.Context, r *Rule, health Health, now time.Time, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	health.LastRun, health.LastError = now, cause.Error()
	return errors.Join(fmt.Errorf("rule %q: %w", r.Name, cause), d.store.saveRule(ctx, health))
}

// windows returns what a rule has to evaluate now, and the ingestion time up
// to which late rows are then accounted for.
func (d *Detector) windows(ctx context.Context, r *Rule, health Health, now time.Time, look *lookout) ([]Window, time.Time, error) {
	due := r.due(health.LastEnd, now, d.config.Windows)
	if health.Ingested.IsZero() {
		return due, look.upTo, nil
	}
	if look.upTo.Before(health.Ingested) {
		// The clock went back: what comes in now seems older than what was
		// looked at. Looking begins again from a while before.
		health.Ingested = look.upTo.Add(-clockMargin)
	}
	every := d.config.LateEvery
	if r.Kind == "NRT" {
		every = d.config.NRTEvery
	}
	if look.upTo.Sub(health.Ingested) < every {
		return due, health.Ingested, nil
	}
	late, err := look.over(ctx, d.tables[r.ID], health.Ingested)
	if err != nil {
		return nil, time.Time{}, err
	}
	return append(r.dirty(late, health.LastEnd, d.config.Windows), due...), look.upTo, nil
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

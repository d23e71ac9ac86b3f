package simulate

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/internal/state/statetest"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/pipeline"
	"github.com/quoll/quoll/schema"
)

// machine is what outlives the processes on it: its disk and its databases.
type machine struct {
	disk    *durabletest.FS
	state   *statetest.Database
	catalog *statetest.Database
	faults  *diskFaults
	random  *rand.Rand
}

func newMachine(seed uint64) (*machine, error) {
	random := rand.New(rand.NewPCG(seed, 2))
	m := &machine{random: random, faults: newDiskFaults(seed), disk: durabletest.New(nil)}
	m.disk.SetInject(m.faults.decide)
	var err error
	if m.state, err = statetest.New("state.db"); err != nil {
		return nil, err
	}
	m.catalog, err = statetest.New("catalog.db")
	return m, err
}

func (m *machine) close() error { return errors.Join(m.state.Close(), m.catalog.Close()) }

// restart gives the machine power again after a crash. What was not synced is
// lost, in part or not at all.
func (m *machine) restart() {
	keep := []durabletest.Keep{durabletest.KeepNone, durabletest.KeepAll, durabletest.KeepSome}[m.random.IntN(3)]
	m.disk = m.disk.AfterCrash(keep, m.random)
	m.disk.SetInject(m.faults.decide)
}

// diskFaults decides what becomes of the operations of the disk. Its methods
// may be called from any goroutine.
type diskFaults struct {
	mu        sync.Mutex
	random    *rand.Rand
	share     float64 // of operations that fail by themselves
	fullUntil time.Time
	crashIn   int // operations until the crash; 0 is never
	crashed   chan struct{}

	// What happened so far.
	crashes                      map[string]int // by kind of operation
	full, failedKept, failedLost int
}

func newDiskFaults(seed uint64) *diskFaults {
	return &diskFaults{random: rand.New(rand.NewPCG(seed, 3)), crashes: map[string]int{}}
}

// boot begins the life of a process that crashes at an operation; 0 is never.
func (f *diskFaults) boot(crashIn int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.crashIn, f.crashed = crashIn, make(chan struct{})
}

func (f *diskFaults) set(share float64, fullUntil time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.share, f.fullUntil = share, fullUntil
}

// grows are the kinds of operation that need room on the disk.
var grows = map[string]bool{"create": true, "mkdir": true, "write": true, "commit": true, "link": true}

func (f *diskFaults) decide(op durabletest.Op) durabletest.Outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.crashIn > 0 {
		if f.crashIn--; f.crashIn == 0 {
			close(f.crashed)
			f.crashes[op.Kind]++
			return durabletest.Crash
		}
	}
	switch {
	case grows[op.Kind] && time.Now().Before(f.fullUntil):
		f.full++
		return durabletest.FailLost
	case f.share == 0 || f.random.Float64() >= f.share:
		return durabletest.Done
	case f.random.IntN(2) == 0:
		f.failedKept++
		return durabletest.FailKept
	}
	f.failedLost++
	return durabletest.FailLost
}

// pace is how often the pipeline flushes the lake and merges its files.
type pace struct{ flush, maintain time.Duration }

// tables are those that audit records have rows in, and one that never has any.
// Each table has metadata that every start reads.
var tables = func() (all []*schema.Table) {
	for _, t := range schema.Tables() {
		switch t.Name {
		case schema.OfficeActivity, schema.UnifiedAuditLog, schema.UnifiedAuditLogRevisions, schema.UrlClickEvents:
			all = append(all, t)
		}
	}
	return all
}()

// process is Quoll without a server: the river, opened in the order in which
// the real one opens it.
type process struct {
	journal   *journal.Journal
	state     *sql.DB
	ledger    *collect.Ledger
	lake      *lake.Lake
	pipeline  *pipeline.Pipeline
	collector *activity.Collector
	closers   []func() error
}

// boot opens everything and makes what is journalled visible.
func (m *machine) boot(ctx context.Context, cfg activity.Config, skew time.Duration, speed pace, logger *slog.Logger) (*process, error) {
	p := &process{}
	if err := p.open(ctx, m, cfg, clock.Skewed(clock.System(), skew), speed, logger); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *process) open(ctx context.Context, m *machine, cfg activity.Config, machineClock clock.Clock, speed pace, logger *slog.Logger) (err error) {
	if p.journal, err = journal.Open(journal.Config{Dir: "/data/journal", SegmentBytes: 64 << 10, FS: m.disk}); err != nil {
		return err
	}
	p.closers = append(p.closers, p.journal.Close)
	p.state = m.state.Open(m.disk)
	p.closers = append(p.closers, p.state.Close)
	rows := lake.DefaultConfig("/data/lake")
	rows.FS, rows.KeepSnapshots, rows.Tables = m.disk, 3, tables
	rows.OpenCatalog = func(context.Context, string) (*sql.DB, error) { return m.catalog.Open(m.disk), nil }
	if p.lake, err = lake.Open(ctx, rows, logger); err != nil {
		return err
	}
	p.closers = append(p.closers, p.lake.Close)
	config := pipeline.DefaultConfig()
	config.FlushEvery, config.MaintainEvery, config.Workers, config.Prefetch, config.RetryAfter = speed.flush, speed.maintain, 1, 2, time.Minute
	p.pipeline, err = pipeline.New(ctx, config, pipeline.Parts{
		Journal: p.journal, Lake: p.lake, Normaliser: normalise.New(normalise.Config{WorkspaceID: "simulated"}),
		State: p.state, Clock: machineClock, Logger: logger,
	})
	if err != nil {
		return err
	}
	if err := p.pipeline.Catchup(ctx); err != nil {
		return err
	}
	if p.ledger, err = collect.OpenLedger(ctx, p.state); err != nil {
		return err
	}
	var mu sync.Mutex
	jitter := rand.New(rand.NewPCG(m.random.Uint64(), 4))
	p.collector, err = activity.New(cfg, activity.Dependencies{
		Ledger: p.ledger, Sink: p.pipeline, Clock: machineClock, Logger: logger,
		Random: func() float64 { mu.Lock(); defer mu.Unlock(); return jitter.Float64() },
	})
	return err
}

func (p *process) close() error {
	var errs []error
	for i := len(p.closers) - 1; i >= 0; i-- {
		errs = append(errs, p.closers[i]())
	}
	p.closers = nil
	return errors.Join(errs...)
}

// run collects until ctx ends, and then stops in the order of the river. It
// returns earlier, with an error, when the pipeline gives up.
func (p *process) run(ctx context.Context) error {
	keep, stopKeeping := context.WithCancel(context.WithoutCancel(ctx))
	defer stopKeeping()
	collecting, stopCollecting := context.WithCancel(ctx)
	kept, collected := make(chan error, 1), make(chan error, 1)
	go func() {
		defer stopCollecting()
		kept <- p.pipeline.Run(keep)
	}()
	go func() { collected <- p.collector.Run(collecting) }()
	err := <-collected
	stopKeeping()
	return errors.Join(err, <-kept, p.close())
}

// collectorConfig is that of the simulated tenant, at the pace of a life.
func (t *tenant) collectorConfig() activity.Config {
	cfg := activity.DefaultConfig()
	cfg.TenantID, cfg.ClientID, cfg.ClientSecret = tenantID, clientID, collect.NewSecret(clientSecret)
	cfg.HTTPClient = &http.Client{Transport: t.network}
	cfg.ContentTypes, cfg.SettleAfter = t.types, settleAfter
	return cfg
}

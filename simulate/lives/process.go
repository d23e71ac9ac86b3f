package lives

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/pipeline"
	"github.com/quoll/quoll/schema"
)

// Config is how a process runs.
type Config struct {
	Clock  clock.Clock
	Logger *slog.Logger // nil is silent
	// Tables are the names of those that the lake has: each has metadata that
	// every start reads.
	Tables []string
	// FlushEvery and MaintainEvery are how often the pipeline flushes the lake
	// and merges its files, RetryAfter is how long it waits after an error. Zero
	// is the pipeline's own.
	FlushEvery, MaintainEvery, RetryAfter time.Duration
	// KeyRunRecords is how many keys of records the lake has in memory before
	// they go to a file; zero is the lake's own.
	KeyRunRecords int
	// Room is what is free on the disk; nil is enough.
	Room pipeline.Room
	// Watch is called with the lake and returns what the pipeline fills; nil is
	// the lake itself.
	Watch func(*lake.Lake) pipeline.Lake
}

// Process is Quoll without a server and without a source: the rest of the river,
// opened in the order in which the real one opens it.
type Process struct {
	Journal  *journal.Journal
	State    *sql.DB
	Lake     *lake.Lake
	Pipeline *pipeline.Pipeline
	machine  *Machine
	closers  []func() error
}

// Boot opens everything and makes what is journalled visible.
func (m *Machine) Boot(ctx context.Context, cfg Config) (*Process, error) {
	p := &Process{machine: m}
	if err := p.open(ctx, cfg); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Process) open(ctx context.Context, cfg Config) (err error) {
	m, logger := p.machine, cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	if p.Journal, err = journal.Open(journal.Config{Dir: "/data/journal", SegmentBytes: 64 << 10, FS: m.disk}); err != nil {
		return err
	}
	p.OnClose(p.Journal.Close)
	p.State = m.Database(stateDB)
	p.OnClose(p.State.Close)
	rows := lake.DefaultConfig("/data/lake")
	rows.FS, rows.KeepSnapshots = m.disk, 3
	rows.KeyRunRecords = cmp.Or(cfg.KeyRunRecords, rows.KeyRunRecords)
	rows.OpenCatalog = func(context.Context, string) (*sql.DB, error) { return m.Database(catalogDB), nil }
	if rows.Tables, err = tables(cfg.Tables); err != nil {
		return err
	}
	if p.Lake, err = lake.Open(ctx, rows, logger); err != nil {
		return err
	}
	p.OnClose(p.Lake.Close)
	pace := pipeline.DefaultConfig()
	pace.Workers, pace.Prefetch = 1, 2
	pace.FlushEvery = cmp.Or(cfg.FlushEvery, pace.FlushEvery)
	pace.MaintainEvery = cmp.Or(cfg.MaintainEvery, pace.MaintainEvery)
	pace.RetryAfter = cmp.Or(cfg.RetryAfter, pace.RetryAfter)
	var filled pipeline.Lake = p.Lake
	if cfg.Watch != nil {
		filled = cfg.Watch(p.Lake)
	}
	p.Pipeline, err = pipeline.New(ctx, pace, pipeline.Parts{
		Journal: p.Journal, Lake: filled, Normaliser: normalise.New(normalise.Config{WorkspaceID: "simulated"}),
		State: p.State, Clock: cfg.Clock, Logger: logger, Room: cfg.Room,
	})
	if err != nil {
		return err
	}
	return p.Pipeline.Catchup(ctx)
}

func tables(names []string) ([]*schema.Table, error) {
	var found []*schema.Table
	for _, name := range names {
		t, ok := schema.Lookup(name)
		if !ok {
			return nil, fmt.Errorf("simulate: no table %s", name)
		}
		found = append(found, t)
	}
	return found, nil
}

// Open opens a further database of the machine, which closes with the process.
func (p *Process) Open(database string) *sql.DB {
	db := p.machine.Database(database)
	p.OnClose(db.Close)
	return db
}

// OnClose has something else closed with the process, before everything that
// was opened earlier.
func (p *Process) OnClose(close func() error) { p.closers = append(p.closers, close) }

// Close ends a process that does not run.
func (p *Process) Close() error {
	var errs []error
	for i := len(p.closers) - 1; i >= 0; i-- {
		errs = append(errs, p.closers[i]())
	}
	p.closers = nil
	return errors.Join(errs...)
}

// Run collects until ctx ends, and then stops in the order of the river. It
// returns earlier, with an error, when the pipeline gives up.
func (p *Process) Run(ctx context.Context, collectors ...func(context.Context) error) error {
	keep, stopKeeping := context.WithCancel(context.WithoutCancel(ctx))
	defer stopKeeping()
	collecting, stopCollecting := context.WithCancel(ctx)
	defer stopCollecting()
	kept := make(chan error, 1)
	go func() {
		defer stopCollecting()
		kept <- p.Pipeline.Run(keep)
	}()
	errs := make([]error, len(collectors))
	var group sync.WaitGroup
	for i, run := range collectors {
		group.Go(func() { errs[i] = run(collecting) })
	}
	group.Wait()
	stopKeeping()
	return errors.Join(append(errs, <-kept, p.Close())...)
}

package defender

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/internal/state/statetest"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/pipeline"
)

// machine is what outlives the processes on it: its disk and its databases.
type machine struct {
	disk    *durabletest.FS
	state   *statetest.Database
	second  *statetest.Database // of the group's second member
	catalog *statetest.Database
	random  *rand.Rand

	mu      sync.Mutex
	faults  *rand.Rand
	share   float64 // of operations that fail
	crashIn int     // operations until the crash; 0 is never
	crashed chan struct{}
}

func newMachine(seed uint64) (*machine, error) {
	m := &machine{random: rand.New(rand.NewPCG(seed, 2)), faults: rand.New(rand.NewPCG(seed, 3)), disk: durabletest.New(nil)}
	m.disk.SetInject(m.decide)
	var err error
	if m.state, err = statetest.New("state.db"); err != nil {
		return nil, err
	}
	if m.second, err = statetest.New("second.db"); err != nil {
		return nil, err
	}
	m.catalog, err = statetest.New("catalog.db")
	return m, err
}

func (m *machine) close() error {
	return errors.Join(m.state.Close(), m.second.Close(), m.catalog.Close())
}

// plan says what becomes of the disk until the next start.
func (m *machine) plan(share float64, crashIn int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.share, m.crashIn, m.crashed = share, crashIn, make(chan struct{})
}

func (m *machine) decide(durabletest.Op) durabletest.Outcome {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.crashIn > 0 {
		if m.crashIn--; m.crashIn == 0 {
			close(m.crashed)
			return durabletest.Crash
		}
	}
	if m.share > 0 && m.faults.Float64() < m.share {
		return []durabletest.Outcome{durabletest.FailLost, durabletest.FailKept}[m.faults.IntN(2)]
	}
	return durabletest.Done
}

// restart gives the machine power again. What was not synced is lost, in part or
// not at all.
func (m *machine) restart() {
	keep := []durabletest.Keep{durabletest.KeepNone, durabletest.KeepAll, durabletest.KeepSome}[m.random.IntN(3)]
	m.disk = m.disk.AfterCrash(keep, m.random)
	m.disk.SetInject(m.decide)
}

// process is Quoll as far as these roads need it.
type process struct {
	journal  *journal.Journal
	state    *sql.DB
	second   *sql.DB
	lake     *lake.Lake
	pipeline *pipeline.Pipeline
	closers  []func() error
}

// boot opens everything and makes what is journalled visible.
func (m *machine) boot(ctx context.Context, flushEvery time.Duration) (*process, error) {
	p := &process{}
	if err := p.open(ctx, m, flushEvery); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *process) open(ctx context.Context, m *machine, flushEvery time.Duration) (err error) {
	quiet := slog.New(slog.DiscardHandler)
	if p.journal, err = journal.Open(journal.Config{Dir: "/data/journal", SegmentBytes: 64 << 10, FS: m.disk}); err != nil {
		return err
	}
	p.closers = append(p.closers, p.journal.Close)
	p.state = m.state.Open(m.disk)
	p.second = m.second.Open(m.disk)
	p.closers = append(p.closers, p.state.Close, p.second.Close)
	rows := lake.DefaultConfig("/data/lake")
	rows.FS, rows.KeepSnapshots = m.disk, 3
	rows.OpenCatalog = func(context.Context, string) (*sql.DB, error) { return m.catalog.Open(m.disk), nil }
	if p.lake, err = lake.Open(ctx, rows, quiet); err != nil {
		return err
	}
	p.closers = append(p.closers, p.lake.Close)
	pace := pipeline.DefaultConfig()
	pace.FlushEvery, pace.Workers, pace.Prefetch = flushEvery, 1, 2
	p.pipeline, err = pipeline.New(ctx, pace, pipeline.Parts{
		Journal: p.journal, Lake: p.lake, Normaliser: normalise.New(normalise.Config{WorkspaceID: "simulated"}),
		State: p.state, Clock: hasty{}, Logger: quiet,
	})
	if err != nil {
		return err
	}
	return p.pipeline.Catchup(ctx)
}

func (p *process) close() error {
	var errs []error
	for i := len(p.closers) - 1; i >= 0; i-- {
		errs = append(errs, p.closers[i]())
	}
	p.closers = nil
	return errors.Join(errs...)
}

// run collects until ctx ends, and then stops in the order of the river.
func (p *process) run(ctx context.Context, collectors []collect.Collector) error {
	keep, stopKeeping := context.WithCancel(context.WithoutCancel(ctx))
	defer stopKeeping()
	collecting, stopCollecting := context.WithCancel(ctx)
	defer stopCollecting()
	kept := make(chan error, 1)
	go func() {
		defer stopCollecting()
		kept <- p.pipeline.Run(keep)
	}()
	errs := make([]error, len(collectors))
	var group sync.WaitGroup
	for i, c := range collectors {
		group.Go(func() { errs[i] = c.Run(collecting) })
	}
	group.Wait()
	stopKeeping()
	return errors.Join(append(errs, <-kept, p.close())...)
}

// hasty is the machine's clock, whose waits are a hundredth as long.
type hasty struct{}

func (hasty) Now() time.Time { return time.Now().UTC() }

func (hasty) NewTimer(d time.Duration) clock.Timer { return clock.System().NewTimer(d / 100) }

// wire is a network that can be cut.
type wire struct {
	mu    sync.Mutex
	down  bool
	conns []net.Conn
}

var errCut = errors.New("the wire is cut")

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errCut}
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err == nil {
		w.conns = append(w.conns, conn)
	}
	return conn, err
}

// cut ends every connection and, if it is to last, refuses new ones.
func (w *wire) cut(lasts bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = lasts
	for _, c := range w.conns {
		_ = c.Close() // what reads from it tells
	}
	w.conns = nil
}

func (w *wire) isDown() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.down
}

package pipeline

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
)

// Journal is what the pipeline needs of the journal.
type Journal interface {
	Append(ctx context.Context, payloads ...model.Payload) (journal.Position, error)
	Last() journal.Position
	Wait(ctx context.Context, after journal.Position) error
	Read(ctx context.Context, after journal.Position, yield func(journal.Entry) error) error
	// Lend is Read of entries that are given back once their rows are made.
	Lend(ctx context.Context, after journal.Position, yield func(journal.Entry) error) error
}

// Lake is what the pipeline needs of the lake.
type Lake interface {
	Apply(ctx context.Context, b lake.Batch) (lake.Applied, error)
	Flush(ctx context.Context) error
	// Maintain merges small files and lets go of what is kept no longer.
	Maintain(ctx context.Context) error
	// Applied is the position of the last batch applied, Position the one up
	// to which all rows are in files.
	Applied() uint64
	Position() uint64
}

// Normaliser turns a payload into rows. It may panic: the payload is then
// quarantined.
type Normaliser interface {
	Payload(p model.Payload) normalise.Result
}

// Archive takes every payload downstream, in the order of the journal.
type Archive interface {
	// Add takes the payload of a journal position. A position at or below one
	// that was added is ignored.
	Add(ctx context.Context, position uint64, p model.Payload) error
	// SealIfDue publishes a checkpoint if what was added has waited for long
	// enough, Flush in any case.
	SealIfDue(ctx context.Context) error
	Flush(ctx context.Context) error
	// Sealed is the last position that a published checkpoint covers.
	Sealed() uint64
}

// Rejects keeps what could not be taken.
type Rejects interface {
	// Reject keeps the rejects of one journal entry. It may be called again
	// for the same position after a crash.
	Reject(ctx context.Context, position uint64, p model.Payload, rejects []normalise.Reject) error
}

// Drift remembers what the normaliser sighted.
type Drift interface {
	// Keep takes what the payload at a position showed first, and when it
	// arrived, in the order of the journal.
	Keep(ctx context.Context, position uint64, received time.Time, sightings []normalise.Sighting) error
}

// Lags measures how long records take on their way.
type Lags interface {
	// Visible is told of every payload that has become visible at now, with
	// when its records happened.
	Visible(s collect.Stream, name string, received time.Time, events []time.Time, now time.Time)
}

// Config is the pace of the pipeline.
type Config struct {
	// FlushEvery is the time between two flushes of the lake.
	FlushEvery time.Duration
	// MaintainEvery is the time between two looks at what of the lake is to be
	// merged.
	MaintainEvery time.Duration
	// Workers is how many payloads are normalised at once.
	Workers int
	// Prefetch is how many payloads are read ahead of the one being applied.
	Prefetch int
	// SealEvery is the time between two questions to the archive whether a
	// checkpoint is due.
	SealEvery time.Duration
	// RetryAfter is the pause after the lake or the archive failed.
	RetryAfter time.Duration
}

// DefaultConfig returns the configuration for this machine.
func DefaultConfig() Config {
	return Config{
		FlushEvery:    5 * time.Minute,
		MaintainEvery: 10 * time.Minute,
		Workers:       runtime.GOMAXPROCS(0),
		Prefetch:      2 * runtime.GOMAXPROCS(0),
		SealEvery:     2 * time.Second,
		RetryAfter:    5 * time.Second,
	}
}

// Validate returns what is wrong with the configuration, if anything.
func (c Config) Validate() error {
	switch {
	case c.FlushEvery <= 0:
		return fmt.Errorf("pipeline: FlushEvery is %v, not above zero", c.FlushEvery)
	case c.MaintainEvery <= 0:
		return fmt.Errorf("pipeline: MaintainEvery is %v, not above zero", c.MaintainEvery)
	case c.Workers < 1:
		return fmt.Errorf("pipeline: Workers is %d, less than 1", c.Workers)
	case c.Prefetch < 1:
		return fmt.Errorf("pipeline: Prefetch is %d, less than 1", c.Prefetch)
	case c.SealEvery <= 0:
		return fmt.Errorf("pipeline: SealEvery is %v, not above zero", c.SealEvery)
	case c.RetryAfter <= 0:
		return fmt.Errorf("pipeline: RetryAfter is %v, not above zero", c.RetryAfter)
	}
	return nil
}

// Parts are what the pipeline joins. Archive, Rejects, Drift, Lags and Room may be nil.
type Parts struct {
	Journal    Journal
	Normaliser Normaliser
	Lake       Lake
	Archive    Archive
	Rejects    Rejects
	Drift      Drift
	Lags       Lags
	Room       Room
	State      *sql.DB
	Clock      clock.Clock
	Logger     *slog.Logger
}

// Pipeline is safe for use by several goroutines.
type Pipeline struct {
	Parts
	config Config

	// applyMu is held while entries are read and applied, so that Run, Catchup
	// and Import can all ask for progress and batches stay in order.
	applyMu sync.Mutex

	mu     sync.Mutex
	status Status
	moved  chan struct{}   // closed and replaced with each entry applied
	others map[string]bool // tenants and other organisations that the log has told of

	following atomic.Int32 // how many apply what is journalled: Run, and an import

	// watchMu is held while an import appends, so that the entry cannot be
	// applied before its watcher is known.
	gate gate

	watchMu  sync.Mutex
	watchers map[journal.Position]chan<- outcome
}

var _ collect.Sink = (*Pipeline)(nil)

//go:embed migrations
var migrations embed.FS

// New joins the parts. It prepares the pipeline's tables in the state.
func New(ctx context.Context, config Config, parts Parts) (*Pipeline, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if err := state.Migrate(ctx, parts.State, "pipeline", migrations); err != nil {
		return nil, fmt.Errorf("prepare the pipeline: %w", err)
	}
	p := &Pipeline{Parts: parts, config: config, watchers: map[journal.Position]chan<- outcome{}, moved: make(chan struct{})}
	p.gate = gate{room: parts.Room, clock: parts.Clock, turned: p.pressed}
	if err := p.countQuarantine(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// Journal implements collect.Sink: it returns when the payload is durable. It
// keeps the caller waiting a little while rows are made of much that came before, and
// while the disk is short of room; ErrNoRoom says that it takes nothing at the edge.
func (p *Pipeline) Journal(ctx context.Context, payload model.Payload) (uint64, error) {
	if err := p.gate.pass(ctx, payload.Source); err != nil {
		return 0, fmt.Errorf("journal %s payload %q: %w", payload.Source, payload.Name, err)
	}
	position, err := p.Parts.Journal.Append(ctx, payload)
	if err != nil {
		return 0, fmt.Errorf("journal %s payload %q: %w", payload.Source, payload.Name, err)
	}
	p.pace(ctx, position)
	return uint64(position), nil
}

// Run applies what is journalled until ctx ends, flushes the lake and feeds
// the archive. At the end it finishes the batch at hand, flushes the lake,
// seals the archive and returns nil; the journal, the lake and the archive are
// then the caller's to close, in this order. It returns an error if the journal cannot be read or the lake
// must be opened anew; what fails and may work later is tried again.
func (p *Pipeline) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	loops := []func(context.Context) error{p.follow, p.flushLoop, p.maintainLoop}
	if p.Archive != nil {
		loops = append(loops, p.archiveLoop, p.sealLoop)
	}
	errs := make([]error, len(loops))
	var group sync.WaitGroup
	for i, loop := range loops {
		group.Go(func() {
			defer cancel()
			errs[i] = loop(ctx)
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	flushing, cancel := context.WithTimeout(ctx, lastFlush)
	defer cancel()
	err := p.Flush(flushing)
	if p.Archive != nil {
		if sealErr := p.Archive.Flush(ctx); sealErr != nil {
			err = errors.Join(err, fmt.Errorf("seal the archive: %w", sealErr))
		}
	}
	return err
}

// lastFlush bounds the flush at the end, so that a store that does not answer keeps
// nobody from stopping: what is not in files is in the journal.
const lastFlush = time.Minute

// Catchup applies everything that is in the journal now and returns when it is
// visible. Commands that run once call it before they ask the lake.
func (p *Pipeline) Catchup(ctx context.Context) error {
	last := p.Parts.Journal.Last()
	if uint64(last) < p.Lake.Position() {
		return fmt.Errorf("the lake has rows up to journal position %d, but the journal ends at %d: the two are not of one data folder", p.Lake.Position(), last)
	}
	return p.advance(ctx)
}

// Flush writes the rows in memory to files.
func (p *Pipeline) Flush(ctx context.Context) error {
	err := p.Lake.Flush(ctx)
	p.update(func(s *Status) {
		s.FlushError = ""
		if err != nil {
			s.FlushError = err.Error()
			return
		}
		s.LastFlush = p.Clock.Now()
	})
	return err
}

// follow applies entries as they come.
func (p *Pipeline) follow(ctx context.Context) error {
	p.following.Add(1)
	defer p.following.Add(-1)
	for {
		if err := p.advance(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if err := p.Parts.Journal.Wait(ctx, journal.Position(p.Lake.Applied())); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("wait for the journal: %w", err)
		}
	}
}

func (p *Pipeline) flushLoop(ctx context.Context) error {
	for {
		if err := clock.Sleep(ctx, p.Clock, p.config.FlushEvery); err != nil {
			return nil
		}
		err := p.Flush(ctx)
		switch {
		case err == nil || ctx.Err() != nil:
		case errors.Is(err, lake.ErrUncertain), errors.Is(err, lake.ErrTaken), errors.Is(err, lake.ErrClosed):
			return err
		default:
			p.Logger.Error("flushing the lake failed; it is tried again", "error", err, "after", p.config.FlushEvery)
		}
	}
}

// maintainLoop keeps the lake in order. What fails is logged and tried again: the
// rows are as they were.
func (p *Pipeline) maintainLoop(ctx context.Context) error {
	for clock.Sleep(ctx, p.Clock, p.config.MaintainEvery) == nil {
		if pressure, _, _ := p.gate.look(); pressure == PressureStop {
			continue // merged files lie beside the old ones until they are committed
		}
		err := p.Lake.Maintain(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, lake.ErrUncertain), errors.Is(err, lake.ErrTaken), errors.Is(err, lake.ErrClosed):
			return err
		}
		p.update(func(s *Status) {
			s.MaintainError = ""
			if err != nil {
				s.MaintainError = err.Error()
			}
		})
		if err != nil {
			p.Logger.Error("keeping the lake in order failed; it is tried again", "error", err, "after", p.config.MaintainEvery)
		}
	}
	return nil
}

// archiveLoop feeds the archive. It begins behind the last checkpoint, because
// what was added after that may be lost.
func (p *Pipeline) archiveLoop(ctx context.Context) error {
	after := journal.Position(p.Archive.Sealed())
	for {
		err := p.Parts.Journal.Read(ctx, after, func(e journal.Entry) error {
			e.Payload.Sum = e.SHA256
			if err := p.Archive.Add(ctx, uint64(e.Position), e.Payload); err != nil {
				return fmt.Errorf("archive position %d: %w", e.Position, err)
			}
			after = e.Position
			if e.Payload.Packed != nil {
				e.GiveBack() // the archive has the packed body alone
			}
			return nil
		})
		if err == nil {
			p.update(func(s *Status) { s.ArchiveError = "" })
			err = p.Parts.Journal.Wait(ctx, after)
		}
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, journal.ErrCorrupt) || errors.Is(err, journal.ErrClosed) {
			return err
		}
		if err != nil {
			p.Logger.Error("archiving failed; it is tried again", "error", err, "after", p.config.RetryAfter)
			p.update(func(s *Status) { s.ArchiveError = err.Error() })
			if clock.Sleep(ctx, p.Clock, p.config.RetryAfter) != nil {
				return nil
			}
		}
	}
}

// sealLoop lets the last payloads of a quiet hour be sealed too. An error is
// reported by the next Add, too, and is shown until a seal succeeds.
func (p *Pipeline) sealLoop(ctx context.Context) error {
	for clock.Sleep(ctx, p.Clock, p.config.SealEvery) == nil {
		if err := p.Archive.SealIfDue(ctx); err != nil && ctx.Err() == nil {
			p.Logger.Error("sealing the archive failed; it is tried again", "error", err, "after", p.config.SealEvery)
			p.update(func(s *Status) { s.ArchiveError = err.Error() })
		}
	}
	return nil
}

// Package blobexport collects the streaming export of Microsoft Defender XDR in
// the layout of its storage accounts: a container per table, a blob per tenant
// and hour that grows by appended lines.
//
// It must not know what a record means, nor what kind of storage the blobs lie
// in: that is behind Store, of which Folder is one.
package blobexport

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/backoff"
	"github.com/quoll/quoll/internal/clock"
)

// Config says what to read and how often.
type Config struct {
	// Name tells this store from others in state and status; changing it makes
	// everything be read again.
	Name string
	// Tenant restricts the reading to blobs of one tenant (a GUID), and is the
	// tenant of blobs whose path names none. Empty takes all.
	Tenant string
	// PollEvery is the wait between two looks at all blobs.
	PollEvery time.Duration
	// ChunkBytes is the size of a payload; only a single line that is longer
	// makes a larger one, up to MaxLineBytes. A blob with a longer line is not
	// read on, with a problem that says so.
	ChunkBytes   int
	MaxLineBytes int
	// WholeUpTo is how many blobs a container may have for every look to be at all
	// of them. In a larger one, most looks are at today's and yesterday's hours,
	// and one in WholeEvery is at all.
	WholeUpTo  int
	WholeEvery time.Duration
}

// DefaultConfig returns the defaults of a store under the given name.
func DefaultConfig(name string) Config {
	return Config{Name: name, PollEvery: 10 * time.Second, ChunkBytes: 4 << 20, MaxLineBytes: 64 << 20, WholeUpTo: listingPage, WholeEvery: time.Hour}
}

// Validate reports everything that is wrong, joined.
func (c *Config) Validate() error {
	var errs []error
	c.Tenant = strings.ToLower(c.Tenant)
	if c.Name == "" {
		errs = append(errs, errors.New("blobexport: the store has no name"))
	}
	if c.PollEvery <= 0 || c.WholeUpTo < 0 || c.WholeEvery <= 0 {
		errs = append(errs, errors.New("blobexport: intervals must be positive"))
	}
	if c.ChunkBytes < 1 || c.MaxLineBytes < c.ChunkBytes {
		errs = append(errs, errors.New("blobexport: a chunk must have at least 1 byte, and no more than the longest line"))
	}
	return errors.Join(errs...)
}

// Dependencies are what a collector works with. All are needed but Clock,
// Random and Logger.
type Dependencies struct {
	DB     *sql.DB // of internal/state; holds the offsets
	Store  Store
	Sink   collect.Sink
	Clock  clock.Clock    // clock.System() when nil
	Random func() float64 // numbers in [0, 1), safe for concurrent use; math/rand/v2's when nil
	Logger *slog.Logger   // discards when nil
}

// Collector reads one store. It implements collect.Collector.
type Collector struct {
	cfg     Config
	store   Store
	sink    collect.Sink
	clock   clock.Clock
	random  func() float64
	logger  *slog.Logger
	offsets *offsets
	health  health
	seen    map[string]*seen // by container; Run's alone
}

var _ collect.Collector = (*Collector)(nil)

// pausePolicy spaces polls while they fail.
var pausePolicy = backoff.Policy{First: 5 * time.Second, Max: 5 * time.Minute}

// New checks cfg, brings the tables in deps.DB up to date and returns a
// collector; nothing is read before Run.
func New(ctx context.Context, cfg Config, deps Dependencies) (*Collector, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	offsets, err := openOffsets(ctx, deps.DB, cfg.Name)
	if err != nil {
		return nil, err
	}
	c := &Collector{cfg: cfg, store: deps.Store, sink: deps.Sink, clock: deps.Clock, random: deps.Random, logger: deps.Logger, offsets: offsets}
	if c.clock == nil {
		c.clock = clock.System()
	}
	if c.random == nil {
		c.random = rand.Float64
	}
	if c.logger == nil {
		c.logger = slog.New(slog.DiscardHandler)
	}
	c.logger = c.logger.With("store", cfg.Name)
	c.health.streams, c.health.logger = map[string]*streamHealth{}, c.logger
	c.health.listing = collect.NewTrouble("listing the export", c.logger)
	c.seen = map[string]*seen{}
	return c, nil
}

// Run implements collect.Collector.
func (c *Collector) Run(ctx context.Context) error {
	defer c.health.stop()
	for failures := 0; ctx.Err() == nil; {
		err := c.poll(ctx)
		if ctx.Err() != nil {
			break
		}
		wait := c.cfg.PollEvery
		if err == nil {
			failures = 0
		} else {
			failures++
			wait = max(wait, pausePolicy.Delay(failures, c.random))
		}
		if clock.Sleep(ctx, c.clock, wait) != nil {
			break
		}
	}
	return nil
}

// poll looks at every container once. Trouble in one leaves the others alone,
// unless it is the sink's or the disk's.
func (c *Collector) poll(ctx context.Context) error {
	containers, err := c.store.Containers(ctx, collect.DefenderPrefix)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.health.listed(err, c.clock.Now())
	if err != nil {
		return err
	}
	var errs []error
	for _, container := range containers {
		err := c.readContainer(ctx, container)
		if ctx.Err() == nil {
			c.health.read(container, err, c.clock.Now())
		}
		if err != nil {
			errs = append(errs, err)
		}
		if errors.Is(err, errStorage) || ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// readContainer reads what is new in one container, in the order of the blobs'
// names, which is that of time.
func (c *Collector) readContainer(ctx context.Context, container string) error {
	blobs, err := c.list(ctx, container)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // no data yet, or no longer
	}
	if err != nil {
		return err
	}
	marks, err := c.offsets.marks(ctx, container)
	if err != nil {
		return fmt.Errorf("%w: %w", errStorage, err)
	}
	var errs []error
	var newest time.Time
	for i, blob := range blobs {
		if !c.wanted(blob.Name) {
			continue
		}
		if blob.Modified.After(newest) {
			newest = blob.Modified
		}
		c.health.pending(container, int64(len(blobs)-i), blob.Modified)
		m, known := marks[blob.Name]
		err := c.read(ctx, container, blob, m, known)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed since it was listed
		}
		if err != nil {
			errs = append(errs, err)
		}
		if errors.Is(err, errStorage) || ctx.Err() != nil {
			return errors.Join(errs...)
		}
	}
	c.health.pending(container, 0, time.Time{})
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	if err := c.offsets.looked(ctx, container, newest, c.clock.Now()); err != nil {
		return fmt.Errorf("%w: %w", errStorage, err)
	}
	return nil
}

func (c *Collector) wanted(name string) bool {
	if !strings.HasSuffix(name, ".json") {
		return false
	}
	tenant := tenantOf(name)
	return c.cfg.Tenant == "" || tenant == "" || tenant == c.cfg.Tenant
}

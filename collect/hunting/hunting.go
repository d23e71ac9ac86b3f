// Package hunting collects the tables of Microsoft Defender XDR through the
// advanced hunting of Microsoft Graph, for tenants that stream to nowhere: it
// asks for slices of time, small enough that no limit cuts an answer, and asks
// for the recent past again and again, because rows come late.
//
// It must not know what a row means: an answer is checked for being complete
// and counted, and handed on byte for byte.
package hunting

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/graph"
	"github.com/quoll/quoll/internal/backoff"
	"github.com/quoll/quoll/internal/clock"
)

// Tables returns the tables that Quoll has a table for.
func Tables() []string {
	return []string{"EmailEvents", "EmailAttachmentInfo", "EmailUrlInfo", "EmailPostDeliveryEvents", "UrlClickEvents", "AlertInfo", "AlertEvidence", "CloudAppEvents"}
}

// reach is how far back advanced hunting answers.
const reach = 30 * 24 * time.Hour

// Config says which tenant to ask and how hard.
type Config struct {
	TenantID string // GUID
	// BaseURL is Graph ("https://graph.microsoft.com").
	BaseURL string
	// Tables are what to collect; those of Tables when empty.
	Tables []string
	// PollEvery is the wait between two looks at a table.
	PollEvery time.Duration
	// Overlap is how much of the time already read is read again on every poll,
	// Reread how much every RereadEvery: rows come late.
	Overlap, Reread, RereadEvery time.Duration
	// Lookback is how far back the first start reads, and how far a collector
	// that was stopped can catch up: Microsoft keeps 30 days.
	Lookback time.Duration
	// Slice is the longest span of one query, MinSlice the one below which a
	// slice is not cut again.
	Slice, MinSlice time.Duration
	// RowLimit is how many rows Microsoft gives at most for one query. As many
	// are taken for a cut answer.
	RowLimit int
	// RequestsPerMinute bounds all queries of the tenant. Microsoft allows at
	// least 45 for all clients together, and a share of processor time.
	RequestsPerMinute int
	// Concurrency is how many queries are under way at once.
	Concurrency int
	// MaxBodyBytes bounds one answer after decompression.
	MaxBodyBytes int64
}

// DefaultConfig returns the configuration of a tenant in the commercial cloud;
// TenantID is still to be filled in.
func DefaultConfig() Config {
	return Config{
		BaseURL:           "https://graph.microsoft.com",
		Tables:            Tables(),
		PollEvery:         5 * time.Minute,
		Overlap:           time.Hour,
		Reread:            48 * time.Hour,
		RereadEvery:       6 * time.Hour,
		Lookback:          reach - time.Hour,
		Slice:             24 * time.Hour,
		MinSlice:          time.Second,
		RowLimit:          100_000,
		RequestsPerMinute: 20,
		Concurrency:       2,
		MaxBodyBytes:      256 << 20,
	}
}

var (
	guid      = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	tableName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{1,60}$`)
)

// Validate fills in the tables and reports everything that is wrong, joined.
func (c *Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("hunting: "+format, args...)) }
	c.TenantID = strings.ToLower(c.TenantID)
	if !guid.MatchString(c.TenantID) {
		bad("tenant id %q is not a GUID", c.TenantID)
	}
	if err := graph.CheckBase(c.BaseURL); err != nil {
		bad("%w", err)
	}
	if len(c.Tables) == 0 {
		c.Tables = Tables()
	}
	for i, name := range c.Tables {
		if !tableName.MatchString(name) {
			bad("%q is no name of a table", name)
		}
		if slices.Contains(c.Tables[:i], name) {
			bad("table %s is given twice", name)
		}
	}
	if c.PollEvery <= 0 || c.RereadEvery <= 0 || c.Overlap < 0 || c.Reread < c.Overlap {
		bad("intervals must be positive, and what is read again from time to time no less than what always is")
	}
	if c.Lookback <= 0 || c.Lookback >= reach || c.Reread > c.Lookback {
		bad("lookback %v must be positive and less than the 720h that Microsoft keeps, and no less than what is read again", c.Lookback)
	}
	if c.MinSlice < time.Millisecond || c.Slice < c.MinSlice {
		bad("slices of %v and at least %v: the first must be no shorter than the second", c.Slice, c.MinSlice)
	}
	if c.RowLimit < 1 || c.RequestsPerMinute < 1 || c.Concurrency < 1 || c.MaxBodyBytes < 1 {
		bad("row limit, requests per minute, concurrency and the bound of an answer must be at least 1")
	}
	return errors.Join(errs...)
}

// Dependencies are what a collector works with. All are needed but Clock,
// Random and Logger.
type Dependencies struct {
	DB     *sql.DB // of internal/state; holds how far each table is read
	Sink   collect.Sink
	Tokens graph.Tokens
	HTTP   *http.Client
	Clock  clock.Clock    // clock.System() when nil
	Random func() float64 // numbers in [0, 1), safe for concurrent use; math/rand/v2's when nil
	Logger *slog.Logger   // discards when nil
}

// Collector collects one tenant. It implements collect.Collector.
type Collector struct {
	cfg     Config
	tables  []*table
	clock   clock.Clock
	marks   *marks
	stopped atomic.Bool
}

var _ collect.Collector = (*Collector)(nil)

// pausePolicy spaces polls of a table while they fail.
var pausePolicy = backoff.Policy{First: 10 * time.Second, Max: 10 * time.Minute}

// New checks cfg, brings the tables in deps.DB up to date and returns a
// collector; nothing is sent before Run.
func New(ctx context.Context, cfg Config, deps Dependencies) (*Collector, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if deps.Clock == nil {
		deps.Clock = clock.System()
	}
	if deps.Random == nil {
		deps.Random = rand.Float64
	}
	if deps.Logger == nil {
		deps.Logger = slog.New(slog.DiscardHandler)
	}
	marks, err := openMarks(ctx, deps.DB, cfg.TenantID)
	if err != nil {
		return nil, err
	}
	c := &Collector{cfg: cfg, clock: deps.Clock, marks: marks}
	budget := collect.NewBudget(cfg.RequestsPerMinute, deps.Clock, deps.Random)
	client, err := graph.NewClient(cfg.BaseURL, deps.HTTP, deps.Tokens, budget, deps.Clock, deps.Random)
	if err != nil {
		return nil, err
	}
	turns := make(chan struct{}, cfg.Concurrency)
	for _, name := range cfg.Tables {
		log := deps.Logger.With("tenant", cfg.TenantID, "table", name)
		c.tables = append(c.tables, &table{
			cfg: &c.cfg, name: name, client: client, turns: turns, marks: marks, sink: deps.Sink, clock: deps.Clock, random: deps.Random,
			log: log, trouble: collect.NewTrouble("hunting", log), span: cfg.Slice,
		})
	}
	return c, nil
}

// Run implements collect.Collector. Each table is read on its own, so that
// trouble with one leaves the others alone.
func (c *Collector) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, t := range c.tables {
		wg.Go(func() { t.watch(ctx) })
	}
	wg.Wait()
	c.stopped.Store(true)
	return nil
}

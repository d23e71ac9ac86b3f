// Package eventhub collects the streaming export of Microsoft Defender XDR from
// Azure Event Hubs, through its Kafka endpoint.
//
// Messages are journalled byte for byte, framed as internal/frames does. The
// order is always the same: journal, then this process's own offsets, then the
// group's. So a crash repeats messages, whose records are dropped downstream,
// and skips none. It must not know what a message says.
package eventhub

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/entra"
	"github.com/quoll/quoll/internal/backoff"
	"github.com/quoll/quoll/internal/clock"
)

// Dependencies are what a collector works with. DB and Sink are needed.
type Dependencies struct {
	DB     *sql.DB // of internal/state; holds the offsets
	Sink   collect.Sink
	Clock  clock.Clock    // clock.System() when nil
	Random func() float64 // numbers in [0, 1), safe for concurrent use; math/rand/v2's when nil
	Logger *slog.Logger   // discards when nil
	// Dial connects to host:port, below TLS; the system's when nil.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Collector reads the hubs of one namespace. It implements collect.Collector.
type Collector struct {
	cfg     Config
	sink    collect.Sink
	clock   clock.Clock
	random  func() float64
	logger  *slog.Logger
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	offsets *offsets
	tokens  *entra.Tokens // nil with a connection string

	mu      sync.Mutex
	health  health
	sounded time.Time // when the alarm was last in the log
	hidden  []string  // what the latest connection signed in with
}

var _ collect.Collector = (*Collector)(nil)

// sessionPolicy spaces out sessions that failed.
var sessionPolicy = backoff.Policy{First: time.Second, Max: time.Minute}

// New checks cfg, brings the tables in deps.DB up to date and returns a
// collector; nothing is sent before Run.
func New(ctx context.Context, cfg Config, deps Dependencies) (*Collector, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("eventhub: %w", err)
	}
	offsets, err := openOffsets(ctx, deps.DB, cfg.Namespace, cfg.Tenant)
	if err != nil {
		return nil, err
	}
	c := &Collector{cfg: cfg, sink: deps.Sink, clock: deps.Clock, random: deps.Random, logger: deps.Logger, dial: deps.Dial, offsets: offsets}
	if c.clock == nil {
		c.clock = clock.System()
	}
	if c.random == nil {
		c.random = rand.Float64
	}
	if c.logger == nil {
		c.logger = slog.New(slog.DiscardHandler)
	}
	if c.dial == nil {
		c.dial = (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	c.logger = c.logger.With("namespace", cfg.Namespace)
	c.health.trouble = collect.NewTrouble("reading the event hubs", c.logger)
	c.health.assigned = map[place]*assigned{}
	known, err := offsets.kept(ctx)
	if err != nil {
		return nil, err
	}
	for p, k := range known {
		if slices.Contains(cfg.Hubs, p.hub) {
			c.assignedTo(p, k)
		}
	}
	if cfg.Application != nil {
		if c.tokens, err = newTokens(&cfg, c.clock.Now); err != nil {
			return nil, fmt.Errorf("eventhub: %w", err)
		}
	}
	return c, nil
}

func newTokens(cfg *Config, now func() time.Time) (*entra.Tokens, error) {
	config, err := cfg.tls()
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 15 * time.Second}
	return entra.NewTokens(*cfg.Application, &http.Client{Transport: transport, Timeout: time.Minute}, now), nil
}

// Run implements collect.Collector. A session is one membership in the group;
// whatever goes wrong ends it, and after a pause there is another.
func (c *Collector) Run(ctx context.Context) error {
	defer c.stopped()
	for failures := 0; ctx.Err() == nil; {
		began := c.clock.Now()
		err := c.session(ctx)
		if ctx.Err() != nil {
			break
		}
		if failures++; c.clock.Now().Sub(began) > 5*sessionPolicy.Max {
			failures = 1
		}
		c.failed(err)
		wait := sessionPolicy.Delay(failures, c.random)
		if clock.Sleep(ctx, c.clock, wait) != nil {
			break
		}
	}
	return nil
}

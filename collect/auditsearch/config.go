// Package auditsearch brings audit records of the past, which the Management
// Activity API no longer holds, through Microsoft Graph's search of the audit
// log: it cuts a range of time into slices, lets Graph search each, and brings
// every page of the answers to the sink.
//
// Graph's answers have a limit, fail, and differ from one reading to the next;
// so slices shrink, and what was read is counted against what was announced.
// The package must not know what an audit record means: a page is checked for
// being complete and handed on byte for byte.
package auditsearch

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/graph"
	"github.com/quoll/quoll/internal/clock"
)

// The versions of Graph that have the search. Microsoft documents it in both;
// tenants have been seen where only the second answers.
const (
	VersionOne  = "v1.0"
	VersionBeta = "beta"
)

// Retention is how long Microsoft keeps audit records unless the tenant pays for
// more: Audit (Standard).
const Retention = 180 * 24 * time.Hour

// Config says which tenant to search and how hard.
type Config struct {
	TenantID string // GUID
	// BaseURL is Graph ("https://graph.microsoft.com"), Version its API.
	BaseURL string
	Version string
	// Retention is how far back the tenant keeps audit records. A search that
	// begins earlier is refused.
	Retention time.Duration
	// Slice is the span of time of one query to begin with, MinSlice the one
	// below which a slice is not cut again.
	Slice, MinSlice time.Duration
	// Concurrency is how many queries are under way at once. Graph's own limit
	// is said to be at least 50 a tenant, for all clients together.
	Concurrency int
	// RequestsPerMinute bounds all requests, SubmissionsPerMinute new queries.
	RequestsPerMinute, SubmissionsPerMinute int
	// PollFirst and PollMax space the looks at a query that is running.
	PollFirst, PollMax time.Duration
	// StuckAfter is how long a query may run before it is given up for shorter
	// ones.
	StuckAfter time.Duration
	// Settle is the age from which a slice of time gets no more records: an
	// answer to a younger one is asked for again by the next search, unless it
	// is of the last hour.
	Settle time.Duration
	// Readings is how often the pages of one query are read while they hold
	// fewer records than Graph announced.
	Readings int
	// Failures is how often in a row a slice may fail before this search gives
	// it up.
	Failures int
	// MaxPageBytes bounds one page after decompression.
	MaxPageBytes int64
}

// DefaultConfig returns the configuration of a tenant in the commercial cloud;
// TenantID is still to be filled in.
func DefaultConfig() Config {
	return Config{
		BaseURL:              "https://graph.microsoft.com",
		Version:              VersionOne,
		Retention:            Retention,
		Slice:                24 * time.Hour,
		MinSlice:             time.Minute,
		Concurrency:          5,
		RequestsPerMinute:    300,
		SubmissionsPerMinute: 20,
		PollFirst:            time.Second,
		PollMax:              time.Minute,
		StuckAfter:           6 * time.Hour,
		Settle:               24 * time.Hour,
		Readings:             3,
		Failures:             8,
		MaxPageBytes:         128 << 20,
	}
}

var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// Validate reports everything that is wrong, joined.
func (c *Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("auditsearch: "+format, args...)) }

	c.TenantID = strings.ToLower(c.TenantID)
	if !guid.MatchString(c.TenantID) {
		bad("tenant id %q is not a GUID", c.TenantID)
	}
	if c.Version != VersionOne && c.Version != VersionBeta {
		bad("API version %q is neither v1.0 nor beta", c.Version)
	}
	if err := graph.CheckBase(c.BaseURL); err != nil {
		bad("%w", err)
	}
	if c.MinSlice < time.Second || c.Slice < c.MinSlice || c.Slice%time.Second != 0 {
		bad("slices of %v and at least %v: they must be whole seconds, and the first no shorter than the second", c.Slice, c.MinSlice)
	}
	if c.Retention <= 0 || c.PollFirst <= 0 || c.PollMax < c.PollFirst || c.StuckAfter <= 0 || c.Settle < 0 {
		bad("retention, polling and waiting times must be positive")
	}
	if c.Concurrency < 1 || c.RequestsPerMinute < 1 || c.SubmissionsPerMinute < 1 || c.Readings < 1 || c.Failures < 1 || c.MaxPageBytes < 1 {
		bad("concurrency, requests and submissions per minute, readings, failures and the bound of a page must be at least 1")
	}
	return errors.Join(errs...)
}

// Dependencies are what a search works with. All are needed but Clock, Random
// and Logger.
type Dependencies struct {
	DB     *sql.DB // of internal/state; holds the slices
	Tokens graph.Tokens
	HTTP   *http.Client
	Clock  clock.Clock    // clock.System() when nil
	Random func() float64 // numbers in [0, 1), safe for concurrent use; math/rand/v2's when nil
	Logger *slog.Logger   // discards when nil
	// Coverage is told what was searched whole; may be nil.
	Coverage Coverage
}

// Coverage remembers the spans of time of which a search without restrictions
// has brought every record, asked for after Config.Settle had passed. It may be
// told of one more than once.
type Coverage interface {
	Searched(ctx context.Context, tenant string, w collect.Window, now time.Time) error
}

func (d *Dependencies) fillIn() {
	if d.Clock == nil {
		d.Clock = clock.System()
	}
	if d.Random == nil {
		d.Random = rand.Float64
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
}

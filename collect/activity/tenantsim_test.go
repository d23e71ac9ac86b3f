package activity

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/tenantsim"
	simfeed "github.com/quoll/quoll/tenantsim/feed"
)

// TestCollectsASimulatedTenantOverTLS runs the collector as in production, over
// TLS on loopback, against a tenant on a bad day, and compares record Ids.
func TestCollectsASimulatedTenantOverTLS(t *testing.T) {
	fast := hurried{time.Now()}
	simulated := tenantsim.DefaultConfig(7)
	simulated.Now = fast.Now
	simulated.History, simulated.NoStory, simulated.Volume, simulated.PageSize, simulated.RequestsPerMinute = 20*time.Hour, true, 0.1, 3, 10_000
	simulated.Faults = simfeed.Faults{Seed: 7, ServerErrors: 0.03, Resets: 0.03, Truncated: 0.05, TokensExpire: 0.05, RepeatedBlobs: 0.2}
	tenant, err := tenantsim.New(simulated)
	if err != nil {
		t.Fatal(err)
	}
	server, err := tenant.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()

	dir := t.TempDir()
	cfg := DefaultConfig()
	cfg.TenantID, cfg.ClientID, cfg.ClientSecret = tenant.TenantID(), tenant.ClientID(), collect.NewSecret(tenant.ClientSecret())
	cfg.BaseURL, cfg.AuthorityURL, cfg.CAFile = server.URL, server.URL, filepath.Join(dir, "ca.pem")
	cfg.PollEvery, cfg.RequestsPerMinute = 10*time.Second, 10_000
	if err := server.WriteCA(cfg.CAFile); err != nil {
		t.Fatal(err)
	}
	want := wantedIDs(tenant)
	sink := collectUntil(t, cfg, fast, filepath.Join(dir, "state.db"), func(sink *memorySink) bool { return len(missing(want, recordIDs(t, sink))) == 0 })
	got := recordIDs(t, sink)
	if lost := missing(want, got); len(lost) != 0 || len(want) < 100 {
		t.Errorf("of %d records produced, %d are missing: %v", len(want), len(lost), lost)
	}
	if strange := missing(got, wantedIDs(tenant)); len(strange) != 0 {
		t.Errorf("records that the tenant never produced: %v", strange)
	}
}

// hurried is a clock that runs fifty times faster than the machine's.
type hurried struct{ start time.Time }

const haste = 50

func (h hurried) Now() time.Time { return h.start.Add(time.Since(h.start) * haste).UTC() }

func (h hurried) NewTimer(d time.Duration) clock.Timer { return clock.System().NewTimer(d / haste) }

// missing returns what of want is not in got; both are sorted.
func missing(want, got []string) []string {
	return slices.DeleteFunc(slices.Clone(want), func(id string) bool {
		_, found := slices.BinarySearch(got, id)
		return found
	})
}

func wantedIDs(tenant *tenantsim.Tenant) []string {
	var ids []string
	for id := range tenant.Produced().Audit {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// collectUntil runs a collector until enough is journalled or half a minute has
// passed.
func collectUntil(t *testing.T, cfg Config, fast hurried, path string, enough func(*memorySink) bool) *memorySink {
	t.Helper()
	db, err := state.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ledger, err := collect.OpenLedger(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	sink := &memorySink{}
	c, err := New(cfg, Dependencies{Ledger: ledger, Sink: sink, Clock: fast})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("collecting %s", c.Status().Name)
	runFor(t, c, 45*time.Second, func() bool { return enough(sink) })
	for _, s := range c.Status().Streams {
		t.Logf("%s: %+v, problem %+v", s.ContentType, s.Counts, s.Problem)
	}
	return sink
}

// runFor runs the collector until done, or at most for the given time.
func runFor(t *testing.T, c *Collector, most time.Duration, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !done() && ctx.Err() == nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func recordIDs(t *testing.T, sink *memorySink) []string {
	t.Helper()
	var ids []string
	for _, p := range sink.all() {
		var records []struct{ ID string }
		if err := json.Unmarshal(p.Body, &records); err != nil {
			t.Fatal(fmt.Errorf("%s: %w", p.Name, err))
		}
		for _, r := range records {
			ids = append(ids, r.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

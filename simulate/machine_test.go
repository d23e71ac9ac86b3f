package simulate

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/schema"
	"github.com/quoll/quoll/simulate/lives"
)

// tables are those that audit records have rows in, and one that never has any.
var tables = []string{schema.OfficeActivity, schema.UrlClickEvents, schema.UnifiedAuditLog, schema.UnifiedAuditLogRevisions}

// pace is how often the pipeline flushes the lake and merges its files, and how
// many keys make a run.
type pace struct {
	flush, maintain time.Duration
	keyRun          int
}

// process is the river with the audit log's collector.
type process struct {
	*lives.Process
	ledger    *collect.Ledger
	collector *activity.Collector
}

// boot opens everything on a machine whose clock is wrong by skew, and makes
// what is journalled visible.
func (l *life) boot(ctx context.Context, skew time.Duration) (*process, error) {
	wrong := clock.Skewed(clock.System(), skew)
	river, err := l.machine.Boot(ctx, lives.Config{
		Clock: wrong, Logger: l.logger, Tables: tables,
		FlushEvery: l.pace.flush, MaintainEvery: l.pace.maintain, RetryAfter: time.Minute, KeyRunRecords: l.pace.keyRun,
	})
	if err != nil {
		return nil, err
	}
	p := &process{Process: river}
	if err := p.open(ctx, l.config, wrong, l.jitter, l.logger); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *process) open(ctx context.Context, cfg activity.Config, machineClock clock.Clock, seeds *rand.Rand, logger *slog.Logger) (err error) {
	if p.ledger, err = collect.OpenLedger(ctx, p.State); err != nil {
		return err
	}
	var mu sync.Mutex
	jitter := rand.New(rand.NewPCG(seeds.Uint64(), 4))
	p.collector, err = activity.New(cfg, activity.Dependencies{
		Ledger: p.ledger, Sink: p.Pipeline, Clock: machineClock, Logger: logger,
		Random: func() float64 { mu.Lock(); defer mu.Unlock(); return jitter.Float64() },
	})
	return err
}

// collectorConfig is that of the simulated tenant, at the pace of a life.
func (t *tenant) collectorConfig() activity.Config {
	cfg := activity.DefaultConfig()
	cfg.TenantID, cfg.ClientID, cfg.ClientSecret = tenantID, clientID, collect.NewSecret(clientSecret)
	cfg.HTTPClient = &http.Client{Transport: t.network}
	cfg.ContentTypes, cfg.SettleAfter = t.types, settleAfter
	return cfg
}

// Package stories runs the rules that ship over the simulated tenant's days, with
// attacks of known truth or without any, and says what they find.
//
// It is for tests and for measuring; no production code knows of it.
package stories

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/query/duckdb"
	"github.com/quoll/quoll/rules"
	"github.com/quoll/quoll/tenantsim/world"
)

// Bench is a lake, an engine and a place for what rules remember.
type Bench struct {
	lake    *lake.Lake
	engine  *duckdb.Engine
	service *query.Service
	scratch *sql.DB
	applied uint64
}

// New makes a bench in an empty folder.
func New(ctx context.Context, dir string) (*Bench, error) {
	quiet := slog.New(slog.DiscardHandler)
	b := &Bench{}
	var err error
	if b.lake, err = lake.Open(ctx, lake.DefaultConfig(filepath.Join(dir, "lake")), quiet); err != nil {
		return nil, err
	}
	config := duckdb.DefaultConfig()
	config.Dir = filepath.Join(dir, "lake")
	if b.engine, err = duckdb.Open(ctx, config, duckdb.FromLake(b.lake), quiet); err != nil {
		return nil, errors.Join(err, b.lake.Close())
	}
	if b.scratch, err = state.Open(ctx, filepath.Join(dir, "state.db")); err != nil {
		return nil, errors.Join(err, b.engine.Close(), b.lake.Close())
	}
	// It is thrown away, so nothing has to reach the disk.
	_, err = b.scratch.ExecContext(ctx, "PRAGMA synchronous=OFF")
	b.service = query.NewService(query.Schema{IngestionTime: lake.ColumnIngestionTime}.Compile, b.engine, time.Now)
	return b, err
}

// Close ends what New began.
func (b *Bench) Close() error {
	return errors.Join(b.scratch.Close(), b.engine.Close(), b.lake.Close())
}

// Take puts what came into being into the tables, as if it had come in at once.
func (b *Bench) Take(ctx context.Context, batch world.Batch, tenant string, at time.Time) error {
	var records, lines bytes.Buffer
	for _, r := range batch.Audit {
		records.Write(append(r.Body, '\n'))
	}
	for _, r := range batch.Defender {
		line, err := r.Line(r.Known)
		if err != nil {
			return err
		}
		lines.Write(append(line, '\n'))
	}
	n := normalise.New(normalise.Config{WorkspaceID: "stories"})
	for _, p := range []model.Payload{
		{Tenant: tenant, Source: model.SourceFile, Format: model.FormatAuditLines, Name: "audit", Received: at, Body: records.Bytes()},
		{Tenant: tenant, Source: model.SourceFile, Format: model.FormatDefenderLines, Name: "defender", Received: at, Body: lines.Bytes()},
	} {
		result := n.Payload(p)
		if len(result.Rejects) > 0 {
			return fmt.Errorf("%s: %d records were rejected, the first: %s", p.Name, len(result.Rejects), result.Rejects[0].Reason)
		}
		b.applied++
		if _, err := b.lake.Apply(ctx, lake.Batch{Position: b.applied, Ingested: at, Records: result.Records}); err != nil {
			return err
		}
	}
	return nil
}

// Query implements detect.Querier.
func (b *Bench) Query(ctx context.Context, r query.Request) (*query.Result, error) {
	return b.service.Query(ctx, r)
}

// Expect implements detect.Querier.
func (b *Bench) Expect(ctx context.Context, text string, reach time.Duration) ([]*query.Interest, error) {
	return b.service.Expect(ctx, text, reach)
}

// Meets implements detect.Querier.
func (b *Bench) Meets(ctx context.Context, it *query.Interest, keys []string) ([]bool, error) {
	return b.service.Meets(ctx, it, keys)
}

// Rules returns the rules that ship, by the name of the file without its ending.
func Rules() (map[string]*detect.Rule, error) {
	names, err := fs.Glob(rules.Files, "*.yaml")
	if err != nil {
		return nil, err
	}
	all := map[string]*detect.Rule{}
	for _, name := range names {
		if strings.HasSuffix(name, ".test.yaml") {
			continue
		}
		text, err := fs.ReadFile(rules.Files, name)
		if err != nil {
			return nil, err
		}
		if all[strings.TrimSuffix(name, ".yaml")], err = detect.ParseRule(name, text); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Alerts returns what a rule raises over a stretch of time. every runs each window
// of its schedule; otherwise as few as leave no instant out.
func (b *Bench) Alerts(ctx context.Context, r *detect.Rule, from, to time.Time, every bool) ([]model.Alert, error) {
	result, err := detect.Backtest(ctx, b.scratch, r, b, from, to, !every, time.Minute, nil)
	if err != nil {
		return nil, err
	}
	if result.Failed > 0 {
		return nil, fmt.Errorf("rule %q: %d of %d windows failed: %s", r.Name, result.Failed, result.Windows, result.Error)
	}
	return result.Alerts, nil
}

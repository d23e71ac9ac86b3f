package detect

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/quoll/quoll/internal/state"
)

//go:embed migrations/*.sql
var migrations embed.FS

// store is what detection remembers between runs.
type store struct{ db *sql.DB }

func openStore(ctx context.Context, db *sql.DB) (*store, error) {
	if err := state.Migrate(ctx, db, "detect", migrations); err != nil {
		return nil, err
	}
	return &store{db: db}, nil
}

// Health is how a rule fares.
type Health struct {
	RuleID, RuleName, Version string
	Enabled                   bool
	LastEnd, LastRun          time.Time // UTC; zero before the first run
	LastError                 string
	Runs, Hits                int64
	SuppressedUntil           time.Time
	// Ingested is the ingestion time up to which late rows were looked for.
	Ingested time.Time
}

// micro gives a time as it is stored: 0 stands for the zero time.
func micro(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicro(v int64) time.Time {
	if v == 0 {
		return time.Time{}
	}
	return time.UnixMicro(v).UTC()
}

func (s *store) rule(ctx context.Context, r *Rule) (Health, error) {
	h := Health{RuleID: r.ID, RuleName: r.Name, Version: r.Version, Enabled: r.enabled()}
	var end, run, suppressed, ingested int64
	err := s.db.QueryRowContext(ctx, `SELECT last_end, last_run, last_error, runs, hits, suppressed_until, ingested FROM detect_rule WHERE rule_id=? AND version=?`, r.ID, r.Version).
		Scan(&end, &run, &h.LastError, &h.Runs, &h.Hits, &suppressed, &ingested)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return h, fmt.Errorf("read state of rule %s: %w", r.ID, err)
	}
	h.LastEnd, h.LastRun = fromMicro(end), fromMicro(run)
	h.SuppressedUntil, h.Ingested = fromMicro(suppressed), fromMicro(ingested)
	return h, nil
}

func (s *store) saveRule(ctx context.Context, h Health) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO detect_rule (rule_id, version, last_end, last_run, last_error, runs, hits, suppressed_until, ingested) VALUES (?,?,?,?,?,?,?,?,?)
		ON CONFLICT (rule_id, version) DO UPDATE SET last_end=excluded.last_end, last_run=excluded.last_run, last_error=excluded.last_error,
		runs=excluded.runs, hits=excluded.hits, suppressed_until=excluded.suppressed_until, ingested=excluded.ingested`,
		h.RuleID, h.Version, micro(h.LastEnd), micro(h.LastRun), h.LastError, h.Runs, h.Hits, micro(h.SuppressedUntil), micro(h.Ingested))
	if err != nil {
		return fmt.Errorf("save state of rule %s: %w", h.RuleID, err)
	}
	return nil
}

// alertFor returns the alert about a subject that window w continues: one
// whose windows overlap w or touch it. ok is false when there is none.
func (s *store) alertFor(ctx context.Context, subject string, w Window) (alert string, seen Window, ok bool, err error) {
	var started, ended int64
	err = s.db.QueryRowContext(ctx, `SELECT alert, started, ended FROM detect_subject WHERE subject=?`, subject).Scan(&alert, &started, &ended)
	if errors.Is(err, sql.ErrNoRows) {
		return "", Window{}, false, nil
	}
	if err != nil {
		return "", Window{}, false, fmt.Errorf("read subject: %w", err)
	}
	seen = Window{Start: fromMicro(started), End: fromMicro(ended)}
	apart := w.Start.After(seen.End) || w.End.Before(seen.Start)
	return alert, seen, !apart, nil
}

func (s *store) saveSubject(ctx context.Context, subject, alert string, seen Window) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO detect_subject (subject, alert, started, ended) VALUES (?,?,?,?)
		ON CONFLICT (subject) DO UPDATE SET alert=excluded.alert, started=excluded.started, ended=excluded.ended`,
		subject, alert, micro(seen.Start), micro(seen.End))
	if err != nil {
		return fmt.Errorf("save subject: %w", err)
	}
	return nil
}

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
	Rows                      int64 // of the last result
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
	err := s.db.QueryRowContext(ctx, `SELECT last_end, last_run, last_error, runs, hits, suppressed_until, ingested, result_rows FROM detect_rule WHERE rule_id=? AND version=?`, r.ID, r.Version).
		Scan(&end, &run, &h.LastError, &h.Runs, &h.Hits, &suppressed, &ingested, &h.Rows)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return h, fmt.Errorf("read state of rule %s: %w", r.ID, err)
	}
	h.LastEnd, h.LastRun = fromMicro(end), fromMicro(run)
	h.SuppressedUntil, h.Ingested = fromMicro(suppressed), fromMicro(ingested)
	return h, nil
}

func (s *store) saveRule(ctx context.Context, h Health) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO detect_rule (rule_id, version, last_end, last_run, last_error, runs, hits, suppressed_until, ingested, result_rows) VALUES (?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT (rule_id, version) DO UPDATE SET last_end=excluded.last_end, last_run=excluded.last_run, last_error=excluded.last_error,
		runs=excluded.runs, hits=excluded.hits, suppressed_until=excluded.suppressed_until, ingested=excluded.ingested, result_rows=excluded.result_rows`,
		h.RuleID, h.Version, micro(h.LastEnd), micro(h.LastRun), h.LastError, h.Runs, h.Hits, micro(h.SuppressedUntil), micro(h.Ingested), h.Rows)
	if err != nil {
		return fmt.Errorf("save state of rule %s: %w", h.RuleID, err)
	}
	return nil
}

// episode is an alert about a subject, and the windows it was seen in.
type episode struct {
	alert string
	seen  Window
}

// episodes returns the alerts about a subject that window w continues, the
// oldest first: those whose windows overlap w or touch it.
func (s *store) episodes(ctx context.Context, subject string, w Window) ([]episode, error) {
	return state.All(ctx, s.db, "read alerts of a subject", func(row state.Row) (e episode, err error) {
		var started, ended int64
		err = row.Scan(&e.alert, &started, &ended)
		e.seen = Window{Start: fromMicro(started), End: fromMicro(ended)}
		return e, err
	}, `SELECT alert, started, ended FROM detect_episode WHERE subject=? AND started<=? AND ended>=? ORDER BY started, alert`,
		subject, micro(w.End), micro(w.Start))
}

// finding returns the digest of what window w showed of a subject when it was
// last evaluated. ok is false when it showed nothing.
func (s *store) finding(ctx context.Context, subject string, w Window) (digest string, ok bool, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT digest FROM detect_finding WHERE subject=? AND ended=?`, subject, micro(w.End)).Scan(&digest)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read finding: %w", err)
	}
	return digest, true, nil
}

// saveFinding notes that window w showed something of a subject, and the alert
// about it with the further rows that it stands on.
func (s *store) saveFinding(ctx context.Context, subject, alert string, seen, w Window, digest string, fresh map[rowKey]bool) error {
	err := state.Change(ctx, s.db, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO detect_episode (subject, alert, started, ended) VALUES (?,?,?,?)
			ON CONFLICT (subject, alert) DO UPDATE SET started=excluded.started, ended=excluded.ended`,
			subject, alert, micro(seen.Start), micro(seen.End))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO detect_finding (subject, ended, digest) VALUES (?,?,?)
			ON CONFLICT (subject, ended) DO UPDATE SET digest=excluded.digest`, subject, micro(w.End), digest)
		if err != nil {
			return err
		}
		return saveRows(ctx, tx, alert, w, fresh)
	})
	if err != nil {
		return fmt.Errorf("save finding: %w", err)
	}
	return nil
}

// forget drops what is remembered of windows that ended before a time.
func (s *store) forget(ctx context.Context, before time.Time) error {
	for _, table := range []string{"detect_finding", "detect_episode", "detect_rows"} {
		if _, err := s.db.ExecContext(ctx, `DELETE FROM `+table+` WHERE ended < ?`, micro(before)); err != nil {
			return fmt.Errorf("forget old windows: %w", err)
		}
	}
	return nil
}

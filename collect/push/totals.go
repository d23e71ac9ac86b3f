package push

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/state"
)

//go:embed migrations/*.sql
var migrations embed.FS

// totals keeps sums over all restarts in SQLite.
type totals struct {
	db           *sql.DB
	name, tenant string
}

func openTotals(ctx context.Context, db *sql.DB, name, tenant string) (*totals, error) {
	if err := state.Migrate(ctx, db, "push", migrations); err != nil {
		return nil, fmt.Errorf("open totals of pushes: %w", err)
	}
	return &totals{db, name, tenant}, nil
}

// add counts what was journalled, for the listener and for the hour.
func (t *totals) add(ctx context.Context, d delivered, now time.Time) error {
	if err := state.Change(ctx, t.db, func(tx *sql.Tx) error { return t.count(ctx, tx, d, now) }); err != nil {
		return fmt.Errorf("count pushes: %w", err)
	}
	return nil
}

func (t *totals) count(ctx context.Context, tx *sql.Tx, d delivered, now time.Time) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO push_total (name, payloads, lines, bytes, last_journalled) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET payloads = payloads + excluded.payloads, lines = lines + excluded.lines, bytes = bytes + excluded.bytes,
		  last_journalled = excluded.last_journalled`, t.name, d.payloads, d.Lines, d.Bytes, now.UnixMicro())
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO push_hour (name, tenant, hour, payloads, lines, bytes) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET tenant = excluded.tenant, payloads = payloads + excluded.payloads, lines = lines + excluded.lines, bytes = bytes + excluded.bytes`,
		t.name, t.tenant, hourOf(now), d.payloads, d.Lines, d.Bytes)
	return err
}

// listened counts time for which the listener was there.
func (t *totals) listened(ctx context.Context, lasted time.Duration, now time.Time) error {
	_, err := t.db.ExecContext(ctx, `
		INSERT INTO push_hour (name, tenant, hour, listened) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET tenant = excluded.tenant, listened = listened + excluded.listened`,
		t.name, t.tenant, hourOf(now), int64(lasted/time.Second))
	if err != nil {
		return fmt.Errorf("count the time of listening: %w", err)
	}
	return nil
}

func hourOf(at time.Time) int64 { return at.UTC().Truncate(time.Hour).UnixMicro() }

func (t *totals) read(ctx context.Context) (counts collect.Counts, last time.Time, err error) {
	var micros int64
	err = t.db.QueryRowContext(ctx, `SELECT payloads, lines, bytes, last_journalled FROM push_total WHERE name = ?`, t.name).
		Scan(&counts.Journalled, &counts.Records, &counts.Bytes, &micros)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return counts, last, nil
	case err != nil:
		return counts, last, fmt.Errorf("read totals of pushes: %w", err)
	}
	return counts, time.UnixMicro(micros).UTC(), nil
}

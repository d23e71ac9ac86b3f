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
	db   *sql.DB
	name string
}

func openTotals(ctx context.Context, db *sql.DB, name string) (*totals, error) {
	if err := state.Migrate(ctx, db, "push", migrations); err != nil {
		return nil, fmt.Errorf("open totals of pushes: %w", err)
	}
	return &totals{db, name}, nil
}

func (t *totals) add(ctx context.Context, d delivered, now time.Time) error {
	_, err := t.db.ExecContext(ctx, `
		INSERT INTO push_total (name, payloads, lines, bytes, last_journalled) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET payloads = payloads + excluded.payloads, lines = lines + excluded.lines, bytes = bytes + excluded.bytes,
		  last_journalled = excluded.last_journalled`, t.name, d.payloads, d.Lines, d.Bytes, now.UnixMicro())
	if err != nil {
		return fmt.Errorf("count pushes: %w", err)
	}
	return nil
}

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

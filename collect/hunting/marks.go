package hunting

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

// errStorage says that the sink or the state failed, which is no table's fault.
var errStorage = errors.New("storage failed")

// mark is how far one table is read.
type mark struct {
	first                       time.Time // where the first reading began
	through                     time.Time // zero: it never was
	reread                      time.Time
	queries, rows, bytes, gaps  int64
	lastSuccess, lastJournalled time.Time
}

// marks keeps the marks of one tenant in SQLite.
type marks struct {
	db     *sql.DB
	tenant string
}

func openMarks(ctx context.Context, db *sql.DB, tenant string) (*marks, error) {
	if err := state.Migrate(ctx, db, "hunting", migrations); err != nil {
		return nil, fmt.Errorf("open marks of hunting: %w", err)
	}
	return &marks{db, tenant}, nil
}

func (k *marks) read(ctx context.Context, table string) (mark, error) {
	var m mark
	var first, through, reread, success, journalled int64
	err := k.db.QueryRowContext(ctx, `
		SELECT first, through, reread, queries, rows, bytes, gaps, last_success, last_journalled FROM hunting_table WHERE tenant = ? AND name = ?`,
		k.tenant, table).Scan(&first, &through, &reread, &m.queries, &m.rows, &m.bytes, &m.gaps, &success, &journalled)
	if errors.Is(err, sql.ErrNoRows) {
		return m, nil
	}
	if err != nil {
		return m, fmt.Errorf("read mark of %s: %w", table, err)
	}
	m.first, m.through, m.reread, m.lastSuccess, m.lastJournalled = state.FromMicros(first), state.FromMicros(through), state.FromMicros(reread), state.FromMicros(success), state.FromMicros(journalled)
	return m, nil
}

func (k *marks) save(ctx context.Context, table string, m mark) error {
	if err := saveIn(ctx, k.db, k.tenant, table, m); err != nil {
		return fmt.Errorf("save mark of %s: %w", table, err)
	}
	return nil
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func saveIn(ctx context.Context, db execer, tenant, table string, m mark) error {
	_, err := db.ExecContext(ctx, `
		INSERT OR REPLACE INTO hunting_table (tenant, name, first, through, reread, queries, rows, bytes, gaps, last_success, last_journalled)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tenant, table, state.Micros(m.first), state.Micros(m.through), state.Micros(m.reread), m.queries, m.rows, m.bytes, m.gaps, state.Micros(m.lastSuccess), state.Micros(m.lastJournalled))
	return err
}

// gap records a gap with the mark behind it.
func (k *marks) gap(ctx context.Context, table string, m mark, w collect.Window, now time.Time, reason string) error {
	err := state.Change(ctx, k.db, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO hunting_gap (tenant, name, gap_from, gap_to, recorded, reason) VALUES (?, ?, ?, ?, ?, ?)`,
			k.tenant, table, state.Micros(w.From), state.Micros(w.To), state.Micros(now), reason)
		if err != nil {
			return err
		}
		return saveIn(ctx, tx, k.tenant, table, m)
	})
	if err != nil {
		return fmt.Errorf("record gap of %s: %w", table, err)
	}
	return nil
}

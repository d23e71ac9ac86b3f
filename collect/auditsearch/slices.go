package auditsearch

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

// slice is a span of time that is asked for in one query, and how far that is.
type slice struct {
	id int64
	collect.Window
	done      bool
	query     string // Graph's id of it; empty when it is still to be submitted
	submitted time.Time
	succeeded bool
	expected  int64
	next      string // address of the page to read next; empty for the first
	pages     int64
	records   int64
	readings  int
	failures  int
	nextTry   time.Time
	shortfall string
}

// store keeps the slices of one tenant and filter in SQLite. Whatever it
// returns for success is on the disk.
type store struct {
	db             *sql.DB
	tenant, filter string
}

func openStore(ctx context.Context, db *sql.DB, tenant, filter string) (*store, error) {
	if err := state.Migrate(ctx, db, "auditsearch", migrations); err != nil {
		return nil, fmt.Errorf("open slices of the audit search: %w", err)
	}
	return &store{db, tenant, filter}, nil
}

const columns = `id, slice_from, slice_to, done, query_id, submitted, succeeded, expected, next_link, pages, records, readings, failures, next_try, shortfall`

// overlapping returns the slices that share time with [from, to), in order.
func (s *store) overlapping(ctx context.Context, from, to time.Time) ([]slice, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+columns+` FROM auditsearch_slice
		WHERE tenant = ? AND filter = ? AND slice_from < ? AND slice_to > ? ORDER BY slice_from`,
		s.tenant, s.filter, to.UnixMicro(), from.UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("read slices: %w", err)
	}
	defer rows.Close()
	var all []slice
	for rows.Next() {
		var c slice
		var from, to int64
		var submitted, nextTry sql.NullInt64
		if err := rows.Scan(&c.id, &from, &to, &c.done, &c.query, &submitted, &c.succeeded, &c.expected, &c.next,
			&c.pages, &c.records, &c.readings, &c.failures, &nextTry, &c.shortfall); err != nil {
			return nil, fmt.Errorf("read slices: %w", err)
		}
		c.From, c.To = time.UnixMicro(from).UTC(), time.UnixMicro(to).UTC()
		c.submitted, c.nextTry = state.FromNullMicros(submitted), state.FromNullMicros(nextTry)
		all = append(all, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read slices: %w", err)
	}
	return all, nil
}

// plan makes sure that open slices cover all of [from, to) that is not
// searched for good, and returns the open ones, and how much of the range needs
// no search.
func (s *store) plan(ctx context.Context, from, to time.Time, span time.Duration, good func(slice) bool) (open []slice, covered time.Duration, err error) {
	known, err := s.overlapping(ctx, from, to)
	if err != nil {
		return nil, 0, err
	}
	err = state.Change(ctx, s.db, func(tx *sql.Tx) error {
		var kept []collect.Window
		for _, k := range known {
			switch {
			case k.done && !good(k):
				if _, err := tx.ExecContext(ctx, `DELETE FROM auditsearch_slice WHERE id = ?`, k.id); err != nil {
					return err
				}
				continue
			case k.done:
				covered += earlier(k.To, to).Sub(later(k.From, from))
			default:
				// What failed before gets its tries anew.
				if _, err := tx.ExecContext(ctx, `UPDATE auditsearch_slice SET failures = 0, next_try = NULL WHERE id = ?`, k.id); err != nil {
					return err
				}
			}
			kept = append(kept, k.Window)
		}
		for _, w := range remainder(from, to, kept, span) {
			if err := s.insert(ctx, tx, w); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("plan slices: %w", err)
	}
	all, err := s.overlapping(ctx, from, to)
	for _, k := range all {
		if !k.done {
			open = append(open, k)
		}
	}
	return open, covered, err
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *store) insert(ctx context.Context, tx *sql.Tx, w collect.Window) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO auditsearch_slice (tenant, filter, slice_from, slice_to) VALUES (?, ?, ?, ?)`,
		s.tenant, s.filter, w.From.UnixMicro(), w.To.UnixMicro())
	return err
}

// save stores how far a slice is.
func (s *store) save(ctx context.Context, c *slice) error {
	_, err := s.db.ExecContext(ctx, `
		UPDATE auditsearch_slice SET done = ?, query_id = ?, submitted = ?, succeeded = ?, expected = ?, next_link = ?,
		  pages = ?, records = ?, readings = ?, failures = ?, next_try = ?, shortfall = ? WHERE id = ?`,
		c.done, c.query, state.NullMicros(c.submitted), c.succeeded, c.expected, c.next,
		c.pages, c.records, c.readings, c.failures, state.NullMicros(c.nextTry), c.shortfall, c.id)
	if err != nil {
		return fmt.Errorf("save slice %s: %w", c, err)
	}
	return nil
}

// split puts two slices in the place of one, and returns them.
func (s *store) split(ctx context.Context, c *slice, a, b collect.Window) ([]slice, error) {
	err := state.Change(ctx, s.db, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM auditsearch_slice WHERE id = ?`, c.id); err != nil {
			return err
		}
		return errors.Join(s.insert(ctx, tx, a), s.insert(ctx, tx, b))
	})
	if err != nil {
		return nil, fmt.Errorf("split slice %s: %w", c, err)
	}
	return s.overlapping(ctx, c.From, c.To)
}

func (c *slice) String() string {
	const layout = "2006-01-02T15:04:05Z"
	return c.From.Format(layout) + ".." + c.To.Format(layout)
}

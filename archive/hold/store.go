package hold

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quoll/quoll/internal/state"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store keeps holds in the state database. It is safe for concurrent use.
type Store struct {
	db  *sql.DB
	now func() time.Time
}

// Open brings the table up to date.
func Open(ctx context.Context, db *sql.DB, now func() time.Time) (*Store, error) {
	if err := state.Migrate(ctx, db, "hold", migrations); err != nil {
		return nil, err
	}
	return &Store{db: db, now: now}, nil
}

// Add sets a hold and returns it as it is kept. The errors are ErrInvalid and
// ErrTaken, or the database's.
func (s *Store) Add(ctx context.Context, h Hold) (*Hold, error) {
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("add hold %q: %w", h.Name, err)
	}
	h.Since, h.Release = s.now().UTC().Truncate(time.Microsecond), nil
	h.Scope.From, h.Scope.To = h.Scope.From.UTC().Truncate(time.Microsecond), h.Scope.To.UTC().Truncate(time.Microsecond)
	if h.Scope.Tables == nil {
		h.Scope.Tables = []string{}
	}
	tables, err := json.Marshal(h.Scope.Tables)
	if err != nil {
		return nil, fmt.Errorf("add hold %q: %w", h.Name, err)
	}
	result, err := s.db.ExecContext(ctx, `INSERT INTO hold (name, reason, tenant, tables, user, from_time, to_time, by, since) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (name) DO NOTHING`,
		h.Name, h.Reason, h.Scope.Tenant, string(tables), h.Scope.User, bound(h.Scope.From), bound(h.Scope.To), h.By, h.Since.UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("add hold %q: %w", h.Name, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return nil, errors.Join(fmt.Errorf("add hold %q: %w", h.Name, ErrTaken), err)
	}
	if h.ID, err = result.LastInsertId(); err != nil {
		return nil, fmt.Errorf("add hold %q: %w", h.Name, err)
	}
	return &h, nil
}

// Restore puts a hold back that the acts have and the state has lost, as they
// have it.
func (s *Store) Restore(ctx context.Context, h Hold) error {
	if h.Scope.Tables == nil {
		h.Scope.Tables = []string{}
	}
	tables, err := json.Marshal(h.Scope.Tables)
	if err == nil {
		_, err = s.db.ExecContext(ctx, `INSERT INTO hold (name, reason, tenant, tables, user, from_time, to_time, by, since) VALUES (?,?,?,?,?,?,?,?,?)
			ON CONFLICT (name) DO UPDATE SET reason=excluded.reason, tenant=excluded.tenant, tables=excluded.tables, user=excluded.user, from_time=excluded.from_time, to_time=excluded.to_time,
			by=excluded.by, since=excluded.since, released_by='', released_why='', released_at=NULL`,
			h.Name, h.Reason, h.Scope.Tenant, string(tables), h.Scope.User, bound(h.Scope.From), bound(h.Scope.To), h.By, h.Since.UnixMicro())
	}
	if err != nil {
		return fmt.Errorf("put back hold %q: %w", h.Name, err)
	}
	return nil
}

// Release ends a hold by another person's word than that of who set it. The
// errors are ErrUnknown, ErrReleased, ErrSamePerson and ErrInvalid, or the
// database's.
func (s *Store) Release(ctx context.Context, id int64, by, why string) (*Hold, error) {
	h, err := s.Hold(ctx, id)
	if err != nil {
		return nil, err
	}
	switch {
	case !h.Active():
		return nil, fmt.Errorf("release hold %q: %w, by %s", h.Name, ErrReleased, h.Release.By)
	case why == "" || len(why) > maxText:
		return nil, fmt.Errorf("release hold %q: %w: say why, in at most %d bytes", h.Name, ErrInvalid, maxText)
	case by == "":
		return nil, fmt.Errorf("release hold %q: %w: say who releases it", h.Name, ErrInvalid)
	case SamePerson(by, h.By):
		return nil, fmt.Errorf("release hold %q, set by %s: %w", h.Name, h.By, ErrSamePerson)
	}
	h.Release = &Release{By: by, Why: why, At: s.now().UTC().Truncate(time.Microsecond)}
	result, err := s.db.ExecContext(ctx, `UPDATE hold SET released_by=?, released_why=?, released_at=? WHERE id=? AND released_at IS NULL`, by, why, h.Release.At.UnixMicro(), id)
	if err != nil {
		return nil, fmt.Errorf("release hold %q: %w", h.Name, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return nil, errors.Join(fmt.Errorf("release hold %q: %w", h.Name, ErrReleased), err)
	}
	return h, nil
}

const selectHold = `SELECT id, name, reason, tenant, tables, user, from_time, to_time, by, since, released_by, released_why, released_at FROM hold`

func scanHold(row state.Row) (h Hold, err error) {
	var tables []byte
	var from, to, releasedAt sql.NullInt64
	var since int64
	var release Release
	err = row.Scan(&h.ID, &h.Name, &h.Reason, &h.Scope.Tenant, &tables, &h.Scope.User, &from, &to, &h.By, &since, &release.By, &release.Why, &releasedAt)
	if err != nil {
		return h, err
	}
	h.Scope.From, h.Scope.To, h.Since = unbound(from), unbound(to), time.UnixMicro(since).UTC()
	if releasedAt.Valid {
		release.At = unbound(releasedAt)
		h.Release = &release
	}
	return h, json.Unmarshal(tables, &h.Scope.Tables)
}

// Hold returns one; ErrUnknown says that there is none.
func (s *Store) Hold(ctx context.Context, id int64) (*Hold, error) {
	h, err := scanHold(s.db.QueryRowContext(ctx, selectHold+` WHERE id=?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("hold %d: %w", id, ErrUnknown)
	}
	if err != nil {
		return nil, fmt.Errorf("read hold %d: %w", id, err)
	}
	return &h, nil
}

// Holds returns all, those that were released included, the newest first.
func (s *Store) Holds(ctx context.Context) ([]Hold, error) {
	all, err := state.All(ctx, s.db, "list holds", scanHold, selectHold)
	slices.SortFunc(all, byAge)
	return all, err
}

// bound is a time as it is kept: NULL where it is no bound.
func bound(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

func unbound(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.UnixMicro(n.Int64).UTC()
}

package incident

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/state"
)

// Happened is a change of an incident: one transaction, with all it did.
type Happened struct {
	Sequence int64
	Incident int64
	// Created says that the incident was made by it.
	Created bool
	Kinds   []string // of model.Happening
	Author  string   // empty for Quoll itself
	// Automated says that automation made the change.
	Automated bool
	At        time.Time // UTC
}

// Changes returns changes of incidents after a sequence number, the oldest first.
func (s *Store) Changes(ctx context.Context, after int64, limit int) ([]Happened, error) {
	return state.All(ctx, s.db, "read changes of incidents", func(row state.Row) (h Happened, err error) {
		var kinds string
		var at int64
		err = row.Scan(&h.Sequence, &h.Incident, &h.Created, &kinds, &h.Author, &h.Automated, &at)
		h.At = fromMicros(at)
		if kinds != "" {
			h.Kinds = strings.Split(kinds, ",")
		}
		return h, err
	}, `SELECT sequence, incident, created, kinds, author, automated, at FROM incident_change WHERE sequence > ? ORDER BY sequence LIMIT ?`, after, limit)
}

// onceFor is how long a change that is made once is remembered, at least.
const onceFor = 90 * 24 * time.Hour

// ForgetChanges drops changes up to a sequence number, which nobody asks for again,
// and keys of changes made once that are long past.
func (s *Store) ForgetChanges(ctx context.Context, upTo int64) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM incident_change WHERE sequence <= ?`, upTo); err != nil {
		return fmt.Errorf("forget changes of incidents: %w", err)
	}
	if _, err := s.db.ExecContext(ctx, `DELETE FROM incident_once WHERE at < ?`, micros(s.now().Add(-onceFor))); err != nil {
		return fmt.Errorf("forget keys of changes: %w", err)
	}
	return nil
}

// tell writes down the change of an incident that a transaction makes.
func (s *Store) tell(ctx context.Context, tx *sql.Tx, number int64, author string) error {
	var told int64
	if err := tx.QueryRowContext(ctx, `SELECT told FROM incident WHERE number=?`, number).Scan(&told); err != nil {
		return fmt.Errorf("tell of incident %d: %w", number, err)
	}
	type happening struct {
		sequence int64
		kind     string
	}
	news, err := state.All(ctx, tx, "tell of incident", func(row state.Row) (h happening, err error) {
		return h, row.Scan(&h.sequence, &h.kind)
	}, `SELECT sequence, kind FROM incident_happening WHERE incident=? AND sequence>? ORDER BY sequence`, number, told)
	if err != nil || len(news) == 0 {
		return err
	}
	var kinds []string
	automated := false
	for _, h := range news {
		kinds = append(kinds, h.kind)
		automated = automated || h.kind == "automation"
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO incident_change (incident, created, kinds, author, automated, at) VALUES (?,?,?,?,?,?)`,
		number, told == 0, strings.Join(kinds, ","), author, automated, micros(s.now())); err != nil {
		return fmt.Errorf("tell of incident %d: %w", number, err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE incident SET told=? WHERE number=?`, news[len(news)-1].sequence, number); err != nil {
		return fmt.Errorf("tell of incident %d: %w", number, err)
	}
	return nil
}

// first says whether a change with a key is made for the first time, and notes
// that it is. An empty key is always the first.
func (s *Store) first(ctx context.Context, tx *sql.Tx, key string) (bool, error) {
	if key == "" {
		return true, nil
	}
	result, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO incident_once (key, at) VALUES (?,?)`, key, micros(s.now()))
	if err != nil {
		return false, fmt.Errorf("note the key of a change: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

package hold

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/quoll/quoll/internal/state"
)

var (
	// ErrApprovesOwn keeps one person from erasing anything alone.
	ErrApprovesOwn = errors.New("who asked for an erasure cannot approve it: another person has to, with an account of their own")
	// ErrNotApproved says that nobody has said so yet.
	ErrNotApproved = errors.New("nobody has approved it: another person than who asked has to")
)

// Erasure is one of a person's data.
type Erasure struct {
	ID int64
	// Names are how the person is called, and Salt what their names are hashed with
	// in the certificate. Both are empty once it is done.
	Names  []string
	Salt   string
	Reason string
	By     string
	At     time.Time // UTC
	// Positions are the payloads that go, in ascending order, and Found what was
	// found in them, as JSON.
	Positions   []uint64
	Found       json.RawMessage
	ApprovedBy  string
	ApprovedAt  time.Time // UTC
	Keys        []string  // of the records that go, in hexadecimal
	Certificate []byte    // signed; nil until it is carried out
	Done        time.Time // UTC; zero until it is done
}

// secure runs a statement that leaves nothing of what it changes in the file: the
// database overwrites with zeros what it lets go of, and empties its log.
func (s *Store) secure(ctx context.Context, statement string, arguments ...any) (result sql.Result, err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		_, off := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA secure_delete = OFF")
		err = errors.Join(err, off, conn.Close())
	}()
	if _, err := conn.ExecContext(ctx, "PRAGMA secure_delete = ON"); err != nil {
		return nil, err
	}
	if result, err = conn.ExecContext(ctx, statement, arguments...); err != nil {
		return nil, err
	}
	// A reader may keep the log from being emptied; it is at the next start then.
	_, _ = conn.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return result, nil
}

// PlanErasure keeps what somebody asked for and returns its number.
func (s *Store) PlanErasure(ctx context.Context, e Erasure) (int64, error) {
	if e.Reason == "" || len(e.Reason) > maxText || e.By == "" || len(e.Names) == 0 {
		return 0, fmt.Errorf("plan an erasure: %w: say who, whose data, and why, in at most %d bytes", ErrInvalid, maxText)
	}
	names, err := json.Marshal(e.Names)
	if err != nil {
		return 0, fmt.Errorf("plan an erasure: %w", err)
	}
	positions, err := json.Marshal(e.Positions)
	if err != nil {
		return 0, fmt.Errorf("plan an erasure: %w", err)
	}
	result, err := s.secure(ctx, `INSERT INTO hold_erasure (names, salt, reason, by, at, positions, found) VALUES (?,?,?,?,?,?,?)`,
		string(names), e.Salt, e.Reason, e.By, s.now().UnixMicro(), string(positions), string(e.Found))
	if err != nil {
		return 0, fmt.Errorf("plan an erasure: %w", err)
	}
	return result.LastInsertId()
}

const selectErasure = `SELECT id, names, salt, reason, by, at, positions, found, approved_by, approved_at, keys, certificate, done_at FROM hold_erasure`

func scanErasure(row state.Row) (e Erasure, err error) {
	var at int64
	var names, positions, found, keys string
	var approved, done sql.NullInt64
	if err := row.Scan(&e.ID, &names, &e.Salt, &e.Reason, &e.By, &at, &positions, &found, &e.ApprovedBy, &approved, &keys, &e.Certificate, &done); err != nil {
		return e, err
	}
	e.At, e.ApprovedAt, e.Done, e.Found = time.UnixMicro(at).UTC(), unbound(approved), unbound(done), json.RawMessage(found)
	return e, errors.Join(json.Unmarshal([]byte(names), &e.Names), json.Unmarshal([]byte(positions), &e.Positions), json.Unmarshal([]byte(keys), &e.Keys))
}

// Erasures returns all, the newest first.
func (s *Store) Erasures(ctx context.Context) ([]Erasure, error) {
	return state.All(ctx, s.db, "list erasures", scanErasure, selectErasure+` ORDER BY id DESC`)
}

// Erasure returns one; ErrUnknown says that there is none.
func (s *Store) Erasure(ctx context.Context, id int64) (*Erasure, error) {
	e, err := scanErasure(s.db.QueryRowContext(ctx, selectErasure+` WHERE id=?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("erasure %d: %w", id, ErrUnknown)
	}
	if err != nil {
		return nil, fmt.Errorf("read erasure %d: %w", id, err)
	}
	return &e, nil
}

// ApproveErasure notes another person's word. The errors are ErrUnknown, ErrDone and
// ErrApprovesOwn, or the database's.
func (s *Store) ApproveErasure(ctx context.Context, id int64, by string) (*Erasure, error) {
	e, err := s.Erasure(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case !e.Done.IsZero() || e.Certificate != nil:
		return nil, fmt.Errorf("approve erasure %d: %w", id, ErrDone)
	case by == "" || SamePerson(by, e.By):
		return nil, fmt.Errorf("approve erasure %d of %s: %w", id, e.By, ErrApprovesOwn)
	}
	e.ApprovedBy, e.ApprovedAt = by, s.now().UTC().Truncate(time.Microsecond)
	if _, err := s.secure(ctx, `UPDATE hold_erasure SET approved_by=?, approved_at=? WHERE id=?`, by, e.ApprovedAt.UnixMicro(), id); err != nil {
		return nil, fmt.Errorf("approve erasure %d: %w", id, err)
	}
	return e, nil
}

// Approved returns an erasure that may be carried out. The errors are ErrUnknown,
// ErrDone and ErrNotApproved, or the database's.
func (s *Store) Approved(ctx context.Context, id int64) (*Erasure, error) {
	e, err := s.Erasure(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case !e.Done.IsZero():
		return nil, fmt.Errorf("carry out erasure %d: %w, at %s", id, ErrDone, e.Done.Format(time.RFC3339))
	case e.ApprovedBy == "":
		return nil, fmt.Errorf("carry out erasure %d: %w", id, ErrNotApproved)
	}
	return e, nil
}

// KeepErasure keeps the certificate and the keys of the records, before anything is
// done.
func (s *Store) KeepErasure(ctx context.Context, e *Erasure) error {
	keys, err := json.Marshal(e.Keys)
	if err == nil {
		_, err = s.secure(ctx, `UPDATE hold_erasure SET certificate=?, keys=? WHERE id=? AND certificate IS NULL`, e.Certificate, string(keys), e.ID)
	}
	if err != nil {
		return fmt.Errorf("keep the certificate of erasure %d: %w", e.ID, err)
	}
	return nil
}

// Erased says that an erasure was done, and forgets whose data it was about.
func (s *Store) Erased(ctx context.Context, id int64) error {
	if _, err := s.secure(ctx, `UPDATE hold_erasure SET done_at=?, names='[]', salt='', keys='[]' WHERE id=?`, s.now().UnixMicro(), id); err != nil {
		return fmt.Errorf("note that erasure %d is done: %w", id, err)
	}
	return nil
}

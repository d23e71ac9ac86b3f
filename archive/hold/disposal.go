package hold

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/quoll/quoll/internal/state"
)

// ErrConfirmsOwn keeps one person from disposing of anything alone.
var ErrConfirmsOwn = errors.New("who proposed a disposal cannot confirm it: another person has to, with an account of their own")

// ErrDone says that a proposal was carried out.
var ErrDone = errors.New("it was done already")

// Proposal is one of disposing of what was received before a time.
type Proposal struct {
	ID              int64
	Before          time.Time // UTC
	Minimum, Reason string
	By              string
	At              time.Time // UTC
	Certificate     []byte    // signed; nil until another person has confirmed
	Done            time.Time // UTC; zero until it is done
}

// Propose keeps a proposal and returns its number.
func (s *Store) Propose(ctx context.Context, p Proposal) (int64, error) {
	if p.Reason == "" || len(p.Reason) > maxText || p.By == "" || p.Before.IsZero() {
		return 0, fmt.Errorf("propose a disposal: %w: say who, why, in at most %d bytes, and before when", ErrInvalid, maxText)
	}
	result, err := s.db.ExecContext(ctx, `INSERT INTO hold_disposal (before, minimum, reason, by, at) VALUES (?,?,?,?,?)`, p.Before.UnixMicro(), p.Minimum, p.Reason, p.By, s.now().UnixMicro())
	if err != nil {
		return 0, fmt.Errorf("propose a disposal: %w", err)
	}
	return result.LastInsertId()
}

const selectProposal = `SELECT id, before, minimum, reason, by, at, certificate, done_at FROM hold_disposal`

func scanProposal(row state.Row) (p Proposal, err error) {
	var before, at int64
	var done sql.NullInt64
	err = row.Scan(&p.ID, &before, &p.Minimum, &p.Reason, &p.By, &at, &p.Certificate, &done)
	p.Before, p.At, p.Done = time.UnixMicro(before).UTC(), time.UnixMicro(at).UTC(), unbound(done)
	return p, err
}

// Proposals returns all, the newest first.
func (s *Store) Proposals(ctx context.Context) ([]Proposal, error) {
	return state.All(ctx, s.db, "list proposals of disposal", scanProposal, selectProposal+` ORDER BY id DESC`)
}

// Confirmable returns a proposal if somebody may confirm it. The errors are
// ErrUnknown, ErrDone and ErrConfirmsOwn, or the database's.
func (s *Store) Confirmable(ctx context.Context, id int64, by string) (*Proposal, error) {
	p, err := scanProposal(s.db.QueryRowContext(ctx, selectProposal+` WHERE id=?`, id))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, fmt.Errorf("proposal %d: %w", id, ErrUnknown)
	case err != nil:
		return nil, fmt.Errorf("read proposal %d: %w", id, err)
	case !p.Done.IsZero():
		return nil, fmt.Errorf("confirm proposal %d: %w, at %s", id, ErrDone, p.Done.Format(time.RFC3339))
	case by == "" || SamePerson(by, p.By):
		return nil, fmt.Errorf("confirm proposal %d of %s: %w", id, p.By, ErrConfirmsOwn)
	}
	return &p, nil
}

// KeepCertificate keeps what another person has confirmed, before anything is done.
func (s *Store) KeepCertificate(ctx context.Context, id int64, signed []byte) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE hold_disposal SET certificate=? WHERE id=? AND certificate IS NULL`, signed, id); err != nil {
		return fmt.Errorf("keep the certificate of proposal %d: %w", id, err)
	}
	return nil
}

// Disposed says that a proposal was done.
func (s *Store) Disposed(ctx context.Context, id int64) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE hold_disposal SET done_at=? WHERE id=?`, s.now().UnixMicro(), id); err != nil {
		return fmt.Errorf("note that proposal %d is done: %w", id, err)
	}
	return nil
}

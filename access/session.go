package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/quoll/quoll/internal/state"
)

// SignIn begins a session for who knows the password. It fails with ErrRefused
// or ErrTooMany.
func (s *Store) SignIn(ctx context.Context, name, password string) (Session, error) {
	if len(name) > MaxName || len(password) > MaxPassword {
		return Session{}, ErrRefused
	}
	if !s.attempts.allow(name, s.now()) {
		return Session{}, ErrTooMany
	}
	var id int64
	var phc string
	err := s.db.QueryRowContext(ctx, "SELECT id, password FROM access_person WHERE name = ? AND disabled = 0", name).Scan(&id, &phc)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Session{}, fmt.Errorf("sign in: %w", err)
	}
	if !s.hasher.matches(phc, password) {
		return Session{}, ErrRefused
	}
	s.attempts.forget(name)
	return s.begin(ctx, func(*sql.Tx) (int64, error) { return id, nil })
}

// Redeem begins a session by a one-time link, which ends with it.
func (s *Store) Redeem(ctx context.Context, secret string) (Session, error) {
	return s.begin(ctx, func(tx *sql.Tx) (id int64, err error) {
		err = tx.QueryRowContext(ctx, "DELETE FROM access_link WHERE digest = ? AND expires > ? RETURNING person", digestOf(secret), s.now().Unix()).Scan(&id)
		return id, err
	})
}

// begin makes a session for whom find names, unless they are disabled.
func (s *Store) begin(ctx context.Context, find func(*sql.Tx) (int64, error)) (Session, error) {
	secret, digest, err := s.secret()
	if err != nil {
		return Session{}, err
	}
	session := Session{Token: secret, Expires: s.now().Add(SessionTime).UTC()}
	err = state.Change(ctx, s.db, func(tx *sql.Tx) error {
		id, err := find(tx)
		if err != nil {
			return err
		}
		now := s.now().Unix()
		if _, err := tx.ExecContext(ctx, "UPDATE access_person SET seen = ? WHERE id = ?", now, id); err != nil {
			return err
		}
		session.Person, err = scanPerson(tx.QueryRowContext(ctx, "SELECT "+personColumns+" FROM access_person p WHERE id = ? AND disabled = 0", id))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM access_session WHERE expires <= ?", now); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO access_session (digest, person, expires) VALUES (?, ?, ?)", digest, id, session.Expires.Unix())
		return err
	})
	switch {
	case errors.Is(err, sql.ErrNoRows), errors.Is(err, ErrUnknown):
		return Session{}, ErrRefused
	case err != nil:
		return Session{}, fmt.Errorf("sign in: %w", err)
	}
	return session, nil
}

// Who returns the person of a session. It fails with ErrUnknown when there is
// none, or it has ended.
func (s *Store) Who(ctx context.Context, token string) (Person, error) {
	p, err := scanPerson(s.db.QueryRowContext(ctx, "SELECT "+personColumns+` FROM access_session s JOIN access_person p ON p.id = s.person
		WHERE s.digest = ? AND s.expires > ? AND p.disabled = 0`, digestOf(token), s.now().Unix()))
	if err != nil {
		return p, fmt.Errorf("find session: %w", err)
	}
	return p, nil
}

// SignOut ends a session; of one that is unknown it says nothing.
func (s *Store) SignOut(ctx context.Context, token string) error {
	if _, err := s.db.ExecContext(ctx, "DELETE FROM access_session WHERE digest = ?", digestOf(token)); err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	return nil
}

// SetPassword gives a person a password. Who has one must give it. All other
// sessions of theirs end; the one of token goes on.
func (s *Store) SetPassword(ctx context.Context, id int64, token, current, next string) error {
	var name, phc string
	err := s.db.QueryRowContext(ctx, "SELECT name, password FROM access_person WHERE id = ?", id).Scan(&name, &phc)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrUnknown
	}
	if err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	if err := checkPassword(name, next); err != nil {
		return err
	}
	if phc != "" {
		if !s.attempts.allow(name, s.now()) {
			return ErrTooMany
		}
		if !s.hasher.matches(phc, current) {
			return ErrRefused
		}
		s.attempts.forget(name)
	}
	hashed, err := s.hasher.hash(next)
	if err != nil {
		return err
	}
	err = state.Change(ctx, s.db, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE access_person SET password = ? WHERE id = ?", hashed, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM access_session WHERE person = ? AND digest <> ?", id, digestOf(token))
		return err
	})
	if err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	return nil
}

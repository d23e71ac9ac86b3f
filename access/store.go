package access

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/state"
)

//go:embed migrations/*.sql
var migrations embed.FS

// FirstName is what the first administrator is called until renamed.
const FirstName = "administrator"

// Store keeps people, sessions and links in the state database.
type Store struct {
	db       *sql.DB
	now      func() time.Time
	random   io.Reader
	hasher   *hasher
	attempts attempts
}

// Open brings the tables up to date. random gives secrets and salts.
func Open(ctx context.Context, db *sql.DB, now func() time.Time, random io.Reader) (*Store, error) {
	if err := state.Migrate(ctx, db, "access", migrations); err != nil {
		return nil, err
	}
	return &Store{db: db, now: now, random: random, hasher: newHasher(random)}, nil
}

// FirstLink returns the secret of a one-time link for the first administrator,
// whom it makes; an earlier link of theirs ends. It is empty once an
// administrator who is not disabled has a password.
func (s *Store) FirstLink(ctx context.Context) (string, error) {
	var n int
	err := s.db.QueryRowContext(ctx, "SELECT count(*) FROM access_person WHERE role = ? AND password <> '' AND disabled = 0", Administrator).Scan(&n)
	if err != nil {
		return "", fmt.Errorf("look for an administrator: %w", err)
	}
	if n > 0 {
		return "", nil
	}
	return s.Link(ctx, FirstName, Administrator)
}

// Link returns the secret of a one-time link for a person, who is made with the
// role if there is none of that name, and given the role otherwise. Earlier
// links of theirs end.
func (s *Store) Link(ctx context.Context, name string, role Role) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || len(name) > MaxName {
		return "", fmt.Errorf("%w: a name has 1 to %d bytes", ErrInvalid, MaxName)
	}
	if !role.Known() {
		return "", fmt.Errorf("%w: there is no role %q; roles are Reader, Responder, Contributor, Administrator", ErrInvalid, role)
	}
	secret, digest, err := s.secret()
	if err != nil {
		return "", err
	}
	err = state.Change(ctx, s.db, func(tx *sql.Tx) error {
		var id int64
		err := tx.QueryRowContext(ctx, `INSERT INTO access_person (name, role, created) VALUES (?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET role = excluded.role, disabled = 0 RETURNING id`, name, role, s.now().Unix()).Scan(&id)
		if err != nil {
			return err
		}
		if err := keepAdministrator(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM access_link WHERE person = ?", id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO access_link (digest, person, expires) VALUES (?, ?, ?)", digest, id, s.now().Add(LinkTime).Unix())
		return err
	})
	if err != nil {
		return "", fmt.Errorf("make a link for %q: %w", name, err)
	}
	return secret, nil
}

// People returns everybody, by name.
func (s *Store) People(ctx context.Context) ([]Person, error) {
	return state.All(ctx, s.db, "list people", scanPerson, "SELECT "+personColumns+" FROM access_person p ORDER BY name")
}

// Change is what an administrator changes of a person; nil stays.
type Change struct {
	Role     *Role
	Disabled *bool
}

// Change applies a change and returns the person as they then are. Who is
// disabled is signed out everywhere.
func (s *Store) Change(ctx context.Context, id int64, c Change) (Person, error) {
	if c.Role != nil && !c.Role.Known() {
		return Person{}, fmt.Errorf("change person: %w: there is no role %q", ErrInvalid, *c.Role)
	}
	var p Person
	err := state.Change(ctx, s.db, func(tx *sql.Tx) (err error) {
		if c.Role != nil {
			if _, err := tx.ExecContext(ctx, "UPDATE access_person SET role = ? WHERE id = ?", *c.Role, id); err != nil {
				return err
			}
		}
		if c.Disabled != nil {
			if _, err := tx.ExecContext(ctx, "UPDATE access_person SET disabled = ? WHERE id = ?", *c.Disabled, id); err != nil {
				return err
			}
		}
		if p, err = scanPerson(tx.QueryRowContext(ctx, "SELECT "+personColumns+" FROM access_person p WHERE id = ?", id)); err != nil {
			return err
		}
		if p.Disabled {
			if err := endAll(ctx, tx, id); err != nil {
				return err
			}
		}
		return keepAdministrator(ctx, tx)
	})
	if err != nil {
		return p, fmt.Errorf("change person: %w", err)
	}
	return p, nil
}

// endAll ends the sessions and links of a person.
func endAll(ctx context.Context, tx *sql.Tx, id int64) error {
	for _, table := range []string{"access_session", "access_link"} {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE person = ?", id); err != nil {
			return err
		}
	}
	return nil
}

// keepAdministrator fails where nobody could let anybody in any more.
func keepAdministrator(ctx context.Context, tx *sql.Tx) error {
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM access_person WHERE role = ? AND disabled = 0", Administrator).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return ErrLastAdministrator
	}
	return nil
}

const personColumns = "p.id, p.name, p.role, p.password <> '', p.disabled, p.created, p.seen"

func scanPerson(row state.Row) (Person, error) {
	var p Person
	var created, seen int64
	err := row.Scan(&p.ID, &p.Name, &p.Role, &p.HasPassword, &p.Disabled, &created, &seen)
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrUnknown
	}
	p.Created = time.Unix(created, 0).UTC()
	if seen > 0 {
		p.Seen = time.Unix(seen, 0).UTC()
	}
	return p, err
}

// secret returns 256 random bits as text for a URL or a cookie, and their digest.
func (s *Store) secret() (text string, digest []byte, err error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(s.random, raw); err != nil {
		return "", nil, fmt.Errorf("make a secret: %w", err)
	}
	text = base64.RawURLEncoding.EncodeToString(raw)
	return text, digestOf(text), nil
}

func digestOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

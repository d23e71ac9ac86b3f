package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/state"
)

// Token is what a program shows instead of a person's session. It has a role of
// its own and is nobody.
type Token struct {
	ID      int64
	Name    string
	Role    Role
	Author  string // who made it
	Created time.Time
	Expires time.Time // zero: never
	Used    time.Time // to the minute; zero: never
}

// tokenPrefix lets programs that look for secrets in files know one.
const tokenPrefix = "quoll_"

// maxTokens bounds the tokens that are kept at a time.
const maxTokens = 200

// usedEvery is how exactly the last use of a token is kept, so that not every
// request writes.
const usedEvery = time.Minute

// NewToken makes a token and returns its secret, which is not kept. A zero expires
// is never. A name that is there already is ErrInvalid.
func (s *Store) NewToken(ctx context.Context, name string, role Role, author string, expires time.Time) (Token, string, error) {
	name = strings.TrimSpace(name)
	now := s.now()
	switch {
	case name == "" || len(name) > MaxName:
		return Token{}, "", fmt.Errorf("%w: a name has 1 to %d bytes", ErrInvalid, MaxName)
	case !role.Known():
		return Token{}, "", fmt.Errorf("%w: there is no role %q; roles are Reader, Responder, Contributor, Administrator", ErrInvalid, role)
	case !expires.IsZero() && !expires.After(now):
		return Token{}, "", fmt.Errorf("%w: the token would end at %s, which is over", ErrInvalid, expires.UTC().Format(time.RFC3339))
	}
	text, _, err := s.secret()
	if err != nil {
		return Token{}, "", err
	}
	secret := tokenPrefix + text
	t := Token{Name: name, Role: role, Author: author, Created: now.UTC().Truncate(time.Second), Expires: expires.UTC().Truncate(time.Second)}
	err = state.Change(ctx, s.db, func(tx *sql.Tx) error {
		var there, same int
		if err := tx.QueryRowContext(ctx, "SELECT count(*), coalesce(sum(name = ?), 0) FROM access_token", name).Scan(&there, &same); err != nil {
			return err
		}
		if same > 0 {
			return fmt.Errorf("%w: there is a token %q already; revoke it, or choose another name", ErrInvalid, name)
		}
		if there >= maxTokens {
			return fmt.Errorf("%w: there are %d tokens; revoke some first", ErrInvalid, there)
		}
		return tx.QueryRowContext(ctx, "INSERT INTO access_token (name, role, digest, author, created, expires) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
			name, role, digestOf(secret), author, t.Created.Unix(), seconds(t.Expires)).Scan(&t.ID)
	})
	if err != nil {
		return Token{}, "", fmt.Errorf("make token: %w", err)
	}
	return t, secret, nil
}

// Tokens returns all tokens, also those that have ended, by name.
func (s *Store) Tokens(ctx context.Context) ([]Token, error) {
	return state.All(ctx, s.db, "list tokens", scanToken, "SELECT "+tokenColumns+" FROM access_token ORDER BY name")
}

// Bearer returns the token of a secret; ErrUnknown when there is none, or it has
// ended.
func (s *Store) Bearer(ctx context.Context, secret string) (Token, error) {
	if !strings.HasPrefix(secret, tokenPrefix) || len(secret) > 4*MaxName {
		return Token{}, ErrUnknown
	}
	now := s.now()
	t, err := scanToken(s.db.QueryRowContext(ctx, "SELECT "+tokenColumns+" FROM access_token WHERE digest = ? AND (expires = 0 OR expires > ?)", digestOf(secret), now.Unix()))
	if errors.Is(err, sql.ErrNoRows) {
		return Token{}, ErrUnknown
	}
	if err != nil {
		return Token{}, fmt.Errorf("look for a token: %w", err)
	}
	if now.Sub(t.Used) < usedEvery {
		return t, nil
	}
	if _, err := s.db.ExecContext(ctx, "UPDATE access_token SET used = ? WHERE id = ?", now.Unix(), t.ID); err != nil {
		return Token{}, fmt.Errorf("note the use of a token: %w", err)
	}
	return t, nil
}

// Revoke ends a token at once, and returns it as it was.
func (s *Store) Revoke(ctx context.Context, id int64) (Token, error) {
	t, err := scanToken(s.db.QueryRowContext(ctx, "DELETE FROM access_token WHERE id = ? RETURNING "+tokenColumns, id))
	if errors.Is(err, sql.ErrNoRows) {
		return Token{}, ErrUnknown
	}
	if err != nil {
		return Token{}, fmt.Errorf("revoke token: %w", err)
	}
	return t, nil
}

const tokenColumns = "id, name, role, author, created, expires, used"

func scanToken(row state.Row) (Token, error) {
	var t Token
	var created, expires, used int64
	if err := row.Scan(&t.ID, &t.Name, &t.Role, &t.Author, &created, &expires, &used); err != nil {
		return Token{}, err
	}
	t.Created, t.Expires, t.Used = time.Unix(created, 0).UTC(), moment(expires), moment(used)
	return t, nil
}

// moment reads a time where 0 is none.
func moment(at int64) time.Time {
	if at == 0 {
		return time.Time{}
	}
	return time.Unix(at, 0).UTC()
}

func seconds(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.Unix()
}

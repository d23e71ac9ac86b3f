// Package library keeps what people add to the language for all to use:
// watchlists, which queries read with _GetWatchlist, and saved functions. Each
// change is a new version, and the old ones stay.
//
// It must not know how a query is compiled or run (whoever saves a function
// checks it first), nor who may change what: authors are names.
package library

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/quoll/quoll/internal/state"
)

//go:embed migrations/*.sql
var migrations embed.FS

var (
	// ErrInvalid wraps what is wrong with something to keep.
	ErrInvalid = errors.New("not valid")
	// ErrUnknown says that there is nothing of that name, or no such version.
	ErrUnknown = errors.New("there is none of that name")
)

// Version says which state of something it is and who made it.
type Version struct {
	Number  int64 // from 1
	Author  string
	At      time.Time // UTC
	Removed bool
}

// Store keeps watchlists and functions in the state database. It is safe for
// concurrent use.
type Store struct {
	db  *sql.DB
	now func() time.Time

	mu    sync.Mutex
	lists map[string]*Watchlist // the newest that were read, by alias
}

// Open brings the tables up to date.
func Open(ctx context.Context, db *sql.DB, now func() time.Time) (*Store, error) {
	if err := state.Migrate(ctx, db, "library", migrations); err != nil {
		return nil, err
	}
	return &Store{db: db, now: now, lists: map[string]*Watchlist{}}, nil
}

// identifier is what a name may be, so that a query can say it without brackets.
var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,99}$`)

// IsName says whether a function can have a name.
func IsName(name string) bool { return identifier.MatchString(name) }

// alias is what a watchlist may be called, as Sentinel has it.
var alias = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

const maxText = 100_000 // bytes of a description, of parameters or of a body

// next returns the number of the next version of something, and whether it is
// there now.
func next(ctx context.Context, tx *sql.Tx, table, column, name string) (number int64, there bool, err error) {
	err = tx.QueryRowContext(ctx, `SELECT version, removed = 0 FROM `+table+` WHERE `+column+`=? ORDER BY version DESC LIMIT 1`, name).Scan(&number, &there)
	if errors.Is(err, sql.ErrNoRows) {
		return 1, false, nil
	}
	return number + 1, there, err
}

// change runs f in a transaction.
func (s *Store) change(ctx context.Context, what string, f func(*sql.Tx) error) error {
	if err := state.Change(ctx, s.db, f); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

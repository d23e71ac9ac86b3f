// Package notebook keeps what people note while they hunt: queries that they
// save, alone or for all, and bookmarks of rows that they found.
//
// It must not know how a query is run or shown, nor who may do what: names of
// owners are texts, and rows are JSON that it gives back as it got it.
package notebook

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/state"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Kinds of a Note.
const (
	Query    = "query"    // a query to run again
	Bookmark = "bookmark" // a row that was found, with the query that found it
)

// Bounds of a Note, in bytes, and of how many somebody has.
const (
	MaxTitle = 200
	MaxQuery = 100_000
	MaxRow   = 200_000
	MaxNotes = 5_000
)

var (
	// ErrInvalid wraps what is wrong with a note.
	ErrInvalid = errors.New("not valid")
	// ErrUnknown says that there is no such note, or that it is another's.
	ErrUnknown = errors.New("no such note")
)

// Note is a saved query or a bookmark.
type Note struct {
	ID     int64
	Kind   string
	Owner  string
	Shared bool // everybody sees it; only the owner takes it away
	Title  string
	Query  string
	// Range is the time range of the query, as the page that made it words it.
	Range   string
	Remark  string
	Row     json.RawMessage // of a bookmark: an object; nil otherwise
	Created time.Time       // UTC
}

// Store keeps notes in the state database.
type Store struct {
	db  *sql.DB
	now func() time.Time
}

// Open brings the table up to date.
func Open(ctx context.Context, db *sql.DB, now func() time.Time) (*Store, error) {
	if err := state.Migrate(ctx, db, "notebook", migrations); err != nil {
		return nil, err
	}
	return &Store{db: db, now: now}, nil
}

// List returns the notes that somebody sees: theirs, and those shared. The
// newest come first.
func (s *Store) List(ctx context.Context, who string) ([]Note, error) {
	return state.All(ctx, s.db, "list notes", func(row state.Row) (n Note, err error) {
		var marked string
		var created int64
		err = row.Scan(&n.ID, &n.Kind, &n.Owner, &n.Shared, &n.Title, &n.Query, &n.Range, &n.Remark, &marked, &created)
		if marked != "" {
			n.Row = json.RawMessage(marked)
		}
		n.Created = time.UnixMicro(created).UTC()
		return n, err
	}, `SELECT id, kind, owner, shared, title, query, range, remark, row, created
		FROM notebook_note WHERE shared <> 0 OR owner = ? ORDER BY created DESC, id DESC`, who)
}

// Add keeps a note and returns it with its id and time.
func (s *Store) Add(ctx context.Context, n Note) (Note, error) {
	n.Title = strings.TrimSpace(n.Title)
	if err := n.check(); err != nil {
		return n, err
	}
	n.Created = s.now().UTC().Truncate(time.Microsecond)
	err := s.db.QueryRowContext(ctx, `INSERT INTO notebook_note (kind, owner, shared, title, query, range, remark, row, created)
		SELECT ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM notebook_note WHERE owner = ?) < ? RETURNING id`,
		n.Kind, n.Owner, n.Shared, n.Title, n.Query, n.Range, n.Remark, string(n.Row), n.Created.UnixMicro(), n.Owner, MaxNotes).Scan(&n.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return n, fmt.Errorf("%w: %s has %d notes already; take some away first", ErrInvalid, n.Owner, MaxNotes)
	}
	if err != nil {
		return n, fmt.Errorf("keep note: %w", err)
	}
	return n, nil
}

func (n Note) check() error {
	switch {
	case n.Kind != Query && n.Kind != Bookmark:
		return fmt.Errorf("%w: a note is a query or a bookmark", ErrInvalid)
	case n.Title == "" || len(n.Title) > MaxTitle:
		return fmt.Errorf("%w: a title has 1 to %d bytes", ErrInvalid, MaxTitle)
	case strings.TrimSpace(n.Query) == "" || len(n.Query) > MaxQuery:
		return fmt.Errorf("%w: a query has 1 to %d bytes", ErrInvalid, MaxQuery)
	case len(n.Remark) > MaxQuery || len(n.Range) > MaxTitle || len(n.Row) > MaxRow:
		return fmt.Errorf("%w: the note is too large", ErrInvalid)
	case (n.Kind == Bookmark) != (len(n.Row) > 0) || len(n.Row) > 0 && !json.Valid(n.Row):
		return fmt.Errorf("%w: a bookmark has a row, and a query has none", ErrInvalid)
	}
	return nil
}

// Remove takes away a note of who.
func (s *Store) Remove(ctx context.Context, who string, id int64) error {
	result, err := s.db.ExecContext(ctx, "DELETE FROM notebook_note WHERE id = ? AND owner = ?", id, who)
	if err != nil {
		return fmt.Errorf("take note away: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrUnknown, err)
	}
	return nil
}

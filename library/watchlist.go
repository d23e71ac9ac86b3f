package library

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/quoll/quoll/internal/state"
)

// Bounds of a watchlist.
const (
	MaxWatchlistBytes = 16 << 20 // of the CSV
	MaxWatchlistRows  = 100_000
	maxColumns        = 200
)

// Watchlist is a table that somebody keeps by hand.
type Watchlist struct {
	Version
	Alias       string
	SearchKey   string // the column that queries are to join on
	Description string
	Columns     []string
	Rows        [][]string // a cell for each column; nil where only the head was asked for
	RowCount    int
}

// reserved are the columns that _GetWatchlist adds, as Sentinel does.
var reserved = []string{"_DTItemId", "LastUpdatedTimeUTC", "SearchKey"}

// ParseCSV reads the head line and the rows of a watchlist. An error says the
// line.
func ParseCSV(text []byte) (columns []string, rows [][]string, err error) {
	if len(text) > MaxWatchlistBytes {
		return nil, nil, fmt.Errorf("%w: %d bytes of CSV; a watchlist has at most %d", ErrInvalid, len(text), MaxWatchlistBytes)
	}
	if !utf8.Valid(text) {
		return nil, nil, fmt.Errorf("%w: the CSV is not UTF-8", ErrInvalid)
	}
	reader := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		if columns == nil {
			columns = record
			continue
		}
		if rows = append(rows, record); len(rows) > MaxWatchlistRows {
			return nil, nil, fmt.Errorf("%w: more than %d rows", ErrInvalid, MaxWatchlistRows)
		}
	}
	for i, name := range columns {
		columns[i] = strings.TrimSpace(name)
	}
	return columns, rows, nil
}

func (w *Watchlist) check() error {
	switch {
	case !alias.MatchString(w.Alias):
		return fmt.Errorf("%w: alias %q; it has letters, digits, - and _, and at most 64", ErrInvalid, w.Alias)
	case len(w.Columns) == 0 || len(w.Columns) > maxColumns:
		return fmt.Errorf("%w: a watchlist has 1 to %d columns, named in its first line", ErrInvalid, maxColumns)
	case !slices.Contains(w.Columns, w.SearchKey):
		return fmt.Errorf("%w: the search key %q is none of the columns %s", ErrInvalid, w.SearchKey, strings.Join(w.Columns, ", "))
	case len(w.Description) > maxText:
		return fmt.Errorf("%w: the description is too long", ErrInvalid)
	case w.Author == "":
		return fmt.Errorf("%w: say who keeps it", ErrInvalid)
	}
	for i, name := range w.Columns {
		if name == "" || slices.Contains(w.Columns[:i], name) {
			return fmt.Errorf("%w: column %d is %q: columns have names, each once", ErrInvalid, i+1, name)
		}
		if slices.Contains(reserved, name) {
			return fmt.Errorf("%w: %s is a column that every watchlist has; name yours otherwise", ErrInvalid, name)
		}
	}
	return nil
}

// ImportWatchlist keeps a watchlist as the newest version of its alias. Version
// and RowCount are set; Author has to be given.
func (s *Store) ImportWatchlist(ctx context.Context, w Watchlist) (Watchlist, error) {
	if err := w.check(); err != nil {
		return w, fmt.Errorf("import watchlist %s: %w", w.Alias, err)
	}
	if w.Rows == nil {
		w.Rows = [][]string{}
	}
	columns, err := json.Marshal(w.Columns)
	if err != nil {
		return w, err
	}
	body, err := json.Marshal(w.Rows)
	if err != nil {
		return w, err
	}
	w.RowCount, w.At = len(w.Rows), s.now().UTC().Truncate(time.Microsecond)
	err = s.change(ctx, "import watchlist "+w.Alias, func(tx *sql.Tx) error {
		if w.Number, _, err = next(ctx, tx, "library_watchlist", "alias", w.Alias); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO library_watchlist (alias, version, search_key, description, columns, body, row_count, author, at) VALUES (?,?,?,?,?,?,?,?,?)`,
			w.Alias, w.Number, w.SearchKey, w.Description, string(columns), string(body), w.RowCount, w.Author, w.At.UnixMicro())
		return err
	})
	return w, err
}

// RemoveWatchlist makes a version that says that the watchlist is gone.
func (s *Store) RemoveWatchlist(ctx context.Context, alias, author string) error {
	return s.change(ctx, "remove watchlist "+alias, func(tx *sql.Tx) error {
		number, there, err := next(ctx, tx, "library_watchlist", "alias", alias)
		if err != nil {
			return err
		}
		if !there {
			return ErrUnknown
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO library_watchlist SELECT alias, ?, search_key, description, columns, '', 0, ?, ?, 1 FROM library_watchlist WHERE alias=? AND version=?`,
			number, author, s.now().UnixMicro(), alias, number-1)
		return err
	})
}

const watchlistHead = `SELECT alias, version, search_key, description, columns, row_count, author, at, removed FROM library_watchlist`

func scanWatchlist(row state.Row) (w Watchlist, err error) {
	var columns string
	var at int64
	if err := row.Scan(&w.Alias, &w.Number, &w.SearchKey, &w.Description, &columns, &w.RowCount, &w.Author, &at, &w.Removed); err != nil {
		return w, err
	}
	w.At = time.UnixMicro(at).UTC()
	return w, json.Unmarshal([]byte(columns), &w.Columns)
}

// Watchlists returns the watchlists that there are, by alias, without rows.
func (s *Store) Watchlists(ctx context.Context) ([]Watchlist, error) {
	return state.All(ctx, s.db, "list watchlists", scanWatchlist, watchlistHead+` AS w WHERE removed=0 AND version=(SELECT max(version) FROM library_watchlist WHERE alias=w.alias) ORDER BY alias`)
}

// WatchlistVersions returns every version of a watchlist, the newest first,
// without rows.
func (s *Store) WatchlistVersions(ctx context.Context, alias string) ([]Watchlist, error) {
	return state.All(ctx, s.db, "list versions of watchlist "+alias, scanWatchlist, watchlistHead+` WHERE alias=? ORDER BY version DESC`, alias)
}

// Watchlist returns a version of a watchlist with its rows; 0 is the newest. The
// caller changes nothing in it. ErrUnknown says that there is none.
func (s *Store) Watchlist(ctx context.Context, alias string, version int64) (*Watchlist, error) {
	query, args := watchlistHead+` WHERE alias=? ORDER BY version DESC LIMIT 1`, []any{alias}
	if version != 0 {
		query, args = watchlistHead+` WHERE alias=? AND version=?`, append(args, version)
	}
	w, err := scanWatchlist(s.db.QueryRowContext(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) || err == nil && w.Removed {
		return nil, fmt.Errorf("watchlist %s: %w", alias, ErrUnknown)
	}
	if err != nil {
		return nil, fmt.Errorf("read watchlist %s: %w", alias, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.lists[alias]; known != nil && known.Number == w.Number {
		return known, nil
	}
	var body string
	if err := s.db.QueryRowContext(ctx, `SELECT body FROM library_watchlist WHERE alias=? AND version=?`, alias, w.Number).Scan(&body); err != nil {
		return nil, fmt.Errorf("read watchlist %s: %w", alias, err)
	}
	if err := json.Unmarshal([]byte(body), &w.Rows); err != nil {
		return nil, fmt.Errorf("read watchlist %s: %w", alias, err)
	}
	if version == 0 {
		s.lists[alias] = &w
	}
	return &w, nil
}

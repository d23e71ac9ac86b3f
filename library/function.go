package library

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/state"
)

// Function is a KQL function that queries and rules can call by name.
type Function struct {
	Version
	Name string
	// Parameters are as in a let statement, without their brackets; Body is what
	// stands between the braces.
	Parameters, Body string
	Description      string
}

func (f *Function) check() error {
	switch {
	case !identifier.MatchString(f.Name):
		return fmt.Errorf("%w: name %q; it has letters, digits and _, and begins with no digit", ErrInvalid, f.Name)
	case strings.TrimSpace(f.Body) == "" || len(f.Body) > maxText:
		return fmt.Errorf("%w: a body has 1 to %d bytes", ErrInvalid, maxText)
	case len(f.Parameters) > maxText || len(f.Description) > maxText:
		return fmt.Errorf("%w: parameters or description are too long", ErrInvalid)
	case f.Author == "":
		return fmt.Errorf("%w: say who keeps it", ErrInvalid)
	}
	return nil
}

// SaveFunction keeps a function as the newest version of its name. That it
// compiles is for the caller to see to.
func (s *Store) SaveFunction(ctx context.Context, f Function) (Function, error) {
	if err := f.check(); err != nil {
		return f, fmt.Errorf("save function %s: %w", f.Name, err)
	}
	f.At = s.now().UTC().Truncate(time.Microsecond)
	err := s.change(ctx, "save function "+f.Name, func(tx *sql.Tx) (err error) {
		if f.Number, _, err = next(ctx, tx, "library_function", "name", f.Name); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO library_function (name, version, parameters, body, description, author, at) VALUES (?,?,?,?,?,?,?)`,
			f.Name, f.Number, f.Parameters, f.Body, f.Description, f.Author, f.At.UnixMicro())
		return err
	})
	return f, err
}

// RemoveFunction makes a version that says that the function is gone.
func (s *Store) RemoveFunction(ctx context.Context, name, author string) error {
	return s.change(ctx, "remove function "+name, func(tx *sql.Tx) error {
		number, there, err := next(ctx, tx, "library_function", "name", name)
		if err != nil {
			return err
		}
		if !there {
			return ErrUnknown
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO library_function SELECT name, ?, parameters, body, description, ?, ?, 1 FROM library_function WHERE name=? AND version=?`,
			number, author, s.now().UnixMicro(), name, number-1)
		return err
	})
}

const selectFunction = `SELECT name, version, parameters, body, description, author, at, removed FROM library_function`

func scanFunction(row state.Row) (f Function, err error) {
	var at int64
	err = row.Scan(&f.Name, &f.Number, &f.Parameters, &f.Body, &f.Description, &f.Author, &at, &f.Removed)
	f.At = time.UnixMicro(at).UTC()
	return f, err
}

// Function returns a version of a function; 0 is the newest. ErrUnknown says
// that there is none.
func (s *Store) Function(ctx context.Context, name string, version int64) (*Function, error) {
	query, args := selectFunction+` WHERE name=? ORDER BY version DESC LIMIT 1`, []any{name}
	if version != 0 {
		query, args = selectFunction+` WHERE name=? AND version=?`, append(args, version)
	}
	f, err := scanFunction(s.db.QueryRowContext(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) || err == nil && f.Removed {
		return nil, fmt.Errorf("function %s: %w", name, ErrUnknown)
	}
	if err != nil {
		return nil, fmt.Errorf("read function %s: %w", name, err)
	}
	return &f, nil
}

// Functions returns the functions that there are, by name.
func (s *Store) Functions(ctx context.Context) ([]Function, error) {
	return state.All(ctx, s.db, "list functions", scanFunction, selectFunction+` AS f WHERE removed=0 AND version=(SELECT max(version) FROM library_function WHERE name=f.name) ORDER BY name`)
}

// FunctionVersions returns every version of a function, the newest first.
func (s *Store) FunctionVersions(ctx context.Context, name string) ([]Function, error) {
	return state.All(ctx, s.db, "list versions of function "+name, scanFunction, selectFunction+` WHERE name=? ORDER BY version DESC`, name)
}

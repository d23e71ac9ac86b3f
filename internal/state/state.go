// Package state opens the SQLite file that holds Quoll's own small state (the
// ledger, cursors, rules' state, incidents) and brings each component's tables
// up to date.
//
// It must not know what the components keep: each owns its tables, prefixes
// their names with its own, and embeds its migrations. Rows of monitored data
// never come here.
package state

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mattn/go-sqlite3"
	"github.com/pressly/goose/v3"
)

// busyTimeout is how long, in milliseconds, a statement waits for another
// connection's write lock before it fails with SQLITE_BUSY.
const busyTimeout = "10000"

// statements is how many prepared statements a connection keeps: reading SQL was
// a third of the cost of a small transaction.
const statements = "64"

// maxConnections bounds the pool: one writes, the others read beside it.
const maxConnections = 8

// Open opens or creates the database file at path, readable and writable by
// its owner alone. A commit is on the disk when it returns (write-ahead log,
// synchronous=FULL), foreign keys are enforced, and every transaction takes the
// write lock at its start, so that a read followed by a write in one
// transaction cannot fail half-way. The parent folder must exist.
func Open(ctx context.Context, path string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	if err := createPrivate(abs); err != nil {
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	db := sql.OpenDB(connector{dsn(abs)})
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	var mode string
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return nil, errors.Join(fmt.Errorf("open state %s: %w", path, err), db.Close())
	}
	if mode != "wal" {
		return nil, errors.Join(fmt.Errorf("open state %s: journal mode is %q, want wal: is the folder on a network drive?", path, mode), db.Close())
	}
	return db, nil
}

// createPrivate makes the file before SQLite does, because SQLite would give it
// the process's default mode. The log and shared-memory files beside it copy
// the mode of the database file.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func dsn(abs string) string {
	query := url.Values{
		"_busy_timeout":    {busyTimeout},
		"_journal_mode":    {"WAL"},
		"_synchronous":     {"FULL"},
		"_foreign_keys":    {"on"},
		"_txlock":          {"immediate"},
		"_stmt_cache_size": {statements},
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: query.Encode()}).String()
}

// connector makes connections that trust no function or table that the schema of
// the file names: the driver has no parameter for that.
type connector struct{ dsn string }

// Connect implements driver.Connector.
func (c connector) Connect(context.Context) (driver.Conn, error) { return c.Driver().Open(c.dsn) }

// Driver implements driver.Connector.
func (c connector) Driver() driver.Driver {
	return &sqlite3.SQLiteDriver{ConnectHook: func(conn *sqlite3.SQLiteConn) error {
		_, err := conn.Exec("PRAGMA trusted_schema = OFF", nil)
		return err
	}}
}

var componentName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// Migrate runs the migrations of a component that have not run yet, in order of
// their numbers; what has run is remembered in a table of the component's own.
// fsys holds goose files ("00001_name.sql", "-- +goose Up") at its top level,
// or in its one folder "migrations". State that a newer version has changed is ErrNewer.
func Migrate(ctx context.Context, db *sql.DB, component string, fsys fs.FS) error {
	if !componentName.MatchString(component) {
		return fmt.Errorf("migrate state: component %q is not a lower-case name", component)
	}
	if info, err := fs.Stat(fsys, "migrations"); err == nil && info.IsDir() {
		if fsys, err = fs.Sub(fsys, "migrations"); err != nil {
			return fmt.Errorf("migrate state of %s: %w", component, err)
		}
	}
	if done, err := current(ctx, db, component, fsys); done || err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, fsys,
		goose.WithTableName("migrations_"+component),
		goose.WithDisableGlobalRegistry(true),
		// Steps get their numbers before they are merged, and may come in another
		// order; none depends on a later one.
		goose.WithAllowOutofOrder(true))
	if err != nil {
		return fmt.Errorf("migrate state of %s: %w", component, err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate state of %s: %w", component, err)
	}
	return nil
}

// ErrNewer says that a newer version of Quoll has changed the state, in a way that this
// one does not know. Nothing was changed.
var ErrNewer = errors.New("it was written by a newer version of Quoll: run that one, or go back to the backup from before the upgrade")

// current says whether every step has run, without reading the steps: most
// processes find them so, and goose reads and parses all files first. A step that has run
// and is not there is one of a newer version.
func current(ctx context.Context, db *sql.DB, component string, fsys fs.FS) (bool, error) {
	files, err := fs.Glob(fsys, "*.sql")
	if err != nil {
		return false, fmt.Errorf("migrate state of %s: %w", component, err)
	}
	ran, err := All(ctx, db, "list migrations", func(row Row) (version int64, err error) {
		err = row.Scan(&version)
		return version, err
	}, "SELECT version_id FROM migrations_"+component+" WHERE is_applied AND version_id > 0")
	if err != nil { // the first start: there is no such table
		return false, nil
	}
	known := make([]int64, len(files))
	for i, name := range files {
		number, _, _ := strings.Cut(name, "_")
		if known[i], err = strconv.ParseInt(number, 10, 64); err != nil {
			return false, nil // goose says what is wrong with the name
		}
	}
	for _, version := range ran {
		if !slices.Contains(known, version) {
			return false, fmt.Errorf("migrate state of %s: step %d has run, and is not known here: %w", component, version, ErrNewer)
		}
	}
	return !slices.ContainsFunc(known, func(version int64) bool { return !slices.Contains(ran, version) }), nil
}

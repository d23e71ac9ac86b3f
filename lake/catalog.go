package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "github.com/mattn/go-sqlite3" // the driver named "sqlite3"

	"github.com/quoll/quoll/internal/icebergtable"
	"github.com/quoll/quoll/internal/state"
)

const (
	catalogName = "quoll"
	namespace   = "quoll"
)

// catalogSchema is the layout that every Iceberg SQL catalog shares (PyIceberg,
// Java's JdbcCatalog version 1, iceberg-go), so that another engine can open
// catalog.db; quoll_positions is ours and other engines ignore it.
const catalogSchema = `
CREATE TABLE IF NOT EXISTS iceberg_tables (
	catalog_name VARCHAR NOT NULL,
	table_namespace VARCHAR NOT NULL,
	table_name VARCHAR NOT NULL,
	iceberg_type VARCHAR,
	metadata_location VARCHAR,
	previous_metadata_location VARCHAR,
	PRIMARY KEY (catalog_name, table_namespace, table_name)
);
CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
	catalog_name VARCHAR NOT NULL,
	namespace VARCHAR NOT NULL,
	property_key VARCHAR NOT NULL,
	property_value VARCHAR,
	PRIMARY KEY (catalog_name, namespace, property_key)
);
CREATE TABLE IF NOT EXISTS quoll_positions (
	table_name VARCHAR NOT NULL PRIMARY KEY,
	position INTEGER NOT NULL
);`

// catalog is the Iceberg catalog of one lake folder, in SQLite. It takes the
// place of iceberg-go's own SQL catalog, whose layout it keeps, for two
// reasons: a metadata file must be synced before the row that points to it is
// committed, and a folder that was moved must find its files again.
type catalog struct {
	db    *sql.DB
	files syncedFS
	// head is what a lake in a store commits to; the tables' rows follow it. It is nil
	// on the disk.
	head *head
	// swapped is called after a commit, and its error is reported in place of
	// success. Tests use it; it is nil otherwise.
	swapped func() error
}

func openCatalog(ctx context.Context, config *Config, files syncedFS) (*catalog, error) {
	path, open := filepath.Join(config.Dir, "catalog.db"), config.OpenCatalog
	if open == nil {
		open = openSQLite
	}
	db, err := open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open catalog %s: %w", path, err)
	}
	c := &catalog{db: db, files: files}
	if err := c.init(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open catalog %s: %w", path, err), db.Close())
	}
	return c, nil
}

func openSQLite(_ context.Context, path string) (*sql.DB, error) {
	// SQLite would give the file, and those beside it, the process's default mode.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	query := url.Values{"_busy_timeout": {"10000"}, "_journal_mode": {"WAL"}, "_synchronous": {"FULL"}}
	dsn := (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query.Encode()}).String()
	db, err := sql.Open("sqlite3", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

func (c *catalog) init(ctx context.Context) error {
	if _, err := c.db.ExecContext(ctx, catalogSchema); err != nil {
		return err
	}
	_, err := c.db.ExecContext(ctx, `INSERT OR IGNORE INTO iceberg_namespace_properties VALUES (?, ?, 'exists', 'true')`,
		catalogName, namespace)
	return err
}

// whole has SQLite check its own file.
func (c *catalog) whole(ctx context.Context) error {
	var verdict string
	if err := c.db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&verdict); err != nil {
		return fmt.Errorf("check catalog: %w", err)
	}
	if verdict != "ok" {
		return fmt.Errorf("check catalog: %s", verdict)
	}
	return nil
}

func (c *catalog) close() error { return c.db.Close() }

// metadataLocation returns where the current metadata of a table lies, or
// sql.ErrNoRows when the catalog does not know the table.
func (c *catalog) metadataLocation(ctx context.Context, name string) (string, error) {
	if c.head != nil {
		location, ok := c.head.location(name)
		if !ok {
			return "", sql.ErrNoRows
		}
		return location, nil
	}
	return c.storedLocation(ctx, name)
}

// storedLocation is what the catalogue's own row says.
func (c *catalog) storedLocation(ctx context.Context, name string) (string, error) {
	var location sql.NullString
	err := c.db.QueryRowContext(ctx, `SELECT metadata_location FROM iceberg_tables
		WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?`,
		catalogName, namespace, name).Scan(&location)
	return location.String, err
}

// loadTable reads the current state of a table.
func (c *catalog) loadTable(ctx context.Context, name string) (*icebergtable.Table, error) {
	location, err := c.metadataLocation(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("look up table %s: %w", name, err)
	}
	t, err := icebergtable.Load(c.files, location)
	if err != nil {
		return nil, fmt.Errorf("read metadata of table %s at %s: %w", name, location, err)
	}
	return t, nil
}

// commit brings a table into its next state: the new metadata file is durable
// before the row changes, and the row changes only if nobody else changed it. It
// returns where the metadata file lies, also if it fails after that was written.
func (c *catalog) commit(ctx context.Context, name string, p *icebergtable.Pending) (location string, err error) {
	if location, err = p.Write(); err != nil {
		return "", fmt.Errorf("commit table %s: %w", name, err)
	}
	if c.head == nil {
		return location, c.swap(ctx, name, p.Before(), location)
	}
	if err := c.head.move(ctx, name, location); err != nil {
		return location, fmt.Errorf("commit table %s: %w", name, err)
	}
	if err := c.mirror(ctx, name, location); err != nil {
		return location, err
	}
	if c.swapped != nil {
		return location, c.swapped()
	}
	return location, nil
}

// mirror has the row of a table follow the head, for readers of the catalogue.
func (c *catalog) mirror(ctx context.Context, name, location string) error {
	_, err := c.db.ExecContext(ctx, `INSERT INTO iceberg_tables VALUES (?, ?, ?, 'TABLE', ?, NULL)
		ON CONFLICT DO UPDATE SET previous_metadata_location = metadata_location, metadata_location = excluded.metadata_location`,
		catalogName, namespace, name, location)
	if err != nil {
		return fmt.Errorf("note the commit of table %s: %w", name, err)
	}
	return nil
}

// follow brings all rows to what the head says, which is ahead after a crash. A row
// that is ahead of the head is of a store that was put back to an older state.
func (c *catalog) follow(ctx context.Context) error {
	rows, err := c.db.QueryContext(ctx, `SELECT table_name, metadata_location FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ?`, catalogName, namespace)
	if err != nil {
		return fmt.Errorf("read tables: %w", err)
	}
	stored := map[string]string{}
	for rows.Next() {
		var name, location string
		if err := rows.Scan(&name, &location); err != nil {
			return errors.Join(fmt.Errorf("read tables: %w", err), rows.Close())
		}
		stored[name] = location
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("read tables: %w", err)
	}
	for name, location := range stored {
		there, ok := c.head.location(name)
		if was, is := icebergtable.VersionOf(location), icebergtable.VersionOf(there); was > 0 && (!ok || is < was) {
			return fmt.Errorf("%w: table %s is at version %d here and at %d in the store, which was put back to an older state; quoll lake check --repair builds the tables anew from the journal", ErrTaken, name, was, is)
		}
		if ok && there != location {
			if err := c.mirror(ctx, name, there); err != nil {
				return err
			}
		}
	}
	return nil
}

// swap points the table to next if it still points to previous.
func (c *catalog) swap(ctx context.Context, name, previous, next string) error {
	res, err := c.db.ExecContext(ctx, `UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ?, iceberg_type = 'TABLE'
		WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?`,
		next, previous, catalogName, namespace, name, previous)
	if err != nil {
		return fmt.Errorf("commit table %s: %w", name, err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("commit table %s: another writer changed it (%d rows, %v)", name, n, err)
	}
	if c.swapped != nil {
		return c.swapped()
	}
	return nil
}

// createTable registers a new, empty table.
func (c *catalog) createTable(ctx context.Context, name string, meta *icebergtable.Metadata) error {
	location, err := icebergtable.Create(c.files, meta)
	if err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	if c.head != nil {
		c.head.add(name, location)
		return c.mirror(ctx, name, location)
	}
	_, err = c.db.ExecContext(ctx, `INSERT INTO iceberg_tables VALUES (?, ?, ?, 'TABLE', ?, NULL)`,
		catalogName, namespace, name, location)
	if err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	return nil
}

// idlePositions returns the journal positions up to which tables were found
// to have no rows of their own waiting.
func (c *catalog) idlePositions(ctx context.Context) (map[string]uint64, error) {
	rows, err := c.db.QueryContext(ctx, `SELECT table_name, position FROM quoll_positions`)
	if err != nil {
		return nil, fmt.Errorf("read positions: %w", err)
	}
	defer rows.Close()
	positions := map[string]uint64{}
	for rows.Next() {
		var name string
		var position int64
		if err := rows.Scan(&name, &position); err != nil {
			return nil, fmt.Errorf("read positions: %w", err)
		}
		positions[name] = uint64(position)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read positions: %w", err)
	}
	return positions, nil
}

// setIdlePositions moves the position of tables that had nothing to commit, in
// one transaction for all of them.
func (c *catalog) setIdlePositions(ctx context.Context, names []string, position uint64) error {
	err := state.Change(ctx, c.db, func(tx *sql.Tx) error {
		for _, name := range names {
			_, err := tx.ExecContext(ctx, `INSERT INTO quoll_positions VALUES (?, ?)
				ON CONFLICT (table_name) DO UPDATE SET position = excluded.position`, name, int64(position))
			if err != nil {
				return fmt.Errorf("table %s: %w", name, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("move positions: %w", err)
	}
	return nil
}

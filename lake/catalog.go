package lake

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	_ "github.com/mattn/go-sqlite3" // the driver named "sqlite3"
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
	// swapped is called after a commit, and its error is reported in place of
	// success. Tests use it; it is nil otherwise.
	swapped func() error
}

var _ table.CatalogIO = (*catalog)(nil)

func openCatalog(ctx context.Context, config *Config) (*catalog, error) {
	path, open := filepath.Join(config.Dir, "catalog.db"), config.OpenCatalog
	if open == nil {
		open = openSQLite
	}
	db, err := open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open catalog %s: %w", path, err)
	}
	c := &catalog{db: db, files: config.files()}
	if err := c.init(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open catalog %s: %w", path, err), db.Close())
	}
	return c, nil
}

func openSQLite(_ context.Context, path string) (*sql.DB, error) {
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
	var location sql.NullString
	err := c.db.QueryRowContext(ctx, `SELECT metadata_location FROM iceberg_tables
		WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?`,
		catalogName, namespace, name).Scan(&location)
	return location.String, err
}

// LoadTable reads the current state of a table.
func (c *catalog) LoadTable(ctx context.Context, ident table.Identifier) (*table.Table, error) {
	name := ident[len(ident)-1]
	location, err := c.metadataLocation(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("look up table %s: %w", name, err)
	}
	t, err := table.NewFromLocation(ctx, ident, location, c.files.load, c)
	if err != nil {
		return nil, fmt.Errorf("read metadata of table %s at %s: %w", name, location, err)
	}
	return t, nil
}

// CommitTable replaces the metadata of a table: the new file is durable before
// the row changes, and the row changes only if nobody else changed it.
func (c *catalog) CommitTable(ctx context.Context, ident table.Identifier, reqs []table.Requirement, updates []table.Update) (table.Metadata, string, error) {
	current, err := c.LoadTable(ctx, ident)
	if err != nil {
		return nil, "", err
	}
	for _, r := range reqs {
		if err := r.Validate(current.Metadata()); err != nil {
			return nil, "", fmt.Errorf("%w: %w", table.ErrCommitFailed, err)
		}
	}
	next, err := table.UpdateTableMetadata(current.Metadata(), updates, current.MetadataLocation())
	if err != nil {
		return nil, "", fmt.Errorf("update metadata of table %s: %w", ident[len(ident)-1], err)
	}
	location, err := c.files.writeMetadata(next, metadataVersion(current.MetadataLocation())+1)
	if err != nil {
		return nil, "", err
	}
	if err := c.swap(ctx, ident[len(ident)-1], current.MetadataLocation(), location); err != nil {
		return nil, "", err
	}
	return next, location, nil
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
		return fmt.Errorf("%w: table %s was changed by another writer (%d rows, %v)", table.ErrCommitFailed, name, n, err)
	}
	if c.swapped != nil {
		return c.swapped()
	}
	return nil
}

// createTable registers a new, empty table.
func (c *catalog) createTable(ctx context.Context, name, location string, sc *iceberg.Schema, spec *iceberg.PartitionSpec, props iceberg.Properties) error {
	meta, err := table.NewMetadata(sc, spec, table.UnsortedSortOrder, location, props)
	if err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	metaLocation, err := c.files.writeMetadata(meta, 0)
	if err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	_, err = c.db.ExecContext(ctx, `INSERT INTO iceberg_tables VALUES (?, ?, ?, 'TABLE', ?, NULL)`,
		catalogName, namespace, name, metaLocation)
	if err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	return nil
}

// writeMetadata makes a metadata file durable below the table's own location
// and returns where it lies.
func (s syncedFS) writeMetadata(meta table.Metadata, version int) (string, error) {
	provider, err := table.LoadLocationProvider(meta.Location(), meta.Properties())
	if err != nil {
		return "", err
	}
	location, err := provider.NewTableMetadataFileLocation(version)
	if err != nil {
		return "", err
	}
	path, err := localPath(location)
	if err != nil {
		return "", err
	}
	err = s.write(path, func(w io.Writer) error { return json.NewEncoder(w).Encode(meta) })
	if err != nil {
		return "", fmt.Errorf("write metadata %s: %w", path, err)
	}
	return location, nil
}

// metadataVersion reads the number at the start of the name of a metadata
// file; -1 if there is none.
func metadataVersion(location string) int {
	base := location[strings.LastIndexByte(location, '/')+1:]
	number, _, _ := strings.Cut(base, "-")
	version, err := strconv.Atoi(number)
	if err != nil {
		return -1
	}
	return version
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
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("move positions: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it has nothing to do
	for _, name := range names {
		_, err := tx.ExecContext(ctx, `INSERT INTO quoll_positions VALUES (?, ?)
			ON CONFLICT (table_name) DO UPDATE SET position = excluded.position`, name, int64(position))
		if err != nil {
			return fmt.Errorf("move position of table %s: %w", name, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("move positions: %w", err)
	}
	return nil
}

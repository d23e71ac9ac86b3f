package year

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/apache/iceberg-go"
	_ "github.com/mattn/go-sqlite3" // the driver named "sqlite3"

	"github.com/quoll/quoll/internal/icebergtable"
	"github.com/quoll/quoll/lake"
)

const namespace = "quoll"

// catalog is the catalogue of a lake that nobody has open.
type catalog struct {
	dir string
	db  *sql.DB
}

func openCatalog(dir string) (*catalog, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite3", filepath.Join(dir, "catalog.db"))
	if err != nil {
		return nil, err
	}
	return &catalog{dir: dir, db: db}, nil
}

func (c *catalog) close() { _ = c.db.Close() } // every statement has been checked

func (c *catalog) load(ctx context.Context, name string) (*icebergtable.Table, error) {
	var location string
	err := c.db.QueryRowContext(ctx, `SELECT metadata_location FROM iceberg_tables WHERE table_name = ?`, name).Scan(&location)
	if err != nil {
		return nil, fmt.Errorf("look up table %s: %w", name, err)
	}
	return icebergtable.Load(disk{}, location)
}

// add commits files to a table as the lake does.
func (c *catalog) add(ctx context.Context, name string, files []iceberg.DataFile) error {
	table, err := c.load(ctx, name)
	if err != nil {
		return err
	}
	pending, err := table.Prepare(&icebergtable.Change{
		Operation: icebergtable.Append, Added: files, Summary: map[string]string{lake.PropertyPosition: "0"},
	}, time.Now())
	if err != nil {
		return err
	}
	location, err := pending.Write()
	if err != nil {
		return err
	}
	_, err = c.db.ExecContext(ctx, `UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ?
		WHERE table_name = ? AND metadata_location = ?`, location, pending.Before(), name, pending.Before())
	if err != nil {
		return err
	}
	_, err = pending.Committed()
	return err
}

// disk is the machine's disk, by Iceberg's locations.
type disk struct{}

func fileURI(path string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}

func localPath(location string) (string, error) {
	u, err := url.Parse(location)
	if err != nil {
		return "", err
	}
	return filepath.FromSlash(u.Path), nil
}

func (disk) Open(location string) (io.ReadCloser, error) {
	path, err := localPath(location)
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

func (disk) WriteFile(location string, fill func(io.Writer) error) error {
	path, err := localPath(location)
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := fill(f); err != nil {
		_ = f.Close() // the first error says why
		return err
	}
	return f.Close()
}

func (disk) Remove(location string) error {
	path, err := localPath(location)
	if err != nil {
		return err
	}
	return os.Remove(path)
}

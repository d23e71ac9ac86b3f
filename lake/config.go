package lake

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/schema"
)

// Config says where a lake lies and how much it keeps in memory.
type Config struct {
	// Dir is the folder of the lake. It is created when missing.
	Dir string
	// Tables are those of the lake; nil is all of schema.Tables. Rows of another
	// table are then invalid.
	Tables []*schema.Table
	// FreshBytes is the memory that rows which are not yet in files may take:
	// above it a flush starts, and at twice as much Apply waits for it. In a rush,
	// when flushes follow each other within three seconds, both are twice as much.
	FreshBytes int64
	// RowGroupRows is the number of rows of a Parquet row group.
	RowGroupRows int
	// KeepSnapshots is how many Iceberg snapshots of each table outlive the
	// flush that replaced them, for readers of the files that are not Quoll.
	KeepSnapshots int
	// CompactShare is the share of one core that compaction uses, above 0 and up
	// to 1, and CompactBytes the rows that it holds in memory, in bytes. A day
	// with more rows becomes several files.
	CompactShare float64
	CompactBytes int64
	// KeyRunRecords is how many keys of records are in memory before they go to
	// a file, and KeyFilterBytes the memory for the filters of such files.
	KeyRunRecords  int
	KeyFilterBytes int64
	// Tombstones is the folder that says what retention removed. It is none of the
	// lake's own, which may be built anew; empty is the one beside it, named as Dir
	// with "-tombstones" behind.
	Tombstones string
	// Store keeps the files of the tables; nil keeps them on the disk, in Dir.
	Store *Store
	// Clock says which days are past, and how soon a flush follows another.
	Clock clock.Clock
	// FS is the file system that everything but the catalogue goes through, and
	// OpenCatalog opens the SQLite file of the catalogue. They are the machine's
	// when nil; a test that replaces one replaces both. Replacing a lake works
	// on the machine's own disk only.
	FS          durable.FS
	OpenCatalog func(ctx context.Context, path string) (*sql.DB, error)

	replaces string // name in the store of the lake whose place this one is to take
}

// files is the file system of the configuration.
func (c *Config) files() syncedFS {
	return syncedFS{disk: cmp.Or[durable.FS](c.FS, durable.OS{}), names: newNames()}
}

// tables are those that the lake has.
func (c *Config) tables() []*schema.Table {
	if c.Tables == nil {
		return schema.Tables()
	}
	return c.Tables
}

// maxFreshBytes keeps the text of one column of a flush, of which there can be
// four times FreshBytes, below the 2 GiB that an Arrow array holds.
const maxFreshBytes = 256 << 20

// DefaultConfig returns the configuration of a lake in dir.
func DefaultConfig(dir string) Config {
	return Config{
		Dir:            dir,
		FreshBytes:     16 << 20,
		RowGroupRows:   64 << 10,
		KeepSnapshots:  10,
		CompactShare:   0.5,
		CompactBytes:   256 << 20,
		KeyRunRecords:  256 << 10,
		KeyFilterBytes: 128 << 20,
		Clock:          clock.System(),
	}
}

// Validate returns what is wrong with the configuration, if anything.
func (c Config) Validate() error {
	switch {
	case c.Dir == "":
		return errors.New("lake: Dir is empty")
	case c.FreshBytes < 1<<20:
		return fmt.Errorf("lake: FreshBytes is %d, less than 1 MiB", c.FreshBytes)
	case c.FreshBytes > maxFreshBytes:
		return fmt.Errorf("lake: FreshBytes is %d, more than 256 MiB", c.FreshBytes)
	case c.RowGroupRows < 1:
		return fmt.Errorf("lake: RowGroupRows is %d, less than 1", c.RowGroupRows)
	case c.KeepSnapshots < 1:
		return fmt.Errorf("lake: KeepSnapshots is %d, less than 1", c.KeepSnapshots)
	case c.CompactShare <= 0 || c.CompactShare > 1:
		return fmt.Errorf("lake: CompactShare is %v, not above 0 and up to 1", c.CompactShare)
	case c.CompactBytes < 16<<20:
		return fmt.Errorf("lake: CompactBytes is %d, less than 16 MiB", c.CompactBytes)
	case c.KeyRunRecords < 1:
		return fmt.Errorf("lake: KeyRunRecords is %d, less than 1", c.KeyRunRecords)
	case c.KeyFilterBytes < 0:
		return fmt.Errorf("lake: KeyFilterBytes is %d, less than 0", c.KeyFilterBytes)
	case c.Clock == nil:
		return errors.New("lake: Clock is missing")
	}
	return c.Store.validate()
}

var (
	// ErrLocked is returned by Open when another process, or another Lake of
	// this one, has the folder open.
	ErrLocked = errors.New("lake is in use")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("lake is closed")
	// ErrInvalidRow is returned for a row of an unknown table or column. It is
	// a mistake of whoever made the row; trying again does not help.
	ErrInvalidRow = errors.New("invalid row")
	// ErrUnknownTable is returned for a name that no table has.
	ErrUnknownTable = errors.New("unknown table")
	// ErrUncertain is returned once the outcome of a commit could not be
	// learned. Rows stay readable; the lake takes none until it is opened anew,
	// which finds out.
	ErrUncertain = errors.New("outcome of a commit is unknown: reopen the lake")
)

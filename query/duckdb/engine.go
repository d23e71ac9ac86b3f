package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	duckdriver "github.com/duckdb/duckdb-go/v2"
)

// Config is what the engine may use. DefaultConfig gives the values for what a
// user has no reason to set.
type Config struct {
	// Dir is the folder of the lake. DuckDB can read files below it and no
	// others. Empty lets it read none.
	Dir string
	// TempDir is the folder that large sorts and joins spill to. Empty lets
	// them fail at MemoryBytes instead.
	TempDir string
	// TempBytes is the most that is spilled.
	TempBytes int64
	// MemoryBytes is the memory for rows at work, all queries and the fresh
	// rows together. DuckDB goes over it by some hundred megabytes.
	MemoryBytes int64
	// Threads is how many threads run queries. 0 is one for each core.
	Threads int
	// KeptBytes is the part of MemoryBytes for rows that standing queries share; 0
	// lets each of them read for itself.
	KeptBytes int64
	// Now is the clock by which what is kept grows old; nil is the machine's.
	Now func() time.Time
}

// DefaultConfig returns a config without folders.
func DefaultConfig() Config {
	return Config{MemoryBytes: 2 << 30, TempBytes: 16 << 30, KeptBytes: 256 << 20}
}

// Engine runs plans on DuckDB. It is safe for concurrent use.
type Engine struct {
	db      *sql.DB
	source  Source
	fresh   *freshCache
	kept    *keptRows
	running *running
	counts  spareCounts
	found   atomic.Int64 // the last table of rows that were found by themselves
	inside  int64        // minInside, but in tests
	near    int64        // nearRows, but in tests
	apart   int64        // countedApart, but in tests
	coming  coming       // which rows come as they are made
	most    most         // what is found of rows with documents
	atOnce  bool         // nothing is computed first, in tests
	logger  *slog.Logger
}

// Open starts a database in memory, registers Quoll's functions in it and
// locks it down.
func Open(ctx context.Context, config Config, source Source, logger *slog.Logger) (*Engine, error) {
	connector, err := duckdriver.NewConnector("", nil)
	if err != nil {
		return nil, fmt.Errorf("start DuckDB: %w", err)
	}
	e := &Engine{db: sql.OpenDB(connector), source: source, running: newRunning(), inside: minInside, near: nearRows, apart: countedApart, coming: coming{fewRows, firstOrdered, manyColumns}, logger: logger}
	e.most = most{maxFound, min(maxDocumentBytes, config.MemoryBytes/memoryShare), maxFoundBytes}
	e.fresh = newFreshCache(e.db, logger)
	if config.Now == nil {
		config.Now = time.Now
	}
	e.kept = newKeptRows(e.db, logger, config.KeptBytes, config.Now)
	if err := e.prepare(ctx, config); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare DuckDB: %w", err), e.db.Close())
	}
	return e, nil
}

// Kept counts what standing queries shared so far.
func (e *Engine) Kept() KeptStatistics { return e.kept.statistics() }

// Close ends the database. Queries that run are ended with an error.
func (e *Engine) Close() error { return e.db.Close() }

// prepare sets up the database through its first connection. Settings are
// global, so all later connections have them.
func (e *Engine) prepare(ctx context.Context, config Config) error {
	conn, err := e.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Raw(func(c any) error { return registerFunctions(c.(driver.Conn)) }); err != nil {
		return err
	}
	if err := registerNative(conn, e.running); err != nil {
		return err
	}
	settings, err := settings(config)
	if err != nil {
		return err
	}
	for _, setting := range settings {
		if _, err := conn.ExecContext(ctx, setting); err != nil {
			return fmt.Errorf("%s: %w", setting, err)
		}
	}
	return nil
}

// settings returns the statements that lock a database down, in order: the
// folders must be allowed before external access ends, and nothing can be set
// after the last one.
func settings(config Config) ([]string, error) {
	all := []string{
		"SET GLOBAL autoinstall_known_extensions = false",
		"SET GLOBAL autoload_known_extensions = false",
		"SET GLOBAL allow_community_extensions = false",
		"SET GLOBAL allow_unsigned_extensions = false",
		"SET GLOBAL TimeZone = 'UTC'",
		// A file is never changed and no name comes twice, so that a footer is read once,
		// within memory_limit, and nobody asks each time whether it is the same still.
		"SET GLOBAL parquet_metadata_cache = true",
		"SET GLOBAL validate_external_file_cache = 'NO_VALIDATION'",
		fmt.Sprintf("SET GLOBAL memory_limit = '%dKiB'", max(config.MemoryBytes>>10, 1)),
	}
	if config.Threads > 0 {
		all = append(all, fmt.Sprintf("SET GLOBAL threads = %d", config.Threads))
	}
	if config.TempDir == "" {
		all = append(all, "SET GLOBAL temp_directory = ''")
	} else {
		all = append(all, "SET GLOBAL temp_directory = "+quoteText(config.TempDir),
			fmt.Sprintf("SET GLOBAL max_temp_directory_size = '%dKiB'", max(config.TempBytes>>10, 1)))
	}
	if config.Dir != "" {
		dir, err := filepath.Abs(config.Dir)
		if err != nil {
			return nil, fmt.Errorf("find folder %s: %w", config.Dir, err)
		}
		all = append(all, "SET GLOBAL allowed_directories = ["+quoteText(dir+string(filepath.Separator))+"]")
	}
	return append(all, "SET GLOBAL enable_external_access = false", "SET GLOBAL lock_configuration = true"), nil
}

// quoteText returns a text as an SQL literal.
func quoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// quoteName returns a name as an SQL identifier.
func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/quoll/quoll/lake"
)

// freshCache keeps the lake's fresh batches as tables in memory. A batch never
// changes, so it is loaded once, by the first query that needs it, and dropped
// when a later read set of its table no longer has it: it has been flushed to
// a file or joined with its neighbours by then.
//
// What is loaded stays until the next query of the same table. That is at most
// what the lake itself keeps in memory before it flushes. Columns without values,
// which most are, have no place in such a table: the engine makes room for each of
// its columns by the thousand rows, whatever is in them.
type freshCache struct {
	db     *sql.DB
	logger *slog.Logger

	mu     sync.Mutex
	tables map[string]map[freshKey]*freshTable // by table
}

// freshKey is a batch, with or without its long texts: most queries want none of
// them, and they are most of a batch.
type freshKey struct {
	batch uint64
	whole bool
}

// name is that of the table in memory. IDs of batches are unique over all tables.
func (k freshKey) name() string {
	if k.whole {
		return fmt.Sprintf("fresh_%d", k.batch)
	}
	return fmt.Sprintf("fresh_%d_short", k.batch)
}

// freshTable is a batch as a table. users counts the queries that read it or
// wait for it.
type freshTable struct {
	users int
	ready chan struct{} // closed when loading has ended
	err   error         // why loading failed
}

func newFreshCache(db *sql.DB, logger *slog.Logger) *freshCache {
	return &freshCache{db: db, logger: logger, tables: map[string]map[freshKey]*freshTable{}}
}

// use loads a batch unless it is loaded, whole or without its long texts, and keeps
// it from being dropped until release is called. It returns the table's name.
func (c *freshCache) use(ctx context.Context, table string, batch lake.Fresh, whole bool) (name string, release func(), err error) {
	key := freshKey{batch.ID, whole}
	c.mu.Lock()
	loaded := c.tables[table]
	if loaded == nil {
		loaded = map[freshKey]*freshTable{}
		c.tables[table] = loaded
	}
	if _, found := loaded[freshKey{batch.ID, true}]; found {
		key.whole = true
	}
	t, found := loaded[key]
	if !found {
		t = &freshTable{ready: make(chan struct{})}
		loaded[key] = t
	}
	t.users++
	c.mu.Unlock()
	release = func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		t.users--
	}
	if !found {
		// Others may wait for this batch, so the end of one query must not
		// stop the load.
		t.err = c.load(context.WithoutCancel(ctx), batch, key)
		if t.err != nil {
			c.mu.Lock()
			delete(loaded, key)
			c.mu.Unlock()
		}
		close(t.ready)
	}
	select {
	case <-t.ready:
	case <-ctx.Done():
		release()
		return "", nil, ctx.Err()
	}
	if t.err != nil {
		release()
		return "", nil, fmt.Errorf("load fresh rows of %s: %w", table, t.err)
	}
	return key.name(), release, nil
}

// retain drops the tables of batches that current no longer has and that
// nobody reads.
func (c *freshCache) retain(ctx context.Context, table string, current []lake.Fresh) {
	c.mu.Lock()
	defer c.mu.Unlock()
	loaded := c.tables[table]
	if len(loaded) == 0 {
		return
	}
	keep := make(map[uint64]bool, len(current))
	for _, batch := range current {
		keep[batch.ID] = true
	}
	for key, t := range loaded {
		if keep[key.batch] || t.users > 0 {
			continue
		}
		// An older read set may still ask for the batch; it is loaded again.
		if _, err := c.db.ExecContext(context.WithoutCancel(ctx), "DROP TABLE IF EXISTS "+key.name()); err != nil {
			c.logger.Warn("dropping fresh rows failed", "table", table, "batch", key.batch, "error", err)
			continue
		}
		delete(loaded, key)
	}
}

// load creates the table of a batch.
func (c *freshCache) load(ctx context.Context, batch lake.Fresh, key freshKey) error {
	conn, err := c.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	name, rows := key.name(), withValues(batch.Batch, key.whole)
	create, err := createTable(name, rows.Schema())
	if err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, create); err != nil {
		return err
	}
	if err := conn.Raw(func(c any) error { return appendBatch(c, name, rows) }); err != nil {
		_, dropErr := conn.ExecContext(ctx, "DROP TABLE IF EXISTS "+name)
		if dropErr != nil {
			c.logger.Warn("dropping half-loaded rows failed", "table", name, "error", dropErr)
		}
		return err
	}
	return nil
}

// absentColumns returns what stands for the columns of a batch that have no values,
// as SQL by name. The first column is not among them: a table has one.
func absentColumns(batch arrow.RecordBatch) map[string]string {
	absent := map[string]string{}
	for i, column := range batch.Columns()[1:] {
		field := batch.Schema().Field(i + 1)
		text, isText := column.(*array.String)
		switch typ, err := sqlType(field.Type); {
		case err != nil: // whoever creates the table says so
		case column.NullN() == column.Len():
			absent[field.Name] = "NULL::" + typ
		case isText && column.NullN() == 0 && len(text.ValueBytes()) == 0:
			absent[field.Name] = "''::" + typ
		}
	}
	return absent
}

// longText is the mean length in bytes from which the texts of a column are long.
const longText = 128

// longColumns returns the names of the columns with long texts, but for the first.
func longColumns(batch arrow.RecordBatch) map[string]bool {
	long := map[string]bool{}
	for i, column := range batch.Columns()[1:] {
		if text, ok := column.(*array.String); ok && int64(len(text.ValueBytes())) > longText*batch.NumRows() {
			long[batch.ColumnName(i+1)] = true
		}
	}
	return long
}

// withValues returns the columns of a batch that are not absent, all or those
// without long texts.
func withValues(batch arrow.RecordBatch, whole bool) arrow.RecordBatch {
	absent, long := absentColumns(batch), longColumns(batch)
	var fields []arrow.Field
	var columns []arrow.Array
	for i, field := range batch.Schema().Fields() {
		if _, ok := absent[field.Name]; !ok && (whole || !long[field.Name]) {
			fields, columns = append(fields, field), append(columns, batch.Column(i))
		}
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, batch.NumRows())
}

// createTable returns the statement that creates a table for batches of a
// schema.
func createTable(name string, schema *arrow.Schema) (string, error) {
	columns := make([]string, schema.NumFields())
	for i, field := range schema.Fields() {
		typ, err := sqlType(field.Type)
		if err != nil {
			return "", fmt.Errorf("column %s: %w", field.Name, err)
		}
		columns[i] = quoteName(field.Name) + " " + typ
	}
	return "CREATE TABLE " + name + " (" + strings.Join(columns, ", ") + ")", nil
}

func sqlType(t arrow.DataType) (string, error) {
	switch t.ID() {
	case arrow.STRING:
		return "VARCHAR", nil
	case arrow.BOOL:
		return "BOOLEAN", nil
	case arrow.INT32:
		return "INTEGER", nil
	case arrow.INT64:
		return "BIGINT", nil
	case arrow.FLOAT64:
		return "DOUBLE", nil
	case arrow.TIMESTAMP:
		return "TIMESTAMP", nil
	}
	return "", fmt.Errorf("no column type for %s", t)
}

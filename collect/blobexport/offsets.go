package blobexport

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"time"

	"github.com/quoll/quoll/internal/state"
)

//go:embed migrations/*.sql
var migrations embed.FS

// mark is how far one blob is journalled.
type mark struct {
	readTo   int64 // bytes
	lines    int64
	tail     []byte // SHA-256 of the tailSize bytes before readTo
	tailSize int
	size     int64     // when it was last read to its end
	modified time.Time // likewise, to the microsecond
	etag     string    // likewise
}

// totals are sums over one container, over all restarts.
type totals struct {
	chunks, lines, bytes                      int64
	lastJournalled, lastModified, lastSuccess time.Time
}

// offsets keeps marks and totals of one store in SQLite.
type offsets struct {
	db    *sql.DB
	store string
}

func openOffsets(ctx context.Context, db *sql.DB, store string) (*offsets, error) {
	if err := state.Migrate(ctx, db, "blobexport", migrations); err != nil {
		return nil, fmt.Errorf("open export offsets: %w", err)
	}
	return &offsets{db, store}, nil
}

// marks returns the marks of all blobs of a container by name.
func (o *offsets) marks(ctx context.Context, container string) (map[string]mark, error) {
	rows, err := o.db.QueryContext(ctx, `
		SELECT name, read_to, lines, tail, tail_size, size, modified, etag FROM blobexport_blob WHERE store = ? AND container = ?`, o.store, container)
	if err != nil {
		return nil, fmt.Errorf("read export offsets of %s: %w", container, err)
	}
	defer rows.Close()
	marks := map[string]mark{}
	for rows.Next() {
		var name string
		var m mark
		var modified int64
		if err := rows.Scan(&name, &m.readTo, &m.lines, &m.tail, &m.tailSize, &m.size, &modified, &m.etag); err != nil {
			return nil, fmt.Errorf("read export offsets of %s: %w", container, err)
		}
		m.modified = time.UnixMicro(modified).UTC()
		marks[name] = m
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read export offsets of %s: %w", container, err)
	}
	return marks, nil
}

// save stores the mark of a blob after a chunk of it, or its end, was reached.
// chunk is what was journalled: zero bytes when only the end was seen.
func (o *offsets) save(ctx context.Context, container, name string, m mark, chunk chunk, now time.Time) error {
	err := state.Change(ctx, o.db, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO blobexport_blob (store, container, name, read_to, lines, tail, tail_size, size, modified, etag) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET read_to = excluded.read_to, lines = excluded.lines, tail = excluded.tail,
			  tail_size = excluded.tail_size, size = excluded.size, modified = excluded.modified, etag = excluded.etag`,
			o.store, container, name, m.readTo, m.lines, tailText(m), m.tailSize, m.size, m.modified.UnixMicro(), m.etag)
		if err != nil || len(chunk.body) == 0 {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO blobexport_container (store, container, chunks, lines, bytes, last_journalled) VALUES (?, ?, 1, ?, ?, ?)
			ON CONFLICT DO UPDATE SET chunks = chunks + 1, lines = lines + excluded.lines, bytes = bytes + excluded.bytes,
			  last_journalled = excluded.last_journalled`,
			o.store, container, chunk.lines, len(chunk.body), now.UnixMicro())
		return err
	})
	if err != nil {
		return fmt.Errorf("save export offset of %s/%s: %w", container, name, err)
	}
	return nil
}

// replaced forgets how far a blob was read, because another took its place.
func (o *offsets) replaced(ctx context.Context, container, name string) error {
	_, err := o.db.ExecContext(ctx, `
		UPDATE blobexport_blob SET read_to = 0, lines = 0, tail = x'', tail_size = 0, size = 0, modified = 0, etag = '', replaced = replaced + 1
		WHERE store = ? AND container = ? AND name = ?`, o.store, container, name)
	if err != nil {
		return fmt.Errorf("restart export offset of %s/%s: %w", container, name, err)
	}
	return nil
}

// looked records that a container was read through at now; newest is the
// latest modification in it, zero when it is empty.
func (o *offsets) looked(ctx context.Context, container string, newest, now time.Time) error {
	_, err := o.db.ExecContext(ctx, `
		INSERT INTO blobexport_container (store, container, last_modified, last_success) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET last_modified = coalesce(excluded.last_modified, last_modified), last_success = excluded.last_success`,
		o.store, container, sql.NullInt64{Int64: newest.UnixMicro(), Valid: !newest.IsZero()}, now.UnixMicro())
	if err != nil {
		return fmt.Errorf("record reading of %s: %w", container, err)
	}
	return nil
}

// totals returns the sums of every container, by its name.
func (o *offsets) totals(ctx context.Context) (map[string]totals, error) {
	rows, err := o.db.QueryContext(ctx, `
		SELECT container, chunks, lines, bytes, coalesce(last_journalled, 0), coalesce(last_modified, 0), coalesce(last_success, 0)
		FROM blobexport_container WHERE store = ?`, o.store)
	if err != nil {
		return nil, fmt.Errorf("read export totals: %w", err)
	}
	defer rows.Close()
	all := map[string]totals{}
	for rows.Next() {
		var container string
		var t totals
		var journalled, modified, success int64
		if err := rows.Scan(&container, &t.chunks, &t.lines, &t.bytes, &journalled, &modified, &success); err != nil {
			return nil, fmt.Errorf("read export totals: %w", err)
		}
		t.lastJournalled, t.lastModified, t.lastSuccess = state.FromMicros(journalled), state.FromMicros(modified), state.FromMicros(success)
		all[container] = t
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read export totals: %w", err)
	}
	return all, nil
}

// tailText keeps an empty tail from becoming null.
func tailText(m mark) []byte {
	if m.tail == nil {
		return []byte{}
	}
	return m.tail
}

package auditsearch

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/quoll/quoll/internal/state"
)

// Kept is a request that is to be gone on with after a restart.
type Kept struct {
	ID      string
	Tenant  string // id
	Started time.Time
	Request
}

// Requests keeps the requests that were begun and have not ended.
type Requests struct{ db *sql.DB }

// OpenRequests opens them in the state.
func OpenRequests(ctx context.Context, db *sql.DB) (*Requests, error) {
	if err := state.Migrate(ctx, db, "auditsearch", migrations); err != nil {
		return nil, fmt.Errorf("open requests of the audit search: %w", err)
	}
	return &Requests{db}, nil
}

// Keep stores a request before it begins. Times are kept to the microsecond.
func (q *Requests) Keep(ctx context.Context, k Kept) error {
	types, err := json.Marshal(k.RecordTypes)
	operations, more := json.Marshal(k.Operations)
	if err := errors.Join(err, more); err != nil {
		return fmt.Errorf("keep request %s: %w", k.ID, err)
	}
	_, err = q.db.ExecContext(ctx, `
		INSERT INTO auditsearch_request (id, tenant, range_from, range_to, record_types, operations, started) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		k.ID, k.Tenant, k.From.UnixMicro(), k.To.UnixMicro(), string(types), string(operations), k.Started.UnixMicro())
	if err != nil {
		return fmt.Errorf("keep request %s: %w", k.ID, err)
	}
	return nil
}

// Ended forgets a request that needs no continuation.
func (q *Requests) Ended(ctx context.Context, id string) error {
	if _, err := q.db.ExecContext(ctx, `DELETE FROM auditsearch_request WHERE id = ?`, id); err != nil {
		return fmt.Errorf("end request %s: %w", id, err)
	}
	return nil
}

// Unfinished returns what is kept, the earliest started first.
func (q *Requests) Unfinished(ctx context.Context) ([]Kept, error) {
	rows, err := q.db.QueryContext(ctx, `
		SELECT id, tenant, range_from, range_to, record_types, operations, started FROM auditsearch_request ORDER BY started, id`)
	if err != nil {
		return nil, fmt.Errorf("read kept requests: %w", err)
	}
	defer rows.Close()
	var all []Kept
	for rows.Next() {
		var k Kept
		var from, to, started int64
		var types, operations []byte
		err := rows.Scan(&k.ID, &k.Tenant, &from, &to, &types, &operations, &started)
		if err == nil {
			err = errors.Join(json.Unmarshal(types, &k.RecordTypes), json.Unmarshal(operations, &k.Operations))
		}
		if err != nil {
			return nil, fmt.Errorf("read kept requests: %w", err)
		}
		k.From, k.To, k.Started = time.UnixMicro(from).UTC(), time.UnixMicro(to).UTC(), time.UnixMicro(started).UTC()
		all = append(all, k)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read kept requests: %w", err)
	}
	return all, nil
}

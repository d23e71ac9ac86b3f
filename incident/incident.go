// Package incident gathers alerts into incidents, keeps what people did about
// them, and answers for the queue, the detail and the timeline.
//
// It must not know how an alert came about (rules, queries, windows) nor who
// looks at an incident (HTTP, notifications). Its state lives in a SQL
// database that the caller opens.
package incident

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/model"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNotFound says that there is no incident of that number.
var ErrNotFound = errors.New("no such incident")

// ErrInvalidChange says that a change was asked for which no incident can
// take; the wrapping error says which field and what would be right.
var ErrInvalidChange = errors.New("invalid change")

// Store keeps alerts and incidents. It is safe for concurrent use.
type Store struct {
	db  *sql.DB
	now func() time.Time
}

// Open brings the tables of this package up to date in db and returns the
// store over them. The caller keeps db open as long as the store is used.
func Open(ctx context.Context, db *sql.DB, now func() time.Time) (*Store, error) {
	if err := state.Migrate(ctx, db, "incident", migrations); err != nil {
		return nil, err
	}
	return &Store{db: db, now: now}, nil
}

// Detail is all of one incident.
type Detail struct {
	model.Incident
	Tags     []string
	Tasks    []Task            // the oldest first
	Alerts   []model.Alert     // oldest events first
	Timeline []model.Happening // oldest first
}

// inTransaction runs f in a transaction and commits it unless f fails.
func (s *Store) inTransaction(ctx context.Context, what string, f func(*sql.Tx) error) error {
	if err := state.Change(ctx, s.db, f); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func micros(t time.Time) int64 { return t.UnixMicro() }

func fromMicros(v int64) time.Time { return time.UnixMicro(v).UTC() }

package collect

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

// Ledger knows what should exist: every blob that a source listed, what became
// of it, how far each stream was listed, and what is known to be lost. It is
// safe for concurrent use.
//
// A blob goes from listed, with or without turns through failed, to journalled
// or expired, and stays there. There is no durable state between fetched and
// journalled: a crash there leaves the blob listed, it is fetched again, and
// the repeat is dropped downstream by record id.
type Ledger struct {
	db    *sql.DB
	group *group
}

// Stream is the unit that has a cursor: one content type of one tenant.
type Stream struct {
	Tenant      string // Entra tenant id, a GUID in lower case
	ContentType string // "Audit.Exchange"
}

func (s Stream) String() string { return s.Tenant + " " + s.ContentType }

// OpenLedger brings the ledger's tables in db up to date. The caller keeps db.
func OpenLedger(ctx context.Context, db *sql.DB) (*Ledger, error) {
	if err := state.Migrate(ctx, db, "collect", migrations); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	return &Ledger{db, &group{db: db, streams: map[Stream]bool{}}}, nil
}

// update runs change in a durable transaction in which the stream's row exists,
// perhaps together with others. what names the operation in the error.
func (l *Ledger) update(ctx context.Context, what string, s Stream, change func(*sql.Tx) error) error {
	if err := l.group.do(ctx, s, change); err != nil {
		return fmt.Errorf("ledger: %s of %s: %w", what, s, err)
	}
	return nil
}

// micros is how the ledger stores a time: null for the zero time.
func micros(t time.Time) sql.NullInt64 { return state.NullMicros(t) }

// moment is the inverse of micros.
func moment(v sql.NullInt64) time.Time { return state.FromNullMicros(v) }

package state

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Change runs f in a transaction and commits it, or takes everything back when f
// or the commit fails. The error is theirs as it is: callers say what was changed.
func Change(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		if undo := tx.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) { // done: ctx has ended, and the transaction with it
			return errors.Join(err, undo)
		}
		return err
	}
	return tx.Commit()
}

// Micros is how times are stored: microseconds since 1970, rounded down, and 0 for
// the zero time.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// FromMicros is the inverse of Micros, in UTC.
func FromMicros(v int64) time.Time {
	if v == 0 {
		return time.Time{}
	}
	return time.UnixMicro(v).UTC()
}

// NullMicros is Micros where the zero time is null.
func NullMicros(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}

// FromNullMicros is the inverse of NullMicros, in UTC.
func FromNullMicros(v sql.NullInt64) time.Time {
	if !v.Valid {
		return time.Time{}
	}
	return time.UnixMicro(v.Int64).UTC()
}

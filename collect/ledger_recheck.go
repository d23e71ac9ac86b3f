package collect

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"time"
)

// A blob can be read while Microsoft is still filling it. A receipt that was
// given soon after the blob's creation therefore names a time at which to fetch
// it once more. Meanwhile the blob counts as journalled.

// Journalled is a blob that is due to be fetched once more.
type Journalled struct {
	Blob
	SHA256 [sha256.Size]byte // of what was journalled
}

// Rechecks returns up to limit journalled blobs that are due at now to be
// fetched once more, and the earliest time after now at which one will be, or
// zero.
func (l *Ledger) Rechecks(ctx context.Context, s Stream, now time.Time, limit int) (due []Journalled, next time.Time, err error) {
	rows, err := l.db.QueryContext(ctx, `
		SELECT content_id, uri, created, expires, attempts, last_error, missing, sha256, recheck FROM collect_blob
		WHERE tenant = ? AND content_type = ? AND recheck IS NOT NULL ORDER BY recheck LIMIT ?`, s.Tenant, s.ContentType, limit)
	if err != nil {
		return nil, next, wrap("read rechecks", s, err)
	}
	defer rows.Close()
	for rows.Next() {
		var j Journalled
		var created, expires, recheck sql.NullInt64
		var sum []byte
		if err := rows.Scan(&j.ContentID, &j.URI, &created, &expires, &j.Attempts, &j.LastError, &j.Missing, &sum, &recheck); err != nil {
			return nil, next, wrap("read rechecks", s, err)
		}
		if at := moment(recheck); at.After(now) {
			return due, at, nil
		}
		j.Created, j.Expires = moment(created), moment(expires)
		copy(j.SHA256[:], sum)
		due = append(due, j)
	}
	return due, next, wrap("read rechecks", s, rows.Err())
}

// Unchanged ends the rechecking of a blob: it was the same as before, or cannot
// be had any more.
func (l *Ledger) Unchanged(ctx context.Context, s Stream, contentID string) error {
	return l.Recheck(ctx, s, contentID, Failure{})
}

// Recheck puts off the next fetch of a journalled blob; a next time of zero means
// never.
func (l *Ledger) Recheck(ctx context.Context, s Stream, contentID string, f Failure) error {
	return l.update(ctx, "put off recheck", s, func(tx *sql.Tx) error {
		return one(tx.ExecContext(ctx, `
			UPDATE collect_blob SET recheck = ?4, last_error = ?5, attempts = attempts + 1, missing = iif(?6, missing + 1, 0)
			WHERE tenant = ?1 AND content_type = ?2 AND content_id = ?3 AND state = 'journalled'`,
			s.Tenant, s.ContentType, contentID, micros(f.Next), f.Cause, f.Missing))
	})
}

// Regrown records that a journalled blob had more in it when it was fetched
// once more, and was journalled again.
func (l *Ledger) Regrown(ctx context.Context, s Stream, contentID string, r Receipt) error {
	return l.update(ctx, "settle grown blob", s, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, `
			UPDATE collect_blob SET size = ?4, records = ?5, sha256 = ?6, journal_position = ?7, settled = ?8, recheck = ?9,
			  attempts = attempts + 1, last_error = '', missing = 0
			WHERE tenant = ?1 AND content_type = ?2 AND content_id = ?3 AND state = 'journalled'`,
			s.Tenant, s.ContentType, contentID, r.Size, r.Records, r.SHA256[:], int64(r.Position), micros(r.At), micros(r.Recheck)))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE collect_stream SET regrown = regrown + 1, records = records + ?3, bytes = bytes + ?4, last_journalled = ?5
			WHERE tenant = ?1 AND content_type = ?2`, s.Tenant, s.ContentType, r.Records, r.Size, micros(r.At))
		return err
	})
}

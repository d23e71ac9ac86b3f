package collect

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"slices"
	"time"
)

// ErrNotOutstanding says that a blob was settled which the ledger does not hold
// as listed or failed.
var ErrNotOutstanding = errors.New("no such outstanding blob")

// Listing is one entry of a content listing: a blob that exists at the source.
type Listing struct {
	ContentID string
	URI       string
	Created   time.Time
	Expires   time.Time
}

// Blob is a blob that is neither journalled nor expired.
type Blob struct {
	Listing
	// Attempts is how often it was tried in vain, LastError how that ended.
	Attempts  int
	LastError string
	// Missing is how often in a row the source has said that it does not exist.
	Missing int
}

// Receipt says what was journalled for a blob.
type Receipt struct {
	Size     int64 // bytes
	Records  int64
	SHA256   [sha256.Size]byte
	Position uint64 // in the journal
	At       time.Time
	// Recheck is when to fetch the blob once more; zero for never.
	Recheck time.Time
}

// Listed records entries of a listing made at now and returns how many of them
// were new. An entry that is known already changes nothing, except that an
// outstanding blob takes over the newer address and deadline.
func (l *Ledger) Listed(ctx context.Context, s Stream, now time.Time, entries []Listing) (added int, err error) {
	err = l.update(ctx, "record listing", s, func(tx *sql.Tx) error {
		var err error
		if added, err = insertBlobs(ctx, tx, s, now, entries); err != nil || len(entries) == 0 {
			return err
		}
		if added > 0 {
			if err = reopen(ctx, tx, s, entries); err != nil {
				return err
			}
		}
		newest := slices.MaxFunc(entries, func(a, b Listing) int { return a.Created.Compare(b.Created) }).Created
		_, err = tx.ExecContext(ctx, `
			UPDATE collect_stream SET last_created = ?3
			WHERE tenant = ?1 AND content_type = ?2 AND (last_created IS NULL OR last_created < ?3)`, s.Tenant, s.ContentType, micros(newest))
		return err
	})
	return added, err
}

// insertBlobs adds what is new and moves what is outstanding. Its statements
// are prepared once for a page: most entries of most listings are known.
func insertBlobs(ctx context.Context, tx *sql.Tx, s Stream, now time.Time, entries []Listing) (added int, err error) {
	insert, err := tx.PrepareContext(ctx, `
		INSERT INTO collect_blob (tenant, content_type, content_id, uri, created, expires, first_listed, state)
		VALUES (?, ?, ?, ?, ?, ?, ?, 'listed') ON CONFLICT DO NOTHING`)
	if err != nil {
		return 0, err
	}
	defer insert.Close()
	move, err := tx.PrepareContext(ctx, `
		UPDATE collect_blob SET uri = ?4, expires = ?5
		WHERE tenant = ?1 AND content_type = ?2 AND content_id = ?3 AND state IN ('listed', 'failed')
		  AND (uri <> ?4 OR expires <> ?5)`)
	if err != nil {
		return 0, err
	}
	defer move.Close()
	for _, e := range entries {
		result, err := insert.ExecContext(ctx, s.Tenant, s.ContentType, e.ContentID, e.URI, micros(e.Created), micros(e.Expires), micros(now))
		if err != nil {
			return 0, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return 0, err
		}
		if n == 1 {
			added++
			continue
		}
		if _, err := move.ExecContext(ctx, s.Tenant, s.ContentType, e.ContentID, e.URI, micros(e.Expires)); err != nil {
			return 0, err
		}
	}
	return added, nil
}

// Due returns up to limit outstanding blobs whose next attempt is not after
// now, those that expire first before the others. next is the earliest attempt
// that lies after now, or zero when there is none.
func (l *Ledger) Due(ctx context.Context, s Stream, now time.Time, limit int) (due []Blob, next time.Time, err error) {
	rows, err := l.db.QueryContext(ctx, `
		SELECT content_id, uri, created, expires, attempts, last_error, missing FROM collect_blob
		WHERE tenant = ? AND content_type = ? AND state IN ('listed', 'failed') AND next_attempt <= ?
		ORDER BY expires, content_id LIMIT ?`, s.Tenant, s.ContentType, micros(now), limit)
	if err != nil {
		return nil, time.Time{}, wrap("read due blobs", s, err)
	}
	defer rows.Close()
	for rows.Next() {
		var b Blob
		var created, expires sql.NullInt64
		if err := rows.Scan(&b.ContentID, &b.URI, &created, &expires, &b.Attempts, &b.LastError, &b.Missing); err != nil {
			return nil, time.Time{}, wrap("read due blobs", s, err)
		}
		b.Created, b.Expires = moment(created), moment(expires)
		due = append(due, b)
	}
	if err := rows.Err(); err != nil {
		return nil, time.Time{}, wrap("read due blobs", s, err)
	}
	// Left to itself SQLite goes through every blob of the stream here, also
	// those that were settled long ago.
	var earliest sql.NullInt64
	err = l.db.QueryRowContext(ctx, `
		SELECT min(next_attempt) FROM collect_blob INDEXED BY collect_blob_due
		WHERE tenant = ? AND content_type = ? AND state IN ('listed', 'failed') AND next_attempt > ?`,
		s.Tenant, s.ContentType, micros(now)).Scan(&earliest)
	return due, moment(earliest), wrap("read next attempt", s, err)
}

// Journalled settles a blob that is durable in the journal.
func (l *Ledger) Journalled(ctx context.Context, s Stream, contentID string, r Receipt) error {
	return l.update(ctx, "settle blob", s, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, `
			UPDATE collect_blob SET state = 'journalled', size = ?4, records = ?5, sha256 = ?6, journal_position = ?7,
			  settled = ?8, recheck = ?9, attempts = attempts + 1, last_error = '', missing = 0
			WHERE tenant = ?1 AND content_type = ?2 AND content_id = ?3 AND state IN ('listed', 'failed')`,
			s.Tenant, s.ContentType, contentID, r.Size, r.Records, r.SHA256[:], int64(r.Position), micros(r.At), micros(r.Recheck)))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE collect_stream SET journalled = journalled + 1, records = records + ?3, bytes = bytes + ?4, last_journalled = ?5
			WHERE tenant = ?1 AND content_type = ?2`, s.Tenant, s.ContentType, r.Records, r.Size, micros(r.At))
		return err
	})
}

// Failure is an attempt in vain.
type Failure struct {
	Next    time.Time // when to try again
	Cause   string    // without any secret
	Missing bool      // the source said that the blob does not exist
}

// Failed notes an attempt in vain.
func (l *Ledger) Failed(ctx context.Context, s Stream, contentID string, f Failure) error {
	return l.update(ctx, "note failure", s, func(tx *sql.Tx) error {
		return one(tx.ExecContext(ctx, `
			UPDATE collect_blob SET state = 'failed', attempts = attempts + 1, next_attempt = ?4, last_error = ?5, missing = iif(?6, missing + 1, 0)
			WHERE tenant = ?1 AND content_type = ?2 AND content_id = ?3 AND state IN ('listed', 'failed')`,
			s.Tenant, s.ContentType, contentID, micros(f.Next), f.Cause, f.Missing))
	})
}

// Expired settles a blob that can no longer be had, and records the gap.
func (l *Ledger) Expired(ctx context.Context, s Stream, contentID string, now time.Time, reason string) error {
	return l.update(ctx, "give up blob", s, func(tx *sql.Tx) error {
		var created sql.NullInt64
		err := tx.QueryRowContext(ctx, `
			UPDATE collect_blob SET state = 'expired', settled = ?4, attempts = attempts + 1, last_error = ?5
			WHERE tenant = ?1 AND content_type = ?2 AND content_id = ?3 AND state IN ('listed', 'failed')
			RETURNING created`, s.Tenant, s.ContentType, contentID, micros(now), reason).Scan(&created)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotOutstanding
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE collect_stream SET expired = expired + 1 WHERE tenant = ? AND content_type = ?`, s.Tenant, s.ContentType)
		if err != nil {
			return err
		}
		at := moment(created)
		return insertGap(ctx, tx, s, Gap{ContentID: contentID, From: at, To: at, Recorded: now, Reason: reason})
	})
}

// one turns the result of an update that must touch exactly one blob into an
// error.
func one(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n != 1 {
		err = ErrNotOutstanding
	}
	return err
}

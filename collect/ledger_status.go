package collect

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Status returns what the ledger knows of a stream at now: everything in
// StreamStatus but its health and its problem. It costs one row and two scans
// of what is outstanding.
func (l *Ledger) Status(ctx context.Context, s Stream, now time.Time) (StreamStatus, error) {
	status := StreamStatus{ContentType: s.ContentType}
	var through, listed, created, journalled sql.NullInt64
	c := &status.Counts
	err := l.db.QueryRowContext(ctx, `
		SELECT listed_through, last_listed, last_created, last_journalled, journalled, expired, gaps, regrown, records, bytes, subscription
		FROM collect_stream WHERE tenant = ? AND content_type = ?`, s.Tenant, s.ContentType).
		Scan(&through, &listed, &created, &journalled, &c.Journalled, &c.Expired, &c.Gaps, &c.Regrown, &c.Records, &c.Bytes, &status.Subscription)
	if errors.Is(err, sql.ErrNoRows) {
		return status, nil
	}
	if err != nil {
		return status, wrap("read status", s, err)
	}
	status.LastSuccess, status.LastBlob, status.LastJournalled = moment(listed), moment(created), moment(journalled)
	var oldest, expiry sql.NullInt64
	err = l.db.QueryRowContext(ctx, `
		SELECT count(*) FILTER (WHERE state = 'listed'), count(*) FILTER (WHERE state = 'failed'), min(created), min(expires)
		FROM collect_blob INDEXED BY collect_blob_due
		WHERE tenant = ? AND content_type = ? AND state IN ('listed', 'failed')`, s.Tenant, s.ContentType).
		Scan(&c.Listed, &c.Failed, &oldest, &expiry)
	if err != nil {
		return status, wrap("read status", s, err)
	}
	status.NextExpiry = moment(expiry)
	status.Cursor = moment(through)
	if oldest.Valid && through.Valid && oldest.Int64 < through.Int64 {
		status.Cursor = moment(oldest)
	}
	if !status.Cursor.IsZero() {
		status.Lag = max(now.Sub(status.Cursor), 0)
	}
	return status, nil
}

package collect

import (
	"context"
	"time"
)

// ListedBefore calls use with the id of each blob created in w that a listing
// showed before a time of our clock and that the source, whose clock says now,
// should still have: a listing of w that lacks one is not whole.
func (l *Ledger) ListedBefore(ctx context.Context, s Stream, w Window, before, now time.Time, use func(contentID string)) error {
	rows, err := l.db.QueryContext(ctx, `
		SELECT content_id FROM collect_blob
		WHERE tenant = ? AND content_type = ? AND created >= ? AND created < ? AND first_listed < ? AND expires > ? AND state <> 'expired'`,
		s.Tenant, s.ContentType, micros(w.From), micros(w.To), micros(before), micros(now))
	if err != nil {
		return wrap("read what was listed", s, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return wrap("read what was listed", s, err)
		}
		use(id)
	}
	return wrap("read what was listed", s, rows.Err())
}

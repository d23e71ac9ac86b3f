package collect

import (
	"context"
	"database/sql"
	"time"
)

// Expiring is outstanding content that its source deletes soon.
type Expiring struct {
	Blobs int64
	First time.Time // the first deadline; zero without any
}

// Expiring returns what is outstanding, was first listed before a time, and is
// deleted at its source before another. What was listed only now says nothing:
// on a first start much of it is old, and fetched within minutes.
func (l *Ledger) Expiring(ctx context.Context, s Stream, listed, deadline time.Time) (Expiring, error) {
	var e Expiring
	var first sql.NullInt64
	err := l.db.QueryRowContext(ctx, `
		SELECT count(*), min(expires) FROM collect_blob
		WHERE tenant = ? AND content_type = ? AND state IN ('listed', 'failed') AND expires < ? AND first_listed < ?`,
		s.Tenant, s.ContentType, micros(deadline), micros(listed)).Scan(&e.Blobs, &first)
	e.First = moment(first)
	return e, wrap("read what expires", s, err)
}

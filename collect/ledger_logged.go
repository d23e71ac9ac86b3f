package collect

import (
	"context"
	"database/sql"
	"time"
)

// Unlogged is a certificate that was issued and is not journalled yet.
type Unlogged struct {
	Issued
	Stream Stream
	Day    time.Time
}

// Unlogged returns the certificates of a stream that are not journalled yet, in
// the order in which they were issued for each day.
func (l *Ledger) Unlogged(ctx context.Context, s Stream) ([]Unlogged, error) {
	rows, err := l.db.QueryContext(ctx, `
		SELECT day, sequence, signed FROM collect_certificate WHERE tenant = ? AND content_type = ? AND logged IS NULL ORDER BY day, sequence`,
		s.Tenant, s.ContentType)
	if err != nil {
		return nil, wrap("read certificates to journal", s, err)
	}
	defer rows.Close()
	var all []Unlogged
	for rows.Next() {
		u := Unlogged{Stream: s}
		var start sql.NullInt64
		if err := rows.Scan(&start, &u.Sequence, &u.Signed); err != nil {
			return nil, wrap("read certificates to journal", s, err)
		}
		u.Day = moment(start)
		all = append(all, u)
	}
	return all, wrap("read certificates to journal", s, rows.Err())
}

// Logged records at which position of the journal a certificate is.
func (l *Ledger) Logged(ctx context.Context, u Unlogged, position uint64) error {
	return l.update(ctx, "record the place of a certificate", u.Stream, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE collect_certificate SET logged = ? WHERE tenant = ? AND content_type = ? AND day = ? AND sequence = ?`,
			int64(position), u.Stream.Tenant, u.Stream.ContentType, micros(u.Day), u.Sequence)
		return err
	})
}

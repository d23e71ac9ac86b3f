package collect

import (
	"context"
	"database/sql"
	"time"
)

// Gap is something known to be missing for ever: a blob that could not be
// fetched before it expired, or a span of time in which the source offered
// content that nobody could list.
type Gap struct {
	Stream    Stream
	ContentID string // empty when a span is missing
	// From and To bound the time of creation at the source, half-open; they are
	// equal for a blob.
	From, To time.Time
	Recorded time.Time
	Reason   string
}

// RecordGap keeps a gap for ever.
func (l *Ledger) RecordGap(ctx context.Context, g Gap) error {
	return l.update(ctx, "record gap", g.Stream, func(tx *sql.Tx) error {
		return insertGap(ctx, tx, g.Stream, g)
	})
}

func insertGap(ctx context.Context, tx *sql.Tx, s Stream, g Gap) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO collect_gap (tenant, content_type, content_id, gap_from, gap_to, recorded, reason) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		s.Tenant, s.ContentType, g.ContentID, micros(g.From), micros(g.To), micros(g.Recorded), g.Reason)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE collect_stream SET gaps = gaps + 1 WHERE tenant = ? AND content_type = ?`, s.Tenant, s.ContentType)
	return err
}

// Gaps returns up to limit gaps of a stream, the latest recorded first.
func (l *Ledger) Gaps(ctx context.Context, s Stream, limit int) ([]Gap, error) {
	rows, err := l.db.QueryContext(ctx, `
		SELECT content_id, gap_from, gap_to, recorded, reason FROM collect_gap
		WHERE tenant = ? AND content_type = ? ORDER BY id DESC LIMIT ?`, s.Tenant, s.ContentType, limit)
	if err != nil {
		return nil, wrap("read gaps", s, err)
	}
	defer rows.Close()
	var gaps []Gap
	for rows.Next() {
		g := Gap{Stream: s}
		var from, to, recorded sql.NullInt64
		if err := rows.Scan(&g.ContentID, &from, &to, &recorded, &g.Reason); err != nil {
			return nil, wrap("read gaps", s, err)
		}
		g.From, g.To, g.Recorded = moment(from), moment(to), moment(recorded)
		gaps = append(gaps, g)
	}
	return gaps, wrap("read gaps", s, rows.Err())
}

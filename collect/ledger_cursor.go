package collect

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// ListedThrough returns the time of creation before which everything the
// source offers was listed at least once, or recorded as a gap. It is zero for
// a stream that was never listed.
func (l *Ledger) ListedThrough(ctx context.Context, s Stream) (time.Time, error) {
	var through sql.NullInt64
	err := l.db.QueryRowContext(ctx, `SELECT listed_through FROM collect_stream WHERE tenant = ? AND content_type = ?`,
		s.Tenant, s.ContentType).Scan(&through)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return moment(through), wrap("read listed-through", s, err)
}

// SettledThrough returns the time before which every hour of a stream is settled;
// zero when none is.
func (l *Ledger) SettledThrough(ctx context.Context, s Stream) (time.Time, error) {
	var through sql.NullInt64
	err := l.db.QueryRowContext(ctx, `SELECT settled_through FROM collect_stream WHERE tenant = ? AND content_type = ?`,
		s.Tenant, s.ContentType).Scan(&through)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return moment(through), wrap("read settled-through", s, err)
}

// AdvanceListed records at now that the window was listed to its last page.
// Listed-through moves to the window's end if the window begins at or before
// it, and never back. A window that begins later is an error: it would declare
// as listed what nobody asked for.
func (l *Ledger) AdvanceListed(ctx context.Context, s Stream, w Window, now time.Time) error {
	return l.update(ctx, "advance listing", s, func(tx *sql.Tx) error {
		var through sql.NullInt64
		err := tx.QueryRowContext(ctx, `SELECT listed_through FROM collect_stream WHERE tenant = ? AND content_type = ?`,
			s.Tenant, s.ContentType).Scan(&through)
		if err != nil {
			return err
		}
		if through.Valid && w.From.After(moment(through)) {
			return fmt.Errorf("window from %s leaves a hole after %s", w.From.Format(time.RFC3339), moment(through).Format(time.RFC3339))
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE collect_stream SET listed_through = max(coalesce(listed_through, ?3), ?3), last_listed = ?4
			WHERE tenant = ?1 AND content_type = ?2`, s.Tenant, s.ContentType, micros(w.To), micros(now))
		return err
	})
}

// SkipTo records that nothing created before to can be listed any more, and
// with it the gap since listed-through. It does nothing when the stream was
// never listed or is listed through to. Hours before the gap that were not
// settled yet are a gap of their own.
func (l *Ledger) SkipTo(ctx context.Context, s Stream, to, now time.Time, reason string) error {
	return l.update(ctx, "skip ahead", s, func(tx *sql.Tx) error {
		var through, settled sql.NullInt64
		err := tx.QueryRowContext(ctx, `
			SELECT listed_through, settled_through FROM collect_stream WHERE tenant = ? AND content_type = ? AND listed_through < ?`,
			s.Tenant, s.ContentType, micros(to)).Scan(&through, &settled)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE collect_stream SET listed_through = ?3, settled_through = iif(settled_through < ?3, ?3, settled_through)
			WHERE tenant = ?1 AND content_type = ?2`, s.Tenant, s.ContentType, micros(to))
		if err != nil {
			return err
		}
		if settled.Valid && settled.Int64 < through.Int64 {
			gap := Gap{From: moment(settled), To: moment(through), Recorded: now, Reason: notListedAgain}
			if err := insertGap(ctx, tx, s, gap); err != nil {
				return err
			}
		}
		return insertGap(ctx, tx, s, Gap{From: moment(through), To: to, Recorded: now, Reason: reason})
	})
}

// Cursor returns the point before which everything the source listed is
// journalled or recorded as a gap: listed-through, or the creation of the
// oldest outstanding blob if that is earlier. It is computed from the blobs, so
// it cannot pass one.
func (l *Ledger) Cursor(ctx context.Context, s Stream) (time.Time, error) {
	var cursor sql.NullInt64
	err := l.db.QueryRowContext(ctx, `
		SELECT min(listed_through, coalesce((
		  SELECT min(created) FROM collect_blob INDEXED BY collect_blob_cursor
		  WHERE tenant = ?1 AND content_type = ?2 AND state IN ('listed', 'failed')), listed_through))
		FROM collect_stream WHERE tenant = ?1 AND content_type = ?2`, s.Tenant, s.ContentType).Scan(&cursor)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return moment(cursor), wrap("read cursor", s, err)
}

func wrap(what string, s Stream, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("ledger: %s of %s: %w", what, s, err)
}

package collect

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"
)

// notListedAgain is the reason of a gap: its hours were listed while they were
// young, but not a last time.
const notListedAgain = "not listed again after it was over, as long as the API reached back; content that came late may be missing"

// Settle records that the source was asked at run.To, by its own clock, for
// everything created in the run, to the last page. Hours that ended an overlap
// before that are then settled: what they hold was listed again after they were
// over. If the run begins later than the hours settled before, then the hours in
// between can no longer be listed again; that is recorded as a gap. It returns
// the time before which every hour is settled.
func (l *Ledger) Settle(ctx context.Context, s Stream, run Window, overlap time.Duration, now time.Time) (through time.Time, err error) {
	err = l.update(ctx, "settle hours", s, func(tx *sql.Tx) error {
		var before sql.NullInt64
		err := tx.QueryRowContext(ctx, `SELECT settled_through FROM collect_stream WHERE tenant = ? AND content_type = ?`,
			s.Tenant, s.ContentType).Scan(&before)
		if err != nil {
			return err
		}
		through = run.To.Add(-overlap).Truncate(time.Hour)
		if before.Valid {
			settled := moment(before)
			if settled.After(run.To) { // by a clock that was ahead: nothing of the future is
				if settled = through; !settled.After(run.From) {
					settled = run.From
				}
				if err := openFuture(ctx, tx, s, settled); err != nil {
					return err
				}
			}
			if run.From.After(settled) {
				gap := Gap{From: settled, To: run.From, Recorded: now, Reason: notListedAgain}
				if err := insertGap(ctx, tx, s, gap); err != nil {
					return err
				}
				settled = run.From
			}
			if settled.After(through) {
				through = settled
			}
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE collect_stream SET settled_through = ?3, listed_from = coalesce(listed_from, ?4), overlap = ?5
			WHERE tenant = ?1 AND content_type = ?2`, s.Tenant, s.ContentType, micros(through), micros(run.From), overlap.Microseconds())
		return err
	})
	return through, err
}

// openFuture takes back that hours from a time on were closed.
func openFuture(ctx context.Context, tx *sql.Tx, s Stream, from time.Time) error {
	from = from.Truncate(time.Hour)
	if _, err := tx.ExecContext(ctx, `DELETE FROM collect_hour WHERE tenant = ? AND content_type = ? AND hour >= ?`,
		s.Tenant, s.ContentType, micros(from)); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE collect_stream SET closed_through = min(closed_through, ?3) WHERE tenant = ?1 AND content_type = ?2`,
		s.Tenant, s.ContentType, micros(from))
	return err
}

// hoursAtOnce bounds how many hours one transaction closes, so that a first
// start does not hold the database for long.
const hoursAtOnce = 48

// CloseHours closes the settled hours in which every blob is journalled for
// good or lost, and closes again those into which blobs came late. open is how
// many settled hours remain, because something in them is outstanding.
func (l *Ledger) CloseHours(ctx context.Context, s Stream, now time.Time) (open int, err error) {
	from, to, err := l.closable(ctx, s)
	if err != nil {
		return 0, wrap("read open hours", s, err)
	}
	reopened, fresh, err := l.openSettled(ctx, s, from, to)
	if err != nil {
		return 0, wrap("read open hours", s, err)
	}
	var firstOpen time.Time // of those that were never closed
	for i, w := range slices.Concat(reopened, fresh) {
		closed, remain, err := l.sum(ctx, s, w)
		if err != nil {
			return 0, wrap("sum hours", s, err)
		}
		open += len(remain)
		var through time.Time // one that is closed again says nothing of those before it
		if i >= len(reopened) {
			if firstOpen.IsZero() && len(remain) > 0 {
				firstOpen = remain[0]
			}
			if through = firstOpen; through.IsZero() {
				through = w.To
			}
		}
		if err := l.storeHours(ctx, s, closed, through, now); err != nil {
			return 0, err
		}
	}
	return open, nil
}

// closable returns the span of settled hours before which every hour has been
// closed at least once.
func (l *Ledger) closable(ctx context.Context, s Stream) (from, to time.Time, err error) {
	var listed, closed, settled sql.NullInt64
	err = l.db.QueryRowContext(ctx, `
		SELECT listed_from, closed_through, settled_through FROM collect_stream WHERE tenant = ? AND content_type = ?`,
		s.Tenant, s.ContentType).Scan(&listed, &closed, &settled)
	if errors.Is(err, sql.ErrNoRows) || !listed.Valid {
		return from, to, nil
	}
	from = ceilHour(moment(listed))
	if closed.Valid && moment(closed).After(from) {
		from = moment(closed)
	}
	return from, moment(settled).Truncate(time.Hour), err
}

// openSettled returns the settled hours that are not closed, in order: those that
// were reopened, and those that never were closed as windows of at most
// hoursAtOnce.
func (l *Ledger) openSettled(ctx context.Context, s Stream, from, to time.Time) (reopened, fresh []Window, err error) {
	again, err := l.readHours(ctx, `SELECT hour FROM collect_hour WHERE tenant = ? AND content_type = ? AND reopened = 1 ORDER BY hour`, s.Tenant, s.ContentType)
	if err != nil {
		return nil, nil, err
	}
	closed, err := l.readHours(ctx, `SELECT hour FROM collect_hour WHERE tenant = ? AND content_type = ? AND hour >= ? AND hour < ?`,
		s.Tenant, s.ContentType, micros(from), micros(to))
	if err != nil {
		return nil, nil, err
	}
	for _, hour := range again {
		reopened = append(reopened, Window{hour, hour.Add(time.Hour)})
	}
	for _, hour := range append(closed, to) {
		fresh = append(fresh, Windows(from, hour, hoursAtOnce*time.Hour)...)
		from = hour.Add(time.Hour)
	}
	return reopened, fresh, nil
}

func (l *Ledger) readHours(ctx context.Context, query string, args ...any) ([]time.Time, error) {
	rows, err := l.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var hours []time.Time
	for rows.Next() {
		var hour sql.NullInt64
		if err := rows.Scan(&hour); err != nil {
			return nil, err
		}
		hours = append(hours, moment(hour))
	}
	return hours, rows.Err()
}

// sum adds up the blobs of the hours in w, which begins and ends at full hours.
// Hours in which something is outstanding are in open, and are not read if that
// can be told without.
func (l *Ledger) sum(ctx context.Context, s Stream, w Window) (closed []Hour, open []time.Time, err error) {
	outstanding, err := l.readHours(ctx, `
		SELECT DISTINCT created - created % 3600000000 FROM collect_blob
		WHERE tenant = ? AND content_type = ? AND state IN ('listed', 'failed') AND created >= ? AND created < ? ORDER BY 1`,
		s.Tenant, s.ContentType, micros(w.From), micros(w.To))
	if err != nil {
		return nil, nil, err
	}
	from := w.From
	for _, hour := range append(outstanding, w.To) {
		if from.Before(hour) {
			if closed, open, err = l.sumSettled(ctx, s, Window{from, hour}, closed, open); err != nil {
				return nil, nil, err
			}
		}
		if hour.Before(w.To) {
			open = append(open, hour)
		}
		from = hour.Add(time.Hour)
	}
	return closed, open, nil
}

// sumSettled adds up hours without outstanding blobs. A blob that is to be
// fetched once more leaves its hour open.
func (l *Ledger) sumSettled(ctx context.Context, s Stream, w Window, closed []Hour, open []time.Time) ([]Hour, []time.Time, error) {
	type total struct {
		Hour
		tree MerkleTree
		open bool
	}
	totals := make([]total, w.To.Sub(w.From)/time.Hour)
	err := l.leaves(ctx, s, w, func(created time.Time, leaf BlobLeaf, settled bool) error {
		t := &totals[created.Sub(w.From)/time.Hour]
		t.Listed++
		t.open = t.open || !settled
		t.Records += leaf.Records
		t.Bytes += leaf.Size
		if leaf.State == blobExpired {
			t.Expired++
		}
		line, err := leaf.Line()
		t.tree.Add(line)
		return err
	})
	for i := range totals {
		t := &totals[i]
		t.Start = w.From.Add(time.Duration(i) * time.Hour)
		if t.open {
			open = append(open, t.Start)
			continue
		}
		t.Root, t.Journalled = t.tree.Root(), t.Listed-t.Expired
		closed = append(closed, t.Hour)
	}
	return closed, open, err
}

// The states of a blob that are final.
const (
	blobJournalled = "journalled"
	blobExpired    = "expired"
)

// leaves hands over every blob created in w in the order of their tree. settled
// is false for one that is outstanding or due to be fetched once more.
func (l *Ledger) leaves(ctx context.Context, s Stream, w Window, use func(created time.Time, leaf BlobLeaf, settled bool) error) error {
	rows, err := l.db.QueryContext(ctx, `
		SELECT created, content_id, state, coalesce(size, 0), coalesce(records, 0), sha256, coalesce(journal_position, 0), recheck IS NOT NULL
		FROM collect_blob WHERE tenant = ? AND content_type = ? AND created >= ? AND created < ? ORDER BY created, content_id`,
		s.Tenant, s.ContentType, micros(w.From), micros(w.To))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var leaf BlobLeaf
		var created sql.NullInt64
		var sum []byte
		var position int64
		var recheck bool
		if err := rows.Scan(&created, &leaf.ContentID, &leaf.State, &leaf.Size, &leaf.Records, &sum, &position, &recheck); err != nil {
			return err
		}
		at := moment(created)
		leaf.Created, leaf.SHA256, leaf.Position = leafTime(at), hexOf(sum), uint64(position)
		settled := leaf.State == blobExpired || leaf.State == blobJournalled && !recheck
		if err := use(at, leaf, settled); err != nil {
			return err
		}
	}
	return rows.Err()
}

// storeHours writes closed hours; every hour before through is closed then. The
// zero time leaves that as it is.
func (l *Ledger) storeHours(ctx context.Context, s Stream, hours []Hour, through, now time.Time) error {
	return l.update(ctx, "close hours", s, func(tx *sql.Tx) error {
		var oldest sql.NullInt64
		err := tx.QueryRowContext(ctx, `SELECT min(hour) FROM collect_hour WHERE tenant = ? AND content_type = ?`, s.Tenant, s.ContentType).Scan(&oldest)
		if err != nil {
			return err
		}
		insert, err := tx.PrepareContext(ctx, `
			INSERT INTO collect_hour (tenant, content_type, hour, closed, listed, expired, records, bytes, root, silent)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET closed = excluded.closed, closings = closings + 1, reopened = 0, listed = excluded.listed,
			  expired = excluded.expired, records = excluded.records, bytes = excluded.bytes, root = excluded.root, silent = excluded.silent`)
		if err != nil {
			return err
		}
		defer insert.Close()
		for _, h := range hours {
			silent := false
			if h.Listed == 0 && oldest.Valid && h.Start.Add(-fewestWeeks*week).After(moment(oldest)) {
				if silent, err = unusual(ctx, tx, s, h.Start); err != nil {
					return err
				}
			}
			_, err := insert.ExecContext(ctx, s.Tenant, s.ContentType, micros(h.Start), micros(now), h.Listed, h.Expired, h.Records, h.Bytes, h.Root[:], silent)
			if err != nil {
				return err
			}
		}
		if through.IsZero() {
			return nil
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE collect_stream SET closed_through = max(coalesce(closed_through, ?3), ?3) WHERE tenant = ?1 AND content_type = ?2`,
			s.Tenant, s.ContentType, micros(through))
		return err
	})
}

// unusual says whether the weeks before an empty hour let one expect content.
func unusual(ctx context.Context, tx *sql.Tx, s Stream, hour time.Time) (bool, error) {
	var err error
	expected := Unusual(hour, func(at time.Time) (listed int64, known bool) {
		var n sql.NullInt64
		scanErr := tx.QueryRowContext(ctx, `SELECT listed FROM collect_hour WHERE tenant = ? AND content_type = ? AND hour = ?`,
			s.Tenant, s.ContentType, micros(at)).Scan(&n)
		if scanErr != nil && !errors.Is(scanErr, sql.ErrNoRows) {
			err = scanErr
		}
		return n.Int64, n.Valid
	})
	return expected, err
}

// reopen marks the closed hours into which new blobs were listed.
func reopen(ctx context.Context, tx *sql.Tx, s Stream, entries []Listing) error {
	var closed sql.NullInt64
	err := tx.QueryRowContext(ctx, `SELECT max(hour) FROM collect_hour WHERE tenant = ? AND content_type = ?`, s.Tenant, s.ContentType).Scan(&closed)
	if err != nil || !closed.Valid {
		return err
	}
	seen := map[time.Time]bool{}
	for _, e := range entries {
		hour := e.Created.UTC().Truncate(time.Hour)
		if seen[hour] || hour.After(moment(closed)) {
			continue
		}
		seen[hour] = true
		_, err := tx.ExecContext(ctx, `
			UPDATE collect_hour SET reopened = 1 WHERE tenant = ?1 AND content_type = ?2 AND hour = ?3 AND EXISTS (
			  SELECT 1 FROM collect_blob WHERE tenant = ?1 AND content_type = ?2 AND created >= ?3 AND created < ?3 + 3600000000
			    AND state IN ('listed', 'failed'))`, s.Tenant, s.ContentType, micros(hour))
		if err != nil {
			return err
		}
	}
	return nil
}

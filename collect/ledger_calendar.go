package collect

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"
)

// Streams returns every stream that the ledger knows, in order of tenant and
// content type.
func (l *Ledger) Streams(ctx context.Context) ([]Stream, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT tenant, content_type FROM collect_stream ORDER BY tenant, content_type`)
	if err != nil {
		return nil, wrap("list streams", Stream{}, err)
	}
	defer rows.Close()
	var streams []Stream
	for rows.Next() {
		var s Stream
		if err := rows.Scan(&s.Tenant, &s.ContentType); err != nil {
			return nil, wrap("list streams", Stream{}, err)
		}
		streams = append(streams, s)
	}
	return streams, wrap("list streams", Stream{}, rows.Err())
}

// Calendar returns the hours of a stream that begin in w, as they are known at
// now. It costs one row for each closed hour, and what is outstanding.
func (l *Ledger) Calendar(ctx context.Context, s Stream, w Window, now time.Time) (Calendar, error) {
	c := Calendar{Stream: s}
	facts, err := l.streamFacts(ctx, s)
	if err != nil || facts.since.IsZero() {
		return c, wrap("read calendar", s, err)
	}
	c.Since = facts.since
	if w.From = ceilHour(w.From.UTC()); w.From.Before(c.Since) {
		w.From = c.Since
	}
	if w.To.After(now) {
		w.To = now
	}
	e := &evidence{now: now, listedThrough: facts.listedThrough, overlap: facts.overlap}
	if e.gaps, err = l.gapSpans(ctx, s, w); err != nil {
		return c, wrap("read calendar", s, err)
	}
	if e.off, err = l.offSpans(ctx, s); err != nil {
		return c, wrap("read calendar", s, err)
	}
	if e.searched, err = l.searches(ctx, s.Tenant, Window{w.From.Add(-RecoveryReach), w.To}); err != nil {
		return c, wrap("read calendar", s, err)
	}
	c.Hours, err = l.hours(ctx, s, w, facts.closedThrough, e)
	return c, wrap("read calendar", s, err)
}

// streamFacts are the points in time that a stream's row holds.
type streamFacts struct {
	since, listedThrough, closedThrough time.Time
	overlap                             time.Duration
}

func (l *Ledger) streamFacts(ctx context.Context, s Stream) (streamFacts, error) {
	var f streamFacts
	var listedFrom, listedThrough, closedThrough sql.NullInt64
	var overlap int64
	err := l.db.QueryRowContext(ctx, `
		SELECT listed_from, listed_through, closed_through, overlap FROM collect_stream WHERE tenant = ? AND content_type = ?`,
		s.Tenant, s.ContentType).Scan(&listedFrom, &listedThrough, &closedThrough, &overlap)
	if errors.Is(err, sql.ErrNoRows) {
		return f, nil
	}
	if err == nil && !listedFrom.Valid {
		return l.neverListed(ctx, s)
	}
	f.since, f.listedThrough, f.closedThrough = ceilHour(moment(listedFrom)), moment(listedThrough), moment(closedThrough)
	f.overlap = time.Duration(overlap) * time.Microsecond
	if f.closedThrough.Before(f.since) {
		f.closedThrough = f.since
	}
	return f, err
}

// neverListed gives a stream that was never listed whole the hours since its
// subscription was first looked at: one that cannot be started, or whose listings
// fail, must not look as if nobody wanted it.
func (l *Ledger) neverListed(ctx context.Context, s Stream) (streamFacts, error) {
	var looked sql.NullInt64
	err := l.db.QueryRowContext(ctx, `SELECT min(seen_from) FROM collect_subscription WHERE tenant = ? AND content_type = ?`,
		s.Tenant, s.ContentType).Scan(&looked)
	if err != nil || !looked.Valid {
		return streamFacts{}, err
	}
	since := moment(looked).Truncate(time.Hour)
	return streamFacts{since: since, closedThrough: since}, nil
}

// hours reads the closed hours in w and counts the others.
func (l *Ledger) hours(ctx context.Context, s Stream, w Window, closedThrough time.Time, e *evidence) ([]Hour, error) {
	if !w.From.Before(w.To) {
		return nil, nil
	}
	open, err := l.openHours(ctx, s, Window{later(w.From, closedThrough), w.To})
	if err != nil {
		return nil, err
	}
	rows, err := l.db.QueryContext(ctx, `
		SELECT hour, closed, reopened, listed, expired, records, bytes, root, silent FROM collect_hour
		WHERE tenant = ? AND content_type = ? AND hour >= ? AND hour < ? ORDER BY hour`, s.Tenant, s.ContentType, micros(w.From), micros(w.To))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	hours := make([]Hour, 0, int(w.To.Sub(w.From)/time.Hour)+1)
	next := w.From
	fill := func(until time.Time) {
		for ; next.Before(until); next = next.Add(time.Hour) {
			t := open[next]
			if t == nil {
				t = &openHour{}
			}
			t.Start = next
			e.judge(&t.Hour, false, t)
			hours = append(hours, t.Hour)
		}
	}
	var again []int
	for rows.Next() {
		h, reopened, silent, err := scanHour(rows)
		if err != nil {
			return nil, err
		}
		fill(h.Start)
		if reopened {
			again = append(again, len(hours))
		} else {
			e.judge(&h, silent, nil)
		}
		hours, next = append(hours, h), h.Start.Add(time.Hour)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	fill(w.To)
	return hours, l.recount(ctx, s, hours, again, e)
}

// recount counts hours that were reopened.
func (l *Ledger) recount(ctx context.Context, s Stream, hours []Hour, again []int, e *evidence) error {
	for _, i := range again {
		start := hours[i].Start
		open, err := l.openHours(ctx, s, Window{start, start.Add(time.Hour)})
		if err != nil {
			return err
		}
		if t := open[start]; t != nil {
			t.Start = start
			e.judge(&t.Hour, false, t)
			hours[i] = t.Hour
		}
	}
	return nil
}

func scanHour(rows *sql.Rows) (h Hour, reopened, silent bool, err error) {
	var start, closed sql.NullInt64
	var root []byte
	err = rows.Scan(&start, &closed, &reopened, &h.Listed, &h.Expired, &h.Records, &h.Bytes, &root, &silent)
	h.Start, h.Closed, h.Journalled = moment(start), moment(closed), h.Listed-h.Expired
	copy(h.Root[:], root)
	return h, reopened, silent, err
}

// openHour is what the blobs of an hour that is not closed add up to.
type openHour struct {
	Hour
	outstanding, rechecks int64
	// tries is how often one of the outstanding blobs was tried in vain, the most of
	// all, and trouble how that ended the last time.
	tries   int64
	trouble string
}

func (l *Ledger) openHours(ctx context.Context, s Stream, w Window) (map[time.Time]*openHour, error) {
	// Beside its only max() SQLite gives last_error of the row that has it.
	rows, err := l.db.QueryContext(ctx, `
		SELECT created - created % 3600000000, count(*), count(*) FILTER (WHERE state = 'journalled'), count(*) FILTER (WHERE state = 'expired'),
		  count(*) FILTER (WHERE recheck IS NOT NULL), coalesce(sum(records), 0), coalesce(sum(size), 0),
		  max(iif(state IN ('listed', 'failed'), attempts, -1)), last_error
		FROM collect_blob WHERE tenant = ? AND content_type = ? AND created >= ? AND created < ? GROUP BY 1`,
		s.Tenant, s.ContentType, micros(w.From), micros(w.To))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	hours := map[time.Time]*openHour{}
	for rows.Next() {
		t := &openHour{}
		var start sql.NullInt64
		if err := rows.Scan(&start, &t.Listed, &t.Journalled, &t.Expired, &t.rechecks, &t.Records, &t.Bytes, &t.tries, &t.trouble); err != nil {
			return nil, err
		}
		t.outstanding = t.Listed - t.Journalled - t.Expired
		hours[moment(start)] = t
	}
	return hours, rows.Err()
}

// gapSpans returns the recorded gaps that overlap w and are no single blobs:
// those are counted where the blobs are.
func (l *Ledger) gapSpans(ctx context.Context, s Stream, w Window) ([]span, error) {
	rows, err := l.db.QueryContext(ctx, `
		SELECT gap_from, gap_to, reason FROM collect_gap
		WHERE tenant = ? AND content_type = ? AND gap_from < ? AND gap_to > ? AND content_id = '' ORDER BY gap_from`,
		s.Tenant, s.ContentType, micros(w.To), micros(w.From))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var spans []span
	for rows.Next() {
		var from, to sql.NullInt64
		var g span
		if err := rows.Scan(&from, &to, &g.reason); err != nil {
			return nil, err
		}
		g.Window = Window{moment(from), moment(to)}
		spans = append(spans, g)
	}
	return spans, rows.Err()
}

// offSpans returns when the subscription was not known to be enabled: from the
// last look that found it so, or since ever, to the next one that did.
func (l *Ledger) offSpans(ctx context.Context, s Stream) ([]span, error) {
	rows, err := l.db.QueryContext(ctx, `
		SELECT seen_from, seen_to, status FROM collect_subscription WHERE tenant = ? AND content_type = ? ORDER BY seen_from`, s.Tenant, s.ContentType)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	forever := time.Unix(1<<40, 0)
	var spans []span
	enabled, started := time.Time{}, false // when it was last seen enabled, and whether ever
	off := ""                              // the status since
	end := func(at time.Time) {
		switch {
		case off == "":
		case started:
			spans = append(spans, span{Window{enabled, at}, "the subscription was " + off})
		default:
			spans = append(spans, span{Window{time.Time{}, at}, "the subscription was not started yet"})
		}
	}
	for rows.Next() {
		var from, to sql.NullInt64
		var status string
		if err := rows.Scan(&from, &to, &status); err != nil {
			return nil, err
		}
		if status != SubscriptionEnabled {
			off = status
			continue
		}
		end(moment(from))
		enabled, started, off = moment(to), true, ""
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	end(forever)
	return l.startedBefore(ctx, s, spans)
}

// startedBefore ends the span before the first start at the first blob, if that
// is earlier: then somebody else had started the subscription.
func (l *Ledger) startedBefore(ctx context.Context, s Stream, spans []span) ([]span, error) {
	if len(spans) == 0 || !spans[0].From.IsZero() {
		return spans, nil
	}
	var blob, hour sql.NullInt64
	err := l.db.QueryRowContext(ctx, `
		SELECT (SELECT min(created) FROM collect_blob WHERE tenant = ?1 AND content_type = ?2),
		       (SELECT hour FROM collect_hour WHERE tenant = ?1 AND content_type = ?2 AND listed > 0 ORDER BY hour LIMIT 1)`,
		s.Tenant, s.ContentType).Scan(&blob, &hour)
	if err != nil {
		return nil, err
	}
	for _, at := range []sql.NullInt64{blob, hour} {
		if first := moment(at).Truncate(time.Hour); at.Valid && first.Before(spans[0].To) {
			spans[0].To = first
		}
	}
	return slices.Clip(spans), nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

package collect

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// DayStatement is what the ledger says of one UTC day of a stream, as it stands
// in a certificate.
type DayStatement struct {
	Stream Stream
	Day    time.Time
	Closed time.Time // when the last of its hours was closed; zero while one is open
	// Open says why the day is not closed; empty when it is.
	Open                                            string
	Listed, Journalled, Expired, Records, SizeBytes int64
	Root                                            [32]byte // over its BlobLeafs
	Hours                                           [24]HourState
	Gaps                                            []Gap
}

// ErrPruned says that rows of single blobs of a closed day are gone, so that
// its tree cannot be computed again.
var ErrPruned = errors.New("the rows of the day's blobs were removed")

// Day returns what is known of a day at now. Each blob's leaf is written to
// list, if that is not nil, as one line with its line feed.
func (l *Ledger) Day(ctx context.Context, s Stream, start, now time.Time, list io.Writer) (DayStatement, error) {
	d := DayStatement{Stream: s, Day: start.UTC().Truncate(day)}
	w := Window{d.Day, d.Day.Add(day)}
	c, err := l.Calendar(ctx, s, w, now)
	if err != nil {
		return d, err
	}
	var listed int64
	for _, h := range c.Hours {
		d.Hours[h.Start.Hour()] = h.Feed // a certificate is about the feed
		listed += h.Listed
		if h.Closed.IsZero() && d.Open == "" {
			d.Open = fmt.Sprintf("the hour from %s is %s: %s", h.Start.Format("15:04"), h.Feed, h.Detail)
		}
		d.Closed = later(d.Closed, h.Closed)
	}
	switch {
	case len(c.Hours) == 0:
		d.Open = "nothing is known of it"
	case len(c.Hours) < 24 && d.Open == "" && c.Since.After(d.Day):
		d.Open = "it was listed from " + c.Since.Format("15:04") + " on only"
	case len(c.Hours) < 24 && d.Open == "":
		d.Open = "it is not over"
	}
	if d.Open != "" {
		d.Closed = time.Time{}
	}
	if err := l.addBlobs(ctx, &d, w, list); err != nil {
		return d, wrap("sum day", s, err)
	}
	if d.Open == "" && d.Listed != listed {
		return d, wrap("sum day", s, fmt.Errorf("%w: %d of %d are left", ErrPruned, d.Listed, listed))
	}
	d.Gaps, err = l.gapsIn(ctx, s, w)
	return d, wrap("read gaps of the day", s, err)
}

func (l *Ledger) addBlobs(ctx context.Context, d *DayStatement, w Window, list io.Writer) error {
	var tree MerkleTree
	err := l.leaves(ctx, d.Stream, w, func(_ time.Time, leaf BlobLeaf, _ bool) error {
		line, err := leaf.Line()
		if err != nil {
			return err
		}
		tree.Add(line)
		d.Listed++
		switch leaf.State {
		case blobJournalled:
			d.Journalled++
		case blobExpired:
			d.Expired++
		}
		d.Records += leaf.Records
		d.SizeBytes += leaf.Size
		if list != nil {
			_, err = list.Write(append(line, '\n'))
		}
		return err
	})
	d.Root = tree.Root()
	return err
}

// gapsIn returns the gaps that lie in or reach into w, in order.
func (l *Ledger) gapsIn(ctx context.Context, s Stream, w Window) ([]Gap, error) {
	rows, err := l.db.QueryContext(ctx, `
		SELECT content_id, gap_from, gap_to, recorded, reason FROM collect_gap
		WHERE tenant = ?1 AND content_type = ?2 AND gap_from < ?4 AND (gap_to > ?3 OR gap_from >= ?3) ORDER BY gap_from, id`,
		s.Tenant, s.ContentType, micros(w.From), micros(w.To))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var gaps []Gap
	for rows.Next() {
		g := Gap{Stream: s}
		var from, to, recorded sql.NullInt64
		if err := rows.Scan(&g.ContentID, &from, &to, &recorded, &g.Reason); err != nil {
			return nil, err
		}
		g.From, g.To, g.Recorded = moment(from), moment(to), moment(recorded)
		gaps = append(gaps, g)
	}
	return gaps, rows.Err()
}

// Letters gives the hours of the day a letter each: C, W, L, X, S, O, and - for
// one of which nothing is known.
func (d *DayStatement) Letters() string {
	var b strings.Builder
	for _, state := range d.Hours {
		b.WriteByte(state.Letter())
	}
	return b.String()
}

// Letter is the state's letter where there is room for one only.
func (s HourState) Letter() byte {
	at := slices.Index([]HourState{HourComplete, HourWaiting, HourLate, HourLost, HourSilent, HourOff}, s)
	return "-CWLXSO"[at+1]
}

// statement is everything that a certificate says of the day, as text that can
// be compared.
func (d *DayStatement) statement() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%x %s\n", d.Root, d.Letters())
	for _, g := range d.Gaps {
		fmt.Fprintf(&b, "%s %d %d %s\n", g.ContentID, g.From.UnixMicro(), g.To.UnixMicro(), g.Reason)
	}
	return b.String()
}

// Issued is a certificate as it was handed out.
type Issued struct {
	Sequence int
	Signed   []byte
}

// Certify returns the certificate of a closed day: the latest that was issued,
// if it still says what is so, or a new one with the next sequence number.
// sign makes that; before is the latest, zero if there is none. What it returns
// is kept before it is handed out.
func (l *Ledger) Certify(ctx context.Context, d *DayStatement, now time.Time, sign func(before Issued) ([]byte, error)) (issued Issued, err error) {
	if d.Open != "" {
		return issued, fmt.Errorf("certify %s of %s: the day is not closed: %s", d.Day.Format(time.DateOnly), d.Stream, d.Open)
	}
	err = l.update(ctx, "issue certificate", d.Stream, func(tx *sql.Tx) error {
		var before Issued
		var statement string
		err := tx.QueryRowContext(ctx, `
			SELECT sequence, signed, statement FROM collect_certificate WHERE tenant = ? AND content_type = ? AND day = ?
			ORDER BY sequence DESC LIMIT 1`, d.Stream.Tenant, d.Stream.ContentType, micros(d.Day)).Scan(&before.Sequence, &before.Signed, &statement)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err == nil && statement == d.statement() {
			issued = before
			return nil
		}
		issued.Sequence = before.Sequence + 1
		if issued.Signed, err = sign(before); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO collect_certificate (tenant, content_type, day, sequence, issued, root, statement, signed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			d.Stream.Tenant, d.Stream.ContentType, micros(d.Day), issued.Sequence, micros(now), d.Root[:], d.statement(), issued.Signed)
		return err
	})
	return issued, err
}

// Certificates returns every certificate that was issued for a day, the first
// one first.
func (l *Ledger) Certificates(ctx context.Context, s Stream, start time.Time) ([]Issued, error) {
	rows, err := l.db.QueryContext(ctx, `
		SELECT sequence, signed FROM collect_certificate WHERE tenant = ? AND content_type = ? AND day = ? ORDER BY sequence`,
		s.Tenant, s.ContentType, micros(start.UTC().Truncate(day)))
	if err != nil {
		return nil, wrap("read certificates", s, err)
	}
	defer rows.Close()
	var all []Issued
	for rows.Next() {
		var i Issued
		if err := rows.Scan(&i.Sequence, &i.Signed); err != nil {
			return nil, wrap("read certificates", s, err)
		}
		all = append(all, i)
	}
	return all, wrap("read certificates", s, rows.Err())
}

// pruneAge is how old a blob has to be before its row may go. The API lists
// seven days back: an older one is never seen again.
const pruneAge = 8 * day

// Prune removes the rows of settled blobs created before a time, which must lie
// at least eight days back, and returns how many. Only whole days go that are
// closed and certified: the calendar, the counts and the latest certificate
// stay as they are.
func (l *Ledger) Prune(ctx context.Context, s Stream, before, now time.Time) (removed int64, err error) {
	if now.Sub(before) < pruneAge {
		return 0, wrap("prune", s, fmt.Errorf("blobs created before %s may be listed again", before.Format(time.RFC3339)))
	}
	err = l.update(ctx, "prune", s, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `
			DELETE FROM collect_blob WHERE tenant = ?1 AND content_type = ?2 AND created < ?3 AND state IN ('journalled', 'expired') AND recheck IS NULL
			  AND created - created % 86400000000 IN (
			    SELECT day FROM collect_certificate c WHERE tenant = ?1 AND content_type = ?2 AND 24 = (
			      SELECT count(*) FROM collect_hour WHERE tenant = ?1 AND content_type = ?2 AND hour >= c.day AND hour < c.day + 86400000000 AND reopened = 0))`,
			s.Tenant, s.ContentType, micros(before.UTC().Truncate(day)))
		if err != nil {
			return err
		}
		removed, err = result.RowsAffected()
		return err
	})
	return removed, err
}

// DaysToCertify returns the closed days from a time on that have no certificate
// yet, or were closed again since the latest was issued.
func (l *Ledger) DaysToCertify(ctx context.Context, s Stream, since time.Time) ([]time.Time, error) {
	days, err := l.readHours(ctx, `
		SELECT day FROM (
		  SELECT hour - hour % 86400000000 AS day, count(*) AS hours, max(closed) AS closed, max(reopened) AS reopened FROM collect_hour
		  WHERE tenant = ?1 AND content_type = ?2 AND hour >= ?3 GROUP BY 1) d
		WHERE hours = 24 AND reopened = 0 AND NOT EXISTS (
		  SELECT 1 FROM collect_certificate c WHERE c.tenant = ?1 AND c.content_type = ?2 AND c.day = d.day AND c.issued >= d.closed)
		ORDER BY day`, s.Tenant, s.ContentType, micros(since.UTC().Truncate(day)))
	return days, wrap("read days to certify", s, err)
}

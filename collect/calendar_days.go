package collect

import (
	"context"
	"database/sql"
	"slices"
	"time"
)

// day is a UTC day.
const day = 24 * time.Hour

// Day is what is known of one UTC day of a stream: its hours, counted by state.
type Day struct {
	Start  time.Time
	Hours  map[HourState]int
	Detail string // of the first hour with the worst state; may be empty
	// As in Hour, over the whole day.
	Listed, Journalled, Expired, Records, Bytes int64
}

// State is the worst state of any hour of the day.
func (d Day) State() HourState {
	for _, s := range worstFirst {
		if d.Hours[s] > 0 {
			return s
		}
	}
	return HourWaiting
}

var worstFirst = []HourState{HourLost, HourOff, HourLate, HourSilent, HourRecovered, HourWaiting, HourComplete}

// Days adds up hours, which are in order, to days.
func Days(hours []Hour) []Day {
	var days []Day
	for _, h := range hours {
		start := h.Start.Truncate(day)
		if len(days) == 0 || !days[len(days)-1].Start.Equal(start) {
			days = append(days, Day{Start: start, Hours: map[HourState]int{}})
		}
		d := &days[len(days)-1]
		before := slices.Index(worstFirst, d.State())
		if len(d.Hours) == 0 || slices.Index(worstFirst, h.State) < before {
			d.Detail = h.Detail
		}
		d.Hours[h.State]++
		d.Listed, d.Journalled, d.Expired = d.Listed+h.Listed, d.Journalled+h.Journalled, d.Expired+h.Expired
		d.Records, d.Bytes = d.Records+h.Records, d.Bytes+h.Bytes
	}
	return days
}

// CalendarDays is Calendar by the day. Days of which nothing but closed hours is
// known are added up by the database, so that years are quick.
func (l *Ledger) CalendarDays(ctx context.Context, s Stream, w Window, now time.Time) (since time.Time, days []Day, err error) {
	facts, err := l.streamFacts(ctx, s)
	if err != nil || facts.since.IsZero() {
		return facts.since, nil, wrap("read calendar", s, err)
	}
	since = facts.since
	w = Window{later(w.From.UTC().Truncate(day), since), w.To.UTC()}
	if w.To.After(now) {
		w.To = now
	}
	plain, err := l.plainDays(ctx, s, w)
	if err != nil {
		return since, nil, wrap("read calendar", s, err)
	}
	for from := w.From; from.Before(w.To); {
		if d, ok := plain[from]; ok {
			days, from = append(days, d), from.Add(day)
			continue
		}
		// Everything up to the next plain day, hour by hour.
		to := from.Truncate(day).Add(day)
		for _, ok := plain[to]; !ok && to.Before(w.To); _, ok = plain[to] {
			to = to.Add(day)
		}
		c, err := l.Calendar(ctx, s, Window{from, to}, now)
		if err != nil {
			return since, nil, err
		}
		days, from = append(days, Days(c.Hours)...), to
	}
	return since, days, nil
}

// plainDays returns the whole days in w that are closed, and that no gap and no
// span without subscription touches.
func (l *Ledger) plainDays(ctx context.Context, s Stream, w Window) (map[time.Time]Day, error) {
	gaps, err := l.gapSpans(ctx, s, w)
	if err != nil {
		return nil, err
	}
	off, err := l.offSpans(ctx, s)
	if err != nil {
		return nil, err
	}
	rows, err := l.db.QueryContext(ctx, `
		SELECT hour - hour % 86400000000, sum(expired > 0), sum(silent AND expired = 0), sum(listed), sum(expired), sum(records), sum(bytes)
		FROM collect_hour WHERE tenant = ? AND content_type = ? AND hour >= ? AND hour < ? GROUP BY 1
		HAVING count(*) = 24 AND max(reopened) = 0`, s.Tenant, s.ContentType, micros(w.From), micros(w.To))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	days := map[time.Time]Day{}
	for rows.Next() {
		var d Day
		var start sql.NullInt64
		var lost, silent int
		if err := rows.Scan(&start, &lost, &silent, &d.Listed, &d.Expired, &d.Records, &d.Bytes); err != nil {
			return nil, err
		}
		d.Start, d.Journalled = moment(start), d.Listed-d.Expired
		whole := Window{d.Start, d.Start.Add(day)}
		_, gap := overlapping(gaps, whole)
		_, dark := overlapping(off, whole)
		if lost > 0 || silent > 0 || gap || dark {
			continue // the hours have more to say
		}
		d.Hours = map[HourState]int{HourComplete: 24}
		days[d.Start] = d
	}
	return days, rows.Err()
}

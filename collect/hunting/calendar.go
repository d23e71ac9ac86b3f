package hunting

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/state"
)

// Calendars returns the hours in w of every table that was ever hunted, for each
// tenant, as they are known at now. Hours are those of Timestamp. Hunting has no
// listing of what should exist, so it can say less than the ledger:
//
//   - complete: every part of the hour was read at least an overlap after it
//     happened. Later rows are looked for from time to time;
//   - waiting and late: not so yet, before or after collect.LateAfter;
//   - lost: a gap is recorded in the hour.
func Calendars(ctx context.Context, db *sql.DB, w collect.Window, now time.Time) ([]collect.Calendar, error) {
	if err := state.Migrate(ctx, db, "hunting", migrations); err != nil {
		return nil, fmt.Errorf("read calendar of hunting: %w", err)
	}
	gaps, err := allGaps(ctx, db, w)
	if err != nil {
		return nil, fmt.Errorf("read calendar of hunting: %w", err)
	}
	rows, err := db.QueryContext(ctx, `SELECT tenant, name, first, through FROM hunting_table WHERE first > 0 ORDER BY tenant, name`)
	if err != nil {
		return nil, fmt.Errorf("read calendar of hunting: %w", err)
	}
	defer rows.Close()
	if w.From, w.To = w.From.UTC().Truncate(time.Hour), w.To.UTC(); w.To.After(now) {
		w.To = now
	}
	var all []collect.Calendar
	for rows.Next() {
		var s collect.Stream
		var first, through int64
		if err := rows.Scan(&s.Tenant, &s.ContentType, &first, &through); err != nil {
			return nil, fmt.Errorf("read calendar of hunting: %w", err)
		}
		c := collect.Calendar{Stream: s, Name: "hunting/" + s.Tenant, Since: state.FromMicros(first).Truncate(time.Hour)}
		start := w.From
		if start.Before(c.Since) {
			start = c.Since
		}
		for ; start.Before(w.To); start = start.Add(time.Hour) {
			c.Hours = append(c.Hours, judge(start, state.FromMicros(through), gaps[s], now))
		}
		all = append(all, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read calendar of hunting: %w", err)
	}
	return all, nil
}

// lost is a gap as a calendar needs it.
type lostSpan struct {
	collect.Window
	recorded time.Time
	reason   string
}

func allGaps(ctx context.Context, db *sql.DB, w collect.Window) (map[collect.Stream][]lostSpan, error) {
	rows, err := db.QueryContext(ctx, `SELECT tenant, name, gap_from, gap_to, recorded, reason FROM hunting_gap WHERE gap_from < ? AND gap_to > ?`,
		state.Micros(w.To), state.Micros(w.From.Add(-time.Hour)))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	gaps := map[collect.Stream][]lostSpan{}
	for rows.Next() {
		var s collect.Stream
		var g lostSpan
		var from, to, recorded int64
		if err := rows.Scan(&s.Tenant, &s.ContentType, &from, &to, &recorded, &g.reason); err != nil {
			return nil, err
		}
		g.From, g.To, g.recorded = state.FromMicros(from), state.FromMicros(to), state.FromMicros(recorded)
		gaps[s] = append(gaps[s], g)
	}
	return gaps, rows.Err()
}

func judge(start, through time.Time, gaps []lostSpan, now time.Time) collect.Hour {
	overlap := DefaultConfig().Overlap
	h := collect.Hour{Start: start, State: collect.HourWaiting}
	end := start.Add(time.Hour)
	for _, g := range gaps {
		if g.From.Before(end) && start.Before(g.To) {
			h.State, h.Closed, h.Detail = collect.HourLost, g.recorded, g.reason
			return h
		}
	}
	switch {
	case !through.Before(end.Add(overlap)):
		h.State, h.Closed = collect.HourComplete, end.Add(overlap)
		return h
	case !now.Before(end.Add(overlap + collect.LateAfter)):
		h.State = collect.HourLate
	}
	switch {
	case now.Before(end):
		h.Detail = "not over yet"
	case through.Before(end):
		h.Detail = "not read to its end yet"
	default:
		h.Detail = "to be read once more, for what comes late"
	}
	return h
}

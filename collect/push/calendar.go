package push

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/state"
)

// Calendars returns the hours in w of every listener there ever was, as they are
// known at now. Hours are those in which lines came, whatever they tell of: what
// a relay holds back, nobody knows here. An hour is
//
//   - complete when it is over and the listener was there; each line that a relay
//     got a yes for is journalled;
//   - silent when it is that and empty, against the weeks before;
//   - off when the listener was never there: relays were to send later;
//   - waiting when it is not over.
//
// Requests' payloads are counted as listed, lines as records.
func Calendars(ctx context.Context, db *sql.DB, w collect.Window, now time.Time) ([]collect.Calendar, error) {
	if err := state.Migrate(ctx, db, "push", migrations); err != nil {
		return nil, fmt.Errorf("read calendar of pushes: %w", err)
	}
	listeners, err := allListeners(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("read calendar of pushes: %w", err)
	}
	if w.From, w.To = w.From.UTC().Truncate(time.Hour), w.To.UTC(); w.To.After(now) {
		w.To = now
	}
	var all []collect.Calendar
	for _, l := range listeners {
		all = append(all, l.calendar(w, now))
	}
	return all, nil
}

// listener is what the state says of one.
type listener struct {
	name, tenant string
	first        time.Time
	hours        map[time.Time]pushed
}

type pushed struct{ payloads, lines, bytes, listened int64 }

// allListeners returns the listeners in order of their names.
func allListeners(ctx context.Context, db *sql.DB) ([]*listener, error) {
	rows, err := db.QueryContext(ctx, `SELECT name, tenant, hour, payloads, lines, bytes, listened FROM push_hour ORDER BY name, hour`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []*listener
	for rows.Next() {
		var name, tenant string
		var hour int64
		var p pushed
		if err := rows.Scan(&name, &tenant, &hour, &p.payloads, &p.lines, &p.bytes, &p.listened); err != nil {
			return nil, err
		}
		at := time.UnixMicro(hour).UTC()
		if len(all) == 0 || all[len(all)-1].name != name {
			all = append(all, &listener{name: name, first: at, hours: map[time.Time]pushed{}})
		}
		l := all[len(all)-1]
		l.tenant, l.hours[at] = tenant, p
	}
	return all, rows.Err()
}

func (l *listener) calendar(w collect.Window, now time.Time) collect.Calendar {
	c := collect.Calendar{Stream: collect.Stream{Tenant: l.tenant, ContentType: streamName}, Name: "push/" + l.name, Since: l.first}
	if w.From.Before(l.first) {
		w.From = l.first
	}
	for start := w.From; start.Before(w.To); start = start.Add(time.Hour) {
		c.Hours = append(c.Hours, l.judge(start, now))
	}
	return c
}

func (l *listener) judge(start, now time.Time) collect.Hour {
	p, end := l.hours[start], start.Add(time.Hour)
	h := collect.Hour{Start: start, State: collect.HourComplete, Listed: p.payloads, Journalled: p.payloads, Records: p.lines, Bytes: p.bytes}
	switch {
	case now.Before(end):
		h.State, h.Detail = collect.HourWaiting, "not over yet"
		return h
	case p.listened == 0 && p.payloads == 0:
		h.State, h.Detail = collect.HourOff, "the listener was not there; relays were to send later"
		return h
	case p.payloads == 0 && collect.Unusual(start, l.listed):
		h.State, h.Detail = collect.HourSilent, "nothing was pushed, though in every one of the weeks before something was"
	}
	h.Closed = end
	return h
}

// listed implements the question of collect.Unusual.
func (l *listener) listed(hour time.Time) (int64, bool) {
	return l.hours[hour].payloads, !hour.Before(l.first)
}

package eventhub

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/state"
)

// settles is how long after its end an hour of a hub must have been read through
// to count as complete: the hub's clock and ours may differ.
const settles = 5 * time.Minute

// Calendars returns the hours in w of every hub that was ever read, for each
// tenant, as they are known at now. Hours are those in which the hub took a
// message. An hour is
//
//   - complete when nothing was outstanding in any partition at a time after its
//     end. Whether Microsoft sent everything to the hub, nobody can tell;
//   - waiting and late: not so yet, before or after collect.LateAfter;
//   - lost when messages of it were deleted before they were read;
//   - silent when it is complete and empty, against the weeks before.
//
// Messages are counted as listed, and those that are journalled, repeats
// included. Where a group has several members, this is what one of them knows:
// its own partitions decide.
func Calendars(ctx context.Context, db *sql.DB, w collect.Window, now time.Time) ([]collect.Calendar, error) {
	if err := state.Migrate(ctx, db, "eventhub", migrations); err != nil {
		return nil, fmt.Errorf("read calendar of event hubs: %w", err)
	}
	hubs, err := allHubs(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("read calendar of event hubs: %w", err)
	}
	if w.From, w.To = w.From.UTC().Truncate(time.Hour), w.To.UTC(); w.To.After(now) {
		w.To = now
	}
	var all []collect.Calendar
	for _, h := range hubs {
		if err := h.read(ctx, db); err != nil {
			return nil, fmt.Errorf("read calendar of event hub %s: %w", h.name, err)
		}
		all = append(all, h.calendar(w, now))
	}
	return all, nil
}

// hubHours is what the state says of one hub.
type hubHours struct {
	tenant, namespace, name string
	since, caughtUp         time.Time
	hours                   map[time.Time]amount
	gaps                    []Gap
}

// allHubs lists the hubs. One is caught up as far as the partition held here
// that is furthest behind; where none is held, the furthest of all.
func allHubs(ctx context.Context, db *sql.DB) ([]*hubHours, error) {
	rows, err := db.QueryContext(ctx, `
		SELECT max(tenant), namespace, hub, min(CASE WHEN since > 0 THEN since END), coalesce(min(CASE WHEN held THEN caught_up END), min(caught_up))
		FROM eventhub_partition GROUP BY namespace, hub ORDER BY max(tenant), hub, namespace`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var hubs []*hubHours
	for rows.Next() {
		h := &hubHours{hours: map[time.Time]amount{}}
		var since sql.NullInt64
		var caughtUp int64
		if err := rows.Scan(&h.tenant, &h.namespace, &h.name, &since, &caughtUp); err != nil {
			return nil, err
		}
		h.since, h.caughtUp = state.FromMicros(since.Int64), state.FromMicros(caughtUp)
		hubs = append(hubs, h)
	}
	return hubs, rows.Err()
}

func (h *hubHours) read(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, `SELECT hour, messages, bytes FROM eventhub_hour WHERE namespace = ? AND hub = ? ORDER BY hour`, h.namespace, h.name)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var hour int64
		var a amount
		if err := rows.Scan(&hour, &a.messages, &a.bytes); err != nil {
			return err
		}
		at := state.FromMicros(hour)
		if h.hours[at] = a; h.since.IsZero() || at.Before(h.since) {
			h.since = at
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	h.gaps, err = gapsOf(ctx, db, `namespace = ? AND hub = ? ORDER BY id`, h.namespace, h.name)
	return err
}

func (h *hubHours) calendar(w collect.Window, now time.Time) collect.Calendar {
	c := collect.Calendar{
		Stream: collect.Stream{Tenant: h.tenant, ContentType: collect.DefenderTable(h.name)},
		Name:   "eventhub/" + h.namespace, Since: h.since.Truncate(time.Hour),
	}
	if w.From.Before(c.Since) {
		w.From = c.Since
	}
	for start := w.From; start.Before(w.To) && !c.Since.IsZero(); start = start.Add(time.Hour) {
		c.Hours = append(c.Hours, h.judge(start, now))
	}
	return c
}

func (h *hubHours) judge(start, now time.Time) collect.Hour {
	known, end := h.hours[start], start.Add(time.Hour)
	hour := collect.Hour{
		Start: start, State: collect.HourWaiting,
		Listed: known.messages, Journalled: known.messages, Records: known.messages, Bytes: known.bytes,
	}
	for _, g := range h.gaps {
		if g.touches(start, end) {
			hour.State, hour.Closed, hour.Detail = collect.HourLost, g.Recorded, fmt.Sprintf("partition %d: %s", g.Partition, g.Reason)
			return hour
		}
	}
	if !h.caughtUp.Before(end.Add(settles)) {
		hour.State, hour.Closed = collect.HourComplete, end.Add(settles)
		if known.messages == 0 && collect.Unusual(start, h.listed) {
			hour.State, hour.Detail = collect.HourSilent, "no message, though every one of the weeks before had some"
		}
		return hour
	}
	if !now.Before(end.Add(settles + collect.LateAfter)) {
		hour.State = collect.HourLate
	}
	hour.Detail = "something was outstanding when the hub was last looked at"
	if now.Before(end) {
		hour.Detail = "not over yet"
	}
	return hour
}

// touches says whether something of the hour can be in the gap. Where nobody
// knows when its first message was taken, only the end of it is known.
func (g *Gap) touches(start, end time.Time) bool {
	after := g.After
	if after.IsZero() {
		after = g.Before
	}
	return after.Before(end) && !g.Before.Before(start)
}

// listed implements the question of collect.Unusual.
func (h *hubHours) listed(hour time.Time) (int64, bool) {
	return h.hours[hour].messages, !hour.Before(h.since)
}

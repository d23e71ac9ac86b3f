package blobexport

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/state"
)

// settles is how long after its end an hour of an export is still looked at
// before it counts as complete: lines are appended late.
const settles = time.Hour

// Calendars returns the hours in w of every table that any export has brought,
// for each tenant, as they are known at now. An export has no listing of what
// should exist, so it can say less than the ledger:
//
//   - complete: everything was read to its last line at least an hour after the
//     hour's end. Whether Microsoft wrote everything, nobody can tell;
//   - waiting and late: not so yet, before or after collect.LateAfter;
//   - silent: complete without a file, against the weeks before, as in the ledger.
//
// A blob is counted as listed, its lines as records. Blobs whose path names no
// hour are left out.
func Calendars(ctx context.Context, db *sql.DB, w collect.Window, now time.Time) ([]collect.Calendar, error) {
	if err := state.Migrate(ctx, db, "blobexport", migrations); err != nil {
		return nil, fmt.Errorf("read calendar of exports: %w", err)
	}
	tables, err := exportTables(ctx, db)
	if err != nil {
		return nil, err
	}
	if w.From, w.To = w.From.UTC().Truncate(time.Hour), w.To.UTC(); w.To.After(now) {
		w.To = now
	}
	var all []collect.Calendar
	for _, table := range slices.SortedFunc(maps.Keys(tables), compareTables) {
		all = append(all, tables[table].calendar(table, w, now))
	}
	return all, nil
}

// tableKey is one row of the calendar.
type tableKey struct{ store, container, tenant string }

func compareTables(a, b tableKey) int {
	return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.container, b.container), cmp.Compare(a.store, b.store))
}

// tableHours is what the state says of one table.
type tableHours struct {
	lastSuccess time.Time
	first       time.Time
	hours       map[time.Time]*tableHour
}

type tableHour struct {
	blobs, lines, bytes int64
	unread              int64 // blobs that end inside a line
}

func exportTables(ctx context.Context, db *sql.DB) (map[tableKey]*tableHours, error) {
	rows, err := db.QueryContext(ctx, `
		SELECT b.store, b.container, b.name, b.lines, b.read_to, b.size, coalesce(c.last_success, 0)
		FROM blobexport_blob b LEFT JOIN blobexport_container c USING (store, container)`)
	if err != nil {
		return nil, fmt.Errorf("read calendar of exports: %w", err)
	}
	defer rows.Close()
	tables := map[tableKey]*tableHours{}
	for rows.Next() {
		var key tableKey
		var name string
		var lines, readTo, size, success int64
		if err := rows.Scan(&key.store, &key.container, &name, &lines, &readTo, &size, &success); err != nil {
			return nil, fmt.Errorf("read calendar of exports: %w", err)
		}
		hour, ok := hourOf(name)
		if !ok {
			continue
		}
		key.tenant = tenantOf(name)
		t := tables[key]
		if t == nil {
			t = &tableHours{lastSuccess: state.FromMicros(success), first: hour, hours: map[time.Time]*tableHour{}}
			tables[key] = t
		}
		t.add(hour, lines, readTo, size)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read calendar of exports: %w", err)
	}
	return tables, nil
}

func (t *tableHours) add(hour time.Time, lines, readTo, size int64) {
	if hour.Before(t.first) {
		t.first = hour
	}
	h := t.hours[hour]
	if h == nil {
		h = &tableHour{}
		t.hours[hour] = h
	}
	h.blobs, h.lines, h.bytes = h.blobs+1, h.lines+lines, h.bytes+readTo
	if readTo < size {
		h.unread++
	}
}

func (t *tableHours) calendar(key tableKey, w collect.Window, now time.Time) collect.Calendar {
	c := collect.Calendar{Stream: collect.Stream{Tenant: key.tenant, ContentType: collect.DefenderTable(key.container)}, Name: "blobexport/" + key.store, Since: t.first}
	if w.From.Before(t.first) {
		w.From = t.first
	}
	for start := w.From; start.Before(w.To); start = start.Add(time.Hour) {
		c.Hours = append(c.Hours, t.judge(start, now))
	}
	return c
}

func (t *tableHours) judge(start, now time.Time) collect.Hour {
	h := collect.Hour{Start: start, State: collect.HourWaiting}
	known := t.hours[start]
	if known == nil {
		known = &tableHour{}
	}
	h.Listed, h.Journalled, h.Records, h.Bytes = known.blobs, known.blobs-known.unread, known.lines, known.bytes
	end := start.Add(time.Hour)
	if !t.lastSuccess.Before(end.Add(settles)) && known.unread == 0 {
		h.State = collect.HourComplete
		h.Closed = end.Add(settles)
		if known.blobs == 0 && collect.Unusual(start, t.listed) {
			h.State, h.Detail = collect.HourSilent, "no file, though every one of the weeks before had one"
		}
		return h
	}
	if !now.Before(end.Add(settles + collect.LateAfter)) {
		h.State = collect.HourLate
	}
	switch {
	case known.unread > 0:
		h.Detail = "a file ends inside a line"
	case now.Before(end):
		h.Detail = "not over yet"
	default:
		h.Detail = "not read through since an hour after its end"
	}
	return h
}

// listed implements the question of collect.Unusual.
func (t *tableHours) listed(hour time.Time) (int64, bool) {
	if hour.Before(t.first) {
		return 0, false
	}
	if h := t.hours[hour]; h != nil {
		return h.blobs, true
	}
	return 0, true
}

var hourFolder = regexp.MustCompile(`(?:^|/)y=(\d{4})/m=(\d{2})/d=(\d{2})/h=(\d{2})/`)

// hourOf returns the hour that a blob's path names.
func hourOf(name string) (time.Time, bool) {
	match := hourFolder.FindStringSubmatch(name)
	if match == nil {
		return time.Time{}, false
	}
	var n [4]int
	for i := range n {
		n[i], _ = strconv.Atoi(match[i+1]) // digits
	}
	hour := time.Date(n[0], time.Month(n[1]), n[2], n[3], 0, 0, 0, time.UTC)
	return hour, hour.Month() == time.Month(n[1]) && hour.Day() == n[2] && hour.Hour() == n[3]
}

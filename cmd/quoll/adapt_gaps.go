package main

import (
	"context"
	"database/sql"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/blobexport"
	"github.com/quoll/quoll/collect/eventhub"
	"github.com/quoll/quoll/collect/hunting"
	"github.com/quoll/quoll/collect/push"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/server"
)

// gaps answers from the ledger and from what the roads of Defender have brought.
type gaps struct {
	ledger *collect.Ledger
	state  *sql.DB
	names  *roster // nil: tenants have no names
	now    func() time.Time
}

// Gaps implements server.Gaps.
func (g *gaps) Gaps(ctx context.Context, f server.GapFilter) (*server.GapCalendar, error) {
	calendar := &server.GapCalendar{Now: g.now().UTC(), From: f.From.UTC(), To: f.To.UTC(), Interval: "hour", Rows: []server.GapRow{}}
	if f.Daily {
		calendar.Interval = "day"
	}
	streams, err := g.ledger.Streams(ctx)
	if err != nil {
		return nil, err
	}
	at := 0 // of all rows that are wanted
	for _, s := range streams {
		if !wantedGap(f, s) {
			continue
		}
		if at++; at <= f.Skip {
			continue
		}
		if f.Limit > 0 && len(calendar.Rows) == f.Limit {
			calendar.Next = f.Skip + f.Limit
			return calendar, nil
		}
		row, err := g.activity(ctx, s, f)
		if err != nil {
			return nil, err
		}
		calendar.Rows = append(calendar.Rows, row)
	}
	roads, err := g.defender(ctx, f)
	roads = roads[min(len(roads), max(0, f.Skip-at)):]
	if room := f.Limit - len(calendar.Rows); f.Limit > 0 && len(roads) > room {
		calendar.Next, roads = f.Skip+f.Limit, roads[:room]
	}
	calendar.Rows = append(calendar.Rows, roads...)
	return calendar, err
}

func wantedGap(f server.GapFilter, s collect.Stream) bool {
	return (f.TenantID == "" || f.TenantID == s.Tenant) && (f.ContentType == "" || f.ContentType == s.ContentType)
}

func (g *gaps) activity(ctx context.Context, s collect.Stream, f server.GapFilter) (server.GapRow, error) {
	row := g.row(model.SourceActivity, s)
	w := collect.Window{From: f.From, To: f.To}
	if f.Daily {
		since, days, err := g.ledger.CalendarDays(ctx, s, w, g.now())
		row.Since, row.Cells = moment(since), dayCells(days)
		return row, err
	}
	c, err := g.ledger.Calendar(ctx, s, w, g.now())
	row.Since, row.Cells = moment(c.Since), hourCells(c.Hours)
	return row, err
}

// defender is the rows of every road of Defender.
func (g *gaps) defender(ctx context.Context, f server.GapFilter) ([]server.GapRow, error) {
	w := collect.Window{From: f.From, To: f.To}
	if f.Daily {
		w.From = w.From.UTC().Truncate(24 * time.Hour)
	}
	var rows []server.GapRow
	for _, road := range []struct {
		source    model.Source
		calendars func(context.Context, *sql.DB, collect.Window, time.Time) ([]collect.Calendar, error)
	}{
		{model.SourceEventHub, eventhub.Calendars}, {model.SourceBlobExport, blobexport.Calendars},
		{model.SourceHunting, hunting.Calendars}, {model.SourcePush, push.Calendars},
	} {
		calendars, err := road.calendars(ctx, g.state, w, g.now())
		if err != nil {
			return nil, err
		}
		for _, c := range calendars {
			if !wantedGap(f, c.Stream) {
				continue
			}
			row := g.row(road.source, c.Stream)
			row.Name = c.Name
			row.Since, row.Cells = moment(c.Since), hourCells(c.Hours)
			if f.Daily {
				row.Cells = dayCells(collect.Days(c.Hours))
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func (g *gaps) row(source model.Source, s collect.Stream) server.GapRow {
	return server.GapRow{Source: string(source), TenantID: s.Tenant, TenantName: g.names.name(s.Tenant), ContentType: s.ContentType}
}

func hourCells(hours []collect.Hour) []server.GapCell {
	cells := make([]server.GapCell, 0, len(hours))
	for _, h := range hours {
		cells = append(cells, server.GapCell{
			Time: h.Start, State: string(h.State), Detail: h.Detail, Recovered: moment(h.Recovered),
			Listed: h.Listed, Journalled: h.Journalled, Expired: h.Expired, Records: h.Records, Bytes: h.Bytes,
		})
	}
	return cells
}

func dayCells(days []collect.Day) []server.GapCell {
	cells := make([]server.GapCell, 0, len(days))
	for _, d := range days {
		hours := map[string]int{}
		for state, n := range d.Hours {
			hours[string(state)] = n
		}
		cells = append(cells, server.GapCell{
			Time: d.Start, State: string(d.State()), Hours: hours, Detail: d.Detail,
			Listed: d.Listed, Journalled: d.Journalled, Expired: d.Expired, Records: d.Records, Bytes: d.Bytes,
		})
	}
	return cells
}

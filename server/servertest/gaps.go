package servertest

import (
	"context"
	"time"

	"github.com/quoll/quoll/server"
)

// gapHistory is how long the canned calendar reaches back.
const gapHistory = 60 * 24 * time.Hour

// Gaps implements server.Gaps: two months with one outage, one lost blob, one
// silent morning and a subscription that was off over a week-end.
func (c *Canned) Gaps(_ context.Context, f server.GapFilter) (*server.GapCalendar, error) {
	now := c.clock().UTC()
	calendar := &server.GapCalendar{From: f.From, To: f.To, Interval: "hour"}
	if f.Daily {
		calendar.Interval = "day"
	}
	for i, row := range []server.GapRow{
		{Source: "activity", ContentType: "Audit.AzureActiveDirectory"}, {Source: "activity", ContentType: "Audit.Exchange"},
		{Source: "activity", ContentType: "Audit.General"}, {Source: "activity", ContentType: "Audit.SharePoint"},
		{Source: "activity", ContentType: "DLP.All"},
		{Source: "blobexport", ContentType: "EmailEvents"}, {Source: "blobexport", ContentType: "EmailUrlInfo"}, {Source: "blobexport", ContentType: "UrlClickEvents"},
	} {
		if f.ContentType != "" && f.ContentType != row.ContentType || f.TenantID != "" && f.TenantID != TenantID {
			continue
		}
		since := now.Add(-gapHistory).Truncate(time.Hour)
		row.TenantID, row.TenantName, row.Since = TenantID, "Wattle Works", &since
		row.Cells = cells(row, i, f, now)
		calendar.Rows = append(calendar.Rows, row)
	}
	return calendar, nil
}

func cells(row server.GapRow, number int, f server.GapFilter, now time.Time) []server.GapCell {
	var out []server.GapCell
	from := f.From.UTC().Truncate(time.Hour)
	if f.Daily {
		from = from.Truncate(24 * time.Hour)
	}
	for at := from; at.Before(f.To) && !at.After(now); at = at.Add(time.Hour) {
		if at.Before(*row.Since) {
			continue
		}
		cell := gapHour(row, number, at, now)
		day := at.Truncate(24 * time.Hour)
		switch {
		case !f.Daily:
			out = append(out, cell)
		case len(out) == 0 || !out[len(out)-1].Time.Equal(day):
			cell.Time, cell.Hours = day, map[string]int{cell.State: 1}
			out = append(out, cell)
		default:
			addHour(&out[len(out)-1], cell)
		}
	}
	return out
}

func addHour(day *server.GapCell, hour server.GapCell) {
	day.Hours[hour.State]++
	for _, state := range server.GapStates {
		if state == day.State {
			break
		}
		if state == hour.State {
			day.State, day.Detail = hour.State, hour.Detail
			break
		}
	}
	day.Listed, day.Journalled, day.Expired = day.Listed+hour.Listed, day.Journalled+hour.Journalled, day.Expired+hour.Expired
	day.Records, day.Bytes = day.Records+hour.Records, day.Bytes+hour.Bytes
}

// gapHour is one hour of the story.
func gapHour(row server.GapRow, number int, at, now time.Time) server.GapCell {
	n := int64(3 + (at.Hour()*7+at.YearDay()+number*5)%11)
	c := server.GapCell{Time: at, State: server.GapComplete, Listed: n, Journalled: n, Records: n * 41, Bytes: n * 41 * 900}
	ago := int(now.Truncate(time.Hour).Sub(at) / time.Hour)
	content := row.ContentType
	set := func(state, detail string, listed, journalled, expired int64) {
		c.State, c.Detail, c.Listed, c.Journalled, c.Expired = state, detail, listed, journalled, expired
		c.Records, c.Bytes = journalled*41, journalled*41*900
	}
	switch {
	case ago == 0:
		set(server.GapWaiting, "not over yet", n/2, n/2, 0)
	case ago <= 6 && row.Source == "activity":
		c.State, c.Detail = server.GapWaiting, "to be listed once more, 6h0m0s after its end"
	case content == "Audit.General" && ago >= 9 && ago <= 12:
		set(server.GapLate, "3 blobs not fetched yet", n, n-3, 0)
	case content == "Audit.Exchange" && ago == 31:
		set(server.GapLost, "1 blob expired before being fetched", n, n-1, 1)
	case content == "Audit.SharePoint" && (ago == 5*24 || ago == 5*24+1):
		set(server.GapSilent, "no content, though every one of the weeks before had some", 0, 0, 0)
	case content == "DLP.All" && ago >= 3*24 && ago <= 3*24+17:
		set(server.GapOff, "the subscription was disabled", 0, 0, 0)
	case content == "DLP.All":
		set(server.GapComplete, "", 0, 0, 0)
	case row.Source == "activity" && ago >= 20*24 && ago <= 20*24+30:
		set(server.GapLost, "nobody listed it within the 7 days that the API reaches back", 0, 0, 0)
	}
	return c
}

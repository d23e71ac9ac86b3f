package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/quoll/quoll/incident"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/server"
)

// incidents is the server's view of the incident store.
type incidents struct {
	store *incident.Store
	query *query.Service // nil: pages of entities have what alerts say alone
}

// List implements server.Incidents.
func (i incidents) List(ctx context.Context, f server.IncidentFilter) (*server.IncidentPage, error) {
	filter := incident.Filter{Owner: f.Owner, Text: f.Text, From: f.From, To: f.To, Offset: f.Offset, Limit: f.Limit}
	for _, s := range f.Status {
		filter.Statuses = append(filter.Statuses, model.IncidentStatus(s))
	}
	for _, s := range f.Severity {
		filter.Severities = append(filter.Severities, model.Severity(s))
	}
	list, total, err := i.store.List(ctx, filter)
	if err != nil {
		return nil, err
	}
	page := &server.IncidentPage{Total: total}
	for _, one := range list {
		page.Incidents = append(page.Incidents, viewIncident(one))
	}
	return page, nil
}

// Get implements server.Incidents.
func (i incidents) Get(ctx context.Context, id string) (*server.IncidentDetail, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, server.ErrNotFound
	}
	detail, err := i.store.Get(ctx, number)
	if errors.Is(err, incident.ErrNotFound) {
		return nil, server.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return viewDetail(detail), nil
}

// Update implements server.Incidents.
func (i incidents) Update(ctx context.Context, id string, c server.IncidentChange) (*server.IncidentDetail, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, server.ErrNotFound
	}
	change := incident.Change{Author: c.Actor, Owner: c.Owner, Status: (*model.IncidentStatus)(c.Status), Severity: (*model.Severity)(c.Severity), Classification: (*model.Classification)(c.Classification)}
	if c.Comment != nil {
		change.Comment = *c.Comment
	}
	err = i.store.Update(ctx, number, change)
	switch {
	case errors.Is(err, incident.ErrNotFound):
		return nil, server.ErrNotFound
	case errors.Is(err, incident.ErrInvalidChange):
		return nil, &server.Failure{Code: server.CodeConflict, Message: err.Error()}
	case err != nil:
		return nil, err
	}
	return i.Get(ctx, id)
}

func viewIncident(i model.Incident) server.Incident {
	view := server.Incident{
		ID: strconv.FormatInt(i.Number, 10), Number: i.Number, Title: i.Title, Severity: string(i.Severity), Status: string(i.Status),
		Owner: i.Owner, Classification: string(i.Classification), Created: i.Created, Updated: i.Updated,
		FirstActivity: i.FirstActivity, LastActivity: i.LastActivity, Tactics: i.Tactics, Techniques: i.Techniques,
		AlertCount: i.AlertCount, Entities: viewEntities(i.Entities),
	}
	if !i.Closed.IsZero() {
		view.Closed = &i.Closed
	}
	return view
}

// mainIdentifier is the identifier that names an entity best, by kind.
var mainIdentifier = map[string]string{"Account": "FullName", "IP": "Address", "URL": "Url", "Mailbox": "MailboxPrimaryAddress", "MailMessage": "NetworkMessageId"}

func viewEntities(entities []model.Entity) []server.Entity {
	var views []server.Entity
	for _, e := range entities {
		view := server.Entity{Kind: e.Kind, Value: e.Identifiers[mainIdentifier[e.Kind]], Fields: e.Identifiers}
		for _, key := range slices.Sorted(maps.Keys(e.Identifiers)) {
			if view.Value == "" {
				view.Value = e.Identifiers[key]
			}
		}
		views = append(views, view)
	}
	return views
}

func viewDetail(d *incident.Detail) *server.IncidentDetail {
	view := &server.IncidentDetail{Incident: viewIncident(d.Incident), Tags: d.Tags}
	for _, t := range d.Tasks {
		view.Tasks = append(view.Tasks, server.Task{ID: strconv.FormatInt(t.ID, 10), Title: t.Title, By: t.By, Created: t.At, Done: moment(t.Done), DoneBy: t.DoneBy})
	}
	for _, a := range d.Alerts {
		view.Alerts = append(view.Alerts, viewAlert(a))
		view.Timeline = append(view.Timeline, server.TimelineEntry{
			Time: a.Start, Kind: server.TimelineActivity, Title: a.Name, Detail: activityText(a), Severity: string(a.Severity), AlertID: a.ID, Entities: viewEntities(a.Entities),
		})
	}
	for _, h := range d.Timeline {
		view.Timeline = append(view.Timeline, server.TimelineEntry{Time: h.Time, Kind: h.Kind, Title: h.Text, Actor: h.Author})
	}
	slices.SortStableFunc(view.Timeline, func(a, b server.TimelineEntry) int { return a.Time.Compare(b.Time) })
	return view
}

func activityText(a model.Alert) string {
	if a.Evidence.Total == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows, until %s", a.Evidence.Total, a.End.Format("2006-01-02 15:04:05"))
}

func viewAlert(a model.Alert) server.Alert {
	view := server.Alert{
		ID: a.ID, RuleID: a.RuleID, Name: a.Name, Description: a.Description, Severity: string(a.Severity), Created: a.Raised,
		FirstActivity: a.Start, LastActivity: a.End, Tactics: a.Tactics, Techniques: a.Techniques, Entities: viewEntities(a.Entities),
		Query: a.Evidence.Query, From: a.Evidence.From, To: a.Evidence.To,
	}
	view.Evidence.Truncated, view.Evidence.Total = a.Evidence.Truncated, a.Evidence.Total
	for _, c := range a.Evidence.Columns {
		view.Evidence.Columns = append(view.Evidence.Columns, server.ResultColumn{Name: c.Name, Type: c.Type})
	}
	for _, row := range a.Evidence.Rows {
		cells := make([]any, len(row))
		for i, cell := range row {
			cells[i] = evidenceCell(cell, a.Evidence.Columns[i].Type)
		}
		view.Evidence.Rows = append(view.Evidence.Rows, cells)
	}
	return view
}

// evidenceCell gives a kept cell back as the value it was.
func evidenceCell(cell json.RawMessage, kind string) any {
	if string(cell) == "null" {
		return nil
	}
	switch kind {
	case "dynamic":
		return cell
	case "datetime":
		var t time.Time
		if json.Unmarshal(cell, &t) == nil {
			return t
		}
	case "long", "int":
		var n int64
		if json.Unmarshal(cell, &n) == nil {
			return n
		}
	case "real":
		var n float64
		if json.Unmarshal(cell, &n) == nil {
			return n
		}
	case "bool":
		var b bool
		if json.Unmarshal(cell, &b) == nil {
			return b
		}
	}
	var text string
	if json.Unmarshal(cell, &text) == nil {
		return text
	}
	return string(cell)
}

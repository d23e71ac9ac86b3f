package servertest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/quoll/quoll/server"
)

// Merge implements server.Incidents.
func (c *Canned) Merge(_ context.Context, id string, others []string, actor string) (*server.IncidentDetail, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, other := range others {
		d, from := c.find(id), c.find(other)
		if d == nil || from == nil {
			return nil, server.ErrNotFound
		}
		d.Alerts = append(d.Alerts, from.Alerts...)
		d.AlertCount = len(d.Alerts)
		d.Timeline = append(d.Timeline, server.TimelineEntry{Time: c.clock().UTC(), Kind: server.TimelineMerged, Title: fmt.Sprintf("with incident %d", from.Number), Actor: actor})
		c.incidents = slices.DeleteFunc(c.incidents, func(i server.IncidentDetail) bool { return i.ID == other })
	}
	return copied(c.find(id)), nil
}

// Split implements server.Incidents.
func (c *Canned) Split(_ context.Context, id string, alerts []string, _ string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.find(id)
	if d == nil {
		return "", server.ErrNotFound
	}
	if len(alerts) == 0 || len(alerts) >= len(d.Alerts) {
		return "", &server.Failure{Code: server.CodeConflict, Message: "one alert has to stay"}
	}
	apart := *d
	apart.Number += 1000
	apart.ID = fmt.Sprintf("inc-%04d", apart.Number)
	taken := func(a server.Alert) bool { return slices.Contains(alerts, a.ID) }
	apart.Alerts = slices.DeleteFunc(slices.Clone(d.Alerts), func(a server.Alert) bool { return !taken(a) })
	d.Alerts = slices.DeleteFunc(slices.Clone(d.Alerts), taken)
	d.AlertCount, apart.AlertCount = len(d.Alerts), len(apart.Alerts)
	c.incidents = append(c.incidents, apart)
	return apart.ID, nil
}

// AddTask implements server.Incidents.
func (c *Canned) AddTask(_ context.Context, id, title, actor string) (*server.IncidentDetail, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.find(id)
	if d == nil {
		return nil, server.ErrNotFound
	}
	d.Tasks = append(d.Tasks, server.Task{ID: fmt.Sprint(len(d.Tasks) + 1), Title: title, By: actor, Created: c.clock().UTC()})
	return copied(d), nil
}

// SetTask implements server.Incidents.
func (c *Canned) SetTask(_ context.Context, id, task string, done bool, actor string) (*server.IncidentDetail, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.find(id)
	if d == nil {
		return nil, server.ErrNotFound
	}
	d.Tasks = slices.Clone(d.Tasks)
	i := slices.IndexFunc(d.Tasks, func(t server.Task) bool { return t.ID == task })
	if i < 0 {
		return nil, server.ErrNotFound
	}
	now := c.clock().UTC()
	d.Tasks[i].Done, d.Tasks[i].DoneBy = nil, ""
	if done {
		d.Tasks[i].Done, d.Tasks[i].DoneBy = &now, actor
	}
	return copied(d), nil
}

// register returns what is kept of an incident. The caller holds the mutex.
func (c *Canned) register(id string) (*server.Register, error) {
	d := c.find(id)
	if d == nil {
		return nil, server.ErrNotFound
	}
	if c.registers == nil {
		c.registers = map[string]*server.Register{}
	}
	r := c.registers[id]
	if r == nil {
		r = &server.Register{Occurred: d.FirstActivity, Discovered: d.Created, Missing: []string{"description", "actions", "reported"}}
		r.Clocks = []server.ReportClock{
			{Name: "Tell the CISO or delegate", Control: "ISM-0123", To: "CISO", Since: d.Created}, {Name: "Report to ASD", Control: "ISM-0140", To: "ASD", Since: d.Created},
		}
		c.registers[id] = r
	}
	return r, nil
}

// Register implements server.Incidents.
func (c *Canned) Register(_ context.Context, id string) (*server.Register, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, err := c.register(id)
	if err != nil {
		return nil, err
	}
	out := *r
	return &out, nil
}

// SetRegister implements server.Incidents.
func (c *Canned) SetRegister(_ context.Context, id string, change server.RegisterChange) (*server.Register, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, err := c.register(id)
	if err != nil {
		return nil, err
	}
	filled := func(field string) {
		r.Missing = slices.DeleteFunc(slices.Clone(r.Missing), func(m string) bool { return m == field })
	}
	if change.Description != nil {
		r.Description = *change.Description
		filled("description")
	}
	if change.Actions != nil {
		r.Actions = *change.Actions
		filled("actions")
	}
	out := *r
	return &out, nil
}

// AddReport implements server.Incidents.
func (c *Canned) AddReport(_ context.Context, id string, report server.RegisterReport) (*server.Register, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, err := c.register(id)
	if err != nil {
		return nil, err
	}
	r.Reports = append(slices.Clone(r.Reports), report)
	r.Missing = slices.DeleteFunc(slices.Clone(r.Missing), func(m string) bool { return m == "reported" })
	r.Clocks = slices.Clone(r.Clocks)
	for i := range r.Clocks {
		if strings.EqualFold(r.Clocks[i].To, report.To) {
			r.Clocks[i].Done = &report.At
		}
	}
	out := *r
	return &out, nil
}

// ReportText implements server.Incidents.
func (c *Canned) ReportText(ctx context.Context, id string) (string, error) {
	d, err := c.Get(ctx, id)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("Cyber security incident %d: %s\n\nSeverity: %s\n", d.Number, d.Title, d.Severity), nil
}

// About implements server.Incidents.
func (c *Canned) About(_ context.Context, kind, value string) (*server.EntityPage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	page := &server.EntityPage{Kind: kind, Value: value, Days: 90, Query: "OfficeActivity\n| where UserId =~ \"" + value + "\""}
	for _, d := range c.incidents {
		if !slices.ContainsFunc(d.Entities, func(e server.Entity) bool { return strings.EqualFold(e.Value, value) }) {
			continue
		}
		page.Incidents = append(page.Incidents, d.Incident)
		page.Alerts = append(page.Alerts, d.Alerts...)
		if page.First == nil || d.FirstActivity.Before(*page.First) {
			page.First = &d.FirstActivity
		}
		if page.Last == nil || d.LastActivity.After(*page.Last) {
			page.Last = &d.LastActivity
		}
	}
	if page.First != nil {
		page.Records = 4711
		page.Tables = []server.EntityTable{{Table: "OfficeActivity", First: *page.First, Last: *page.Last, Records: page.Records}}
	}
	return page, nil
}

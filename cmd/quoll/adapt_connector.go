package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/server"
)

// measuredFor is how long what the tables say of a source is good for, so that
// open browsers do not make the engine count all day.
const measuredFor = 5 * time.Second

// connectors tells how every source is doing: what its collector says, and
// what arrived of it, asked of the tables themselves.
type connectors struct {
	collectors []collect.Collector
	names      map[string]string // of tenants, by id
	query      *query.Service
	now        func() time.Time
	log        *slog.Logger

	mu       sync.Mutex
	measured map[arrivedKey]arrived
	at       time.Time
}

type arrivedKey struct{ tenant, content string }

// arrived is what the tables hold of one source.
type arrived struct {
	lastEvent         time.Time
	delay             time.Duration
	records           int64
	lastHour, lastDay int64
}

// Connectors implements server.Connectors.
func (c *connectors) Connectors(ctx context.Context) ([]server.Connector, error) {
	measured := c.measure(ctx)
	var all []server.Connector
	for _, collector := range c.collectors {
		status := collector.Status()
		for _, s := range status.Streams {
			all = append(all, c.view(status, s, measured[arrivedKey{status.Tenant, s.ContentType}]))
		}
	}
	return all, nil
}

var titles = map[model.Source]string{
	model.SourceActivity:   "Office 365 Management Activity API",
	model.SourceBlobExport: "Defender XDR streaming export",
}

func (c *connectors) view(status collect.Status, s collect.StreamStatus, a arrived) server.Connector {
	view := server.Connector{
		ID: status.Name + "/" + s.ContentType, Source: string(status.Source), Title: titles[status.Source],
		TenantID: status.Tenant, TenantName: c.names[status.Tenant], ContentType: s.ContentType,
		State: connectorState(s, a), LastEvent: moment(a.lastEvent), LastReceived: moment(s.LastJournalled),
		Counts:  server.ConnectorCounts{Payloads: s.Counts.Journalled, Records: a.records, LastHour: a.lastHour, LastDay: a.lastDay},
		Backlog: server.Backlog{Payloads: s.Counts.Backlog(), NextExpiry: moment(s.NextExpiry)},
	}
	view.Counts.Duplicates = max(0, s.Counts.Records-a.records)
	if !a.lastEvent.IsZero() {
		seconds := a.delay.Seconds()
		view.LagSeconds = &seconds
	}
	problem := s.Problem
	if problem == nil {
		problem = status.Problem
	}
	if problem != nil {
		view.LastError = &server.ConnectorError{Time: problem.Time, Code: problem.Code, Message: cmp.Or(problem.Detail, problem.Cause), Cause: problem.Cause, Remedy: problem.Remedy}
	}
	return view
}

func connectorState(s collect.StreamStatus, a arrived) string {
	switch s.Health {
	case collect.HealthStopped:
		return server.ConnectorStopped
	case collect.HealthBlocked, collect.HealthDegraded:
		return server.ConnectorFailing
	}
	if a.records == 0 {
		return server.ConnectorWaiting
	}
	return server.ConnectorHealthy
}

const measureAudit = `UnifiedAuditLog
| extend Delay = ingestion_time() - TimeGenerated
| summarize arg_max(TimeGenerated, Delay), Records = count(), LastHour = countif(TimeGenerated > ago(1h)), LastDay = countif(TimeGenerated > ago(1d)) by Tenant = tolower(OrganizationId), Content = ContentType`

// The Defender tables do not say which Entra tenant a row came from; with one
// tenant that is no question.
const measureDefender = `union withsource=Content EmailEvents, EmailAttachmentInfo, EmailUrlInfo, EmailPostDeliveryEvents, UrlClickEvents, AlertInfo, AlertEvidence, CloudAppEvents, DefenderEvents
| summarize TimeGenerated = max(TimeGenerated), Records = count(), LastHour = countif(TimeGenerated > ago(1h)), LastDay = countif(TimeGenerated > ago(1d)) by Content`

// measure asks the tables, unless it did a moment ago. When they cannot
// answer, what was known stays.
func (c *connectors) measure(ctx context.Context) map[arrivedKey]arrived {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.measured != nil && c.now().Sub(c.at) < measuredFor {
		return c.measured
	}
	fresh, err := c.ask(ctx)
	if err != nil {
		if ctx.Err() == nil {
			c.log.Warn("count what arrived", "error", err)
		}
		return c.measured
	}
	c.measured, c.at = fresh, c.now()
	return fresh
}

func (c *connectors) ask(ctx context.Context) (map[arrivedKey]arrived, error) {
	all := map[arrivedKey]arrived{}
	audit, err := c.query.Query(ctx, query.Request{Text: measureAudit})
	if err != nil {
		return nil, fmt.Errorf("audit records: %w", err)
	}
	for _, row := range audit.Rows {
		a := newArrived(audit, row)
		all[arrivedKey{text(audit, row, "Tenant"), text(audit, row, "Content")}] = a
	}
	defender, err := c.query.Query(ctx, query.Request{Text: measureDefender})
	if err != nil {
		return nil, fmt.Errorf("Defender events: %w", err)
	}
	for _, row := range defender.Rows {
		a := newArrived(defender, row)
		for tenant := range c.names {
			all[arrivedKey{tenant, text(defender, row, "Content")}] = a
		}
	}
	return all, nil
}

func newArrived(r *query.Result, row []any) arrived {
	var a arrived
	a.lastEvent, _ = cell(r, row, "TimeGenerated").(time.Time)
	if delay, ok := cell(r, row, "Delay").(types.Ticks); ok {
		a.delay = time.Duration(delay) * 100
	}
	a.records, _ = cell(r, row, "Records").(int64)
	a.lastHour, _ = cell(r, row, "LastHour").(int64)
	a.lastDay, _ = cell(r, row, "LastDay").(int64)
	return a
}

func cell(r *query.Result, row []any, name string) any {
	for i, c := range r.Columns {
		if c.Name == name {
			return row[i]
		}
	}
	return nil
}

func text(r *query.Result, row []any, name string) string {
	value, _ := cell(r, row, name).(string)
	return value
}

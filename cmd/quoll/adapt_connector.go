package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/schema"
	"github.com/quoll/quoll/server"
)

// measuredFor is how long what the tables say of a source is good for, so that
// open browsers do not make the engine count all day.
const measuredFor = 5 * time.Second

// connectors tells how every source is doing: what its collector says, and
// what arrived of it, asked of the tables themselves.
type connectors struct {
	roster *roster
	query  *query.Service
	lags   *collect.Lags
	now    func() time.Time
	log    *slog.Logger

	mu       sync.Mutex
	measured map[arrivedKey]arrived
	at       time.Time
}

type arrivedKey struct{ tenant, content string }

// arrived is what the tables hold of one source.
type arrived struct {
	lastEvent         time.Time
	delay             time.Duration
	delayKnown        bool
	records           int64
	lastHour, lastDay int64
	history           []server.HistoryPoint
}

// Connectors implements server.Connectors.
func (c *connectors) Connectors(ctx context.Context) ([]server.Connector, error) {
	measured := c.measure(ctx)
	var all []server.Connector
	for _, collector := range c.roster.all() {
		status := collector.Status()
		for _, s := range status.Shown() {
			a, measurable := measured[arrivedKey{status.Tenant, s.ContentType}]
			if !measurable && (status.Source == model.SourceEventHub || status.Source == model.SourcePush) {
				a = allDefender(measured, status.Tenant) // all tables in one
			}
			all = append(all, c.view(status, s, a))
		}
	}
	return all, nil
}

// allDefender sums up all tables of Defender.
func allDefender(measured map[arrivedKey]arrived, tenant string) arrived {
	var sum arrived
	hours := map[time.Time]int64{}
	for _, table := range defenderTables {
		a := measured[arrivedKey{tenant, table}]
		sum.records, sum.lastHour, sum.lastDay = sum.records+a.records, sum.lastHour+a.lastHour, sum.lastDay+a.lastDay
		if a.lastEvent.After(sum.lastEvent) {
			sum.lastEvent, sum.delay, sum.delayKnown = a.lastEvent, a.delay, a.delayKnown
		}
		for _, h := range a.history {
			hours[h.Time] += h.Records
		}
	}
	for _, hour := range slices.SortedFunc(maps.Keys(hours), time.Time.Compare) {
		sum.history = append(sum.history, server.HistoryPoint{Time: hour, Records: hours[hour]})
	}
	return sum
}

var titles = map[model.Source]string{
	model.SourceActivity:   "Office 365 Management Activity API",
	model.SourceBlobExport: "Defender XDR streaming export",
	model.SourceHunting:    "Defender XDR advanced hunting",
	model.SourceEventHub:   "Defender XDR streaming to Event Hubs",
	model.SourcePush:       "Defender XDR by HTTP push",
}

func (c *connectors) view(status collect.Status, s collect.StreamStatus, a arrived) server.Connector {
	view := server.Connector{
		ID: status.Name + "/" + s.ContentType, Source: string(status.Source), Title: titles[status.Source],
		TenantID: status.Tenant, TenantName: c.roster.name(status.Tenant), ContentType: s.ContentType,
		State: connectorState(s, a), LastEvent: moment(a.lastEvent), LastReceived: moment(s.LastJournalled),
		Counts:  server.ConnectorCounts{Payloads: s.Counts.Journalled, Records: a.records, LastHour: a.lastHour, LastDay: a.lastDay},
		History: a.history,
		Backlog: server.Backlog{Payloads: s.Counts.Backlog(), NextExpiry: moment(s.NextExpiry)},
	}
	view.Counts.Duplicates = max(0, s.Counts.Records-a.records)
	if a.delayKnown {
		seconds := a.delay.Seconds()
		view.LagSeconds = &seconds
	}
	view.Lags = lagsView(c.lags, collect.Stream{Tenant: status.Tenant, ContentType: s.ContentType}, c.now())
	view.CredentialEnds = moment(status.CredentialEnds)
	for _, w := range slices.Concat(status.Warnings, s.Warnings) {
		view.Warnings = append(view.Warnings, server.Warning{Code: w.Code, Cause: w.Cause, Remedy: w.Remedy})
	}
	problem := s.Problem
	if problem == nil {
		problem = status.Problem
	}
	if problem != nil {
		view.LastError = &server.ConnectorError{Time: problem.Time, Code: problem.Code, Message: cmp.Or(problem.Detail, problem.Cause), Cause: problem.Cause, Remedy: problem.Remedy, Attempts: int(s.Failures)}
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

// What is asked of the tables. The delay is that of the rows that came last; a
// source that has been quiet for an hour has none.
const (
	measureAudit = `UnifiedAuditLog
| extend Delay = iff(ingestion_time() > ago(1h), ingestion_time() - TimeGenerated, timespan(null))
| summarize arg_max(TimeGenerated, Delay), Records = count(), LastHour = countif(TimeGenerated > ago(1h)), LastDay = countif(TimeGenerated > ago(1d)) by Tenant = tolower(OrganizationId), Content = ContentType`

	historyAudit = `UnifiedAuditLog
| where TimeGenerated > ago(1d)
| summarize Records = count() by Tenant = tolower(OrganizationId), Content = ContentType, Hour = bin(TimeGenerated, 1h)
| sort by Hour asc`
)

// defenderTables are measured one by one, because ingestion_time() belongs to
// a table. They do not say which Entra tenant a row came from; with one tenant
// that is no question.
var defenderTables = []string{
	schema.EmailEvents, schema.EmailAttachmentInfo, schema.EmailUrlInfo, schema.EmailPostDeliveryEvents, schema.UrlClickEvents,
	schema.AlertInfo, schema.AlertEvidence, schema.CloudAppEvents,
}

func measureDefender(table string) string {
	return table + `
| extend Delay = iff(ingestion_time() > ago(1h), ingestion_time() - TimeGenerated, timespan(null))
| summarize arg_max(TimeGenerated, Delay), Records = count(), LastHour = countif(TimeGenerated > ago(1h)), LastDay = countif(TimeGenerated > ago(1d))`
}

func historyDefender(table string) string {
	return table + ` | where TimeGenerated > ago(1d) | summarize Records = count() by Hour = bin(TimeGenerated, 1h) | sort by Hour asc`
}

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
	err := c.each(ctx, measureAudit, func(r *query.Result, row []any) {
		all[arrivedKey{text(r, row, "Tenant"), text(r, row, "Content")}] = newArrived(r, row)
	})
	if err != nil {
		return nil, err
	}
	err = c.each(ctx, historyAudit, func(r *query.Result, row []any) {
		key := arrivedKey{text(r, row, "Tenant"), text(r, row, "Content")}
		a := all[key]
		a.history = append(a.history, historyPoint(r, row))
		all[key] = a
	})
	if err != nil {
		return nil, err
	}
	for _, table := range defenderTables {
		a, err := c.askDefender(ctx, table)
		if err != nil {
			return nil, err
		}
		all[arrivedKey{"", table}] = a // for what relays push, of any tenant
		for _, tenant := range c.roster.list() {
			all[arrivedKey{tenant.ID, table}] = a
		}
	}
	return all, nil
}

func (c *connectors) askDefender(ctx context.Context, table string) (arrived, error) {
	var a arrived
	err := c.each(ctx, measureDefender(table), func(r *query.Result, row []any) { a = newArrived(r, row) })
	if err != nil || a.records == 0 {
		return a, err
	}
	err = c.each(ctx, historyDefender(table), func(r *query.Result, row []any) {
		a.history = append(a.history, historyPoint(r, row))
	})
	return a, err
}

// each runs a query and hands on its rows.
func (c *connectors) each(ctx context.Context, text string, use func(*query.Result, []any)) error {
	result, err := c.query.Query(ctx, query.Request{Text: text})
	if err != nil {
		return fmt.Errorf("measure what arrived: %w", err)
	}
	for _, row := range result.Rows {
		use(result, row)
	}
	return nil
}

func historyPoint(r *query.Result, row []any) server.HistoryPoint {
	var p server.HistoryPoint
	p.Time, _ = cell(r, row, "Hour").(time.Time)
	p.Records, _ = cell(r, row, "Records").(int64)
	return p
}

func newArrived(r *query.Result, row []any) arrived {
	var a arrived
	a.lastEvent, _ = cell(r, row, "TimeGenerated").(time.Time)
	if delay, ok := cell(r, row, "Delay").(types.Ticks); ok {
		a.delay, a.delayKnown = time.Duration(delay)*100, true
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

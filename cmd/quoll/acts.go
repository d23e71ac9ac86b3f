package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/quoll/quoll/access"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/schema"
	"github.com/quoll/quoll/server"
)

// acts writes down what people do with a server, as rows of LAQueryLogs and
// SentinelAudit. They are journalled like what a tenant sends, so that they are in
// the lake and under the archive's log, and nobody takes them out unseen.
type acts struct {
	// journal is asked directly: unlike what collectors bring, an act does not
	// wait until the lake has caught up.
	journal interface {
		Append(ctx context.Context, payloads ...model.Payload) (journal.Position, error)
	}
	workspace string
	clock     clock.Clock
	log       *slog.Logger
}

// write returns nil once a row is on disk. That a request is given up does not
// keep its row from being written.
func (a *acts) write(ctx context.Context, table string, row map[string]any) error {
	id := uuid.NewString()
	body, err := json.Marshal(map[string]any{"table": table, "key": id, "row": row})
	if err == nil {
		_, err = a.journal.Append(context.WithoutCancel(ctx), model.Payload{
			Source: model.SourceQuoll, Format: model.FormatOwnRows, ContentType: table, Name: "acts/" + id, Received: a.clock.Now().UTC(), Body: append(body, '\n'),
		})
	}
	if err != nil {
		a.log.Error("an act could not be written down", "table", table, "error", err)
		return fmt.Errorf("write a row of %s: %w", table, err)
	}
	return nil
}

// act is one row of SentinelAudit.
type act struct {
	operation, kind, id, name, description string
	properties                             map[string]any
}

// done writes down an act with its outcome, and returns that outcome, or why it
// could not be written down.
func (a *acts) done(ctx context.Context, what act, outcome error) error {
	row := a.row(ctx, what)
	if outcome != nil {
		row["Status"], row["Reason"] = "Failure", outcome.Error()
	}
	return errors.Join(outcome, a.write(ctx, schema.SentinelAudit, row))
}

// found writes down what a look at something found. That it found a fault is no
// error.
func (a *acts) found(ctx context.Context, what act, passed bool, reason string) error {
	row := a.row(ctx, what)
	if !passed {
		row["Status"], row["Reason"] = "Failure", reason
	}
	return a.write(ctx, schema.SentinelAudit, row)
}

// row is that of SentinelAudit for an act that succeeded.
func (a *acts) row(ctx context.Context, what act) map[string]any {
	properties := map[string]any{"CallerName": server.CallerName(ctx)}
	for name, value := range what.properties {
		properties[name] = value
	}
	return map[string]any{
		"TimeGenerated": a.clock.Now().UTC().Format(time.RFC3339Nano), "OperationName": what.operation, "Status": "Success",
		"SentinelResourceType": what.kind, "SentinelResourceId": what.id, "SentinelResourceName": what.name,
		"Description": what.description, "WorkspaceId": a.workspace, "ExtendedProperties": properties, "RecordId": uuid.NewString(),
	}
}

// serverStarts writes down what a server runs with: what is collected, who
// cosigns, and every rule with its hash. A change of any of it needs a restart, so
// that it shows as the difference of two rows. Secrets are not in it.
func (a *acts) serverStarts(ctx context.Context, c *config.Config, rules []*detect.Rule) error {
	tenants := []map[string]any{}
	for _, t := range c.Tenants {
		tenants = append(tenants, map[string]any{
			"Name": t.Name, "TenantId": t.ID, "AuditLog": t.Activity != nil, "Hunting": t.Hunting != nil, "EventHubs": t.EventHubs != nil,
			"DefenderExport": t.DefenderExportDir != "" || t.DefenderAccount != nil,
		})
	}
	witnesses := []string{}
	for _, w := range c.Witnesses {
		witnesses = append(witnesses, w.Key.Name())
	}
	authorities := []string{}
	for _, a := range c.ArchiveTimestamps {
		authorities = append(authorities, a.Name+" "+a.Address())
	}
	loaded := []map[string]string{}
	for _, r := range rules {
		sum, err := ruleHash(r)
		if err != nil {
			return err
		}
		loaded = append(loaded, map[string]string{"Id": r.ID, "Name": r.Name, "Version": r.Version, "SHA256": sum})
	}
	return a.done(ctx, act{
		operation: "Start server", kind: "Server", name: c.ArchiveOrigin, description: "began to serve with this configuration",
		properties: map[string]any{
			"Version": version, "Listen": c.Server.Listen, "ArchiveDir": c.ArchiveDir, "Witnesses": witnesses, "Timestamps": authorities, "Tenants": tenants, "Rules": loaded,
			"ArchiveRecipients": c.ArchiveEncryption.Recipients, "WorkspaceId": a.workspace, "ExternalHosts": c.ExternalHosts, "FlushEvery": c.FlushEvery.String(),
			"Retention": c.Retention.Rules(),
		},
	}, nil)
}

// auditedQuerier writes down every query before its answer is given.
type auditedQuerier struct {
	server.Querier
	acts *acts
}

// Query implements server.Querier. A query that cannot be written down is not
// answered.
func (q auditedQuerier) Query(ctx context.Context, r server.QueryRequest) (*server.QueryResult, error) {
	asked := q.acts.clock.Now().UTC()
	result, err := q.Querier.Query(ctx, r)
	row := map[string]any{
		"TimeGenerated": asked.Format(time.RFC3339Nano), "CorrelationId": uuid.NewString(), "AADEmail": server.CallerName(ctx),
		"RequestClientApp": "Quoll", "RequestTarget": "/api/v1/query", "RequestContext": map[string]any{"workspaces": []string{q.acts.workspace}},
		"QueryText": r.Text, "ResponseCode": responseCode(err), "ResponseDurationMs": milliseconds(q.acts.clock.Now().Sub(asked)), "ResponseRowCount": 0,
	}
	if len(r.Parameters) > 0 {
		row["RequestContextFilters"] = r.Parameters
	}
	if !r.From.IsZero() {
		row["QueryTimeRangeStart"] = r.From.UTC().Format(time.RFC3339Nano)
	}
	if !r.To.IsZero() {
		row["QueryTimeRangeEnd"] = r.To.UTC().Format(time.RFC3339Nano)
	}
	if err == nil {
		row["ResponseRowCount"] = result.Statistics.RowsReturned
	}
	if writeErr := q.acts.write(ctx, schema.LAQueryLogs, row); writeErr != nil && err == nil {
		return nil, writeErr
	}
	return result, err
}

// responseCode is the status that the server gives an outcome, roughly: it tells
// a mistake of who asked from trouble here.
func responseCode(err error) int {
	var mistakes *server.QueryError
	var failure *server.Failure
	switch {
	case err == nil:
		return 200
	case errors.As(err, &mistakes), errors.As(err, &failure):
		return 400
	}
	return 500
}

// auditedPeople writes down who signs in and who may do what.
type auditedPeople struct {
	server.Access
	acts *acts
}

// SignIn implements server.Access.
func (p auditedPeople) SignIn(ctx context.Context, name, password string) (*server.SignedIn, error) {
	s, err := p.Access.SignIn(ctx, name, password)
	return p.began(ctx, name, "by password", s, err)
}

// Redeem implements server.Access.
func (p auditedPeople) Redeem(ctx context.Context, link string) (*server.SignedIn, error) {
	s, err := p.Access.Redeem(ctx, link)
	name := ""
	if err == nil {
		name = s.Person.Name
	}
	return p.began(ctx, name, "by one-time link", s, err)
}

func (p auditedPeople) began(ctx context.Context, name, how string, s *server.SignedIn, err error) (*server.SignedIn, error) {
	name = name[:min(len(name), access.MaxName)] // nobody's is longer, and anybody may try
	err = p.acts.done(ctx, act{operation: "Sign in", kind: "Session", name: name, description: "signed in " + how}, err)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// SignOut implements server.Access.
func (p auditedPeople) SignOut(ctx context.Context, token string) error {
	err := p.Access.SignOut(ctx, token)
	return p.acts.done(ctx, act{operation: "Sign out", kind: "Session", name: server.CallerName(ctx), description: "signed out"}, err)
}

// SetPassword implements server.Access.
func (p auditedPeople) SetPassword(ctx context.Context, token, current, next string) error {
	err := p.Access.SetPassword(ctx, token, current, next)
	return p.acts.done(ctx, act{operation: "Set password", kind: "Person", name: server.CallerName(ctx), description: "set another password"}, err)
}

// Invite implements server.Access.
func (p auditedPeople) Invite(ctx context.Context, name, role string) (string, error) {
	link, err := p.Access.Invite(ctx, name, role)
	err = p.acts.done(ctx, act{operation: "Invite person", kind: "Person", name: name, description: "made a one-time link", properties: map[string]any{"Role": role}}, err)
	return link, err
}

// ChangePerson implements server.Access.
func (p auditedPeople) ChangePerson(ctx context.Context, id string, c server.PersonChange) (*server.Person, error) {
	person, err := p.Access.ChangePerson(ctx, id, c)
	what := act{operation: "Change person", kind: "Person", id: id, description: "changed what a person may do", properties: map[string]any{"Role": c.Role, "Disabled": c.Disabled}}
	if err == nil {
		what.name = person.Name
	}
	if err = p.acts.done(ctx, what, err); err != nil {
		return nil, err
	}
	return person, nil
}

// auditedBackfills writes down who searches the past.
type auditedBackfills struct {
	server.Backfills
	acts *acts
}

// Start implements server.Backfills.
func (b auditedBackfills) Start(ctx context.Context, r server.BackfillRequest) (*server.Backfill, error) {
	started, err := b.Backfills.Start(ctx, r)
	what := act{operation: "Start backfill", kind: "Backfill", name: r.Tenant, description: "began to search the audit log", properties: map[string]any{"From": r.From, "To": r.To}}
	if err = b.acts.done(ctx, what, err); err != nil {
		return nil, err
	}
	return started, nil
}

// auditedIncidents writes down who changes an incident.
type auditedIncidents struct {
	server.Incidents
	acts *acts
}

// Update implements server.Incidents.
func (i auditedIncidents) Update(ctx context.Context, id string, change server.IncidentChange) (*server.IncidentDetail, error) {
	detail, err := i.Incidents.Update(ctx, id, change)
	err = i.acts.done(ctx, act{operation: "Change incident", kind: "Incident", id: id, description: "changed an incident", properties: map[string]any{"Change": change}}, err)
	if err != nil {
		return nil, err
	}
	return detail, nil
}

// Merge implements server.Incidents.
func (i auditedIncidents) Merge(ctx context.Context, id string, others []string, actor string) (*server.IncidentDetail, error) {
	detail, err := i.Incidents.Merge(ctx, id, others, actor)
	return detail, i.changed(ctx, "Merge incidents", id, map[string]any{"Others": others}, err)
}

// Split implements server.Incidents.
func (i auditedIncidents) Split(ctx context.Context, id string, alerts []string, actor string) (string, error) {
	created, err := i.Incidents.Split(ctx, id, alerts, actor)
	return created, i.changed(ctx, "Split incident", id, map[string]any{"Alerts": alerts, "Created": created}, err)
}

// AddTask implements server.Incidents.
func (i auditedIncidents) AddTask(ctx context.Context, id, title, actor string) (*server.IncidentDetail, error) {
	detail, err := i.Incidents.AddTask(ctx, id, title, actor)
	return detail, i.changed(ctx, "Add task", id, map[string]any{"Title": title}, err)
}

// SetTask implements server.Incidents.
func (i auditedIncidents) SetTask(ctx context.Context, id, task string, done bool, actor string) (*server.IncidentDetail, error) {
	detail, err := i.Incidents.SetTask(ctx, id, task, done, actor)
	return detail, i.changed(ctx, "Change task", id, map[string]any{"Task": task, "Done": done}, err)
}

// SetRegister implements server.Incidents.
func (i auditedIncidents) SetRegister(ctx context.Context, id string, c server.RegisterChange) (*server.Register, error) {
	register, err := i.Incidents.SetRegister(ctx, id, c)
	return register, i.changed(ctx, "Change register", id, map[string]any{"Change": c}, err)
}

// AddReport implements server.Incidents.
func (i auditedIncidents) AddReport(ctx context.Context, id string, r server.RegisterReport) (*server.Register, error) {
	register, err := i.Incidents.AddReport(ctx, id, r)
	return register, i.changed(ctx, "Report incident", id, map[string]any{"To": r.To, "At": r.At, "Reference": r.Reference}, err)
}

func (i auditedIncidents) changed(ctx context.Context, operation, id string, properties map[string]any, err error) error {
	return i.acts.done(ctx, act{operation: operation, kind: "Incident", id: id, description: "changed an incident", properties: properties}, err)
}

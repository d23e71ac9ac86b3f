package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/incident"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/server"
)

// incidentFailure gives an error of the incident store the shape in which users
// see it.
func incidentFailure(err error) error {
	switch {
	case errors.Is(err, incident.ErrNotFound):
		return server.ErrNotFound
	case errors.Is(err, incident.ErrInvalidChange):
		return &server.Failure{Code: server.CodeConflict, Message: err.Error()}
	}
	return err
}

// changed does something to an incident and returns it as it then is.
func (i incidents) changed(ctx context.Context, id string, do func(number int64) error) (*server.IncidentDetail, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, server.ErrNotFound
	}
	if err := do(number); err != nil {
		return nil, incidentFailure(err)
	}
	return i.Get(ctx, id)
}

// Merge implements server.Incidents.
func (i incidents) Merge(ctx context.Context, id string, others []string, actor string) (*server.IncidentDetail, error) {
	return i.changed(ctx, id, func(number int64) error {
		var numbers []int64
		for _, other := range others {
			n, err := strconv.ParseInt(other, 10, 64)
			if err != nil {
				return incident.ErrNotFound
			}
			numbers = append(numbers, n)
		}
		return i.store.Merge(ctx, number, numbers, actor)
	})
}

// Split implements server.Incidents.
func (i incidents) Split(ctx context.Context, id string, alerts []string, actor string) (created string, err error) {
	_, err = i.changed(ctx, id, func(number int64) error {
		n, err := i.store.Split(ctx, number, alerts, actor)
		created = strconv.FormatInt(n, 10)
		return err
	})
	return created, err
}

// AddTask implements server.Incidents.
func (i incidents) AddTask(ctx context.Context, id, title, actor string) (*server.IncidentDetail, error) {
	return i.changed(ctx, id, func(number int64) error { return i.store.AddTask(ctx, number, title, actor) })
}

// SetTask implements server.Incidents.
func (i incidents) SetTask(ctx context.Context, id, task string, done bool, actor string) (*server.IncidentDetail, error) {
	return i.changed(ctx, id, func(number int64) error {
		n, err := strconv.ParseInt(task, 10, 64)
		if err != nil {
			return incident.ErrNotFound
		}
		return i.store.SetTask(ctx, number, n, done, actor)
	})
}

// Register implements server.Incidents.
func (i incidents) Register(ctx context.Context, id string) (*server.Register, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, server.ErrNotFound
	}
	r, err := i.store.Register(ctx, number)
	if err != nil {
		return nil, incidentFailure(err)
	}
	view := &server.Register{Occurred: r.Occurred, Discovered: r.Discovered, Description: r.Description, Actions: r.Actions, Statutory: r.Statutory, Missing: r.Missing}
	for _, p := range r.Reports {
		view.Reports = append(view.Reports, server.RegisterReport{To: p.To, At: p.At, By: p.By, Reference: p.Reference})
	}
	for _, c := range r.Clocks {
		view.Clocks = append(view.Clocks, server.ReportClock{Name: c.Name, Control: c.Control, To: c.To, Since: c.Since, Due: moment(c.Due), Done: moment(c.Done)})
	}
	return view, nil
}

// SetRegister implements server.Incidents.
func (i incidents) SetRegister(ctx context.Context, id string, c server.RegisterChange) (*server.Register, error) {
	if _, err := i.changed(ctx, id, func(number int64) error {
		return i.store.SetRegister(ctx, number, incident.RegisterChange{
			Author: c.Actor, Occurred: c.Occurred, Discovered: c.Discovered, Description: c.Description, Actions: c.Actions, Statutory: c.Statutory,
		})
	}); err != nil {
		return nil, err
	}
	return i.Register(ctx, id)
}

// AddReport implements server.Incidents.
func (i incidents) AddReport(ctx context.Context, id string, r server.RegisterReport) (*server.Register, error) {
	if _, err := i.changed(ctx, id, func(number int64) error {
		return i.store.AddReport(ctx, number, incident.Report{To: r.To, At: r.At, By: r.By, Reference: r.Reference})
	}); err != nil {
		return nil, err
	}
	return i.Register(ctx, id)
}

// ReportText implements server.Incidents.
func (i incidents) ReportText(ctx context.Context, id string) (string, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return "", server.ErrNotFound
	}
	text, err := i.store.Text(ctx, number)
	return text, incidentFailure(err)
}

// entityDays is how far back an entity's page looks through the tables.
const entityDays = 90

// About implements server.Incidents: what alerts say, and when rows tell of it.
func (i incidents) About(ctx context.Context, kind, value string) (*server.EntityPage, error) {
	found, err := i.store.About(ctx, kind, value)
	if err != nil {
		return nil, err
	}
	page := &server.EntityPage{Kind: kind, Value: value, Days: entityDays, Query: entityRows(kind, value)}
	var seen []string
	for _, s := range found.Alerts {
		page.Alerts = append(page.Alerts, viewAlert(s.Alert))
		id := strconv.FormatInt(s.Incident, 10)
		if s.Incident == 0 || slices.Contains(seen, id) {
			continue
		}
		seen = append(seen, id)
		detail, err := i.Get(ctx, id)
		if err != nil {
			return nil, err
		}
		page.Incidents = append(page.Incidents, detail.Incident)
	}
	return page, i.sightings(ctx, page, kind, value)
}

// sightings asks the tables when they tell of an entity first and last.
func (i incidents) sightings(ctx context.Context, page *server.EntityPage, kind, value string) error {
	if i.query == nil {
		return nil
	}
	now := time.Now().UTC()
	for _, place := range entityPlaces(kind) {
		text := place.table + " | where " + place.condition(value) + " | summarize min(TimeGenerated), max(TimeGenerated), count()"
		result, err := i.query.Query(ctx, query.Request{Text: text, From: now.AddDate(0, 0, -entityDays), To: now.Add(time.Hour), Now: now, Limits: query.Limits{Time: time.Minute}})
		if err != nil {
			return serverFailure(err)
		}
		first, ok := result.Rows[0][0].(time.Time)
		last, _ := result.Rows[0][1].(time.Time)
		count, _ := result.Rows[0][2].(int64)
		if !ok {
			continue
		}
		page.Tables = append(page.Tables, server.EntityTable{Table: place.table, First: first, Last: last, Records: count})
		page.Records += count
		if page.First == nil || first.Before(*page.First) {
			page.First = &first
		}
		if page.Last == nil || last.After(*page.Last) {
			page.Last = &last
		}
	}
	return nil
}

// entityPlace is where rows of a table name entities of a kind. In where, VALUE
// stands for the value as a text of KQL.
type entityPlace struct{ table, where string }

func (p entityPlace) condition(value string) string {
	return strings.ReplaceAll(p.where, "VALUE", quoted(value))
}

// quoted writes a text as KQL has it.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(text) + `"`
}

// entityPlaces says where rows name entities of a kind; of kinds that no column
// holds, every record is looked through.
func entityPlaces(kind string) []entityPlace {
	switch kind {
	case "Account", "Mailbox":
		return []entityPlace{
			{"UnifiedAuditLog", `UserId =~ VALUE`}, {"EmailEvents", `RecipientEmailAddress =~ VALUE or SenderFromAddress =~ VALUE`}, {"UrlClickEvents", `AccountUpn =~ VALUE`},
		}
	case "IP":
		return []entityPlace{
			{"UnifiedAuditLog", `ClientIP == VALUE or ClientIP startswith strcat(VALUE, ":") or ClientIP startswith strcat("[", VALUE, "]")`},
			{"EmailEvents", `SenderIPv4 == VALUE or SenderIPv6 == VALUE`}, {"UrlClickEvents", `IPAddress == VALUE`},
		}
	case "URL":
		return []entityPlace{{"EmailUrlInfo", `Url =~ VALUE`}, {"UrlClickEvents", `Url =~ VALUE`}}
	case "DNS", "Host":
		return []entityPlace{{"EmailUrlInfo", `UrlDomain =~ VALUE`}, {"UnifiedAuditLog", `tostring(Record) has VALUE`}}
	case "MailMessage":
		return []entityPlace{{"EmailEvents", `NetworkMessageId == VALUE or InternetMessageId == VALUE`}, {"EmailPostDeliveryEvents", `NetworkMessageId == VALUE or InternetMessageId == VALUE`}, {"UrlClickEvents", `NetworkMessageId == VALUE`}}
	case "File":
		return []entityPlace{{"EmailAttachmentInfo", `FileName =~ VALUE`}, {"UnifiedAuditLog", `ObjectId endswith VALUE or tostring(Record.SourceFileName) =~ VALUE`}}
	case "FileHash":
		return []entityPlace{{"EmailAttachmentInfo", `SHA256 =~ VALUE`}}
	}
	return []entityPlace{{"UnifiedAuditLog", `ObjectId =~ VALUE or tostring(Record) has VALUE`}}
}

// entityRows is the query that brings the rows about an entity.
func entityRows(kind, value string) string {
	var parts []string
	for _, place := range entityPlaces(kind) {
		parts = append(parts, fmt.Sprintf("(%s\n  | where %s)", place.table, place.condition(value)))
	}
	return "union withsource=Table " + strings.Join(parts, ",\n") + "\n| order by TimeGenerated desc"
}

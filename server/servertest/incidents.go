package servertest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/server"
)

// List implements server.Incidents.
func (c *Canned) List(_ context.Context, f server.IncidentFilter) (*server.IncidentPage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	page := &server.IncidentPage{}
	for _, d := range c.incidents {
		if !matches(d.Incident, f) {
			continue
		}
		if page.Total++; page.Total > f.Offset && len(page.Incidents) < f.Limit {
			page.Incidents = append(page.Incidents, d.Incident)
		}
	}
	return page, nil
}

func matches(i server.Incident, f server.IncidentFilter) bool {
	if len(f.Status) > 0 && !slices.Contains(f.Status, i.Status) || len(f.Severity) > 0 && !slices.Contains(f.Severity, i.Severity) {
		return false
	}
	if f.Owner != "" && f.Owner != i.Owner && !(f.Owner == "-" && i.Owner == "") {
		return false
	}
	if !f.From.IsZero() && i.LastActivity.Before(f.From) || !f.To.IsZero() && !i.LastActivity.Before(f.To) {
		return false
	}
	text := i.Title
	for _, e := range i.Entities {
		text += "\n" + e.Value
	}
	return strings.Contains(strings.ToLower(text), strings.ToLower(f.Text))
}

// Get implements server.Incidents.
func (c *Canned) Get(_ context.Context, id string) (*server.IncidentDetail, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.find(id)
	if d == nil {
		return nil, server.ErrNotFound
	}
	return copied(d), nil
}

func (c *Canned) find(id string) *server.IncidentDetail {
	for i := range c.incidents {
		if c.incidents[i].ID == id {
			return &c.incidents[i]
		}
	}
	return nil
}

func copied(d *server.IncidentDetail) *server.IncidentDetail {
	out := *d
	out.Timeline = slices.Clone(d.Timeline)
	return &out
}

// Update implements server.Incidents.
func (c *Canned) Update(_ context.Context, id string, change server.IncidentChange) (*server.IncidentDetail, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.find(id)
	if d == nil {
		return nil, server.ErrNotFound
	}
	now := c.clock().UTC()
	d.Updated = now
	set := func(kind string, field *string, value *string) {
		if value == nil || *value == *field {
			return
		}
		d.Timeline = append(d.Timeline, server.TimelineEntry{Time: now, Kind: kind, Title: orNone(*field) + " → " + orNone(*value), Actor: change.Actor})
		*field = *value
	}
	set(server.TimelineStatus, &d.Status, change.Status)
	set(server.TimelineSeverity, &d.Severity, change.Severity)
	set(server.TimelineOwner, &d.Owner, change.Owner)
	set(server.TimelineClassification, &d.Classification, change.Classification)
	if d.Status == "Closed" {
		d.Closed = &now
	} else {
		d.Closed = nil
	}
	if change.Comment != nil {
		d.Timeline = append(d.Timeline, server.TimelineEntry{Time: now, Kind: server.TimelineComment, Title: *change.Comment, Actor: change.Actor})
	}
	return copied(d), nil
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func incidents(now time.Time) []server.IncidentDetail {
	return []server.IncidentDetail{compromise(now), massDownload(now), guestShare(now), oldClosed(now)}
}

// compromise is the story that the incident pages are built around.
func compromise(now time.Time) server.IncidentDetail {
	start := now.Add(-5 * time.Hour)
	step := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	account := server.Entity{Kind: "Account", Value: victim, Fields: map[string]string{"Name": "mara.lindqvist", "UPNSuffix": "wattleworks.example"}}
	ip := server.Entity{Kind: "IP", Value: badIP}
	link := server.Entity{Kind: "URL", Value: badURL}
	mail := server.Entity{Kind: "MailMessage", Value: "Your session has expired", Fields: map[string]string{"Sender": phisher, "Recipient": victim}}
	d := server.IncidentDetail{Incident: server.Incident{
		ID: "inc-0007", Number: 7, Title: "Business e-mail compromise of " + victim,
		Description: "A delivered phish was clicked; the account then signed in from a new place, set a forwarding rule and sent an invoice.",
		Severity:    "High", Status: "New", TenantID: TenantID,
		Created: step(22), Updated: step(141), FirstActivity: start, LastActivity: step(140),
		Tactics: []string{"InitialAccess", "Persistence", "Collection", "Exfiltration"}, Techniques: []string{"T1566.002", "T1114.003", "T1078"},
		AlertCount: 3, Entities: []server.Entity{account, ip, link, mail, {Kind: "Mailbox", Value: partner}},
	}}
	d.Alerts = []server.Alert{
		{
			ID: "alert-31", RuleID: "quoll-url-click-phish", Name: "Link in a delivered phish was clicked", Severity: "Medium",
			Description: "A user opened a link of a message that was later judged to be phishing.",
			Created:     step(22), FirstActivity: start, LastActivity: step(9), Tactics: []string{"InitialAccess"}, Techniques: []string{"T1566.002"},
			Entities: []server.Entity{account, link, mail}, From: start.Add(-time.Hour), To: step(30),
			Query: "UrlClickEvents\n| where ActionType == \"ClickAllowed\"\n| join kind=inner (EmailEvents | where ThreatTypes has \"Phish\") on NetworkMessageId\n| project TimeGenerated, AccountUpn, Url, IPAddress, Subject",
			Evidence: server.Evidence{
				Columns: columns("TimeGenerated:datetime AccountUpn:string Url:string IPAddress:string Subject:string"),
				Rows:    [][]any{{step(9), victim, badURL, "198.51.100.20", "Your session has expired"}},
			},
		},
		{
			ID: "alert-32", RuleID: "quoll-forwarding-rule", Name: "Inbox rule forwards mail outside", Severity: "High",
			Description: "A new inbox rule sends messages to an address outside the organisation.",
			Created:     step(64), FirstActivity: step(48), LastActivity: step(48), Tactics: []string{"Persistence", "Collection"}, Techniques: []string{"T1114.003"},
			Entities: []server.Entity{account, ip}, From: start, To: step(64),
			Query: "OfficeActivity\n| where Operation == \"New-InboxRule\"\n| where Parameters has \"ForwardTo\"",
			Evidence: server.Evidence{
				Columns: columns("TimeGenerated:datetime Operation:string UserId:string ClientIP:string Parameters:dynamic"),
				Rows: [][]any{{step(48), "New-InboxRule", victim, badIP,
					json.RawMessage(`[{"Name":"Name","Value":"."},{"Name":"ForwardTo","Value":"smtp:collector@mailbox.example"}]`)}},
			},
		},
		{
			ID: "alert-33", RuleID: "quoll-mass-mail-access", Name: "Unusual number of messages read", Severity: "Medium",
			Description: "An account read far more messages within an hour than it usually does.",
			Created:     step(141), FirstActivity: step(60), LastActivity: step(140), Tactics: []string{"Collection"}, Techniques: []string{"T1114"},
			Entities: []server.Entity{account, ip}, From: start, To: step(141),
			Query:    "OfficeActivity\n| where Operation == \"MailItemsAccessed\"\n| summarize Messages=count() by UserId, ClientIP, bin(TimeGenerated, 1h)\n| where Messages > 100",
			Evidence: massAccess(step),
		},
	}
	d.Timeline = []server.TimelineEntry{
		{Time: start, Kind: server.TimelineActivity, Title: "Phish delivered", Detail: "“Your session has expired” from " + phisher + " reached the inbox.", Entities: []server.Entity{mail}},
		{Time: step(9), Kind: server.TimelineActivity, Title: "Link clicked", Detail: badURL, Actor: victim, Entities: []server.Entity{account, link}},
		{Time: step(17), Kind: server.TimelineActivity, Title: "Sign-in from a new place", Detail: "First sign-in of this account from " + badIP + ".", Actor: victim, Entities: []server.Entity{account, ip}},
		{Time: step(22), Kind: server.TimelineAlert, Title: "Link in a delivered phish was clicked", Severity: "Medium", AlertID: "alert-31"},
		{Time: step(48), Kind: server.TimelineActivity, Title: "Forwarding rule created", Detail: "Rule “.” forwards everything to collector@mailbox.example.", Actor: victim},
		{Time: step(64), Kind: server.TimelineAlert, Title: "Inbox rule forwards mail outside", Severity: "High", AlertID: "alert-32"},
		{Time: step(118), Kind: server.TimelineActivity, Title: "Invoice sent", Detail: "“Updated bank details, invoice 20261” to " + partner, Actor: victim},
		{Time: step(141), Kind: server.TimelineAlert, Title: "Unusual number of messages read", Severity: "Medium", AlertID: "alert-33"},
	}
	return d
}

func massAccess(step func(int) time.Time) server.Evidence {
	e := server.Evidence{Columns: columns("TimeGenerated:datetime UserId:string ClientIP:string Messages:long"), Truncated: true}
	for i := range 12 {
		e.Rows = append(e.Rows, []any{step(60 + i*6), victim, badIP, int64(140 + i*37)})
	}
	return e
}

func simple(now time.Time, id string, number int64, title, severity, status string, age time.Duration, entities ...server.Entity) server.IncidentDetail {
	first := now.Add(-age)
	alert := server.Alert{
		ID: "alert-" + id, RuleID: "quoll-" + id, Name: title, Severity: severity, Created: first.Add(20 * time.Minute),
		FirstActivity: first, LastActivity: first.Add(15 * time.Minute), Entities: entities, Query: "OfficeActivity\n| take 10",
		From: first.Add(-time.Hour), To: first.Add(time.Hour),
		Evidence: server.Evidence{Columns: columns("TimeGenerated:datetime Operation:string UserId:string"), Rows: [][]any{{first, "FileDownloaded", people[1]}}},
	}
	return server.IncidentDetail{
		Incident: server.Incident{
			ID: "inc-" + id, Number: number, Title: title, Severity: severity, Status: status, TenantID: TenantID,
			Created: alert.Created, Updated: alert.Created, FirstActivity: first, LastActivity: alert.LastActivity,
			Tactics: []string{"Exfiltration"}, AlertCount: 1, Entities: entities,
		},
		Alerts:   []server.Alert{alert},
		Timeline: []server.TimelineEntry{{Time: alert.Created, Kind: server.TimelineAlert, Title: title, Severity: severity, AlertID: alert.ID}},
	}
}

func massDownload(now time.Time) server.IncidentDetail {
	d := simple(now, "0006", 6, "Many files downloaded in a short time", "Medium", "Active", 9*time.Hour,
		server.Entity{Kind: "Account", Value: people[1]}, server.Entity{Kind: "IP", Value: "198.51.100.90"})
	d.Owner = "ines.okafor"
	return d
}

func guestShare(now time.Time) server.IncidentDetail {
	return simple(now, "0005", 5, "File shared with an address outside the organisation", "Low", "New", 30*time.Hour,
		server.Entity{Kind: "Account", Value: people[2]}, server.Entity{Kind: "File", Value: "Payroll 2026.xlsx"})
}

func oldClosed(now time.Time) server.IncidentDetail {
	d := simple(now, "0004", 4, "Mailbox audit switched off", "High", "Closed", 60*time.Hour, server.Entity{Kind: "Mailbox", Value: people[3]})
	d.Owner, d.Classification = "kai.whitford", "BenignPositive"
	closed := now.Add(-50 * time.Hour)
	d.Closed = &closed
	d.Timeline = append(d.Timeline, server.TimelineEntry{Time: closed, Kind: server.TimelineComment, Actor: "kai.whitford", Title: "Planned change 4471; audit was back on after ten minutes."})
	return d
}

// ExportIncident implements server.Custodian.
func (c *Canned) ExportIncident(ctx context.Context, id string) (*server.CustodyFile, error) {
	detail, err := c.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	text := "canned custody of " + detail.Title
	return &server.CustodyFile{
		Name: fmt.Sprintf("incident-%d.custody.tar", detail.Number), Size: int64(len(text)), SHA256: strings.Repeat("c0", 32), Body: io.NopCloser(strings.NewReader(text)),
	}, nil
}

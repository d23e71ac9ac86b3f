package incident

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/model"
)

// ownRow is a row for one of Quoll's own tables.
type ownRow struct {
	Table string         `json:"table"`
	Key   string         `json:"key"`
	Row   map[string]any `json:"row"`
}

// outboxBatch bounds the rows that are handed on at once.
const outboxBatch = 200

// HandOn gives rows of SecurityAlert and SecurityIncident that are not handed on
// yet to journal, in the order in which they came about, and returns how many.
// The body it gives is of model.FormatOwnRows. A row is forgotten once journal
// has returned; after a crash in between it comes again under the same key.
func (s *Store) HandOn(ctx context.Context, journal func(ctx context.Context, body []byte) error) (int, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT sequence, body FROM incident_outbox ORDER BY sequence LIMIT ?`, outboxBatch)
	if err != nil {
		return 0, fmt.Errorf("read rows to hand on: %w", err)
	}
	var body bytes.Buffer
	var last int64
	count := 0
	for rows.Next() {
		var one string
		if err := rows.Scan(&last, &one); err != nil {
			return 0, errors.Join(fmt.Errorf("read rows to hand on: %w", err), rows.Close())
		}
		body.WriteString(one + "\n")
		count++
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, fmt.Errorf("read rows to hand on: %w", err)
	}
	if count == 0 {
		return 0, nil
	}
	if err := journal(ctx, body.Bytes()); err != nil {
		return 0, fmt.Errorf("hand on rows: %w", err)
	}
	if _, err := s.db.ExecContext(ctx, `DELETE FROM incident_outbox WHERE sequence <= ?`, last); err != nil {
		return 0, fmt.Errorf("forget rows that were handed on: %w", err)
	}
	return count, nil
}

// put writes rows into the outbox. Their keys say the place in the order, so
// that the same rows handed on twice are one.
func (s *Store) put(ctx context.Context, tx *sql.Tx, rows ...ownRow) error {
	for _, r := range rows {
		result, err := tx.ExecContext(ctx, `INSERT INTO incident_outbox (body) VALUES ('')`)
		if err != nil {
			return fmt.Errorf("put a row of %s: %w", r.Table, err)
		}
		sequence, err := result.LastInsertId()
		if err != nil {
			return fmt.Errorf("put a row of %s: %w", r.Table, err)
		}
		r.Key = fmt.Sprintf("%s %d %d", r.Key, sequence, s.now().UnixMicro())
		body, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("put a row of %s: %w", r.Table, err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE incident_outbox SET body=? WHERE sequence=?`, string(body), sequence); err != nil {
			return fmt.Errorf("put a row of %s: %w", r.Table, err)
		}
	}
	return nil
}

func text(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return at.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// alertRow tells of an alert as Sentinel's SecurityAlert does.
func (s *Store) alertRow(a model.Alert, status string) ownRow {
	extended, _ := json.Marshal(map[string]any{ // maps of texts always marshal
		"Query": a.Evidence.Query, "Query Period Start": text(a.Evidence.From), "Query Period End": text(a.Evidence.To), "Search Query Results Overall Count": a.Evidence.Total,
		"Analytic Rule Ids": []string{a.RuleID}, "Analytic Rule Name": a.RuleName, "Analytic Rule Version": a.RuleVersion, "Custom Details": a.CustomDetails,
	})
	entities, compromised := sentinelEntities(a.Entities)
	techniques, _ := json.Marshal(a.Techniques)
	subTechniques, _ := json.Marshal(a.SubTechniques)
	property := func(name, otherwise string) string {
		if v := a.Properties[name]; v != "" {
			return v
		}
		return otherwise
	}
	return ownRow{Table: "SecurityAlert", Key: a.ID, Row: map[string]any{
		"TimeGenerated": text(s.now()), "DisplayName": a.Name, "AlertName": a.Name, "AlertSeverity": string(a.Severity), "Description": a.Description,
		"ProviderName": property("ProviderName", "Quoll"), "VendorName": "Quoll", "VendorOriginalId": a.ID, "SystemAlertId": a.ID, "AlertType": a.RuleID,
		"ConfidenceLevel": property("ConfidenceLevel", ""), "IsIncident": false, "StartTime": text(a.Start), "EndTime": text(a.End), "ProcessingEndTime": text(a.Watermark),
		"RemediationSteps": property("RemediationSteps", ""), "ExtendedProperties": string(extended), "Entities": entities, "SourceSystem": "Detection",
		"ExtendedLinks": property("ExtendedLinks", ""), "ProductName": property("ProductName", "Quoll"), "ProductComponentName": property("ProductComponentName", "Scheduled Alerts"),
		"AlertLink": property("AlertLink", ""), "Status": status, "CompromisedEntity": compromised, "Tactics": strings.Join(a.Tactics, ", "),
		"Techniques": string(techniques), "SubTechniques": string(subTechniques),
	}}
}

// sentinelEntities writes entities as SecurityAlert has them, and names the
// first account or mailbox.
func sentinelEntities(entities []model.Entity) (list, compromised string) {
	all := []map[string]any{}
	for i, e := range entities {
		one := map[string]any{"$id": fmt.Sprint(i + 2), "Type": strings.ToLower(e.Kind)}
		for key, value := range e.Identifiers {
			one[key] = value
		}
		if name := e.Identifiers["FullName"]; e.Kind == "Account" && name != "" {
			user, suffix, _ := strings.Cut(name, "@")
			one["Name"], one["UPNSuffix"] = user, suffix
		}
		all = append(all, one)
		if ids := identities(e); compromised == "" && len(ids) > 0 && (e.Kind == "Account" || e.Kind == "Mailbox") {
			compromised = ids[0].value
		}
	}
	body, _ := json.Marshal(all)
	return string(body), compromised
}

// putIncident writes the row that tells of an incident as it is now.
func (s *Store) putIncident(ctx context.Context, tx *sql.Tx, number int64, author string) error {
	if err := s.tell(ctx, tx, number, author); err != nil {
		return err
	}
	d, err := readDetail(ctx, tx, number)
	if err != nil {
		return err
	}
	ids, rules := []string{}, []string{}
	for _, a := range d.Alerts {
		ids = append(ids, a.ID)
		if !slices.Contains(rules, a.RuleID) {
			rules = append(rules, a.RuleID)
		}
	}
	comments, why := []map[string]any{}, ""
	for _, h := range d.Timeline {
		if h.Kind == "comment" {
			comments = append(comments, map[string]any{"message": h.Text, "author": map[string]any{"name": h.Author}, "createdTimeUtc": text(h.Time)})
			why = h.Text
		}
	}
	if d.Status != model.IncidentClosed {
		why = ""
	}
	labels := []map[string]any{}
	for _, tag := range d.Tags {
		labels = append(labels, map[string]any{"labelName": tag, "labelType": "User"})
	}
	tasks := []map[string]any{}
	for _, t := range d.Tasks {
		status := "New"
		if !t.Done.IsZero() {
			status = "Completed"
		}
		tasks = append(tasks, map[string]any{"title": t.Title, "status": status, "createdBy": map[string]any{"name": t.By}, "createdTimeUtc": text(t.At)})
	}
	if author == "" {
		author = "Quoll"
	}
	return s.put(ctx, tx, ownRow{Table: "SecurityIncident", Key: fmt.Sprint(number), Row: map[string]any{
		"TimeGenerated": text(s.now()), "IncidentName": fmt.Sprint(number), "Title": d.Title, "Severity": string(d.Severity), "Status": string(d.Status),
		"Classification": string(d.Classification), "ClassificationComment": why, "Owner": map[string]any{"assignedTo": d.Owner, "userPrincipalName": d.Owner},
		"ProviderName": "Quoll", "ProviderIncidentId": fmt.Sprint(number), "FirstActivityTime": text(d.FirstActivity), "LastActivityTime": text(d.LastActivity),
		"FirstModifiedTime": text(d.Created), "LastModifiedTime": text(s.now()), "CreatedTime": text(d.Created), "ClosedTime": text(d.Closed), "IncidentNumber": number,
		"RelatedAnalyticRuleIds": rules, "AlertIds": ids, "BookmarkIds": []string{}, "Comments": comments, "Tasks": tasks, "Labels": labels,
		"AdditionalData": map[string]any{"alertsCount": len(ids), "commentsCount": len(comments), "tactics": d.Tactics, "techniques": d.Techniques, "alertProductNames": []string{"Quoll"}},
		"ModifiedBy":     author, "SourceSystem": "Quoll",
	}})
}

package incident

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/model"
)

// Raise takes in an alert and groups it into an incident, in one transaction.
// Raising the same alert again changes nothing; raising it with other content
// (a window that grew) replaces it, and the incident's timeline says so. Raise
// is therefore safe to repeat after a crash.
func (s *Store) Raise(ctx context.Context, alert model.Alert) error {
	body, err := json.Marshal(alert)
	if err != nil {
		return fmt.Errorf("raise alert %s: %w", alert.ID, err)
	}
	digest := contentDigest(alert)
	return s.inTransaction(ctx, "raise alert "+alert.ID, func(tx *sql.Tx) error {
		known, number, err := findAlert(ctx, tx, alert.ID)
		if err != nil {
			return err
		}
		if known == digest {
			return nil
		}
		if known != "" {
			return s.replaceAlert(ctx, tx, alert, number, digest, body)
		}
		return s.addAlert(ctx, tx, alert, digest, body)
	})
}

// contentDigest covers what an alert says, without when it was said.
func contentDigest(alert model.Alert) string {
	alert.Raised, alert.Watermark = time.Time{}, time.Time{}
	body, err := json.Marshal(alert)
	if err != nil {
		panic("an alert that was marshalled once no longer is: " + err.Error())
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func findAlert(ctx context.Context, tx *sql.Tx, id string) (digest string, number sql.NullInt64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT digest, incident FROM incident_alert WHERE id = ?`, id).Scan(&digest, &number)
	if errors.Is(err, sql.ErrNoRows) {
		return "", number, nil
	}
	return digest, number, err
}

func (s *Store) addAlert(ctx context.Context, tx *sql.Tx, alert model.Alert, digest string, body []byte) error {
	var number sql.NullInt64
	if alert.Grouping.CreateIncident {
		n, err := s.incidentFor(ctx, tx, alert)
		if err != nil {
			return err
		}
		number = sql.NullInt64{Int64: n, Valid: true}
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO incident_alert (id, incident, rule_id, severity, started, ended, raised, digest, body) VALUES (?,?,?,?,?,?,?,?,?)`,
		alert.ID, number, alert.RuleID, string(alert.Severity), micros(alert.Start), micros(alert.End), micros(alert.Raised), digest, string(body)); err != nil {
		return fmt.Errorf("insert alert: %w", err)
	}
	if err := insertIdentities(ctx, tx, alert); err != nil {
		return err
	}
	if err := s.put(ctx, tx, s.alertRow(alert, "New")); err != nil || !number.Valid {
		return err
	}
	if err := s.note(ctx, tx, number.Int64, "alert", "", alert.Name); err != nil {
		return err
	}
	return s.putIncident(ctx, tx, number.Int64, "")
}

func (s *Store) replaceAlert(ctx context.Context, tx *sql.Tx, alert model.Alert, number sql.NullInt64, digest string, body []byte) error {
	if _, err := tx.ExecContext(ctx, `UPDATE incident_alert SET severity=?, started=?, ended=?, digest=?, body=? WHERE id=?`,
		string(alert.Severity), micros(alert.Start), micros(alert.End), digest, string(body), alert.ID); err != nil {
		return fmt.Errorf("update alert: %w", err)
	}
	if err := insertIdentities(ctx, tx, alert); err != nil {
		return err
	}
	if err := s.put(ctx, tx, s.alertRow(alert, "New")); err != nil || !number.Valid {
		return err
	}
	if err := s.extend(ctx, tx, number.Int64, alert); err != nil {
		return err
	}
	if err := s.note(ctx, tx, number.Int64, "alert-updated", "", fmt.Sprintf("%s: now %d rows", alert.Name, alert.Evidence.Total)); err != nil {
		return err
	}
	return s.putIncident(ctx, tx, number.Int64, "")
}

func insertIdentities(ctx context.Context, tx *sql.Tx, alert model.Alert) error {
	for _, id := range identitiesOf(alert.Entities) {
		if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO incident_alert_entity (alert, kind, identity) VALUES (?,?,?)`, alert.ID, id.kind, id.value); err != nil {
			return fmt.Errorf("insert entity %s: %w", id.kind, err)
		}
	}
	return nil
}

// incidentFor returns the incident that takes in a new alert: the oldest one
// that shares an entity with it and is recent enough, or a new one.
func (s *Store) incidentFor(ctx context.Context, tx *sql.Tx, alert model.Alert) (int64, error) {
	number, status, err := findIncident(ctx, tx, alert)
	if err != nil {
		return 0, err
	}
	if number == 0 {
		return s.createIncident(ctx, tx, alert)
	}
	if err := s.extend(ctx, tx, number, alert); err != nil {
		return 0, err
	}
	if status != model.IncidentClosed {
		return number, nil
	}
	if _, err := tx.ExecContext(ctx, `UPDATE incident SET status=?, closed=NULL, classification='' WHERE number=?`, string(model.IncidentActive), number); err != nil {
		return 0, fmt.Errorf("reopen incident %d: %w", number, err)
	}
	return number, s.note(ctx, tx, number, "reopened", "", "a further alert arrived")
}

// findIncident returns the incident that an alert joins, 0 where there is none.
// Candidates share an entity, or the rule where that is how its alerts meet.
func findIncident(ctx context.Context, tx *sql.Tx, alert model.Alert) (int64, model.IncidentStatus, error) {
	ids := groupingIdentities(alert)
	g := alert.Grouping
	if len(ids) == 0 && !g.ByRule {
		return 0, "", nil
	}
	args := []any{micros(alert.Start.Add(-g.Lookback)), micros(alert.End.Add(g.Lookback)), g.Reopen, string(model.IncidentClosed)}
	shared := "a.rule_id = ?"
	if g.ByRule {
		args = append(args, alert.RuleID)
	} else {
		tuples := make([]string, len(ids))
		for i, id := range ids {
			tuples[i] = "(?,?)"
			args = append(args, id.kind, id.value)
		}
		shared = "(e.kind, e.identity) IN (VALUES " + strings.Join(tuples, ",") + ")"
	}
	rows, err := tx.QueryContext(ctx, `
		SELECT DISTINCT i.number, i.status FROM incident i
		JOIN incident_alert a ON a.incident = i.number
		LEFT JOIN incident_alert_entity e ON e.alert = a.id
		WHERE i.last_activity >= ? AND i.first_activity <= ? AND (? OR i.status <> ?) AND i.merged_into IS NULL AND `+shared+`
		ORDER BY i.status = 'Closed', i.number LIMIT 50`, args...)
	if err != nil {
		return 0, "", fmt.Errorf("find incident: %w", err)
	}
	var candidates []model.Incident
	for rows.Next() {
		var c model.Incident
		if err := rows.Scan(&c.Number, &c.Status); err != nil {
			return 0, "", errors.Join(fmt.Errorf("find incident: %w", err), rows.Close())
		}
		candidates = append(candidates, c)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, "", fmt.Errorf("find incident: %w", err)
	}
	for _, c := range candidates {
		if !g.AllEntities && len(g.ByAlertDetails) == 0 && len(g.ByCustomDetails) == 0 {
			return c.Number, c.Status, nil
		}
		alerts, err := readAlerts(ctx, tx, c.Number)
		if err != nil {
			return 0, "", err
		}
		if slices.ContainsFunc(alerts, func(other model.Alert) bool { return meets(alert, other) }) {
			return c.Number, c.Status, nil
		}
	}
	return 0, "", nil
}

// meets says whether an alert has all that its rule wants it to share with an
// alert of an incident.
func meets(alert, other model.Alert) bool {
	g := alert.Grouping
	if g.AllEntities {
		others := identitiesOf(other.Entities)
		for _, e := range alert.Entities {
			ids := identities(e)
			wanted := slices.ContainsFunc(ids, func(id identity) bool { return slices.Contains(g.ByEntities, id.kind) })
			if wanted && !slices.ContainsFunc(ids, func(id identity) bool { return slices.Contains(others, id) }) {
				return false
			}
		}
	}
	for _, detail := range g.ByAlertDetails {
		if strings.EqualFold(detail, "DisplayName") && alert.Name != other.Name || strings.EqualFold(detail, "Severity") && alert.Severity != other.Severity {
			return false
		}
	}
	for _, key := range g.ByCustomDetails {
		if !slices.Equal(alert.CustomDetails[key], other.CustomDetails[key]) {
			return false
		}
	}
	return true
}

func (s *Store) createIncident(ctx context.Context, tx *sql.Tx, alert model.Alert) (int64, error) {
	now := micros(s.now())
	result, err := tx.ExecContext(ctx, `INSERT INTO incident (title, severity, status, created, updated, first_activity, last_activity) VALUES (?,?,?,?,?,?,?)`,
		title(alert), string(alert.Severity), string(model.IncidentNew), now, now, micros(alert.Start), micros(alert.End))
	if err != nil {
		return 0, fmt.Errorf("insert incident: %w", err)
	}
	number, err := result.LastInsertId()
	if err != nil {
		return 0, fmt.Errorf("insert incident: %w", err)
	}
	return number, s.note(ctx, tx, number, "created", "", title(alert))
}

// title names the alert and the first thing it is about.
func title(alert model.Alert) string {
	for _, e := range alert.Entities {
		if e.Kind != "Account" && e.Kind != "Mailbox" {
			continue
		}
		if ids := identities(e); len(ids) > 0 {
			return alert.Name + ": " + ids[0].value
		}
	}
	return alert.Name
}

// extend widens an incident by an alert: its activity, and its severity when
// the alert is worse.
func (s *Store) extend(ctx context.Context, tx *sql.Tx, number int64, alert model.Alert) error {
	var severity string
	if err := tx.QueryRowContext(ctx, `SELECT severity FROM incident WHERE number=?`, number).Scan(&severity); err != nil {
		return fmt.Errorf("read incident %d: %w", number, err)
	}
	if alert.Severity.Rank() > model.Severity(severity).Rank() {
		severity = string(alert.Severity)
	}
	_, err := tx.ExecContext(ctx, `UPDATE incident SET severity=?, updated=?, first_activity=min(first_activity,?), last_activity=max(last_activity,?) WHERE number=?`,
		severity, micros(s.now()), micros(alert.Start), micros(alert.End), number)
	if err != nil {
		return fmt.Errorf("extend incident %d: %w", number, err)
	}
	return nil
}

func (s *Store) note(ctx context.Context, tx *sql.Tx, number int64, kind, author, text string) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO incident_happening (incident, time, kind, author, text) VALUES (?,?,?,?,?)`, number, micros(s.now()), kind, author, text); err != nil {
		return fmt.Errorf("note %s: %w", kind, err)
	}
	return nil
}

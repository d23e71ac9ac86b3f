package incident

import (
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

// Filter narrows a list of incidents. Its zero value takes all.
type Filter struct {
	Statuses   []model.IncidentStatus
	Severities []model.Severity
	// Owner must be the owner; NoOwner asks for incidents that nobody owns.
	Owner string
	// Text must be contained in the title or in the identity of an entity,
	// whatever its case.
	Text string
	// From and To bound the last activity: half open, zero is no bound.
	From, To time.Time
	// Offset skips so many, Limit bounds the list; zero stands for 500.
	Offset, Limit int
}

// NoOwner is the owner that asks for incidents nobody owns.
const NoOwner = "-"

const defaultLimit = 500

// List returns incidents, the one with the newest activity first, and how many
// match the filter in all.
func (s *Store) List(ctx context.Context, f Filter) (incidents []model.Incident, total int, err error) {
	where, args := f.condition()
	if err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM incident`+where, args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count incidents: %w", err)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	rows, err := s.db.QueryContext(ctx, selectIncident+where+` ORDER BY last_activity DESC, number DESC LIMIT ? OFFSET ?`, append(args, limit, f.Offset)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list incidents: %w", err)
	}
	if incidents, err = scanIncidents(rows); err != nil {
		return nil, 0, fmt.Errorf("list incidents: %w", err)
	}
	for i := range incidents {
		alerts, err := readAlerts(ctx, s.db, incidents[i].Number)
		if err != nil {
			return nil, 0, err
		}
		summarise(&incidents[i], alerts)
	}
	return incidents, total, nil
}

// Get returns all of one incident. The error is ErrNotFound when there is none
// of that number.
func (s *Store) Get(ctx context.Context, number int64) (*Detail, error) {
	return readDetail(ctx, s.db, number)
}

// reader is a database or a transaction.
type reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func readDetail(ctx context.Context, db reader, number int64) (*Detail, error) {
	rows, err := db.QueryContext(ctx, selectIncident+` WHERE number=?`, number)
	if err != nil {
		return nil, fmt.Errorf("get incident %d: %w", number, err)
	}
	found, err := scanIncidents(rows)
	if err != nil {
		return nil, fmt.Errorf("get incident %d: %w", number, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("get incident %d: %w", number, ErrNotFound)
	}
	detail := &Detail{Incident: found[0]}
	if detail.Alerts, err = readAlerts(ctx, db, number); err != nil {
		return nil, err
	}
	summarise(&detail.Incident, detail.Alerts)
	if detail.Tags, err = readTags(ctx, db, number); err != nil {
		return nil, err
	}
	if detail.Tasks, err = readTasks(ctx, db, number); err != nil {
		return nil, err
	}
	detail.Timeline, err = readTimeline(ctx, db, number)
	return detail, err
}

const selectIncident = `SELECT number, title, severity, status, classification, owner, created, updated, closed, first_activity, last_activity, merged_into FROM incident`

func (f Filter) condition() (string, []any) {
	var terms []string
	var args []any
	in := func(column string, values []string) {
		if len(values) == 0 {
			return
		}
		terms = append(terms, column+" IN (?"+strings.Repeat(",?", len(values)-1)+")")
		for _, v := range values {
			args = append(args, v)
		}
	}
	in("status", asStrings(f.Statuses))
	in("severity", asStrings(f.Severities))
	if f.Owner == NoOwner {
		terms = append(terms, "owner = ''")
	} else if f.Owner != "" {
		in("owner", []string{f.Owner})
	}
	if f.Text != "" {
		terms = append(terms, `(instr(lower(title), lower(?)) > 0 OR number IN (SELECT a.incident FROM incident_alert a
			JOIN incident_alert_entity e ON e.alert = a.id WHERE instr(e.identity, lower(?)) > 0))`)
		args = append(args, f.Text, f.Text)
	}
	if !f.From.IsZero() {
		terms = append(terms, "last_activity >= ?")
		args = append(args, micros(f.From))
	}
	if !f.To.IsZero() {
		terms = append(terms, "last_activity < ?")
		args = append(args, micros(f.To))
	}
	terms = append(terms, "merged_into IS NULL")
	return " WHERE " + strings.Join(terms, " AND "), args
}

func asStrings[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

func scanIncidents(rows *sql.Rows) ([]model.Incident, error) {
	defer func() { _ = rows.Close() }()
	var all []model.Incident
	for rows.Next() {
		var i model.Incident
		var created, updated, first, last int64
		var closed, merged sql.NullInt64
		if err := rows.Scan(&i.Number, &i.Title, &i.Severity, &i.Status, &i.Classification, &i.Owner, &created, &updated, &closed, &first, &last, &merged); err != nil {
			return nil, err
		}
		i.Created, i.Updated, i.FirstActivity, i.LastActivity = fromMicros(created), fromMicros(updated), fromMicros(first), fromMicros(last)
		i.MergedInto = merged.Int64
		if closed.Valid {
			i.Closed = fromMicros(closed.Int64)
		}
		all = append(all, i)
	}
	return all, rows.Err()
}

// summarise fills in what an incident says of its alerts together.
func summarise(i *model.Incident, alerts []model.Alert) {
	i.AlertCount = len(alerts)
	for _, a := range alerts {
		i.Entities = mergeEntities(i.Entities, a.Entities)
		i.Tactics = append(i.Tactics, a.Tactics...)
		i.Techniques = append(i.Techniques, a.Techniques...)
	}
	slices.Sort(i.Tactics)
	i.Tactics = slices.Compact(i.Tactics)
	slices.Sort(i.Techniques)
	i.Techniques = slices.Compact(i.Techniques)
}

func readAlerts(ctx context.Context, db reader, number int64) ([]model.Alert, error) {
	rows, err := db.QueryContext(ctx, `SELECT body FROM incident_alert WHERE incident=? ORDER BY started, id`, number)
	if err != nil {
		return nil, fmt.Errorf("read alerts of incident %d: %w", number, err)
	}
	defer func() { _ = rows.Close() }()
	var alerts []model.Alert
	for rows.Next() {
		var body string
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("read alerts of incident %d: %w", number, err)
		}
		var a model.Alert
		if err := json.Unmarshal([]byte(body), &a); err != nil {
			return nil, fmt.Errorf("read alerts of incident %d: %w", number, err)
		}
		alerts = append(alerts, a)
	}
	return alerts, rows.Err()
}

func readTimeline(ctx context.Context, db reader, number int64) ([]model.Happening, error) {
	rows, err := db.QueryContext(ctx, `SELECT time, kind, author, text FROM incident_happening WHERE incident=? ORDER BY sequence`, number)
	if err != nil {
		return nil, fmt.Errorf("read timeline of incident %d: %w", number, err)
	}
	defer func() { _ = rows.Close() }()
	var all []model.Happening
	for rows.Next() {
		var h model.Happening
		var at int64
		if err := rows.Scan(&at, &h.Kind, &h.Author, &h.Text); err != nil {
			return nil, fmt.Errorf("read timeline of incident %d: %w", number, err)
		}
		h.Time = fromMicros(at)
		all = append(all, h)
	}
	return all, rows.Err()
}

func readTags(ctx context.Context, db reader, number int64) ([]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT tag FROM incident_tag WHERE incident=? ORDER BY tag`, number)
	if err != nil {
		return nil, fmt.Errorf("read tags of incident %d: %w", number, err)
	}
	defer func() { _ = rows.Close() }()
	var tags []string
	for rows.Next() {
		var tag string
		if err := rows.Scan(&tag); err != nil {
			return nil, fmt.Errorf("read tags of incident %d: %w", number, err)
		}
		tags = append(tags, tag)
	}
	return tags, rows.Err()
}

// Alert returns one alert by its id, or ErrNotFound.
func (s *Store) Alert(ctx context.Context, id string) (*model.Alert, error) {
	var body string
	err := s.db.QueryRowContext(ctx, `SELECT body FROM incident_alert WHERE id=?`, id).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("get alert %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("get alert %s: %w", id, err)
	}
	var a model.Alert
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		return nil, fmt.Errorf("get alert %s: %w", id, err)
	}
	return &a, nil
}

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

	"github.com/quoll/quoll/internal/state"
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
	incidents, err = state.All(ctx, s.db, "list incidents", scanIncident, selectIncident+where+` ORDER BY last_activity DESC, number DESC LIMIT ? OFFSET ?`, append(args, limit, f.Offset)...)
	if err != nil {
		return nil, 0, err
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

func readDetail(ctx context.Context, db state.Querier, number int64) (*Detail, error) {
	found, err := state.All(ctx, db, fmt.Sprintf("get incident %d", number), scanIncident, selectIncident+` WHERE number=?`, number)
	if err != nil {
		return nil, err
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

func scanIncident(row state.Row) (i model.Incident, err error) {
	var created, updated, first, last int64
	var closed, merged sql.NullInt64
	err = row.Scan(&i.Number, &i.Title, &i.Severity, &i.Status, &i.Classification, &i.Owner, &created, &updated, &closed, &first, &last, &merged)
	i.Created, i.Updated, i.FirstActivity, i.LastActivity = fromMicros(created), fromMicros(updated), fromMicros(first), fromMicros(last)
	i.MergedInto = merged.Int64
	if closed.Valid {
		i.Closed = fromMicros(closed.Int64)
	}
	return i, err
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

func readAlerts(ctx context.Context, db state.Querier, number int64) ([]model.Alert, error) {
	return state.All(ctx, db, fmt.Sprintf("read alerts of incident %d", number), scanAlert, `SELECT body FROM incident_alert WHERE incident=? ORDER BY started, id`, number)
}

func scanAlert(row state.Row) (a model.Alert, err error) {
	var body []byte
	if err := row.Scan(&body); err != nil {
		return a, err
	}
	return a, json.Unmarshal(body, &a)
}

func readTimeline(ctx context.Context, db state.Querier, number int64) ([]model.Happening, error) {
	return state.All(ctx, db, fmt.Sprintf("read timeline of incident %d", number), func(row state.Row) (h model.Happening, err error) {
		var at int64
		err = row.Scan(&at, &h.Kind, &h.Author, &h.Text)
		h.Time = fromMicros(at)
		return h, err
	}, `SELECT time, kind, author, text FROM incident_happening WHERE incident=? ORDER BY sequence`, number)
}

func readTags(ctx context.Context, db state.Querier, number int64) ([]string, error) {
	return state.All(ctx, db, fmt.Sprintf("read tags of incident %d", number), func(row state.Row) (tag string, err error) {
		return tag, row.Scan(&tag)
	}, `SELECT tag FROM incident_tag WHERE incident=? ORDER BY tag`, number)
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

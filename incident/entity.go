package incident

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quoll/quoll/model"
)

// Sightings are what alerts say of an entity.
type Sightings struct {
	First, Last time.Time // of the events behind the alerts, UTC; zero: none
	Alerts      []Sighting
}

// Sighting is an alert about an entity.
type Sighting struct {
	Alert    model.Alert
	Incident int64 // 0 where its rule makes none
}

// maxSightings bounds the alerts about one entity.
const maxSightings = 500

// About returns the alerts about an entity, whatever rules called it: an account
// and its mailbox are one. The newest come first.
func (s *Store) About(ctx context.Context, kind, value string) (*Sightings, error) {
	if kind == "Mailbox" {
		kind = "Account"
	}
	rows, err := s.db.QueryContext(ctx, `SELECT a.id, coalesce(a.incident, 0) FROM incident_alert a JOIN incident_alert_entity e ON e.alert = a.id
		WHERE e.kind=? AND e.identity=? ORDER BY a.ended DESC, a.id LIMIT ?`, kind, strings.ToLower(strings.TrimSpace(value)), maxSightings)
	if err != nil {
		return nil, fmt.Errorf("find alerts about %s %s: %w", kind, value, err)
	}
	defer func() { _ = rows.Close() }()
	found := &Sightings{}
	var ids []string
	for rows.Next() {
		var id string
		var one Sighting
		if err := rows.Scan(&id, &one.Incident); err != nil {
			return nil, fmt.Errorf("find alerts about %s %s: %w", kind, value, err)
		}
		ids, found.Alerts = append(ids, id), append(found.Alerts, one)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("find alerts about %s %s: %w", kind, value, err)
	}
	for i, id := range ids {
		a, err := s.Alert(ctx, id)
		if err != nil {
			return nil, err
		}
		found.Alerts[i].Alert = *a
		if found.First.IsZero() || a.Start.Before(found.First) {
			found.First = a.Start
		}
		if a.End.After(found.Last) {
			found.Last = a.End
		}
	}
	return found, nil
}

package incident

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/state"
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
	all, err := state.All(ctx, s.db, fmt.Sprintf("find alerts about %s %s", kind, value), func(row state.Row) (one Sighting, err error) {
		var body []byte
		if err := row.Scan(&body, &one.Incident); err != nil {
			return one, err
		}
		return one, json.Unmarshal(body, &one.Alert)
	}, `SELECT a.body, coalesce(a.incident, 0) FROM incident_alert a JOIN incident_alert_entity e ON e.alert = a.id
		WHERE e.kind=? AND e.identity=? ORDER BY a.ended DESC, a.id LIMIT ?`, kind, strings.ToLower(strings.TrimSpace(value)), maxSightings)
	if err != nil {
		return nil, err
	}
	found := &Sightings{Alerts: all}
	for _, one := range all {
		if found.First.IsZero() || one.Alert.Start.Before(found.First) {
			found.First = one.Alert.Start
		}
		if one.Alert.End.After(found.Last) {
			found.Last = one.Alert.End
		}
	}
	return found, nil
}

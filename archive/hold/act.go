package hold

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// The operations of the acts, as in SentinelAudit.
const (
	ActAdd     = "Add hold"
	ActRelease = "Release hold"
)

// actProperties are what an act says of a hold, so that it can be known by the
// acts alone. Names are as other acts have them.
type actProperties struct {
	Name, Reason string
	Tenant       string
	Tables       []string
	User         string
	From, To     *time.Time
	By           string
	Why          string     `json:",omitempty"`
	Since        *time.Time `json:",omitempty"`
}

// Properties are those of the act of setting a hold, or of releasing it where it
// is released.
func (h *Hold) Properties() map[string]any {
	p := map[string]any{
		"Name": h.Name, "Reason": h.Reason, "Tenant": h.Scope.Tenant, "Tables": h.Scope.Tables, "User": h.Scope.User,
		"From": pointer(h.Scope.From), "To": pointer(h.Scope.To), "By": h.By, "Since": h.Since,
	}
	if h.Release != nil {
		p["By"], p["Why"] = h.Release.By, h.Release.Why
	}
	return p
}

func pointer(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Acts follows acts in the order in which they were done and knows which holds
// they leave.
type Acts struct {
	holds []Hold
}

// Take takes an act that succeeded: its operation, its time and its properties
// (JSON). An act about something else does nothing.
func (a *Acts) Take(operation string, at time.Time, properties []byte) error {
	if operation != ActAdd && operation != ActRelease {
		return nil
	}
	var p actProperties
	if err := json.Unmarshal(properties, &p); err != nil {
		return fmt.Errorf("read the act %q of %s: %w", operation, at.Format(time.RFC3339Nano), err)
	}
	if operation == ActAdd {
		h := Hold{Name: p.Name, Reason: p.Reason, Scope: Scope{Tenant: p.Tenant, Tables: p.Tables, User: p.User}, By: p.By, Since: at}
		if p.From != nil {
			h.Scope.From = *p.From
		}
		if p.To != nil {
			h.Scope.To = *p.To
		}
		a.holds = append(a.holds, h)
		return nil
	}
	for i := range a.holds {
		if strings.EqualFold(a.holds[i].Name, p.Name) && a.holds[i].Active() && !SamePerson(a.holds[i].By, p.By) {
			a.holds[i].Release = &Release{By: p.By, Why: p.Why, At: at}
		}
	}
	return nil
}

// Holds returns the holds that the acts so far made.
func (a *Acts) Holds() []Hold { return a.holds }

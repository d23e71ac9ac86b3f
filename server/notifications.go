package server

import (
	"context"
	"net/http"
	"time"
)

// Notifications are whom incidents are told.
type Notifications interface {
	// Targets returns them without what is secret, and the newest deliveries.
	Targets(ctx context.Context) (*NotificationState, error)
	// TestTarget sends a message at once; ErrNotFound when there is no target of
	// that name, a *Failure when it could not be sent.
	TestTarget(ctx context.Context, name, by string) error
}

// NotificationState is the targets and what was sent to them.
type NotificationState struct {
	Targets    []NotificationTarget   `json:"targets"`
	Deliveries []NotificationDelivery `json:"deliveries"`
}

// NotificationTarget is where messages go. Address is empty where it is a secret.
type NotificationTarget struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"` // webhook, teams, mail or syslog
	Address string   `json:"address"`
	To      []string `json:"to,omitempty"`
	Least   string   `json:"least"` // severity; empty: all
	OnlyNew bool     `json:"onlyNew"`
	PerHour int      `json:"perHour"`
}

// NotificationDelivery is a message to one target.
type NotificationDelivery struct {
	Target   string     `json:"target"`
	State    string     `json:"state"` // waiting, delivered, failed, held or told later
	Title    string     `json:"title"`
	Incident int64      `json:"incident"`
	Attempts int        `json:"attempts"`
	Error    string     `json:"error,omitempty"`
	Due      time.Time  `json:"due"`
	Done     *time.Time `json:"done"`
}

func (s *Server) handleNotifications(w http.ResponseWriter, r *http.Request) error {
	state, err := s.services.Notifications.Targets(r.Context())
	if err != nil {
		return err
	}
	state.Targets, state.Deliveries = notNil(state.Targets), notNil(state.Deliveries)
	writeJSON(w, http.StatusOK, state)
	return nil
}

func (s *Server) handleNotificationTest(w http.ResponseWriter, r *http.Request) error {
	if err := s.services.Notifications.TestTarget(r.Context(), r.PathValue("name"), callerOf(r.Context()).person.Name); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

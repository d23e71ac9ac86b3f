package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quoll/quoll/incident"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/notify"
)

// journalled keeps the bodies of payloads.
type journalled struct{ bodies []string }

func (j *journalled) Journal(_ context.Context, p model.Payload) (uint64, error) {
	j.bodies = append(j.bodies, string(p.Body))
	return uint64(len(j.bodies)), nil
}

// From the alert to the receiver of a webhook, and into the journal.
func TestAnIncidentIsToldAndJournalled(t *testing.T) {
	var told []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		told = append(told, string(body))
	}))
	defer server.Close()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	store, err := incident.Open(t.Context(), db, clock.System().Now)
	if err != nil {
		t.Fatal(err)
	}
	n := &node{state: db}
	notifier, err := openNotifier(t.Context(), n, []notify.Target{{Name: "soc", Kind: notify.Webhook, Address: server.URL}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	j := &journalled{}
	own := ownRows{journal: j, notifier: notifier, clock: clock.System(), log: slog.New(slog.DiscardHandler)}
	if err := store.Raise(t.Context(), model.Alert{ID: "a", RuleID: "r", Name: "Forwarding", Severity: "High", Grouping: model.Grouping{CreateIncident: true}}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.HandOn(t.Context(), own.take); err != nil {
		t.Fatal(err)
	}
	if err := notifier.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(j.bodies) != 1 || strings.Count(j.bodies[0], "\n") != 2 {
		t.Errorf("journalled %q, want the rows of alert and incident", j.bodies)
	}
	if len(told) != 1 || !strings.Contains(told[0], `"title":"Forwarding"`) || !strings.Contains(told[0], `"alerts":1`) {
		t.Errorf("told %q", told)
	}
}

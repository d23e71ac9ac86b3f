package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/incident"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/server"
)

// The register is written and shown by the command, statutory clocks included; and
// incidents are merged and split over the API, as the audit trail then says.
func TestRegisterMergeAndSplit(t *testing.T) {
	data := filepath.Join(t.TempDir(), "q")
	n, err := openNode(t.Context(), paths{data: data, archive: data + "-archive", origin: defaultOrigin}, commandSettings(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	store, err := incident.Open(t.Context(), n.state, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"ada", "bo"} {
		if err := store.Raise(t.Context(), massDownload(user, user+"@coast.example")); err != nil {
			t.Fatal(err)
		}
	}
	mergeAndSplit(t, store)
	if err := n.close(); err != nil {
		t.Fatal(err)
	}
	out, err := quoll(t, "incidents", "register", "1", "--data", data, "--occurred", "2026-09-12T21:30:00Z", "--discovered", "2026-09-14T08:00:00Z", "--statutory", "soci-critical", "--actions", "rule removed", "-o", "json")
	var r server.Register
	if err != nil || json.Unmarshal([]byte(out), &r) != nil || !slices.Equal(r.Statutory, []string{"soci-critical"}) || r.Occurred.Format(minutes) != "2026-09-12 21:30" || r.Actions != "rule removed" {
		t.Fatalf("%s, error %v", out, err)
	}
	if out, err = quoll(t, "incidents", "register", "1", "--data", data); err != nil || !strings.Contains(out, "due 2026-09-14 20:00") || !strings.Contains(out, "missing      description, reported") {
		t.Errorf("%s, error %v", out, err)
	}
	if out, err = quoll(t, "incidents", "register", "1", "--data", data, "--statutory", "", "--description", "x"); err != nil || strings.Contains(out, "SOCI") {
		t.Errorf("clocks taken back: %s, error %v", out, err)
	}
	if out, err = quoll(t, "incidents", "register", "1", "--data", data, "--statutory", "gdpr"); err == nil {
		t.Errorf("an unknown law: %s", out)
	}
}

// mergeAndSplit goes through the routes, each way and where it is not allowed.
func mergeAndSplit(t *testing.T, store *incident.Store) {
	t.Helper()
	journal := &rowsKept{}
	audit := &acts{journal: journal, clock: clock.System(), log: slog.New(slog.DiscardHandler)}
	s, err := server.New(server.DefaultConfig(), server.Options{Services: server.Services{Incidents: auditedIncidents{incidents{store, nil}, audit}}})
	if err != nil {
		t.Fatal(err)
	}
	d := desk{serverNote{Address: "http://127.0.0.1", client: &http.Client{Transport: inProcess{s.Handler()}}}, "ines"}
	ask := func(path string, body map[string]any, into any) error {
		return d.ask(t.Context(), http.MethodPost, "/api/v1/incidents/"+path, body, into)
	}
	if err := ask("1/split", map[string]any{"alerts": []string{"ada"}}, nil); err == nil || !strings.Contains(err.Error(), "one alert has to stay") {
		t.Errorf("the only alert was taken out: %v", err)
	}
	if err := ask("1/merge", map[string]any{"others": []string{"1"}}, nil); err == nil {
		t.Error("an incident was merged into itself")
	}
	if err := ask("1/merge", map[string]any{"others": []string{"9"}}, nil); err == nil {
		t.Error("an incident that there is not was merged")
	}
	var merged struct{ Alerts []struct{ ID string } }
	if err := ask("1/merge", map[string]any{"others": []string{"2"}}, &merged); err != nil || len(merged.Alerts) != 2 {
		t.Fatalf("%+v, error %v", merged, err)
	}
	var made struct{ ID string }
	if err := ask("1/split", map[string]any{"alerts": []string{"bo"}}, &made); err != nil || made.ID != "3" {
		t.Fatalf("%+v, error %v", made, err)
	}
	for _, operation := range []string{"Merge incidents", "Split incident"} {
		if !strings.Contains(journal.text.String(), operation) {
			t.Errorf("%s is not written down", operation)
		}
	}
}

package incident_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/incident"
	"github.com/quoll/quoll/model"
)

// handedOn returns what the store hands on.
func handedOn(t *testing.T, s *incident.Store) []map[string]any {
	t.Helper()
	var all []map[string]any
	for {
		n, err := s.HandOn(t.Context(), func(_ context.Context, body []byte) error {
			for line := range strings.Lines(string(body)) {
				var one map[string]any
				if err := json.Unmarshal([]byte(line), &one); err != nil {
					t.Fatal(err)
				}
				all = append(all, one)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return all
		}
	}
}

func TestEachChangeIsARow(t *testing.T) {
	s := open(t)
	raise(t, s, alert("a", "ada@coast.example", 0))
	raise(t, s, alert("a", "ada@coast.example", 0)) // changes nothing
	owner, closed, why := "ben@coast.example", model.IncidentClosed, model.ClassificationTruePositive
	if err := s.Update(t.Context(), 1, incident.Change{Author: "ben@coast.example", Owner: &owner, Status: &closed, Classification: &why, Comment: "done", Tags: []string{"bec"}}); err != nil {
		t.Fatal(err)
	}
	// The journal fails first: nothing is lost.
	if _, err := s.HandOn(t.Context(), func(context.Context, []byte) error { return errors.New("disk full") }); err == nil {
		t.Error("the failure was not reported")
	}
	rows := handedOn(t, s)
	if len(rows) != 3 || rows[0]["table"] != "SecurityAlert" || rows[1]["table"] != "SecurityIncident" {
		t.Fatalf("%d rows: %v", len(rows), rows)
	}
	keys := map[any]bool{}
	for _, r := range rows {
		keys[r["key"]] = true
	}
	if len(keys) != 3 {
		t.Errorf("keys %v are not unique", keys)
	}
	a, i := rows[0]["row"].(map[string]any), rows[2]["row"].(map[string]any)
	if a["SystemAlertId"] != "a" || !strings.Contains(a["Entities"].(string), `"UPNSuffix":"coast.example"`) || a["CompromisedEntity"] != "ada@coast.example" {
		t.Errorf("alert %v", a)
	}
	if i["Status"] != "Closed" || i["ModifiedBy"] != "ben@coast.example" || i["ClassificationComment"] != "done" || i["ClosedTime"] == nil || i["Labels"].([]any)[0].(map[string]any)["labelName"] != "bec" {
		t.Errorf("incident %v", i)
	}
}

func TestGroupingByRuleAndByAll(t *testing.T) {
	s := open(t)
	byRule := func(id, user string) model.Alert {
		a := alert(id, user, 0)
		a.RuleID, a.Grouping = "same", model.Grouping{CreateIncident: true, ByRule: true, Lookback: time.Hour}
		return a
	}
	raise(t, s, byRule("a", "ada@coast.example"), byRule("b", "ben@coast.example"))
	if got := len(list(t, s)); got != 1 {
		t.Errorf("by rule: %d incidents, want 1", got)
	}
	ip := model.Entity{Kind: "IP", Identifiers: map[string]string{"Address": "203.0.113.1"}}
	byAll := func(id, address string) model.Alert {
		a := alert(id, "cho@coast.example", 0)
		other := ip
		other.Identifiers = map[string]string{"Address": address}
		a.Entities = append(a.Entities, other)
		a.Grouping = model.Grouping{CreateIncident: true, ByEntities: []string{"Account", "IP"}, AllEntities: true, Lookback: time.Hour, ByCustomDetails: []string{"K"}}
		a.CustomDetails = map[string][]string{"K": {"v"}}
		return a
	}
	other := byAll("f", "203.0.113.1")
	other.CustomDetails = map[string][]string{"K": {"w"}}
	raise(t, s, byAll("c", "203.0.113.1"), byAll("d", "203.0.113.1"), byAll("e", "203.0.113.2"), other)
	if got := len(list(t, s)); got != 4 {
		t.Errorf("by all: %d incidents, want 4: one by rule, one of two alerts, one of another address, one of another detail", got)
	}
}

// TestAMergedIncidentIsClosedWhenItIsMerged: how long it was open is counted from that.
func TestAMergedIncidentIsClosedWhenItIsMerged(t *testing.T) {
	now := noon
	s := openAt(t, func() time.Time { return now })
	raise(t, s, alert("a", "ada@coast.example", 0), alert("b", "ben@coast.example", 0), alert("c", "cho@coast.example", 0))
	now = now.Add(time.Hour)
	closed := model.IncidentClosed
	if err := s.Update(t.Context(), 3, incident.Change{Author: "x", Status: &closed}); err != nil {
		t.Fatal(err)
	}
	now = now.Add(24 * time.Hour)
	if err := s.Merge(t.Context(), 1, []int64{2, 3}, "analyst"); err != nil {
		t.Fatal(err)
	}
	for number, want := range map[int64]time.Time{2: now, 3: noon.Add(time.Hour)} {
		if d := get(t, s, number); !d.Closed.Equal(want) || !d.Updated.Equal(now) {
			t.Errorf("incident %d was closed at %s and updated at %s, want %s and %s", number, d.Closed, d.Updated, want, now)
		}
	}
}

func TestMergeAndSplit(t *testing.T) {
	s := open(t)
	raise(t, s, alert("a", "ada@coast.example", 0), alert("b", "ben@coast.example", time.Hour), alert("c", "ben@coast.example", 2*time.Hour))
	if err := s.Update(t.Context(), 2, incident.Change{Author: "x", Comment: "from two"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Merge(t.Context(), 1, []int64{2}, "analyst"); err != nil {
		t.Fatal(err)
	}
	d := get(t, s, 1)
	if d.AlertCount != 3 || !d.LastActivity.Equal(noon.Add(2*time.Hour+time.Minute)) || !slices.Contains(kinds(d), "comment") {
		t.Errorf("merged: %d alerts until %s, %v", d.AlertCount, d.LastActivity, kinds(d))
	}
	if got := list(t, s); len(got) != 1 {
		t.Errorf("%d incidents in the queue, want 1", len(got))
	}
	if other := get(t, s, 2); other.MergedInto != 1 || other.Status != model.IncidentClosed {
		t.Errorf("the other: %+v", other.Incident)
	}
	if err := s.Merge(t.Context(), 2, []int64{1}, "analyst"); !errors.Is(err, incident.ErrInvalidChange) {
		t.Errorf("merging into a part: %v", err)
	}
	// A further alert goes to the whole.
	raise(t, s, alert("d", "ben@coast.example", 3*time.Hour))
	if d := get(t, s, 1); d.AlertCount != 4 {
		t.Errorf("%d alerts, want 4", d.AlertCount)
	}
	number, err := s.Split(t.Context(), 1, []string{"b", "c"}, "analyst")
	if err != nil {
		t.Fatal(err)
	}
	if one, two := get(t, s, 1), get(t, s, number); one.AlertCount != 2 || two.AlertCount != 2 || !two.FirstActivity.Equal(noon.Add(time.Hour)) {
		t.Errorf("split: %d and %d alerts", one.AlertCount, two.AlertCount)
	}
	if _, err := s.Split(t.Context(), number, []string{"b", "c"}, "analyst"); !errors.Is(err, incident.ErrInvalidChange) {
		t.Errorf("taking all: %v", err)
	}
}

package incident_test

import (
	"slices"
	"testing"
	"time"

	"github.com/quoll/quoll/incident"
	"github.com/quoll/quoll/model"
)

// Each transaction is one change with all its kinds; what automation did says so,
// and what is to be done once is done once.
func TestChangesAreToldOnce(t *testing.T) {
	s := open(t)
	raise(t, s, alert("a", "ada@coast.example", 0))
	raise(t, s, alert("b", "ada@coast.example", time.Minute))
	owner, status := "ines", model.IncidentActive
	change := func(c incident.Change) {
		t.Helper()
		if err := s.Update(t.Context(), 1, c); err != nil {
			t.Fatal(err)
		}
	}
	change(incident.Change{Author: "ines", Owner: &owner, Status: &status})
	for range 3 {
		change(incident.Change{Author: "Automation: calm", Comment: "seen before", Task: "ask ada", Automated: "commented", Once: "rule 1"})
	}
	all, err := s.Changes(t.Context(), 0, 10)
	if err != nil || len(all) != 4 {
		t.Fatalf("%+v, error %v", all, err)
	}
	for i, want := range []struct {
		created, automated bool
		kinds              []string
	}{
		{true, false, []string{"created", "alert"}},
		{false, false, []string{"alert"}},
		{false, false, []string{"owner", "status"}},
		{false, true, []string{"comment", "task", "automation"}},
	} {
		got := all[i]
		if got.Incident != 1 || got.Created != want.created || got.Automated != want.automated || !slices.Equal(got.Kinds, want.kinds) {
			t.Errorf("change %d: %+v, want %+v", i, got, want)
		}
	}
	if err := s.ForgetChanges(t.Context(), all[2].Sequence); err != nil {
		t.Fatal(err)
	}
	if left, err := s.Changes(t.Context(), 0, 10); err != nil || len(left) != 1 || left[0].Author != "Automation: calm" {
		t.Errorf("after the first three were forgotten: %+v, error %v", left, err)
	}
	raise(t, s, alert("c", "ben@coast.example", 0))
	if left, err := s.Changes(t.Context(), all[3].Sequence, 10); err != nil || len(left) != 1 || !left[0].Created || left[0].Incident != 2 {
		t.Errorf("a new incident: %+v, error %v", left, err)
	}
}

package incident_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/incident"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/model"
)

var noon = time.Date(2026, 9, 14, 12, 0, 0, 0, time.UTC)

func open(t *testing.T) *incident.Store {
	t.Helper()
	return openAt(t, func() time.Time { return noon.Add(time.Hour) })
}

func openAt(t *testing.T, now func() time.Time) *incident.Store {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	store, err := incident.Open(t.Context(), db, now)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// alert is about user at noon plus after.
func alert(id, user string, after time.Duration) model.Alert {
	return model.Alert{
		ID: id, RuleID: "rule-" + id, RuleVersion: "1.0.0", RuleName: "Rule " + id, Name: "Rule " + id,
		Severity: model.SeverityMedium, Tactics: []string{"Persistence"},
		Start: noon.Add(after), End: noon.Add(after + time.Minute),
		Entities: []model.Entity{{Kind: "Account", Identifiers: map[string]string{"FullName": user}}},
		Evidence: model.Evidence{Total: 1, Rows: [][]json.RawMessage{{json.RawMessage(`"x"`)}}},
		Grouping: model.Grouping{CreateIncident: true, ByEntities: []string{"Account"}, Lookback: 24 * time.Hour},
	}
}

func raise(t *testing.T, s *incident.Store, alerts ...model.Alert) {
	t.Helper()
	for _, a := range alerts {
		if err := s.Raise(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
}

func list(t *testing.T, s *incident.Store) []model.Incident {
	t.Helper()
	all, _, err := s.List(t.Context(), incident.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func kinds(d *incident.Detail) []string {
	var all []string
	for _, h := range d.Timeline {
		all = append(all, h.Kind)
	}
	return all
}

func get(t *testing.T, s *incident.Store, number int64) *incident.Detail {
	t.Helper()
	d, err := s.Get(t.Context(), number)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAlertsThatShareAnAccountAreOneIncident(t *testing.T) {
	s := open(t)
	worse := alert("b", "ADA@coast.example", time.Hour)
	worse.Severity = model.SeverityHigh
	mailbox := alert("c", "", 2*time.Hour)
	mailbox.Entities = []model.Entity{{Kind: "Mailbox", Identifiers: map[string]string{"MailboxPrimaryAddress": "ada@coast.example"}}}
	raise(t, s, alert("a", "ada@coast.example", 0), worse, mailbox, alert("d", "ben@coast.example", 0))

	all := list(t, s)
	if len(all) != 2 {
		t.Fatalf("got %d incidents, want one for each person", len(all))
	}
	ada := get(t, s, 1)
	if ada.AlertCount != 3 || ada.Severity != model.SeverityHigh {
		t.Errorf("incident of ada: %d alerts, severity %s; want 3, High", ada.AlertCount, ada.Severity)
	}
	if !ada.FirstActivity.Equal(noon) || !ada.LastActivity.Equal(noon.Add(2*time.Hour+time.Minute)) {
		t.Errorf("activity %s to %s does not span the alerts", ada.FirstActivity, ada.LastActivity)
	}
	if len(ada.Entities) != 1 {
		t.Errorf("entities %v: one account, written three ways, is one", ada.Entities)
	}
}

func TestRaisingAgainChangesNothing(t *testing.T) {
	s := open(t)
	a := alert("a", "ada@coast.example", 0)
	raise(t, s, a)
	a.Raised, a.Watermark = noon.Add(time.Hour), noon.Add(time.Hour)
	raise(t, s, a)
	if got := kinds(get(t, s, 1)); !slices.Equal(got, []string{"created", "alert"}) {
		t.Errorf("timeline %v", got)
	}
}

func TestAnAlertThatGrewIsReplaced(t *testing.T) {
	s := open(t)
	a := alert("a", "ada@coast.example", 0)
	raise(t, s, a)
	a.End, a.Evidence.Total = noon.Add(time.Hour), 7
	raise(t, s, a)
	d := get(t, s, 1)
	if got := kinds(d); !slices.Equal(got, []string{"created", "alert", "alert-updated"}) {
		t.Errorf("timeline %v", got)
	}
	if d.AlertCount != 1 || d.Alerts[0].Evidence.Total != 7 || !d.LastActivity.Equal(noon.Add(time.Hour)) {
		t.Errorf("alert was not replaced: %+v", d)
	}
}

func TestGroupingEndsWithItsLookback(t *testing.T) {
	s := open(t)
	raise(t, s, alert("a", "ada@coast.example", 0), alert("b", "ada@coast.example", 49*time.Hour))
	if got := len(list(t, s)); got != 2 {
		t.Errorf("got %d incidents, want 2: two days lie between", got)
	}
}

func TestAClosedIncidentReopensOnlyIfTheRuleSaysSo(t *testing.T) {
	s := open(t)
	raise(t, s, alert("a", "ada@coast.example", 0))
	closed, why := model.IncidentClosed, model.ClassificationBenignPositive
	if err := s.Update(t.Context(), 1, incident.Change{Author: "analyst", Status: &closed, Classification: &why}); err != nil {
		t.Fatal(err)
	}
	if d := get(t, s, 1); d.Closed.IsZero() {
		t.Error("a closed incident does not say when it was closed")
	}
	raise(t, s, alert("b", "ada@coast.example", time.Minute))
	if got := len(list(t, s)); got != 2 {
		t.Fatalf("got %d incidents, want a new one", got)
	}
	if err := s.Update(t.Context(), 2, incident.Change{Status: &closed}); err != nil {
		t.Fatal(err)
	}
	again := alert("c", "ada@coast.example", 2*time.Minute)
	again.Grouping.Reopen = true
	raise(t, s, again)
	d := get(t, s, 1)
	if d.Status != model.IncidentActive || !d.Closed.IsZero() || d.Classification != model.ClassificationNone {
		t.Errorf("incident 1 is %s, closed %s, %q; want it active again", d.Status, d.Closed, d.Classification)
	}
}

func TestARuleCanAlertWithoutIncident(t *testing.T) {
	s := open(t)
	a := alert("a", "ada@coast.example", 0)
	a.Grouping.CreateIncident = false
	raise(t, s, a)
	if got := len(list(t, s)); got != 0 {
		t.Errorf("got %d incidents", got)
	}
	if _, err := s.Alert(t.Context(), "a"); err != nil {
		t.Errorf("the alert itself is lost: %v", err)
	}
}

func TestChangesAreNotedOrRefusedWhole(t *testing.T) {
	s := open(t)
	raise(t, s, alert("a", "ada@coast.example", 0))
	owner, active := "analyst@coast.example", model.IncidentActive
	if err := s.Update(t.Context(), 1, incident.Change{Author: owner, Owner: &owner, Status: &active, Comment: "looking"}); err != nil {
		t.Fatal(err)
	}
	d := get(t, s, 1)
	if got := kinds(d); !slices.Equal(got, []string{"created", "alert", "owner", "status", "comment"}) {
		t.Errorf("timeline %v", got)
	}
	wrong := model.IncidentStatus("Done")
	other := "someone"
	err := s.Update(t.Context(), 1, incident.Change{Owner: &other, Status: &wrong})
	if !errors.Is(err, incident.ErrInvalidChange) {
		t.Errorf("error %v, want ErrInvalidChange", err)
	}
	if d := get(t, s, 1); d.Owner != owner {
		t.Errorf("half a refused change was made: owner %q", d.Owner)
	}
	if err := s.Update(t.Context(), 9, incident.Change{Comment: "x"}); !errors.Is(err, incident.ErrNotFound) {
		t.Errorf("error %v, want ErrNotFound", err)
	}
}

func TestFilter(t *testing.T) {
	s := open(t)
	high := alert("b", "ben@coast.example", 0)
	high.Severity = model.SeverityHigh
	raise(t, s, alert("a", "ada@coast.example", 0), high)
	for name, c := range map[string]struct {
		filter incident.Filter
		want   int
	}{
		"all":      {incident.Filter{}, 2},
		"severity": {incident.Filter{Severities: []model.Severity{model.SeverityHigh}}, 1},
		"status":   {incident.Filter{Statuses: []model.IncidentStatus{model.IncidentClosed}}, 0},
		"text":     {incident.Filter{Text: "ADA@"}, 1},
		"quote":    {incident.Filter{Text: "' OR 1=1 --"}, 0},
		"limit":    {incident.Filter{Limit: 1}, 1},
		"offset":   {incident.Filter{Limit: 5, Offset: 1}, 1},
		"nobody":   {incident.Filter{Owner: incident.NoOwner}, 2},
		"owner":    {incident.Filter{Owner: "someone"}, 0},
		"before":   {incident.Filter{To: noon}, 0},
		"since":    {incident.Filter{From: noon}, 2},
	} {
		got, total, err := s.List(t.Context(), c.filter)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != c.want {
			t.Errorf("%s: got %d incidents, want %d", name, len(got), c.want)
		}
		if c.filter.Limit == 0 && total != c.want {
			t.Errorf("%s: total %d, want %d", name, total, c.want)
		}
	}
}

// The register has what was observed until somebody knows better; clocks stop
// when somebody was told, and a law's has an end.
func TestRegisterAndClocks(t *testing.T) {
	s, ctx := open(t), t.Context()
	raise(t, s, alert("a", "ada@coast.example", 0))
	r, err := s.Register(ctx, 1)
	if err != nil || !r.Occurred.Equal(noon) || !r.Discovered.Equal(noon.Add(time.Hour)) || len(r.Clocks) != 2 || len(r.Missing) != 3 {
		t.Fatalf("%+v, %v", r, err)
	}
	occurred, what, laws := noon.Add(-48*time.Hour), "A mailbox was taken over.", []string{incident.SOCICritical}
	if err := s.SetRegister(ctx, 1, incident.RegisterChange{Author: "kai", Occurred: &occurred, Description: &what, Statutory: &laws}); err != nil {
		t.Fatal(err)
	}
	told := noon.Add(30 * time.Minute)
	for _, to := range []string{incident.ToCISO, incident.ToASD} {
		if err := s.AddReport(ctx, 1, incident.Report{To: to, At: told, By: "kai", Reference: "R-1"}); err != nil {
			t.Fatal(err)
		}
	}
	if r, err = s.Register(ctx, 1); err != nil || !r.Occurred.Equal(occurred) || r.Description != what {
		t.Fatalf("%+v, %v", r, err)
	}
	var clocks []string
	for _, c := range r.Clocks {
		due := ""
		if !c.Due.IsZero() {
			due = c.Due.Sub(c.Since).String()
		}
		clocks = append(clocks, c.Name+" "+due+" "+map[bool]string{true: "running", false: "done"}[c.Done.IsZero()])
	}
	want := []string{"Tell the CISO or delegate  done", "Report to ASD  done", "SOCI Act, significant impact 12h0m0s done", "SOCI Act, significant impact, in writing 84h0m0s running"}
	if !slices.Equal(clocks, want) || !slices.Equal(r.Missing, []string{"actions"}) {
		t.Errorf("clocks %q, missing %q", clocks, r.Missing)
	}
	text, err := s.Text(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"Occurred:    2026-09-12 12:00 UTC", what, "- ASD, 2026-09-14 12:30 UTC, by kai R-1", "Rule a (Medium), 1 rows", "- Account ada@coast.example"} {
		if !strings.Contains(text, part) {
			t.Errorf("the report lacks %q:\n%s", part, text)
		}
	}
	wrong := []string{"gdpr"}
	if err := s.SetRegister(ctx, 1, incident.RegisterChange{Statutory: &wrong}); !errors.Is(err, incident.ErrInvalidChange) {
		t.Errorf("a clock that is none: %v", err)
	}
	if err := s.AddReport(ctx, 1, incident.Report{To: "ASD", At: noon.AddDate(1, 0, 0)}); !errors.Is(err, incident.ErrInvalidChange) {
		t.Errorf("told in the future: %v", err)
	}
	if _, err := s.Register(ctx, 9); !errors.Is(err, incident.ErrNotFound) {
		t.Error(err)
	}
}

func TestTasksAndWhatIsKnownOfAnEntity(t *testing.T) {
	s, ctx := open(t), t.Context()
	mailbox := alert("b", "", time.Hour)
	mailbox.Entities = []model.Entity{{Kind: "Mailbox", Identifiers: map[string]string{"MailboxPrimaryAddress": "Ada@coast.example"}}}
	raise(t, s, alert("a", "ada@coast.example", 0), mailbox, alert("c", "bo@coast.example", 0))
	if err := s.AddTask(ctx, 1, " reset the password ", "kai"); err != nil {
		t.Fatal(err)
	}
	if err := s.SetTask(ctx, 1, 1, true, "ines"); err != nil {
		t.Fatal(err)
	}
	if err := s.SetTask(ctx, 2, 1, true, "ines"); !errors.Is(err, incident.ErrNotFound) {
		t.Errorf("a task of another incident: %v", err)
	}
	if err := s.AddTask(ctx, 1, " ", "kai"); !errors.Is(err, incident.ErrInvalidChange) {
		t.Errorf("a task without a title: %v", err)
	}
	d, err := s.Get(ctx, 1)
	if err != nil || len(d.Tasks) != 1 || d.Tasks[0].Title != "reset the password" || d.Tasks[0].DoneBy != "ines" || d.Tasks[0].Done.IsZero() {
		t.Errorf("%+v, %v", d.Tasks, err)
	}
	if err := s.SetTask(ctx, 1, 1, false, "kai"); err != nil {
		t.Fatal(err)
	}
	if d, err = s.Get(ctx, 1); err != nil || d.Tasks[0].DoneBy != "" || !d.Tasks[0].Done.IsZero() {
		t.Errorf("a task that was opened again is done by %q, %v", d.Tasks[0].DoneBy, err)
	}
	found, err := s.About(ctx, "Mailbox", "ADA@coast.example")
	if err != nil || len(found.Alerts) != 2 || !found.First.Equal(noon) || !found.Last.Equal(noon.Add(time.Hour+time.Minute)) || found.Alerts[0].Incident != 1 {
		t.Errorf("%+v, %v", found, err)
	}
}

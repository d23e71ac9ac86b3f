package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/automation"
	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/incident"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/server"
)

const calmBackup = `id: calm-backup
name: Calm the backup
order: 10
on: [created]
when:
  - {property: ruleName, operator: equals, values: [mass download]}
  - {property: Account, operator: startsWith, values: [svc-]}
actions:
  - assign: ines
  - query: {name: addresses, text: "print Who = strcat_array(Accounts, ',')"}
  - notify: [soc]
  - close: {classification: BenignPositive, comment: the nightly backup}
`

func massDownload(id, user string) model.Alert {
	now := time.Now().UTC()
	return model.Alert{
		ID: id, RuleID: "r1", RuleName: "Mass download", Name: "Mass download", Severity: model.SeverityHigh, Start: now.Add(-time.Minute), End: now, Raised: now,
		Entities: []model.Entity{{Kind: "Account", Identifiers: map[string]string{"FullName": user}}}, Grouping: model.Grouping{CreateIncident: true, ByEntities: []string{"Account"}, Lookback: time.Hour},
	}
}

// From the command that keeps a rule to the incident it closes, the timeline, the
// audit trail and the health of the rule: nobody is there to be told, and that
// stops nothing.
func TestAutomation(t *testing.T) {
	dir := t.TempDir()
	data, file := filepath.Join(dir, "q"), filepath.Join(dir, "calm.yaml")
	if err := os.WriteFile(file, []byte(calmBackup), 0o600); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	open := func() *node {
		t.Helper()
		n, err := openNode(t.Context(), paths{data: data, archive: data + "-archive", origin: defaultOrigin}, commandSettings(), log)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	n := open()
	store, err := incident.Open(t.Context(), n.state, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []model.Alert{massDownload("a", "svc-backup@coast.example"), massDownload("b", "ada@coast.example")} {
		if err := store.Raise(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.close(); err != nil {
		t.Fatal(err)
	}

	out, err := quoll(t, "automation", "test", file, "--data", data, "-o", "json")
	var tested server.AutomationTested
	if err != nil || json.Unmarshal([]byte(out), &tested) != nil || tested.Incidents != 2 || len(tested.Matches) != 1 || tested.Matches[0].Incident != "1" {
		t.Fatalf("test: %s, error %v", out, err)
	}
	if out, err := quoll(t, "automation", "add", file, "--data", data, "--by", "ines"); err != nil || !strings.Contains(out, "close as BenignPositive") {
		t.Fatalf("add: %s, error %v", out, err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(calmBackup, "order: 10", "order: -1", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := quoll(t, "automation", "add", file, "--data", data); err == nil || !strings.Contains(err.Error(), "order: -1; it is 1 to 1000") {
		t.Errorf("a wrong rule: %s, error %v", out, err)
	}

	if err := os.WriteFile(file, []byte(strings.Replace(calmBackup, "strcat_array(Accounts", "strcat_aray(Accounts", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := quoll(t, "automation", "add", file, "--data", data); err == nil || !strings.Contains(err.Error(), `actions[1]: query "addresses": `) || !strings.Contains(err.Error(), "at line 1, column 13") || !strings.Contains(err.Error(), "strcat_array") {
		t.Errorf("a query with a mistake: %s, error %v", out, err)
	}

	n = open()
	audit := &acts{journal: n.journal, workspace: n.workspace, clock: clock.System(), log: log}
	store, err = incident.Open(t.Context(), n.state, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	own := ownRows{journal: n.pipeline, clock: clock.System(), log: log}
	engine, err := openAutomation(t.Context(), n, nil, store, func() []*detect.Rule { return nil }, own, audit)
	if err != nil {
		t.Fatal(err)
	}
	automate(t, engine)
	for text, want := range map[string]string{
		`SentinelAudit | where OperationName startswith "Automation:" | summarize strcat_array(array_sort_asc(make_list(strcat(OperationName, " ", Status, " ", tostring(ExtendedProperties.CallerName)))), "|")`: "Automation: assign to ines Success Automation: Calm the backup|Automation: close as BenignPositive Success Automation: Calm the backup|Automation: notify soc Failure Automation: Calm the backup|Automation: run query addresses Success Automation: Calm the backup",
		`SentinelHealth | where SentinelResourceType == "Automation rule" | project strcat(SentinelResourceName, ": ", Status, " ", Description)`:                                                                 "Calm the backup: Partial success 3 of 4 actions succeeded.",
	} {
		if err := n.catchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		result, err := n.query.Query(t.Context(), query.Request{Text: text})
		if err != nil || len(result.Rows) != 1 || result.Rows[0][0] != want {
			t.Errorf("%s: %v, error %v, want %q", text, result, err, want)
		}
	}
	filesInHealth(t, n, store, own, audit)
	desk := automationDesk{engine, store, audit}
	off, err := desk.EnableAutomation(t.Context(), "calm-backup", false, "ada")
	if err != nil || off.Active || off.By != "ada" || off.LastFailed == nil || !slices.Equal(off.Conditions, []string{"ruleName is mass download", "Account starts with svc-"}) {
		t.Errorf("switched off: %+v, error %v", off, err)
	}
	if one, err := desk.TestAutomation(t.Context(), server.AutomationTest{ID: "calm-backup", Incident: 2}); err != nil || one.Incidents != 1 || len(one.Matches) != 0 {
		t.Errorf("tried on one incident: %+v, error %v", one, err)
	}
	if _, err := desk.TestAutomation(t.Context(), server.AutomationTest{ID: "calm-backup", Incident: 99}); !errors.Is(err, server.ErrNotFound) {
		t.Errorf("tried on no incident: error %v", err)
	}
	detail, err := store.Get(t.Context(), 1)
	if err != nil || detail.Status != model.IncidentClosed || detail.Owner != "ines" {
		t.Errorf("%+v, error %v", detail, err)
	}
	var timeline []string
	for _, h := range detail.Timeline {
		timeline = append(timeline, h.Author+" "+h.Kind+" "+h.Text)
	}
	for _, line := range []string{
		"Automation: Calm the backup owner none → ines", "Automation: Calm the backup comment the nightly backup", "Automation: Calm the backup automation run query addresses: 1 rows\nWho\nsvc-backup@coast.example",
		"Automation: Calm the backup automation notify soc: failed after 1 attempts: not to be tried again: no notification targets are configured",
	} {
		if !strings.Contains(strings.Join(timeline, "\x00"), line) {
			t.Errorf("the timeline lacks %q:\n%s", line, strings.Join(timeline, "\n"))
		}
	}
	if other, err := store.Get(t.Context(), 2); err != nil || other.Status != model.IncidentNew {
		t.Errorf("the incident of somebody else: %+v, error %v", other, err)
	}
	if err := n.close(); err != nil {
		t.Fatal(err)
	}
	if out, err := quoll(t, "automation", "list", "--data", data); err != nil || !strings.Contains(out, "1 incidents, 3 actions done, 1 failed, 0 refused, 0 wait") {
		t.Errorf("list: %s, error %v", out, err)
	}
	if out, err := quoll(t, "automation", "steps", "--incident", "1", "--data", data); err != nil || strings.Count(out, "\n") != 4 {
		t.Errorf("steps: %s, error %v", out, err)
	}
	if out, err := quoll(t, "automation", "remove", "calm-backup", "--data", data); err != nil {
		t.Errorf("remove: %s, error %v", out, err)
	}
}

// automate lets automation do all there is to do.
func automate(t *testing.T, engine *automation.Engine) {
	t.Helper()
	for {
		n, err := engine.Step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// filesInHealth starts with a file that is right and one that is wrong, and finds a row
// of SentinelHealth for each.
func filesInHealth(t *testing.T, n *node, store *incident.Store, own ownRows, audit *acts) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"calm.yaml": calmBackup, "wrong.yaml": strings.Replace(calmBackup, "order: 10", "order: -1", 1)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	engine, err := openAutomation(t.Context(), n, []string{dir}, store, func() []*detect.Rule { return nil }, own, audit)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(automationFiles(t.Context(), engine, own), n.catchUp(t.Context())); err != nil {
		t.Fatal(err)
	}
	result, err := n.query.Query(t.Context(), query.Request{Text: `SentinelHealth | where OperationName == "Automation rule file" | order by SentinelResourceName asc | project strcat(SentinelResourceName, " ", Status, " ", ExtendedProperties.Rule, " ", Reason)`})
	if err != nil || len(result.Rows) != 2 || result.Rows[0][0] != "calm.yaml Success Calm the backup " || !strings.Contains(fmt.Sprint(result.Rows[1][0]), "wrong.yaml Failure  automation rule") || !strings.Contains(fmt.Sprint(result.Rows[1][0]), "order: -1") {
		t.Errorf("%v, %v", result, err)
	}
}

package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/incident"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/library"
	"github.com/quoll/quoll/server"
)

const savedRule = `id: 6f0d2c1e-0000-4000-8000-000000000001
name: Rule made in a test
kind: Scheduled
version: 1.0.0
severity: Medium
queryFrequency: 5m
queryPeriod: 1h
query: OfficeActivity | where Operation == "New-InboxRule"
`

func newTestBook(t *testing.T, shipped ...*detect.Rule) *ruleBook {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	detector, err := detect.New(t.Context(), detect.DefaultConfig(), db, shipped, ruleQuerier{}, nil, clock.System(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return newRuleBook(filepath.Join(t.TempDir(), "rules"), shipped, detector, ruleQuerier{})
}

func TestASavedRuleIsAFileAndThereAfterARestart(t *testing.T) {
	b := newTestBook(t)
	saved, err := b.SaveRule(t.Context(), savedRule)
	if err != nil {
		t.Fatal(err)
	}
	if saved.Name != "Rule made in a test" || !saved.Enabled || saved.Frequency != 300 {
		t.Errorf("saved %+v", saved)
	}
	loaded, err := loadRules(false, withSaved(filepath.Dir(b.dir), nil))
	if err != nil || len(loaded) != 1 || loaded[0].ID != saved.ID {
		t.Errorf("loaded %v, %v", loaded, err)
	}
	newer := strings.NewReplacer("version: 1.0.0", "version: 1.0.1", "5m", "10m").Replace(savedRule)
	if saved, err = b.SaveRule(t.Context(), newer); err != nil || saved.Frequency != 600 {
		t.Errorf("replaced: %+v, %v", saved, err)
	}
	if all, err := b.Rules(t.Context()); err != nil || len(all) != 1 || all[0].Version != "1.0.1" {
		t.Errorf("rules %+v, %v", all, err)
	}
}

func TestWhatIsWrongWithARuleIsSaidAndNothingIsSaved(t *testing.T) {
	other, err := detect.ParseRule("other", []byte(strings.Replace(savedRule, "00000001", "00000002", 1)))
	if err != nil {
		t.Fatal(err)
	}
	b := newTestBook(t, other)
	for name, c := range map[string]struct{ text, code, says string }{
		"no YAML":         {"a: [", server.CodeBadRequest, "yaml"},
		"no query":        {strings.Replace(savedRule, "query: Off", "description: Off", 1), server.CodeBadRequest, "query: missing"},
		"unknown key":     {savedRule + "querry: x\n", server.CodeBadRequest, "querry: no key of a rule"},
		"a path as id":    {strings.Replace(savedRule, "6f0d2c1e", "../6f0d2c1e", 1), server.CodeBadRequest, "letters, digits and hyphens"},
		"another's id":    {strings.Replace(savedRule, "00000001", "00000002", 1), server.CodeConflict, "read from another place"},
		"period too long": {strings.Replace(savedRule, "1h", "9000d", 1), server.CodeBadRequest, "at most 400 days"},
	} {
		_, err := b.SaveRule(t.Context(), c.text)
		var failure *server.Failure
		if !errors.As(err, &failure) || failure.Code != c.code || !strings.Contains(failure.Message, c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = b.SaveRule(t.Context(), strings.Replace(savedRule, "Operation ==", "Operatoin ==", 1))
	var mistakes *server.QueryError
	if !errors.As(err, &mistakes) || !strings.HasPrefix(mistakes.Text[mistakes.Mistakes[0].Start:], "Operatoin") {
		t.Errorf("a mistake in the query: %v", err)
	}
	if _, err := os.Stat(b.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of saved rules: %v", err)
	}

	if _, err := b.SaveRule(t.Context(), savedRule); err != nil {
		t.Fatal(err)
	}
	_, err = b.SaveRule(t.Context(), strings.Replace(savedRule, "5m", "10m", 1))
	var failure *server.Failure
	if !errors.As(err, &failure) || failure.Code != server.CodeConflict || !strings.Contains(failure.Message, "raise its version") {
		t.Errorf("the same version with another text: %v", err)
	}
}

// TestRulesOfAFileThatIsBroughtAreKeptAndSayWhatDiffers: YAML with a key that nothing
// reads, a template with a rule that cannot run here, Sigma, and what is no rule.
func TestRulesOfAFileThatIsBroughtAreKeptAndSayWhatDiffers(t *testing.T) {
	template := `{"resources":[
	 {"type":"Microsoft.SecurityInsights/alertRules","kind":"Scheduled","name":"6f0d2c1e-0000-4000-8000-000000000003","properties":{"displayName":"Of a template","severity":"Low","enabled":true,"query":"OfficeActivity | where Operation == 'New-InboxRule'","queryFrequency":"PT5M","queryPeriod":"PT1H","triggerOperator":"GreaterThan","triggerThreshold":0}},
	 {"type":"Microsoft.SecurityInsights/alertRules","kind":"Fusion","name":"x","properties":{"displayName":"Fusion"}}]}`
	sigma := "title: A mailbox forwards\nid: 6f0d2c1e-0000-4000-8000-000000000004\nstatus: test\nlevel: medium\nlogsource:\n  product: m365\n  service: exchange\ndetection:\n  selection:\n    eventName: Set-Mailbox\n  condition: selection\n"
	b := newTestBook(t)
	for name, c := range map[string]struct {
		text, name, differs string
		rules               int
	}{
		"a.yaml":     {savedRule + "querry: x\n", "Rule made in a test", "the key querry has no effect and is left out", 1},
		"t.json":     {template, "Of a template", "", 2},
		"sigma.yml":  {sigma, "A mailbox forwards", "", 1},
		"b.yml":      {"name: a playbook\n", "", "", 0},
		"other.json": {`{"resources":[]}`, "", "", 0},
	} {
		drafts, err := b.ReadRules(t.Context(), name, c.text)
		if err != nil || len(drafts) != c.rules {
			t.Errorf("%s: %+v, %v", name, drafts, err)
			continue
		}
		if c.rules == 0 {
			continue
		}
		d := drafts[0]
		if d.Name != c.name || !strings.Contains(strings.Join(d.Why, "\n"), c.differs) {
			t.Errorf("%s: %+v", name, d)
		}
		if _, err := b.SaveRule(t.Context(), d.YAML); err != nil {
			t.Errorf("%s: %v in\n%s", name, err, d.YAML)
		}
		if c.rules == 2 && (drafts[1].YAML != "" || len(drafts[1].Why) != 1) {
			t.Errorf("what cannot run: %+v", drafts[1])
		}
	}
	if all, err := b.Rules(t.Context()); err != nil || len(all) != 3 {
		t.Errorf("kept %+v, %v", all, err)
	}
}

func TestAnExportIsWrittenDownBeforeItIsGiven(t *testing.T) {
	j := &keeping{}
	e := auditedExporter{exporter{}, &acts{journal: j, clock: clock.System(), log: slog.New(slog.DiscardHandler)}}
	result := &server.QueryResult{Columns: []server.ResultColumn{{Name: "N", Type: "long"}}, Rows: [][]any{{int64(3)}}}
	var b strings.Builder
	if err := e.Export(t.Context(), &b, "csv", result); err != nil || b.String() != "N\n3\n" {
		t.Errorf("got %q, %v", b.String(), err)
	}
	if len(j.payloads) != 1 || !strings.Contains(string(j.payloads[0].Body), `"Export result"`) {
		t.Errorf("rows %v", j.payloads)
	}
	e.acts.journal = fullJournal{}
	b.Reset()
	if err := e.Export(t.Context(), &b, "csv", result); err == nil || b.Len() > 0 {
		t.Errorf("an export that cannot be written down was given: %q, %v", b.String(), err)
	}
}

// later is a clock by which the window that holds the present has ended.
type later struct{ clock.Clock }

func (l later) Now() time.Time { return l.Clock.Now().Add(10 * time.Minute) }

// TestARuleMadeOfAQueryFires saves a rule over what was asked here, by a function
// that somebody saved, and finds its incident after the next tick.
func TestARuleMadeOfAQueryFires(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "q")
	log := slog.New(slog.DiscardHandler)
	n, err := openNode(t.Context(), paths{data: dir, archive: dir + "-archive", origin: defaultOrigin}, commandSettings(), log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := n.close(); err != nil {
			t.Error(err)
		}
	}()
	asked := auditedQuerier{querier{n.query}, &acts{journal: n.journal, workspace: n.workspace, clock: clock.System(), log: log}}
	if _, err := asked.Query(t.Context(), server.QueryRequest{Text: "print secret=1"}); err != nil {
		t.Fatal(err)
	}
	if err := n.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	store, err := incident.Open(t.Context(), n.state, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	detector, err := detect.New(t.Context(), detect.DefaultConfig(), n.state, nil, ruleQuerier{n.query}, store, later{clock.System()}, log)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.library.SaveFunction(t.Context(), library.Function{Version: library.Version{Author: "ines"}, Name: "Asked", Parameters: "word:string", Body: "LAQueryLogs | where QueryText has word"}); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(savedRule, `OfficeActivity | where Operation == "New-InboxRule"`, `Asked("secret")`, 1)
	if _, err := newRuleBook(filepath.Join(dir, "rules"), nil, detector, ruleQuerier{n.query}).SaveRule(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	if err := detector.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	found, err := incidents{store, n.query}.List(t.Context(), server.IncidentFilter{Limit: 10})
	if err != nil || found.Total != 1 || found.Incidents[0].Title != "Rule made in a test" {
		t.Errorf("incidents %+v, %v", found, err)
	}
}

package automation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/model"
)

const calm = `id: calm
name: Calm the backup account
order: 10
on: [created]
when:
  - {property: ruleName, operator: startsWith, values: [mass download]}
  - any:
      - {property: Account, operator: endsWith, values: ["@coast.example"]}
      - {property: severity, operator: equals, values: [Low]}
  - {property: tag, operator: notEquals, values: [vip]}
actions:
  - assign: ines
  - tag: [backup]
  - notify: [soc]
  - query: {name: what else, text: "print Accounts"}
  - close: {classification: BenignPositive, comment: the nightly backup}
`

const after = `id: after
name: Tell of what is closed
order: 20
on: [created, updated]
changed: [status, comment]
when:
  - {property: status, operator: equals, values: [closed]}
actions:
  - comment: closed it is
`

// world is incidents and what automation does with them.
type world struct {
	changes []Change
	kept    map[int64]*Incident
	once    map[string]bool
	history []string
	failing map[string]int // how often what starts so fails still
	ran     []string
	watched string
}

func (w *world) Changes(_ context.Context, after int64, limit int) ([]Change, error) {
	var found []Change
	for _, c := range w.changes {
		if c.Sequence > after && len(found) < limit {
			found = append(found, c)
		}
	}
	return found, nil
}

func (w *world) Forget(context.Context, int64) error { return nil }

func (w *world) Incident(_ context.Context, number int64) (*Incident, error) {
	return w.kept[number], nil
}

func (w *world) fails(what string) error {
	for start, left := range w.failing {
		if strings.HasPrefix(what, start) && left > 0 {
			w.failing[start]--
			return errors.New(start + " is down")
		}
	}
	return nil
}

func (w *world) Do(_ context.Context, number int64, e Effect) error {
	if err := w.fails("do " + e.Says); err != nil {
		return err
	}
	if w.once[e.Key] {
		return nil
	}
	w.once[e.Key] = true
	i := w.kept[number]
	if e.Owner != nil {
		i.Owner = *e.Owner
	}
	i.Tags = append(i.Tags, e.Tags...)
	if e.Status != "" {
		i.Status = e.Status
	}
	w.history = append(w.history, fmt.Sprintf("%d %s: %s", number, e.By, e.Says))
	w.happened(Change{Incident: number, Kinds: []string{"status", "comment"}, Automated: true})
	return nil
}

func (w *world) happened(c Change) {
	c.Sequence = int64(len(w.changes) + 1)
	w.changes = append(w.changes, c)
}

func (w *world) world() World {
	return World{
		Incidents: w,
		Tell: func(_ context.Context, _ string, targets []string, _ *Incident, _ string) error {
			if targets[0] == "nobody" {
				return fmt.Errorf("no target nobody: %w", ErrForGood)
			}
			return w.fails("notify")
		},
		Ask: func(_ context.Context, text string) (string, error) {
			if !strings.Contains(text, `let Accounts = dynamic(["svc\"x@coast.example"]);`) {
				return "", fmt.Errorf("no account in %s", text)
			}
			return "1 row", w.fails("query")
		},
		Watches: func(id string) bool { return id == w.watched },
		Acted:   func(context.Context, Step) error { return w.fails("audit") },
		Ran: func(_ context.Context, steps []Step) error {
			var states []string
			for _, s := range steps {
				states = append(states, s.State)
			}
			w.ran = append(w.ran, steps[0].RuleName+": "+strings.Join(states, " "))
			return nil
		},
	}
}

func download(number int64) *Incident {
	account := model.Entity{Kind: "Account", Identifiers: map[string]string{"FullName": `svc"x@coast.example`}}
	return &Incident{
		Incident: model.Incident{Number: number, Title: "Mass download", Severity: model.SeverityHigh, Status: model.IncidentNew, Entities: []model.Entity{account}},
		Alerts:   []model.Alert{{RuleID: "r1", RuleName: "Mass Download", Severity: model.SeverityHigh, Entities: []model.Entity{account}}},
	}
}

// started is an engine over rules in the state, at work in a bubble.
func started(t *testing.T, texts ...string) (*world, *Engine, func(d time.Duration)) {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w := &world{kept: map[int64]*Incident{}, once: map[string]bool{}, failing: map[string]int{}}
	e, err := New(t.Context(), db, Files{}, w.world(), clock.System(), func() float64 { return 0.5 }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if _, err := e.Put(t.Context(), text, "ines"); err != nil {
			t.Fatal(err)
		}
	}
	return w, e, func(d time.Duration) {
		ctx, stop := context.WithTimeout(t.Context(), d)
		defer stop()
		if err := e.Run(ctx); err != nil {
			t.Error(err)
		}
	}
}

// A rule acts in the order of its actions, under its own name, once; a later rule
// sees what an earlier one does; and nothing follows from what automation does.
func TestRulesActInOrderAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, e, run := started(t, after, calm)
		w.kept[1], w.kept[2] = download(1), download(2)
		w.kept[2].Tags = []string{"VIP"}
		w.happened(Change{Incident: 1, Created: true, Kinds: []string{"created", "alert"}})
		w.happened(Change{Incident: 2, Created: true, Kinds: []string{"created", "alert"}})
		run(time.Minute)
		by := "1 Automation: Calm the backup account: "
		want := []string{by + "assign to ines", by + "tag backup", by + "notify soc", by + "run query what else: 1 row", by + "close as BenignPositive", "1 Automation: Tell of what is closed: comment"}
		if !slices.Equal(w.history, want) {
			t.Errorf("history:\n%s", strings.Join(w.history, "\n"))
		}
		if w.kept[1].Status != model.IncidentClosed || w.kept[2].Owner != "" {
			t.Errorf("incidents %+v, %+v", w.kept[1].Incident, w.kept[2].Incident)
		}
		w.happened(Change{Incident: 1, Kinds: []string{"owner"}})
		w.happened(Change{Incident: 1, Kinds: []string{"comment"}})
		run(time.Minute)
		if len(w.history) != 7 || w.history[6] != "1 Automation: Tell of what is closed: comment" {
			t.Errorf("after a person commented on what is closed:\n%s", strings.Join(w.history, "\n"))
		}
		all, err := e.List(t.Context())
		if err != nil || len(all) != 2 || all[0].ID != "calm" || all[0].Fare.Done != 5 || all[1].Fare.Incidents != 1 || all[1].By != "ines" {
			t.Errorf("%+v, error %v", all, err)
		}
	})
}

// What fails is tried again within its budget, and keeps neither the actions behind
// it nor the incident from going on; a row that cannot be written is written later,
// and what it tells of is done once.
func TestAFailingActionStopsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, e, run := started(t, calm)
		w.kept[1] = download(1)
		w.failing["notify"], w.failing["query"], w.failing["audit"] = 1000, 3, 2
		w.happened(Change{Incident: 1, Created: true})
		run(20 * time.Second)
		if w.kept[1].Status != model.IncidentClosed || len(w.ran) != 0 {
			t.Errorf("twenty seconds later: %+v, ran %v", w.kept[1].Incident, w.ran)
		}
		run(time.Hour)
		if len(w.ran) != 1 || w.ran[0] != "Calm the backup account: done done failed done done" {
			t.Errorf("ran %q", w.ran)
		}
		assigned := slices.DeleteFunc(slices.Clone(w.history), func(line string) bool { return !strings.Contains(line, "assign") })
		failed := slices.IndexFunc(w.history, func(line string) bool {
			return strings.Contains(line, "notify soc: failed after 10 attempts: notify is down")
		})
		if len(assigned) != 1 || failed < 0 {
			t.Errorf("history:\n%s", strings.Join(w.history, "\n"))
		}
		all, err := e.List(t.Context())
		if err != nil || all[0].Fare.Failed != 1 || all[0].Fare.LastError != "notify is down" {
			t.Errorf("%+v, error %v", all[0].Fare, err)
		}
	})
}

// Nobody mutes the watchers by automation; a name that nobody has is not tried
// again; what has expired does nothing.
func TestWhatAutomationDoesNotDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _, run := started(t, calm, strings.NewReplacer("id: calm", "id: lost", "[soc]", "[nobody]", "order: 10", "order: 30", "close: {classification: BenignPositive, comment: the nightly backup}", "severity: Low").Replace(calm),
			strings.Replace(calm, "id: calm", "id: old\nexpires: 1999-12-31T00:00:00Z", 1))
		w.kept[1], w.watched = download(1), "r1"
		w.happened(Change{Incident: 1, Created: true})
		run(time.Hour)
		slices.Sort(w.ran)
		if len(w.ran) != 2 || w.ran[0] != "Calm the backup account: done done done done refused" || w.ran[1] != "Calm the backup account: done done failed done refused" {
			t.Errorf("ran %q", w.ran)
		}
		if w.kept[1].Status != model.IncidentNew || w.kept[1].Severity != model.SeverityHigh {
			t.Errorf("an alert of a watching rule was closed: %+v", w.kept[1].Incident)
		}
	})
}

func TestWhatARuleWouldHaveDone(t *testing.T) {
	calm, err := Parse([]byte(calm))
	if err != nil {
		t.Fatal(err)
	}
	after, err := Parse([]byte(after))
	if err != nil {
		t.Fatal(err)
	}
	past := download(7)
	past.Owner, past.Status, past.Tags = "bo", model.IncidentClosed, []string{"vip"}
	kinds := func(int64) []string { return []string{"created", "alert", "status"} }
	if w := Test(calm, []*Incident{past}, kinds); len(w) != 1 || w[0].On != OnCreated || len(w[0].Actions) != 5 {
		t.Errorf("an incident that was not vip when it was made: %+v", w)
	}
	if w := Test(after, []*Incident{past}, kinds); len(w) != 1 || w[0].On != OnUpdated || w[0].Actions[0] != "comment" {
		t.Errorf("an incident that was closed: %+v", w)
	}
}

func TestWrongRulesAreRefused(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"order: 10", "order: 0", "order: 0; it is 1 to 1000"},
		{"id: calm", "id: a b", `id: "a b"`},
		{"on: [created]", "on: [deleted]", `on: "deleted"; it is created or updated`},
		{"on: [created]", "on: [created]\nchanged: [status]", "which on does not have"},
		{"property: tag", "property: colour", `when[2]: property "colour"; it is alertName, classification`},
		{"operator: startsWith", "operator: like", `when[0]: operator "like"; it is contains`},
		{"- assign: ines", "- {assign: ines, comment: x}", "actions[0]: each has exactly one of"},
		{"classification: BenignPositive", "classification: Fine", `classification "Fine"`},
		{"name: Calm", "nickname: x\nname: Calm", "field nickname not found"},
	} {
		if _, err := Parse([]byte(strings.Replace(calm, c.from, c.to, 1))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.to, err, c.want)
		}
	}
}

// A rule is switched off and on, and its text stays as somebody wrote it.
func TestSwitched(t *testing.T) {
	for name, c := range map[string]struct{ text, off string }{
		"without the key": {"# ours\nid: a # stays\nname: A\norder: 1\non: [created]\nactions: [{tag: [x]}]\n", "# ours\nenabled: false\nid: a # stays\nname: A\norder: 1\non: [created]\nactions: [{tag: [x]}]\n"},
		"with the key":    {"id: a\nenabled:   true  # since May\nname: Ä\norder: 1\non: [created]\nactions: [{tag: [x]}]", "id: a\nenabled:   false  # since May\nname: Ä\norder: 1\non: [created]\nactions: [{tag: [x]}]"},
		"in one line":     {"{id: a, name: Ä, enabled: true, order: 1, on: [created], actions: [{tag: [x]}]}", "{id: a, name: Ä, enabled: false, order: 1, on: [created], actions: [{tag: [x]}]}"},
		"a line without":  {"{id: a, name: A, order: 1, on: [created], actions: [{tag: [x]}]}", "{id: a, name: A, order: 1, on: [created], actions: [{tag: [x]}], enabled: false}\n"},
		"of a document":   {"---\nid: a\nname: A\norder: 1\non: [created]\nactions: [{tag: [x]}]\n", "---\nenabled: false\nid: a\nname: A\norder: 1\non: [created]\nactions: [{tag: [x]}]\n"},
	} {
		off, err := switched(c.text, false)
		if err != nil || off != c.off {
			t.Errorf("%s: error %v, got\n%s\nwant\n%s", name, err, off, c.off)
		}
		on, err := switched(off, true)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for text, want := range map[string]bool{off: false, on: true} {
			r, err := Parse([]byte(text))
			if err != nil || r.Enabled == nil || *r.Enabled != want {
				t.Errorf("%s: not switched to %t, error %v:\n%s", name, want, err, text)
			}
		}
	}
}

func TestConditionsInWords(t *testing.T) {
	r, err := Parse([]byte(calm))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"ruleName starts with mass download", "Account ends with @coast.example or severity is Low", "tag is not vip"}
	for i, c := range r.When {
		if c.String() != want[i] {
			t.Errorf("%q, want %q", c.String(), want[i])
		}
	}
}

// One file that is wrong keeps neither the others away nor the server from starting.
func TestWrongFilesAreNamedAndOthersRun(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a-calm.yaml": calm, "b-broken.yaml": strings.Replace(calm, "order: 10", "order: -1", 1), "c-again.yml": calm, "note.txt": "not a rule",
		"d-query.yaml": strings.NewReplacer("id: calm", "id: asks", "print Accounts", "Nowhere | take 1").Replace(calm),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	w := (&world{}).world()
	w.Check = func(_ context.Context, about, text string) error {
		if strings.HasPrefix(text, "Nowhere") && strings.HasPrefix(about, "let IncidentNumber = 0;") {
			return errors.New("no table Nowhere")
		}
		return nil
	}
	e, err := New(t.Context(), db, Load([]string{dir, filepath.Join(dir, "gone")}), w, clock.System(), func() float64 { return 0.5 }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var problems []string
	for _, p := range e.Problems() {
		problems = append(problems, strings.ReplaceAll(p.Error(), dir, ""))
	}
	got := strings.Join(problems, "\n")
	for _, want := range []string{"/b-broken.yaml: automation rule \"Calm the backup account\": order: -1", "/c-again.yml: the id calm is that of /a-calm.yaml", "/gone: read automation rules", `/d-query.yaml: automation rule "Calm the backup account": actions[3]: query "what else": no table Nowhere`} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not among\n%s", want, got)
		}
	}
	all, err := e.List(t.Context())
	if err != nil || len(problems) != 4 || len(all) != 1 || all[0].ID != "calm" {
		t.Errorf("%d problems, rules %+v, error %v", len(problems), all, err)
	}
	if _, err := e.Put(t.Context(), strings.NewReplacer("id: calm", "id: asks", "print Accounts", "Nowhere | take 1").Replace(calm), "ines"); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "actions[3]") {
		t.Errorf("a rule with a wrong query: %v", err)
	}
}

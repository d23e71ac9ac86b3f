package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/quoll/quoll/automation"
	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/incident"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/metrics"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/notify"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/schema"
	"github.com/quoll/quoll/server"
)

// openAutomation is the engine of a server, over rules in files and in the state.
func openAutomation(ctx context.Context, n *node, dirs []string, store *incident.Store, rules func() []*detect.Rule, own ownRows, audit *acts) (*automation.Engine, error) {
	hand := &automationHand{audit: audit, own: own}
	world := automation.World{
		Incidents: automationIncidents{store}, Tell: hand.tell, Ask: queryInWords(n.query.Query), Check: checkQuery(n.query), Acted: hand.acted, Ran: hand.ran,
		Watches: func(id string) bool {
			return slices.ContainsFunc(rules(), func(r *detect.Rule) bool { return r.ID == id && r.Watches() })
		},
	}
	return automation.New(ctx, n.state, automation.Load(dirs), world, clock.System(), rand.Float64, n.log)
}

// automationIncidents is automation's view of the incident store.
type automationIncidents struct{ store *incident.Store }

// Changes implements automation.Incidents.
func (a automationIncidents) Changes(ctx context.Context, after int64, limit int) ([]automation.Change, error) {
	all, err := a.store.Changes(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	var changes []automation.Change
	for _, h := range all {
		changes = append(changes, automation.Change{Sequence: h.Sequence, Incident: h.Incident, Created: h.Created, Kinds: h.Kinds, Automated: h.Automated})
	}
	return changes, nil
}

// Forget implements automation.Incidents.
func (a automationIncidents) Forget(ctx context.Context, upTo int64) error {
	return a.store.ForgetChanges(ctx, upTo)
}

// Incident implements automation.Incidents.
func (a automationIncidents) Incident(ctx context.Context, number int64) (*automation.Incident, error) {
	d, err := a.store.Get(ctx, number)
	if errors.Is(err, incident.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &automation.Incident{Incident: d.Incident, Tags: d.Tags, Alerts: d.Alerts}, nil
}

// Do implements automation.Incidents.
func (a automationIncidents) Do(ctx context.Context, number int64, e automation.Effect) error {
	change := incident.Change{Author: e.By, Owner: e.Owner, Tags: e.Tags, Comment: e.Comment, Task: e.Task, Automated: e.Says, Once: e.Key}
	if e.Severity != "" {
		change.Severity = &e.Severity
	}
	if e.Status != "" {
		change.Status = &e.Status
	}
	if e.Classification != "" {
		change.Classification = &e.Classification
	}
	err := a.store.Update(ctx, number, change)
	if errors.Is(err, incident.ErrInvalidChange) || errors.Is(err, incident.ErrNotFound) {
		return fmt.Errorf("%w: %w", automation.ErrForGood, err)
	}
	return err
}

// automationHand is what automation tells others by.
type automationHand struct {
	audit *acts
	own   ownRows
}

func (h *automationHand) tell(ctx context.Context, key string, targets []string, i *automation.Incident, by string) error {
	if h.own.notifier == nil {
		return fmt.Errorf("%w: no notification targets are configured", automation.ErrForGood)
	}
	err := h.own.notifier.TellTargets(ctx, targets, notify.Message{
		Key: key, Number: i.Number, Title: i.Title, Severity: i.Severity, Status: string(i.Status), Owner: i.Owner, Classification: string(i.Classification),
		Alerts: i.AlertCount, ModifiedBy: by, Time: h.own.clock.Now().UTC(),
	})
	if errors.Is(err, notify.ErrUnknownTarget) {
		return fmt.Errorf("%w: %w", automation.ErrForGood, err)
	}
	return err
}

// acted writes a row of SentinelAudit.
func (h *automationHand) acted(ctx context.Context, s automation.Step) error {
	what := act{
		operation: "Automation: " + s.Action.String(), kind: "Incident", id: strconv.FormatInt(s.Incident, 10), name: s.RuleName, description: "an automation rule acted on an incident",
		properties: map[string]any{"CallerName": "Automation: " + s.RuleName, "AutomationRuleId": s.RuleID, "Action": s.Action, "State": s.State, "Attempts": s.Attempts},
	}
	return h.audit.found(ctx, what, s.State == automation.Done, s.Error)
}

// ran writes a row of SentinelHealth, as Sentinel does of a run of an automation
// rule.
func (h *automationHand) ran(ctx context.Context, steps []automation.Step) error {
	failed, reasons := 0, []string{}
	for _, s := range steps {
		if s.State != automation.Done {
			failed++
			reasons = append(reasons, s.Action.String()+": "+s.Error)
		}
	}
	status, description := "Success", "Rule executed successfully, triggering all actions."
	switch {
	case failed == len(steps):
		status, description = "Failure", "No action succeeded."
	case failed > 0:
		status, description = "Partial success", fmt.Sprintf("%d of %d actions succeeded.", len(steps)-failed, len(steps))
	}
	first := steps[0]
	key := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "automation %s %d", first.RuleID, first.Change)).String()
	body, err := json.Marshal(map[string]any{"table": schema.SentinelHealth, "key": key, "row": map[string]any{
		"TimeGenerated": h.own.clock.Now().UTC().Format(time.RFC3339Nano), "OperationName": "Automation rule run", "SentinelResourceId": first.RuleID, "SentinelResourceName": first.RuleName,
		"Status": status, "Description": description, "Reason": strings.Join(reasons, "; "), "SentinelResourceType": "Automation rule", "RecordId": key,
		"ExtendedProperties": map[string]any{"IncidentNumber": first.Incident, "ActionsTriggered": len(steps), "ActionsFailed": failed}, "SourceSystem": "Quoll",
	}})
	if err != nil {
		return err
	}
	return h.own.take(ctx, append(body, '\n'))
}

// automationFiles writes a row of SentinelHealth for each file of automation when a
// server starts: those that are wrong fail, and one that was mended succeeds again.
func automationFiles(ctx context.Context, e *automation.Engine, own ownRows) error {
	var rows []byte
	started := own.clock.Now().UTC()
	add := func(path, name, status, description, reason string) error {
		key := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "automation file %s %d", path, started.UnixNano())).String()
		line, err := json.Marshal(map[string]any{"table": schema.SentinelHealth, "key": key, "row": map[string]any{
			"TimeGenerated": started.Format(time.RFC3339Nano), "OperationName": "Automation rule file", "SentinelResourceId": path, "SentinelResourceName": filepath.Base(path),
			"Status": status, "Description": description, "Reason": reason, "SentinelResourceType": "Automation rule", "RecordId": key,
			"ExtendedProperties": map[string]any{"Rule": name}, "SourceSystem": "Quoll",
		}})
		rows = append(append(rows, line...), '\n')
		return err
	}
	loaded := e.FromFiles()
	for _, path := range slices.Sorted(maps.Keys(loaded)) {
		if err := add(path, loaded[path].Name, "Success", "The rule of the file is applied.", ""); err != nil {
			return err
		}
	}
	for _, p := range e.Problems() {
		if err := add(p.Path, "", "Failure", "The file is wrong, and its rule is not applied until it is mended and the server restarted.", p.Err.Error()); err != nil {
			return err
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return own.take(ctx, rows)
}

// Bounds of a query of automation.
const (
	automationRows = 100
	automationTime = time.Minute
)

// queryInWords answers queries in a few lines of text.
func queryInWords(ask func(context.Context, query.Request) (*query.Result, error)) func(context.Context, string) (string, error) {
	return func(ctx context.Context, text string) (string, error) {
		result, err := ask(ctx, query.Request{Text: text, Limits: query.Limits{Rows: automationRows, Bytes: 1 << 20, Time: automationTime}})
		var mistakes *source.Error
		if errors.As(err, &mistakes) {
			return "", fmt.Errorf("%w: %w", automation.ErrForGood, err)
		}
		if err != nil {
			return "", err
		}
		var b strings.Builder
		fmt.Fprintf(&b, "%d rows", len(result.Rows))
		if result.Truncated {
			b.WriteString(" and more")
		}
		var cells []string
		for _, c := range result.Columns {
			cells = append(cells, c.Name)
		}
		b.WriteString("\n" + strings.Join(cells, "\t"))
		for _, row := range result.Rows {
			cells = cells[:0]
			for _, cell := range row {
				cells = append(cells, cellInWords(cell))
			}
			b.WriteString("\n" + strings.Join(cells, "\t"))
		}
		return b.String(), nil
	}
}

func cellInWords(cell any) string {
	switch v := cell.(type) {
	case nil:
		return ""
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case json.RawMessage:
		return string(v)
	}
	return fmt.Sprint(cell)
}

// checkQuery compiles the query of an automation rule. Mistakes are at their places
// in the text of the rule, not behind what is put before it.
func checkQuery(s *query.Service) func(ctx context.Context, about, text string) error {
	return func(ctx context.Context, about, text string) error {
		_, err := s.Compile(ctx, about+text)
		var mistakes *source.Error
		if !errors.As(err, &mistakes) {
			return err
		}
		own := &source.Error{Text: source.New(text), Dropped: mistakes.Dropped}
		for _, d := range mistakes.Diagnostics {
			d.Span = source.Span{Start: max(d.Span.Start-len(about), 0), End: max(d.Span.End-len(about), 0)}
			own.Diagnostics = append(own.Diagnostics, d)
		}
		return own
	}
}

// automationState is what health says of automation: a file that is wrong waits for
// somebody. There is none where there is nothing to say.
func automationState(e *automation.Engine) (server.PartState, bool) {
	problems := e.Problems()
	if len(problems) == 0 {
		return server.PartState{}, false
	}
	state := server.PartState{Part: "automation", State: server.StateFailing, Code: "automation_file", Cause: problems[0].Error(),
		Remedy: "Mend the file and restart the server. Until then this rule does not run; all others do."}
	if more := len(problems) - 1; more > 0 {
		state.Cause += fmt.Sprintf(" (and %d more files, which the log names)", more)
	}
	return state, true
}

// automationFigures are what metrics say of automation.
func automationFigures(ctx context.Context, e *automation.Engine) (*metrics.Automation, error) {
	all, err := e.List(ctx)
	if err != nil {
		return nil, err
	}
	figures := &metrics.Automation{BrokenFiles: len(e.Problems())}
	for _, l := range all {
		figures.Rules = append(figures.Rules, metrics.AutomationRule{
			ID: l.ID, Name: l.Name, LastRun: l.Fare.Last,
			Actions: map[string]int{automation.Done: l.Fare.Done, automation.Failed: l.Fare.Failed, automation.Refused: l.Fare.Refused, automation.Waiting: l.Fare.Waiting},
		})
	}
	return figures, nil
}

// automationDesk is the server's view of automation. It writes down who changes
// rules.
type automationDesk struct {
	engine *automation.Engine
	store  *incident.Store
	acts   *acts
}

func automationFailure(err error) error {
	switch {
	case errors.Is(err, automation.ErrNotFound):
		return server.ErrNotFound
	case errors.Is(err, automation.ErrInvalid):
		return &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
	}
	return err
}

// AutomationRules implements server.Automation.
func (d automationDesk) AutomationRules(ctx context.Context) ([]server.AutomationRule, error) {
	all, err := d.engine.List(ctx)
	if err != nil {
		return nil, err
	}
	var views []server.AutomationRule
	for _, l := range all {
		views = append(views, viewAutomation(l, d.acts.clock.Now()))
	}
	return views, nil
}

func viewAutomation(l automation.Listed, now time.Time) server.AutomationRule {
	view := server.AutomationRule{
		ID: l.ID, Name: l.Name, Order: l.Order, Enabled: l.Enabled == nil || *l.Enabled, Expires: moment(l.Expires), Active: l.Active(now), On: l.On, Kinds: l.Changed, Text: l.Text,
		Source: "state", By: l.By, Changed: moment(l.At), Incidents: l.Fare.Incidents, Done: l.Fare.Done, Failed: l.Fare.Failed, Refused: l.Fare.Refused, Waiting: l.Fare.Waiting,
		LastRun: moment(l.Fare.Last), LastFailed: moment(l.Fare.LastFailed), LastError: l.Fare.LastError,
	}
	if l.File {
		view.Source = "file"
	}
	for _, c := range l.When {
		view.Conditions = append(view.Conditions, c.String())
	}
	for _, a := range l.Actions {
		view.Actions = append(view.Actions, a.String())
	}
	return view
}

// PutAutomation implements server.Automation.
func (d automationDesk) PutAutomation(ctx context.Context, text, actor string) (*server.AutomationRule, error) {
	r, err := d.engine.Put(ctx, text, actor)
	what := act{operation: "Save automation rule", kind: "Automation rule", description: "keeps an automation rule", properties: map[string]any{"Text": text}}
	if err == nil {
		what.id, what.name = r.ID, r.Name
	}
	if err := d.acts.done(ctx, what, automationFailure(err)); err != nil {
		return nil, err
	}
	return d.one(ctx, r.ID)
}

// EnableAutomation implements server.Automation.
func (d automationDesk) EnableAutomation(ctx context.Context, id string, on bool, actor string) (*server.AutomationRule, error) {
	r, err := d.engine.Enable(ctx, id, on, actor)
	what := act{operation: "Switch automation rule", kind: "Automation rule", id: id, description: "switched an automation rule on or off", properties: map[string]any{"Enabled": on}}
	if err == nil {
		what.name = r.Name
	}
	if err := d.acts.done(ctx, what, automationFailure(err)); err != nil {
		return nil, err
	}
	return d.one(ctx, id)
}

func (d automationDesk) one(ctx context.Context, id string) (*server.AutomationRule, error) {
	all, err := d.AutomationRules(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(one server.AutomationRule) bool { return one.ID == id })
	if i < 0 {
		return nil, server.ErrNotFound // somebody took it away meanwhile
	}
	return &all[i], nil
}

// RemoveAutomation implements server.Automation.
func (d automationDesk) RemoveAutomation(ctx context.Context, id string) error {
	err := automationFailure(d.engine.Remove(ctx, id))
	return d.acts.done(ctx, act{operation: "Remove automation rule", kind: "Automation rule", id: id, description: "took an automation rule away"}, err)
}

// mostTested bounds the incidents that a rule is tested on.
const mostTested = 5000

// TestAutomation implements server.Automation.
func (d automationDesk) TestAutomation(ctx context.Context, t server.AutomationTest) (*server.AutomationTested, error) {
	r, err := d.rule(ctx, t)
	if err != nil {
		return nil, err
	}
	tested := &server.AutomationTested{}
	if t.Incident != 0 {
		return tested, d.test(ctx, r, []model.Incident{{Number: t.Incident}}, tested)
	}
	for offset := 0; offset < mostTested; {
		list, total, err := d.store.List(ctx, incident.Filter{From: t.From, Offset: offset})
		if err != nil {
			return nil, err
		}
		tested.Truncated = total > mostTested
		if len(list) == 0 {
			break
		}
		offset += len(list)
		if err := d.test(ctx, r, list, tested); err != nil {
			return nil, err
		}
	}
	return tested, nil
}

func (d automationDesk) rule(ctx context.Context, t server.AutomationTest) (*automation.Rule, error) {
	if t.Text != "" {
		r, err := automation.Parse([]byte(t.Text))
		if err != nil {
			return nil, &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
		}
		return r, nil
	}
	all, err := d.engine.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, l := range all {
		if l.ID == t.ID {
			return l.Rule, nil
		}
	}
	return nil, server.ErrNotFound
}

// test adds what a rule would have done with some incidents.
func (d automationDesk) test(ctx context.Context, r *automation.Rule, list []model.Incident, tested *server.AutomationTested) error {
	var past []*automation.Incident
	kinds := map[int64][]string{}
	for _, one := range list {
		detail, err := d.store.Get(ctx, one.Number)
		if errors.Is(err, incident.ErrNotFound) {
			return server.ErrNotFound
		}
		if err != nil {
			return err
		}
		past = append(past, &automation.Incident{Incident: detail.Incident, Tags: detail.Tags, Alerts: detail.Alerts})
		for _, h := range detail.Timeline {
			if h.Kind != "created" && h.Kind != "automation" {
				kinds[one.Number] = append(kinds[one.Number], h.Kind)
			}
		}
	}
	tested.Incidents += len(past)
	for _, w := range automation.Test(r, past, func(number int64) []string { return kinds[number] }) {
		tested.Matches = append(tested.Matches, server.AutomationMatch{Incident: strconv.FormatInt(w.Incident, 10), Title: w.Title, On: w.On, Actions: w.Actions})
	}
	return nil
}

// AutomationSteps implements server.Automation.
func (d automationDesk) AutomationSteps(ctx context.Context, number int64, limit int) ([]server.AutomationStep, error) {
	steps, err := d.engine.Steps(ctx, number, limit)
	if err != nil {
		return nil, err
	}
	var views []server.AutomationStep
	for _, s := range steps {
		view := server.AutomationStep{
			Incident: strconv.FormatInt(s.Incident, 10), RuleID: s.RuleID, RuleName: s.RuleName, Action: s.Action.String(), State: s.State,
			Attempts: s.Attempts, Planned: s.At, Ended: moment(s.Ended), Error: s.Error,
		}
		if s.State == automation.Waiting {
			view.Due = moment(s.Due)
		}
		views = append(views, view)
	}
	return views, nil
}

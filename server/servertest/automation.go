package servertest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/quoll/quoll/automation"
	"github.com/quoll/quoll/server"
)

// automations keeps rules, reads them as the real one does, and never runs them.
type automations struct {
	*Canned
	mu    sync.Mutex
	rules []server.AutomationRule
}

const calmBackup = `id: calm-backup
name: Calm the backup account
order: 10
on: [created]
when:
  - {property: ruleName, operator: startsWith, values: [Mass download]}
  - {property: Account, operator: endsWith, values: ["@wattleworks.example"]}
actions:
  - assign: ines.okafor
  - tag: [backup]
  - close: {classification: BenignPositive, comment: The nightly backup.}
`

const tellSoc = `id: tell-soc
name: Tell the SOC of what is high
order: 20
on: [created, updated]
changed: [severity]
when:
  - {property: severity, operator: equals, values: [High]}
actions:
  - query: {name: what else this account did, text: UnifiedAuditLog | where UserId in~ (Accounts) | summarize count() by Operation}
  - notify: [soc]
`

const reviewGuests = `id: review-guests
name: Review guests on Mondays
order: 30
enabled: false
on: [created]
actions:
  - task: Ask the owner of the site whether the guest is still needed.
`

func newAutomations(c *Canned) *automations {
	a := &automations{Canned: c}
	now := c.clock().UTC()
	for _, text := range []string{calmBackup, tellSoc, reviewGuests} {
		rule, err := a.read(text, "ines.okafor")
		if err != nil {
			panic("the canned rules are right: " + err.Error())
		}
		a.rules = append(a.rules, *rule)
	}
	calm, tell, review := &a.rules[0], &a.rules[1], &a.rules[2]
	calm.Incidents, calm.Done, calm.LastRun, calm.Changed = 12, 36, at(now.Add(-9*time.Hour)), at(now.Add(-400*time.Hour))
	tell.Incidents, tell.Done, tell.Failed, tell.Waiting, tell.LastRun, tell.LastFailed = 3, 4, 1, 1, at(now.Add(-4*time.Hour)), at(now.Add(-4*time.Hour))
	tell.LastError = `no notification target is called "soc"`
	tell.Changed = at(now.Add(-200 * time.Hour))
	review.Source, review.By, review.Changed = "file", "", nil
	return a
}

func (a *automations) read(text, actor string) (*server.AutomationRule, error) {
	r, err := automation.Parse([]byte(text))
	if err != nil {
		return nil, &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
	}
	now := a.clock().UTC()
	view := &server.AutomationRule{
		ID: r.ID, Name: r.Name, Order: r.Order, Enabled: r.Enabled == nil || *r.Enabled, Active: r.Active(now), On: r.On, Kinds: r.Changed, Text: text, Source: "state", By: actor, Changed: &now,
	}
	if !r.Expires.IsZero() {
		view.Expires = &r.Expires
	}
	for _, c := range r.When {
		view.Conditions = append(view.Conditions, c.String())
	}
	for _, one := range r.Actions {
		view.Actions = append(view.Actions, one.String())
	}
	return view, nil
}

// AutomationRules implements server.Automation.
func (a *automations) AutomationRules(context.Context) ([]server.AutomationRule, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.rules), nil
}

func (a *automations) find(id string) int {
	return slices.IndexFunc(a.rules, func(r server.AutomationRule) bool { return r.ID == id })
}

// PutAutomation implements server.Automation.
func (a *automations) PutAutomation(_ context.Context, text, actor string) (*server.AutomationRule, error) {
	rule, err := a.read(text, actor)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := a.find(rule.ID); i >= 0 {
		a.rules[i] = *rule
	} else {
		a.rules = append(a.rules, *rule)
	}
	slices.SortStableFunc(a.rules, func(x, y server.AutomationRule) int { return x.Order - y.Order })
	return rule, nil
}

// EnableAutomation implements server.Automation.
func (a *automations) EnableAutomation(_ context.Context, id string, on bool, _ string) (*server.AutomationRule, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := a.find(id)
	if i < 0 {
		return nil, server.ErrNotFound
	}
	if a.rules[i].Source == "file" {
		return nil, &server.Failure{Code: server.CodeBadRequest, Message: "automation rule " + id + " is in a file: change it there"}
	}
	a.rules[i].Enabled, a.rules[i].Active = on, on
	rule := a.rules[i]
	return &rule, nil
}

// RemoveAutomation implements server.Automation.
func (a *automations) RemoveAutomation(_ context.Context, id string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := a.find(id)
	if i < 0 {
		return server.ErrNotFound
	}
	a.rules = slices.Delete(a.rules, i, i+1)
	return nil
}

// TestAutomation implements server.Automation: a rule would act on the mass
// download, and on nothing else.
func (a *automations) TestAutomation(_ context.Context, t server.AutomationTest) (*server.AutomationTested, error) {
	rule := &server.AutomationRule{}
	var err error
	if t.Text != "" {
		rule, err = a.read(t.Text, "")
	} else {
		a.mu.Lock()
		defer a.mu.Unlock()
		i := a.find(t.ID)
		if i < 0 {
			return nil, server.ErrNotFound
		}
		rule = &a.rules[i]
	}
	if err != nil {
		return nil, err
	}
	tested := &server.AutomationTested{}
	for _, one := range a.incidents {
		if t.Incident != 0 && one.Number != t.Incident {
			continue
		}
		tested.Incidents++
		if one.Number == 6 {
			tested.Matches = append(tested.Matches, server.AutomationMatch{Incident: one.ID, Title: one.Title, On: rule.On[0], Actions: rule.Actions})
		}
	}
	return tested, nil
}

// AutomationSteps implements server.Automation.
func (a *automations) AutomationSteps(_ context.Context, incident int64, limit int) ([]server.AutomationStep, error) {
	now := a.clock().UTC()
	ended := now.Add(-4 * time.Hour)
	due := now.Add(3 * time.Minute)
	step := func(number int64, action, state string, attempts int, problem string) server.AutomationStep {
		s := server.AutomationStep{Incident: idOf(number), RuleID: "tell-soc", RuleName: "Tell the SOC of what is high", Action: action, State: state, Attempts: attempts, Planned: ended.Add(-time.Minute), Error: problem}
		if state == automation.Waiting {
			s.Due = &due
		} else {
			s.Ended = &ended
		}
		return s
	}
	var all []server.AutomationStep
	for _, s := range []server.AutomationStep{
		step(7, "run query what else this account did", automation.Done, 1, ""),
		step(7, "notify soc", automation.Failed, 1, `no notification target is called "soc"`),
		step(6, "notify soc", automation.Waiting, 2, "connection refused"),
	} {
		if (incident == 0 || s.Incident == idOf(incident)) && len(all) < limit {
			all = append(all, s)
		}
	}
	return all, nil
}

// idOf is the id of a canned incident.
func idOf(number int64) string { return fmt.Sprintf("inc-%04d", number) }

package server

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// Automation keeps rules that act on incidents. Its errors that the user may read
// are *Failure.
type Automation interface {
	// AutomationRules returns all, as they have their turns.
	AutomationRules(ctx context.Context) ([]AutomationRule, error)
	// PutAutomation keeps the rule that a text is, in place of the one of its id.
	PutAutomation(ctx context.Context, text, actor string) (*AutomationRule, error)
	// EnableAutomation switches a rule on or off; ErrNotFound when there is none.
	EnableAutomation(ctx context.Context, id string, on bool, actor string) (*AutomationRule, error)
	// RemoveAutomation takes a rule away; ErrNotFound when there is none.
	RemoveAutomation(ctx context.Context, id string) error
	// TestAutomation says what a rule would have done.
	TestAutomation(ctx context.Context, t AutomationTest) (*AutomationTested, error)
	// AutomationSteps returns what was done, the newest first; of one incident where
	// incident is not 0.
	AutomationSteps(ctx context.Context, incident int64, limit int) ([]AutomationStep, error)
}

// AutomationRule is one of them, and how it fares.
type AutomationRule struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Order   int        `json:"order"`
	Enabled bool       `json:"enabled"`
	Expires *time.Time `json:"expires"` // null: never
	// Active is whether it does anything now.
	Active bool     `json:"active"`
	On     []string `json:"on"`
	// Kinds are those of changes that it waits for; empty: all.
	Kinds []string `json:"kinds"`
	// Conditions, all of which have to hold, and Actions are in words.
	Conditions []string `json:"conditions"`
	Actions    []string `json:"actions"`
	Text       string   `json:"text"` // YAML
	// Source is "file" or "state"; By and Changed say who put it into the state.
	Source  string     `json:"source"`
	By      string     `json:"by,omitempty"`
	Changed *time.Time `json:"changed"`
	// Incidents it ran for, and its actions by what became of them.
	Incidents int        `json:"incidents"`
	Done      int        `json:"done"`
	Failed    int        `json:"failed"`
	Refused   int        `json:"refused"`
	Waiting   int        `json:"waiting"`
	LastRun   *time.Time `json:"lastRun"`
	// LastFailed is when an action did not end well the last time, LastError why.
	LastFailed *time.Time `json:"lastFailed"`
	LastError  string     `json:"lastError,omitempty"`
}

// AutomationTest is the body of POST /api/v1/automation/test: a text, or the id of a
// rule that there is.
type AutomationTest struct {
	Text string `json:"text,omitempty"`
	ID   string `json:"id,omitempty"`
	// From is the last activity of the oldest incident; 30 days ago when left out.
	From time.Time `json:"from"`
	// Incident is the number of the one incident to look at, whatever From says; 0:
	// all.
	Incident int64 `json:"incident,omitempty"`
}

// AutomationTested is what a rule would have done.
type AutomationTested struct {
	// Incidents were looked at; Truncated says that there were more.
	Incidents int               `json:"incidents"`
	Truncated bool              `json:"truncated,omitempty"`
	Matches   []AutomationMatch `json:"matches"`
}

// AutomationMatch is an incident that the rule would have acted on.
type AutomationMatch struct {
	Incident string   `json:"incident"`
	Title    string   `json:"title"`
	On       string   `json:"on"`
	Actions  []string `json:"actions"`
}

// AutomationStep is one action on one incident.
type AutomationStep struct {
	Incident string     `json:"incident"`
	RuleID   string     `json:"ruleId"`
	RuleName string     `json:"ruleName"`
	Action   string     `json:"action"`
	State    string     `json:"state"` // waiting, done, failed, refused
	Attempts int        `json:"attempts"`
	Planned  time.Time  `json:"planned"`
	Due      *time.Time `json:"due"`   // null once it has ended
	Ended    *time.Time `json:"ended"` // null while it waits
	Error    string     `json:"error,omitempty"`
}

func (s *Server) automationEndpoints() []endpoint {
	return offered(s.services.Automation != nil, "automation",
		endpoint{"GET /api/v1/automation", RoleReader, s.handleAutomation},
		endpoint{"POST /api/v1/automation", RoleContributor, s.handleAutomationPut},
		endpoint{"PATCH /api/v1/automation/{id}", RoleContributor, s.handleAutomationEnable},
		endpoint{"DELETE /api/v1/automation/{id}", RoleContributor, s.handleAutomationRemove},
		endpoint{"POST /api/v1/automation/test", RoleResponder, s.handleAutomationTest},
		endpoint{"GET /api/v1/automation/steps", RoleReader, s.handleAutomationSteps})
}

func (s *Server) handleAutomation(w http.ResponseWriter, r *http.Request) error {
	all, err := s.services.Automation.AutomationRules(r.Context())
	if err != nil {
		return err
	}
	rules := make([]AutomationRule, 0, len(all))
	for _, rule := range all {
		rules = append(rules, rule.whole())
	}
	writeJSON(w, http.StatusOK, map[string][]AutomationRule{"rules": rules})
	return nil
}

// whole is the rule without lists that are null.
func (r AutomationRule) whole() AutomationRule {
	r.On, r.Kinds, r.Conditions, r.Actions = notNil(r.On), notNil(r.Kinds), notNil(r.Conditions), notNil(r.Actions)
	return r
}

func (s *Server) handleAutomationPut(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Text string `json:"text"`
	}
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	rule, err := s.services.Automation.PutAutomation(r.Context(), body.Text, callerOf(r.Context()).person.Name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, rule.whole())
	return nil
}

func (s *Server) handleAutomationEnable(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Enabled *bool `json:"enabled"`
	}
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	if body.Enabled == nil {
		return &Failure{CodeBadRequest, "enabled is true or false"}
	}
	rule, err := s.services.Automation.EnableAutomation(r.Context(), r.PathValue("id"), *body.Enabled, callerOf(r.Context()).person.Name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, rule.whole())
	return nil
}

func (s *Server) handleAutomationRemove(w http.ResponseWriter, r *http.Request) error {
	if err := s.services.Automation.RemoveAutomation(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

// testedDays is how far back a test of a rule looks unless told otherwise.
const testedDays = 30

func (s *Server) handleAutomationTest(w http.ResponseWriter, r *http.Request) error {
	var body AutomationTest
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	if (body.Text == "") == (body.ID == "") {
		return &Failure{CodeBadRequest, "give the text of a rule, or the id of one"}
	}
	if body.Incident < 0 {
		return &Failure{CodeBadRequest, "incident is the number of one"}
	}
	if body.From.IsZero() {
		body.From = s.clock().AddDate(0, 0, -testedDays)
	}
	tested, err := s.services.Automation.TestAutomation(r.Context(), body)
	if err != nil {
		return err
	}
	tested.Matches = notNil(tested.Matches)
	writeJSON(w, http.StatusOK, tested)
	return nil
}

func (s *Server) handleAutomationSteps(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if err := knownParameters(q, "incident", "limit"); err != nil {
		return err
	}
	var incident int64
	limit, err := intParameter(q, "limit", 100, 1, 1000)
	if err != nil {
		return err
	}
	if text := q.Get("incident"); text != "" {
		if incident, err = strconv.ParseInt(text, 10, 64); err != nil || incident < 1 {
			return &Failure{CodeBadRequest, "incident is the number of one"}
		}
	}
	steps, err := s.services.Automation.AutomationSteps(r.Context(), incident, limit)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string][]AutomationStep{"steps": notNil(steps)})
	return nil
}

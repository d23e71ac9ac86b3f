package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Rules are the detection rules and how they fare.
type Rules interface {
	Rules(ctx context.Context) ([]Rule, error)
	// SaveRule keeps a rule in Sentinel's YAML form, in place of the one that was
	// saved under its id before, and has it run from then on. A *Failure says what
	// is wrong with it; mistakes in its query are a *QueryError, placed in the
	// query's own text.
	SaveRule(ctx context.Context, yaml string) (*Rule, error)
	// ReadRules gives the rules of a file, none where it holds something else:
	// Sentinel's YAML, ARM templates and exports in JSON, Sigma. name has its ending.
	ReadRules(ctx context.Context, name, text string) ([]RuleDraft, error)
}

// Rule is an analytics rule, in Microsoft Sentinel's terms.
type Rule struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Kind        string   `json:"kind"` // Scheduled or NRT
	Version     string   `json:"version"`
	Severity    string   `json:"severity"`
	Enabled     bool     `json:"enabled"`
	Tactics     []string `json:"tactics"`
	Techniques  []string `json:"techniques"`
	Query       string   `json:"query"`
	// Frequency is how often it runs, and Period over how long, in seconds.
	Frequency float64    `json:"frequencySeconds"`
	Period    float64    `json:"periodSeconds"`
	Health    RuleHealth `json:"health"`
}

// RuleHealth is what became of the runs of a rule.
type RuleHealth struct {
	Runs int64 `json:"runs"`
	// Alerts counts those raised.
	Alerts  int64      `json:"alerts"`
	LastRun *time.Time `json:"lastRun"` // null: never
	// EvaluatedTo is the end of the newest window evaluated.
	EvaluatedTo     *time.Time `json:"evaluatedTo"`
	LastError       string     `json:"lastError,omitempty"`
	SuppressedUntil *time.Time `json:"suppressedUntil"`
}

func (s *Server) handleRules(w http.ResponseWriter, r *http.Request) error {
	rules, err := s.services.Rules.Rules(r.Context())
	if err != nil {
		return err
	}
	rules = append([]Rule{}, rules...)
	for i := range rules {
		rules[i].Tactics, rules[i].Techniques = notNil(rules[i].Tactics), notNil(rules[i].Techniques)
	}
	writeJSON(w, http.StatusOK, struct {
		Now   time.Time `json:"now"`
		Rules []Rule    `json:"rules"`
	}{s.clock().UTC(), rules})
	return nil
}

// ruleBody is the body of POST /api/v1/rules.
type ruleBody struct {
	YAML string `json:"yaml"`
}

func (s *Server) handleRuleSave(w http.ResponseWriter, r *http.Request) error {
	var body ruleBody
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	if strings.TrimSpace(body.YAML) == "" {
		return &Failure{CodeBadRequest, "yaml is empty: give a rule in Sentinel's YAML form"}
	}
	rule, err := s.services.Rules.SaveRule(r.Context(), body.YAML)
	var mistakes *QueryError
	if errors.As(err, &mistakes) {
		return &diagnosed{message: "The query of the rule has mistakes.", diagnostics: diagnose(mistakes.Text, mistakes.Mistakes)}
	}
	if err != nil {
		return err
	}
	rule.Tactics, rule.Techniques = notNil(rule.Tactics), notNil(rule.Techniques)
	writeJSON(w, http.StatusCreated, rule)
	return nil
}

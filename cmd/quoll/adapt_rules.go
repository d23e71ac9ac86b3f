package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/server"
)

// savedRules is the folder of a data directory with the rules that people saved.
func savedRules(data string) string { return filepath.Join(data, "rules") }

// withSaved adds that folder to others, if it is there.
func withSaved(data string, dirs []string) []string {
	if _, err := os.Stat(savedRules(data)); err != nil {
		return dirs
	}
	return append(slices.Clone(dirs), savedRules(data))
}

// ruleBook is the server's view of the rules. It keeps those that people save as
// files, each under its id.
type ruleBook struct {
	dir      string
	detector *detect.Detector
	health   func(context.Context, []*detect.Rule) ([]detect.Health, error)
	compiles func(text string) error

	mu    sync.Mutex
	rules []*detect.Rule
}

func newRuleBook(dir string, rules []*detect.Rule, detector *detect.Detector, querier ruleQuerier) *ruleBook {
	return &ruleBook{dir: dir, detector: detector, health: detector.HealthOf, rules: rules, compiles: func(text string) error {
		_, err := querier.Tables(text)
		return err
	}}
}

// list returns the rules as they are now.
func (b *ruleBook) list() []*detect.Rule {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.rules)
}

// Rules implements server.Rules.
func (b *ruleBook) Rules(ctx context.Context) ([]server.Rule, error) {
	rules := b.list()
	health, err := b.health(ctx, rules)
	if err != nil {
		return nil, err
	}
	all := make([]server.Rule, 0, len(rules))
	for i, r := range rules {
		all = append(all, viewRule(r, health[i]))
	}
	return all, nil
}

func viewRule(r *detect.Rule, h detect.Health) server.Rule {
	return server.Rule{
		ID: r.ID, Name: r.Name, Description: r.Description, Kind: r.Kind, Version: r.Version, Severity: string(r.Severity), Enabled: h.Enabled,
		Tactics: r.Tactics, Techniques: append(append([]string{}, r.RelevantTechniques...), r.SubTechniques...), Query: r.Query,
		Frequency: time.Duration(r.QueryFrequency).Seconds(), Period: time.Duration(r.QueryPeriod).Seconds(),
		Health: server.RuleHealth{
			Runs: h.Runs, Alerts: h.Hits, LastRun: moment(h.LastRun), EvaluatedTo: moment(h.LastEnd), LastError: h.LastError, SuppressedUntil: moment(h.SuppressedUntil),
		},
	}
}

// ruleID is what an id may be, which is the name of a file.
var ruleID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,63}$`)

// SaveRule implements server.Rules. A rule that is read from elsewhere is not
// replaced: its file would bring it back.
func (b *ruleBook) SaveRule(ctx context.Context, text string) (*server.Rule, error) {
	r, err := b.read(text)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	file := filepath.Join(b.dir, r.ID+".yaml")
	at := slices.IndexFunc(b.rules, func(old *detect.Rule) bool { return old.ID == r.ID })
	if at >= 0 {
		if err := b.mayReplace(b.rules[at], r, file, text); err != nil {
			return nil, err
		}
	}
	if err := durable.MkdirAll(durable.OS{}, b.dir, 0o750); err != nil {
		return nil, fmt.Errorf("save rule %s: %w", r.ID, err)
	}
	if err := durable.WriteFile(durable.OS{}, file, []byte(text), 0o640); err != nil {
		return nil, fmt.Errorf("save rule %s: %w", r.ID, err)
	}
	if err := b.detector.Put(r); err != nil {
		return nil, fmt.Errorf("save rule %s: %w", r.ID, err)
	}
	if at >= 0 {
		b.rules[at] = r
	} else {
		b.rules = append(b.rules, r)
		slices.SortFunc(b.rules, func(a, b *detect.Rule) int { return strings.Compare(a.Name, b.Name) })
	}
	health, err := b.health(ctx, []*detect.Rule{r})
	if err != nil {
		return nil, err
	}
	view := viewRule(r, health[0])
	return &view, nil
}

// ReadRules implements server.Rules. That a rule does not compile is left for SaveRule
// to say, which knows the saved functions as well and says where.
func (b *ruleBook) ReadRules(_ context.Context, name, text string) ([]server.RuleDraft, error) {
	extension := strings.ToLower(filepath.Ext(name))
	rules, problem := readRules(name, extension, []byte(text))
	if len(rules) == 0 && problem == nil && extension != ".json" {
		// As people write it here, without what Sentinel alone asks for.
		if rule, err := detect.ParseRule(name, []byte(text)); err == nil {
			rules = append(rules, rule)
		}
	}
	drafts := make([]server.RuleDraft, 0, len(rules))
	for _, rule := range rules {
		unknown := rule.Unknown
		rule.DropUnknown()
		found, err := examined(importedRule{rule: rule})
		if err != nil {
			found.Why = nil
		}
		for _, key := range unknown {
			found.Why = append(found.Why, "the key "+key+" has no effect and is left out")
		}
		yaml, err := rule.Export()
		if err != nil {
			return nil, err
		}
		drafts = append(drafts, server.RuleDraft{ID: rule.ID, Name: rule.Name, Kind: rule.Kind, YAML: string(yaml), Why: found.Why, Missing: found.Missing})
	}
	if problem != nil {
		for line := range strings.SplitSeq(problem.Error(), "\n") {
			drafts = append(drafts, server.RuleDraft{Why: []string{strings.TrimPrefix(line, name+": ")}})
		}
	}
	return drafts, nil
}

// read reads a rule, and says in a form that people see what is wrong with it.
func (b *ruleBook) read(text string) (*detect.Rule, error) {
	r, err := detect.ParseRule("rule", []byte(text))
	refuse := func(format string, args ...any) error {
		return &server.Failure{Code: server.CodeBadRequest, Message: fmt.Sprintf(format, args...)}
	}
	switch {
	case err != nil:
		return nil, refuse("%s", strings.TrimPrefix(err.Error(), "rule: "))
	case len(r.Unknown) > 0:
		return nil, refuse("%s: no key of a rule; docs/rules.md lists them", strings.Join(r.Unknown, ", "))
	case !ruleID.MatchString(r.ID):
		return nil, refuse("id: %q; it is a GUID, or of letters, digits and hyphens, at most 64", r.ID)
	}
	err = b.compiles(r.Query)
	var mistakes *source.Error
	if errors.As(err, &mistakes) {
		failure := serverFailure(err)
		var placed *server.QueryError
		if errors.As(failure, &placed) {
			placed.Text = r.Query
		}
		return nil, failure
	}
	return r, err
}

func (b *ruleBook) mayReplace(old, r *detect.Rule, file, text string) error {
	kept, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return &server.Failure{Code: server.CodeConflict, Message: fmt.Sprintf("the rule %q has that id and is read from another place: give yours another id, and switch that one off if need be", old.Name)}
	}
	if err != nil {
		return fmt.Errorf("read rule %s: %w", r.ID, err)
	}
	if old.Version == r.Version && string(kept) != text {
		return &server.Failure{Code: server.CodeConflict, Message: fmt.Sprintf("version %s of the rule %q is saved already: raise its version, so that what it found can be told apart", r.Version, old.Name)}
	}
	return nil
}

// Explain implements server.Explainer.
func (q querier) Explain(ctx context.Context, r server.QueryRequest) (*server.QueryPlan, error) {
	explained, err := q.service.Explain(ctx, query.Request{Text: r.Text, From: r.From, To: r.To, Now: r.Now, Parameters: r.Parameters})
	if err != nil {
		return nil, serverFailure(err)
	}
	return &server.QueryPlan{Plan: explained.Plan, SQL: explained.SQL}, nil
}

// auditedRules writes down who saves a rule, and its text.
type auditedRules struct {
	rules server.Rules
	acts  *acts
}

// Rules implements server.Rules.
func (a auditedRules) Rules(ctx context.Context) ([]server.Rule, error) { return a.rules.Rules(ctx) }

// ReadRules implements server.Rules.
func (a auditedRules) ReadRules(ctx context.Context, name, text string) ([]server.RuleDraft, error) {
	return a.rules.ReadRules(ctx, name, text)
}

// SaveRule implements server.Rules.
func (a auditedRules) SaveRule(ctx context.Context, text string) (*server.Rule, error) {
	rule, err := a.rules.SaveRule(ctx, text)
	what := act{operation: "Save rule", kind: "Analytics rule", description: "saved a detection rule", properties: map[string]any{"YAML": text}}
	if err == nil {
		what.id, what.name = rule.ID, rule.Name
	}
	if err = a.acts.done(ctx, what, err); err != nil {
		return nil, err
	}
	return rule, nil
}

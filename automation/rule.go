// Package automation does with incidents what people would do each time: when one
// is made or changed, and conditions hold, it assigns, tags, closes, comments,
// tells somebody or runs a query, in the order that rules say.
//
// It must not know how incidents are kept, who is told or how queries are
// answered, nor who looks at its rules (HTTP, commands).
package automation

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/quoll/quoll/model"
)

// Rule is an automation rule, after Sentinel's.
type Rule struct {
	ID   string `yaml:"id" json:"id"`
	Name string `yaml:"name" json:"name"`
	// Order is when the rule has its turn: the lowest first, 1 to 1000. Rules of one
	// order have it by their ids.
	Order   int   `yaml:"order" json:"order"`
	Enabled *bool `yaml:"enabled,omitempty" json:"enabled,omitempty"` // absent: yes
	// Expires is from when on it does nothing any more, in UTC; zero is never.
	Expires time.Time `yaml:"expires,omitempty" json:"expires,omitzero"`
	// On is what triggers it: created, updated.
	On []string `yaml:"on" json:"on"`
	// Changed restricts updated to changes of these kinds; empty takes all.
	Changed []string    `yaml:"changed,omitempty" json:"changed,omitempty"`
	When    []Condition `yaml:"when,omitempty" json:"when,omitempty"` // all of them
	Actions []Action    `yaml:"actions" json:"actions"`
	// Text is the rule as it was written.
	Text string `yaml:"-" json:"-"`
}

// What triggers a rule.
const (
	OnCreated = "created"
	OnUpdated = "updated"
)

// changedKinds are the kinds of changes that a rule can ask for, as incidents'
// timelines have them.
var changedKinds = []string{"alert", "alert-updated", "status", "severity", "owner", "classification", "tag", "comment", "task", "task-done", "task-open", "reopened", "merged", "split", "register", "reported"}

// Condition is one that an incident meets or not. Any, where it is given, stands
// alone: one of them is enough.
type Condition struct {
	Property string      `yaml:"property,omitempty" json:"property,omitempty"`
	Operator string      `yaml:"operator,omitempty" json:"operator,omitempty"`
	Values   []string    `yaml:"values,omitempty" json:"values,omitempty"`
	Any      []Condition `yaml:"any,omitempty" json:"any,omitempty"`
}

// Action is one thing to do: exactly one of the fields.
type Action struct {
	Assign   *string        `yaml:"assign,omitempty" json:"assign,omitempty"` // empty: to nobody
	Tag      []string       `yaml:"tag,omitempty" json:"tag,omitempty"`
	Severity model.Severity `yaml:"severity,omitempty" json:"severity,omitempty"`
	Activate bool           `yaml:"activate,omitempty" json:"activate,omitempty"` // status Active
	Close    *Close         `yaml:"close,omitempty" json:"close,omitempty"`
	Comment  string         `yaml:"comment,omitempty" json:"comment,omitempty"`
	Task     string         `yaml:"task,omitempty" json:"task,omitempty"`
	Notify   []string       `yaml:"notify,omitempty" json:"notify,omitempty"` // names of targets
	Query    *Query         `yaml:"query,omitempty" json:"query,omitempty"`
}

// String says what the condition asks for, for lists.
func (c Condition) String() string {
	if len(c.Any) > 0 {
		var each []string
		for _, one := range c.Any {
			each = append(each, one.String())
		}
		return strings.Join(each, " or ")
	}
	return c.Property + " " + operators[c.Operator].words + " " + strings.Join(c.Values, ", ")
}

// Close says why an incident is closed.
type Close struct {
	Classification model.Classification `yaml:"classification" json:"classification"`
	Comment        string               `yaml:"comment,omitempty" json:"comment,omitempty"`
}

// Query is KQL that is run, with what it gave in the timeline.
type Query struct {
	Name string `yaml:"name" json:"name"`
	Text string `yaml:"text" json:"text"`
}

// Bounds of a rule.
const (
	maxOrder      = 1000
	maxActions    = 20
	maxConditions = 50
	maxRuleBytes  = 64 << 10
)

// Parse reads a rule and says all that is wrong with it.
func Parse(text []byte) (*Rule, error) {
	if len(text) > maxRuleBytes {
		return nil, fmt.Errorf("an automation rule has at most %d bytes", maxRuleBytes)
	}
	r := &Rule{Text: string(text)}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(r); err != nil {
		return nil, fmt.Errorf("read automation rule: %w", err)
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("read automation rule: one rule a file, and nothing behind it")
	}
	r.Expires = r.Expires.UTC()
	if err := r.validate(); err != nil {
		return nil, fmt.Errorf("automation rule %q: %w", cmp.Or(r.Name, r.ID), err)
	}
	return r, nil
}

var identifier = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

func (r *Rule) validate() error {
	var problems []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	require(identifier.MatchString(r.ID), "id: %q; it is 1 to 100 letters, digits, dots, hyphens or underscores", r.ID)
	require(strings.TrimSpace(r.Name) != "" && len(r.Name) <= 200, "name: missing, or longer than 200 bytes")
	require(r.Order >= 1 && r.Order <= maxOrder, "order: %d; it is 1 to %d", r.Order, maxOrder)
	require(len(r.On) > 0, "on: missing; it is a list of created, updated")
	for _, on := range r.On {
		require(on == OnCreated || on == OnUpdated, "on: %q; it is created or updated", on)
	}
	for _, kind := range r.Changed {
		require(slices.Contains(changedKinds, kind), "changed: %q; it is one of %s", kind, strings.Join(changedKinds, ", "))
	}
	require(len(r.Changed) == 0 || slices.Contains(r.On, OnUpdated), "changed: it says what updated means, which on does not have")
	require(len(r.When) <= maxConditions, "when: more than %d conditions", maxConditions)
	for i, c := range r.When {
		problems = append(problems, c.validate(fmt.Sprintf("when[%d]", i), true))
	}
	require(len(r.Actions) > 0 && len(r.Actions) <= maxActions, "actions: 1 to %d", maxActions)
	for i, a := range r.Actions {
		if err := a.validate(); err != nil {
			problems = append(problems, fmt.Errorf("actions[%d]: %w", i, err))
		}
	}
	return errors.Join(problems...)
}

func (c Condition) validate(where string, nested bool) error {
	if len(c.Any) > 0 {
		if !nested || c.Property != "" || c.Operator != "" || len(c.Values) > 0 || len(c.Any) > maxConditions {
			return fmt.Errorf("%s: any stands alone, holds at most %d conditions and none with any", where, maxConditions)
		}
		var problems []error
		for i, one := range c.Any {
			problems = append(problems, one.validate(fmt.Sprintf("%s.any[%d]", where, i), false))
		}
		return errors.Join(problems...)
	}
	_, knownProperty := properties[c.Property]
	_, knownOperator := operators[c.Operator]
	switch {
	case !knownProperty && !slices.Contains(entityKinds, c.Property):
		return fmt.Errorf("%s: property %q; it is %s, or a kind of entity: %s", where, c.Property, strings.Join(slices.Sorted(maps.Keys(properties)), ", "), strings.Join(entityKinds, ", "))
	case !knownOperator:
		return fmt.Errorf("%s: operator %q; it is %s", where, c.Operator, strings.Join(slices.Sorted(maps.Keys(operators)), ", "))
	case len(c.Values) == 0 || len(c.Values) > 500:
		return fmt.Errorf("%s: values: 1 to 500 texts", where)
	}
	return nil
}

func (a Action) validate() error {
	given := 0
	for _, there := range []bool{a.Assign != nil, len(a.Tag) > 0, a.Severity != "", a.Activate, a.Close != nil, a.Comment != "", a.Task != "", len(a.Notify) > 0, a.Query != nil} {
		if there {
			given++
		}
	}
	switch {
	case given != 1:
		return errors.New("each has exactly one of assign, tag, severity, activate, close, comment, task, notify and query")
	case a.Severity != "" && a.Severity.Rank() == 0:
		return fmt.Errorf("severity %q; it is Informational, Low, Medium or High", a.Severity)
	case a.Close != nil && !slices.Contains([]model.Classification{model.ClassificationTruePositive, model.ClassificationBenignPositive, model.ClassificationFalsePositive, model.ClassificationUndetermined}, a.Close.Classification):
		return fmt.Errorf("close: classification %q; it is TruePositive, BenignPositive, FalsePositive or Undetermined", a.Close.Classification)
	case a.Query != nil && (strings.TrimSpace(a.Query.Name) == "" || strings.TrimSpace(a.Query.Text) == ""):
		return errors.New("query: it has a name and a text")
	case len(a.Task) > 500:
		return errors.New("task: at most 500 bytes")
	}
	for _, tag := range a.Tag {
		if tag == "" || len(tag) > 100 {
			return errors.New("tag: 1 to 100 bytes each")
		}
	}
	return nil
}

// String says what the action is, for timelines and lists.
func (a Action) String() string {
	switch {
	case a.Assign != nil && *a.Assign == "":
		return "assign to nobody"
	case a.Assign != nil:
		return "assign to " + *a.Assign
	case len(a.Tag) > 0:
		return "tag " + strings.Join(a.Tag, ", ")
	case a.Severity != "":
		return "set severity " + string(a.Severity)
	case a.Activate:
		return "set status Active"
	case a.Close != nil:
		return "close as " + string(a.Close.Classification)
	case a.Comment != "":
		return "comment"
	case a.Task != "":
		return "add task " + a.Task
	case len(a.Notify) > 0:
		return "notify " + strings.Join(a.Notify, ", ")
	case a.Query != nil:
		return "run query " + a.Query.Name
	}
	return "nothing"
}

// Active says whether the rule does anything at a time.
func (r *Rule) Active(now time.Time) bool {
	return (r.Enabled == nil || *r.Enabled) && (r.Expires.IsZero() || now.Before(r.Expires))
}

// inOrder sorts rules as they have their turns.
func inOrder(rules []*Rule) {
	slices.SortFunc(rules, func(a, b *Rule) int { return cmp.Or(a.Order-b.Order, strings.Compare(a.ID, b.ID)) })
}

package automation

import (
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/model"
)

// Incident is what rules see of an incident.
type Incident struct {
	model.Incident
	Tags   []string
	Alerts []model.Alert // the oldest events first
}

// Change is something that happened to an incident.
type Change struct {
	Sequence, Incident int64
	Created            bool
	Kinds              []string // of model.Happening
	// Automated says that automation made the change: it triggers nothing, so that
	// rules cannot chase each other.
	Automated bool
}

// properties are what conditions can be about, besides kinds of entities.
var properties = map[string]func(*Incident) []string{
	"title":          func(i *Incident) []string { return []string{i.Title} },
	"severity":       func(i *Incident) []string { return []string{string(i.Severity)} },
	"status":         func(i *Incident) []string { return []string{string(i.Status)} },
	"owner":          func(i *Incident) []string { return []string{i.Owner} },
	"classification": func(i *Incident) []string { return []string{string(i.Classification)} },
	"tag":            func(i *Incident) []string { return i.Tags },
	"tactic":         func(i *Incident) []string { return i.Tactics },
	"technique":      func(i *Incident) []string { return i.Techniques },
	"ruleName":       func(i *Incident) []string { return i.each(func(a model.Alert) string { return a.RuleName }) },
	"ruleId":         func(i *Incident) []string { return i.each(func(a model.Alert) string { return a.RuleID }) },
	"alertName":      func(i *Incident) []string { return i.each(func(a model.Alert) string { return a.Name }) },
	"description":    func(i *Incident) []string { return i.each(func(a model.Alert) string { return a.Description }) },
}

func (i *Incident) each(of func(model.Alert) string) []string {
	var texts []string
	for _, a := range i.Alerts {
		texts = append(texts, of(a))
	}
	return texts
}

// entityKinds are those that alerts have, by Sentinel's names.
// https://learn.microsoft.com/azure/sentinel/entities-reference
var entityKinds = []string{"Account", "Host", "IP", "URL", "AzureResource", "CloudApplication", "DNS", "File", "FileHash", "IoTDevice",
	"Malware", "Mailbox", "MailCluster", "MailMessage", "Process", "RegistryKey", "RegistryValue", "SecurityGroup", "SubmissionMail"}

// entity returns all identifiers of the entities of a kind. An account whose name
// and domain are apart has its address, too.
func (i *Incident) entity(kind string) []string {
	var texts []string
	for _, e := range i.Entities {
		if e.Kind != kind {
			continue
		}
		for _, text := range e.Identifiers {
			texts = append(texts, text)
		}
		if name, suffix := e.Identifiers["Name"], e.Identifiers["UPNSuffix"]; name != "" && suffix != "" {
			texts = append(texts, name+"@"+suffix)
		}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

type operator struct {
	holds func(text, value string) bool
	// not says that the condition holds where no text does.
	not   bool
	words string
}

// operators compare without regard to case, as Sentinel's do.
var operators = map[string]operator{
	"equals": {strings.EqualFold, false, "is"}, "notEquals": {strings.EqualFold, true, "is not"},
	"contains": {folded(strings.Contains), false, "contains"}, "notContains": {folded(strings.Contains), true, "does not contain"},
	"startsWith": {folded(strings.HasPrefix), false, "starts with"}, "notStartsWith": {folded(strings.HasPrefix), true, "does not start with"},
	"endsWith": {folded(strings.HasSuffix), false, "ends with"}, "notEndsWith": {folded(strings.HasSuffix), true, "does not end with"},
}

func folded(holds func(text, value string) bool) func(text, value string) bool {
	return func(text, value string) bool { return holds(strings.ToLower(text), strings.ToLower(value)) }
}

func (c Condition) holds(i *Incident) bool {
	if len(c.Any) > 0 {
		return slices.ContainsFunc(c.Any, func(one Condition) bool { return one.holds(i) })
	}
	texts := i.entity(c.Property)
	if of, ok := properties[c.Property]; ok {
		texts = of(i)
	}
	o := operators[c.Operator]
	found := slices.ContainsFunc(texts, func(text string) bool {
		return slices.ContainsFunc(c.Values, func(value string) bool { return o.holds(text, value) })
	})
	return found != o.not
}

// triggered says whether a change is one that the rule waits for.
func (r *Rule) triggered(c Change) bool {
	if c.Automated {
		return false
	}
	if c.Created {
		return slices.Contains(r.On, OnCreated)
	}
	return slices.Contains(r.On, OnUpdated) && (len(r.Changed) == 0 || slices.ContainsFunc(c.Kinds, func(kind string) bool { return slices.Contains(r.Changed, kind) }))
}

// plan returns the rules that a change makes run, in their order. Each sees the
// incident as those before it leave it.
func plan(rules []*Rule, c Change, i *Incident, now time.Time) []*Rule {
	seen := *i
	var run []*Rule
	for _, r := range rules {
		if !r.Active(now) || !r.triggered(c) || slices.ContainsFunc(r.When, func(w Condition) bool { return !w.holds(&seen) }) {
			continue
		}
		run = append(run, r)
		for _, a := range r.Actions {
			a.foresee(&seen)
		}
	}
	return run
}

// foresee changes an incident as the action will.
func (a Action) foresee(i *Incident) {
	switch {
	case a.Assign != nil:
		i.Owner = *a.Assign
	case len(a.Tag) > 0:
		i.Tags = slices.Concat(i.Tags, a.Tag)
	case a.Severity != "":
		i.Severity = a.Severity
	case a.Activate:
		i.Status = model.IncidentActive
	case a.Close != nil:
		i.Status, i.Classification = model.IncidentClosed, a.Close.Classification
	}
}

// Would is what a rule would have done with an incident.
type Would struct {
	Incident int64
	Title    string
	On       string // created or updated
	Actions  []string
}

// Test says what a rule would have done with incidents of the past, whether it is
// enabled, has expired or not. An incident is looked at as it was made, from its
// first alert; and, where the rule waits for changes, as it is now, after changes
// of the kinds that its timeline has.
func Test(r *Rule, past []*Incident, kinds func(number int64) []string) []Would {
	rule := *r
	rule.Enabled, rule.Expires = nil, time.Time{}
	var found []Would
	would := func(i *Incident, c Change, on string) {
		if len(plan([]*Rule{&rule}, c, i, time.Time{})) == 0 {
			return
		}
		w := Would{Incident: i.Number, Title: i.Title, On: on}
		for _, a := range rule.Actions {
			w.Actions = append(w.Actions, a.String())
		}
		found = append(found, w)
	}
	for _, i := range past {
		would(i.asMade(), Change{Created: true}, OnCreated)
		if slices.Contains(rule.On, OnUpdated) {
			if k := kinds(i.Number); len(k) > 0 {
				would(i, Change{Kinds: k}, OnUpdated)
			}
		}
	}
	return found
}

// asMade is the incident as its first alert made it.
func (i *Incident) asMade() *Incident {
	made := &Incident{Incident: i.Incident}
	made.Owner, made.Status, made.Classification = "", model.IncidentNew, model.ClassificationNone
	if len(i.Alerts) == 0 {
		return made
	}
	first := slices.MinFunc(i.Alerts, func(a, b model.Alert) int { return a.Raised.Compare(b.Raised) })
	made.Alerts, made.AlertCount = []model.Alert{first}, 1
	made.Severity, made.Tactics, made.Techniques, made.Entities = first.Severity, first.Tactics, first.Techniques, first.Entities
	return made
}

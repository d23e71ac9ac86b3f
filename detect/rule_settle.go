package detect

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/model"
)

// defaults fills what a rule may leave out, as Sentinel does where a template
// leaves it out. An NRT rule has no schedule in its file: it runs each minute
// over the minute before.
func (r *Rule) defaults() {
	if r.Name == "" && r.node != nil {
		var other struct {
			Name string `yaml:"displayName"`
		}
		if r.node.Decode(&other) == nil {
			r.Name = other.Name
		}
	}
	if r.Kind == "" {
		r.Kind = "Scheduled"
	}
	if strings.EqualFold(r.Kind, "nrt") {
		r.Kind = "NRT"
		r.QueryFrequency, r.QueryPeriod = Duration(time.Minute), Duration(time.Minute)
		r.TriggerOperator, r.TriggerThreshold = "gt", 0
	}
	if strings.EqualFold(r.Kind, "scheduled") {
		r.Kind = "Scheduled"
	}
	if r.TriggerOperator == "" {
		r.TriggerOperator = "gt"
	}
	if r.Version == "" {
		r.Version = "1.0.0"
	}
	assume := func(missing bool, what string, set func()) {
		if missing {
			set()
			r.Assumed = append(r.Assumed, what)
		}
	}
	assume(r.Severity == "", "severity is not given: Medium", func() { r.Severity = model.SeverityMedium })
	assume(r.QueryFrequency == 0 && r.QueryPeriod == 0, "no schedule is given: every 5 hours over 5 hours", func() {
		r.QueryFrequency, r.QueryPeriod = Duration(5*time.Hour), Duration(5*time.Hour)
	})
	assume(r.QueryFrequency == 0, "queryFrequency is not given: that of queryPeriod", func() { r.QueryFrequency = r.QueryPeriod })
	assume(r.QueryPeriod == 0, "queryPeriod is not given: that of queryFrequency", func() { r.QueryPeriod = r.QueryFrequency })
}

func (r *Rule) validate() error {
	var problems []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	require(r.ID != "", "id: missing; it is a GUID that stays with the rule")
	require(r.Name != "", "name: missing")
	require(strings.TrimSpace(r.Query) != "", "query: missing")
	require(r.Kind == "Scheduled" || r.Kind == "NRT", "kind: %q; it is Scheduled or NRT", r.Kind)
	require(r.Severity.Rank() > 0, "severity: %q; it is Informational, Low, Medium or High", r.Severity)
	require(r.QueryFrequency >= Duration(time.Minute), "queryFrequency: at least 1m")
	require(r.QueryPeriod >= r.QueryFrequency, "queryPeriod: shorter than queryFrequency, so events between two runs would never be seen")
	_, ok := comparisons[strings.ToLower(r.TriggerOperator)]
	require(ok, "triggerOperator: %q; it is gt, lt, eq or ne", r.TriggerOperator)
	kind := r.EventGrouping.AggregationKind
	require(kind == "" || kind == "SingleAlert" || kind == "AlertPerResult", "eventGroupingSettings.aggregationKind: %q; it is SingleAlert or AlertPerResult", kind)
	if g := r.Incident.Grouping; g != nil {
		require(slices.Contains(matchingMethods, strings.ToLower(g.MatchingMethod)), "incidentConfiguration.groupingConfiguration.matchingMethod: %q; it is AllEntities, AnyAlert or Selected", g.MatchingMethod)
	}
	require(!r.SuppressionEnabled || r.SuppressionDuration >= Duration(5*time.Minute), "suppressionDuration: at least 5m where suppressionEnabled is true")
	for _, m := range r.EntityMappings {
		require(m.EntityType != "" && len(m.FieldMappings) > 0, "entityMappings: each has an entityType and fieldMappings")
	}
	return errors.Join(problems...)
}

// comparisons are the trigger operators: rows against threshold.
var comparisons = map[string]func(rows, threshold int) bool{
	"gt": func(a, b int) bool { return a > b }, "greaterthan": func(a, b int) bool { return a > b },
	"lt": func(a, b int) bool { return a < b }, "lessthan": func(a, b int) bool { return a < b },
	"eq": func(a, b int) bool { return a == b }, "equal": func(a, b int) bool { return a == b },
	"ne": func(a, b int) bool { return a != b }, "notequal": func(a, b int) bool { return a != b },
}

// enabled says whether the rule is to run.
func (r *Rule) enabled() bool { return r.Enabled == nil || *r.Enabled }

// matchingMethods are how alerts can meet in an incident.
var matchingMethods = []string{"", "allentities", "anyalert", "selected", "none"}

// grouping gives the rule's incident configuration in the model's words.
func (r *Rule) grouping() model.Grouping {
	g := model.Grouping{CreateIncident: r.Incident.CreateIncident == nil || *r.Incident.CreateIncident, Lookback: 24 * time.Hour}
	config := r.Incident.Grouping
	if config == nil {
		g.ByEntities = []string{"Account"}
		return g
	}
	if !config.Enabled {
		return g
	}
	if strings.EqualFold(config.MatchingMethod, "AnyAlert") {
		g.ByRule = true
	}
	g.Reopen = config.ReopenClosedIncident
	if config.LookbackDuration > 0 {
		g.Lookback = time.Duration(config.LookbackDuration)
	}
	g.ByAlertDetails, g.ByCustomDetails = config.GroupByAlertDetails, config.GroupByCustomDetails
	switch {
	case g.ByRule:
	case strings.EqualFold(config.MatchingMethod, "Selected"):
		// Details alone may be selected: then alerts of the rule meet where these
		// are equal. Of several kinds of entity each has to match.
		g.ByEntities = config.GroupByEntities
		g.ByRule = len(g.ByEntities) == 0 && len(g.ByAlertDetails)+len(g.ByCustomDetails) > 0
		g.AllEntities = len(g.ByEntities) > 1
	default: // AllEntities
		g.AllEntities = true
		for _, m := range r.EntityMappings {
			if !slices.Contains(g.ByEntities, m.EntityType) {
				g.ByEntities = append(g.ByEntities, m.EntityType)
			}
		}
	}
	return g
}

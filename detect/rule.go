// Package detect runs detection rules in Sentinel's YAML form on a schedule
// and turns what their queries return into alerts.
//
// It must not know where rows are kept or which engine answers (it is given a
// Querier), nor what becomes of an alert (it is given a Sink).
package detect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/quoll/quoll/model"
)

// Rule is an analytics rule as Sentinel publishes it.
// https://github.com/Azure/Azure-Sentinel, Detections and Analytic Rules.
type Rule struct {
	ID                 string               `yaml:"id"`
	Name               string               `yaml:"name"`
	Description        string               `yaml:"description"`
	Kind               string               `yaml:"kind"` // Scheduled or NRT
	Version            string               `yaml:"version"`
	Severity           model.Severity       `yaml:"severity"`
	Enabled            *bool                `yaml:"enabled"` // absent is true
	QueryFrequency     Duration             `yaml:"queryFrequency"`
	QueryPeriod        Duration             `yaml:"queryPeriod"`
	TriggerOperator    string               `yaml:"triggerOperator"` // gt, lt, eq, ne, GreaterThan, …
	TriggerThreshold   int                  `yaml:"triggerThreshold"`
	Tactics            []string             `yaml:"tactics"`
	RelevantTechniques []string             `yaml:"relevantTechniques"`
	Query              string               `yaml:"query"`
	EntityMappings     []EntityMapping      `yaml:"entityMappings"`
	CustomDetails      map[string]string    `yaml:"customDetails"`
	AlertOverride      AlertDetailsOverride `yaml:"alertDetailsOverride"`
	EventGrouping      struct {
		AggregationKind string `yaml:"aggregationKind"` // SingleAlert or AlertPerResult
	} `yaml:"eventGroupingSettings"`
	SuppressionEnabled  bool                  `yaml:"suppressionEnabled"`
	SuppressionDuration Duration              `yaml:"suppressionDuration"`
	Incident            IncidentConfiguration `yaml:"incidentConfiguration"`
	// Unknown are top-level keys that detection does not read; they are kept
	// so that an import can tell of them.
	Unknown []string `yaml:"-"`
}

// EntityMapping maps columns of the result to the identifiers of an entity.
type EntityMapping struct {
	EntityType    string `yaml:"entityType"`
	FieldMappings []struct {
		Identifier string `yaml:"identifier"`
		ColumnName string `yaml:"columnName"`
	} `yaml:"fieldMappings"`
}

// AlertDetailsOverride names columns that override details of the alert;
// the two formats hold {{Column}} places.
type AlertDetailsOverride struct {
	DisplayNameFormat string `yaml:"alertDisplayNameFormat"`
	DescriptionFormat string `yaml:"alertDescriptionFormat"`
	SeverityColumn    string `yaml:"alertSeverityColumnName"`
	TacticsColumn     string `yaml:"alertTacticsColumnName"`
}

// IncidentConfiguration says how alerts of the rule become incidents. A rule
// without one creates incidents and groups by all its account entities.
type IncidentConfiguration struct {
	CreateIncident *bool `yaml:"createIncident"` // absent is true
	Grouping       *struct {
		Enabled              bool     `yaml:"enabled"`
		ReopenClosedIncident bool     `yaml:"reopenClosedIncident"`
		LookbackDuration     Duration `yaml:"lookbackDuration"`
		MatchingMethod       string   `yaml:"matchingMethod"` // AllEntities, AnyAlert, Selected
		GroupByEntities      []string `yaml:"groupByEntities"`
	} `yaml:"groupingConfiguration"`
}

// Duration is a length of time as rules write it: 5m, 1h, 14d, PT5H, P1D.
type Duration time.Duration

// UnmarshalYAML reads either spelling and says the line of a bad one.
func (d *Duration) UnmarshalYAML(node *yaml.Node) error {
	parsed, err := parseDuration(node.Value)
	if err != nil {
		return fmt.Errorf("line %d: %w", node.Line, err)
	}
	*d = Duration(parsed)
	return nil
}

var (
	shortDuration = regexp.MustCompile(`^(\d+)([smhd])$`)
	isoDuration   = regexp.MustCompile(`^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$`)
)

// maxDuration bounds what a rule can ask for; Sentinel's own bound is 14 days.
const maxDuration = 400 * 24 * time.Hour

func parseDuration(text string) (time.Duration, error) {
	units := []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second}
	var counts [4]string
	if m := shortDuration.FindStringSubmatch(strings.ToLower(text)); m != nil {
		counts[strings.IndexByte("dhms", m[2][0])] = m[1]
	} else if m := isoDuration.FindStringSubmatch(strings.ToUpper(text)); m != nil && len(text) > 2 {
		copy(counts[:], m[1:])
	} else {
		return 0, fmt.Errorf("duration %q: write it as 5m, 1h, 14d or PT5M", text)
	}
	var total time.Duration
	for i, count := range counts {
		if count == "" {
			continue
		}
		n, err := strconv.ParseInt(count, 10, 32)
		if err != nil || time.Duration(n) > maxDuration/units[i] {
			return 0, fmt.Errorf("duration %q: at most %d days", text, maxDuration/(24*time.Hour))
		}
		total += time.Duration(n) * units[i]
	}
	return total, nil
}

// ParseRule reads one rule. name is the file's, for messages. An error says
// file, line, reason and what would be right.
func ParseRule(name string, text []byte) (*Rule, error) {
	var node yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	if err := decoder.Decode(&node); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: more than one YAML document: a file holds one rule", name)
	}
	rule := &Rule{}
	if err := node.Decode(rule); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	rule.Unknown = unknownKeys(&node)
	rule.defaults()
	if err := rule.validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return rule, nil
}

// readKeys are the keys that this package reads or that say nothing about how
// a rule runs.
var readKeys = []string{"id", "name", "description", "kind", "version", "severity", "enabled", "queryFrequency", "queryPeriod",
	"triggerOperator", "triggerThreshold", "tactics", "relevantTechniques", "query", "entityMappings", "customDetails",
	"alertDetailsOverride", "eventGroupingSettings", "suppressionEnabled", "suppressionDuration", "incidentConfiguration",
	"requiredDataConnectors", "status", "tags", "metadata", "subTechniques"}

func unknownKeys(document *yaml.Node) []string {
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
		return nil
	}
	var unknown []string
	for i := 0; i+1 < len(document.Content[0].Content); i += 2 {
		if key := document.Content[0].Content[i].Value; !slices.Contains(readKeys, key) {
			unknown = append(unknown, key)
		}
	}
	return unknown
}

// defaults fills what a rule may leave out. An NRT rule has no schedule in
// its file: it runs each minute over the minute before.
func (r *Rule) defaults() {
	if r.Kind == "" {
		r.Kind = "Scheduled"
	}
	if r.Kind == "NRT" {
		r.QueryFrequency, r.QueryPeriod = Duration(time.Minute), Duration(time.Minute)
		r.TriggerOperator, r.TriggerThreshold = "gt", 0
	}
	if r.TriggerOperator == "" {
		r.TriggerOperator = "gt"
	}
	if r.Version == "" {
		r.Version = "1.0.0"
	}
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
	g.Reopen = config.ReopenClosedIncident
	if config.LookbackDuration > 0 {
		g.Lookback = time.Duration(config.LookbackDuration)
	}
	g.ByEntities = config.GroupByEntities
	if len(g.ByEntities) == 0 || strings.EqualFold(config.MatchingMethod, "AllEntities") {
		for _, m := range r.EntityMappings {
			g.ByEntities = append(g.ByEntities, m.EntityType)
		}
	}
	return g
}

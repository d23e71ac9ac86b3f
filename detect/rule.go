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
	SubTechniques      []string             `yaml:"subTechniques"`
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
	// SentinelEntities name columns whose cells are lists of entities in
	// Sentinel's own form, as rules on alerts have them.
	SentinelEntities []struct {
		ColumnName string `yaml:"columnName"`
	} `yaml:"sentinelEntitiesMappings"`
	// Assumed says what the file left out and what is taken instead.
	Assumed []string `yaml:"-"`
	// node is the rule as it was written, for Export.
	node *yaml.Node
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
	// Dynamic fills further properties of the alert, by Sentinel's names.
	Dynamic []DynamicProperty `yaml:"alertDynamicProperties"`
}

// DynamicProperty fills a property of the alert from a column of the result.
type DynamicProperty struct {
	Property string `yaml:"alertProperty"`
	Column   string `yaml:"value"`
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
		// GroupByAlertDetails are DisplayName and Severity; alerts meet only
		// where these are equal too. GroupByCustomDetails name keys of
		// customDetails likewise.
		GroupByAlertDetails  []string `yaml:"groupByAlertDetails"`
		GroupByCustomDetails []string `yaml:"groupByCustomDetails"`
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
	return ruleOf(name, &node)
}

// ruleOf reads a rule out of a YAML document.
func ruleOf(name string, node *yaml.Node) (*Rule, error) {
	rule := &Rule{node: node}
	if err := node.Decode(rule); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	rule.Unknown = unknownKeys(node)
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
	"requiredDataConnectors", "status", "tags", "metadata", "subTechniques", "sentinelEntitiesMappings", "displayName",
	"alertRuleTemplateName", "lastModifiedUtc", "templateVersion", "etag"}

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

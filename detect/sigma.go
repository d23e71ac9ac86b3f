package detect

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// sigmaRule is a rule in Sigma's form.
// https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html
type sigmaRule struct {
	Title       string `yaml:"title"`
	ID          string `yaml:"id"`
	Status      string `yaml:"status"`
	Description string `yaml:"description"`
	LogSource   struct {
		Category string `yaml:"category"`
		Product  string `yaml:"product"`
		Service  string `yaml:"service"`
	} `yaml:"logsource"`
	Detection map[string]yaml.Node `yaml:"detection"`
	Tags      []string             `yaml:"tags"`
	Level     string               `yaml:"level"`
}

// ErrNotM365 says that a Sigma rule is about another product's log.
var ErrNotM365 = errors.New("the log source is not Microsoft 365")

// IsSigma says whether a YAML text is a Sigma rule.
func IsSigma(text []byte) bool {
	var head struct {
		LogSource map[string]any `yaml:"logsource"`
		Detection map[string]any `yaml:"detection"`
	}
	return yaml.Unmarshal(text, &head) == nil && head.LogSource != nil && head.Detection != nil
}

// ParseSigma translates a Sigma rule on a log source of Microsoft 365 into a
// scheduled rule on UnifiedAuditLog. Which fields it knows is in sigmaFields;
// any other is a member of the whole record. The rule's Assumed says what was
// decided for it.
func ParseSigma(name string, text []byte) (*Rule, error) {
	var s sigmaRule
	if err := yaml.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if !strings.EqualFold(s.LogSource.Product, "m365") {
		return nil, fmt.Errorf("%s: %w: product %q, service %q", name, ErrNotM365, s.LogSource.Product, s.LogSource.Service)
	}
	query, err := s.query()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var m mapping
	tactics, techniques := s.attack()
	set := func(key string, value any) {
		if err == nil {
			err = m.set(key, value)
		}
	}
	set("id", s.ID)
	set("name", s.Title)
	set("description", s.Description)
	set("kind", "Scheduled")
	set("version", "1.0.0")
	set("severity", sigmaSeverity(s.Level))
	set("queryFrequency", "5m")
	set("queryPeriod", "1h")
	set("triggerOperator", "gt")
	set("triggerThreshold", 0)
	set("tactics", tactics)
	set("relevantTechniques", techniques)
	set("query", query)
	set("entityMappings", []map[string]any{
		{"entityType": "Account", "fieldMappings": []map[string]string{{"identifier": "FullName", "columnName": "UserId"}}},
		{"entityType": "IP", "fieldMappings": []map[string]string{{"identifier": "Address", "columnName": "ClientIP"}}},
	})
	set("eventGroupingSettings", map[string]string{"aggregationKind": "AlertPerResult"})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	rule, err := ruleOf(name, m.document())
	if err != nil {
		return nil, err
	}
	rule.Assumed = append(rule.Assumed, "a Sigma rule has no schedule: every 5 minutes over the hour before", "eventName and eventSource are read from Operation or Name, and Workload or Source")
	return rule, nil
}

func sigmaSeverity(level string) string {
	switch strings.ToLower(level) {
	case "critical", "high":
		return "High"
	case "low":
		return "Low"
	case "informational":
		return "Informational"
	}
	return "Medium"
}

// attack reads tags like attack.t1114.003 and attack.initial-access.
func (s *sigmaRule) attack() (tactics, techniques []string) {
	tactics, techniques = []string{}, []string{}
	for _, tag := range s.Tags {
		word, ok := strings.CutPrefix(strings.ToLower(tag), "attack.")
		if !ok {
			continue
		}
		if len(word) > 4 && word[0] == 't' && word[1] >= '0' && word[1] <= '9' {
			technique, _, _ := strings.Cut(strings.ToUpper(word), ".")
			if !slices.Contains(techniques, technique) {
				techniques = append(techniques, technique)
			}
			continue
		}
		var tactic strings.Builder
		for _, part := range strings.FieldsFunc(word, func(r rune) bool { return r == '-' || r == '_' }) {
			tactic.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
		if t := tactic.String(); t != "" && !slices.Contains(tactics, t) && !(t[0] >= 'A' && t[0] <= 'Z' && len(t) > 1 && t[1] >= '0' && t[1] <= '9') {
			tactics = append(tactics, t)
		}
	}
	return tactics, techniques
}

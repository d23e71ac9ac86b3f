package detect

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// armRule is an analytics rule as Azure Resource Manager has it: a resource of
// a template, what the portal exports, or what the API answers.
// https://learn.microsoft.com/rest/api/securityinsights/alert-rules
type armRule struct {
	Type       string         `json:"type"`
	Name       string         `json:"name"`
	Kind       string         `json:"kind"`
	Properties map[string]any `json:"properties"`
	Resources  []armRule      `json:"resources"`
}

// armNames are the properties that ARM names otherwise than YAML does.
var armNames = map[string]string{
	"displayName": "name", "techniques": "relevantTechniques", "templateVersion": "version", "alertRuleTemplateVersion": "version",
}

// armOrder is the order in which published YAML has its keys.
var armOrder = []string{"name", "version", "description", "severity", "enabled", "queryFrequency", "queryPeriod", "triggerOperator",
	"triggerThreshold", "tactics", "relevantTechniques", "subTechniques", "query"}

// ParseARM reads the analytics rules of an ARM template or of an export in
// JSON. Kinds other than Scheduled and NRT, and rules that are wrong, are in
// the error; what could be read is returned beside it.
func ParseARM(name string, text []byte) ([]*Rule, error) {
	var document struct {
		armRule
		Value []armRule `json:"value"` // the API's answer
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(string(text), "\ufeff")), &document); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var rules []*Rule
	var problems []error
	for _, found := range armRules(append([]armRule{document.armRule}, document.Value...)) {
		rule, err := found.rule(name)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		rules = append(rules, rule)
	}
	return rules, errors.Join(problems...)
}

// armRules finds the rules among resources and the resources inside of them: a
// template of the content hub has them two levels down.
func armRules(resources []armRule) []armRule {
	var found []armRule
	for _, r := range resources {
		lower := strings.ToLower(r.Type)
		if strings.HasSuffix(lower, "alertrules") || strings.HasSuffix(lower, "alertruletemplates") {
			found = append(found, r)
			continue
		}
		found = append(found, armRules(r.Resources)...)
		if inner, ok := r.Properties["mainTemplate"]; ok {
			text, err := json.Marshal(inner)
			var template armRule
			if err == nil && json.Unmarshal(text, &template) == nil {
				found = append(found, armRules(template.Resources)...)
			}
		}
	}
	return found
}

var guid = regexp.MustCompile(`[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`)

func (a armRule) rule(name string) (*Rule, error) {
	if !strings.EqualFold(a.Kind, "Scheduled") && !strings.EqualFold(a.Kind, "NRT") {
		return nil, fmt.Errorf("%s: rule %v has the kind %q: only Scheduled and NRT rules have a query", name, a.Properties["displayName"], a.Kind)
	}
	id := guid.FindString(a.Name)
	if id == "" {
		if id, _ = a.Properties["alertRuleTemplateName"].(string); id == "" {
			id = a.Name
		}
	}
	properties := map[string]any{}
	for key, value := range a.Properties {
		if other, ok := armNames[key]; ok {
			key = other
		}
		if value != nil {
			properties[key] = value
		}
	}
	var m mapping
	set := func(key string, value any) error { return m.set(key, plainNumbers(value)) }
	if err := errors.Join(set("id", id), set("kind", a.Kind)); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, key := range armOrder {
		if value, ok := properties[key]; ok {
			if err := set(key, value); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			delete(properties, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		if err := set(key, properties[key]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return ruleOf(name, m.document())
}

// plainNumbers makes whole numbers of JSON integers again.
func plainNumbers(value any) any {
	switch v := value.(type) {
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	case []any:
		for i := range v {
			v[i] = plainNumbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = plainNumbers(v[key])
		}
	}
	return value
}

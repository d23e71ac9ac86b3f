package detect

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// sigmaFields are the expressions for fields of Sigma's M365 rules, more than
// one where either may hold it.
var sigmaFields = map[string][]string{
	"eventName":   {"Operation", "tostring(Record.Name)"},
	"eventSource": {"Workload", "tostring(Record.Source)"},
	"status":      {"ResultStatus", "tostring(Record.Status)"},
	"Operation":   {"Operation"}, "Workload": {"Workload"}, "UserId": {"UserId"}, "ClientIP": {"ClientIP"}, "ResultStatus": {"ResultStatus"}, "ObjectId": {"ObjectId"},
	"RecordType": {"tostring(RecordType)", "RecordTypeName"}, "UserType": {"tostring(UserType)", "UserTypeName"},
	"Payload": {"tostring(Record)"},
}

// query writes the detection as KQL.
func (s *sigmaRule) query() (string, error) {
	condition, ok := s.Detection["condition"]
	if !ok || condition.Kind != yaml.ScalarNode {
		return "", fmt.Errorf("detection.condition: one text is needed")
	}
	if _, ok := s.Detection["timeframe"]; ok || strings.Contains(condition.Value, "|") {
		return "", fmt.Errorf("line %d: aggregations of Sigma (%q) are not translated", condition.Line, condition.Value)
	}
	parser := &sigmaParser{rule: s, words: sigmaWords(condition.Value)}
	filter, err := parser.or()
	if err != nil {
		return "", fmt.Errorf("line %d: condition %q: %w", condition.Line, condition.Value, err)
	}
	if len(parser.words) > 0 {
		return "", fmt.Errorf("line %d: condition %q: %q is not expected", condition.Line, condition.Value, parser.words[0])
	}
	return "UnifiedAuditLog\n| where " + filter + "\n| project TimeGenerated, UserId, ClientIP, Operation, Workload, ResultStatus, ObjectId, Id, Record\n", nil
}

func sigmaWords(text string) []string {
	return strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text))
}

// sigmaParser reads a condition: or over and over not over selections.
type sigmaParser struct {
	rule  *sigmaRule
	words []string
	depth int
}

func (p *sigmaParser) next() string {
	if len(p.words) == 0 {
		return ""
	}
	word := p.words[0]
	p.words = p.words[1:]
	return word
}

func (p *sigmaParser) takes(word string) bool {
	if len(p.words) > 0 && strings.EqualFold(p.words[0], word) {
		p.words = p.words[1:]
		return true
	}
	return false
}

func (p *sigmaParser) joined(operator string, part func() (string, error)) (string, error) {
	first, err := part()
	if err != nil {
		return "", err
	}
	parts := []string{first}
	for p.takes(operator) {
		next, err := part()
		if err != nil {
			return "", err
		}
		parts = append(parts, next)
	}
	return group(parts, operator), nil
}

func group(parts []string, operator string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, " "+operator+" ") + ")"
}

func (p *sigmaParser) or() (string, error)  { return p.joined("or", p.and) }
func (p *sigmaParser) and() (string, error) { return p.joined("and", p.not) }

// maxSigmaDepth bounds how deep a condition may be nested.
const maxSigmaDepth = 50

func (p *sigmaParser) not() (string, error) {
	if p.depth++; p.depth > maxSigmaDepth {
		return "", fmt.Errorf("nested deeper than %d", maxSigmaDepth)
	}
	defer func() { p.depth-- }()
	if p.takes("not") {
		inner, err := p.not()
		return "not(" + inner + ")", err
	}
	if p.takes("(") {
		inner, err := p.or()
		if err == nil && !p.takes(")") {
			err = fmt.Errorf("a closing bracket is missing")
		}
		return inner, err
	}
	word := p.next()
	if word == "1" || strings.EqualFold(word, "all") || strings.EqualFold(word, "any") {
		return p.several(word)
	}
	return p.rule.selection(word)
}

// several reads "1 of selection*" and "all of them".
func (p *sigmaParser) several(quantity string) (string, error) {
	if !p.takes("of") {
		return "", fmt.Errorf(`"of" is missing behind %q`, quantity)
	}
	pattern := p.next()
	prefix, wild := strings.CutSuffix(pattern, "*")
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(p.rule.Detection)) {
		if name == "condition" || !(pattern == "them" || name == pattern || wild && strings.HasPrefix(name, prefix)) {
			continue
		}
		part, err := p.rule.selection(name)
		if err != nil {
			return "", err
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return "", fmt.Errorf("no selection is named %q", pattern)
	}
	if strings.EqualFold(quantity, "all") {
		return group(parts, "and"), nil
	}
	return group(parts, "or"), nil
}

// selection writes a map of fields (all must hold), or a list of maps or of
// words (one must hold).
func (s *sigmaRule) selection(name string) (string, error) {
	node, ok := s.Detection[name]
	if !ok || name == "condition" {
		return "", fmt.Errorf("no selection is named %q", name)
	}
	return sigmaSelection(&node)
}

func sigmaSelection(node *yaml.Node) (string, error) {
	switch node.Kind {
	case yaml.MappingNode:
		var parts []string
		for i := 0; i+1 < len(node.Content); i += 2 {
			part, err := sigmaField(node.Content[i].Value, node.Content[i+1])
			if err != nil {
				return "", fmt.Errorf("line %d: %w", node.Content[i].Line, err)
			}
			parts = append(parts, part)
		}
		if len(parts) > 0 {
			return group(parts, "and"), nil
		}
	case yaml.SequenceNode:
		var parts []string
		for _, one := range node.Content {
			part, err := sigmaSelection(one)
			if err != nil {
				return "", err
			}
			parts = append(parts, part)
		}
		if len(parts) > 0 {
			return group(parts, "or"), nil
		}
	case yaml.ScalarNode:
		return "tostring(Record) contains " + kqlText(node.Value), nil
	}
	return "", fmt.Errorf("line %d: a selection is a map of fields or a list", node.Line)
}

func sigmaField(key string, node *yaml.Node) (string, error) {
	field, rest, _ := strings.Cut(key, "|")
	var modifiers []string
	if rest != "" {
		modifiers = strings.Split(rest, "|")
	}
	columns, known := sigmaFields[field]
	if !known {
		columns = []string{"tostring(Record[" + kqlText(field) + "])"}
	}
	operator, combine := "", "or"
	for _, m := range modifiers {
		switch m {
		case "contains", "startswith", "endswith", "re", "cidr":
			operator = m
		case "all":
			combine = "and"
		default:
			return "", fmt.Errorf("the modifier %q of %s is not translated", m, field)
		}
	}
	values := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		values = node.Content
	}
	var parts []string
	for _, v := range values {
		if v.Kind != yaml.ScalarNode {
			return "", fmt.Errorf("the value of %s is neither a text nor a list of texts", field)
		}
		var either []string
		for _, column := range columns {
			either = append(either, sigmaTerm(field, column, operator, v))
		}
		parts = append(parts, group(either, "or"))
	}
	if len(parts) == 0 {
		return "", fmt.Errorf("%s has no values", field)
	}
	return group(parts, combine), nil
}

// sigmaTerm compares as Sigma does: without regard to case, * and ? standing
// for anything and for one character.
func sigmaTerm(field, column, operator string, v *yaml.Node) string {
	text := v.Value
	if v.Tag == "!!null" {
		return "isempty(" + column + ")"
	}
	// Sigma's M365 rules say "success" where the workloads have several words.
	if field == "status" && operator == "" && strings.EqualFold(text, "success") {
		return column + ` in~ ("", "success", "succeeded", "partiallysucceeded", "true", "active", "investigating", "resolved")`
	}
	switch {
	case operator == "re":
		return column + " matches regex " + kqlText(text)
	case operator == "cidr":
		return "ipv4_is_in_range(" + column + ", " + kqlText(text) + ")"
	case strings.ContainsAny(strings.Trim(text, "*"), "*?") || operator == "" && strings.Contains(text, "?"):
		return column + " matches regex " + kqlText(wildcards(text, operator))
	}
	inner := strings.Trim(text, "*")
	starts, ends := strings.HasSuffix(text, "*"), strings.HasPrefix(text, "*")
	switch {
	case operator == "contains" || starts && ends || operator == "startswith" && ends || operator == "endswith" && starts:
		return column + " contains " + kqlText(inner)
	case operator == "startswith" || starts:
		return column + " startswith " + kqlText(inner)
	case operator == "endswith" || ends:
		return column + " endswith " + kqlText(inner)
	}
	return column + " =~ " + kqlText(text)
}

func wildcards(text, operator string) string {
	var b strings.Builder
	b.WriteString("(?is)")
	if operator == "" || operator == "startswith" {
		b.WriteByte('^')
	}
	for _, c := range text {
		switch {
		case c == '*':
			b.WriteString(".*")
		case c == '?':
			b.WriteByte('.')
		case strings.ContainsRune(`\.+()[]{}|^$`, c):
			b.WriteString(`\` + string(c))
		default:
			b.WriteRune(c)
		}
	}
	if operator == "" || operator == "endswith" {
		b.WriteByte('$')
	}
	return b.String()
}

// kqlText writes a text as a literal of KQL.
func kqlText(text string) string { return strconv.QuoteToGraphic(text) }

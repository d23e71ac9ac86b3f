package detect

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Export writes the rule as Sentinel's YAML: what ParseRule reads again as the
// same rule. Keys and comments that detection does not read are kept.
func (r *Rule) Export() ([]byte, error) {
	if r.node == nil {
		return nil, fmt.Errorf("export rule %s: it was not read from a file", r.ID)
	}
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(r.node); err != nil {
		return nil, fmt.Errorf("export rule %s: %w", r.ID, err)
	}
	if err := encoder.Close(); err != nil {
		return nil, fmt.Errorf("export rule %s: %w", r.ID, err)
	}
	return b.Bytes(), nil
}

// DropUnknown takes the keys that detection does not know out of what Export
// writes.
func (r *Rule) DropUnknown() {
	if r.node == nil || len(r.Unknown) == 0 {
		return
	}
	pairs := r.node.Content[0].Content
	kept := make([]*yaml.Node, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		if !slices.Contains(r.Unknown, pairs[i].Value) {
			kept = append(kept, pairs[i], pairs[i+1])
		}
	}
	r.node.Content[0].Content, r.Unknown = kept, nil
}

// FileName is a name for the rule's file: its own name in lower case, with
// hyphens.
func (r *Rule) FileName() string {
	var b strings.Builder
	for _, c := range strings.ToLower(r.Name) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 100 {
			break
		}
	}
	name := strings.Trim(b.String(), "-")
	if name == "" {
		name = "rule"
	}
	return name + ".yaml"
}

// mapping builds a YAML document of pairs of keys and values, in that order.
type mapping struct{ node yaml.Node }

func (m *mapping) set(key string, value any) error {
	var v yaml.Node
	if err := v.Encode(value); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if v.Kind == yaml.ScalarNode && strings.Contains(v.Value, "\n") {
		v.Style = yaml.LiteralStyle
	}
	m.node.Kind, m.node.Tag = yaml.MappingNode, "!!map"
	m.node.Content = append(m.node.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, &v)
	return nil
}

func (m *mapping) document() *yaml.Node {
	return &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{&m.node}}
}

// KindOf returns the kind that a YAML text gives itself, or what it seems to be:
// "" for a text that is no analytics rule, as a hunting query.
func KindOf(text []byte) string {
	var head struct {
		Kind      string `yaml:"kind"`
		Query     string `yaml:"query"`
		Severity  string `yaml:"severity"`
		Frequency string `yaml:"queryFrequency"`
		Trigger   string `yaml:"triggerOperator"`
		ID        string `yaml:"id"`
	}
	if err := yaml.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), &head); err != nil && head.Query == "" {
		return ""
	}
	switch {
	case head.Query == "" && head.Frequency == "":
		return "" // a playbook, a parser, a rule without a query
	case head.Kind != "":
		return head.Kind
	case head.Frequency != "" && head.Trigger != "":
		return "Scheduled"
	}
	return ""
}

// MappedColumns are the columns of the result that the rule refers to.
func (r *Rule) MappedColumns() []string {
	var all []string
	add := func(name string) {
		if name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	for _, m := range r.EntityMappings {
		for _, f := range m.FieldMappings {
			add(f.ColumnName)
		}
	}
	for _, s := range r.SentinelEntities {
		add(s.ColumnName)
	}
	for _, key := range slices.Sorted(maps.Keys(r.CustomDetails)) {
		add(r.CustomDetails[key])
	}
	o := r.AlertOverride
	for _, format := range []string{o.DisplayNameFormat, o.DescriptionFormat} {
		for _, m := range place.FindAllStringSubmatch(format, -1) {
			add(m[1])
		}
	}
	add(o.SeverityColumn)
	add(o.TacticsColumn)
	for _, p := range o.Dynamic {
		add(p.Column)
	}
	return all
}

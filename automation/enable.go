package automation

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Enable switches a rule of the state on or off, and leaves its text as it is
// otherwise. The error is ErrNotFound, or wraps ErrInvalid where the rule is one of
// a file.
func (e *Engine) Enable(ctx context.Context, id string, on bool, by string) (*Rule, error) {
	if e.inFile(id) {
		return nil, fmt.Errorf("%w: automation rule %s is in a file: change it there", ErrInvalid, id)
	}
	kept, err := stored(ctx, e.db)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(kept, func(s Stored) bool { return s.ID == id })
	if at < 0 {
		return nil, ErrNotFound
	}
	text, err := switched(kept[at].Text, on)
	if err != nil {
		return nil, err
	}
	return e.Put(ctx, text, by)
}

// switched is the text of a rule with another value for enabled. Comments and order
// of the text stay.
func switched(text string, on bool) (string, error) {
	var document yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader([]byte(text))).Decode(&document); err != nil || len(document.Content) == 0 {
		return "", fmt.Errorf("read automation rule: %w", err)
	}
	rule := document.Content[0]
	value := strconv.FormatBool(on)
	for i := 0; i+1 < len(rule.Content); i += 2 {
		if rule.Content[i].Value != "enabled" {
			continue
		}
		old := rule.Content[i+1]
		lines := strings.SplitAfter(text, "\n")
		line := lines[old.Line-1]
		before := len(string([]rune(line)[:old.Column-1])) // columns count characters
		lines[old.Line-1] = line[:before] + value + strings.TrimPrefix(line[before:], old.Value)
		return strings.Join(lines, ""), nil
	}
	if rule.Style&yaml.FlowStyle != 0 {
		rule.Content = append(rule.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "enabled"}, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: value})
		rewritten, err := yaml.Marshal(&document)
		return string(rewritten), err
	}
	// A rule begins with a key, behind which another can stand.
	lines := strings.SplitAfter(text, "\n")
	at := rule.Line - 1
	indent := strings.Repeat(" ", rule.Column-1)
	return strings.Join(lines[:at], "") + indent + "enabled: " + value + "\n" + strings.Join(lines[at:], ""), nil
}

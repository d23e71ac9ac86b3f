// Package ruletest runs a detection rule on rows written in a file, and
// compares the alerts with those the file expects.
//
// It must not know which engine answers: it is given a Bench that makes a
// Querier over rows.
package ruletest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/model"
)

// File is a file of tests for one rule.
type File struct {
	Rule  string    `yaml:"rule"` // the rule's file name
	Now   time.Time `yaml:"now"`  // end of the window; UTC
	Tests []Test    `yaml:"tests"`
}

// Test is rows and the alerts they make.
type Test struct {
	Name string `yaml:"name"`
	// Rows are the rows of each table; a column that is left out is empty or
	// null, and _repeat: 200 makes 200 rows of one. A row came in when it
	// happened, unless _ingested says another time.
	Rows   map[string][]map[string]any `yaml:"rows"`
	Alerts []Alert                     `yaml:"alerts"`
}

// Alert is an alert that a test expects. What is not said is not compared.
type Alert struct {
	Entities []map[string]string `yaml:"entities"` // "kind", and identifiers
	Rows     int                 `yaml:"rows"`
	Name     string              `yaml:"name"`
	Severity string              `yaml:"severity"`
}

// Bench makes a querier over rows. A row is by column name; values are as YAML
// has them: string, bool, int, float64, time.Time, lists and maps. A column
// that the table does not have is an error.
type Bench interface {
	Querier(ctx context.Context, rows map[string][]map[string]any) (detect.Querier, error)
}

// Parse reads a file of tests. Unknown keys are refused.
func Parse(name string, text []byte) (*File, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var f File
	if err := decoder.Decode(&f); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if f.Rule == "" || f.Now.IsZero() || len(f.Tests) == 0 {
		return nil, fmt.Errorf("%s: rule, now and tests are needed", name)
	}
	return &f, nil
}

// Run evaluates rule on the rows of one test at now. The error says how the
// alerts differ from what the test expects, or why there are none to compare.
func Run(ctx context.Context, bench Bench, rule *detect.Rule, now time.Time, test Test) error {
	querier, err := bench.Querier(ctx, test.Rows)
	if err != nil {
		return fmt.Errorf("prepare rows: %w", err)
	}
	alerts, err := rule.Evaluate(ctx, querier, now)
	if err != nil {
		return err
	}
	if len(alerts) != len(test.Alerts) {
		return fmt.Errorf("got %d alerts, want %d: %s", len(alerts), len(test.Alerts), describe(alerts))
	}
	var problems []error
	for i, want := range test.Alerts {
		if err := want.compare(alerts[i]); err != nil {
			problems = append(problems, fmt.Errorf("alert %d: %w", i+1, err))
		}
	}
	return errors.Join(problems...)
}

func describe(alerts []model.Alert) string {
	var all []string
	for _, a := range alerts {
		all = append(all, fmt.Sprintf("%s %v, rows %s", a.Name, a.Entities, a.Evidence.Rows))
	}
	return strings.Join(all, "; ")
}

func (want Alert) compare(got model.Alert) error {
	if want.Rows > 0 && got.Evidence.Total != want.Rows {
		return fmt.Errorf("%d rows, want %d", got.Evidence.Total, want.Rows)
	}
	if want.Name != "" && got.Name != want.Name {
		return fmt.Errorf("name %q, want %q", got.Name, want.Name)
	}
	if want.Severity != "" && string(got.Severity) != want.Severity {
		return fmt.Errorf("severity %s, want %s", got.Severity, want.Severity)
	}
	if want.Entities == nil {
		return nil
	}
	entities, expected := entityLines(got.Entities), wantedLines(want.Entities)
	if !slices.Equal(entities, expected) {
		return fmt.Errorf("entities %v, want %v", entities, expected)
	}
	return nil
}

func entityLines(entities []model.Entity) []string {
	var lines []string
	for _, e := range entities {
		lines = append(lines, fmt.Sprintf("%s %v", e.Kind, e.Identifiers))
	}
	slices.Sort(lines)
	return lines
}

func wantedLines(entities []map[string]string) []string {
	var lines []string
	for _, e := range entities {
		identifiers := map[string]string{}
		for key, value := range e {
			if key != "kind" {
				identifiers[key] = value
			}
		}
		lines = append(lines, fmt.Sprintf("%s %v", e["kind"], identifiers))
	}
	slices.Sort(lines)
	return lines
}

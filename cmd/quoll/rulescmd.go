package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/rules"
)

// ruleQuerier answers the detector. Without a service it compiles alone, and
// knows no watchlists and no saved functions.
type ruleQuerier struct{ *query.Service }

// Tables returns the names of the tables that a query reads.
func (q ruleQuerier) Tables(text string) ([]string, error) {
	compile := func() (*plan.Statement, error) { return tables.Compile(text, bind.Options{Now: time.Now()}) }
	if q.Service != nil {
		compile = func() (*plan.Statement, error) { return q.Compile(context.Background(), text) }
	}
	statement, err := compile()
	if err != nil {
		return nil, err
	}
	return plan.Tables(statement), nil
}

// Expect implements detect.Querier.
func (q ruleQuerier) Expect(ctx context.Context, text string, reach time.Duration) ([]*query.Interest, error) {
	if q.Service != nil {
		return q.Service.Expect(ctx, text, reach)
	}
	statement, err := tables.Compile(text, bind.Options{Now: time.Now()})
	if err != nil {
		return nil, err
	}
	return query.Reads(statement), nil
}

// isRule says whether a file name is that of a rule and not of its tests.
func isRule(name string) bool {
	extension := filepath.Ext(name)
	return (extension == ".yaml" || extension == ".yml") && !strings.HasSuffix(strings.TrimSuffix(name, extension), ".test")
}

// loadRules reads the rules that ship and those in further folders. All bad
// files are reported together.
func loadRules(shipped bool, dirs []string) ([]*detect.Rule, error) {
	var all []*detect.Rule
	var problems []error
	load := func(fsys fs.FS, where string) {
		problems = append(problems, fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !isRule(name) {
				return err
			}
			text, err := fs.ReadFile(fsys, name)
			if err != nil {
				return err
			}
			rule, err := detect.ParseRule(filepath.Join(where, name), text)
			if err != nil {
				problems = append(problems, err)
				return nil
			}
			all = append(all, rule)
			return nil
		}))
	}
	if shipped {
		load(rules.Files, "rules")
	}
	for _, dir := range dirs {
		load(os.DirFS(dir), dir)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	slices.SortFunc(all, func(a, b *detect.Rule) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func rulesCommand() *cobra.Command {
	return group("rules", "List, test, import and switch detection rules",
		rulesListCommand(), rulesTestCommand(), rulesImportCommand(), rulesBacktestCommand(), rulesDisableCommand(), rulesEnableCommand(), exceptionsCommand())
}

func rulesListCommand() *cobra.Command {
	var dirs []string
	var output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the rules that ship, and those in other folders, and whether they compile",
		Example: `  quoll rules list
  quoll rules list --rules ./my-rules -o json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := loadRules(true, dirs)
			if err != nil {
				return err
			}
			return listRules(cmd.Context(), cmd.OutOrStdout(), output, all)
		},
	}
	cmd.Flags().StringSliceVar(&dirs, "rules", nil, "further folders of rules")
	outputFlag(cmd, &output)
	return cmd
}

type listedRule struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Severity  string   `json:"severity"`
	Frequency string   `json:"queryFrequency"`
	Period    string   `json:"queryPeriod"`
	Tables    []string `json:"tables"`
	Error     string   `json:"error,omitempty"`
}

func listRules(_ context.Context, w io.Writer, output string, all []*detect.Rule) error {
	failed := 0
	for _, r := range all {
		tables, err := ruleQuerier{}.Tables(r.Query)
		listed := listedRule{ID: r.ID, Name: r.Name, Severity: string(r.Severity), Frequency: time.Duration(r.QueryFrequency).String(), Period: time.Duration(r.QueryPeriod).String(), Tables: tables}
		if err != nil {
			failed++
			listed.Error = err.Error()
		}
		if output == "json" {
			if err := json.NewEncoder(w).Encode(listed); err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintf(w, "%-13s %s\n              every %s over %s; %s\n", listed.Severity, listed.Name, listed.Frequency, listed.Period, strings.Join(listed.Tables, ", ")); err != nil {
			return err
		}
		if listed.Error != "" {
			if _, err := fmt.Fprintf(w, "              does not compile: %s\n", listed.Error); err != nil {
				return err
			}
		}
	}
	if failed > 0 {
		return &exitError{exitFound, fmt.Errorf("%d of %d rules do not compile", failed, len(all))}
	}
	return nil
}

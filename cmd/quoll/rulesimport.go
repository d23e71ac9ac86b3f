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
	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/server"
)

// What an import makes of a rule.
const (
	importRuns       = server.ImportRuns
	importDiffers    = server.ImportDiffers
	importCannot     = server.ImportCannot
	maxImportedBytes = 4 << 20 // of one file
)

type importedRule struct {
	File   string   `json:"file"`
	ID     string   `json:"id,omitempty"`
	Name   string   `json:"name,omitempty"`
	Kind   string   `json:"kind,omitempty"`
	Result string   `json:"result"`
	Why    []string `json:"why,omitempty"`
	// Missing are tables and functions that the query asks for and that Quoll
	// does not have.
	Missing []string `json:"missing,omitempty"`

	rule *detect.Rule
}

type ruleImportSummary struct {
	Files              int `json:"files"`
	Rules              int `json:"rules"`
	Runs               int `json:"runs"`
	RunsWithDifference int `json:"runs_with_difference"`
	Cannot             int `json:"cannot"`
	// CannotElse are those of Cannot whose tables Quoll has, all of them.
	CannotElse int `json:"cannot_with_all_tables"`
	// NotRules are files that hold no analytics rule: hunting queries,
	// workbooks, parsers.
	NotRules int `json:"not_rules"`
	Written  int `json:"written"`
}

type ruleImportOptions struct {
	to, output string
	dryRun     bool
}

func rulesImportCommand() *cobra.Command {
	var o ruleImportOptions
	cmd := &cobra.Command{
		Use:   "import FOLDER",
		Short: "Take in rules from a clone of a content repository, and say how each fares",
		Long: `Import reads every analytics rule below a folder: Sentinel's YAML (Scheduled and
NRT), ARM templates and exports in JSON, and Sigma rules on Microsoft 365. Each
is compiled and run on empty tables. The report says of each whether it runs,
runs with a difference, or cannot, and why. What runs is written as YAML to the
folder --to, for rule_dirs of the configuration.`,
		Example: `  quoll rules import Azure-Sentinel --dry-run
  quoll rules import ../shared/corpus/content --dry-run -o json
  quoll rules import Azure-Sentinel/Solutions/Microsoft\ 365 --to ./rules-sentinel`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !o.dryRun && o.to == "" {
				return usageError(errors.New("name the folder for the rules with --to, or look only with --dry-run"))
			}
			return importRules(cmd.Context(), cmd.OutOrStdout(), args[0], o)
		},
	}
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "report only")
	cmd.Flags().StringVar(&o.to, "to", "", "folder for the rules that run; it is made if need be")
	outputFlag(cmd, &o.output)
	return cmd
}

func importRules(ctx context.Context, w io.Writer, dir string, o ruleImportOptions) (err error) {
	bench := &ruleBench{log: commandLog()}
	defer func() { err = errors.Join(err, bench.close()) }()
	run := &ruleImport{bench: bench, seen: map[string]string{}}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if err == nil && entry.Name() == ".git" {
				return fs.SkipDir
			}
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return run.file(ctx, name, path)
	})
	if err != nil {
		return fmt.Errorf("import rules from %s: %w", dir, err)
	}
	if !o.dryRun {
		if err := run.write(o.to); err != nil {
			return err
		}
	}
	return run.report(w, o.output)
}

// ruleImport is the work of one import.
type ruleImport struct {
	bench   *ruleBench
	found   []importedRule
	seen    map[string]string // file by id
	summary ruleImportSummary
}

func (r *ruleImport) file(ctx context.Context, name, path string) error {
	extension := strings.ToLower(filepath.Ext(name))
	if !slices.Contains([]string{".yaml", ".yml", ".json"}, extension) || extension != ".json" && !isRule(name) {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	if info.Size() > maxImportedBytes {
		r.summary.NotRules++
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	r.summary.Files++
	rules, problem := readRules(name, extension, text)
	if len(rules) == 0 && problem == nil {
		r.summary.NotRules++
		return nil
	}
	for _, rule := range rules {
		r.add(r.try(ctx, name, rule))
	}
	if problem != nil {
		for _, line := range strings.Split(problem.Error(), "\n") {
			r.add(importedRule{File: name, Result: importCannot, Why: []string{strings.TrimPrefix(line, name+": ")}})
		}
	}
	return ctx.Err()
}

// readRules gives the rules of a file. Neither rule nor error says that it holds
// something else.
func readRules(name, extension string, text []byte) ([]*detect.Rule, error) {
	if extension == ".json" {
		if !strings.Contains(strings.ToLower(string(text)), "alertrule") {
			return nil, nil
		}
		rules, err := detect.ParseARM(name, text)
		if err != nil && len(rules) == 0 && !json.Valid([]byte(strings.TrimPrefix(string(text), "\ufeff"))) {
			return nil, nil // a note of JSON with comments, or half a file
		}
		return rules, err
	}
	if detect.IsSigma(text) {
		rule, err := detect.ParseSigma(name, text)
		if errors.Is(err, detect.ErrNotM365) {
			return nil, nil
		}
		return one(rule, err)
	}
	kind := detect.KindOf(text)
	if kind == "" {
		return nil, nil
	}
	return one(detect.ParseRule(name, text))
}

func one(rule *detect.Rule, err error) ([]*detect.Rule, error) {
	if err != nil {
		return nil, err
	}
	return []*detect.Rule{rule}, nil
}

func (r *ruleImport) add(found importedRule) {
	r.found = append(r.found, found)
	r.summary.Rules++
	switch found.Result {
	case importRuns:
		r.summary.Runs++
	case importDiffers:
		r.summary.RunsWithDifference++
	default:
		r.summary.Cannot++
		if len(found.Missing) == 0 {
			r.summary.CannotElse++
		}
	}
}

// recorder is the catalogue of the schema that notes what is asked for in vain,
// as union isfuzzy=true does with tables that do not exist.
type recorder struct {
	query.Schema
	missing *[]string
}

func (r recorder) Table(name string) (*bind.Table, bool) {
	t, ok := r.Schema.Table(name)
	if !ok && !slices.Contains(*r.missing, name) {
		*r.missing = append(*r.missing, name)
	}
	return t, ok
}

// try compiles a rule and runs it on empty tables.
func (r *ruleImport) try(ctx context.Context, name string, rule *detect.Rule) importedRule {
	found := importedRule{File: name, ID: rule.ID, Name: rule.Name, Kind: rule.Kind, Result: importCannot, rule: rule}
	if other, ok := r.seen[rule.ID]; ok {
		found.Why = []string{"its id is that of the rule in " + other}
		return found
	}
	r.seen[rule.ID] = name
	found, err := examined(found)
	if err != nil {
		found.Why = []string{firstProblem(err)}
		return found
	}
	querier, err := r.bench.Querier(ctx, nil)
	if err == nil {
		err = runEmpty(ctx, querier, rule)
	}
	if err != nil {
		found.Result, found.Why = importCannot, []string{firstProblem(err)}
	}
	return found
}

// examined compiles a rule and says what differs here from what it says. An error
// says that it does not compile.
func examined(found importedRule) (importedRule, error) {
	rule := found.rule
	var missing []string
	statement, err := kql.CompileWith(rule.Query, recorder{tables, &missing}, bind.Options{Now: time.Now()})
	found.Missing = missing
	if err != nil {
		return found, err
	}
	var columns []string
	for _, c := range statement.Output {
		columns = append(columns, c.Name)
	}
	found.Why = append(found.Why, rule.Assumed...)
	for _, table := range missing {
		found.Why = append(found.Why, "there is no table "+table+": its branch of the union gives no rows")
	}
	for _, key := range rule.Unknown {
		found.Why = append(found.Why, "the key "+key+" is kept and has no effect")
	}
	for _, column := range rule.MappedColumns() {
		if !slices.Contains(columns, column) {
			found.Why = append(found.Why, "the query gives no column "+column+", which the rule maps")
		}
	}
	found.Result = importRuns
	if len(found.Why) > 0 {
		found.Result = importDiffers
	}
	return found, nil
}

func runEmpty(ctx context.Context, querier detect.Querier, rule *detect.Rule) error {
	now := time.Now().UTC()
	_, err := querier.Query(ctx, query.Request{Text: rule.Query, From: now.Add(-time.Duration(rule.QueryPeriod)), To: now, Now: now})
	return err
}

func firstProblem(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// write puts each rule that runs into a file of its own. A file of that name
// that holds another rule is left alone.
func (r *ruleImport) write(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("make the folder for rules: %w", err)
	}
	for _, found := range r.found {
		if found.Result == importCannot {
			continue
		}
		text, err := found.rule.Export()
		if err != nil {
			return err
		}
		path := filepath.Join(dir, found.rule.FileName())
		if there, err := os.ReadFile(path); err == nil {
			if other, err := detect.ParseRule(path, there); err != nil || other.ID != found.rule.ID {
				path = strings.TrimSuffix(path, ".yaml") + "-" + found.rule.ID + ".yaml"
			}
		}
		if err := os.WriteFile(path, text, 0o640); err != nil {
			return fmt.Errorf("write rule: %w", err)
		}
		r.summary.Written++
	}
	return nil
}

func (r *ruleImport) report(w io.Writer, output string) error {
	if output == "json" {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(map[string]any{"summary": r.summary, "rules": r.found})
	}
	for _, found := range r.found {
		if _, err := fmt.Fprintf(w, "%-20s %s\n", found.Result, found.File); err != nil {
			return err
		}
		for _, why := range found.Why {
			if _, err := fmt.Fprintf(w, "%-20s   %s\n", "", why); err != nil {
				return err
			}
		}
	}
	s := r.summary
	_, err := fmt.Fprintf(w, "%d rules in %d files: %d run, %d run with a difference, %d cannot; %d files hold no rule; %d written\n",
		s.Rules, s.Files, s.Runs, s.RunsWithDifference, s.Cannot, s.NotRules, s.Written)
	return err
}

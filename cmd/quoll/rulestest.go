package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/detect/ruletest"
	"github.com/quoll/quoll/rules"
)

func rulesTestCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "test [FOLDER…]",
		Short: "Run rules on the rows in their test files",
		Long: `Test runs each rule on the rows of <name>.test.yaml and compares the alerts:
rows that must fire, and look-alikes that must not. Without a folder it tests
the rules that ship. The exit code is 3 when a test fails.`,
		Example: `  quoll rules test
  quoll rules test ./my-rules`,
		RunE: func(cmd *cobra.Command, dirs []string) error {
			if len(dirs) == 0 {
				return testRules(cmd.Context(), cmd.OutOrStdout(), rules.Files, "rules")
			}
			var problems []error
			for _, dir := range dirs {
				problems = append(problems, testRules(cmd.Context(), cmd.OutOrStdout(), os.DirFS(dir), dir))
			}
			return errors.Join(problems...)
		},
	}
}

func testRules(ctx context.Context, w io.Writer, fsys fs.FS, where string) (err error) {
	files, err := fs.Glob(fsys, "*.test.y*ml")
	if err != nil {
		return err
	}
	bench := &ruleBench{log: commandLog()}
	defer func() { err = errors.Join(err, bench.close()) }()
	passed, failed := 0, 0
	for _, name := range files {
		file, rule, err := readRuleTest(fsys, where, name)
		if err != nil {
			return err
		}
		for _, test := range file.Tests {
			err := ruletest.Run(ctx, bench, rule, file.Now, test)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err == nil {
				passed++
				continue
			}
			failed++
			if _, err := fmt.Fprintf(w, "FAIL %s: %s\n     %s\n", filepath.Join(where, name), test.Name, strings.ReplaceAll(err.Error(), "\n", "\n     ")); err != nil {
				return err
			}
		}
	}
	if _, err := fmt.Fprintf(w, "%s: %d passed, %d failed\n", where, passed, failed); err != nil {
		return err
	}
	if failed > 0 {
		return &exitError{code: exitFound}
	}
	return nil
}

func readRuleTest(fsys fs.FS, where, name string) (*ruletest.File, *detect.Rule, error) {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, nil, err
	}
	file, err := ruletest.Parse(filepath.Join(where, name), text)
	if err != nil {
		return nil, nil, err
	}
	text, err = fs.ReadFile(fsys, path.Join(path.Dir(name), file.Rule))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Join(where, name), err)
	}
	rule, err := detect.ParseRule(filepath.Join(where, file.Rule), text)
	return file, rule, err
}

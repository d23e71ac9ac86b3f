package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/pipeline"
)

func lakeCommand() *cobra.Command {
	return group("lake", "Check and repair the files of the tables", lakeCheckCommand())
}

type lakeCheckOptions struct {
	data, output  string
	quick, repair bool
}

func lakeCheckCommand() *cobra.Command {
	var o lakeCheckOptions
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Verify every file of the tables, and that they hold what the journal holds",
		Long: `Check reads the catalogue, the metadata of every table, its chain of snapshots and
every data file, whose checksum, number of rows, statistics and journal positions
it compares. Then it makes the rows of the whole journal once more and compares:
every record is in its tables once, and no other is. It also says how many payloads
the journal has no more, since retention removed their rows. It changes nothing.

With --repair, what is not as it should be is rebuilt from the journal, as by
quoll replay: the old files stay until the new ones are complete. --quick leaves
out the contents of files and the journal.

The exit code is 0 when the lake is whole or was repaired, and 3 when it is not.
The data directory must not be in use.`,
		Example: `  quoll lake check --data ./q
  quoll lake check --data ./q --quick -o json
  quoll lake check --data ./q --repair`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return inUse(runLakeCheck(cmd.Context(), cmd.OutOrStdout(), o), o.data)
		},
	}
	cmd.Flags().StringVar(&o.data, "data", "quoll-data", "data directory")
	cmd.Flags().BoolVar(&o.quick, "quick", false, "only whether everything is there, not what is in it")
	cmd.Flags().BoolVar(&o.repair, "repair", false, "rebuild from the journal what is not as it should be")
	outputFlag(cmd, &o.output)
	return cmd
}

// lakeReport is the outcome as JSON.
type lakeReport struct {
	pipeline.LakeCheck
	Whole    bool `json:"whole"`
	Repaired bool `json:"repaired"`
}

func runLakeCheck(ctx context.Context, w io.Writer, o lakeCheckOptions) error {
	if err := hasData(o.data); err != nil {
		return err
	}
	started := time.Now()
	check, err := checkLake(ctx, o)
	if err != nil {
		return err
	}
	report := lakeReport{LakeCheck: check, Whole: len(check.Problems) == 0}
	if !report.Whole && o.repair {
		if err := o.repairLake(ctx, &check); err != nil {
			return err
		}
		if report.LakeCheck, err = checkLake(ctx, o); err != nil {
			return err
		}
		report.Whole = len(report.Problems) == 0
		report.Repaired = report.Whole
		if report.Repaired {
			report.Problems = check.Problems // what there was
		}
	}
	if err := report.print(w, o.output, time.Since(started)); err != nil {
		return err
	}
	if !report.Whole {
		return &exitError{code: exitFound}
	}
	return nil
}

// repairLake rebuilds the lake from the journal, unless the journal is the one
// that lacks something.
func (o lakeCheckOptions) repairLake(ctx context.Context, check *pipeline.LakeCheck) error {
	p, err := dataPaths(o.data)
	if err != nil {
		return err
	}
	j, err := journal.Open(journal.DefaultConfig(p.journal()))
	if err != nil {
		return err
	}
	last := uint64(j.Last())
	if err := j.Close(); err != nil {
		return err
	}
	for _, t := range check.Tables {
		if t.Position > last {
			return fmt.Errorf("table %s has rows up to journal position %d, but the journal %s ends at %d: nothing is rebuilt from a journal that lacks what the tables have; put the journal back first", t.Name, t.Position, p.journal(), last)
		}
	}
	if err := rebuildLake(ctx, o.data); err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	// What was built elsewhere finds its new place when it is opened.
	config, err := p.lakeConfig()
	if err != nil {
		return err
	}
	rebuilt, err := lake.Open(ctx, config, commandLog())
	if err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	return rebuilt.Close()
}

// checkLake opens what a check needs: neither the lake nor the archive.
func checkLake(ctx context.Context, o lakeCheckOptions) (check pipeline.LakeCheck, err error) {
	p, err := dataPaths(o.data)
	if err != nil {
		return check, err
	}
	n := &node{paths: p, log: commandLog()}
	defer func() { err = errors.Join(err, n.close()) }()
	if n.journal, err = journal.Open(journal.DefaultConfig(p.journal())); err != nil {
		return check, err
	}
	n.closers = append(n.closers, n.journal.Close)
	if err := n.openState(ctx); err != nil {
		return check, err
	}
	if err := durable.MkdirAll(durable.OS{}, p.spool(), 0o750); err != nil {
		return check, fmt.Errorf("make %s: %w", p.spool(), err)
	}
	scratch, err := os.MkdirTemp(p.spool(), "check-*")
	if err != nil {
		return check, fmt.Errorf("check: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	progress, finish := byteProgress("check")
	defer finish()
	parts := pipeline.Parts{
		Journal: n.journal, Normaliser: normalise.New(normalise.Config{WorkspaceID: n.workspace, Known: n.drift}), Logger: n.log,
	}
	config, err := p.lakeConfig()
	if err != nil {
		return check, err
	}
	return pipeline.CheckLake(ctx, config, parts, scratch, o.quick, progress)
}

func (r *lakeReport) print(w io.Writer, output string, took time.Duration) error {
	if output == "json" {
		if r.Problems == nil {
			r.Problems = []lake.Problem{}
		}
		return json.NewEncoder(w).Encode(r)
	}
	var b strings.Builder
	var files int
	var rows, bytes int64
	for _, t := range r.Tables {
		files, rows, bytes = files+t.Files, rows+t.Rows, bytes+t.Bytes
		if t.Rows > 0 {
			fmt.Fprintf(&b, "%-26s %10d rows in %d files, %d bytes, up to journal position %d\n", t.Name, t.Rows, t.Files, t.Bytes, t.Position)
		}
	}
	if r.Trimmed > 0 {
		fmt.Fprintf(&b, "%d payloads of the journal are in the archive alone: retention removed all their rows\n", r.Trimmed)
	}
	for _, problem := range r.Problems {
		fmt.Fprintln(&b, problem)
	}
	if r.Omitted > 0 {
		fmt.Fprintf(&b, "and %d more records\n", r.Omitted)
	}
	verdict := "whole"
	switch {
	case r.Repaired:
		verdict = "whole again, rebuilt from the journal"
	case !r.Whole && !slices.ContainsFunc(r.Problems, func(p lake.Problem) bool { return !p.Moved }):
		verdict = "moved, and was not looked at: open it here once (quoll query --data …), then check it again"
	case !r.Whole:
		verdict = "NOT whole; rebuild it from the journal with --repair"
	}
	fmt.Fprintf(&b, "the lake is %s: %d rows, %d files, %d bytes, %s\n", verdict, rows, files, bytes, took.Round(time.Millisecond))
	_, err := io.WriteString(w, b.String())
	return err
}

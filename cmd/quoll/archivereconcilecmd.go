package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/server"
)

func archiveReconcileCommand() *cobra.Command {
	var data, output string
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "Compare the tables with the archive, row by row",
		Long: `Reconcile makes the rows of every archived payload once more, each payload proved
to be in the log, and compares them with the rows of the tables, with all their
values. For each table and hour it counts both sides and sums them up. The outcome
is a row of SentinelAudit, and so a leaf of the log, and the first screen shows it.

A server does this once a day. The command asks the server that has the data
directory open, or does it itself where none has.

The exit code is 3 when anything differs or a file cannot be read.`,
		Example: `  quoll archive reconcile --data ./q
  quoll archive reconcile --data ./q -o json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := runArchiveReconcile(cmd.Context(), data)
			if err != nil {
				return err
			}
			if err := printReconciliation(cmd.OutOrStdout(), output, r); err != nil {
				return err
			}
			if !r.Passed {
				return &exitError{code: exitFound}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", "quoll-data", "data directory")
	outputFlag(cmd, &output)
	return cmd
}

func runArchiveReconcile(ctx context.Context, data string) (*server.Reconciliation, error) {
	var r *server.Reconciliation
	err := hereOrThere(ctx, data, func(n *node) error {
		if n.archive == nil {
			return n.archiveProblem
		}
		progress, finish := countProgress("reconcile")
		here, err := reconcileArchive(ctx, n, progress)
		finish()
		if err != nil {
			return err
		}
		r = &here.Reconciliation
		if err := here.writeDown(ctx, &acts{journal: n.journal, workspace: n.workspace, clock: clock.System(), log: n.log}); err != nil {
			return err
		}
		return errors.Join(n.catchUp(ctx), n.archiveAll(ctx))
	}, func(note serverNote) (err error) {
		r, err = askReconciliation(ctx, note)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// askReconciliation has the server do it, and waits.
func askReconciliation(ctx context.Context, note serverNote) (*server.Reconciliation, error) {
	if err := call(ctx, note, http.MethodPost, "/api/v1/archive/tasks", []byte(`{"kind":"`+server.TaskReconcile+`"}`), nil); err != nil {
		return nil, fmt.Errorf("the server does not reconcile: %w", err)
	}
	progress, finish := countProgress("reconcile")
	defer finish()
	for {
		var detail server.ArchiveDetail
		if err := call(ctx, note, http.MethodGet, "/api/v1/archive", nil, &detail); err != nil {
			return nil, err
		}
		switch task := detail.Task; {
		case task == nil || task.Ended != nil && task.Error == "" && detail.Reconciliation == nil:
			return nil, errors.New("the server has forgotten the reconciliation: it was started anew; try again")
		case task.Ended != nil && task.Error != "":
			return nil, fmt.Errorf("the server could not reconcile: %s", task.Error)
		case task.Ended != nil:
			return detail.Reconciliation, nil
		case progress != nil:
			progress(task.Done, task.Total)
		}
		if err := clock.Sleep(ctx, clock.System(), 500*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

func printReconciliation(w io.Writer, output string, r *server.Reconciliation) error {
	if output == "json" {
		return json.NewEncoder(w).Encode(r)
	}
	var b strings.Builder
	for _, t := range r.Tables {
		verdict := "same"
		if t.Differing > 0 {
			verdict = fmt.Sprintf("DIFFERENT in %d", t.Differing)
		}
		fmt.Fprintf(&b, "%-26s %10d rows in the tables, %10d in the archive, %s of %d hours\n", t.Table, t.Lake.Rows, t.Archive.Rows, verdict, t.Hours)
	}
	verdict := "equal"
	if !r.Passed {
		verdict = "NOT equal"
	}
	fmt.Fprintf(&b, "tables and archive are %s: %s; %.1f s\n", verdict, r.Detail, r.Seconds)
	_, err := io.WriteString(w, b.String())
	return err
}

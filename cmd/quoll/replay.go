package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/pipeline"
)

func replayCommand() *cobra.Command {
	var data, output string
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Build every row anew from the journal",
		Long: `Replay reads the journal from its beginning, turns every payload into rows with
the present mapping, and puts the new tables in the place of the old ones once
they are complete. It prints the rows of each table before and after: unless the
mapping has changed, they are equal, which shows that the lake holds exactly
what the journal holds.`,
		Example: `  quoll replay --data ./q
  quoll replay --data ./q -o json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runReplay(cmd.Context(), cmd.OutOrStdout(), data, output)
		},
	}
	cmd.Flags().StringVar(&data, "data", "quoll-data", "data directory")
	outputFlag(cmd, &output)
	return cmd
}

// replayed is the rows of one table before and after a replay.
type replayed struct {
	Table  string `json:"table"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
}

func runReplay(ctx context.Context, w io.Writer, data, output string) error {
	before, err := countRows(ctx, data)
	if errors.Is(err, lake.ErrOtherStore) { // it is to be brought from there
		before, err = countOnDisk(ctx, data)
	}
	if err != nil {
		return inUse(err, data)
	}
	if err := rebuildLake(ctx, data); err != nil {
		return inUse(err, data)
	}
	after, err := countRows(ctx, data)
	if err != nil {
		return err
	}
	for i, table := range after {
		r := replayed{Table: table.Name, After: table.Rows}
		if before != nil {
			r.Before = before[i].Rows
		}
		if output == "json" {
			err = json.NewEncoder(w).Encode(r)
		} else if r.Before > 0 || r.After > 0 {
			_, err = fmt.Fprintf(w, "%-26s %10d rows before, %10d after\n", r.Table, r.Before, r.After)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// countOnDisk counts the rows of tables on the disk that are to go to a store. Of
// tables that are to come back from one it counts none.
func countOnDisk(ctx context.Context, data string) ([]lake.TableStats, error) {
	p, err := dataPaths(data)
	if err != nil {
		return nil, err
	}
	l, err := lake.Open(ctx, lake.DefaultConfig(p.lake()), commandLog())
	if errors.Is(err, lake.ErrOtherStore) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return l.Stats(), l.Close()
}

func countRows(ctx context.Context, data string) (stats []lake.TableStats, err error) {
	err = withNode(ctx, data, func(n *node) error {
		stats = n.lake.Stats()
		return nil
	})
	return stats, err
}

// rebuildLake opens only what a replay needs: the lake itself must be closed.
func rebuildLake(ctx context.Context, data string) (err error) {
	p, err := dataPaths(data)
	if err != nil {
		return err
	}
	n := &node{paths: p, log: commandLog()}
	defer func() { err = errors.Join(err, n.close()) }()
	if n.journal, err = journal.Open(journal.DefaultConfig(p.journal())); err != nil {
		return err
	}
	n.closers = append(n.closers, n.journal.Close)
	if err := n.openState(ctx); err != nil {
		return err
	}
	dir, err := pipeline.NewRejectDir(p.rejects())
	if err != nil {
		return err
	}
	progress, finish := replayProgress()
	defer finish()
	config, err := p.lakeConfig()
	if err != nil {
		return err
	}
	return pipeline.Replay(ctx, config, pipeline.DefaultConfig(), pipeline.Parts{
		Journal: n.journal, Normaliser: normalise.New(normalise.Config{WorkspaceID: n.workspace, Known: n.drift}), Rejects: dir, Drift: n.drift,
		State: n.state, Clock: clock.System(), Logger: n.log,
	}, progress)
}

// replayProgress shows journal positions, on a terminal only.
func replayProgress() (func(position, last uint64), func()) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil, func() {}
	}
	bar := progressbar.NewOptions64(-1, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription("replay"),
		progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	return func(position, last uint64) {
		bar.ChangeMax64(int64(last))
		_ = bar.Set64(int64(position))
	}, func() { _ = bar.Finish() }
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/server"
)

// drillFile is where the last restore drill is noted. Only who may write to the
// data directory can: the note is a reminder and no proof.
const drillFile = "drill.json"

func archiveDrillCommand() *cobra.Command {
	var o archiveFlags
	var dir, output string
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Restore the archive beside the data directory, and compare the rows",
		Long: `Drill shows that the archive could replace the data directory: it restores the
archive into a temporary folder, up to where the tables are now, compares the
rows of every table with those of the data directory, and removes the folder. It
needs as much room as the data directory has. It may run beside a server, whose
first screen shows when the last drill was and how it ended.

The exit code is 3 when the rows differ or the archive is damaged.`,
		Example: `  quoll archive drill --data ./q
  quoll archive drill --data ./q --dir /mnt/scratch -o json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDrill(cmd, o, dir, output) },
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&dir, "dir", "", "folder in which the temporary one is made (default: that of the data directory)")
	outputFlag(cmd, &output)
	return cmd
}

func runDrill(cmd *cobra.Command, o archiveFlags, dir, output string) error {
	prover, err := o.prover(cmd.Context())
	if err != nil {
		return err
	}
	defer prover.Close()
	d, err := drill(cmd.Context(), prover, o.data, dir)
	if err != nil {
		return err
	}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if err := durable.WriteFile(durable.OS{}, filepath.Join(o.data, drillFile), append(text, '\n'), 0o640); err != nil {
		return fmt.Errorf("note the drill: %w", err)
	}
	if err := printDrill(cmd.OutOrStdout(), output, d); err != nil {
		return err
	}
	if !d.Passed {
		return &exitError{code: exitFound}
	}
	return nil
}

func printDrill(w io.Writer, output string, d *server.Drill) error {
	if output == "json" {
		return json.NewEncoder(w).Encode(d)
	}
	verdict := "restored, rows equal"
	if !d.Passed {
		verdict = "FAILED"
	}
	_, err := fmt.Fprintf(w, "%s: %d payloads, %d bytes, %d rows in %.1f s; %s\n", verdict, d.Position, d.Bytes, d.Rows, d.Seconds, d.Detail)
	return err
}

// drill restores and compares. An error says that it could not be held.
func drill(ctx context.Context, prover *archive.Prover, data, dir string) (d *server.Drill, err error) {
	live, err := settledStatus(ctx, data)
	if err != nil {
		return nil, err
	}
	if err := awaitArchive(ctx, prover, live.Lake.Position); err != nil {
		return nil, err
	}
	absolute, err := filepath.Abs(data)
	if err != nil {
		return nil, err
	}
	if dir == "" {
		dir = filepath.Dir(absolute)
	}
	scratch, err := os.MkdirTemp(dir, "quoll-drill-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the drill: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	started := time.Now()
	d = &server.Drill{Time: started.UTC()}
	r, err := restoreInto(ctx, prover, filepath.Join(scratch, "data"), live.Workspace, live.Lake.Position, paths{data: absolute}.tombstones())
	d.Seconds = time.Since(started).Seconds()
	if errors.Is(err, archive.ErrDamaged) {
		d.Detail = err.Error()
		return d, nil
	}
	if err != nil {
		return nil, err
	}
	d.Position, d.Bytes = r.Position, r.Bytes
	compareDrill(d, r, live)
	return d, nil
}

// compareDrill compares the rows of every table.
func compareDrill(d *server.Drill, r *restored, live *server.Status) {
	rows := map[string]int64{}
	for _, t := range r.Tables {
		rows[t.Table] = t.Rows
		d.Rows += t.Rows
	}
	d.Passed = r.Position == live.Lake.Position
	if !d.Passed {
		d.Detail = fmt.Sprintf("the archive ends at journal position %d, the tables at %d", r.Position, live.Lake.Position)
		return
	}
	d.Detail = fmt.Sprintf("%d tables have the same number of rows as the data directory", len(r.Tables))
	for _, t := range live.Lake.Tables {
		if rows[t.Name] != t.Rows {
			d.Passed = false
			d.Detail = fmt.Sprintf("%s has %d rows in the data directory and %d from the archive", t.Name, t.Rows, rows[t.Name])
			return
		}
	}
}

const (
	// settleTries bounds how often the status is asked for until no rows come in
	// between, and archivePatience how long the archive may take to seal what the
	// tables have.
	settleTries     = 120
	archivePatience = 5 * time.Minute
)

// settledStatus returns a status whose rows are those of its position: two in a
// row at one position.
func settledStatus(ctx context.Context, data string) (*server.Status, error) {
	before, err := readStatus(ctx, data)
	if err != nil {
		return nil, err
	}
	for range settleTries {
		after, err := readStatus(ctx, data)
		if err != nil {
			return nil, err
		}
		if after.Lake.Position == before.Lake.Position {
			return after, nil
		}
		before = after
		if err := clock.Sleep(ctx, clock.System(), 250*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("rows came in all the time: the drill needs two looks at the tables between which nothing comes; try it in a quieter hour")
}

func awaitArchive(ctx context.Context, prover *archive.Prover, position uint64) error {
	for waited := time.Duration(0); ; waited += time.Second {
		last, err := prover.Last(ctx)
		if err != nil || last >= position {
			return err
		}
		if waited >= archivePatience {
			return fmt.Errorf("the archive is at journal position %d and does not reach %d, where the tables are", last, position)
		}
		if err := clock.Sleep(ctx, clock.System(), time.Second); err != nil {
			return err
		}
	}
}

func readDrill(data string) *server.Drill {
	var d server.Drill
	text, err := os.ReadFile(filepath.Join(data, drillFile))
	if err != nil || json.Unmarshal(text, &d) != nil {
		return nil
	}
	return &d
}

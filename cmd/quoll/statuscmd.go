package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/pipeline"
	"github.com/quoll/quoll/server"
)

func statusCommand() *cobra.Command {
	var data, output string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show where journal, lake and archive stand, and what fails",
		Example: `  quoll status --data ./q
  quoll status --data ./q -o json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			status, err := readStatus(cmd.Context(), data)
			if err != nil {
				return err
			}
			if output == "json" {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(status)
			}
			return printStatus(cmd.OutOrStdout(), status)
		},
	}
	cmd.Flags().StringVar(&data, "data", "quoll-data", "data directory")
	outputFlag(cmd, &output)
	return cmd
}

func readStatus(ctx context.Context, data string) (*server.Status, error) {
	status := &server.Status{}
	err := hereOrThere(ctx, data, func(n *node) (err error) {
		status, err = (&reporter{node: n, started: time.Now()}).Status(ctx)
		return err
	}, func(note serverNote) error {
		return call(ctx, note, http.MethodGet, "/api/v1/status", nil, status)
	})
	return status, err
}

func printStatus(w io.Writer, s *server.Status) error {
	var b strings.Builder
	fmt.Fprintf(&b, "journal   position %d\n", s.Journal.Position)
	switch s.Journal.Pressure {
	case string(pipeline.PressureSlow):
		fmt.Fprintln(&b, "          the disk is short of room: collecting is slowed down")
	case string(pipeline.PressureStop):
		fmt.Fprintln(&b, "          the disk is nearly full: collecting has STOPPED until there is room")
	}
	fmt.Fprintf(&b, "lake      rows up to %d, in files up to %d\n", s.Lake.Position, s.Lake.Committed)
	if s.Archive != nil {
		fmt.Fprintf(&b, "archive   sealed up to %d\n", s.Archive.Position)
		if s.Archive.Problem != "" {
			fmt.Fprintf(&b, "          %s\n", s.Archive.Problem)
		}
		if f := s.Archive.RowFiles; f != nil {
			fmt.Fprintf(&b, "          %d files of tables under the log, %d of them kept, %d waiting\n", f.Files, f.Kept, f.Waiting)
			if f.Problem != "" {
				fmt.Fprintf(&b, "          %s\n", f.Problem)
			}
		}
		if v := s.Archive.Verified; v != nil {
			fmt.Fprintf(&b, "verified  at %s, %s: %s\n", v.Time.Format(time.RFC3339), passed(v.Passed), v.Detail)
		}
		if r := s.Archive.Reconciliation; r != nil {
			fmt.Fprintf(&b, "compared  with the tables at %s, %s: %s\n", r.Time.Format(time.RFC3339), passed(r.Passed), r.Detail)
		}
		for _, w := range s.Archive.Witnesses {
			printWitness(&b, w)
		}
		for _, t := range s.Archive.Timestamps {
			printTimestamp(&b, t)
		}
		for _, c := range s.Archive.Copies {
			printCopy(&b, c)
		}
	}
	for _, t := range s.Lake.Tables {
		if t.Rows > 0 {
			fmt.Fprintf(&b, "  %-26s %10d rows, %d fresh, %d files\n", t.Name, t.Rows, t.Fresh, t.Files)
		}
	}
	for _, l := range s.Lags {
		if total, ok := l.Day[string(collect.EventToVisible)]; ok {
			fmt.Fprintf(&b, "lag       %s %s: half within %s, 99%% within %s of happening, over the last day\n", l.TenantID, l.ContentType, seconds(total.P50Seconds), seconds(total.P99Seconds))
		}
	}
	for _, problem := range s.Problems {
		fmt.Fprintf(&b, "failing   %s: %s\n          %s\n", problem.Connector, problem.Cause, problem.Remedy)
	}
	for _, warning := range s.Warnings {
		fmt.Fprintf(&b, "warning   %s: %s\n          %s\n", warning.Connector, warning.Cause, warning.Remedy)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func printWitness(b *strings.Builder, w server.WitnessStatus) {
	if w.Time == nil {
		fmt.Fprintf(b, "witness   %s at %s has not cosigned since the start\n", w.Name, w.URL)
	} else {
		fmt.Fprintf(b, "witness   %s at %s has cosigned the first %d leaves at %s\n", w.Name, w.URL, w.Size, w.Time.Format(time.RFC3339))
	}
	if w.Problem != "" {
		fmt.Fprintf(b, "          %s\n", w.Problem)
	}
}

func printTimestamp(b *strings.Builder, t server.TimestampStatus) {
	switch {
	case t.Time == nil:
		fmt.Fprintf(b, "stamps    %s has not stamped yet\n", t.Name)
	case t.Late:
		fmt.Fprintf(b, "stamps    %s is LATE: it stamped the first %d leaves at %s\n", t.Name, t.Size, t.Time.Format(time.RFC3339))
	default:
		fmt.Fprintf(b, "stamps    %s (%s) stamped the first %d leaves at %s\n", t.Name, t.Subject, t.Size, t.Time.Format(time.RFC3339))
	}
	if t.Problem != "" {
		fmt.Fprintf(b, "          %s\n", t.Problem)
	}
}

func printCopy(b *strings.Builder, c server.CopyStatus) {
	state := "has all"
	if c.Objects > 0 || c.LagSeconds > 0 {
		state = fmt.Sprintf("lacks %d objects of %d bytes, the oldest for %s", c.Objects, c.Bytes, seconds(c.LagSeconds))
	}
	if c.Late {
		state = "LATE: " + state
	}
	fmt.Fprintf(b, "copy      %s in %s: %s\n", c.Name, c.Store, state)
	if c.Problem != "" {
		fmt.Fprintf(b, "          %s\n", c.Problem)
	}
	if c.Stale > 0 {
		fmt.Fprintf(b, "          still has %d files that were disposed of or erased: %s\n", c.Stale, c.StaleProblem)
	}
	if c.Unlocked {
		fmt.Fprintf(b, "          not locked: %s\n", c.Locking)
	}
}

// seconds writes a length of time roughly: what is measured is rough.
func seconds(s float64) time.Duration {
	d := time.Duration(s * float64(time.Second))
	if d < time.Minute {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}

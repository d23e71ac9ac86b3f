package main

import (
	"context"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/server"
)

type gapsOptions struct {
	data, from, to, tenant, contentType, by, output string
}

func gapsCommand() *cobra.Command {
	var o gapsOptions
	cmd := &cobra.Command{
		Use:   "gaps",
		Short: "Show hour by hour whether everything arrived",
		Long: `Gaps shows the calendar of a data directory: for every tenant and content type
one letter for each hour, or each day, in UTC, by when the content was created.

  C  complete: listed again after the hour was over, and all of it journalled
  W  waiting: not so yet, and it is early
  L  late: not so yet, though it could be
  X  lost: something in it is known to be lost
  S  silent: complete and empty, though the weeks before were not
  O  off: the subscription was switched off, or not started yet
  R  recovered: lost or off, and brought by a search of the audit log since
  R  recovered: lost or off, and a backfill has brought all of it since

docs/completeness.md defines them. It may run beside a server. Hours are shown
of up to 14 days, days of more, unless --by says otherwise.`,
		Example: `  quoll gaps --data ./q
  quoll gaps --from 2026-06-01 --to 2026-09-01 --content-type Audit.Exchange
  quoll gaps --from 2026-09-14 -o csv | grep -v ,complete,`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runGaps(cmd, o) },
	}
	cmd.Flags().StringVar(&o.data, "data", "quoll-data", "data directory")
	cmd.Flags().StringVar(&o.from, "from", "", "begin here: a day, or a time like 2026-09-14T08:00:00Z (default: 7 days before --to)")
	cmd.Flags().StringVar(&o.to, "to", "", "end before this day or time (default: now)")
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "only this tenant id")
	cmd.Flags().StringVar(&o.contentType, "content-type", "", "only this content type or table")
	cmd.Flags().StringVar(&o.by, "by", "", "hour or day")
	cmd.Flags().StringVarP(&o.output, "output", "o", "text", "text, json or csv")
	return cmd
}

func runGaps(cmd *cobra.Command, o gapsOptions) error {
	if !slices.Contains([]string{"text", "json", "csv"}, o.output) {
		return usageError(fmt.Errorf("--output %q is none of text, json, csv", o.output))
	}
	filter, err := o.filter(time.Now())
	if err != nil {
		return usageError(err)
	}
	return withState(cmd.Context(), o.data, func(db *sql.DB) error {
		ledger, err := collect.OpenLedger(cmd.Context(), db)
		if err != nil {
			return err
		}
		calendar, err := (&gaps{ledger: ledger, state: db, now: time.Now}).Gaps(cmd.Context(), filter)
		if err != nil {
			return err
		}
		w := cmd.OutOrStdout()
		switch o.output {
		case "json":
			return json.NewEncoder(w).Encode(calendar)
		case "csv":
			return writeGapsCSV(w, calendar)
		default:
			return writeGaps(w, calendar, isTerminal(w))
		}
	})
}

// withState opens the state of a data directory alone, which works beside a
// server.
func withState(ctx context.Context, data string, use func(*sql.DB) error) (err error) {
	if err := hasData(data); err != nil {
		return err
	}
	p, err := dataPaths(data)
	if err != nil {
		return err
	}
	db, err := state.Open(ctx, p.state())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return use(db)
}

// hoursShown is how much is shown by the hour when nobody says.
const hoursShown = 14 * 24 * time.Hour

func (o *gapsOptions) filter(now time.Time) (server.GapFilter, error) {
	f := server.GapFilter{TenantID: strings.ToLower(o.tenant), ContentType: o.contentType, To: now.UTC()}
	var err error
	if o.to != "" {
		if f.To, err = dayOrTime("--to", o.to); err != nil {
			return f, err
		}
	}
	f.From = f.To.Add(-7 * 24 * time.Hour).Truncate(time.Hour)
	if o.from != "" {
		if f.From, err = dayOrTime("--from", o.from); err != nil {
			return f, err
		}
	}
	if f.To.Before(f.From) {
		return f, errors.New("--to lies before --from")
	}
	switch o.by {
	case "":
		f.Daily = f.To.Sub(f.From) > hoursShown
	case "hour", "day":
		f.Daily = o.by == "day"
	default:
		return f, fmt.Errorf("--by %q is neither hour nor day", o.by)
	}
	return f, nil
}

func dayOrTime(flag, text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s %q is neither a day like 2026-09-14 nor a time like 2026-09-14T08:00:00Z", flag, text)
}

// gapMark is how a state is shown: a letter, and on a terminal its colours as
// an SGR sequence.
type gapMark struct{ letter, colour string }

var gapMarks = map[string]gapMark{
	server.GapComplete: {"C", "30;42"}, server.GapWaiting: {"W", "30;47"}, server.GapLate: {"L", "30;43"},
	server.GapLost: {"X", "97;41"}, server.GapSilent: {"S", "97;45"}, server.GapOff: {"O", "97;100"}, server.GapRecovered: {"R", "97;44"},
}

// writeGaps prints a block for each row: a line a day with a letter an hour, or
// a line a month with a letter a day.
func writeGaps(w io.Writer, c *server.GapCalendar, colour bool) error {
	var b strings.Builder
	if len(c.Rows) == 0 {
		b.WriteString("nothing was collected yet\n")
	}
	for i, row := range c.Rows {
		if i > 0 {
			b.WriteByte('\n')
		}
		writeGapRow(&b, row, c.Interval == "day", colour)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeGapRow(b *strings.Builder, row server.GapRow, daily, colour bool) {
	total := map[string]int{}
	for _, cell := range row.Cells {
		total[cell.State]++
	}
	fmt.Fprintf(b, "%s  %s", row.TenantID, row.ContentType)
	if row.Name != "" {
		fmt.Fprintf(b, "  from %s", row.Name)
	}
	for _, state := range server.GapStates {
		if total[state] > 0 {
			fmt.Fprintf(b, "  %s %d", state, total[state])
		}
	}
	b.WriteByte('\n')
	if len(row.Cells) == 0 {
		b.WriteString("  nothing is known of this time\n")
		return
	}
	label, column := time.DateOnly, func(t time.Time) int { return t.Hour() }
	if daily {
		label, column = "2006-01", func(t time.Time) int { return t.Day() - 1 }
	}
	line, at := "", 0
	for _, cell := range row.Cells {
		if text := cell.Time.Format(label); text != line {
			if line != "" {
				b.WriteByte('\n')
			}
			line, at = text, 0
			fmt.Fprintf(b, "  %-10s  ", text)
		}
		b.WriteString(strings.Repeat(" ", max(0, column(cell.Time)-at)))
		at = column(cell.Time) + 1
		mark := gapMarks[cell.State]
		if colour {
			fmt.Fprintf(b, "\x1b[%sm%s\x1b[0m", mark.colour, mark.letter)
		} else {
			b.WriteString(mark.letter)
		}
	}
	b.WriteByte('\n')
	writeGapDetails(b, row.Cells, daily)
}

// writeGapDetails says why for each cell that needs a person, spans with the
// same reason once.
func writeGapDetails(b *strings.Builder, cells []server.GapCell, daily bool) {
	layout, step := "2006-01-02 15:04", time.Hour
	if daily {
		layout, step = time.DateOnly, 24*time.Hour
	}
	for i := 0; i < len(cells); {
		first, end := cells[i], i+1
		for end < len(cells) && cells[end].State == first.State && cells[end].Detail == first.Detail {
			end++
		}
		if first.State != server.GapComplete && first.State != server.GapWaiting {
			fmt.Fprintf(b, "  %s to %s  %s: %s\n", first.Time.Format(layout), cells[end-1].Time.Add(step).Format(layout), first.State, first.Detail)
		}
		i = end
	}
}

func writeGapsCSV(w io.Writer, c *server.GapCalendar) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"source", "tenantId", "contentType", "time", "state", "listed", "journalled", "expired", "records", "bytes", "detail"})
	for _, row := range c.Rows {
		for _, cell := range row.Cells {
			line := []string{row.Source, row.TenantID, row.ContentType, cell.Time.Format(time.RFC3339), cell.State}
			for _, n := range []int64{cell.Listed, cell.Journalled, cell.Expired, cell.Records, cell.Bytes} {
				line = append(line, strconv.FormatInt(n, 10))
			}
			_ = out.Write(append(line, cell.Detail))
		}
	}
	out.Flush()
	return out.Error() // the first error of any write
}

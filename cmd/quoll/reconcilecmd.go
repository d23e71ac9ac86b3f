package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/collect/file"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/reconcile"
)

// Exit codes of reconcile, which are those of diff.
const (
	exitDiffers = 1
	exitTrouble = 2
)

type reconcileOptions struct {
	data, format, tenant, from, to, where, output, out, temp string

	search            bool
	config            string
	types, operations []string
}

func reconcileCommand() *cobra.Command {
	var o reconcileOptions
	cmd := &cobra.Command{
		Use:   "reconcile FILE… | --audit-search --from TIME",
		Short: "Compare what Quoll holds with an export or a search of the same records",
		Long: `Reconcile compares the audit records of a data directory with those in files, by
Id, and counts both by operation and hour. It takes what import takes: audit
records, CSV exports of Purview audit search or Search-UnifiedAuditLog, and rows
of Sentinel's OfficeActivity in CSV or JSON, which are compared with that table;
each also compressed with gzip. It changes nothing.

With --audit-search it has Microsoft Graph search the tenant's audit log instead,
with the application of the configuration, and compares with that; it takes
nothing in. See quoll backfill --help for what a search takes.

The range is that of the records in the files, unless --from and --to say
another. An export of some operations only is compared with Quoll's records of
the same kind with --where.

The exit code is 0 when both sides have the same records, 1 when they differ or
a row could not be compared, and 2 when it was tried in vain.`,
		Example: `  quoll reconcile --data ./q export.csv
  quoll reconcile --data ./q --from 2026-09-01 --to 2026-10-01 --out missing.jsonl part1.csv.gz part2.csv.gz
  quoll reconcile --data ./q --where 'Workload == "Exchange"' exchange.csv -o json
  quoll reconcile --audit-search --from 7d --to 1d --config quoll.yaml
  quoll import --data ./q missing.jsonl          take in what Quoll lacks`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.search {
				return noArguments(cmd, args)
			}
			return someArguments("at least one file, or --audit-search", 1, 1<<20)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.search {
				equal, err := runReconcileSearch(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), o)
				return reconciled(equal, err)
			}
			if len(o.types)+len(o.operations) > 0 {
				return usageError(errors.New("--record-type and --operation are of --audit-search; for files, --where restricts Quoll's side"))
			}
			o.data = cmp.Or(o.data, "quoll-data")
			equal, err := runReconcile(cmd.Context(), cmd.OutOrStdout(), o, args)
			return reconciled(equal, err)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.format, "format", "", "what the files hold, instead of finding out: "+formatNames())
	return cmd
}

func (o *reconcileOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.data, "data", "", "data directory (default: quoll-data; with --audit-search that of the configuration)")
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "Entra tenant id of records that do not say theirs; with --audit-search the tenant, by name or id")
	cmd.Flags().BoolVar(&o.search, "audit-search", false, "compare with a search of the tenant's audit log")
	cmd.Flags().StringVarP(&o.config, "config", "c", "quoll.yaml", "configuration file, for --audit-search")
	cmd.Flags().StringArrayVar(&o.types, "record-type", nil, "search only this record type, by its name; may be repeated")
	cmd.Flags().StringArrayVar(&o.operations, "operation", nil, "search only this operation; may be repeated")
	cmd.Flags().StringVar(&o.from, "from", "", "compare from this time on: a date, a time with zone, or how long ago (2026-09-01, 2026-09-01T12:00:00Z, 30d)")
	cmd.Flags().StringVar(&o.to, "to", "", "compare up to this time, exclusive")
	cmd.Flags().StringVar(&o.where, "where", "", "compare only Quoll's records that meet this condition, in KQL")
	outputFlag(cmd, &o.output)
	cmd.Flags().StringVar(&o.out, "out", "", "write every record that a side lacks to this file, as JSON lines")
	cmd.Flags().StringVar(&o.temp, "temp", os.TempDir(), "folder for temporary files: about a tenth of the size of the files")
}

// reconciled turns the outcome into an exit code.
func reconciled(equal bool, err error) error {
	var exit *exitError
	switch {
	case errors.As(err, &exit):
		return err
	case err != nil:
		return &exitError{exitTrouble, err}
	case !equal:
		return &exitError{exitDiffers, nil}
	}
	return nil
}

func runReconcile(ctx context.Context, w io.Writer, o reconcileOptions, files []string) (equal bool, err error) {
	c, err := o.comparison()
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	read := func(yield func(model.Payload) error, begin func(string), reject func(file.Reject) error) error {
		for _, name := range files {
			begin(name)
			if err := readOther(ctx, o, name, yield, reject); err != nil {
				return err
			}
		}
		return nil
	}
	err = read(c.Add, c.BeginFile, func(r file.Reject) error {
		c.Reject(reconcile.Reject{File: r.File, Line: r.Line, Reason: r.Reason})
		return nil
	})
	if err != nil {
		return false, err
	}
	again := func(yield func(model.Payload) error) error {
		return read(yield, func(string) {}, nil)
	}
	return o.judge(ctx, w, c, again)
}

// comparison begins an empty comparison.
func (o *reconcileOptions) comparison() (*reconcile.Comparison, error) {
	if err := hasData(o.data); err != nil {
		return nil, err
	}
	config := reconcile.DefaultConfig(o.temp)
	var err error
	now := time.Now()
	if config.From, err = instant("--from", o.from, now); err != nil {
		return nil, err
	}
	if config.To, err = instant("--to", o.to, now); err != nil {
		return nil, err
	}
	if !config.From.IsZero() && !config.To.IsZero() && !config.From.Before(config.To) {
		return nil, usageError(fmt.Errorf("--to %s does not lie after --from %s", o.to, o.from))
	}
	return reconcile.New(config)
}

// readOther hands on the payloads of one file.
func readOther(ctx context.Context, o reconcileOptions, name string, yield func(model.Payload) error, reject func(file.Reject) error) error {
	progress, finish := fileProgress(name)
	defer finish()
	_, err := file.Import(ctx, name, file.Options{Format: model.Format(o.format), Tenant: o.tenant, Progress: progress, Reject: reject}, yield)
	return err
}

// judge holds a comparison that has its other side against Quoll, and tells.
func (o *reconcileOptions) judge(ctx context.Context, w io.Writer, c *reconcile.Comparison, again func(func(model.Payload) error) error) (equal bool, err error) {
	err = withAsker(ctx, o.data, func(ask asker) error {
		h := &holding{ask: ask, where: o.where}
		report, err := c.Finish(ctx, h)
		if err != nil {
			return err
		}
		equal = report.Equal()
		if o.out != "" {
			if err := writeLacking(o.out, func(w io.Writer) error { return c.Write(ctx, w, again, h) }); err != nil {
				return err
			}
		}
		return printReconciled(w, o.output, report)
	})
	return equal, err
}

// writeLacking writes a file whole, or not at all.
func writeLacking(name string, write func(io.Writer) error) error {
	part, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.part")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	buffered := bufio.NewWriter(part)
	if err = write(buffered); err == nil {
		err = buffered.Flush()
	}
	err = errors.Join(err, part.Chmod(0o640), part.Close())
	if err == nil {
		err = os.Rename(part.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(part.Name()))
	}
	return nil
}

// mostListed is how many lines of each kind the text shows.
const mostListed = 20

func printReconciled(w io.Writer, output string, r *reconcile.Report) error {
	if output == "json" {
		return json.NewEncoder(w).Encode(struct {
			Equal bool `json:"equal"`
			*reconcile.Report
		}{r.Equal(), r})
	}
	var b strings.Builder
	const layout = "2006-01-02 15:04:05Z07:00"
	for _, f := range r.Files {
		fmt.Fprintf(&b, "%s (%s): %d records", f.Name, cmp.Or(string(f.Format), "empty"), f.Records)
		for _, more := range []struct {
			n    int64
			what string
		}{{f.Repeated, "of them repeated"}, {f.Rejected, "rows that could not be compared"}} {
			if more.n > 0 {
				fmt.Fprintf(&b, ", %d %s", more.n, more.what)
			}
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%s from %s to %s: %d on both sides, %d that Quoll lacks, %d that only Quoll has\n", r.Table, r.From.Format(layout), r.To.Format(layout), r.Matched, r.QuollLacks, r.OtherLacks)
	if r.MatchedWithoutID > 0 {
		fmt.Fprintf(&b, "of them without an Id, told by what they say: %d\n", r.MatchedWithoutID)
	}
	list := func(title string, total int64, records []reconcile.Record) {
		if total == 0 {
			return
		}
		fmt.Fprintf(&b, "\n%s (%d):\n", title, total)
		for _, l := range records[:min(len(records), mostListed)] {
			file := l.File
			if len(r.Files) == 1 {
				file = "" // as the first line says
			}
			fmt.Fprintf(&b, "  %-36s  %s  %s  %s%s\n", cmp.Or(l.ID, "(no Id)"), timeOr(l.Time, layout), l.Operation, l.UserID, in(file))
		}
		more(&b, total, len(records))
	}
	list("Quoll lacks", r.QuollLacks, r.QuollLacking)
	list("only Quoll has", r.OtherLacks, r.OtherLacking)
	if r.OtherTime > 0 {
		fmt.Fprintf(&b, "\nat another time than in Quoll (%d):\n", r.OtherTime)
		for _, d := range r.OtherTimes[:min(len(r.OtherTimes), mostListed)] {
			fmt.Fprintf(&b, "  %-36s  %s, in Quoll %s  %s\n", d.ID, timeOr(d.Time, layout), d.QuollTime.Format(layout), d.Operation)
		}
		more(&b, r.OtherTime, len(r.OtherTimes))
	}
	if r.HoursDiffer > 0 {
		fmt.Fprintf(&b, "\n%-16s  %8s  %8s  %s\n", "hour", "quoll", "other", "operation")
		for _, h := range r.Hours[:min(len(r.Hours), mostListed)] {
			fmt.Fprintf(&b, "%-16s  %8d  %8d  %s\n", h.Hour.Format("2006-01-02 15:04"), h.Quoll, h.Other, h.Operation)
		}
		more(&b, r.HoursDiffer, len(r.Hours))
	}
	fmt.Fprintf(&b, "%d of %d operations of an hour are counted alike\n", r.HoursCompared-r.HoursDiffer, r.HoursCompared)
	if r.Rejected > 0 {
		fmt.Fprintf(&b, "\ncould not be compared (%d):\n", r.Rejected)
		for _, reject := range r.Rejects[:min(len(r.Rejects), mostListed)] {
			fmt.Fprintf(&b, "  %s, line %d: %s\n", reject.File, reject.Line, reject.Reason)
		}
		more(&b, r.Rejected, len(r.Rejects))
	}
	b.WriteString(map[bool]string{true: "equal\n", false: "not equal\n"}[r.Equal()])
	b.WriteString(whatNext(r))
	_, err := io.WriteString(w, b.String())
	return err
}

// whatNext says what to do about records that Quoll lacks.
func whatNext(r *reconcile.Report) string {
	switch {
	case r.QuollLacks == 0:
		return ""
	case r.Matched+r.OtherLacks+r.OtherTime == 0:
		return "\nQuoll has no record of that time at all. Is --data the folder that collects this tenant, and did it collect then? quoll gaps shows what it has.\n"
	}
	return "\nWith --out missing.jsonl all of them are written; quoll import missing.jsonl takes in what Quoll lacks.\n"
}

func timeOr(at time.Time, layout string) string {
	if at.IsZero() {
		return "(no time)"
	}
	return at.Format(layout)
}

func in(file string) string {
	if file == "" {
		return ""
	}
	return "  in " + file
}

func more(b *strings.Builder, total int64, listed int) {
	if rest := total - int64(min(listed, mostListed)); rest > 0 {
		fmt.Fprintf(b, "  … and %d more\n", rest)
	}
}

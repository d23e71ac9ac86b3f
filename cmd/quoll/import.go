package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/quoll/quoll/collect/file"
	"github.com/quoll/quoll/internal/heaplimit"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/pipeline"
)

// importFormats are the formats a user can name.
var importFormats = []model.Format{model.FormatAuditArray, model.FormatAuditLines, model.FormatAuditSearchCSV, model.FormatOfficeActivityCSV, model.FormatOfficeActivityJSON, model.FormatDefenderLines}

func formatNames() string {
	names := make([]string, len(importFormats))
	for i, f := range importFormats {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}

type importOptions struct {
	data, format, tenant, output string
}

func importCommand() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE…",
		Short: "Take in files: audit records, audit search exports, Sentinel exports, Defender events",
		Long: `Import journals the files, makes their rows visible, and archives them.

It finds out by itself what a file holds: records of the Management Activity API
(lines, arrays, blobs), CSV exports of Purview audit search or
Search-UnifiedAuditLog, Sentinel's OfficeActivity table as CSV or JSON, or
streaming records of Microsoft Defender XDR; each also compressed with gzip.

A row that cannot be taken is listed with file, line and reason in a reject file
and does not stop the rest. Importing a file again changes nothing.`,
		Example: `  quoll import audit.jsonl --data ./q
  quoll import --format audit-search-csv export.txt --data ./q
  quoll import *.csv.gz --data ./q -o json`,
		Args: someArguments("at least one file", 1, 1<<20),
		RunE: func(cmd *cobra.Command, args []string) error {
			heaplimit.Set(commandMemory)
			return runImport(cmd.Context(), cmd.OutOrStdout(), o, args)
		},
	}
	cmd.Flags().StringVar(&o.data, "data", "quoll-data", "data directory")
	cmd.Flags().StringVar(&o.format, "format", "", "what the files hold, instead of finding out: "+formatNames())
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "Entra tenant id of records that do not say theirs")
	outputFlag(cmd, &o.output)
	return cmd
}

// importReport is what became of one file.
type importReport struct {
	File       string         `json:"file"`
	Format     model.Format   `json:"format"`
	Records    int            `json:"records"`
	Added      int            `json:"added"`
	Duplicates int            `json:"duplicates"`
	Revisions  int            `json:"revisions"`
	OutOfDate  int            `json:"outOfDate,omitempty"`
	Rejected   int            `json:"rejected"`
	Reasons    map[string]int `json:"reasons,omitempty"`
	RejectFile string         `json:"rejectFile,omitempty"`
	Rows       map[string]int `json:"rows"`
}

func runImport(ctx context.Context, w io.Writer, o importOptions, files []string) (err error) {
	if o.format != "" && !slices.Contains(importFormats, model.Format(o.format)) {
		return usageError(fmt.Errorf("--format %q: it is one of %s", o.format, formatNames()))
	}
	for _, name := range files { // before anything is half done
		if info, err := os.Stat(name); err != nil {
			return fmt.Errorf("import: %w", err)
		} else if info.IsDir() {
			return fmt.Errorf("import %s: it is a folder; name its files", name)
		}
		if o.format != "" {
			continue
		}
		if _, err := file.Tell(name); err != nil {
			return err
		}
	}
	p, err := dataPaths(o.data)
	if err != nil {
		return err
	}
	n, err := openNode(ctx, p, commandSettings(), commandLog())
	if err != nil {
		return inUse(err, o.data)
	}
	defer func() { err = errors.Join(err, n.close()) }()
	if err := n.catchUp(ctx); err != nil {
		return err
	}
	for _, name := range files {
		report, err := importFile(ctx, n, o, name)
		if err != nil {
			return err
		}
		if err := printImport(w, o.output, report); err != nil {
			return err
		}
	}
	if err := n.pipeline.Flush(ctx); err != nil {
		return fmt.Errorf("write rows to the lake: %w", err)
	}
	if err := n.archiveAll(ctx); err != nil {
		return err
	}
	return n.archiveRows(ctx)
}

func importFile(ctx context.Context, n *node, o importOptions, name string) (importReport, error) {
	rejects, err := file.OpenRejectFile(n.paths.rejects(), name)
	if err != nil {
		return importReport{}, err
	}
	n.rejects.follow(rejects)
	defer n.rejects.follow(nil)
	report := importReport{File: name, Reasons: map[string]int{}}
	bar, finish := fileProgress(name)
	defer finish()
	var read file.Summary
	summary, err := n.pipeline.Import(ctx, name, func(yield func(model.Payload) error) (err error) {
		read, err = file.Import(ctx, name, file.Options{
			Format: model.Format(o.format), Tenant: o.tenant, Progress: bar,
			Reject: func(r file.Reject) error {
				report.Reasons[r.Reason]++
				return n.rejects.add(r)
			},
		}, yield)
		return err
	}, nil)
	if err := errors.Join(err, rejects.Close()); err != nil {
		return report, err
	}
	report.fill(read, summary)
	if rejects.Total() > 0 {
		report.RejectFile = rejects.Path()
	}
	return report, nil
}

func (r *importReport) fill(read file.Summary, s pipeline.ImportSummary) {
	r.Format = read.Format
	r.Records = s.Records + read.Rejected
	r.Added, r.Duplicates, r.Revisions = s.Added, s.Duplicates, s.Revisions
	r.Rejected, r.OutOfDate = s.Rejected+read.Rejected, s.Expired
	for reason, count := range s.Reasons {
		r.Reasons[reason] += count
	}
	r.Rows = s.Rows
}

// fileProgress shows how much of a file was read, on a terminal only.
func fileProgress(name string) (told func(int64), finish func()) {
	info, err := os.Stat(name)
	if err != nil || !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil, func() {}
	}
	bar := progressbar.NewOptions64(info.Size(), progressbar.OptionSetWriter(os.Stderr), progressbar.OptionShowBytes(true),
		progressbar.OptionSetDescription(name), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	return func(read int64) { _ = bar.Set64(read) }, func() { _ = bar.Finish() }
}

func printImport(w io.Writer, output string, r importReport) error {
	if output == "json" {
		return json.NewEncoder(w).Encode(r)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %d records: %d added, %d duplicates, %d revisions, %d rejected\n", r.File, r.Format, r.Records, r.Added, r.Duplicates, r.Revisions, r.Rejected)
	if r.OutOfDate > 0 {
		fmt.Fprintf(&b, "  %d are out of date by the rules of retention and were not taken\n", r.OutOfDate)
	}
	for _, table := range slices.Sorted(maps.Keys(r.Rows)) {
		fmt.Fprintf(&b, "  %-26s %d rows\n", table, r.Rows[table])
	}
	for _, reason := range slices.Sorted(maps.Keys(r.Reasons)) {
		fmt.Fprintf(&b, "  rejected %d: %s\n", r.Reasons[reason], reason)
	}
	if r.RejectFile != "" {
		fmt.Fprintf(&b, "  rejects are listed in %s\n", r.RejectFile)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

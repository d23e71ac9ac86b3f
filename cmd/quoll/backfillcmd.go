package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/auditsearch"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/server"
)

type backfillOptions struct {
	config, data, from, to, output string
	tenants, types, operations     []string
}

func backfillCommand() *cobra.Command {
	var o backfillOptions
	cmd := &cobra.Command{
		Use:   "backfill --from TIME [--to TIME]",
		Short: "Search the past of the audit log and take it in",
		Long: `Backfill searches audit records of the past through Microsoft Graph, further back
than the seven days of the Management Activity API, and takes them into the same
tables. A record that is there already is not doubled.

It works on the data directory, or through the server that has it open. It can be
stopped or killed at any time: repeated, it asks for nothing that was searched
before and goes on at the page where it was. What happened within the last day
is asked for again by a later repetition, because records come late.

The application needs the permission AuditLogsQuery.Read.All of Microsoft Graph.
Microsoft runs about 200 queries a day for a tenant; each covers a day to begin
with and can take ten minutes and more.

The exit code is 3 when it ran to its end but records of some time could not be
had; they are searched again by a repetition.`,
		Example: `  quoll backfill --from 180d                          all that the tenant keeps
  quoll backfill --from 2026-08-01 --to 2026-09-01 --config quoll.yaml
  quoll backfill --from 30d --record-type ExchangeAdmin --record-type ExchangeItem
  quoll backfill --from 7d --data ./demo -o json      through a running server`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runBackfill(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), o)
		},
	}
	cmd.Flags().StringVarP(&o.config, "config", "c", "quoll.yaml", "configuration file")
	cmd.Flags().StringVar(&o.data, "data", "", "data directory (default: that of the configuration)")
	cmd.Flags().StringVar(&o.from, "from", "", "search from this time on: a date, a time with zone, or how long ago (2026-08-01, 2026-08-01T12:00:00Z, 30d)")
	cmd.Flags().StringVar(&o.to, "to", "0s", "search up to this time, exclusive; 0s is now")
	cmd.Flags().StringArrayVar(&o.tenants, "tenant", nil, "name or id of a tenant; may be repeated (default: all)")
	cmd.Flags().StringArrayVar(&o.types, "record-type", nil, "only this record type, by its name; may be repeated")
	cmd.Flags().StringArrayVar(&o.operations, "operation", nil, "only this operation; may be repeated")
	outputFlag(cmd, &o.output)
	return cmd
}

// request reads what the flags ask for.
func (o *backfillOptions) request(now time.Time) (auditsearch.Request, error) {
	r := auditsearch.Request{RecordTypes: o.types, Operations: o.operations}
	if o.from == "" {
		return r, usageError(errors.New("--from is missing: say from when on to search, as a date or as 30d"))
	}
	var err error
	if r.From, err = instant("--from", o.from, now); err != nil {
		return r, err
	}
	r.To, err = instant("--to", o.to, now)
	return r, err
}

func runBackfill(ctx context.Context, w, notes io.Writer, o backfillOptions) error {
	request, err := o.request(time.Now())
	if err != nil {
		return err
	}
	loaded, err := config.Load(o.config)
	if err != nil && (o.data == "" || !errors.Is(err, fs.ErrNotExist)) {
		return usageError(err)
	}
	if o.data == "" {
		o.data = loaded.DataDir
	}
	show := newBackfillShow(w, notes, o.output)
	defer show.finish()
	if loaded != nil {
		err = backfillHere(ctx, o, loaded, request, show)
		if !errors.Is(err, journal.ErrLocked) {
			return show.outcome(err)
		}
	}
	if loaded != nil && len(o.tenants) == 0 { // the server is told each by its id
		tenants, err := chooseTenants(loaded.Tenants, nil)
		if err != nil {
			return err
		}
		for _, t := range tenants {
			o.tenants = append(o.tenants, t.ID)
		}
	}
	note, err := readServerNote(o.data)
	if err != nil && loaded == nil {
		return fmt.Errorf("%s has no server running, and there is no configuration %s with credentials to search with: name one with --config", o.data, o.config)
	}
	if err != nil {
		return err
	}
	return show.outcome(backfillThere(ctx, o, note, request, show))
}

// backfillHere works on the data directory. journal.ErrLocked says that another
// process has it.
func backfillHere(ctx context.Context, o backfillOptions, c *config.Config, request auditsearch.Request, show *backfillShow) (err error) {
	tenants, err := chooseTenants(c.Tenants, o.tenants)
	if err != nil {
		return err
	}
	for _, t := range tenants { // before anything is opened or half done
		if t.AuditSearch == nil {
			return usageError(fmt.Errorf("tenant %s: its audit log cannot be searched: that needs an audit_log section, in the commercial cloud or GCC", t.Name))
		}
		if err := request.Check(*t.AuditSearch, time.Now()); err != nil {
			return usageError(fmt.Errorf("tenant %s: %w", t.Name, err))
		}
	}
	p := configuredPaths(c)
	p.data = o.data
	if o.data != c.DataDir {
		if p, err = dataPaths(o.data); err != nil {
			return err
		}
	}
	n, err := openNode(ctx, p, nodeSettings{c.FlushEvery, time.Hour, c.Lake}, commandLog())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	if err := n.catchUp(ctx); err != nil {
		return err
	}
	var problems []error
	for _, t := range tenants {
		if err := backfillOne(ctx, n, t, request, show); err != nil {
			problems = append(problems, fmt.Errorf("tenant %s: %w", t.Name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	keep := context.WithoutCancel(ctx) // what was found is kept, whatever ended the search
	if err := n.pipeline.Flush(keep); err != nil {
		problems = append(problems, fmt.Errorf("write rows to the lake: %w", err))
	}
	return errors.Join(append(problems, n.archiveAll(keep), n.archiveRows(keep))...)
}

func backfillOne(ctx context.Context, n *node, t config.Tenant, request auditsearch.Request, show *backfillShow) error {
	ledger, err := collect.OpenLedger(ctx, n.state)
	if err != nil {
		return err
	}
	search, err := newSearch(t, n.state, ledger, show.log)
	if err != nil {
		return err
	}
	plan, err := search.Plan(ctx, request)
	if err != nil {
		return err
	}
	b := backfilled{TenantID: t.ID, TenantName: t.Name, From: request.From.UTC().Truncate(time.Second), To: request.To.UTC().Truncate(time.Second), State: server.BackfillRunning, Started: time.Now().UTC(), Open: plan.Queries, CoveredSeconds: int64(plan.Covered / time.Second)}
	show.begin(b)
	err = backfillTenant(ctx, n, search, request, &b, show.step)
	ended := time.Now().UTC()
	b.Ended, b.State = &ended, server.BackfillDone
	if err != nil {
		b.State, b.Error = server.BackfillFailed, err.Error()
	}
	if ctx.Err() != nil {
		b.State, err = server.BackfillStopped, errors.New("stopped; repeat the command to go on")
		b.Error = err.Error()
	}
	return errors.Join(err, show.end(b))
}

// printBackfilled prints one backfill that has ended.
func printBackfilled(w io.Writer, output string, b *backfilled) error {
	if b.Missing == nil {
		b.Missing = []server.MissingSpan{}
	}
	if output == "json" {
		return json.NewEncoder(w).Encode(b)
	}
	var text strings.Builder
	const layout = "2006-01-02 15:04:05Z07:00"
	fmt.Fprintf(&text, "%s from %s to %s: %s, %s, %s: %d added, %d duplicates, %d revisions, %d rejected\n", b.TenantName, b.From.Format(layout), b.To.Format(layout),
		counted(b.Queries, "query", "queries"), counted(b.Pages, "page", "pages"), counted(int64(b.Records), "record", "records"), b.Added, b.Duplicates, b.Revisions, b.Rejected)
	if b.CoveredSeconds > 0 {
		fmt.Fprintf(&text, "  %s of it were searched before\n", (time.Duration(b.CoveredSeconds) * time.Second).String())
	}
	for _, m := range b.Missing {
		fmt.Fprintf(&text, "  not whole: %s to %s: %s\n", m.From.Format(layout), m.To.Format(layout), m.Reason)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// backfillLog is the log of a backfill that is not shown as a bar.
func backfillLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

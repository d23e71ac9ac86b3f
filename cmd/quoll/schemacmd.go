package main

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/drift"
	"github.com/quoll/quoll/server"
)

func schemaCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Show how records look, and what of it changed",
		Example: `  quoll schema drift --data ./q
  quoll schema drift --since 7d --record-type ExchangeItemAggregated`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(driftCommand())
	return cmd
}

type driftOptions struct {
	data, since, until, recordType, operation, category, what, output string
	limit                                                             int
}

func driftCommand() *cobra.Command {
	var o driftOptions
	cmd := &cobra.Command{
		Use:   "drift",
		Short: "List record types, operations, fields, types and values when they were first seen",
		Long: `Drift lists what of the form of records was seen first, the latest first: workloads,
record types, operations and Defender categories; their fields with the types
of JSON; and the values of fields that have few. Each comes with the time at
which the first such record arrived, that record's id, and what the field held,
unless that may be a secret.

Everything is new in the first hours of a data directory: --since leaves that
out. docs/schema-drift.md says what is remembered and what is not. It may run
beside a server.`,
		Example: `  quoll schema drift --data ./q --since 7d
  quoll schema drift --record-type 50 --what field
  quoll schema drift --since 2026-09-14 -o json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDrift(cmd, o) },
	}
	cmd.Flags().StringVar(&o.data, "data", "quoll-data", "data directory")
	cmd.Flags().StringVar(&o.since, "since", "", "only what arrived since then: a day, a time like 2026-09-14T08:00:00Z, or how long ago, such as 7d or 12h")
	cmd.Flags().StringVar(&o.until, "until", "", "only what arrived before then")
	cmd.Flags().StringVar(&o.recordType, "record-type", "", "only this record type, by number or name")
	cmd.Flags().StringVar(&o.operation, "operation", "", "only this operation")
	cmd.Flags().StringVar(&o.category, "category", "", "only this category of Defender")
	cmd.Flags().StringVar(&o.what, "what", "", "only these: "+strings.Join(server.DriftKinds, ", "))
	cmd.Flags().IntVar(&o.limit, "limit", 200, "how many to list; 0 for the counts alone")
	outputFlag(cmd, &o.output)
	return cmd
}

func runDrift(cmd *cobra.Command, o driftOptions) error {
	filter, err := o.filter(time.Now())
	if err != nil {
		return usageError(err)
	}
	return withState(cmd.Context(), o.data, func(db *sql.DB) error {
		tracker, err := drift.Open(cmd.Context(), db, drift.DefaultLimits())
		if err != nil {
			return err
		}
		list, err := driftLists{tracker}.SchemaDrift(cmd.Context(), filter)
		if wrong := (*server.Failure)(nil); errors.As(err, &wrong) {
			return usageError(errors.New("--record-type: " + wrong.Message))
		}
		if err != nil {
			return err
		}
		if o.output == "json" {
			list.Now = time.Now().UTC()
			return json.NewEncoder(cmd.OutOrStdout()).Encode(list)
		}
		return writeDrift(cmd.OutOrStdout(), list)
	})
}

func (o *driftOptions) filter(now time.Time) (server.DriftFilter, error) {
	f := server.DriftFilter{RecordType: o.recordType, Operation: o.operation, Category: o.category, What: o.what, Limit: o.limit}
	if o.what != "" && !slices.Contains(server.DriftKinds, o.what) {
		return f, fmt.Errorf("--what %q is none of %s", o.what, strings.Join(server.DriftKinds, ", "))
	}
	if o.limit < 0 {
		return f, fmt.Errorf("--limit %d is below zero", o.limit)
	}
	var err error
	if f.Since, err = momentOrAgo("--since", o.since, now); err != nil {
		return f, err
	}
	f.Until, err = momentOrAgo("--until", o.until, now)
	return f, err
}

// momentOrAgo reads a day, a time, or how long ago; zero when text is empty.
func momentOrAgo(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if number, ok := strings.CutSuffix(text, "d"); ok {
		if days, err := strconv.ParseUint(number, 10, 16); err == nil {
			return now.AddDate(0, 0, -int(days)), nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	t, err := dayOrTime(flag, text)
	if err != nil {
		return t, fmt.Errorf("%w, nor how long ago, such as 7d or 12h", err)
	}
	return t, nil
}

func writeDrift(w io.Writer, list *server.DriftList) error {
	var b strings.Builder
	if list.Total == 0 {
		b.WriteString("nothing was seen first\n")
	}
	for _, e := range list.Entries {
		fmt.Fprintf(&b, "%s  %-10s  %s\n", e.FirstSeen.Format("2006-01-02 15:04:05"), e.What, driftLine(e))
	}
	if more := list.Total - len(list.Entries); more > 0 && len(list.Entries) > 0 {
		fmt.Fprintf(&b, "and %d more: see --limit, or narrow it with --since, --record-type or --what\n", more)
	}
	for _, what := range server.DriftKinds {
		if n := list.Counts[what]; n > 0 {
			fmt.Fprintf(&b, "%-10s  %d\n", what, n)
		}
	}
	for _, what := range server.DriftKinds {
		if n := list.Overflow[what]; n > 0 {
			fmt.Fprintf(&b, "%d of %s found no room; docs/schema-drift.md has the bounds\n", n, what)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// driftLine describes an entry in one line. What came from a record is quoted
// where it is not plain.
func driftLine(e server.DriftEntry) string {
	var parts []string
	if e.Category != "" {
		parts = append(parts, e.Category)
	}
	if e.RecordType != "" {
		parts = append(parts, e.RecordType+" "+cmp.Or(e.RecordTypeName, "(no name)"))
	}
	if e.Operation != "" {
		parts = append(parts, printable(e.Operation))
	}
	if e.Field != "" {
		parts = append(parts, printable(e.Field)+" "+e.Type)
	}
	if e.NewType {
		parts = append(parts, "(had another type)")
	}
	if e.Value != "" {
		parts = append(parts, "= "+printable(e.Value))
	}
	if e.Example != "" {
		parts = append(parts, "e.g. "+printable(e.Example))
	}
	if e.RecordID != "" {
		parts = append(parts, "in "+printable(e.RecordID))
	}
	return strings.Join(parts, "  ")
}

// printable returns a text of a record as a terminal may show it.
func printable(text string) string {
	if quoted := strconv.Quote(text); quoted[1:len(quoted)-1] != text || strings.TrimSpace(text) != text {
		return quoted
	}
	return text
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/investigate"
	"github.com/quoll/quoll/query"
)

func investigateCommand() *cobra.Command {
	var data, from, to, session, address, format, file string
	cmd := &cobra.Command{
		Use:   "investigate USER",
		Short: "Say what somebody who had an account could see and do",
		Long: `Investigate writes the mailbox exposure report of a user over a span of time, a
session or an address: messages opened with their subjects, folders that were
synchronised, rules and forwarding, files, mail sent and deleted, sign-ins, and
what all this cannot show. Each section has its query and a hash of its rows.`,
		Example: `  quoll investigate ada@coast.example --from 2026-09-14 --data ./q
  quoll investigate ada@coast.example --from 2026-09-14T02:00:00Z --to 2026-09-14T09:00:00Z --address 198.51.100.77 -o html --file report.html --data ./q`,
		Args: someArguments("one user principal name", 1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			now := time.Now().UTC()
			s := investigate.Subject{User: args[0], Session: session, Address: address, Prepared: now.Truncate(time.Second)}
			var err error
			if s.From, err = instant("from", from, now); err != nil {
				return usageError(err)
			}
			if s.To, err = instant("to", to, now); err != nil {
				return usageError(err)
			}
			if s.To.IsZero() {
				s.To = now
			}
			if s.From.IsZero() || !s.From.Before(s.To) {
				return usageError(errors.New("--from says where the span begins, before --to"))
			}
			if format != "text" && format != "json" && format != "html" {
				return usageError(fmt.Errorf("output %q: it is text, json or html", format))
			}
			report, err := investigate.Prepare(cmd.Context(), s, func(ctx context.Context, r query.Request) (*query.Result, error) { return ask(ctx, data, r) }, nil)
			if err != nil {
				return err
			}
			if file == "" {
				return writeReport(cmd.OutOrStdout(), report, format)
			}
			out, err := os.Create(file)
			if err != nil {
				return err
			}
			return errors.Join(writeReport(out, report, format), out.Close())
		},
	}
	cmd.Flags().StringVar(&data, "data", "quoll-data", "data directory")
	cmd.Flags().StringVar(&from, "from", "", "begin of the span, UTC: 2026-09-14, 2026-09-14T02:00:00Z")
	cmd.Flags().StringVar(&to, "to", "", "end of the span (default: now)")
	cmd.Flags().StringVar(&session, "session", "", "this session alone")
	cmd.Flags().StringVar(&address, "address", "", "this IP address alone")
	cmd.Flags().StringVarP(&format, "output", "o", "text", "text, json or html")
	cmd.Flags().StringVar(&file, "file", "", "write to this file")
	return cmd
}

func writeReport(w io.Writer, r *investigate.Report, format string) error {
	switch format {
	case "json":
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	case "html":
		return r.HTML(w)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Mailbox exposure of %s, %s to %s\n", r.Subject.User, r.Subject.From.Format(time.RFC3339), r.Subject.To.Format(time.RFC3339))
	for _, s := range r.Sections {
		fmt.Fprintf(&b, "  %-24s %6d  %s\n", s.Title, len(s.Rows), s.SHA256)
		if s.Title != "Not seen" {
			continue
		}
		for _, row := range s.Rows {
			fmt.Fprintf(&b, "    %s %s\n", row[1], row[0])
		}
	}
	fmt.Fprintf(&b, "evidence %s\n", r.SHA256)
	_, err := io.WriteString(w, b.String())
	return err
}

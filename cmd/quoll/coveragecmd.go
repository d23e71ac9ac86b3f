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

	"github.com/quoll/quoll/server"
)

func coverageCommand() *cobra.Command {
	var data, output string
	var since time.Duration
	cmd := &cobra.Command{
		Use:   "coverage",
		Short: "Show of how many attachments, links, deliveries and clicks the message is there",
		Long: `Coverage looks for the message of every row of EmailAttachmentInfo, EmailUrlInfo,
EmailPostDeliveryEvents and UrlClickEvents. Microsoft streams each table on its
own, so that a row may come before its message; one whose message has not come
within an hour points at a table that is not streamed, or at something lost.`,
		Example: `  quoll coverage --data ./q
  quoll coverage --data ./q --since 168h -o json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if since < time.Hour || since%time.Hour != 0 {
				return usageError(fmt.Errorf("--since %v is no whole number of hours", since))
			}
			all, err := askCoverage(cmd.Context(), data, since)
			if err != nil {
				return err
			}
			if output == "json" {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(all)
			}
			return printCoverage(cmd.OutOrStdout(), all)
		},
	}
	cmd.Flags().StringVar(&data, "data", "quoll-data", "data directory")
	cmd.Flags().DurationVar(&since, "since", 24*time.Hour, "how far back")
	outputFlag(cmd, &output)
	return cmd
}

// askCoverage asks the data directory, or the server that has it open.
func askCoverage(ctx context.Context, data string, since time.Duration) (*server.MessageCoverage, error) {
	all := &server.MessageCoverage{}
	err := hereOrThere(ctx, data, func(n *node) (err error) {
		all, err = readCoverage(ctx, n.query, since, time.Now())
		return queryError(err)
	}, func(note serverNote) error {
		return call(ctx, note, http.MethodGet, fmt.Sprintf("/api/v1/messages/coverage?hours=%d", since/time.Hour), nil, all)
	})
	return all, err
}

func printCoverage(w io.Writer, all *server.MessageCoverage) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%-26s%10s%10s%10s%10s%10s%10s\n", "", "rows", "found", "share", "late", "waiting", "missing")
	for _, c := range all.Tables {
		share := "-"
		if c.Share != nil {
			// Rounded down: 100% is all of them.
			share = fmt.Sprintf("%.2f%%", float64(int64(*c.Share*10_000))/100)
		}
		fmt.Fprintf(&b, "%-26s%10d%10d%10s%10d%10d%10d\n", c.Table, c.Rows, c.Found, share, c.Late, c.Waiting, c.Missing)
	}
	for _, c := range all.Tables {
		if c.Late > 0 {
			fmt.Fprintf(&b, "%s: the latest message came %s after its row\n", c.Table, seconds(c.LongestLateSeconds))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

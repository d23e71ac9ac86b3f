package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/server"
)

func incidentsCommand() *cobra.Command {
	return group("incidents", "List incidents, keep their register, and take one away with its evidence", incidentsListCommand(), incidentsRegisterCommand(), incidentsExportCommand())
}

func incidentsListCommand() *cobra.Command {
	var o deskOptions
	var open bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the incidents, the latest activity first", Args: noArguments,
		Example: `  quoll incidents list --data ./q
  quoll incidents list --open -o json --data ./q`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path := "/api/v1/incidents?limit=500"
			if open {
				path += "&status=New,Active"
			}
			var page server.IncidentPage
			return o.get(cmd, path, &page, func(w io.Writer) error {
				var lines [][]string
				for _, i := range page.Incidents {
					lines = append(lines, []string{strconv.FormatInt(i.Number, 10), i.Severity, i.Status, i.LastActivity.UTC().Format(minutes), i.Owner, i.Title})
				}
				return tabbed(w, lines)
			})
		},
	}
	o.flags(cmd, false)
	cmd.Flags().BoolVar(&open, "open", false, "only those that are new or active")
	return cmd
}

func incidentsExportCommand() *cobra.Command {
	var o deskOptions
	var out string
	cmd := &cobra.Command{
		Use:   "export NUMBER",
		Short: "Write an incident with all its evidence and its chain of custody as one file",
		Long: `Export writes the incident with its alerts, entities, timeline, comments and
register, the rows that the queries of its alerts give (CSV, JSON, Parquet), the
rules, who did what with it from the audit trail, this export included, and the
payloads of the raw records behind it, each with the proof that it is in the
archive's log. A manifest of SHA-256 is signed with the key of the log.

The file is a tar file (docs/formats/custody.md), which quoll-verify checks
anywhere, with the verifier key alone. That it was made, and its hash, are
written down in the audit trail.`,
		Example: `  quoll incidents export 12 --out incident-12.custody.tar --data ./q
  quoll-verify --key ./q/keys/archive.pub incident-12.custody.tar`,
		Args: someArguments("the number of one incident", 1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return usageError(errors.New("name the file to write with --out"))
			}
			return o.at(cmd.Context(), func(d desk) error {
				data, err := d.file(cmd.Context(), http.MethodPost, "/api/v1/incidents/"+url.PathEscape(args[0])+"/export")
				if err != nil {
					return err
				}
				if err := writeNew(out, func(w io.Writer) error { _, err := w.Write(data); return err }); err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "wrote %s: %d bytes\n", out, len(data))
				return err
			})
		},
	}
	o.flags(cmd, true)
	cmd.Flags().StringVar(&out, "out", "", "file to write, which must not be there yet")
	return cmd
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/server"
)

func archiveDisposeCommand() *cobra.Command {
	return group("dispose", "Dispose of what the archive has kept for its minimum, by two people's words",
		disposeProposeCommand(), disposeConfirmCommand(), disposeListCommand())
}

func disposeProposeCommand() *cobra.Command {
	var o deskOptions
	var reason, before string
	cmd := &cobra.Command{
		Use:   "propose",
		Short: "Propose to dispose of old payloads, and see how many that would be",
		Long: `Propose names a time: what was received before it is to go, object by object, once
another person confirms. It cannot be later than archive_minimum in the
configuration lets it, and never means what a legal hold may cover. Nothing is
removed by it.`,
		Example: `  quoll archive dispose propose --reason "its class has passed" --data ./q
  quoll archive dispose propose --before 2019-01-01 --reason "as agreed" --data ./q`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			at, err := holdBound("before", before)
			if err != nil {
				return err
			}
			return o.dispose(cmd, "/api/v1/archive/disposals", map[string]any{"before": at, "reason": reason}, "proposed; another person confirms it")
		},
	}
	o.flags(cmd, true)
	outputFlag(cmd, &o.output)
	cmd.Flags().StringVar(&before, "before", "", "received before, RFC 3339 or a day (default: as late as the minimum lets it)")
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}

func disposeConfirmCommand() *cobra.Command {
	var o deskOptions
	cmd := &cobra.Command{
		Use:   "confirm NUMBER",
		Short: "Confirm a proposal as another person: its objects are removed for good",
		Long: `Confirm signs a certificate of disposal, brings it under the archive's log, and then
removes the objects it names. That cannot be undone. The certificate and the leaves
stay, so that every proof over what remains is as before.

After a crash the same command, by anybody but who proposed, goes on. The exit code is 3
when it is refused.`,
		Example: "  quoll archive dispose confirm 3 --by bo@contoso.com --data ./q",
		Args:    someArguments("one number", 1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.dispose(cmd, "/api/v1/archive/disposals/"+url.PathEscape(args[0])+"/confirmation", struct{}{}, "disposed of")
		},
	}
	o.flags(cmd, true)
	outputFlag(cmd, &o.output)
	return cmd
}

func (o *deskOptions) dispose(cmd *cobra.Command, path string, body any, done string) error {
	return o.at(cmd.Context(), func(d desk) error {
		var v server.Disposal
		if err := d.ask(cmd.Context(), http.MethodPost, path, body, &v); err != nil {
			return err
		}
		if o.output == "json" {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(v)
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "disposal %s: %d payloads in %d objects, received before %s: %s\n", v.ID, v.Payloads, v.Objects, v.Before.Format(time.RFC3339), done)
		return err
	})
}

func disposeListCommand() *cobra.Command {
	var o deskOptions
	cmd := &cobra.Command{
		Use: "list", Short: "List proposals and what became of them", Args: noArguments,
		Example: "  quoll archive dispose list --data ./q",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all struct {
				Disposals []server.Disposal `json:"disposals"`
			}
			return o.get(cmd, "/api/v1/archive/disposals", &all, func(w io.Writer) error {
				var lines [][]string
				for _, v := range all.Disposals {
					what := "proposed"
					switch {
					case v.Done != nil:
						what = "done " + v.Done.Format(minutes)
					case v.ConfirmedBy != "":
						what = "confirmed and not done: confirm it again"
					}
					lines = append(lines, []string{v.ID, what, "before " + v.Before.Format(time.RFC3339), fmt.Sprintf("%d payloads in %d objects", v.Payloads, v.Objects), "by " + v.By, v.ConfirmedBy, v.Reason})
				}
				return tabbed(w, lines)
			})
		},
	}
	o.flags(cmd, false)
	return cmd
}

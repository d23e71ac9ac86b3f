package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/server"
)

func archiveHoldCommand() *cobra.Command {
	return group("hold", "Set and release legal holds: what must not be disposed of",
		holdAddCommand(), holdListCommand(), holdShowCommand(), holdReleaseCommand())
}

func holdAddCommand() *cobra.Command {
	var o deskOptions
	var reason, from, to string
	var scope server.HoldScope
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Hold rows and payloads: nothing disposes of them until the hold is released",
		Long: `Add sets a legal hold on what a tenant, tables, a user or a span of time have; what
is left out is no bound. Where it is in doubt whether something is covered, it is.
Setting it is an act under the archive's log. Another person has to release it.`,
		Example: `  quoll archive hold add "Invoice fraud 2026-09" --reason "claim 4711" --user mara@contoso.com --from 2026-06-01 --data ./q
  quoll archive hold add "Royal commission" --reason "letter of 3 May" --tenant 3f2504e0-4f89-41d3-9a0c-0305e82c3301 --table OfficeActivity,EmailEvents --data ./q`,
		Args: someArguments("one name", 1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if scope.From, err = holdBound("from", from); err != nil {
				return err
			}
			if scope.To, err = holdBound("to", to); err != nil {
				return err
			}
			body := map[string]any{"name": args[0], "reason": reason, "scope": scope}
			return o.change(cmd, "/api/v1/archive/holds", body, &server.Hold{}, func(h *server.Hold) string {
				return fmt.Sprintf("hold %s: %s holds since %s\n", h.ID, h.Name, h.Since.Format(minutes))
			})
		},
	}
	o.flags(cmd, true)
	outputFlag(cmd, &o.output)
	cmd.Flags().StringVar(&reason, "reason", "", "why it is held")
	cmd.Flags().StringVar(&scope.Tenant, "tenant", "", "GUID of the tenant (default: every tenant)")
	cmd.Flags().StringSliceVar(&scope.Tables, "table", nil, "tables, with commas or repeated (default: every table)")
	cmd.Flags().StringVar(&scope.User, "user", "", "whom it is about (default: everybody)")
	cmd.Flags().StringVar(&from, "from", "", "from when on, RFC 3339 or a day (default: the beginning)")
	cmd.Flags().StringVar(&to, "to", "", "before when, RFC 3339 or a day (default: no end)")
	return cmd
}

// holdBound is a moment or the beginning of a day in UTC; nil: none was given.
func holdBound(flag, text string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			t = t.UTC()
			return &t, nil
		}
	}
	return nil, usageError(fmt.Errorf("--%s %q is neither a day (2026-09-14) nor a time (2026-09-14T08:00:00Z)", flag, text))
}

// change sends a body and says what became of it.
func (o *deskOptions) change(cmd *cobra.Command, path string, body any, into *server.Hold, say func(*server.Hold) string) error {
	return o.at(cmd.Context(), func(d desk) error {
		if err := d.ask(cmd.Context(), http.MethodPost, path, body, into); err != nil {
			return err
		}
		if o.output == "json" {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(into)
		}
		_, err := io.WriteString(cmd.OutOrStdout(), say(into))
		return err
	})
}

func holdListCommand() *cobra.Command {
	var o deskOptions
	cmd := &cobra.Command{
		Use: "list", Short: "List holds, those that were released included", Args: noArguments,
		Example: "  quoll archive hold list --data ./q",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all struct {
				Holds []server.Hold `json:"holds"`
			}
			return o.get(cmd, "/api/v1/archive/holds", &all, func(w io.Writer) error {
				var lines [][]string
				for _, h := range all.Holds {
					lines = append(lines, []string{h.ID, h.Name, holdState(h), "by " + h.By, holdScope(h.Scope), h.Reason})
				}
				return tabbed(w, lines)
			})
		},
	}
	o.flags(cmd, false)
	return cmd
}

func holdState(h server.Hold) string {
	if h.Active {
		return "holds since " + h.Since.Format(minutes)
	}
	return "released " + h.Release.At.Format(minutes)
}

// holdScope words a scope.
func holdScope(s server.HoldScope) string {
	parts := []string{cmp.Or(s.Tenant, "every tenant"), cmp.Or(strings.Join(s.Tables, ","), "every table"), cmp.Or(s.User, "everybody")}
	if s.From != nil {
		parts = append(parts, "from "+s.From.Format(time.RFC3339))
	}
	if s.To != nil {
		parts = append(parts, "before "+s.To.Format(time.RFC3339))
	}
	return strings.Join(parts, ", ")
}

func holdShowCommand() *cobra.Command {
	var o deskOptions
	cmd := &cobra.Command{
		Use: "show NUMBER", Short: "Show a hold, by its number or its name", Args: someArguments("one number or name", 1, 1),
		Example: "  quoll archive hold show 3 --data ./q",
		RunE: func(cmd *cobra.Command, args []string) error {
			var h server.Hold
			return o.get(cmd, "/api/v1/archive/holds/"+url.PathEscape(args[0]), &h, func(w io.Writer) error {
				lines := [][]string{
					{"name", h.Name}, {"reason", h.Reason}, {"covers", holdScope(h.Scope)}, {"set by", h.By}, {"since", h.Since.Format(time.RFC3339)},
				}
				if h.Release != nil {
					lines = append(lines, []string{"released by", h.Release.By}, []string{"at", h.Release.At.Format(time.RFC3339)}, []string{"because", h.Release.Why})
				}
				return tabbed(w, lines)
			})
		},
	}
	o.flags(cmd, false)
	return cmd
}

func holdReleaseCommand() *cobra.Command {
	var o deskOptions
	var why string
	cmd := &cobra.Command{
		Use:   "release NUMBER",
		Short: "Release a hold as another person than the one who set it",
		Long: `Release ends a hold, by its number or its name. It takes another person than the one
who set it, and a reason; both stay, and are an act under the archive's log.

The exit code is 3 when it is refused.`,
		Example: `  quoll archive hold release 3 --why "settled on 4 May" --by bo@contoso.com --data ./q`,
		Args:    someArguments("one number or name", 1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "/api/v1/archive/holds/" + url.PathEscape(args[0]) + "/release"
			return o.change(cmd, path, map[string]string{"why": why}, &server.Hold{}, func(h *server.Hold) string {
				return fmt.Sprintf("hold %s: %s was released by %s\n", h.ID, h.Name, h.Release.By)
			})
		},
	}
	o.flags(cmd, true)
	outputFlag(cmd, &o.output)
	cmd.Flags().StringVar(&why, "why", "", "the reason")
	return cmd
}

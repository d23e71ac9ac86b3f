package main

import (
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

func incidentsRegisterCommand() *cobra.Command {
	var o deskOptions
	var occurred, discovered, description, actions string
	var statutory []string
	cmd := &cobra.Command{
		Use:   "register NUMBER",
		Short: "Show what the register has of an incident, or write it there",
		Long: `Register shows what the register of incidents has of one (ISM-0125, ISM-1803) and
the clocks that run since its discovery. With flags it writes first: when it
occurred and was discovered where somebody knows better than the records, what it
is, what was done, and which laws start a clock (--statutory "" takes all back).`,
		Example: `  quoll incidents register 12 --data ./q
  quoll incidents register 12 --occurred 2026-09-12T21:30:00Z --discovered 2026-09-14T08:00:00Z --statutory soci-critical --data ./q
  quoll incidents register 12 --description "Mailbox of the CFO forwarded" --actions "Rule removed" -o json --data ./q`,
		Args: someArguments("the number of one incident", 1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			change, changes, err := registerChange(cmd, occurred, discovered, description, actions, statutory)
			if err != nil {
				return usageError(err)
			}
			path := "/api/v1/incidents/" + url.PathEscape(args[0]) + "/register"
			return o.at(cmd.Context(), func(d desk) error {
				var register server.Register
				if changes {
					err = d.ask(cmd.Context(), http.MethodPatch, path, change, &register)
				} else {
					err = d.ask(cmd.Context(), http.MethodGet, path, nil, &register)
				}
				if err != nil {
					return err
				}
				if o.output == "json" {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(register)
				}
				return writeRegister(cmd.OutOrStdout(), register)
			})
		},
	}
	o.flags(cmd, true)
	outputFlag(cmd, &o.output)
	cmd.Flags().StringVar(&occurred, "occurred", "", "when it occurred, UTC")
	cmd.Flags().StringVar(&discovered, "discovered", "", "when it was discovered, UTC: clocks run since then")
	cmd.Flags().StringVar(&description, "description", "", "what it is")
	cmd.Flags().StringVar(&actions, "actions", "", "what was done")
	cmd.Flags().StringSliceVar(&statutory, "statutory", nil, "laws that start a clock: soci-critical, soci-other")
	return cmd
}

// registerChange reads the flags that were given; what was not stays as it is.
func registerChange(cmd *cobra.Command, occurred, discovered, description, actions string, statutory []string) (change map[string]any, changes bool, err error) {
	change = map[string]any{}
	now := time.Now().UTC()
	for name, value := range map[string]string{"occurred": occurred, "discovered": discovered} {
		if !cmd.Flags().Changed(name) {
			continue
		}
		at, err := instant(name, value, now)
		if err != nil {
			return nil, false, err
		}
		change[name] = at
	}
	for name, value := range map[string]any{"description": description, "actions": actions, "statutory": append([]string{}, statutory...)} {
		if cmd.Flags().Changed(name) {
			change[name] = value
		}
	}
	return change, len(change) > 0, nil
}

func writeRegister(w io.Writer, r server.Register) error {
	lines := [][]string{
		{"occurred", r.Occurred.UTC().Format(minutes)}, {"discovered", r.Discovered.UTC().Format(minutes)}, {"description", r.Description}, {"actions", r.Actions},
	}
	for _, p := range r.Reports {
		lines = append(lines, []string{"reported", fmt.Sprintf("to %s on %s by %s %s", p.To, p.At.UTC().Format(minutes), p.By, p.Reference)})
	}
	for _, c := range r.Clocks {
		state := "runs, as soon as possible"
		switch {
		case c.Done != nil:
			state = "done " + c.Done.UTC().Format(minutes)
		case c.Due != nil:
			state = "due " + c.Due.UTC().Format(minutes)
		}
		lines = append(lines, []string{"clock", c.Name + " (" + c.Control + "): " + state})
	}
	if len(r.Missing) > 0 {
		lines = append(lines, []string{"missing", strings.Join(r.Missing, ", ")})
	}
	return tabbed(w, lines)
}

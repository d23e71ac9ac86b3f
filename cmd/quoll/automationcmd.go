package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/server"
)

func automationCommand() *cobra.Command {
	return group("automation", "Act on incidents by rules: assign, tag, close, notify, run a query",
		automationListCommand(), automationShowCommand(), automationTestCommand(), automationAddCommand(), automationStepsCommand(),
		removeCommand("ID", "Take an automation rule away", "quoll automation remove calm-backup --data ./q", "/api/v1/automation/"))
}

type automationList struct {
	Rules []server.AutomationRule `json:"rules"`
}

func automationListCommand() *cobra.Command {
	var o deskOptions
	cmd := &cobra.Command{
		Use: "list", Short: "List automation rules as they have their turns, and how they fare", Args: noArguments,
		Long: `List shows the automation rules of a data directory: those of the state, and,
where a server has it open, those of its files.`,
		Example: "  quoll automation list --data ./q\n  quoll automation list --data ./q -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all automationList
			return o.get(cmd, "/api/v1/automation", &all, func(w io.Writer) error {
				var lines [][]string
				for _, r := range all.Rules {
					state := "active"
					switch {
					case !r.Enabled:
						state = "switched off"
					case !r.Active:
						state = "expired " + r.Expires.Format(minutes)
					}
					line := []string{fmt.Sprint(r.Order), r.ID, state, "on " + strings.Join(r.On, ", "), fmt.Sprintf("%d incidents, %d actions done, %d failed, %d refused, %d wait", r.Incidents, r.Done, r.Failed, r.Refused, r.Waiting), r.Name}
					if r.LastError != "" {
						line = append(line, r.LastError)
					}
					lines = append(lines, line)
				}
				return tabbed(w, lines)
			})
		},
	}
	o.flags(cmd, false)
	return cmd
}

func automationShowCommand() *cobra.Command {
	var o deskOptions
	cmd := &cobra.Command{
		Use: "show ID", Short: "Write an automation rule's text", Args: someArguments("one id", 1, 1),
		Example: "  quoll automation show calm-backup --data ./q",
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.at(cmd.Context(), func(d desk) error {
				var all automationList
				if err := d.ask(cmd.Context(), http.MethodGet, "/api/v1/automation", nil, &all); err != nil {
					return err
				}
				for _, r := range all.Rules {
					switch {
					case r.ID != args[0]:
						continue
					case o.output == "json":
						return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
					}
					_, err := fmt.Fprintln(cmd.OutOrStdout(), strings.TrimRight(r.Text, "\n"))
					return err
				}
				return usageError(fmt.Errorf("no automation rule has the id %s; see quoll automation list", args[0]))
			})
		},
	}
	o.flags(cmd, false)
	return cmd
}

func automationTestCommand() *cobra.Command {
	var o deskOptions
	var from string
	cmd := &cobra.Command{
		Use:   "test FILE|ID",
		Short: "Say what an automation rule would have done with incidents of the past",
		Long: `Test applies a rule, of a file or one that there is, to incidents of the past, and
does nothing. What a rule does when an incident is made is tested on the incident
as its first alert made it; what it does after changes, on the incident as it is.`,
		Example: `  quoll automation test calm-backup.yaml --from 2026-09-01 --data ./q
  quoll automation test calm-backup --data ./q -o json`,
		Args: someArguments("one file or id", 1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := server.AutomationTest{ID: args[0]}
			if text, err := os.ReadFile(args[0]); err == nil {
				body = server.AutomationTest{Text: string(text)}
			}
			var err error
			if body.From, err = instant("from", from, time.Now().UTC()); err != nil {
				return usageError(err)
			}
			return o.at(cmd.Context(), func(d desk) error {
				var tested server.AutomationTested
				if err := d.ask(cmd.Context(), http.MethodPost, "/api/v1/automation/test", body, &tested); err != nil {
					return err
				}
				if o.output == "json" {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(tested)
				}
				lines := [][]string{}
				for _, m := range tested.Matches {
					lines = append(lines, []string{"incident " + m.Incident, "on " + m.On, strings.Join(m.Actions, "; "), m.Title})
				}
				if err := tabbed(cmd.OutOrStdout(), lines); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "%d of %d incidents\n", len(tested.Matches), tested.Incidents)
				return err
			})
		},
	}
	o.flags(cmd, false)
	cmd.Flags().StringVar(&from, "from", "", "last activity of the oldest incident, UTC (default: 30 days ago)")
	return cmd
}

func automationAddCommand() *cobra.Command {
	var o deskOptions
	cmd := &cobra.Command{
		Use:   "add FILE",
		Short: "Keep an automation rule, in place of the one of its id",
		Long: `Add reads a rule in YAML (- is the standard input), checks it and keeps it. It
acts on what happens to incidents from then on. docs/automation.md has the form.`,
		Example: "  quoll automation add calm-backup.yaml --data ./q",
		Args:    someArguments("one file", 1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := readFileOrInput(cmd, args[0])
			if err != nil {
				return usageError(err)
			}
			return o.at(cmd.Context(), func(d desk) error {
				var r server.AutomationRule
				if err := d.ask(cmd.Context(), http.MethodPost, "/api/v1/automation", map[string]string{"text": string(text)}, &r); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "automation rule %s: %s\n", r.ID, strings.Join(r.Actions, "; "))
				return err
			})
		},
	}
	o.flags(cmd, true)
	return cmd
}

func automationStepsCommand() *cobra.Command {
	var o deskOptions
	var number int64
	cmd := &cobra.Command{
		Use: "steps", Short: "List what automation did and waits to do, the newest first", Args: noArguments,
		Example: "  quoll automation steps --incident 17 --data ./q",
		RunE: func(cmd *cobra.Command, _ []string) error {
			path := "/api/v1/automation/steps"
			if number != 0 {
				path += fmt.Sprintf("?incident=%d", number)
			}
			var all struct {
				Steps []server.AutomationStep `json:"steps"`
			}
			return o.get(cmd, path, &all, func(w io.Writer) error {
				var lines [][]string
				for _, s := range all.Steps {
					lines = append(lines, []string{s.Planned.Format(minutes), "incident " + s.Incident, s.State, fmt.Sprintf("%d attempts", s.Attempts), s.RuleName, s.Action, s.Error})
				}
				return tabbed(w, lines)
			})
		},
	}
	o.flags(cmd, false)
	cmd.Flags().Int64Var(&number, "incident", 0, "of this incident alone")
	return cmd
}

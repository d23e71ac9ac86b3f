package main

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/server"
)

func exceptionsCommand() *cobra.Command {
	return group("exceptions", "Say what is known to be harmless, until a day, and see what that held back",
		exceptionAddCommand(), exceptionListCommand(), exceptionShowCommand(), exceptionAgreeCommand(),
		removeCommand("NUMBER", "End an exception at once", "quoll rules exceptions remove 3 --data ./q", "/api/v1/exceptions/"))
}

func exceptionAddCommand() *cobra.Command {
	var o deskOptions
	var rule, kind, value, why string
	var days int
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Hold back what rules find about an entity, until a day",
		Long: `Add holds back the alerts of one rule, or of every rule, whose entities of a kind
are all meant; * stands for any text. What is held back is kept and counted. A
rule that watches those who can do this (tag WatchTheWatchers) heeds it only
once a second person has agreed.`,
		Example: `  quoll rules exceptions add --rule 6f0d8b0e-5d3a-4c0e-9a51-1b7f6c2f4017 --kind Account --value "svc-backup@*" --days 30 --why "nightly backup" --data ./q`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.at(cmd.Context(), func(d desk) error {
				var e server.Exception
				body := map[string]any{"ruleId": rule, "kind": kind, "value": value, "why": why, "expires": time.Now().UTC().AddDate(0, 0, days)}
				if err := d.ask(cmd.Context(), http.MethodPost, "/api/v1/exceptions", body, &e); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "exception %s, until %s\n", e.ID, e.Expires.Format(minutes))
				return err
			})
		},
	}
	o.flags(cmd, true)
	cmd.Flags().StringVar(&rule, "rule", "", "id of the rule (default: every rule)")
	cmd.Flags().StringVar(&kind, "kind", "Account", "kind of entity: Account, IP, CloudApplication, …")
	cmd.Flags().StringVar(&value, "value", "", "the entity; * stands for any text")
	cmd.Flags().IntVar(&days, "days", 30, "how long it lasts, at most 366")
	cmd.Flags().StringVar(&why, "why", "", "the reason")
	return cmd
}

func exceptionLine(e server.Exception) []string {
	state := "until " + e.Expires.Format(minutes)
	if !e.Active {
		state = "ended " + e.Expires.Format(minutes)
	}
	return []string{e.ID, state, cmp.Or(e.Rule, "every rule"), e.Kind + " " + e.Value, fmt.Sprintf("held back %d", e.Held), "by " + e.By, "agreed " + cmp.Or(e.Agreed, "nobody"), e.Why}
}

func exceptionListCommand() *cobra.Command {
	var o deskOptions
	cmd := &cobra.Command{
		Use: "list", Short: "List exceptions, those that have ended included", Args: noArguments,
		Example: "  quoll rules exceptions list --data ./q",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all struct {
				Exceptions []server.Exception `json:"exceptions"`
			}
			return o.get(cmd, "/api/v1/exceptions", &all, func(w io.Writer) error {
				var lines [][]string
				for _, e := range all.Exceptions {
					lines = append(lines, exceptionLine(e))
				}
				return tabbed(w, lines)
			})
		},
	}
	o.flags(cmd, false)
	return cmd
}

func exceptionShowCommand() *cobra.Command {
	var o deskOptions
	cmd := &cobra.Command{
		Use: "show NUMBER", Short: "Show what an exception held back", Args: someArguments("one number", 1, 1),
		Example: "  quoll rules exceptions show 3 --data ./q",
		RunE: func(cmd *cobra.Command, args []string) error {
			var e server.Exception
			return o.get(cmd, "/api/v1/exceptions/"+url.PathEscape(args[0]), &e, func(w io.Writer) error {
				lines := [][]string{exceptionLine(e)}
				for _, h := range e.HeldBack {
					line := []string{"", h.First.Format(minutes), h.Last.Format(minutes), h.Name, fmt.Sprintf("%d rows", h.Rows)}
					for _, entity := range h.Entities {
						line = append(line, entity.Kind+" "+entity.Value)
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

func exceptionAgreeCommand() *cobra.Command {
	var o deskOptions
	cmd := &cobra.Command{
		Use: "agree NUMBER", Short: "Agree to an exception as the second person", Args: someArguments("one number", 1, 1),
		Example: "  quoll rules exceptions agree 3 --by bo@coast.example --data ./q",
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.at(cmd.Context(), func(d desk) error {
				var e server.Exception
				if err := d.ask(cmd.Context(), http.MethodPost, "/api/v1/exceptions/"+url.PathEscape(args[0])+"/agreement", struct{}{}, &e); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "exception %s: %s and %s\n", e.ID, e.By, e.Agreed)
				return err
			})
		},
	}
	o.flags(cmd, true)
	return cmd
}

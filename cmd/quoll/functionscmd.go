package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/server"
)

func functionsCommand() *cobra.Command {
	return group("functions", "Keep KQL functions that every query and rule can call",
		functionSaveCommand(), functionListCommand(), functionShowCommand(),
		removeCommand("NAME", "Take a function away; its versions stay", "quoll functions remove BigMail --data ./q", "/api/v1/functions/"))
}

func functionSaveCommand() *cobra.Command {
	var o deskOptions
	var parameters, description string
	cmd := &cobra.Command{
		Use:   "save NAME FILE",
		Short: "Keep a file's KQL as the newest version of a function",
		Long: `Save checks that the text compiles, with its parameters, and keeps it: queries
and rules then call it by its name. Saving again makes a new version.`,
		Example: `  quoll functions save MailOf mail-of.kql --parameters "who:string, days:long = 7" --data ./q
  quoll query --data ./q 'MailOf("ada@coast.example") | count'`,
		Args: someArguments("a name and a file, or - for standard input", 2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := readFileOrInput(cmd, args[1])
			if err != nil {
				return err
			}
			return o.at(cmd.Context(), func(d desk) error {
				var kept server.SavedFunction
				body := map[string]string{"parameters": parameters, "body": string(text), "description": description}
				if err := d.ask(cmd.Context(), http.MethodPut, "/api/v1/functions/"+url.PathEscape(args[0]), body, &kept); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: version %d\n", kept.Name, kept.Version)
				return err
			})
		},
	}
	o.flags(cmd, true)
	cmd.Flags().StringVar(&parameters, "parameters", "", "as in a let statement, without brackets")
	cmd.Flags().StringVar(&description, "description", "", "what it is for")
	return cmd
}

func functionListCommand() *cobra.Command {
	var o deskOptions
	cmd := &cobra.Command{
		Use: "list", Short: "List the functions", Args: noArguments,
		Example: "  quoll functions list --data ./q",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all struct {
				Functions []server.SavedFunction `json:"functions"`
			}
			return o.get(cmd, "/api/v1/functions", &all, func(w io.Writer) error {
				var lines [][]string
				for _, f := range all.Functions {
					lines = append(lines, []string{f.Name + "(" + f.Parameters + ")", fmt.Sprintf("version %d", f.Version), f.Updated.Format(minutes), f.Author, f.Description})
				}
				return tabbed(w, lines)
			})
		},
	}
	o.flags(cmd, false)
	return cmd
}

func functionShowCommand() *cobra.Command {
	var o deskOptions
	var version int64
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Write a function's text", Args: someArguments("one name", 1, 1),
		Example: "  quoll functions show MailOf --version 1 --data ./q",
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "/api/v1/functions/" + url.PathEscape(args[0])
			if version != 0 {
				path += fmt.Sprintf("?version=%d", version)
			}
			var f server.SavedFunction
			return o.get(cmd, path, &f, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "// %s(%s), version %d of %s by %s\n%s\n", f.Name, f.Parameters, f.Version, f.Updated.Format(time.RFC3339), f.Author, strings.TrimRight(f.Body, "\n"))
				return err
			})
		},
	}
	o.flags(cmd, false)
	cmd.Flags().Int64Var(&version, "version", 0, "which version (default: the newest)")
	return cmd
}

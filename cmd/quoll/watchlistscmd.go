package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/server"
)

// deskOptions are the flags of every command that goes to the desk.
type deskOptions struct {
	data, by, output string
}

func (o *deskOptions) flags(cmd *cobra.Command, changes bool) {
	cmd.Flags().StringVar(&o.data, "data", "quoll-data", "data directory")
	if changes {
		cmd.Flags().StringVar(&o.by, "by", "", "for whom this is done (default: who runs it)")
		return
	}
	outputFlag(cmd, &o.output)
}

func (o *deskOptions) at(ctx context.Context, do func(desk) error) error {
	return atDesk(ctx, o.data, o.by, nil, do)
}

// get shows what a path of the API has.
func (o *deskOptions) get(cmd *cobra.Command, path string, into any, show func(io.Writer) error) error {
	return o.at(cmd.Context(), func(d desk) error {
		if err := d.ask(cmd.Context(), http.MethodGet, path, nil, into); err != nil {
			return err
		}
		if o.output == "json" {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(into)
		}
		return show(cmd.OutOrStdout())
	})
}

// group is a command that only has others below it.
func group(use, short string, below ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: noArguments, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(below...)
	return cmd
}

// tabbed writes lines of cells under each other.
func tabbed(w io.Writer, lines [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, line := range lines {
		if _, err := fmt.Fprintln(t, strings.Join(line, "\t")); err != nil {
			return err
		}
	}
	return t.Flush()
}

const minutes = "2006-01-02 15:04"

func watchlistsCommand() *cobra.Command {
	return group("watchlists", "Keep tables by hand that queries read with _GetWatchlist",
		watchlistImportCommand(), watchlistListCommand(), watchlistShowCommand(), watchlistRemoveCommand())
}

func watchlistImportCommand() *cobra.Command {
	var o deskOptions
	var key, alias, description string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Keep a CSV file as the newest version of a watchlist",
		Long: `Import keeps the rows of a CSV file, whose first line names the columns, under an
alias: _GetWatchlist('alias') gives them, with the column SearchKey besides.
Importing again makes a new version; the old ones stay.`,
		Example: `  quoll watchlists import vip.csv --key Upn --data ./q
  quoll watchlists import - --alias vip --key Upn --data ./q < vip.csv
  quoll query --data ./q "OfficeActivity | join kind=inner _GetWatchlist('vip') on \$left.UserId == \$right.SearchKey"`,
		Args: someArguments("one CSV file, or - for standard input", 1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := readFileOrInput(cmd, args[0])
			if err != nil {
				return err
			}
			if alias == "" {
				alias = strings.TrimSuffix(filepath.Base(args[0]), filepath.Ext(args[0]))
			}
			return o.at(cmd.Context(), func(d desk) error {
				var kept server.Watchlist
				body := server.WatchlistImport{SearchKey: key, Description: description, CSV: string(text)}
				if err := d.ask(cmd.Context(), http.MethodPut, "/api/v1/watchlists/"+url.PathEscape(alias), body, &kept); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: version %d, %d rows\n", kept.Alias, kept.Version, kept.RowCount)
				return err
			})
		},
	}
	o.flags(cmd, true)
	cmd.Flags().StringVar(&alias, "alias", "", "name in _GetWatchlist (default: that of the file)")
	cmd.Flags().StringVar(&key, "key", "", "the column to search by")
	cmd.Flags().StringVar(&description, "description", "", "what it is for")
	return cmd
}

func readFileOrInput(cmd *cobra.Command, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(cmd.InOrStdin())
	}
	return os.ReadFile(name)
}

func watchlistListCommand() *cobra.Command {
	var o deskOptions
	cmd := &cobra.Command{
		Use: "list", Short: "List the watchlists", Args: noArguments,
		Example: "  quoll watchlists list --data ./q",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all struct {
				Watchlists []server.Watchlist `json:"watchlists"`
			}
			return o.get(cmd, "/api/v1/watchlists", &all, func(w io.Writer) error {
				var lines [][]string
				for _, l := range all.Watchlists {
					lines = append(lines, []string{l.Alias, fmt.Sprintf("version %d", l.Version), fmt.Sprintf("%d rows", l.RowCount), "by " + l.SearchKey, l.Updated.Format(minutes), l.Author, l.Description})
				}
				return tabbed(w, lines)
			})
		},
	}
	o.flags(cmd, false)
	return cmd
}

func watchlistShowCommand() *cobra.Command {
	var o deskOptions
	var version int64
	var versions bool
	cmd := &cobra.Command{
		Use:   "show ALIAS",
		Short: "Write a watchlist as CSV, or its versions",
		Example: `  quoll watchlists show vip --data ./q > vip.csv
  quoll watchlists show vip --versions --data ./q`,
		Args: someArguments("one alias", 1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "/api/v1/watchlists/" + url.PathEscape(args[0])
			if version != 0 {
				path += fmt.Sprintf("?version=%d", version)
			}
			var list server.Watchlist
			return o.get(cmd, path, &list, func(w io.Writer) error {
				if versions {
					var lines [][]string
					for _, v := range list.Versions {
						lines = append(lines, []string{fmt.Sprintf("version %d", v.Version), v.Updated.Format(minutes), v.Author, rowsOrRemoved(v.RowCount, v.Removed)})
					}
					return tabbed(w, lines)
				}
				out := csv.NewWriter(w)
				if err := out.Write(list.Columns); err != nil {
					return err
				}
				return out.WriteAll(list.Rows)
			})
		},
	}
	o.flags(cmd, false)
	cmd.Flags().Int64Var(&version, "version", 0, "which version (default: the newest)")
	cmd.Flags().BoolVar(&versions, "versions", false, "list the versions")
	return cmd
}

func rowsOrRemoved(rows int, removed bool) string {
	if removed {
		return "taken away"
	}
	return fmt.Sprintf("%d rows", rows)
}

func watchlistRemoveCommand() *cobra.Command {
	return removeCommand("ALIAS", "Take a watchlist away; its versions stay", "quoll watchlists remove vip --data ./q", "/api/v1/watchlists/")
}

// removeCommand takes something away by the last part of its path.
func removeCommand(what, short, example, path string) *cobra.Command {
	var o deskOptions
	cmd := &cobra.Command{
		Use: "remove " + what, Short: short, Example: "  " + example, Args: someArguments("one "+strings.ToLower(what), 1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.at(cmd.Context(), func(d desk) error {
				if err := d.ask(cmd.Context(), http.MethodDelete, path+url.PathEscape(args[0]), nil, nil); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: taken away\n", args[0])
				return err
			})
		},
	}
	o.flags(cmd, true)
	return cmd
}

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

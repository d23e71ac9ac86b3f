package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/server"
)

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

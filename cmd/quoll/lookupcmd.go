package main

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/lookups"
	"github.com/quoll/quoll/query/format"
)

// lookup is a saved query that ships.
type lookup struct{ name, purpose, text string }

// savedLookups returns them in the order of their names.
func savedLookups() ([]lookup, error) {
	files, err := fs.Glob(lookups.Files, "*.kql")
	if err != nil {
		return nil, fmt.Errorf("list look-ups: %w", err)
	}
	var all []lookup
	for _, file := range files {
		text, err := lookups.Files.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read look-up: %w", err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		all = append(all, lookup{strings.TrimSuffix(file, ".kql"), strings.TrimPrefix(first, "// "), string(text)})
	}
	return all, nil
}

func lookupCommand() *cobra.Command {
	var o queryOptions
	var since string
	var show bool
	cmd := &cobra.Command{
		Use:   "lookup [NAME WHAT]",
		Short: "Ask what analysts ask of mail again and again",
		Long: `Lookup runs a saved query over the mail tables: for an address or a domain, a
subject, a link or its domain, the SHA-256 of an attachment, an IP address or a
user agent. Without arguments it lists them, with --show it prints the query, to
be changed and asked with quoll query.`,
		Example: `  quoll lookup
  quoll lookup address billing@contoso.com
  quoll lookup url login.example --since 90d
  quoll lookup attachment 9f86d0… --format csv -o found.csv
  quoll lookup origin 203.0.113.9 --show`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 && !show || len(args) > 2 {
				return usageError(fmt.Errorf("give the name of a look-up and what to look for; quoll lookup lists them"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := savedLookups()
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if len(args) == 0 {
				for _, l := range all {
					if _, err := fmt.Fprintf(out, "%-12s%s\n", l.name, l.purpose); err != nil {
						return err
					}
				}
				return nil
			}
			i := slices.IndexFunc(all, func(l lookup) bool { return l.name == args[0] })
			if i < 0 {
				return usageError(fmt.Errorf("there is no look-up %q; quoll lookup lists them", args[0]))
			}
			if show {
				_, err := fmt.Fprint(out, all[i].text)
				return err
			}
			if err := o.settle(cmd.Flags().Changed("format")); err != nil {
				return usageError(err)
			}
			o.parameters = []string{"what=" + args[1], "since=" + since}
			return runQuery(cmd.Context(), out, cmd.ErrOrStderr(), o, all[i].text)
		},
	}
	cmd.Flags().StringVar(&o.data, "data", "quoll-data", "data directory")
	cmd.Flags().StringVar(&since, "since", "365d", "how far back")
	cmd.Flags().BoolVar(&show, "show", false, "print the query")
	cmd.Flags().StringVar(&o.format, "format", "table", strings.Join(format.Names(), ", "))
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "write to this file, in the format that its name says; or one of the formats, as --format")
	cmd.Flags().BoolVar(&o.vertical, "vertical", false, "print a table one row after the other, a line a column")
	cmd.Flags().BoolVar(&o.statistics, "statistics", false, "say on standard error what the query cost, also where that is no terminal")
	completeFormats(cmd)
	return cmd
}

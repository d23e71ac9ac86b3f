package main

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/server"
)

func indicatorsCommand() *cobra.Command {
	return group("indicators", "Take in threat-intelligence indicators and match them with the past", indicatorImportCommand(), indicatorListCommand(), indicatorMatchCommand())
}

func indicatorImportCommand() *cobra.Command {
	var o deskOptions
	var source, format string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Take in a STIX 2.1 bundle, or a CSV with the columns type and value",
		Long: `Import writes indicators as rows of ThreatIntelIndicators and
ThreatIntelligenceIndicator. Importing the same again changes nothing. A running
server matches what is new with the last twelve months by itself; otherwise
quoll indicators match does. The exit code is 3 when something was not taken.`,
		Example: `  quoll indicators import bundle.json --source cert --data ./q
  quoll indicators import list.csv --data ./q`,
		Args: someArguments("one file, or - for standard input", 1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := readFileOrInput(cmd, args[0])
			if err != nil {
				return err
			}
			if format == "" {
				format = "stix"
				if strings.EqualFold(filepath.Ext(args[0]), ".csv") {
					format = "csv"
				}
			}
			if source == "" {
				source = strings.TrimSuffix(filepath.Base(args[0]), filepath.Ext(args[0]))
			}
			return o.at(cmd.Context(), func(d desk) error {
				var taken server.IndicatorsTaken
				if err := d.ask(cmd.Context(), http.MethodPost, "/api/v1/indicators", server.IndicatorImport{Source: source, Format: format, Text: string(text)}, &taken); err != nil {
					return err
				}
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%d observables, %d new or changed, %d not taken\n", taken.Found, taken.Changed, len(taken.Skipped)); err != nil {
					return err
				}
				for _, s := range taken.Skipped {
					if _, err := fmt.Fprintf(cmd.OutOrStdout(), "  %s: %s\n", s.ID, s.Why); err != nil {
						return err
					}
				}
				if len(taken.Skipped) > 0 {
					return &exitError{code: exitFound}
				}
				return nil
			})
		},
	}
	o.flags(cmd, true)
	cmd.Flags().StringVar(&source, "source", "", "who says so (default: the file's name)")
	cmd.Flags().StringVar(&format, "format", "", "stix or csv (default: by the file's name)")
	return cmd
}

func indicatorListCommand() *cobra.Command {
	var o deskOptions
	cmd := &cobra.Command{
		Use: "list", Short: "List the indicators that count now", Args: noArguments,
		Example: "  quoll indicators list --data ./q",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list server.IndicatorList
			return o.get(cmd, "/api/v1/indicators", &list, func(w io.Writer) error {
				var lines [][]string
				for _, i := range list.Indicators {
					confidence, until := "", "without end"
					if i.Confidence != nil {
						confidence = fmt.Sprint(*i.Confidence)
					}
					if i.ValidUntil != nil {
						until = i.ValidUntil.Format(minutes)
					}
					lines = append(lines, []string{i.Source, i.Key, i.Value, confidence, until, strings.SplitN(i.Description, "\n", 2)[0]})
				}
				return tabbed(w, lines)
			})
		},
	}
	o.flags(cmd, false)
	return cmd
}

func indicatorMatchCommand() *cobra.Command {
	var o deskOptions
	var months int
	cmd := &cobra.Command{
		Use:   "match",
		Short: "Match the indicators with what happened in the past months",
		Long: `Match runs the rules tagged MatchesIndicators over the whole of the past months at
once and raises alerts about what they find, each once.`,
		Example: "  quoll indicators match --months 12 --data ./q",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.at(cmd.Context(), func(d desk) error {
				var answer struct{ Alerts int }
				body := map[string]any{"from": time.Now().UTC().AddDate(0, -months, 0)}
				if err := d.ask(cmd.Context(), http.MethodPost, "/api/v1/indicators/matches", body, &answer); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "%d alerts were raised or grew\n", answer.Alerts)
				return err
			})
		},
	}
	o.flags(cmd, true)
	cmd.Flags().IntVar(&months, "months", 12, "how far back")
	return cmd
}

package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "quoll",
		Short: "Self-hosted Microsoft 365 monitoring",
		Long: `Quoll collects the Microsoft 365 audit log and Defender for Office 365 events,
keeps them in Microsoft Sentinel's tables, answers KQL, runs Sentinel's rules,
and keeps a write-once archive in which every record can be proved.`,
		Example: `  quoll demo                                        try it on a simulated tenant
  quoll check --config quoll.yaml                   see what is missing
  quoll serve --config quoll.yaml                   collect a real one
  quoll import export.csv --data ./q                take in a file
  quoll query --data ./q 'OfficeActivity | count'   ask`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError(err) })
	root.AddCommand(
		demoCommand(), serveCommand(), initCommand(), checkCommand(), importCommand(), replayCommand(), backfillCommand(), reconcileCommand(), queryCommand(), lookupCommand(), investigateCommand(), coverageCommand(), explainCommand(),
		incidentsCommand(), rulesCommand(), dashboardsCommand(), watchlistsCommand(), functionsCommand(), indicatorsCommand(), automationCommand(), archiveCommand(), assureCommand(), witnessCommand(), lakeCommand(), retentionCommand(), gapsCommand(), schemaCommand(), statusCommand(), accessCommand(), versionCommand(),
	)
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "quoll %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError(fmt.Errorf("%s takes no arguments, got %q", cmd.CommandPath(), args))
	}
	return nil
}

func someArguments(what string, atLeast, atMost int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < atLeast || len(args) > atMost {
			return usageError(fmt.Errorf("%s wants %s; see %s --help", cmd.CommandPath(), what, cmd.CommandPath()))
		}
		return nil
	}
}

// group is a command that only has others below it.
func group(use, short string, below ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: noArguments, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(below...)
	return cmd
}

// outputFlag adds -o, which chooses between text and JSON.
func outputFlag(cmd *cobra.Command, output *string) {
	*output = "text"
	cmd.Flags().VarP((*outputFormat)(output), "output", "o", "text or json")
}

// outputFormat implements pflag.Value. It refuses what it does not know: text in
// place of a misspelt json would break the program that reads it.
type outputFormat string

func (f *outputFormat) String() string { return string(*f) }

// Set implements pflag.Value.
func (f *outputFormat) Set(text string) error {
	if text != "text" && text != "json" {
		return fmt.Errorf("%q is neither text nor json", text)
	}
	*f = outputFormat(text)
	return nil
}

// Type implements pflag.Value.
func (f *outputFormat) Type() string { return "string" }

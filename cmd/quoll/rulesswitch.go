package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/internal/state"
)

type switchOptions struct {
	data, by, why string
	dirs          []string
}

func rulesDisableCommand() *cobra.Command {
	var o switchOptions
	cmd := &cobra.Command{
		Use:   "disable RULE",
		Short: "Switch a rule off, by its id or name",
		Long: `Disable switches a rule off, and SentinelHealth says who did so and why. A rule
that watches those who can switch rules off (tag WatchTheWatchers) runs on until
a second person asks for the same; until then the exit code is 3.`,
		Example: `  quoll rules disable "Mass download of files" --data ./data --by ada@coast.example --why "migration until Friday"`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.change(cmd, args[0], func(r *detect.Rule) error { return o.disable(cmd, r) })
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.why, "why", "", "the reason")
	return cmd
}

func rulesEnableCommand() *cobra.Command {
	var o switchOptions
	cmd := &cobra.Command{
		Use:     "enable RULE",
		Short:   "Switch a rule on again",
		Example: `  quoll rules enable "Mass download of files" --data ./data --by ada@coast.example`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.change(cmd, args[0], func(r *detect.Rule) error {
				db, err := state.Open(cmd.Context(), paths{data: o.data}.state())
				if err != nil {
					return err
				}
				return errors.Join(detect.Enable(cmd.Context(), db, r.ID), db.Close())
			})
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *switchOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.data, "data", "quoll-data", "data directory")
	cmd.Flags().StringVar(&o.by, "by", "", "who asks for it")
	cmd.Flags().StringSliceVar(&o.dirs, "rules", nil, "further folders of rules")
}

// change finds the one rule that is meant.
func (o *switchOptions) change(cmd *cobra.Command, name string, do func(*detect.Rule) error) error {
	if err := hasData(o.data); err != nil {
		return err
	}
	all, err := loadRules(true, withSaved(o.data, o.dirs))
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(r *detect.Rule) bool { return r.ID == name || strings.EqualFold(r.Name, name) })
	if i < 0 {
		return usageError(fmt.Errorf("no rule has the id or name %q: quoll rules list shows them", name))
	}
	if err := do(all[i]); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", cmd.Name(), all[i].Name)
	return err
}

func (o *switchOptions) disable(cmd *cobra.Command, r *detect.Rule) error {
	db, err := state.Open(cmd.Context(), paths{data: o.data}.state())
	if err != nil {
		return err
	}
	err = errors.Join(detect.Disable(cmd.Context(), db, r, o.by, o.why, time.Now().UTC()), db.Close())
	if errors.Is(err, detect.ErrSamePerson) {
		return &exitError{exitFound, err}
	}
	return err
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/internal/state"
)

type backtestOptions struct {
	data, from, to, output string
	all, quick             bool
	dirs                   []string
	timeout                time.Duration
}

func rulesBacktestCommand() *cobra.Command {
	var o backtestOptions
	cmd := &cobra.Command{
		Use:   "backtest RULE…",
		Short: "Say what rules would have found in the data that is there",
		Long: `Backtest runs every window that a rule's schedule has in a period and prints the
alerts it would have raised by day. RULE is the name or the id of a rule, or a
file; a file tests a version before it is put to work. --quick leaves windows
out as far as the others leave no instant out. Suppression is left out.`,
		Example: `  quoll rules backtest my-rule.yaml --data ./q --from 2026-09-01
  quoll rules backtest --all --quick --data ./q --from 2026-09-01 --to 2026-09-15 -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && !o.all {
				return usageError(errors.New("name rules or files, or take --all"))
			}
			return o.run(cmd.Context(), cmd.OutOrStdout(), args)
		},
	}
	cmd.Flags().StringVar(&o.data, "data", "quoll-data", "data directory")
	cmd.Flags().StringVar(&o.from, "from", "", "start of the period, UTC (default: 14 days before its end)")
	cmd.Flags().StringVar(&o.to, "to", "", "end of the period, UTC (default: now)")
	cmd.Flags().BoolVar(&o.all, "all", false, "all rules that ship and those in --rules")
	cmd.Flags().BoolVar(&o.quick, "quick", false, "as few windows as leave no instant out")
	cmd.Flags().StringSliceVar(&o.dirs, "rules", nil, "further folders of rules")
	cmd.Flags().DurationVar(&o.timeout, "timeout", time.Minute, "longest run of one window's query")
	outputFlag(cmd, &o.output)
	return cmd
}

// backtested is the outcome of one rule.
type backtested struct {
	ID      string         `json:"id"`
	Name    string         `json:"name"`
	Version string         `json:"version"`
	Windows int            `json:"windows"`
	Failed  int            `json:"failed,omitempty"`
	Error   string         `json:"error,omitempty"`
	Rows    int64          `json:"rows"`
	Alerts  int            `json:"alerts"`
	Days    map[string]int `json:"days"` // alerts by day of their first event, UTC
	Seconds float64        `json:"seconds"`
}

func (o *backtestOptions) run(ctx context.Context, w io.Writer, names []string) error {
	now := time.Now().UTC()
	from, err := instant("from", o.from, now)
	if err != nil {
		return usageError(err)
	}
	to, err := instant("to", o.to, now)
	if err != nil {
		return usageError(err)
	}
	if to.IsZero() {
		to = now
	}
	if from.IsZero() {
		from = to.Add(-14 * 24 * time.Hour)
	}
	if !from.Before(to) {
		return usageError(fmt.Errorf("the period from %s to %s is empty", from.Format(time.RFC3339), to.Format(time.RFC3339)))
	}
	chosen, err := o.choose(names)
	if err != nil {
		return err
	}
	return inUse(withNode(ctx, o.data, func(n *node) error {
		failed := 0
		for i, r := range chosen {
			result, err := o.one(ctx, n, r, from, to, fmt.Sprintf("%d/%d %s", i+1, len(chosen), r.Name))
			if err != nil {
				return err
			}
			if result.Failed > 0 {
				failed++
			}
			if err := result.print(w, o.output); err != nil {
				return err
			}
		}
		if failed > 0 {
			return &exitError{exitFound, fmt.Errorf("%d of %d rules failed in some window", failed, len(chosen))}
		}
		return nil
	}), o.data)
}

func (o *backtestOptions) choose(names []string) ([]*detect.Rule, error) {
	all, err := loadRules(true, o.dirs)
	if err != nil || o.all {
		return all, err
	}
	var chosen []*detect.Rule
	for _, name := range names {
		i := slices.IndexFunc(all, func(r *detect.Rule) bool { return r.ID == name || strings.EqualFold(r.Name, name) })
		if i >= 0 {
			chosen = append(chosen, all[i])
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, usageError(fmt.Errorf("no rule has the id or name %q, and there is no such file: quoll rules list shows the rules", name))
		}
		r, err := detect.ParseRule(name, text)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, r)
	}
	return chosen, nil
}

func (o *backtestOptions) one(ctx context.Context, n *node, r *detect.Rule, from, to time.Time, label string) (*backtested, error) {
	progress, finish := windowProgress(label)
	defer finish()
	return backtestRule(ctx, n, r, from, to, o.quick, o.timeout, progress)
}

func backtestRule(ctx context.Context, n *node, r *detect.Rule, from, to time.Time, quick bool, timeout time.Duration, progress func(done, total int)) (_ *backtested, err error) {
	dir, err := os.MkdirTemp("", "quoll-backtest-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	scratch, err := state.Open(ctx, filepath.Join(dir, "state.db"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, scratch.Close()) }()
	// It is thrown away, so nothing has to reach the disk.
	if _, err := scratch.ExecContext(ctx, "PRAGMA synchronous=OFF"); err != nil {
		return nil, fmt.Errorf("prepare the backtest: %w", err)
	}
	started := time.Now()
	result, err := detect.Backtest(ctx, scratch, r, ruleQuerier{n.query}, from, to, quick, timeout, progress)
	if err != nil {
		return nil, err
	}
	b := &backtested{ID: r.ID, Name: r.Name, Version: r.Version, Windows: result.Windows, Failed: result.Failed, Error: result.Error, Rows: result.Rows,
		Alerts: len(result.Alerts), Days: map[string]int{}, Seconds: time.Since(started).Seconds()}
	for _, a := range result.Alerts {
		b.Days[a.Start.Format(time.DateOnly)]++
	}
	return b, nil
}

// windowProgress shows a bar on a terminal and nothing elsewhere.
func windowProgress(label string) (progress func(done, total int), finish func()) {
	if !isTerminal(os.Stderr) {
		return nil, func() {}
	}
	var bar *progressbar.ProgressBar
	return func(done, total int) {
			if bar == nil {
				bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription(label),
					progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
			}
			_ = bar.Set(done) // a bar that cannot be drawn is no matter
		}, func() {
			if bar != nil {
				_ = bar.Finish()
			}
		}
}

func (b *backtested) print(w io.Writer, output string) error {
	if output == "json" {
		return json.NewEncoder(w).Encode(b)
	}
	if _, err := fmt.Fprintf(w, "%5d alerts in %d windows  %s\n", b.Alerts, b.Windows, b.Name); err != nil {
		return err
	}
	if b.Error != "" {
		if _, err := fmt.Fprintf(w, "      %d windows failed: %s\n", b.Failed, b.Error); err != nil {
			return err
		}
	}
	var days []string
	for day := range b.Days {
		days = append(days, day)
	}
	slices.Sort(days)
	for _, day := range days {
		if _, err := fmt.Fprintf(w, "      %s %4d %s\n", day, b.Days[day], strings.Repeat("█", min(b.Days[day], 60))); err != nil {
			return err
		}
	}
	return nil
}

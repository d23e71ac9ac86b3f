package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/access"
	"github.com/quoll/quoll/assure"
	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/incident"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/lake"
)

func assureCommand() *cobra.Command {
	return group("assure", "Live evidence for each ISM control and Blueprint decision",
		assureReportCommand(),
		group("catalogue", "Load and compare releases of the ISM (OSCAL catalogues)", catalogueDiffCommand(), catalogueCheckCommand()))
}

type assureOptions struct{ data, format, catalogue, out string }

func assureReportCommand() *cobra.Command {
	var o assureOptions
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Put the evidence of this moment beside each control and decision",
		Long: `Report gathers what the system shows of itself at this moment, and puts it beside
each control of the ISM and each decision of the Blueprint that Quoll touches: what
is collected, protected, retained, analysed and reported. What is not met and what
cannot be seen comes first. It is evidence and no verdict: the words for a verdict
are the assessor's, who writes them on the Assurance page.

The server that has the data directory open is asked, where there is one: some facts
are known to it alone.`,
		Example: `  quoll assure report --data ./q --format html --out evidence.html
  quoll assure report --data ./q --format oscal --catalogue ISM_catalog.json --out evidence.oscal.json
  quoll assure report --data ./q --format json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runAssureReport(cmd, o) },
	}
	cmd.Flags().StringVar(&o.data, "data", "quoll-data", "data directory")
	cmd.Flags().StringVar(&o.format, "format", "html", "html, json or oscal")
	cmd.Flags().StringVar(&o.catalogue, "catalogue", "", "OSCAL catalogue of an ISM release, for its texts and to compare with")
	cmd.Flags().StringVar(&o.out, "out", "", "file to write (default: standard output)")
	return cmd
}

func runAssureReport(cmd *cobra.Command, o assureOptions) error {
	if !slices.Contains([]string{"html", "json", "oscal"}, o.format) {
		return usageError(fmt.Errorf("--format %q is neither html, json nor oscal", o.format))
	}
	var catalogue *assure.Catalogue
	if o.catalogue != "" {
		var err error
		if catalogue, err = readCatalogueFile(o.catalogue); err != nil {
			return err
		}
	}
	report, err := assureReport(cmd.Context(), o.data, catalogue)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	switch o.format {
	case "html":
		err = report.WriteHTML(&b)
	case "oscal":
		err = report.WriteOSCAL(&b)
	default:
		err = json.NewEncoder(&b).Encode(report)
	}
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { _, err := w.Write(b.Bytes()); return err }
	if o.out == "" {
		return write(cmd.OutOrStdout())
	}
	if err := writeNew(o.out, write); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "wrote %s: %d facts shown, %d not met, %d not visible, beside %d controls and decisions\n", o.out, report.Counts.Shown, report.Counts.NotMet, report.Counts.NotVisible, len(report.Items))
	return err
}

func assureReport(ctx context.Context, data string, catalogue *assure.Catalogue) (report *assure.Report, err error) {
	err = hereOrThere(ctx, data, func(n *node) error {
		a, err := n.assurer(ctx)
		if err != nil {
			return err
		}
		report, err = a.report(ctx, catalogue)
		return err
	}, func(note serverNote) error {
		report = &assure.Report{}
		if err := call(ctx, note, http.MethodGet, "/api/v1/assurance", nil, report); err != nil {
			return err
		}
		if catalogue != nil {
			report.Add(catalogue)
		}
		return nil
	})
	return report, err
}

// assurer is one without a server: what only a server knows is not visible.
func (n *node) assurer(ctx context.Context) (*assurer, error) {
	ledger, err := collect.OpenLedger(ctx, n.state)
	if err != nil {
		return nil, err
	}
	store, err := incident.Open(ctx, n.state, time.Now)
	if err != nil {
		return nil, err
	}
	who, err := access.Open(ctx, n.state, time.Now, rand.Reader)
	if err != nil {
		return nil, err
	}
	holds, err := newHoldDesk(ctx, n, &acts{journal: n.journal, workspace: n.workspace, clock: clock.System(), log: n.log})
	if err != nil {
		return nil, err
	}
	return &assurer{data: n.paths.data, workspace: n.workspace, gatherer: &evidenceGatherer{
		reporter: &reporter{node: n, started: time.Now()}, querier: querier{n.query}, gaps: &gaps{ledger: ledger, state: n.state, now: time.Now},
		incidents: incidents{store, nil}, access: people{who}, drift: driftLists{n.drift}, holds: holds, now: time.Now, setting: evidenceSetting{dataDir: n.paths.data, archiveDir: n.paths.archive, recipients: len(strings.Fields(n.paths.recipients)), minimum: n.paths.minimum, retention: rulesOfLastRun(n.lake), loopback: true},
	}}, nil
}

func catalogueDiffCommand() *cobra.Command {
	var all bool
	var output string
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Show what changed from one release of the ISM to another",
		Long: `Diff reads two OSCAL catalogues in JSON, as the ISM is published, and lists the
controls that were added, withdrawn, reworded or moved, whose revision moved (also
backwards, as has happened), or that another maturity level of the Essential Eight
names. Without --all, only of those controls that Quoll gives evidence for.

The exit code is 3 when any of the listed controls changed.`,
		Example: `  quoll assure catalogue diff ISM-2025.12/ISM_catalog.json ISM-2026.06/ISM_catalog.json
  quoll assure catalogue diff old.json new.json --all -o json`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			before, err := readCatalogueFile(args[0])
			if err != nil {
				return err
			}
			after, err := readCatalogueFile(args[1])
			if err != nil {
				return err
			}
			changes := assure.Diff(before, after)
			if !all {
				changes = slices.DeleteFunc(changes, func(c assure.Change) bool { return !c.Used })
			}
			return printChanges(cmd.OutOrStdout(), output, fmt.Sprintf("from %s (%d controls) to %s (%d controls)", before.Version, len(before.Controls), after.Version, len(after.Controls)), changes)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all controls, not only those that Quoll gives evidence for")
	outputFlag(cmd, &output)
	return cmd
}

func catalogueCheckCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Compare the controls that Quoll is pinned to with a release",
		Long: `Check reads an OSCAL catalogue in JSON and says which of the controls that Quoll
gives evidence for are not in it, or have another revision there than the one that
they were listed by.

The exit code is 3 when there are any.`,
		Example: `  quoll assure catalogue check ISM_catalog.json`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := readCatalogueFile(args[0])
			if err != nil {
				return err
			}
			p := assure.Pin(c)
			title := fmt.Sprintf("%s, release %s: %d controls have the pinned revision (release %s)", p.Title, p.Version, p.Same, assure.Release)
			if len(p.Unpinned) > 0 {
				title += "; of " + strings.Join(p.Unpinned, ", ") + " none was pinned"
			}
			return printChanges(cmd.OutOrStdout(), output, title, p.Changes)
		},
	}
	outputFlag(cmd, &output)
	return cmd
}

func printChanges(w io.Writer, output, title string, changes []assure.Change) error {
	if output == "json" {
		if err := json.NewEncoder(w).Encode(append([]assure.Change{}, changes...)); err != nil {
			return err
		}
	} else {
		var b strings.Builder
		fmt.Fprintln(&b, title)
		for _, c := range changes {
			fmt.Fprintf(&b, "%s: %s", c.ID, strings.Join(c.What, ", "))
			if c.Before != c.After {
				fmt.Fprintf(&b, " (revision %s, then %s)", dash(c.Before), dash(c.After))
			}
			b.WriteString("\n")
			for _, d := range [][2]string{{"-", c.StatementBefore}, {"+", c.StatementAfter}, {"-", c.DetailBefore}, {"+", c.DetailAfter}} {
				if d[1] != "" {
					fmt.Fprintf(&b, "  %s %s\n", d[0], d[1])
				}
			}
		}
		fmt.Fprintf(&b, "%d controls changed\n", len(changes))
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
	}
	if len(changes) > 0 {
		return &exitError{code: exitFound}
	}
	return nil
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// rulesOfLastRun is how many rules of retention the last run counted by: the
// configuration is the server's.
func rulesOfLastRun(l *lake.Lake) int {
	if last := l.Floors().Last(); last != nil {
		return len(last.Rules)
	}
	return 0
}

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/retention"
	"github.com/quoll/quoll/server"
)

func retentionCommand() *cobra.Command {
	return group("retention", "Show how long rows are kept, and what was removed",
		retentionListCommand(), retentionExplainCommand(), retentionPreviewCommand(), retentionTombstonesCommand())
}

// retentionOptions are the flags of every command about retention.
type retentionOptions struct{ data, config, output string }

func (o *retentionOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.data, "data", "quoll-data", "data directory")
	cmd.Flags().StringVarP(&o.config, "config", "c", "", "configuration file with the rules, where no server runs; its data directory is used")
	outputFlag(cmd, &o.output)
}

// get asks the server that has the data directory open, by its rules, or answers by
// those of the configuration.
func (o *retentionOptions) get(cmd *cobra.Command, path string, into any, show func(io.Writer) error) error {
	ctx := cmd.Context()
	policy := &retention.Policy{}
	if o.config != "" {
		loaded, err := config.Load(o.config)
		if err != nil {
			return usageError(err)
		}
		o.data, policy = loaded.DataDir, loaded.Retention
	}
	ask := func(note serverNote) error {
		if err := (desk{note, ""}).ask(ctx, http.MethodGet, path, nil, into); err != nil {
			return err
		}
		return printed(cmd, o.output, into, show)
	}
	return hereOrThere(ctx, o.data, func(n *node) error {
		keeper, err := newRetentionKeeper(ctx, n, policy)
		if err != nil {
			return err
		}
		s, err := server.New(server.DefaultConfig(), server.Options{Services: server.Services{Retention: keeper}, Logger: n.log})
		if err != nil {
			return err
		}
		return ask(serverNote{Address: "http://127.0.0.1", client: &http.Client{Transport: inProcess{s.Handler()}}})
	}, ask)
}

func newRetentionKeeper(ctx context.Context, n *node, policy *retention.Policy) (*retentionKeeper, error) {
	audit := &acts{journal: n.journal, workspace: n.workspace, clock: clock.System(), log: n.log}
	holds, err := newHoldDesk(ctx, n, audit)
	if err != nil {
		return nil, err
	}
	return &retentionKeeper{node: n, policy: policy, holds: holds, audit: audit, clock: clock.System(), log: n.log}, nil
}

func retentionListCommand() *cobra.Command {
	var o retentionOptions
	cmd := &cobra.Command{
		Use: "list", Short: "List the rules, and for each table which of them can win", Args: noArguments,
		Example: `  quoll retention list --data ./q
  quoll retention list --config quoll.yaml -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var s server.RetentionState
			return o.get(cmd, "/api/v1/retention", &s, func(w io.Writer) error { return printRetention(w, &s) })
		},
	}
	o.flags(cmd)
	return cmd
}

func printRetention(w io.Writer, s *server.RetentionState) error {
	if len(s.Rules) == 0 {
		if _, err := fmt.Fprintln(w, "there are no rules: everything is kept"); err != nil {
			return err
		}
	}
	var lines [][]string
	for _, r := range s.Rules {
		about := cmp.Or(strings.Join(r.Tables, ", "), "all tables")
		if len(r.RecordTypes) > 0 {
			about += "; record types " + strings.Join(r.RecordTypes, ", ")
		}
		if len(r.Users) > 0 {
			about += "; users " + strings.Join(r.Users, ", ")
		}
		before := "for ever"
		if r.Cutoff != nil {
			before = "before " + r.Cutoff.Format(time.DateOnly)
		}
		line := []string{fmt.Sprint(r.Priority), r.Name, r.Keep, before, cmp.Or(r.Class, r.Preset), about}
		if r.ShorterThanISM1988 {
			line = append(line, "SHORTER than the 12 months of ISM-1988")
		}
		lines = append(lines, line)
	}
	lines = append(lines, nil)
	for _, t := range s.Tables {
		if t.Rows == 0 && t.Removed == 0 {
			continue
		}
		rules := t.Rules
		if !t.Complete {
			rules = append(rules, "others are kept")
		}
		lines = append(lines, []string{"", t.Table, fmt.Sprintf("%d rows", t.Rows), fmt.Sprintf("%d removed", t.Removed), "", strings.Join(rules, ", then ")})
	}
	for _, h := range s.Holds {
		lines = append(lines, []string{"", "held by " + h.ID, cmp.Or(strings.Join(h.Tables, ", "), "all tables"), strings.Join(h.Users, ", ")})
	}
	if s.Problem != "" {
		lines = append(lines, []string{"", "the last run failed: " + s.Problem})
	}
	return tabbed(w, lines)
}

func retentionExplainCommand() *cobra.Command {
	var o retentionOptions
	var row server.RetentionRow
	var at string
	cmd := &cobra.Command{
		Use: "explain", Short: "Say which rule decides about a row, and why the others do not", Args: noArguments,
		Example: `  quoll retention explain --table UnifiedAuditLog --record-type ExchangeAdmin --user ada@coast.example --time 2025-03-01 --data ./q`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{}
			for name, value := range map[string]string{"table": row.Table, "recordType": row.RecordType, "user": row.User, "tenant": row.Tenant} {
				if value != "" {
					q.Set(name, value)
				}
			}
			if at != "" {
				moment, err := instant("--time", at, time.Now())
				if err != nil {
					return err
				}
				q.Set("time", moment.UTC().Format(time.RFC3339Nano))
			}
			var v server.RetentionVerdict
			return o.get(cmd, "/api/v1/retention/explain?"+q.Encode(), &v, func(w io.Writer) error { return printVerdict(w, &v) })
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&row.Table, "table", "", "table of the row")
	cmd.Flags().StringVar(&row.RecordType, "record-type", "", "its audit record type, by name or number")
	cmd.Flags().StringVar(&row.User, "user", "", "a user in it")
	cmd.Flags().StringVar(&row.Tenant, "tenant", "", "its tenant, for holds")
	cmd.Flags().StringVar(&at, "time", "", "its TimeGenerated (default: now)")
	return cmd
}

// keptHowLong puts a period behind "kept".
func keptHowLong(keep string) string {
	if keep == "forever" {
		return keep
	}
	return "for " + keep
}

func printVerdict(w io.Writer, v *server.RetentionVerdict) error {
	text := "no rule matches: the row is kept\n"
	if v.Winner != "" {
		text = fmt.Sprintf("%q decides: the row is kept %s", v.Winner, keptHowLong(v.Keep))
		if v.Ends != nil {
			text += ", and is out of date from " + v.Ends.Format(time.DateOnly)
		}
		text += "\n"
	}
	if v.HeldBy != "" {
		text += fmt.Sprintf("hold %q keeps it beyond\n", v.HeldBy)
	}
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	var lines [][]string
	for _, c := range v.Considered {
		lines = append(lines, []string{"  " + c.Rule, cmp.Or(c.Why, "matches")})
	}
	return tabbed(w, lines)
}

func retentionPreviewCommand() *cobra.Command {
	var o retentionOptions
	cmd := &cobra.Command{
		Use: "preview", Short: "Say what a run would remove now", Args: noArguments,
		Long: `Preview reads the files that are out of date and says what the next run would
remove, by table and rule, and what holds keep. It removes nothing.`,
		Example: `  quoll retention preview --config quoll.yaml`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var p server.RetentionPreview
			return o.get(cmd, "/api/v1/retention/preview", &p, func(w io.Writer) error {
				if len(p.Tables) == 0 {
					_, err := fmt.Fprintf(w, "nothing is out of date on %s\n", p.Day.Format(time.DateOnly))
					return err
				}
				return tabbed(w, removalLines(p.Tables))
			})
		},
	}
	o.flags(cmd)
	return cmd
}

func removalLines(tables []server.TombstoneOf) (lines [][]string) {
	for _, t := range tables {
		lines = append(lines, []string{t.Table, fmt.Sprintf("%d rows", t.Rows), fmt.Sprintf("%d files dropped, %d rewritten", t.Dropped, t.Rewritten)})
		for _, by := range t.Rules {
			lines = append(lines, []string{"  " + by.Name, fmt.Sprintf("%d rows", by.Rows), by.Oldest.Format(minutes) + " to " + by.Newest.Format(minutes)})
		}
		for _, by := range t.Held {
			lines = append(lines, []string{"  held by " + by.Name, fmt.Sprintf("%d rows", by.Rows), by.Oldest.Format(minutes) + " to " + by.Newest.Format(minutes)})
		}
	}
	return lines
}

func retentionTombstonesCommand() *cobra.Command {
	var o retentionOptions
	cmd := &cobra.Command{
		Use: "tombstones", Short: "List what runs removed, the latest first", Args: noArguments,
		Example: `  quoll retention tombstones --data ./q -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all struct {
				Total      int                `json:"total"`
				Tombstones []server.Tombstone `json:"tombstones"`
			}
			return o.get(cmd, "/api/v1/retention/tombstones", &all, func(w io.Writer) error {
				var lines [][]string
				for _, t := range all.Tombstones {
					state := "not under the archive's log yet"
					switch {
					case !t.Finished:
						state = "broken off"
					case t.Signed:
						state = fmt.Sprintf("under the archive's log at position %d, as %.16s…", t.Recorded, t.SHA256)
					}
					lines = append(lines, []string{"run " + t.Run, t.Time.Format(minutes), state})
					lines = append(lines, removalLines(t.Tables)...)
				}
				return tabbed(w, lines)
			})
		},
	}
	o.flags(cmd)
	return cmd
}

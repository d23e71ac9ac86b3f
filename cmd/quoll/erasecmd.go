package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/server"
)

func archiveEraseCommand() *cobra.Command {
	return group("erase", "Erase one person's data by two people's words, so that all else stays provable",
		erasePlanCommand(), eraseApproveCommand(), eraseRunCommand(), eraseListCommand())
}

func erasePlanCommand() *cobra.Command {
	var o deskOptions
	var names []string
	var reason string
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Find every payload that mentions somebody, and ask for their records to be erased",
		Long: `Plan reads every payload of the archive for the names of one person: addresses, user
principal names, object ids, as a whole and in any case. It says how many payloads
would go, how many records of the person they have, and how many of others, which
would be journalled again; which legal holds keep it from being done; and what of
Quoll's own mentions the person and stays. Nothing is erased by it.

Another person approves it, and then anybody of them runs it. docs/erasure.md says
what remains afterwards.`,
		Example: `  quoll archive erase plan --name ada@contoso.com --name 3f2504e0-4f89-41d3-9a0c-0305e82c3301 --reason "request 17" --data ./q`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.erase(cmd, "/api/v1/archive/erasures", map[string]any{"names": names, "reason": reason}, "planned; another person approves it")
		},
	}
	o.flags(cmd, true)
	outputFlag(cmd, &o.output)
	cmd.Flags().StringArrayVar(&names, "name", nil, "address, user principal name or object id; again for each")
	cmd.Flags().StringVar(&reason, "reason", "", "why; it is in the certificate that stays, so name nobody")
	return cmd
}

func eraseApproveCommand() *cobra.Command {
	var o deskOptions
	cmd := &cobra.Command{
		Use:     "approve NUMBER",
		Short:   "Approve an erasure as another person than who planned it",
		Example: "  quoll archive erase approve 1 --by bo@contoso.com --data ./q",
		Args:    someArguments("one number", 1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.erase(cmd, "/api/v1/archive/erasures/"+url.PathEscape(args[0])+"/approval", struct{}{}, "approved; run it")
		},
	}
	o.flags(cmd, true)
	outputFlag(cmd, &o.output)
	return cmd
}

func eraseRunCommand() *cobra.Command {
	var o deskOptions
	cmd := &cobra.Command{
		Use:   "run NUMBER",
		Short: "Carry out an erasure that was approved",
		Long: `Run journals the records of others again, brings them and a signed certificate under
the archive's log, and then erases: rows in the tables, bodies in the archive and in
the journal. That cannot be undone. It prints, once, the salt by which it can be shown
whose data the certificate is about.

After a crash the same command goes on. The exit code is 3 when it is refused, as by
a legal hold.`,
		Example: "  quoll archive erase run 1 --data ./q",
		Args:    someArguments("one number", 1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.erase(cmd, "/api/v1/archive/erasures/"+url.PathEscape(args[0])+"/run", struct{}{}, "erased")
		},
	}
	o.flags(cmd, true)
	outputFlag(cmd, &o.output)
	return cmd
}

func (o *deskOptions) erase(cmd *cobra.Command, path string, body any, done string) error {
	return o.at(cmd.Context(), func(d desk) error {
		var v server.Erasure
		if err := d.ask(cmd.Context(), http.MethodPost, path, body, &v); err != nil {
			return err
		}
		if o.output == "json" {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(v)
		}
		return printErasure(cmd.OutOrStdout(), &v, done)
	})
}

func printErasure(w io.Writer, v *server.Erasure, done string) error {
	var b strings.Builder
	f := &v.Found
	fmt.Fprintf(&b, "erasure %s: %s\n", v.ID, done)
	fmt.Fprintf(&b, "  %d of %d payloads, received from %s to %s: %d records of the person, and %d of others, which stay\n",
		f.Payloads, f.Searched, f.First.Format(time.DateOnly), f.Last.Format(time.DateOnly), f.Records, f.Others)
	if len(f.Forms) > 0 {
		fmt.Fprintf(&b, "  looked for: %s\n", strings.Join(f.Forms, ", "))
	}
	fmt.Fprintf(&b, "  minimum: %s; %d payloads have not been kept for it\n", f.Minimum, f.Younger)
	if len(f.Holds) > 0 {
		fmt.Fprintf(&b, "  legal holds that keep it from being done: %s\n", strings.Join(f.Holds, ", "))
	}
	kinds := make([]string, 0, len(f.Remaining))
	for kind, n := range f.Remaining {
		kinds = append(kinds, fmt.Sprintf("%d of %s", n, kind))
	}
	if slices.Sort(kinds); len(kinds) > 0 {
		fmt.Fprintf(&b, "  what Quoll wrote itself and stays: %s\n", strings.Join(kinds, ", "))
	}
	if v.Salt != "" {
		fmt.Fprintf(&b, "  certificate %d is about %s; keep the salt, which is told once: %s\n", v.Sequence, v.Subject, v.Salt)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func eraseListCommand() *cobra.Command {
	var o deskOptions
	cmd := &cobra.Command{
		Use: "list", Short: "List erasures and what became of them", Args: noArguments,
		Example: "  quoll archive erase list --data ./q",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all struct {
				Erasures []server.Erasure `json:"erasures"`
			}
			return o.get(cmd, "/api/v1/archive/erasures", &all, func(w io.Writer) error {
				var lines [][]string
				for _, v := range all.Erasures {
					what := "planned"
					switch {
					case v.Done != nil:
						what = "done " + v.Done.Format(minutes)
					case v.Sequence > 0:
						what = "signed and not done: run it again"
					case v.ApprovedBy != "":
						what = "approved"
					}
					lines = append(lines, []string{v.ID, what, fmt.Sprintf("%d payloads, %d records", v.Found.Payloads, v.Found.Records), "by " + v.By, v.ApprovedBy, v.Reason})
				}
				return tabbed(w, lines)
			})
		},
	}
	o.flags(cmd, false)
	return cmd
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
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
	return atDesk(ctx, o.data, o.by, do)
}

// get shows what a path of the API has.
func (o *deskOptions) get(cmd *cobra.Command, path string, into any, show func(io.Writer) error) error {
	return o.at(cmd.Context(), func(d desk) error {
		if err := d.ask(cmd.Context(), http.MethodGet, path, nil, into); err != nil {
			return err
		}
		return printed(cmd, o.output, into, show)
	})
}

// printed prints an answer as JSON, or as show does it.
func printed(cmd *cobra.Command, output string, answer any, show func(io.Writer) error) error {
	if output == "json" {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(answer)
	}
	out := &noticing{w: cmd.OutOrStdout()}
	if err := show(out); err != nil || out.some {
		return err
	}
	_, err := fmt.Fprintln(cmd.ErrOrStderr(), "There is nothing to list.")
	return err
}

// noticing notices whether anything is written: who reads an empty list cannot tell it from
// a command that did nothing, and who reads the output of a program wants it empty.
type noticing struct {
	w    io.Writer
	some bool
}

func (n *noticing) Write(p []byte) (int, error) {
	n.some = n.some || len(p) > 0
	return n.w.Write(p)
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

func readFileOrInput(cmd *cobra.Command, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(cmd.InOrStdin())
	}
	return os.ReadFile(name)
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

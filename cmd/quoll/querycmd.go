package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/query"
)

type queryOptions struct {
	data, file, format string
}

func (o *queryOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.data, "data", "quoll-data", "data directory")
	cmd.Flags().StringVarP(&o.file, "file", "f", "", "read the query from this file; - is standard input")
}

func queryCommand() *cobra.Command {
	var o queryOptions
	cmd := &cobra.Command{
		Use:   "query [KQL]",
		Short: "Ask a question in KQL",
		Long: `Query answers KQL over the tables of a data directory. When a server has the
directory open, the question goes to that server.

Results are cut at 500,000 rows or 64 MB, as in Kusto; a cut is said on
standard error.`,
		Example: `  quoll query --data ./q 'OfficeActivity | summarize n=count() by OfficeWorkload | top 5 by n'
  quoll query --data ./q --file hunt.kql --format csv > hunt.csv
  echo 'EmailEvents | take 3' | quoll query --file - --format json`,
		Args: someArguments("one query, in quotes", 0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := o.text(args, cmd.InOrStdin())
			if err != nil {
				return err
			}
			return runQuery(cmd.Context(), cmd.OutOrStdout(), o, text)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.format, "format", "table", strings.Join(formats, ", "))
	cmd.Flags().StringVarP(&o.format, "output", "o", "table", "the same as --format")
	return cmd
}

// maxQueryText bounds what is read from a file, in bytes.
const maxQueryText = 1 << 20

func (o *queryOptions) text(args []string, stdin io.Reader) (string, error) {
	if (len(args) == 1) == (o.file != "") {
		return "", usageError(errors.New("give the query as one argument in quotes, or a file with --file"))
	}
	if len(args) == 1 {
		return args[0], nil
	}
	in := stdin
	if o.file != "-" {
		f, err := os.Open(o.file)
		if err != nil {
			return "", fmt.Errorf("read query: %w", err)
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxQueryText+1))
	if err != nil {
		return "", fmt.Errorf("read query %s: %w", o.file, err)
	}
	if len(text) > maxQueryText {
		return "", fmt.Errorf("read query %s: longer than %d bytes", o.file, maxQueryText)
	}
	return string(text), nil
}

func runQuery(ctx context.Context, w io.Writer, o queryOptions, text string) error {
	result, err := ask(ctx, o.data, query.Request{Text: text})
	if err != nil {
		return queryError(err)
	}
	if err := writeResult(w, o.format, result); err != nil {
		return err
	}
	for _, table := range append([]*query.Result{result}, result.More...) {
		if table.Truncated {
			fmt.Fprintf(os.Stderr, "quoll: the result was cut at %d rows\n", len(table.Rows))
		}
	}
	return nil
}

// queryError makes a mistake in the text a usage error, with its place.
func queryError(err error) error {
	var mistakes *source.Error
	if errors.As(err, &mistakes) {
		return usageError(fmt.Errorf("the query has mistakes\n%w", mistakes))
	}
	return err
}

// ask answers a question over a data directory: here, or by the server that
// has it open.
func ask(ctx context.Context, data string, request query.Request) (result *query.Result, err error) {
	err = withNode(ctx, data, func(n *node) error {
		result, err = n.query.Query(ctx, request)
		return err
	})
	if errors.Is(err, journal.ErrLocked) {
		return askServer(ctx, data, request)
	}
	return result, err
}

// withNode opens an existing data directory, makes everything journalled
// visible, and closes it again.
func withNode(ctx context.Context, data string, use func(*node) error) (err error) {
	if err := hasData(data); err != nil {
		return err
	}
	p, err := dataPaths(data)
	if err != nil {
		return err
	}
	n, err := openNode(ctx, p, time.Hour, time.Hour, commandLog())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	if err := n.catchUp(ctx); err != nil {
		return err
	}
	return use(n)
}

func explainCommand() *cobra.Command {
	var o queryOptions
	cmd := &cobra.Command{
		Use:   "explain [KQL]",
		Short: "Show what each stage of the compiler makes of a query",
		Example: `  quoll explain --data ./q 'OfficeActivity | where Operation has "Inbox" | count'
  quoll explain --data ./q --file rule.kql`,
		Args: someArguments("one query, in quotes", 0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := o.text(args, cmd.InOrStdin())
			if err != nil {
				return err
			}
			return withNode(cmd.Context(), o.data, func(n *node) error {
				e, err := n.query.Explain(cmd.Context(), query.Request{Text: text})
				if err != nil {
					return queryError(err)
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "── tree\n%s\n── plan\n%s\n── SQL\n%s\n", e.Tree, e.Plan, e.SQL)
				return err
			})
		},
	}
	o.flags(cmd)
	return cmd
}

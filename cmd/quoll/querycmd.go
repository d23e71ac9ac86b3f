package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/query/format"
)

type queryOptions struct {
	archiveFlags         // data is the directory that is asked; archive, if it is given, is asked instead
	file, format, output string
	vertical, statistics bool
	parameters           []string
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
directory open, the question goes to that server. Without a query, on a
terminal, it asks for one after the other; .help says how.

Results are cut at 500,000 rows or 64 MB, as in Kusto; a cut is said on
standard error, and so is on a terminal what the query cost.

With --archive it asks an archive, or a copy of one, and needs no data directory: the
archive's folder and the verifier key are enough, on any machine, and nothing is restored.
What a query reads is copied out of its object when it is needed, and compared with the
log first. Rows that retention has removed from the tables since are there; rows of the
last day may not be, as the archive keeps the files of settled days, and standard error
says how many.

json and jsonl are the same: one object a row and line. In Parquet, dynamic is
JSON text and a timespan is a number of ticks of 100 ns.

The exit code is 1 when the query fails and 2 when it has mistakes.`,
		Example: `  quoll query --data ./q
  quoll query --data ./q 'OfficeActivity | summarize n=count() by OfficeWorkload | top 5 by n'
  quoll query --data ./q --file hunt.kql --format csv > hunt.csv
  quoll query --data ./q --file hunt.kql --output hunt.parquet
  quoll query --data ./q --file hunt.kql --parameter user=ann@contoso.com --parameter since=7d
  quoll query --archive /mnt/archive --key archive.pub 'OfficeActivity | where TimeGenerated between (datetime(2021-03-01) .. 7d) | count'
  echo 'EmailEvents | take 3' | quoll query --file - --format json`,
		Args: someArguments("one query, in quotes", 0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.settle(cmd.Flags().Changed("format")); err != nil {
				return usageError(err)
			}
			if len(args) == 0 && o.file == "" && isTerminal(cmd.InOrStdin()) {
				return interactive(cmd.Context(), o)
			}
			text, err := o.text(args, cmd.InOrStdin())
			if err != nil {
				return err
			}
			return runQuery(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), o, text)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.archive, "archive", "", "ask the data files in this archive instead: a folder, s3://bucket/prefix or az://account/container/prefix")
	cmd.Flags().StringVar(&o.key, "key", "", "file with the archive's verifier key (default: <data>/keys/archive.pub)")
	identityFlag(cmd, &o.identity)
	cmd.Flags().StringVar(&o.format, "format", "table", strings.Join(format.Names(), ", "))
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "write to this file, in the format that its name says; or one of the formats, as --format")
	cmd.Flags().BoolVar(&o.vertical, "vertical", false, "print a table one row after the other, a line a column")
	cmd.Flags().BoolVar(&o.statistics, "statistics", false, "say on standard error what the query cost, also where that is no terminal")
	cmd.Flags().StringArrayVarP(&o.parameters, "parameter", "p", nil, "value for declare query_parameters, as name=value; may be given several times")
	completeFormats(cmd)
	return cmd
}

// completeFormats lets a shell complete --format.
func completeFormats(cmd *cobra.Command) {
	err := cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(format.Names(), cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic("quoll: complete --format: " + err.Error()) // the flag is there
	}
}

// settle makes of --output a format or a file. -o json is what other commands
// of quoll take; a file of such a name is written as ./json.
func (o *queryOptions) settle(formatGiven bool) error {
	if format.Check(o.output) == nil {
		o.format, o.output = o.output, ""
	}
	if named := format.OfFile(o.output); named != "" && !formatGiven {
		o.format = named
	}
	return format.Check(o.format)
}

// values gives the values of --parameter by name.
func (o *queryOptions) values() (map[string]string, error) {
	values := map[string]string{}
	for _, given := range o.parameters {
		name, value, ok := strings.Cut(given, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, fmt.Errorf("the parameter %q has no name or no value: write it as name=value", given)
		}
		if _, twice := values[name]; twice {
			return nil, fmt.Errorf("the parameter %q is given twice", name)
		}
		values[name] = value
	}
	return values, nil
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

func runQuery(ctx context.Context, out, notes io.Writer, o queryOptions, text string) error {
	if (o.format == "parquet" || o.format == "xlsx") && o.output == "" && isTerminal(out) {
		return usageError(fmt.Errorf("a file of %s is not for a terminal: name one with --output", o.format))
	}
	parameters, err := o.values()
	if err != nil {
		return usageError(err)
	}
	request := query.Request{Text: text, Parameters: parameters}
	if o.archive != "" {
		return withArchive(ctx, o.archiveFlags, func(t *archivedTables, ask func(context.Context, query.Request) (*query.Result, error)) error {
			result, err := ask(ctx, request)
			return errors.Join(o.answer(out, notes, result, err), t.notes(notes))
		})
	}
	result, err := ask(ctx, o.data, request)
	return o.answer(out, notes, result, err)
}

// answer prints an answer, or the error instead.
func (o *queryOptions) answer(out, notes io.Writer, result *query.Result, err error) error {
	if err != nil {
		return queryError(err)
	}
	if err := o.write(out, result); err != nil {
		return err
	}
	return o.notes(notes, result)
}

// write prints a result, or writes it to the file of --output: whole, or not at
// all.
func (o *queryOptions) write(out io.Writer, result *query.Result) error {
	options := format.Options{Format: o.format, Vertical: o.vertical}
	if o.output == "" {
		options.Width = terminalWidth(out)
		return format.Write(out, result, options)
	}
	file, err := os.CreateTemp(filepath.Dir(o.output), filepath.Base(o.output)+".*.part")
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	err = errors.Join(format.Write(file, result, options), file.Chmod(0o644), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), o.output)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the result to %s: %w", o.output, err), os.Remove(file.Name()))
	}
	return nil
}

// notes says what is not in the result: that it was cut, and what it cost.
func (o *queryOptions) notes(w io.Writer, result *query.Result) error {
	var b strings.Builder
	for _, table := range append([]*query.Result{result}, result.More...) {
		if table.Truncated {
			fmt.Fprintf(&b, "quoll: the result was cut at %d rows: %s\n", len(table.Rows), table.PartialFailure)
		}
	}
	if o.statistics || isTerminal(w) {
		b.WriteString("quoll: " + statistics(result) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func statistics(result *query.Result) string {
	s := result.Statistics
	took := (s.Compile + s.Execute).Round(time.Millisecond / 10)
	text := fmt.Sprintf("%s in %s", count(len(result.Rows), "row"), took)
	if s.RowsScanned > 0 {
		text += fmt.Sprintf("; read %s of %s", count(int(s.RowsScanned), "row"), count(s.FilesRead, "file"))
		if s.FilesPruned > 0 {
			text += fmt.Sprintf(", passed over %d", s.FilesPruned)
		}
	}
	return text
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
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
	n, err := openNode(ctx, p, commandSettings(), commandLog())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	if err := n.catchUp(ctx); err != nil {
		return err
	}
	return use(n)
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/query"
)

type explainOptions struct {
	queryOptions
	tokens, tree, plan, sql bool
}

func explainCommand() *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use:   "explain [KQL]",
		Short: "Show what each stage of the compiler makes of a query",
		Long: `Explain shows a query after each stage of the compiler, without running it: its
tokens, its tree, its plan and the SQL; all of them when none is named. Of a
query with mistakes it shows the stages before them.

As nothing is run, the SQL has every part in its place. When the query runs, rows
that are only counted may be counted without the engine, and a side of few rows of
a join is computed before, so that the other is searched.`,
		Example: `  quoll explain --data ./q 'OfficeActivity | where Operation has "Inbox" | count'
  quoll explain --data ./q --file rule.kql --sql
  quoll explain --data ./q --file rule.kql -o json`,
		Args: someArguments("one query, in quotes", 0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := o.text(args, cmd.InOrStdin())
			if err != nil {
				return err
			}
			return inUse(withNode(cmd.Context(), o.data, func(n *node) error {
				explanation, failure := n.query.Explain(cmd.Context(), query.Request{Text: text})
				if explanation == nil {
					return queryError(failure)
				}
				err := o.print(cmd.OutOrStdout(), o.stages(text, explanation))
				return errors.Join(err, queryError(failure))
			}), o.data)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&o.tokens, "tokens", false, "show the tokens")
	cmd.Flags().BoolVar(&o.tree, "tree", false, "show the tree")
	cmd.Flags().BoolVar(&o.plan, "plan", false, "show the plan")
	cmd.Flags().BoolVar(&o.sql, "sql", false, "show the SQL")
	outputFlag(cmd, &o.output)
	return cmd
}

// stage is a query after one stage of the compiler.
type stage struct{ name, text string }

// stages gives what was asked for, and of a query with mistakes what there is.
func (o *explainOptions) stages(text string, e *query.Explanation) []stage {
	all := !o.tokens && !o.tree && !o.plan && !o.sql
	var stages []stage
	for _, s := range []struct {
		stage
		wanted bool
	}{
		{stage{"tokens", tokenLines(text, e)}, o.tokens}, {stage{"tree", e.Tree}, o.tree},
		{stage{"plan", e.Plan}, o.plan}, {stage{"SQL", e.SQL}, o.sql},
	} {
		if (all || s.wanted) && s.text != "" {
			stages = append(stages, s.stage)
		}
	}
	return stages
}

func tokenLines(text string, e *query.Explanation) string {
	src := source.New(text)
	var b strings.Builder
	for _, t := range e.Tokens {
		line, column := src.Position(t.Span.Start)
		fmt.Fprintf(&b, "%d:%d\t%s\t%s\n", line, column, t.Kind, strings.TrimSpace(fmt.Sprintf("%q", src.Slice(t.Span))))
	}
	return b.String()
}

func (o *explainOptions) print(w io.Writer, stages []stage) error {
	if o.output == "json" {
		object := map[string]string{}
		for _, s := range stages {
			object[strings.ToLower(s.name)] = s.text
		}
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(object)
	}
	for _, s := range stages {
		if len(stages) > 1 {
			fmt.Fprintf(w, "── %s\n", s.name)
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(s.text, "\n")); err != nil {
			return err
		}
	}
	return nil
}

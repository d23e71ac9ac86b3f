// Command conformance runs what others wrote in KQL and compares the results:
// published queries by the columns they give, documented examples by their
// rows.
//
//	go run ./conformance -corpus DIR [-data DIR] [-queries|-docs] [-page TEXT] [-report FILE] [-misses FILE]
//
// DIR holds queries.jsonl, kqldocs.jsonl and, if it likes, the schema that the
// queries were bound against. Nothing of it enters the project; what a report
// says of a case is its name and what was wrong.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/quoll/quoll/query/duckdb"
)

// present is what now() means over tables without rows.
var present = time.Date(2026, 9, 14, 12, 0, 0, 0, time.UTC)

type options struct {
	corpus, data, page   string
	queries, docs, quiet bool
	report, misses       string
}

func main() {
	var o options
	flag.StringVar(&o.corpus, "corpus", "", "folder with queries.jsonl and kqldocs.jsonl")
	flag.StringVar(&o.data, "data", "", "data directory of Quoll whose rows the queries run over; without it the tables are empty")
	flag.StringVar(&o.page, "page", "", "only cases whose name contains this text")
	flag.BoolVar(&o.queries, "queries", false, "only the published queries")
	flag.BoolVar(&o.docs, "docs", false, "only the documented examples")
	flag.BoolVar(&o.quiet, "q", false, "print the last line only")
	flag.StringVar(&o.report, "report", "", "write a line of JSON for each case to this file")
	flag.StringVar(&o.misses, "misses", "", "write the documented examples that differ, as a table in Markdown, to this file")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer, o options) error {
	if o.corpus == "" {
		return fmt.Errorf("no corpus: name its folder with -corpus")
	}
	if o.quiet {
		w = io.Discard
	}
	h := &harness{now: present, page: o.page, out: w}
	var cases []verdict
	if !o.docs {
		verdicts, err := h.queries(ctx, o.corpus, o.data)
		if err != nil {
			return err
		}
		cases = append(cases, verdicts...)
	}
	if !o.queries {
		verdicts, err := h.docs(ctx, o.corpus)
		if err != nil {
			return err
		}
		cases = append(cases, verdicts...)
	}
	if err := writeReport(o.report, cases); err != nil {
		return err
	}
	if err := writeMisses(o.misses, cases); err != nil {
		return err
	}
	fmt.Println(summary(cases))
	return nil
}

// harness runs cases.
type harness struct {
	now  time.Time
	page string
	out  io.Writer
}

func openEngine(ctx context.Context, dir string, source duckdb.Source) (*duckdb.Engine, error) {
	config := duckdb.DefaultConfig()
	config.Dir = dir
	return duckdb.Open(ctx, config, source, slog.New(slog.DiscardHandler))
}

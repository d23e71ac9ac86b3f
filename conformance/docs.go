package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/query"
)

// docs runs the documented examples, which bring their own rows.
func (h *harness) docs(ctx context.Context, corpus string) (verdicts []verdict, err error) {
	examples, err := readExamples(filepath.Join(corpus, "kqldocs.jsonl"))
	if err != nil {
		return nil, err
	}
	none := &tables{}
	engine, err := openEngine(ctx, "", none)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	compile := func(text string, options bind.Options) (*plan.Statement, error) {
		return kql.CompileWith(text, none, options)
	}
	service := query.NewService(compile, engine, func() time.Time { return h.now })
	for _, e := range examples {
		if !strings.Contains(e.Page, h.page) {
			continue
		}
		v := verdict{Kind: kindDocs, Name: fmt.Sprintf("%s:%d", e.Page, e.Line), Flags: strings.Join(e.Flags, " ")}
		if v.Aside = judged[v.Name]; v.Aside == "" && e.has("nondeterministic") {
			v.Aside = random
		}
		if v.Aside != "" {
			v.Kind = kindAside
		}
		if parts[v.Name] {
			e.Flags = append(e.Flags, "truncated")
		}
		if e.has("truncated") {
			e.Rows = slices.DeleteFunc(e.Rows, isEllipsis)
		}
		result, err := service.Query(ctx, query.Request{Text: e.text(h.now), Limits: query.Limits{Time: 30 * time.Second}})
		if err != nil {
			v.Why = explain(err)
		} else {
			v.Why = e.judge(result)
		}
		v.Rows = len(e.Rows)
		if v.OK = v.Why == ""; v.OK {
			v.RowsEqual = v.Rows
		} else if result != nil {
			v.RowsEqual = countEqual(result.Rows, e.Rows)
		}
		if !v.OK {
			fmt.Fprintf(h.out, "== %s %v\n%s\n%s\n\n", v.Name, e.Flags, e.Query, v.Why)
		}
		verdicts = append(verdicts, v)
	}
	return verdicts, nil
}

// judge says what differs, or nothing. Columns must be those that Microsoft's
// binder gives; where the page prints other names than that, the binder is
// right. Rows are compared by value. What a page itself calls random is
// compared by its columns, and must have rows.
func (e *example) judge(result *query.Result) string {
	columns := make([]string, len(result.Columns))
	for i, c := range result.Columns {
		columns[i] = c.Name + ":" + c.Type.String()
	}
	if e.Parser == "binds" && len(e.ResultColumns) > 0 && !slices.Equal(columns, e.ResultColumns) {
		return "columns differ\n  " + strings.Join(columns, ", ") + "\nnot\n  " + strings.Join(e.ResultColumns, ", ")
	}
	want := e.Rows
	if cells := len(columns); len(want) > 0 && len(want[0]) > cells && !e.has("truncated") {
		want = firstCells(want, cells) // a page with fewer columns than the query gives, or more
	}
	if e.has("column-count-differs") && len(want) > 0 && len(want[0]) < len(columns) {
		result = firstColumns(result, len(want[0]))
	}
	if e.has("nondeterministic") && len(result.Rows) > 0 {
		return ""
	}
	if e.has("truncated") && countEqual(result.Rows, want) == len(want) {
		return "" // the rows that the page prints are there
	}
	if len(result.Rows) != len(want) {
		return fmt.Sprintf("%d rows, not %d\n%s", len(result.Rows), len(want), printed(result.Rows, want))
	}
	if sameRows(result, want, e.Ordered && ordering.MatchString(e.Query)) {
		return ""
	}
	return "rows differ\n" + printed(result.Rows, want)
}

// isEllipsis reports whether a printed row says that there are more.
func isEllipsis(row []string) bool {
	return !slices.ContainsFunc(row, func(cell string) bool { return strings.Trim(cell, ".… ") != "" })
}

// ordering are the operators that promise an order of rows; without one of
// them a page prints rows as they came.
var ordering = regexp.MustCompile(`\b(?:sort|order|top\s|serialize|scan|row_\w+|prev|next)`)

func firstColumns(result *query.Result, n int) *query.Result {
	cut := *result
	cut.Rows = make([][]any, len(result.Rows))
	for i, row := range result.Rows {
		cut.Rows[i] = row[:n]
	}
	return &cut
}

func firstCells(rows [][]string, n int) [][]string {
	cut := make([][]string, len(rows))
	for i, row := range rows {
		cut[i] = row[max(len(row)-n, 0):]
	}
	return cut
}

// printed shows both sides.
func printed(got [][]any, want [][]string) string {
	var b strings.Builder
	b.WriteString("got\n")
	for i, row := range got {
		if i == 40 {
			b.WriteString("  …\n")
			break
		}
		cells := make([]string, len(row))
		for j, cell := range row {
			cells[j] = cellText(cell)
		}
		b.WriteString("  " + strings.Join(cells, " | ") + "\n")
	}
	b.WriteString("want\n")
	for _, row := range want {
		b.WriteString("  " + strings.Join(row, " | ") + "\n")
	}
	return b.String()
}

// sameRows compares rows in order, or, when the example promises no order, as
// sets: each wanted row must have a row of its own.
func sameRows(result *query.Result, want [][]string, ordered bool) bool {
	if inOrder(result.Rows, want) {
		return true
	}
	if ordered || len(result.Rows) != len(want) {
		return false
	}
	left := slices.Clone(result.Rows)
	for _, row := range want {
		i := slices.IndexFunc(left, func(have []any) bool { return sameRow(have, row) })
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return true
}

// countEqual counts the wanted rows that are there.
func countEqual(got [][]any, want [][]string) (n int) {
	left := slices.Clone(got)
	for _, row := range want {
		if i := slices.IndexFunc(left, func(have []any) bool { return sameRow(have, row) }); i >= 0 {
			left = slices.Delete(left, i, i+1)
			n++
		}
	}
	return n
}

func inOrder(got [][]any, want [][]string) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range want {
		if !sameRow(got[i], want[i]) {
			return false
		}
	}
	return true
}

func sameRow(got []any, want []string) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		if !sameCell(got[i], want[i]) {
			return false
		}
	}
	return true
}

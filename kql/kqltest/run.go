package kqltest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
)

// run runs the queries of a script in order. With -update it changes their
// expectations to what happened.
func (s *script) run(t *testing.T, engine Engine) {
	var tables []Table
	for i := range s.steps {
		step := &s.steps[i]
		if step.table != nil {
			tables = append(tables, *step.table)
			continue
		}
		name := step.query.title
		if name == "" {
			name = fmt.Sprintf("line %d", step.line)
		}
		t.Run(name, func(t *testing.T) { step.query.run(t, engine, tables) })
	}
}

func (q *testCase) run(t *testing.T, engine Engine, tables []Table) {
	checkRoundTrip(t, q.text)
	declined := false
	probe := func(part *plan.Statement) ([][]any, error) {
		rows, _, err := engine.Run(t.Context(), part, tables)
		declined = declined || errors.Is(err, ErrNotComputed)
		return rows, err
	}
	statement, err := kql.CompileWith(q.text, catalog{tables}, bind.Options{Now: Now, Probe: probe})
	if declined {
		return
	}
	if err != nil {
		q.checkError(t, err)
		return
	}
	if q.err != nil && !*update {
		t.Errorf("no error; want\n%s", *q.err)
	}
	q.err = nil
	q.plan = expect(t, "plan", q.plan, statement.String())
	rows, text, err := engine.Run(t.Context(), statement, tables)
	if errors.Is(err, ErrNotComputed) {
		return
	}
	if text != "" {
		q.sql = expect(t, "sql", q.sql, text+"\n")
	}
	if err != nil {
		t.Errorf("the engine failed: %v\nplan:\n%ssql:\n%s", err, statement, text)
		return
	}
	if err := q.checkRows(t, statement, rows); err != nil {
		t.Error(err)
	}
}

// checkRoundTrip demands that the printed text of a tree parses to that tree.
func checkRoundTrip(t *testing.T, text string) {
	t.Helper()
	src := source.New(text)
	tree := syntax.Parse(src)
	if src.Err() != nil {
		return
	}
	printed := syntax.Print(tree)
	again := source.New(printed)
	copied := syntax.Parse(again)
	if err := again.Err(); err != nil {
		t.Errorf("the printed query does not parse: %v\n%s", err, printed)
		return
	}
	if got, want := syntax.Dump(copied), syntax.Dump(tree); got != want {
		t.Errorf("the printed query means something else:\n%s\ngot\n%s\nwant\n%s", printed, got, want)
	}
}

func (q *testCase) checkError(t *testing.T, err error) {
	t.Helper()
	text := err.Error() + "\n"
	if q.err == nil && !*update {
		t.Errorf("%v", err)
		return
	}
	q.plan, q.sql, q.rows, q.unordered = nil, nil, nil, false
	if *update {
		q.err = &text
		return
	}
	q.err = expect(t, "error", q.err, text)
}

// expect compares a section, if there is one, and returns it, renewed with
// -update.
func expect(t *testing.T, name string, want *string, got string) *string {
	t.Helper()
	if want == nil {
		return nil
	}
	if *update {
		return &got
	}
	if strings.TrimRight(*want, "\n") != strings.TrimRight(got, "\n") {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, *want)
	}
	return want
}

func (q *testCase) checkRows(t *testing.T, statement *plan.Statement, rows [][]any) error {
	t.Helper()
	columns := make([]Column, len(statement.Output))
	for i, o := range statement.Output {
		columns[i] = Column{Name: o.Name, Type: o.Column.Type}
	}
	if *update {
		if q.rows == nil {
			q.unordered = len(rows) > 1 && len(statement.Order) == 0
		}
		text := formatRows(columns, rows, true)
		if q.unordered {
			text = sortedRows(text)
		}
		q.rows = &text
		return nil
	}
	if q.rows == nil {
		return nil
	}
	lines := contentLines(*q.rows)
	if len(lines) == 0 {
		return fmt.Errorf("the section rows has no line with columns")
	}
	typed := strings.Contains(lines[0], ":")
	var expected [][]any
	for _, line := range lines[1:] {
		row, err := parseRow(line, columns)
		if err != nil {
			return err
		}
		expected = append(expected, row)
	}
	header := strings.Join(splitCells(lines[0]), "  ") + "\n"
	got := formatRows(columns, rows, typed)
	want := header + strings.TrimPrefix(formatRows(columns, expected, typed), firstLine(formatRows(columns, expected, typed)))
	if q.unordered {
		got, want = sortedRows(got), sortedRows(want)
	}
	if normalSpace(got) != normalSpace(want) {
		return fmt.Errorf("rows: got\n%s\nwant\n%s", got, want)
	}
	return nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line + "\n"
}

// sortedRows sorts all lines but the first.
func sortedRows(text string) string {
	lines := strings.SplitAfter(text, "\n")
	slices.Sort(lines[1 : len(lines)-1])
	return strings.Join(lines, "")
}

// normalSpace makes tables equal that differ in the width of columns only.
func normalSpace(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.Join(splitCells(strings.TrimRight(line, " ")), "\t")
	}
	return strings.Join(lines, "\n")
}

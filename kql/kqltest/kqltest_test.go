package kqltest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

func TestScriptsKeepTheirForm(t *testing.T) {
	names, err := Names(Scripts)
	if err != nil || len(names) == 0 {
		t.Fatalf("%d scripts, %v", len(names), err)
	}
	for _, name := range names {
		data, err := Scripts.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := parseScript(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := string(txtar.Format(s.archive())); got != string(data) {
			t.Errorf("%s: writing it back without a change changes it:\n%s", name, got)
		}
	}
}

func TestBadScriptsAreRefused(t *testing.T) {
	for script, want := range map[string]string{
		"-- rows --\na\n":                            "stands behind no query",
		"-- table --\na:long\n":                      "a table needs a name",
		"-- table T --\n":                            "has no line with columns",
		"-- table T --\na\n1\n":                      "needs a type",
		"-- table T --\na:long  b:long\n1\n":         "has 1 cells for 2 columns",
		"-- table T --\na:long\nx\n":                 `"x" is no long`,
		"-- table T --\na:string\nnull\n":            "a string is never null",
		"-- query --\nT\n-- result --\n":             `unknown section "result"`,
		"comment\n-- query --\nT\n-- rows of T --\n": "line 4: unknown section",
	} {
		_, err := parseScript([]byte(script))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %s", script, err, want)
		}
	}
}

func FuzzCells(f *testing.F) {
	for _, s := range []string{"", "a", "a  b", "null", `"x"`, "a\tb\nc", " a", `\`, `"`, "-- rows --", "é"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			return
		}
		columns := []Column{{Name: "a", Type: types.String}, {Name: "b", Type: types.String}}
		text := formatRows(columns, [][]any{{a, b}}, true)
		lines := contentLines(text)
		if len(lines) != 2 {
			t.Fatalf("%q has %d lines", text, len(lines))
		}
		row, err := parseRow(lines[1], columns)
		if err != nil || row[0] != a || row[1] != b {
			t.Errorf("%q, %q is written as %q and read as %q, %v", a, b, text, row, err)
		}
	})
}

// echo is an engine that gives the same rows for every statement.
type echo struct{ rows [][]any }

func (e echo) Run(context.Context, *plan.Statement, []Table) ([][]any, string, error) {
	return e.rows, "SELECT", nil
}

func TestUpdateWritesWhatHappened(t *testing.T) {
	const before = "a comment\n-- table T --\na:long\n1\n-- query --\nT\n-- query --\nT | where b\n-- rows --\nold\n"
	const after = "a comment\n-- table T --\na:long\n1\n-- query --\nT\n-- rows --\na:long\n7\n-- query --\nT | where b\n" +
		"-- error --\nno column \"b\" in table T; columns are a at line 1, column 11:\nT | where b\n          ~\n"
	dir := t.TempDir()
	*update = true
	defer func() { *update = false }()
	RunFS(t, echo{[][]any{{int64(7)}}}, fstest.MapFS{"x.kqlt": {Data: []byte(before)}}, dir)
	got, err := os.ReadFile(filepath.Join(dir, "x.kqlt"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != after {
		t.Errorf("got\n%s\nwant\n%s", got, after)
	}
}

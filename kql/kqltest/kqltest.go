// Package kqltest runs the language's scripts against an engine. The scripts
// are the meaning of KQL as text: any engine that claims to run plans can be
// held to them.
//
// A script is a .kqlt file in txtar form: a comment, then sections.
//
//	extend replaces an existing column; a null differs from every value
//	-- table T --
//	y:long  name:string
//	1       a
//	null    ""
//	-- query a title that may be absent --
//	T | extend y = y + 10 | where y != 11
//	-- plan --
//	scan T [y name]
//	…
//	-- sql --
//	SELECT …
//	-- rows --
//	y:long  name:string
//	null    ""
//	-- query --
//	T | where z == 1
//	-- error --
//	no column …
//
// A table stays for all later queries of the file. Its first line names the
// columns with their types; values stand below, cells two or more spaces (or a
// tab) apart. A text is bare where that is unambiguous, else in double quotes
// as in JSON; "" is the empty text, null is null. A column
// quoll_ingestion_time:datetime is what ingestion_time() gives, and is not
// among the table's columns. The columns TimeGenerated and Timestamp are each
// other's alias when only the former is there.
//
// Behind a query stand what is expected of it, each section only if it is of
// interest: plan, sql, rows, `rows unordered`, error. The header of rows may
// leave the types out. Every query is compiled and run in any case, the text
// that the printer makes of it must parse to the same tree, and an error of the
// engine always fails. now() is Now.
//
// `go test -update` writes the sections anew, all but tables and queries; a
// query without sections gets its rows or its error.
//
// It knows the compiler's stages and no engine.
package kqltest

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// Now is the time that now() and ago() mean in scripts.
var Now = time.Date(2026, 9, 14, 12, 0, 0, 0, time.UTC)

// Scripts holds the scripts of the language.
//
//go:embed testdata/*.kqlt
var Scripts embed.FS

var update = flag.Bool("update", false, "rewrite the expectations in .kqlt scripts")

// Table is a table that a script declares.
type Table struct {
	Name    string
	Columns []Column // the hidden quoll_ingestion_time too
	// Rows holds cells as query results have them, except that dynamic is a
	// string of JSON: nil, string, int32, int64, float64, bool, time.Time,
	// types.Ticks.
	Rows [][]any
}

// Column is a column of a Table.
type Column struct {
	Name string
	Type types.Type
}

// ErrNotComputed is what an engine says of a plan that is beyond it. An engine may
// do a part of the language; a case that it declines says nothing of it.
var ErrNotComputed = errors.New("the engine does not compute this")

// Engine runs plans over tables.
type Engine interface {
	// Run returns the rows of a statement and the text in the engine's own
	// language that it ran, which is compared with the section sql; an engine whose
	// language is not SQL gives none. Cells are as in package query: dynamic is
	// json.RawMessage, decimal is a string of digits.
	Run(ctx context.Context, statement *plan.Statement, tables []Table) (rows [][]any, text string, err error)
}

// Run runs every script of the language against an engine.
func Run(t *testing.T, engine Engine) {
	t.Helper()
	RunFS(t, engine, Scripts, sourceDir())
}

// RunFS runs every .kqlt file of a file system. dir is where -update finds the
// files on the disk.
func RunFS(t *testing.T, engine Engine, files fs.FS, dir string) {
	t.Helper()
	names, err := Names(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".kqlt"), func(t *testing.T) {
			data, err := fs.ReadFile(files, name)
			if err != nil {
				t.Fatal(err)
			}
			s, err := parseScript(data)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			s.run(t, engine)
			if *update {
				writeScript(t, filepath.Join(dir, name), s)
			}
		})
	}
}

// Names returns the paths of the scripts in a file system.
func Names(files fs.FS) ([]string, error) {
	var names []string
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".kqlt") {
			names = append(names, path)
		}
		return err
	})
	return names, err
}

// Queries returns the text of every query in the scripts, to seed fuzzers.
func Queries() ([]string, error) {
	names, err := Names(Scripts)
	if err != nil {
		return nil, err
	}
	var queries []string
	for _, name := range names {
		data, err := Scripts.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for _, file := range txtar.Parse(data).Files {
			if file.Name == "query" || strings.HasPrefix(file.Name, "query ") {
				queries = append(queries, string(file.Data))
			}
		}
	}
	return queries, nil
}

// Published returns the text of every query in the queries.jsonl of a folder that
// others keep, to seed fuzzers; nothing without a folder.
func Published(dir string) ([]string, error) {
	if dir == "" {
		return nil, nil
	}
	text, err := os.ReadFile(filepath.Join(dir, "queries.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("read published queries: %w", err)
	}
	var queries []string
	for line := range strings.Lines(string(text)) {
		var published struct{ Query string }
		if err := json.Unmarshal([]byte(line), &published); err != nil {
			return nil, fmt.Errorf("read published queries, line %d: %w", len(queries)+1, err)
		}
		queries = append(queries, published.Query)
	}
	return queries, nil
}

func sourceDir() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}

func writeScript(t *testing.T, path string, s *script) {
	t.Helper()
	if err := os.WriteFile(path, txtar.Format(s.archive()), 0o644); err != nil {
		t.Fatal(err)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/query/duckdb"
)

// The kinds of case.
const (
	kindQuery = "query" // self-contained, and Microsoft's parser binds it
	kindOther = "other" // lacks a table or a watchlist, which is then declared empty
	kindDocs  = "docs"
)

// verdict is what came of one case.
type verdict struct {
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	Place string `json:"place,omitempty"`
	OK    bool   `json:"ok"`
	Aside string `json:"aside,omitempty"` // why it is not counted
	Why   string `json:"why,omitempty"`
	Flags string `json:"flags,omitempty"`
	// Rows are the documented rows, RowsEqual those of them that the query gave.
	Rows      int `json:"rows,omitempty"`
	RowsEqual int `json:"rowsEqual,omitempty"`
	// Given are the rows that a published query gave, Unfiltered those that it gives
	// when its conditions let every row through; -1 is too many to compute.
	Given      int `json:"given,omitempty"`
	Unfiltered int `json:"unfiltered,omitempty"`
	// Compile is how long compiling took, in milliseconds.
	Compile float64 `json:"compileMs,omitempty"`
	// Columns are those of the result, and Declared the tables that the query
	// lacked, as they were declared: what another binder needs to say the same.
	Columns  []string            `json:"columns,omitempty"`
	Declared map[string][]string `json:"declared,omitempty"`
}

// queries runs the published queries.
func (h *harness) queries(ctx context.Context, corpus, data string) (verdicts []verdict, err error) {
	examples, err := readExamples(filepath.Join(corpus, "queries.jsonl"))
	if err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "conformance-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	tables, err := openTables(ctx, corpus, data, work)
	if err != nil {
		return nil, err
	}
	engine, err := openEngine(ctx, work, tables)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	if !tables.latest.IsZero() {
		h.now = tables.latest
	}
	for _, name := range slices.Sorted(maps.Keys(tables.rows)) {
		fmt.Fprintf(h.out, "%s has %d rows\n", name, tables.rows[name])
	}
	for _, e := range examples {
		name := e.ID + " " + e.Path
		if e.Parser != "binds" || !strings.Contains(name, h.page) {
			continue
		}
		v := verdict{Kind: kindQuery, Name: e.ID, Place: e.Source + ": " + e.Path}
		catalog := tables
		if !e.SelfContained && beyond.MatchString(e.Query) {
			continue
		}
		if !e.SelfContained {
			v.Kind = kindOther
			catalog = tables.withEmpty(e.Tables)
			catalog.declare(e.text(h.now), types.String, h.now)
		}
		h.judgeQuery(ctx, &v, e, catalog, engine)
		if v.Kind == kindOther && !v.OK {
			catalog = tables.withEmpty(e.Tables)
			catalog.declare(e.text(h.now), types.Dynamic, h.now)
			h.judgeQuery(ctx, &v, e, catalog, engine)
		}
		v.Declared = catalog.declared()
		if !v.OK {
			fmt.Fprintf(h.out, "== %s %s\n%s\n", v.Kind, name, v.Why)
		}
		verdicts = append(verdicts, v)
	}
	return verdicts, nil
}

func (h *harness) judgeQuery(ctx context.Context, v *verdict, e example, catalog *tables, engine query.Engine) {
	result, err := h.ask(ctx, e, catalog, engine, 30*time.Second, func(*plan.Statement) {})
	if err != nil {
		v.Why = explain(err)
		return
	}
	v.Given, v.Compile = len(result.Rows), float64(result.Statistics.Compile)/float64(time.Millisecond)
	answer := result
	if n := len(result.More); n > 0 {
		answer = result.More[n-1] // Microsoft's binder says the type of the last
	}
	columns := make([]string, len(answer.Columns))
	for i, c := range answer.Columns {
		columns[i] = c.Name + ":" + c.Type.String()
	}
	v.Columns = columns
	// The corpus cannot know the columns of tables that it lacks.
	if v.OK = v.Kind == kindOther || sameColumns(columns, e.ResultColumns, openPlugin.MatchString(e.Query)); !v.OK {
		v.Why = "columns are\n  " + strings.Join(columns, ", ") + "\nnot\n  " + strings.Join(e.ResultColumns, ", ")
		return
	}
	h.judgeUnfiltered(ctx, v, e, catalog, engine)
}

// judgeUnfiltered runs a query over all rows of its tables: whatever their values
// are, no expression of it may make the engine fail.
func (h *harness) judgeUnfiltered(ctx context.Context, v *verdict, e example, catalog *tables, engine query.Engine) {
	if len(catalog.rows) == 0 {
		return
	}
	result, err := h.ask(ctx, e, catalog, engine, 10*time.Second, unfiltered)
	switch {
	case err == nil:
		v.Unfiltered = len(result.Rows)
	case errors.Is(err, query.ErrTimeLimit), errors.Is(err, duckdb.ErrMemory):
		v.Unfiltered = -1
	default:
		v.OK, v.Why = false, "over all rows, without its conditions, it "+explain(err)
	}
}

// ask runs a query for at most as long as limit, its plan changed.
func (h *harness) ask(ctx context.Context, e example, catalog *tables, engine query.Engine, limit time.Duration, change func(*plan.Statement)) (*query.Result, error) {
	compile := func(text string, asked bind.Options) (*plan.Statement, error) {
		options := catalog.options(asked.Now)
		options.Probe = asked.Probe
		statement, err := kql.CompileWith(text, catalog, options)
		if err == nil {
			change(statement)
		}
		return statement, err
	}
	service := query.NewService(compile, engine, func() time.Time { return h.now })
	return service.Query(ctx, query.Request{Text: e.text(h.now), Limits: query.Limits{Time: limit}})
}

// openPlugin are the plugins whose columns only the data knows.
var openPlugin = regexp.MustCompile(`evaluate\s+(bag_unpack|pivot)\b`)

// sameColumns compares columns. The type "unknown" is that of a column which
// Microsoft's binder expects in the data, in the order in which the query names
// them; where it does, the data decides the order, and may have further ones.
func sameColumns(got, want []string, open bool) bool {
	if open {
		for _, w := range want {
			if name, isUnknown := strings.CutSuffix(w, ":unknown"); isUnknown {
				i := slices.IndexFunc(got, func(g string) bool { return strings.HasPrefix(g, name+":") })
				if i < 0 {
					return false
				}
				got = slices.Delete(slices.Clone(got), i, i+1)
			}
		}
		want = slices.DeleteFunc(slices.Clone(want), func(w string) bool { return strings.HasSuffix(w, ":unknown") })
	}
	for len(got) > 0 && len(want) > 0 {
		name, isUnknown := strings.CutSuffix(want[0], ":unknown")
		switch {
		case got[0] == want[0], isUnknown && strings.HasPrefix(got[0], name+":"):
			got, want = got[1:], want[1:]
		case open:
			got = got[1:]
		default:
			return false
		}
	}
	return len(want) == 0 && (open || len(got) == 0)
}

// explain puts an error on few lines.
func explain(err error) string {
	var mistakes *source.Error
	if errors.As(err, &mistakes) {
		return "refused: " + strings.TrimSpace(mistakes.Error())
	}
	return "failed: " + err.Error()
}

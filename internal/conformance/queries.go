package main

import (
	"context"
	"errors"
	"fmt"
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
			catalog.declare(e.text(), types.String, h.now)
		}
		h.judgeQuery(ctx, &v, e, catalog, engine)
		if v.Kind == kindOther && !v.OK {
			catalog = tables.withEmpty(e.Tables)
			catalog.declare(e.text(), types.Dynamic, h.now)
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
	compile := func(text string, asked bind.Options) (*plan.Statement, error) {
		options := catalog.options(asked.Now)
		options.Probe = asked.Probe
		return kql.CompileWith(text, catalog, options)
	}
	now, err := catalog.latest, error(nil)
	if now.IsZero() {
		now = h.now
	}
	service := query.NewService(compile, engine, func() time.Time { return now })
	result, err := service.Query(ctx, query.Request{Text: e.text(), Limits: query.Limits{Time: 30 * time.Second}})
	if err != nil {
		v.Why = explain(err)
		return
	}
	v.Compile = float64(result.Statistics.Compile) / float64(time.Millisecond)
	columns := make([]string, len(result.Columns))
	for i, c := range result.Columns {
		columns[i] = c.Name + ":" + c.Type.String()
	}
	v.Columns = columns
	if v.Kind == kindOther {
		v.OK = true // the corpus cannot know the columns of tables it lacks
		return
	}
	if v.OK = sameColumns(columns, e.ResultColumns, openPlugin.MatchString(e.Query)); !v.OK {
		v.Why = "columns are\n  " + strings.Join(columns, ", ") + "\nnot\n  " + strings.Join(e.ResultColumns, ", ")
	}
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

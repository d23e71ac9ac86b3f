package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quoll/quoll/server"
)

// piecemeal answers with numbered rows, in batches that it uses again, or whole.
type piecemeal struct {
	rows  int
	whole bool
	fails error // after the last row
	cell  any   // in the last row, when it is set
	void  int   // rows that come before the others, and are void
}

func (p piecemeal) Query(_ context.Context, q server.QueryRequest) (*server.QueryResult, error) {
	result := &server.QueryResult{
		Columns:       []server.ResultColumn{{Name: "N", Type: "long"}, {Name: "Text", Type: "string"}},
		Visualization: &server.Visualization{Kind: "table"}, Statistics: server.Statistics{ElapsedMilliseconds: 1, Truncated: true},
	}
	batch := make([][]any, 0, 100)
	for range p.void {
		if err := q.Each(result.Columns, [][]any{{int64(-1), strings.Repeat("void", 30)}}); err != nil {
			return nil, err
		}
	}
	if p.void > 0 {
		if err := q.Again(); err != nil {
			return nil, err
		}
	}
	for i := range p.rows {
		row := []any{int64(i), fmt.Sprintf("row \"%d\" %s", i, strings.Repeat("x", 100))}
		if p.cell != nil && i == p.rows-1 {
			row[1] = p.cell
		}
		if p.whole {
			result.Rows = append(result.Rows, row)
			continue
		}
		if batch = append(batch, row); len(batch) == cap(batch) || i == p.rows-1 {
			if err := q.Each(result.Columns, batch); err != nil {
				return nil, err
			}
			clear(batch)
			batch = batch[:0]
		}
	}
	return result, p.fails
}

func TestAnAnswerInBatchesIsTheWholeOne(t *testing.T) {
	for _, rows := range []int{0, 1, 100, 101, 12_000} { // the last are 1.5 MB
		dir := filepath.Join(t.TempDir(), "spool")
		of := func(p piecemeal) string {
			s := newServer(t, func(_ *server.Config, o *server.Options) { o.Services.Querier, o.Spool = p, dir })
			w := call(s, "POST", "/api/v1/query", `{"query":"T"}`)
			if w.Code != 200 {
				t.Fatalf("%d rows: status %d: %s", rows, w.Code, w.Body)
			}
			return w.Body.String()
		}
		whole, batched := of(piecemeal{rows: rows, whole: true}), of(piecemeal{rows: rows})
		if _, err := os.ReadDir(dir); !errors.Is(err, os.ErrNotExist) != (rows == 12_000) {
			t.Errorf("%d rows: a file was made: %v", rows, err)
		}
		if whole != batched {
			t.Errorf("%d rows: %.200s\nwant %.200s", rows, batched, whole)
		}
		for _, void := range []int{1, 12_000} {
			if anew := of(piecemeal{rows: rows, void: void}); anew != whole {
				t.Errorf("%d rows after %d void ones: %.200s\nwant %.200s", rows, void, anew, whole)
			}
		}
		var read struct {
			Rows       [][]any
			Statistics struct{ RowsReturned int }
		}
		if err := json.Unmarshal([]byte(batched), &read); err != nil || len(read.Rows) != rows || read.Statistics.RowsReturned != rows {
			t.Errorf("%d rows: read %d and %+v, error %v", rows, len(read.Rows), read.Statistics, err)
		}
		left, _ := os.ReadDir(dir) // there is none where nothing was kept
		if len(left) > 0 {
			t.Errorf("%d rows: %s is left", rows, left[0].Name())
		}
	}
}

func TestAnAnswerThatFailsLateIsAnErrorAlone(t *testing.T) {
	for name, p := range map[string]piecemeal{
		"engine": {rows: 12_000, fails: &server.Failure{Code: server.CodeTimeout, Message: "too long"}},
		"cell":   {rows: 12_000, cell: struct{}{}},
	} {
		s := newServer(t, func(_ *server.Config, o *server.Options) { o.Services.Querier, o.Spool = p, t.TempDir() })
		w := call(s, "POST", "/api/v1/query", `{"query":"T"}`)
		if code := errorCode(t, w); w.Code < 500 || (name == "engine") != (code == server.CodeTimeout) {
			t.Errorf("%s: status %d, code %s", name, w.Code, code)
		}
	}
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, func(_ *server.Config, o *server.Options) {
		o.Services.Querier, o.Spool = piecemeal{rows: 12_000}, blocked
	})
	if w := call(s, "POST", "/api/v1/query", `{"query":"T"}`); w.Code != 500 {
		t.Errorf("without a folder for it: status %d", w.Code)
	}
}

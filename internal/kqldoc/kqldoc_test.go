package kqldoc

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/kqltest"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/reference"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/query/duckdb"
)

func TestDocumentIsWhatTheTablesSay(t *testing.T) {
	config := duckdb.DefaultConfig()
	config.Threads = 1 // rows without an order come as they do in one thread
	engine, err := duckdb.Open(t.Context(), config, nil, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	}()
	document, err := reference.Markdown(func(e reference.Entry) (string, error) {
		options := query.RunOptions{Limits: query.DefaultLimits()}
		probe := func(part *plan.Statement) ([][]any, error) {
			execution, err := engine.Run(t.Context(), part, options)
			if err != nil {
				return nil, err
			}
			return execution.Rows, nil
		}
		statement, err := e.Compile(bind.Options{Now: kqltest.Now, Probe: probe})
		if err != nil {
			return "", err
		}
		execution, err := engine.Run(t.Context(), statement, options)
		if err != nil {
			return "", err
		}
		return kqltest.Format(statement, execution.Rows), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "docs", "kql.md")
	if kqltest.Updating() {
		if err := os.WriteFile(path, []byte(document), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != document {
		t.Error("docs/kql.md is not what the tables say; write it anew with make docs, and review the difference")
	}
}

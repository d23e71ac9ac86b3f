package main

import (
	"context"
	"fmt"
	"io"

	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/query/format"
	"github.com/quoll/quoll/server"
)

// exporter writes results as files.
type exporter struct{}

// Export implements server.Exporter.
func (exporter) Export(_ context.Context, w io.Writer, name string, result *server.QueryResult) error {
	if name == "parquet" && len(result.More) > 0 {
		return &server.Failure{Code: server.CodeBadRequest, Message: "the query gives several tables, and a Parquet file holds one: take Excel, or ask for one table"}
	}
	table, err := queryTable(result)
	if err != nil {
		return err
	}
	return format.Write(w, table, format.Options{Format: name})
}

// queryTable is a result as the query package has it.
func queryTable(r *server.QueryResult) (*query.Result, error) {
	table := &query.Result{Name: r.Name, Rows: r.Rows}
	for _, c := range r.Columns {
		t, ok := types.ParseType(c.Type)
		if !ok {
			return nil, fmt.Errorf("export column %s: no type %q", c.Name, c.Type)
		}
		table.Columns = append(table.Columns, query.Column{Name: c.Name, Type: t})
	}
	for _, further := range r.More {
		more, err := queryTable(further)
		if err != nil {
			return nil, err
		}
		table.More = append(table.More, more)
	}
	return table, nil
}

// auditedExporter writes down who takes results away. What was asked is a row of
// LAQueryLogs already.
type auditedExporter struct {
	server.Exporter
	acts *acts
}

// Export implements server.Exporter. What cannot be written down is not given.
func (e auditedExporter) Export(ctx context.Context, w io.Writer, name string, result *server.QueryResult) error {
	err := e.acts.done(ctx, act{
		operation: "Export result", kind: "Query", description: "took the result of a query as a file", properties: map[string]any{"Format": name, "Rows": len(result.Rows)},
	}, nil)
	if err != nil {
		return err
	}
	return e.Exporter.Export(ctx, w, name, result)
}

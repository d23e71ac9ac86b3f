package main

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/query/duckdb"
	"github.com/quoll/quoll/schema"
	"github.com/quoll/quoll/server"
)

// querier answers the server's queries.
type querier struct{ service *query.Service }

// Query implements server.Querier.
func (q querier) Query(ctx context.Context, r server.QueryRequest) (*server.QueryResult, error) {
	request := query.Request{Text: r.Text, From: r.From, To: r.To, Now: r.Now, Parameters: r.Parameters}
	if r.Each != nil {
		request.Each = func(columns []query.Column, rows [][]any) error { return r.Each(resultColumns(columns), rows) }
		request.Again = r.Again
	}
	result, err := q.service.Query(ctx, request)
	if err != nil {
		return nil, serverFailure(err)
	}
	answer := resultTable(result)
	for _, further := range result.More {
		answer.More = append(answer.More, resultTable(further))
	}
	s := result.Statistics
	answer.Statistics = server.Statistics{
		ElapsedMilliseconds: milliseconds(s.Compile + s.Execute), CompileMilliseconds: milliseconds(s.Compile),
		RowsScanned: s.RowsScanned, FilesScanned: s.FilesRead, FilesSkipped: s.FilesPruned, Truncated: result.Truncated,
		PartialFailure: result.PartialFailure, RowsReturned: result.Handed + len(result.Rows),
	}
	return answer, nil
}

// resultTable is one table of a result, without statistics but for the cut.
func resultTable(result *query.Result) *server.QueryResult {
	answer := &server.QueryResult{Name: result.Name, Columns: resultColumns(result.Columns), Rows: result.Rows, Visualization: visualization(result.Visualization)}
	answer.Statistics.Truncated, answer.Statistics.PartialFailure = result.Truncated, result.PartialFailure
	return answer
}

func resultColumns(columns []query.Column) []server.ResultColumn {
	named := make([]server.ResultColumn, len(columns))
	for i, c := range columns {
		named[i] = server.ResultColumn{Name: c.Name, Type: c.Type.String()}
	}
	return named
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// serverFailure gives an error the shape in which users see it.
func serverFailure(err error) error {
	var mistakes *source.Error
	switch {
	case errors.As(err, &mistakes):
		failure := &server.QueryError{}
		for _, d := range mistakes.Diagnostics {
			failure.Mistakes = append(failure.Mistakes, server.Mistake{Start: d.Span.Start, End: d.Span.End, Message: d.Message, Remedy: d.Remedy})
		}
		return failure
	case errors.Is(err, query.ErrTimeLimit):
		return &server.Failure{Code: server.CodeTimeout, Message: err.Error()}
	case errors.Is(err, duckdb.ErrMemory), errors.Is(err, query.ErrRefused):
		return &server.Failure{Code: server.CodeTooLarge, Message: err.Error()}
	}
	return err
}

// visualization reads the properties of render, as Kusto names them.
func visualization(v *query.Visualization) *server.Visualization {
	if v == nil {
		return nil
	}
	p := v.Properties
	shown := &server.Visualization{
		Kind: v.Kind, Variant: p["kind"], Title: p["title"],
		XColumn: p["xcolumn"], YColumns: columnList(p["ycolumns"]), Series: columnList(p["series"]),
		XTitle: p["xtitle"], YTitle: p["ytitle"], XAxis: p["xaxis"], YAxis: p["yaxis"], Legend: p["legend"],
		YMin: number(p["ymin"]), YMax: number(p["ymax"]), YSplit: p["ysplit"], AnomalyCols: columnList(p["anomalycolumns"]),
	}
	shown.Accumulate, _ = strconv.ParseBool(p["accumulate"])
	return shown
}

func columnList(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

func number(text string) *float64 {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil
	}
	return &value
}

// catalogue tells the UI what can be queried.
type catalogue struct{}

// Schema implements server.Catalogue.
func (catalogue) Schema(context.Context) (*server.Schema, error) {
	described := &server.Schema{Database: "quoll", Functions: []server.Function{}}
	for _, t := range schema.Tables() {
		table := server.Table{Name: t.Name, Description: t.Description, Category: category(t.Name), TimeColumn: t.TimeColumn, Aliases: t.Aliases}
		for _, c := range t.Columns {
			table.Columns = append(table.Columns, server.Column{Name: c.Name, Type: c.Type.String(), Description: c.Description})
		}
		described.Tables = append(described.Tables, table)
	}
	return described, nil
}

func category(table string) string {
	switch {
	case strings.HasPrefix(table, "Email"), table == schema.UrlClickEvents:
		return "E-mail"
	case table == schema.OfficeActivity, strings.HasPrefix(table, "UnifiedAuditLog"):
		return "Audit"
	case strings.HasPrefix(table, "Sentinel"), strings.HasPrefix(table, "Security"), table == schema.LAQueryLogs:
		return "Quoll"
	}
	return "Defender XDR"
}

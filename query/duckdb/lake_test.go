package duckdb

import (
	"fmt"
	"testing"
	"time"

	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/schema"
)

// sampleRow returns a row of a table with a value in every second column, and
// none in the others.
func sampleRow(table *schema.Table, at time.Time, filled int) schema.Row {
	row := schema.Row{Table: table}
	for i, c := range table.Columns {
		if c.Name == table.TimeColumn {
			row.Cells = append(row.Cells, schema.Cell{Column: i, Value: schema.DateTime(at)})
			continue
		}
		if i%2 != filled {
			continue
		}
		row.Cells = append(row.Cells, schema.Cell{Column: i, Value: sampleValue(c.Type, at)})
	}
	return row
}

func sampleValue(t types.Type, at time.Time) schema.Value {
	switch t {
	case types.Bool:
		return schema.Bool(true)
	case types.Int:
		return schema.Int(-7)
	case types.Long:
		return schema.Long(1 << 40)
	case types.Real:
		return schema.Real(2.5)
	case types.DateTime:
		return schema.DateTime(at)
	case types.Dynamic:
		return schema.Dynamic(`{"a":[1,"é"]}`)
	}
	return schema.String("it's é")
}

// Every table gives the same rows whether they are fresh or in files.
func TestLakeRowsAreTheSameFreshAndInFiles(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	l, err := lake.Open(ctx, lake.DefaultConfig(dir), testLogger())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	at := time.Date(2026, 9, 14, 8, 22, 33, 1000, time.UTC)
	batch := lake.Batch{Position: 1, Ingested: at.Add(time.Minute)}
	for _, table := range schema.Tables() {
		for n := range 2 {
			batch.Records = append(batch.Records, schema.Record{
				Key:  schema.NewKey(table.Name, fmt.Sprint(n)),
				Rows: []schema.Row{sampleRow(table, at.Add(time.Duration(n)*time.Hour), n)},
			})
		}
	}
	if _, err := l.Apply(ctx, batch); err != nil {
		t.Fatal(err)
	}
	config := DefaultConfig()
	config.Dir = dir
	engine := openEngine(t, config, FromLake(l))
	service := query.NewService(query.Schema{IngestionTime: lake.ColumnIngestionTime}.Compile, engine, func() time.Time { return at })
	fresh := map[string]string{}
	for _, table := range schema.Tables() {
		result := mustQuery(t, service, query.Request{Text: table.Name + " | extend i = ingestion_time() | sort by TimeGenerated asc"})
		if len(result.Rows) != 2 || result.Statistics.FreshRows != 2 {
			t.Errorf("%s: %d rows, %d fresh", table.Name, len(result.Rows), result.Statistics.FreshRows)
		}
		fresh[table.Name] = fmt.Sprint(result.Rows)
	}
	if err := l.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	for _, table := range schema.Tables() {
		result := mustQuery(t, service, query.Request{Text: table.Name + " | extend i = ingestion_time() | sort by TimeGenerated asc"})
		if got := fmt.Sprint(result.Rows); got != fresh[table.Name] {
			t.Errorf("%s: in files\n%s\nfresh\n%s", table.Name, got, fresh[table.Name])
		}
		if result.Statistics.FreshRows != 0 || result.Statistics.FilesRead != 1 {
			t.Errorf("%s: %+v after a flush", table.Name, result.Statistics)
		}
	}
	if n := countRows(t, engine, "duckdb_tables()"); n != 0 {
		t.Errorf("%d tables of fresh rows are left after a flush", n)
	}
}

// Files whose rows became visible at other times than a query asks for are left out,
// whether this process wrote them, found them, or merged them.
func TestFilesAreLeftOutByWhenTheirRowsCame(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	config := lake.DefaultConfig(dir)
	l, err := lake.Open(ctx, config, testLogger())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	table, _ := schema.Lookup(schema.UnifiedAuditLog)
	came := func(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }
	for n := range 4 { // the older the row, the later it comes
		batch := lake.Batch{Position: uint64(n + 1), Ingested: came(n)}
		batch.Records = []schema.Record{{Key: schema.NewKey("test", fmt.Sprint(n)), Rows: []schema.Row{sampleRow(table, start.Add(-time.Duration(n)*time.Second), 0)}}}
		if _, err := l.Apply(ctx, batch); err != nil {
			t.Fatal(err)
		}
		if err := l.Flush(ctx); err != nil {
			t.Fatal(err)
		}
	}
	look := func(when string, files ...int) {
		engine := openEngine(t, func() Config { c := DefaultConfig(); c.Dir = dir; return c }(), FromLake(l))
		service := query.NewService(query.Schema{IngestionTime: lake.ColumnIngestionTime}.Compile, engine, func() time.Time { return came(4) })
		for i, c := range []struct {
			text string
			rows int
		}{
			{"where ingestion_time() > datetime(2026-09-14T00:01:00) and ingestion_time() <= datetime(2026-09-14T00:03:00)", 2},
			{"where ingestion_time() >= datetime(2026-09-14T00:01:00) and ingestion_time() < datetime(2026-09-14T00:02:00)", 1},
			{"extend Came = ingestion_time() | where Came between (datetime(2026-09-14T00:01:00) .. datetime(2026-09-14T00:01:30)) | project Came", 1},
			{"where bin(ingestion_time(), 2m) == datetime(2026-09-14T00:02:00)", 2},
			{"where ingestion_time() > ago(30s)", 0},
			{"where ingestion_time() < datetime(2026-09-14T00:01:00) or TimeGenerated < datetime(2026-09-14)", 4},
			{"summarize last = max(ingestion_time()) by TimeGenerated | where last > datetime(2026-09-14T00:02:00)", 1},
			{"where TimeGenerated < datetime(2026-09-13T23:59:58) and ingestion_time() > datetime(2026-09-14T00:02:00)", 1},
		} {
			result := mustQuery(t, service, query.Request{Text: schema.UnifiedAuditLog + " | " + c.text})
			if st := result.Statistics; len(result.Rows) != c.rows || st.FilesRead != files[i] {
				t.Errorf("%s, %s: %d rows of %d files, want %d of %d", when, c.text, len(result.Rows), st.FilesRead, c.rows, files[i])
			}
		}
	}
	look("written", 3, 1, 1, 2, 0, 4, 4, 1)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = lake.Open(ctx, config, testLogger()); err != nil {
		t.Fatal(err)
	}
	look("found", 3, 1, 1, 2, 0, 4, 4, 1)
}

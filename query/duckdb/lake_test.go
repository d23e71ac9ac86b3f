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

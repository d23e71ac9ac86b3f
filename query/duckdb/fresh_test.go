package duckdb

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
)

// wideBatch returns rows such as OfficeActivity has: a time, four numbers and
// 35 texts, of which two thirds are empty.
func wideBatch(rows int) arrow.RecordBatch {
	fields := []arrow.Field{{Name: "TimeGenerated", Type: &arrow.TimestampType{Unit: arrow.Microsecond}}}
	for i := range 4 {
		fields = append(fields, arrow.Field{Name: fmt.Sprintf("n%d", i), Type: arrow.PrimitiveTypes.Int64})
	}
	for i := range 35 {
		fields = append(fields, arrow.Field{Name: fmt.Sprintf("s%d", i), Type: arrow.BinaryTypes.String})
	}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	for row := range rows {
		builder.Field(0).(*array.TimestampBuilder).Append(arrow.Timestamp(1_757_000_000_000_000 + int64(row)*1000))
		for i := 1; i < 5; i++ {
			builder.Field(i).(*array.Int64Builder).Append(int64(row * i))
		}
		for i := 5; i < len(fields); i++ {
			text := ""
			if i%3 == 0 {
				text = fmt.Sprintf("user%d@contoso.example/documents/%d", row%500, i)
			}
			builder.Field(i).(*array.StringBuilder).Append(text)
		}
	}
	return builder.NewRecordBatch()
}

func countRows(t testing.TB, e *Engine, table string) int {
	t.Helper()
	var n int
	if err := e.db.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFreshBatchesAreLoadedOnceAndDroppedWhenUnused(t *testing.T) {
	ctx := context.Background()
	e := openEngine(t, DefaultConfig(), nil)
	batch := lake.Fresh{ID: 7, Batch: wideBatch(100)}
	var waiting sync.WaitGroup
	releases := make([]func(), 8)
	for i := range releases {
		waiting.Go(func() {
			_, release, err := e.fresh.use(ctx, "T", batch, true)
			if err != nil {
				t.Error(err)
				return
			}
			releases[i] = release
		})
	}
	waiting.Wait()
	if n := countRows(t, e, "fresh_7"); n != 100 {
		t.Errorf("%d rows after eight queries asked at once, want 100", n)
	}
	e.fresh.retain(ctx, "T", nil)
	if n := countRows(t, e, "fresh_7"); n != 100 {
		t.Error("a batch was dropped under a reader")
	}
	for _, release := range releases {
		release()
	}
	e.fresh.retain(ctx, "T", []lake.Fresh{batch})
	if n := countRows(t, e, "fresh_7"); n != 100 {
		t.Error("a batch that is still fresh was dropped")
	}
	e.fresh.retain(ctx, "T", nil)
	if n := countRows(t, e, "duckdb_tables()"); n != 0 {
		t.Errorf("%d tables are left", n)
	}
	// An older read set still has the batch.
	_, release, err := e.fresh.use(ctx, "T", batch, true)
	if err != nil {
		t.Fatal(err)
	}
	release()
	if n := countRows(t, e, "fresh_7"); n != 100 {
		t.Errorf("%d rows after loading again, want 100", n)
	}
}

func TestFreshCellsKeepTheirValues(t *testing.T) {
	e := openEngine(t, DefaultConfig(), nil)
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "a b\"c", Type: arrow.BinaryTypes.String}, {Name: "t", Type: &arrow.TimestampType{Unit: arrow.Microsecond}},
		{Name: "i", Type: arrow.PrimitiveTypes.Int32}, {Name: "f", Type: arrow.PrimitiveTypes.Float64},
		{Name: "b", Type: arrow.FixedWidthTypes.Boolean},
	}, nil)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	builder.Field(0).(*array.StringBuilder).AppendValues([]string{"", "nul\x00inside é"}, nil)
	builder.Field(1).(*array.TimestampBuilder).AppendValues([]arrow.Timestamp{-1, 1_757_000_000_000_001}, []bool{true, true})
	builder.Field(2).(*array.Int32Builder).AppendValues([]int32{0, -5}, []bool{false, true})
	builder.Field(3).(*array.Float64Builder).AppendValues([]float64{1.5, 0}, []bool{true, false})
	builder.Field(4).(*array.BooleanBuilder).AppendValues([]bool{true, false}, nil)
	_, release, err := e.fresh.use(context.Background(), "T", lake.Fresh{ID: 1, Batch: builder.NewRecordBatch()}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	rows, err := e.db.Query(`SELECT "a b""c", t, i, f, b FROM fresh_1`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() {
		var text string
		var at time.Time
		var i, f any
		var b bool
		if err := rows.Scan(&text, &at, &i, &f, &b); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%q %d %v %v %v", text, at.UnixMicro(), i, f, b))
	}
	want := []string{`"" -1 <nil> 1.5 true`, `"nul\x00inside é" 1757000000000001 -5 <nil> false`}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Columns without values have no place in the engine, and are read as they are: a
// text that is empty, or null.
func TestColumnsWithoutValuesTakeNoRoom(t *testing.T) {
	e := openEngine(t, DefaultConfig(), nil)
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "t", Type: &arrow.TimestampType{Unit: arrow.Microsecond}}, {Name: "none", Type: arrow.BinaryTypes.String},
		{Name: "null", Type: arrow.PrimitiveTypes.Int32}, {Name: "half", Type: arrow.BinaryTypes.String},
	}, nil)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	builder.Field(0).(*array.TimestampBuilder).AppendValues([]arrow.Timestamp{1, 2}, nil)
	builder.Field(1).(*array.StringBuilder).AppendValues([]string{"", ""}, nil)
	builder.Field(2).(*array.Int32Builder).AppendNulls(2)
	builder.Field(3).(*array.StringBuilder).AppendValues([]string{"", ""}, []bool{true, false})
	batch := lake.Fresh{ID: 1, Batch: builder.NewRecordBatch()}
	_, release, err := e.fresh.use(t.Context(), "T", batch, true)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if n := countRows(t, e, "duckdb_columns() WHERE table_name = 'fresh_1'"); n != 2 {
		t.Errorf("the table has %d columns, want t and half", n)
	}
	fields := []plan.Field{{Source: "null"}, {Source: "half"}, {Source: "none"}}
	columns := item{absent: absentColumns(batch.Batch)}.columns(&plan.Scan{Fields: fields})
	var got string
	err = e.db.QueryRow("SELECT string_agg(coalesce(\"null\"::VARCHAR, 'null') || coalesce(half, 'null') || '.' || none || typeof(\"null\"), ' ') FROM (SELECT " + columns + " FROM fresh_1)").Scan(&got)
	if err != nil {
		t.Fatal(err)
	}
	if want := "null.INTEGER nullnull.INTEGER"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A query that wants no long text does not bring them into the engine; one that does
// finds them, and whoever asks next finds what is there.
func TestLongTextsAreLoadedWhenWanted(t *testing.T) {
	e := openEngine(t, DefaultConfig(), nil)
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "t", Type: &arrow.TimestampType{Unit: arrow.Microsecond}},
		{Name: "short", Type: arrow.BinaryTypes.String}, {Name: "long", Type: arrow.BinaryTypes.String},
	}, nil)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	builder.Field(0).(*array.TimestampBuilder).Append(1)
	builder.Field(1).(*array.StringBuilder).Append("short")
	builder.Field(2).(*array.StringBuilder).Append(strings.Repeat("long", longText))
	batch := lake.Fresh{ID: 1, Batch: builder.NewRecordBatch()}
	scan := func(columns ...string) (name string) {
		r := e.newReader(query.RunOptions{})
		defer r.release()
		s := &plan.Scan{Table: "T"}
		for _, c := range columns {
			s.Fields = append(s.Fields, plan.Field{Source: c})
		}
		name, err := r.load(t.Context(), s, batch)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.db.Exec("SELECT " + item{}.columns(s) + " FROM " + name); err != nil {
			t.Error(err)
		}
		if r.statistics.FreshRows != 1 {
			t.Errorf("%d rows were counted", r.statistics.FreshRows)
		}
		return name
	}
	if name := scan("t", "short"); countRows(t, e, "duckdb_columns() WHERE table_name = '"+name+"'") != 2 {
		t.Errorf("%s has not two columns", name)
	}
	whole := scan("long", "short")
	if name := scan("short"); name != whole {
		t.Errorf("%s was read with %s there", name, whole)
	}
	e.fresh.retain(t.Context(), "T", nil)
	if n := countRows(t, e, "duckdb_tables()"); n != 0 {
		t.Errorf("%d tables are left", n)
	}
}

func BenchmarkLoadFresh(b *testing.B) {
	const rows = 16 << 10
	e := openEngine(b, DefaultConfig(), nil)
	batch := wideBatch(rows)
	id := uint64(0)
	for b.Loop() {
		id++
		_, release, err := e.fresh.use(context.Background(), "T", lake.Fresh{ID: id, Batch: batch}, true)
		if err != nil {
			b.Fatal(err)
		}
		release()
		e.fresh.retain(context.Background(), "T", nil)
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

package duckdb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
)

// start is the time of the first row of the events table.
var start = time.Date(2026, 9, 14, 0, 0, 0, 0, time.UTC)

// eventsBatch returns rows n, n+1, … of the table Events: row i happened i
// hours after start.
func eventsBatch(first, rows int) arrow.RecordBatch {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "TimeGenerated", Type: &arrow.TimestampType{Unit: arrow.Microsecond}},
		{Name: "N", Type: arrow.PrimitiveTypes.Int64}, {Name: "Name", Type: arrow.BinaryTypes.String},
	}, nil)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for i := first; i < first+rows; i++ {
		builder.Field(0).(*array.TimestampBuilder).Append(arrow.Timestamp(start.Add(time.Duration(i) * time.Hour).UnixMicro()))
		builder.Field(1).(*array.Int64Builder).Append(int64(i))
		builder.Field(2).(*array.StringBuilder).Append(fmt.Sprintf("event %d", i))
	}
	return builder.NewRecordBatch()
}

func freshEvents(id uint64, first, rows int) lake.Fresh {
	return lake.Fresh{
		ID: id, Batch: eventsBatch(first, rows),
		MinTime: start.Add(time.Duration(first) * time.Hour), MaxTime: start.Add(time.Duration(first+rows-1) * time.Hour),
	}
}

// events is a Source and a bind.Catalog with one table.
type events struct {
	set      ReadSet
	acquired int
	released int
}

func (e *events) Acquire(table string) (*ReadSet, error) {
	if table != "Events" {
		return nil, fmt.Errorf("no table %q", table)
	}
	e.acquired++
	set := e.set
	set.TimeColumn = "TimeGenerated"
	set.Release = func() { e.released++ }
	return &set, nil
}

func (e *events) Names() []string { return []string{"Events"} }

func (e *events) Table(name string) (*bind.Table, bool) {
	return &bind.Table{Name: name, Columns: []bind.Column{
		{Name: "TimeGenerated", Type: types.DateTime}, {Name: "N", Type: types.Long}, {Name: "Name", Type: types.String},
	}}, name == "Events"
}

// newService returns a service over a table of four files of 24 rows, a day
// each, and two fresh batches with 24 rows of the fifth day.
func newService(t testing.TB) (*query.Service, *Engine, *events) {
	t.Helper()
	dir := t.TempDir()
	table := &events{}
	writer := openWriter(t, dir)
	for day := range 4 {
		path := filepath.Join(dir, fmt.Sprintf("it's day %d.parquet", day))
		writer(freshEvents(uint64(day+1), day*24, 24), path)
		first := start.AddDate(0, 0, day)
		table.set.Files = append(table.set.Files, lake.File{Path: path, Rows: 24, MinTime: first, MaxTime: first.Add(23 * time.Hour)})
	}
	table.set.Fresh = []lake.Fresh{freshEvents(11, 96, 12), freshEvents(12, 108, 12)}
	config := DefaultConfig()
	config.Dir = dir
	engine := openEngine(t, config, table)
	compile := func(text string, options bind.Options) (*plan.Statement, error) {
		return kql.CompileWith(text, table, options)
	}
	now := func() time.Time { return start.AddDate(0, 0, 5) }
	return query.NewService(compile, engine, now), engine, table
}

// openWriter returns a function that writes a batch to a Parquet file.
func openWriter(t testing.TB, dir string) func(batch lake.Fresh, path string) {
	t.Helper()
	config := DefaultConfig()
	config.Dir = dir
	e := openEngine(t, config, nil)
	return func(batch lake.Fresh, path string) {
		name, release, err := e.fresh.use(context.Background(), "writer", batch, true)
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		if _, err := e.db.Exec("COPY " + name + " TO " + quoteText(path) + " (FORMAT parquet)"); err != nil {
			t.Fatal(err)
		}
	}
}

func mustQuery(t testing.TB, s *query.Service, r query.Request) *query.Result {
	t.Helper()
	result, err := s.Query(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestRowsAreHandedOnInBatches(t *testing.T) {
	s, _, _ := newService(t)
	text := "range N from 1 to 2500 step 1 | extend At = datetime(2021-03-01 10:00:00.0000007), Name = strcat('n', N)"
	whole := mustQuery(t, s, query.Request{Text: text})
	var rows [][]any
	var batches []int
	handed := mustQuery(t, s, query.Request{Text: text, Each: func(columns []query.Column, batch [][]any) error {
		if len(columns) != 3 || columns[2].Name != "Name" {
			t.Errorf("columns %v", columns)
		}
		batches = append(batches, len(batch))
		rows = append(rows, batch...)
		return nil
	}})
	if fmt.Sprint(batches) != "[1024 1024 452]" || handed.Handed != 2500 || len(handed.Rows) != 0 {
		t.Errorf("batches %v, %d handed on, %d in the result", batches, handed.Handed, len(handed.Rows))
	}
	if fmt.Sprint(rows) != fmt.Sprint(whole.Rows) {
		t.Error("the rows are others than those of a result that has them")
	}
	cut := mustQuery(t, s, query.Request{Text: text, Limits: query.Limits{Rows: 1500}, Each: func([]query.Column, [][]any) error { return nil }})
	if !cut.Truncated || cut.Handed != 1500 {
		t.Errorf("of 1500 wanted %d were handed on, truncated %v", cut.Handed, cut.Truncated)
	}
	several := mustQuery(t, s, query.Request{Text: "print 1; print 2", Each: func([]query.Column, [][]any) error { return errors.New("not wanted") }})
	if len(several.Rows) != 1 || len(several.More) != 1 {
		t.Errorf("of several tables %d rows and %d more", len(several.Rows), len(several.More))
	}
	stop := errors.New("enough")
	if _, err := s.Query(context.Background(), query.Request{Text: text, Each: func([]query.Column, [][]any) error { return stop }}); !errors.Is(err, stop) {
		t.Errorf("error %v, want %v", err, stop)
	}
}

func TestFilesAndFreshRowsAreOneTable(t *testing.T) {
	s, _, table := newService(t)
	result := mustQuery(t, s, query.Request{Text: "Events | summarize n = count(), first = min(N), last = max(N), names = dcount(Name)"})
	if got, want := fmt.Sprint(result.Rows), "[[120 0 119 120]]"; got != want {
		t.Errorf("rows %s, want %s", got, want)
	}
	st := result.Statistics
	if st.FilesRead != 4 || st.FilesPruned != 0 || st.RowsScanned != 120 || st.FreshRows != 24 {
		t.Errorf("statistics %+v", st)
	}
	both := mustQuery(t, s, query.Request{Text: "Events | where N > 118 | union (Events | where N < 1) | project N, Name | sort by N asc"})
	if got, want := fmt.Sprint(both.Rows), "[[0 event 0] [119 event 119]]"; got != want {
		t.Errorf("rows %s, want %s", got, want)
	}
	if table.acquired != 2 || table.released != 2 {
		t.Errorf("two queries acquired %d read sets and released %d", table.acquired, table.released)
	}
}

func TestFoldersMayBeRelative(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	batch := freshEvents(1, 0, 3)
	openWriter(t, dir)(batch, filepath.Join(dir, "a.parquet"))
	table := &events{set: ReadSet{Files: []lake.File{{Path: "a.parquet", Rows: 3}}}}
	config := DefaultConfig()
	config.Dir = "."
	engine := openEngine(t, config, table)
	statement, err := kql.Compile("Events | count", table, start)
	if err != nil {
		t.Fatal(err)
	}
	execution, err := engine.Run(t.Context(), statement, query.RunOptions{Limits: query.DefaultLimits()})
	if err != nil || fmt.Sprint(execution.Rows) != "[[3]]" {
		t.Errorf("rows %v, %v", execution, err)
	}
}

func TestTimeRangeIsExactAndLeavesOutFiles(t *testing.T) {
	s, _, _ := newService(t)
	for _, c := range []struct {
		name              string
		text              string
		from, to          time.Time
		rows, files, left int
	}{
		{"of the request", "Events", start.Add(30 * time.Hour), start.Add(50 * time.Hour), 20, 2, 2},
		{"the end is outside", "Events", start, start.Add(time.Hour), 1, 1, 3},
		{"the last row of a file", "Events", start.Add(23 * time.Hour), start.Add(24 * time.Hour), 1, 1, 3},
		{"less than a microsecond counts", "Events", start.Add(time.Nanosecond), start.Add(time.Hour + time.Nanosecond), 1, 1, 3},
		{"of the query", "Events | where TimeGenerated > datetime(2026-09-17)", time.Time{}, time.Time{}, 47, 1, 3},
		{"of both", "Events | where TimeGenerated < datetime(2026-09-15)", start.Add(20 * time.Hour), time.Time{}, 4, 1, 3},
		{"fresh rows only", "Events | where TimeGenerated > ago(1d)", time.Time{}, time.Time{}, 23, 0, 4},
		{"nothing", "Events", start.AddDate(1, 0, 0), time.Time{}, 0, 0, 4},
	} {
		result := mustQuery(t, s, query.Request{Text: c.text, From: c.from, To: c.to})
		st := result.Statistics
		if len(result.Rows) != c.rows || st.FilesRead != c.files || st.FilesPruned != c.left {
			t.Errorf("%s: %d rows, %d files read, %d left out; want %d, %d, %d",
				c.name, len(result.Rows), st.FilesRead, st.FilesPruned, c.rows, c.files, c.left)
		}
	}
}

func TestLimits(t *testing.T) {
	s, _, _ := newService(t)
	for _, c := range []struct {
		name      string
		limits    query.Limits
		rows      int
		truncated bool
		says      string
	}{
		{"defaults", query.Limits{}, 120, false, ""},
		{"exactly as many", query.Limits{Rows: 120}, 120, false, ""},
		{"fewer", query.Limits{Rows: 119}, 119, true, "record count limit 119 (E_QUERY_RESULT_SET_TOO_LARGE)"},
		{"bytes", query.Limits{Bytes: 229}, 10, true, "data size limit 229 (E_QUERY_RESULT_SET_TOO_LARGE)"}, // about 23 bytes a row
	} {
		result := mustQuery(t, s, query.Request{Text: "Events | sort by N asc", Limits: c.limits})
		if len(result.Rows) != c.rows || result.Truncated != c.truncated {
			t.Errorf("%s: %d rows, truncated %v; want %d, %v", c.name, len(result.Rows), result.Truncated, c.rows, c.truncated)
		}
		if said := result.PartialFailure; (said == "") == c.truncated || !strings.Contains(said, c.says) {
			t.Errorf("%s: says %q", c.name, said)
		}
	}
	_, err := s.Query(context.Background(), query.Request{
		Text:   "range a from 1 to 100000 step 1 | extend k = 1 | join kind=inner (range b from 1 to 100000 step 1 | extend k = 1) on k | summarize sum(a * b)",
		Limits: query.Limits{Time: 50 * time.Millisecond},
	})
	if !errors.Is(err, query.ErrTimeLimit) {
		t.Errorf("a query that runs too long gives %v", err)
	}
}

// Kusto gives 500,000 rows or 64 MB at most, and all where the query says so.
func TestLimitsOfKusto(t *testing.T) {
	s, _, _ := newService(t)
	const large = "range x from 1 to 70 step 1 | extend t = strrep(strrep('x', 1024), 1024)"
	for text, want := range map[string]int{"range x from 1 to 500001 step 1": 500_000, large: 64, "set notruncation; " + large: 70} {
		result := mustQuery(t, s, query.Request{Text: text})
		if len(result.Rows) != want || result.Truncated == (want == 70) {
			t.Errorf("%s: %d rows, truncated %v", text, len(result.Rows), result.Truncated)
		}
	}
}

func TestCancel(t *testing.T) {
	s, _, table := newService(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Query(ctx, query.Request{Text: "Events"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled query gives %v", err)
	}
	if table.acquired != table.released {
		t.Errorf("%d read sets acquired, %d released", table.acquired, table.released)
	}
}

func TestMistakesHavePositions(t *testing.T) {
	s, _, _ := newService(t)
	_, err := s.Query(context.Background(), query.Request{Text: "Events | where M == 1"})
	var mistakes *source.Error
	if !errors.As(err, &mistakes) || len(mistakes.Diagnostics) != 1 || mistakes.Diagnostics[0].Span.Start != 15 {
		t.Errorf("got %v", err)
	}
}

func TestMemoryLimitIsAnErrorOfItsOwn(t *testing.T) {
	config := DefaultConfig()
	config.MemoryBytes = 32 << 20
	engine := openEngine(t, config, &events{})
	compile := func(text string, options bind.Options) (*plan.Statement, error) {
		return kql.CompileWith(text, &events{}, options)
	}
	s := query.NewService(compile, engine, time.Now)
	_, err := s.Query(context.Background(), query.Request{Text: "range a from 1 to 20000000 step 1 | summarize count() by b = strcat('a long prefix of a key ', a) | top 5 by count_"})
	if !errors.Is(err, ErrMemory) {
		t.Errorf("got %v", err)
	}
}

func TestLargeWorkSpillsToTheTempFolder(t *testing.T) {
	config := DefaultConfig()
	config.MemoryBytes = 96 << 20
	config.TempDir = filepath.Join(t.TempDir(), "spill")
	engine := openEngine(t, config, &events{})
	compile := func(text string, options bind.Options) (*plan.Statement, error) {
		return kql.CompileWith(text, &events{}, options)
	}
	s := query.NewService(compile, engine, time.Now)
	result := mustQuery(t, s, query.Request{Text: "range a from 1 to 2000000 step 1 | extend b = strcat('a long prefix of a key ', a) | sort by b asc | serialize n = row_number() | summarize count(), max(n)"})
	if got := fmt.Sprint(result.Rows); got != "[[2000000 2000000]]" {
		t.Errorf("rows %s", got)
	}
}

func TestExplainShowsEveryStage(t *testing.T) {
	s, _, table := newService(t)
	e, err := s.Explain(context.Background(), query.Request{Text: "Events | where N == 1 | project Name"})
	if err != nil {
		t.Fatal(err)
	}
	for stage, text := range map[string]string{"tree": e.Tree, "text": e.Text, "plan": e.Plan, "SQL": e.SQL} {
		if text == "" {
			t.Errorf("no %s", stage)
		}
	}
	if len(e.Tokens) != 10 || !strings.Contains(e.SQL, "read_parquet") {
		t.Errorf("%d tokens, SQL %s", len(e.Tokens), e.SQL)
	}
	if table.acquired != table.released {
		t.Error("a read set is not released")
	}
	broken, err := s.Explain(context.Background(), query.Request{Text: "Events | where"})
	if err == nil || broken.Tree == "" {
		t.Errorf("a broken query gives %v and the tree %q", err, broken.Tree)
	}
}

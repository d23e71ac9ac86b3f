package duckdb

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/schema"
)

// vague is a source that says of no file and no batch what its rows' times are, nor how
// many there are, so that every row is asked.
type vague struct{ Source }

func (v vague) Acquire(table string) (*ReadSet, error) {
	set, err := v.Source.Acquire(table)
	if err != nil {
		return nil, err
	}
	set.Files, set.Fresh = slices.Clone(set.Files), slices.Clone(set.Fresh)
	for i := range set.Files {
		set.Files[i].MinTime, set.Files[i].MaxTime, set.Files[i].Rows = time.Time{}, time.Time{}, 0
	}
	for i := range set.Fresh {
		set.Fresh[i].MinTime, set.Fresh[i].MaxTime = time.Time{}, time.Time{}
	}
	return set, nil
}

// windowLake is a lake of merged days, files of late rows and of rows that came twice, and
// rows that are only in memory.
func windowLake(t *testing.T, r *rand.Rand) (*lake.Lake, string) {
	t.Helper()
	config := lake.DefaultConfig(filepath.Join(t.TempDir(), "lake"))
	config.CompactShare, config.Clock = 1, long{clock.System()}
	l, err := lake.Open(t.Context(), config, testLogger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	table, _ := schema.Lookup(schema.UnifiedAuditLog)
	position, last := uint64(0), 0
	add := func(day, rows int) {
		position++
		batch := lake.Batch{Position: position, Ingested: start.AddDate(0, 0, 5)}
		for range rows {
			key := last
			if last++; r.IntN(8) == 0 {
				key = r.IntN(last) // again, with another time
			}
			at := start.AddDate(0, 0, day).Add(time.Duration(r.IntN(24*60)) * time.Minute)
			row := sampleRow(table, at, key%2)
			for c, column := range table.Columns {
				if column.Name == "UserId" {
					row.Cells = append(row.Cells, schema.Cell{Column: c, Value: schema.String(fmt.Sprint("u", key%5))})
				}
			}
			batch.Records = append(batch.Records, schema.Record{Key: schema.NewKey("test", fmt.Sprint(key)), Rows: []schema.Row{row}})
		}
		if _, err := l.Apply(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	flush := func() {
		if err := l.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for day := range 4 {
		add(day, 30)
		flush()
	}
	if _, err := l.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	add(1, 7) // late
	flush()
	add(3, 9)
	flush()
	add(3, 11) // hot
	return l, config.Dir
}

var overWindows = []string{
	"UnifiedAuditLog | where %s | count",
	"UnifiedAuditLog | where %s | summarize n = count(), least = min(TimeGenerated), most = max(TimeGenerated)",
	"UnifiedAuditLog | where %s | summarize count() by UserId",
	"UnifiedAuditLog | where %s | where UserId != 'u1' | summarize count(), max(TimeGenerated)",
	"UnifiedAuditLog | where %s and UserId != 'u1' | summarize n = count() by bin(TimeGenerated, 7h) | where n > 1",
	"UnifiedAuditLog | where UserId in ('u2', 'u3') | where %s | summarize take_any(UserId) by TimeGenerated | count",
	"UnifiedAuditLog | where %s | extend u = strcat(UserId, '!') | where u != 'u4!' | summarize dcount(TimeGenerated), countif(TimeGenerated > datetime(2026-09-15T05:00)) by u",
	"UnifiedAuditLog | where %s | project TimeGenerated, UserId | sort by TimeGenerated desc, UserId asc",
	"UnifiedAuditLog | where %s | top 5 by TimeGenerated asc | summarize count(), max(TimeGenerated)",
	"let a = UnifiedAuditLog | where %s; a | summarize n = count() by UserId | join kind=inner (a | summarize most = max(TimeGenerated) by UserId) on UserId",
	"let a = UnifiedAuditLog | where %s; union a, a | count",
	"UnifiedAuditLog | where %s or UserId == 'u0' | count",
	"UnifiedAuditLog | where not(%s) | count",
	"UnifiedAuditLog | where UserId in ((UnifiedAuditLog | where %s | summarize by UserId)) | count",
	"UnifiedAuditLog | where %s | extend TimeGenerated = TimeGenerated + 1d | where TimeGenerated > datetime(2026-09-16) | count",
	"UnifiedAuditLog | extend u = toupper(UserId) | where u != 'U3' | project u, at = TimeGenerated, TimeGenerated | where %s and u != 'U2' | summarize count(), max(at) by u",
	"let a = materialize(UnifiedAuditLog | where UserId != 'u0'); union (a | where %s), (a | where UserId == 'u2') | summarize count() by UserId",
	"union (UnifiedAuditLog | where %s), (UnifiedAuditLog | where UserId == 'u2') | summarize count() by UserId",
	"UnifiedAuditLog | where %s | summarize most = max(TimeGenerated), n = count() | where n > 3",
	"UnifiedAuditLog | where %s | project-away UserId | summarize min(TimeGenerated), count(), dcount(Operation)",
	"UnifiedAuditLog | where %s | extend TimeGenerated = TimeGenerated + 1d | summarize max(TimeGenerated), count()",
	"UnifiedAuditLog | summarize max(TimeGenerated), max(TimeGenerated - 1h), count()",
	"print toscalar(UnifiedAuditLog | where %s | count), toscalar(UnifiedAuditLog | summarize max(TimeGenerated))",
	"UnifiedAuditLog | where %s | top 7 by TimeGenerated | project TimeGenerated",
	"UnifiedAuditLog | top 70 by TimeGenerated asc, UserId desc | project TimeGenerated, UserId",
	"UnifiedAuditLog | where %s | top 7 by TimeGenerated asc, UserId asc | project TimeGenerated, UserId",
	"UnifiedAuditLog | where %s and UserId != 'u1' | top 9 by TimeGenerated desc, UserId asc | project TimeGenerated, UserId",
	"UnifiedAuditLog | where %s | extend u = UserId | sort by TimeGenerated desc, u desc | take 31 | summarize count(), min(TimeGenerated), dcount(u)",
	"UnifiedAuditLog | where %s | project t = TimeGenerated | top 12 by t asc",
	"UnifiedAuditLog | where %s | take 33 | count",
	"set truncationmaxrecords=20; UnifiedAuditLog | where %s and UserId != 'u1' | project TimeGenerated, UserId, Id | sort by TimeGenerated desc, Id asc, UserId asc",
	"set truncationmaxrecords=6; union (UnifiedAuditLog | where %s and UserId != 'u1' | project TimeGenerated, UserId, Id), (UnifiedAuditLog | where UserId == 'u2' | project TimeGenerated, UserId = Operation, Id) | sort by TimeGenerated asc, Id asc, UserId asc",
	"union (UnifiedAuditLog | where %s | project at = TimeGenerated, UserId, Id), (UnifiedAuditLog | where UserId == 'u2' | project at = TimeGenerated, UserId = Operation, Id) | top 8 by at, Id asc | project Id, at",
	"union (UnifiedAuditLog | where %s | project at = TimeGenerated, Id), (UnifiedAuditLog | where UserId == 'u2' | project at = TimeGenerated + 2d, Id) | top 8 by at, Id asc | project Id, at",
	"UnifiedAuditLog | where %s | where UserId == 'u3' | take 20 | count",
	"UnifiedAuditLog | where %s | sort by UserId asc, TimeGenerated asc | take 5 | project UserId, TimeGenerated",
	"let a = UnifiedAuditLog | where %s; union (a | top 3 by TimeGenerated | project TimeGenerated), (a | project TimeGenerated) | summarize count() by TimeGenerated",
}

// edgesOf gives times near where files and batches begin and end.
func edgesOf(t *testing.T, l *lake.Lake, r *rand.Rand) func() time.Time {
	t.Helper()
	set, err := l.Acquire(schema.UnifiedAuditLog)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Release()
	var edges []time.Time
	for _, f := range set.Files {
		edges = append(edges, f.MinTime, f.MaxTime)
	}
	for _, f := range set.Fresh {
		edges = append(edges, f.MinTime, f.MaxTime)
	}
	near := []time.Duration{0, 0, 0, 100, -100, time.Microsecond, -time.Microsecond, time.Hour, -time.Hour}
	return func() time.Time { return edges[r.IntN(len(edges))].Add(near[r.IntN(len(near))]) }
}

func literalOf(at time.Time) string {
	return "datetime(" + at.Format("2006-01-02T15:04:05.0000000") + ")"
}

// Rows whose times are not asked, because all of a file are in the window, are those that
// would meet it.
func TestWholeFilesNeedNoAsking(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 7))
	l, dir := windowLake(t, r)
	quick, service := openBefore(t, dir, FromLake(l))
	_, asking := openBefore(t, dir, vague{FromLake(l)})
	quick.inside, quick.near = 1, 10
	tables := query.Schema{IngestionTime: lake.ColumnIngestionTime}
	edge := edgesOf(t, l, r)
	literal := func() string { return literalOf(edge()) }
	condition := func() string {
		parts := []string{
			"TimeGenerated " + []string{">", ">=", "<", "<=", "==", "!="}[r.IntN(6)] + " " + literal(),
			"TimeGenerated > " + literal(), "TimeGenerated >= " + literal(), "TimeGenerated < " + literal(), "TimeGenerated <= " + literal(),
			literal() + " <= TimeGenerated",
			"TimeGenerated between (" + literal() + " .. " + literal() + ")",
			"(TimeGenerated >= " + literal() + " and TimeGenerated < " + literal() + ")",
			"TimeGenerated >= datetime(0001-01-01)", "TimeGenerated <= datetime(0001-01-01)", "TimeGenerated > datetime(null)",
		}
		return parts[r.IntN(len(parts))]
	}
	apart, asked, known, few := 0, 0, 0, 0
	for range 700 {
		text := strings.ReplaceAll(overWindows[r.IntN(len(overWindows))], "%s", condition())
		request := query.Request{Text: text}
		if r.IntN(3) == 0 {
			request.From = edge()
		}
		if r.IntN(3) == 0 {
			request.To = edge()
		}
		got, want := sortedRows(mustQuery(t, service, request)), sortedRows(mustQuery(t, asking, request))
		if got != want {
			t.Errorf("%s\nfrom %v to %v:\n%s\nwant\n%s", text, request.From, request.To, got, want)
		}
		if want != "" && want != "[0]" {
			asked++
		}
		statement, err := tables.Compile(text, bind.Options{Now: start.AddDate(0, 0, 5)})
		if err != nil {
			t.Fatal(err)
		}
		sql, err := quick.SQL(t.Context(), statement, query.RunOptions{From: request.From, To: request.To, Limits: query.DefaultLimits()})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(sql, "hive_partitioning = false) UNION ALL") || strings.Contains(sql, "hive_partitioning = false)) AS t") {
			apart++
		}
		if !strings.Contains(sql, "read_parquet") && want != "" && want != "[0]" {
			known++
		}
		if strings.Contains(sql, "LIMIT") && strings.Count(sql, ".parquet'") < 2 {
			few++
		}
	}
	if apart < 150 || asked < 450 || known < 20 || few < 50 {
		t.Errorf("of 700 queries %d read files without asking, %d had an answer, %d no file, %d one of several", apart, asked, known, few)
	}
}

// Rows of a file with later versions elsewhere may be no rows of the table: they are read.
func TestRowsWithLaterVersionsAreNotKnown(t *testing.T) {
	_, e, table := newService(t)
	first, last := table.set.Files[0].Path, table.set.Files[3].Path
	sqlOf := func(text string) string {
		s, err := kql.CompileWith(text, table, bind.Options{})
		if err != nil {
			t.Fatal(err)
		}
		sql, err := e.SQL(t.Context(), s, query.RunOptions{Limits: query.DefaultLimits()})
		if err != nil {
			t.Fatal(err)
		}
		return sql
	}
	const count, oldest = "Events | count", "Events | top 20 by TimeGenerated asc"
	if sql := sqlOf(count); strings.Contains(sql, "parquet") || !strings.Contains(sql, "+ 120)") {
		t.Errorf("counting reads files: %s", sql)
	}
	if sql := sqlOf(oldest); !strings.Contains(sql, quoteText(first)) || strings.Contains(sql, quoteText(last)) || strings.Contains(sql, "fresh") {
		t.Errorf("the first rows are sought in %s", sql)
	}
	table.set.Later = map[string][]lake.File{first: {table.set.Files[3]}}
	if sql := sqlOf(count); !strings.Contains(sql, quoteText(first)) || !strings.Contains(sql, "+ 96)") {
		t.Errorf("later versions are not asked for: %s", sql)
	}
	if sql := sqlOf(oldest); !strings.Contains(sql, quoteText(table.set.Files[1].Path)) {
		t.Errorf("the first rows are sought in %s", sql)
	}
	table.set.Later, table.set.ReadAll = nil, true
	if sql := sqlOf(count); !strings.Contains(sql, quoteText(first)) || !strings.Contains(sql, quoteText(last)) || !strings.Contains(sql, "fresh") {
		t.Errorf("rows are not read that must be: %s", sql)
	}
}

// What some rows near the end answer is answered by them, and by all rows where they do not.
func TestFirstRowsAreSoughtNearTheEnd(t *testing.T) {
	s, e, table := newService(t)
	e.near = 12
	for text, want := range map[string]struct{ n, files, pruned int }{
		"Events | where N != 7 | top 5 by TimeGenerated | project TimeGenerated, N":                                                              {119, 0, 4},
		"Events | where N < 105 | top 5 by TimeGenerated | project TimeGenerated, N":                                                             {104, 4, 0}, // the nearest batch has none
		"Events | where N < 110 | top 5 by TimeGenerated | project TimeGenerated, N":                                                             {109, 1, 3}, // has two, and the next the others
		"Events | where N > 7 | top 5 by TimeGenerated asc | project TimeGenerated, N":                                                           {8, 1, 3},
		"Events | where N > 20 | top 5 by TimeGenerated asc | project TimeGenerated, N":                                                          {21, 2, 2}, // of the next as many as should give them
		"Events | where N != 7 | sort by TimeGenerated desc | take 5 | project N, TimeGenerated":                                                 {119, 0, 4},
		"Events | where N != 7 | top 5 by TimeGenerated | project N":                                                                             {119, 4, 0}, // times are not in the answer
		"Events | where N in ((Events | where N < 3 | top 1 by TimeGenerated | project N)) | top 1 by TimeGenerated | project TimeGenerated, N":  {2, 4, 0},
		"Events | where N != 7 | top 5 by TimeGenerated | where N < 117 | project TimeGenerated, N":                                              {116, 4, 0},
		"set truncationmaxrecords=5; Events | where N != 7 | sort by TimeGenerated desc | project N, TimeGenerated":                              {119, 0, 4},
		"set truncationmaxrecords=5; Events | where N > 7 | sort by TimeGenerated asc | project N, TimeGenerated":                                {8, 1, 3},
		"set truncationmaxrecords=5; Events | where N < 4 | sort by TimeGenerated desc | project N, TimeGenerated":                               {3, 4, 0}, // all there are
		"union (Events | where N % 2 == 0), (Events | where N % 3 == 1) | top 5 by TimeGenerated | project N, TimeGenerated":                     {118, 0, 8},
		"union (Events | where N % 2 == 0), (Events | where N == 7) | top 5 by TimeGenerated | project N, TimeGenerated":                         {118, 0, 8},
		"union (Events | where N < 9), (Events | extend TimeGenerated = TimeGenerated - 9d) | top 5 by TimeGenerated | project N, TimeGenerated": {8, 4, 0},
		"Events | where N != 7 | top 5 by N | project TimeGenerated, N":                                                                          {119, 4, 0},
	} {
		result := mustQuery(t, s, query.Request{Text: text})
		of := slices.IndexFunc(result.Columns, func(c query.Column) bool { return c.Name == "N" })
		if len(result.Rows) == 0 || result.Rows[0][of] != int64(want.n) || result.Statistics.FilesRead != want.files || result.Statistics.FilesPruned != want.pruned {
			t.Errorf("%s: %v, %+v", text, result.Rows, result.Statistics)
		}
	}
	all := mustQuery(t, s, query.Request{Text: "Events | where N != 7 | top 5 by TimeGenerated | project TimeGenerated, N", To: start.Add(48 * time.Hour)})
	if len(all.Rows) != 5 || all.Rows[0][1] != int64(47) {
		t.Errorf("with an end: %v", all.Rows)
	}
	// A batch that is near the end has rows that are not.
	numbers := func(text string) (found []any) {
		for _, row := range mustQuery(t, s, query.Request{Text: text}).Rows {
			found = append(found, row[1])
		}
		return found
	}
	table.set.Fresh = []lake.Fresh{freshEvents(21, 96, 12), freshEvents(22, 0, 120)}
	for text, want := range map[string]string{
		"Events | where N between (85 .. 95) | top 3 by TimeGenerated | project TimeGenerated, N":     "[95 95 94]",
		"Events | where N between (30 .. 40) | top 3 by TimeGenerated asc | project TimeGenerated, N": "[30 30 31]",
		// What a condition asks of the table is asked of all of it.
		"Events | where N !in ((Events | where N < 97 | top 5 by TimeGenerated | project N = N + 23)) | top 4 by TimeGenerated, N | project TimeGenerated, N": "[116 115 114 113]",
	} {
		if got := fmt.Sprint(numbers(text)); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// Rows in no order are taken near the end, if there are enough of them.
func TestRowsInNoOrderAreTakenNearTheEnd(t *testing.T) {
	s, e, _ := newService(t)
	e.near = 12
	for text, want := range map[string]struct{ rows, least, most, files, pruned int }{
		"Events | where N != 7 | take 5 | project N":                                                  {5, 96, 119, 0, 4},
		"Events | where N < 110 | take 5":                                                             {5, 0, 109, 4, 0}, // to look further than for an eighth is no gain
		"Events | where N < 105 | take 5 | project N, TimeGenerated":                                  {5, 0, 104, 4, 0},
		"Events | where N < 3 | take 5 | project N":                                                   {3, 0, 2, 4, 0}, // all there are
		"Events | where N between (40 .. 41) | extend M = N | project N | take 2":                     {2, 40, 41, 4, 0},
		"union (Events | where N % 2 == 0), (Events | where N == 7) | take 4 | project N":             {4, 96, 119, 0, 8},
		"Events | where N != 7 | take 5 | sort by N asc | project N":                                  {5, 0, 119, 4, 0},
		"Events | where N != 7 | take 5 | summarize N = count()":                                      {1, 5, 5, 4, 0},
		"Events | where N in ((Events | where N < 3 | project N)) | take 3 | project N":               {3, 0, 2, 4, 0},
		"Events | where N !in ((Events | where N >= 100 | take 50 | project N)) | take 3 | project N": {3, 0, 99, 4, 0},
		"set truncationmaxrecords=5; Events | where N != 7 | take 9 | project N":                      {5, 0, 119, 4, 0},
		"set truncationmaxsize=30; Events | where N != 7 | take 9 | project N":                        {4, 96, 119, 0, 4},
		"Events | where N != 7 | summarize by N | take 5":                                             {5, 0, 119, 4, 0},
	} {
		result := mustQuery(t, s, query.Request{Text: text})
		of := slices.IndexFunc(result.Columns, func(c query.Column) bool { return c.Name == "N" })
		if len(result.Rows) != want.rows || result.Statistics.FilesRead != want.files || result.Statistics.FilesPruned != want.pruned {
			t.Errorf("%s: %v, %+v", text, result.Rows, result.Statistics)
		}
		for _, row := range result.Rows {
			if n := row[of].(int64); n < int64(want.least) || n > int64(want.most) {
				t.Errorf("%s: %v", text, row)
			}
		}
	}
}

// untimed is a source whose tables have another column that a request's range bounds.
type untimed struct{ Source }

func (u untimed) Acquire(table string) (*ReadSet, error) {
	set, err := u.Source.Acquire(table)
	if err == nil {
		set.TimeColumn = lake.ColumnIngestionTime
	}
	return set, err
}

// What is asked of TimeGenerated is asked of each row where files are known by another
// time.
func TestOtherTimesMeetNoConditions(t *testing.T) {
	l, dir := windowLake(t, rand.New(rand.NewPCG(5, 8)))
	config := DefaultConfig()
	config.Dir = dir
	tables := query.Schema{IngestionTime: lake.ColumnIngestionTime}
	text := "UnifiedAuditLog | where TimeGenerated > datetime(" + start.Add(time.Hour).Format("2006-01-02T15:04:05") + ") and TimeGenerated < datetime(" + start.Add(3*time.Hour).Format("2006-01-02T15:04:05") + ") | summarize n = count() by UserId | order by UserId asc"
	var answers []string
	for _, source := range []Source{FromLake(l), untimed{FromLake(l)}} {
		engine := openEngine(t, config, source)
		engine.inside = 1
		result := mustQuery(t, query.NewService(tables.Compile, engine, time.Now), query.Request{Text: text})
		answers = append(answers, fmt.Sprint(len(result.Rows), result.Rows))
	}
	if answers[0] != answers[1] || strings.HasPrefix(answers[0], "0") {
		t.Errorf("%s gives %s, and %s by another time", text, answers[0], answers[1])
	}
}

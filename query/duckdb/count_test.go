package duckdb

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/schema"
)

// countedTexts are queries whose rows the lake counts, and some that look like it.
var countedTexts = []string{
	"UnifiedAuditLog | where %s | summarize n = count() by UserId",
	"UnifiedAuditLog | where %s | summarize n = count() by UserId, Operation",
	"UnifiedAuditLog | where %s | summarize n = count() by UserId, Operation, bin(TimeGenerated, 7h)",
	"UnifiedAuditLog | where %s | summarize n = count() by UserId | where n > 7",
	"UnifiedAuditLog | where %s | summarize n = count() by UserId | where n > 5 and n <= 20 and UserId != 'u1'",
	"UnifiedAuditLog | where %s | summarize n = count() by UserId | where n != 7 and n == 5 or n < 3",
	"UnifiedAuditLog | where %s | summarize n = count() by bin(TimeGenerated, 1h) | where n >= 3",
	"UnifiedAuditLog | where %s | summarize n = count() by bin(TimeGenerated, 1h) | count",
	"UnifiedAuditLog | where %s | summarize n = count() by UserId, bin(TimeGenerated, 1h) | where n > 1",
	"UnifiedAuditLog | where %s | summarize n = count() by UserId, bin(TimeGenerated, 7h) | where n < 3",
	"UnifiedAuditLog | where %s | summarize n = count() by UserId, bin(TimeGenerated, 1d), h = bin(TimeGenerated, 5h) | where n >= 2 and n != 3",
	"UnifiedAuditLog | where %s and UserId != 'u1' | summarize n = count() by bin(TimeGenerated, 3d) | where n > 20 | project n",
	"UnifiedAuditLog | where %s and UserId == 'u1' | count",
	"UnifiedAuditLog | where %s and UserId == 'nobody' | summarize a = count(), b = count()",
	"UnifiedAuditLog | where %s and UserId == 'nobody' | summarize count() by Operation | top 3 by Operation",
	"UnifiedAuditLog | where UserId in ('u1', 'u2', 'it''s') and %s | where 'u2' == UserId | summarize n = count() by UserId, bin(TimeGenerated, 1d) | order by n desc, TimeGenerated asc",
	"UnifiedAuditLog | where %s | distinct UserId, Operation",
	"UnifiedAuditLog | where %s and UserId != 'u1' and UserId !in ('u2', 'x') | summarize n = count() by UserId",
	"UnifiedAuditLog | where %s | where UserId =~ 'U1' or UserId == 'u2' or 'u4' == UserId | summarize n = count() by UserId, bin(TimeGenerated, 5h)",
	"UnifiedAuditLog | where %s and not(UserId has 'U1') and isnotempty(UserId) | summarize n = count() by UserId",
	"UnifiedAuditLog | where %s and (UserId !has 'u1' or UserId contains '1') and UserId startswith 'U' and UserId !endswith '4' | summarize n = count() by UserId",
	"UnifiedAuditLog | where UserId startswith_cs 'u' and %s and UserId !contains_cs '3' and UserId !endswith_cs '2' and UserId !~ 'U0' | count",
	"UnifiedAuditLog | where UserId hasprefix 'U' and %s and UserId !hassuffix_cs 'u3' and UserId !has_cs 'U1' | summarize n = count() by UserId",
	"UnifiedAuditLog | where %s and (isempty(UserId) or UserId contains '') and UserId in~ ('U1') | summarize n = count() by UserId",
	"UnifiedAuditLog | where %s and (UserId == 'u1' or Operation == 'x') | summarize n = count() by UserId",
	"UnifiedAuditLog | where %s | project u = UserId, TimeGenerated | summarize count() by u",
	"UnifiedAuditLog | where %s | extend UserId = toupper(UserId) | summarize count() by UserId",
	"UnifiedAuditLog | where %s | extend TimeGenerated = TimeGenerated + 3h | summarize count() by bin(TimeGenerated, 7h)",
	"UnifiedAuditLog | where %s | summarize count() by UserId | join kind=inner (UnifiedAuditLog | summarize m = count() by UserId) on UserId",
	"let a = UnifiedAuditLog | where %s | summarize n = count() by UserId; union a, (a | where n > 5)",
	"let a = UnifiedAuditLog | where %s | summarize n = count() by UserId; a | where n > toscalar(a | summarize avg(n))",
	"union (UnifiedAuditLog | where %s | summarize n = count() by UserId), (UnifiedAuditLog | where UserId == 'u2' | summarize n = count() by UserId)",
	"union (UnifiedAuditLog | where %s), (UnifiedAuditLog | where UserId == 'u2' | extend x = 1) | sort by UserId | count",
	"union (UnifiedAuditLog | where %s | take 3), (UnifiedAuditLog | where UserId == 'nobody'), (union UnifiedAuditLog, OfficeActivity | where %s) | summarize a = count(), b = count()",
	"union (UnifiedAuditLog | where %s | summarize by UserId | join kind=inner (UnifiedAuditLog | where UserId != 'u1') on UserId), (UnifiedAuditLog | where UserId has 'u2') | count",
	"union (UnifiedAuditLog | where %s), (UnifiedAuditLog | where UserId =~ 'U3') | project UserId | count | where Count > 3",
	"UnifiedAuditLog | where UserId in ((UnifiedAuditLog | where %s | summarize n = count() by UserId | where n > 3 | project UserId)) | summarize n = count() by UserId",
	"UnifiedAuditLog | where %s | summarize n = count() by Record_ = tostring(Record.a)",
	"UnifiedAuditLog | where %s | summarize n = count() by UserId, bin(TimeGenerated, 1tick) | count",
	"UnifiedAuditLog | where %s | summarize n = count(), m = max(TimeGenerated) by UserId",
	"UnifiedAuditLog | where %s and Operation != 'x' | summarize n = count() by UserId",
	"UnifiedAuditLog | where %s | summarize n = count() by UserId | where n > 3 | summarize n = count() by UserId",
}

// Rows that the lake counts are those that the engine would have counted.
func TestTheLakeCountsAsTheEngineDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	l, dir := windowLake(t, r)
	quick, service := openBefore(t, dir, FromLake(l))
	plain, engine := openBefore(t, dir, FromLake(l))
	plain.atOnce = true
	edge := edgesOf(t, l, r)
	literal := func() string { return literalOf(edge()) }
	condition := func() string {
		parts := []string{
			"TimeGenerated " + []string{">", ">=", "<", "<=", "==", "!="}[r.IntN(6)] + " " + literal(),
			"TimeGenerated between (" + literal() + " .. " + literal() + ")",
			"(TimeGenerated >= " + literal() + " and TimeGenerated < " + literal() + ")",
			"TimeGenerated > datetime(null)", "TimeGenerated > datetime(2001-01-01)",
		}
		return parts[r.IntN(len(parts))]
	}
	done, answers := 0, 0
	for i := range 20 * len(countedTexts) {
		quick.apart = countedApart * int64(i%2) // by several at a time, or by one
		text := strings.ReplaceAll(countedTexts[i%len(countedTexts)], "%s", condition())
		request := query.Request{Text: text}
		if r.IntN(3) == 0 {
			request.From = edge()
		}
		if r.IntN(3) == 0 {
			request.To = edge()
		}
		gotten, wanted := mustQuery(t, service, request), mustQuery(t, engine, request)
		got, want := sortedRows(gotten), sortedRows(wanted)
		if got != want || fmt.Sprint(gotten.Columns) != fmt.Sprint(wanted.Columns) {
			t.Errorf("%s\nfrom %v to %v:\n%s\nwant\n%s", text, request.From, request.To, got, want)
		}
		if want != "" {
			answers++
		}
		done += countedIn(t, quick, request)
	}
	if done < 300 || answers < 250 {
		t.Errorf("of %d queries %d had an answer, and the lake counted %d times", 20*len(countedTexts), answers, done)
	}
}

// countedIn returns how many aggregates of a query the lake counts.
func countedIn(t *testing.T, e *Engine, request query.Request) (done int) {
	t.Helper()
	tables := query.Schema{IngestionTime: lake.ColumnIngestionTime}
	s, err := tables.Compile(request.Text, bind.Options{Now: start.AddDate(0, 0, 5)})
	if err != nil {
		t.Fatal(err)
	}
	r := e.newReader(query.RunOptions{From: request.From, To: request.To, Limits: query.DefaultLimits()})
	defer r.release()
	for _, tally := range r.tallies(s) {
		_, err := r.count(t.Context(), &tally)
		if err == nil {
			done++
		} else if !errors.Is(err, lake.ErrNotCountable) {
			t.Errorf("%s: %v", request.Text, err)
		}
	}
	return done
}

// What is counted is counted in the statistics of the query, and limits hold.
func TestCountedRowsAreStatedAndLimited(t *testing.T) {
	l, dir := windowLake(t, rand.New(rand.NewPCG(5, 7)))
	_, service := openBefore(t, dir, FromLake(l))
	plain, engine := openBefore(t, dir, FromLake(l))
	plain.atOnce = true
	for _, text := range []string{
		"UnifiedAuditLog | summarize n = count() by UserId",
		"UnifiedAuditLog | where TimeGenerated >= datetime(" + start.AddDate(0, 0, 2).Format(time.RFC3339) + ") | summarize n = count() by UserId | sort by n",
		"union (UnifiedAuditLog | summarize n = count() by UserId), (UnifiedAuditLog | summarize n = count() by Operation)",
	} {
		for _, limits := range []query.Limits{{}, {Rows: 2}, {Bytes: 20}} {
			got, want := mustQuery(t, service, query.Request{Text: text, Limits: limits}), mustQuery(t, engine, query.Request{Text: text, Limits: limits})
			got.Statistics.Compile, got.Statistics.Execute, want.Statistics.Compile, want.Statistics.Execute = 0, 0, 0, 0
			if got.Statistics != want.Statistics || got.Truncated != want.Truncated || limits.Bytes == 0 && len(got.Rows) != len(want.Rows) || got.PartialFailure != want.PartialFailure {
				t.Errorf("%s, %+v: %d rows, %+v, %v, want %d, %+v, %v", text, limits, len(got.Rows), got.Statistics, got.Truncated, len(want.Rows), want.Statistics, want.Truncated)
			}
		}
	}
}

// Groups that a condition on their numbers leaves out are those that the engine would have
// left out, whatever the number, and none where somebody else reads the groups too.
func TestConditionsOnNumbersOfRows(t *testing.T) {
	l, dir := windowLake(t, rand.New(rand.NewPCG(5, 7)))
	config := DefaultConfig()
	config.Dir = dir
	quick := openEngine(t, config, FromLake(l))
	tables := query.Schema{IngestionTime: lake.ColumnIngestionTime}
	service := query.NewService(tables.Compile, quick, time.Now)
	all := mustQuery(t, service, query.Request{Text: "UnifiedAuditLog | summarize n = count() by UserId"})
	for operator, met := range map[string]func(n, than int64) bool{
		"<": func(n, than int64) bool { return n < than }, "<=": func(n, than int64) bool { return n <= than },
		">": func(n, than int64) bool { return n > than }, ">=": func(n, than int64) bool { return n >= than },
		"==": func(n, than int64) bool { return n == than }, "!=": func(n, than int64) bool { return n != than },
	} {
		for _, than := range all.Rows {
			var want []string
			for _, row := range all.Rows {
				if met(row[1].(int64), than[1].(int64)) {
					want = append(want, fmt.Sprint(row))
				}
			}
			slices.Sort(want)
			text := fmt.Sprintf("UnifiedAuditLog | summarize n = count() by UserId | where n %s %d", operator, than[1])
			if got := sortedRows(mustQuery(t, service, query.Request{Text: text})); got != strings.Join(want, "\n") {
				t.Errorf("%s:\n%s\nwant\n%s", text, got, strings.Join(want, "\n"))
			}
		}
	}
	s, err := tables.Compile("UnifiedAuditLog | summarize n = count() by UserId | where n > 3 and n < 9", bind.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := quick.newReader(query.RunOptions{})
	defer r.release()
	if found := r.tallies(s); len(found) != 1 || len(found[0].having) != 2 {
		t.Errorf("%+v", found)
	}
	filter := s.Root
	for filter != nil {
		if _, ok := filter.(*plan.Filter); ok {
			break
		}
		filter = filter.Inputs()[0]
	}
	other := &plan.Filter{Input: filter.Inputs()[0], Predicate: &plan.Literal{Of: types.Bool, Value: true}}
	s.Root = &plan.Union{From: []plan.Node{filter, other}}
	if found := r.tallies(s); len(found) != 1 || len(found[0].having) != 0 {
		t.Errorf("read by two: %+v", found)
	}
}

// Which aggregates the lake counts.
func TestWhatTheLakeCounts(t *testing.T) {
	l, dir := windowLake(t, rand.New(rand.NewPCG(5, 7)))
	config := DefaultConfig()
	config.Dir = dir
	e := openEngine(t, config, FromLake(l))
	not := []string{"toupper", "+ 3h", "Record", "1tick", "max(", "in~"}
	for _, text := range countedTexts {
		want := 1
		if slices.ContainsFunc(not, func(part string) bool { return strings.Contains(text, part) }) {
			want = 0
		}
		request := query.Request{Text: strings.ReplaceAll(text, "%s", "TimeGenerated > datetime(2001-01-01)")}
		if got := countedIn(t, e, request); got < want || want == 0 && got > 0 {
			t.Errorf("%s: %d are counted, want %d", text, got, want)
		}
	}
}

// Groups of long texts do not make a statement that is refused for its length.
func TestGroupsOfLongTextsAreAnswered(t *testing.T) {
	config := DefaultConfig()
	config.Dir = filepath.Join(t.TempDir(), "lake")
	l, err := lake.Open(t.Context(), lake.DefaultConfig(config.Dir), testLogger())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	table, _ := schema.Lookup(schema.UnifiedAuditLog)
	at, _ := table.Column(table.TimeColumn)
	object, _ := table.Column("ObjectId")
	batch := lake.Batch{Position: 1, Ingested: start}
	for n := range 150 {
		row := schema.Row{Table: table, Cells: []schema.Cell{
			{Column: at, Value: schema.DateTime(start)}, {Column: object, Value: schema.String(fmt.Sprint(n, strings.Repeat("x", 60_000)))},
		}}
		slices.SortFunc(row.Cells, func(a, b schema.Cell) int { return a.Column - b.Column })
		batch.Records = append(batch.Records, schema.Record{Key: schema.NewKey("test", fmt.Sprint(n)), Rows: []schema.Row{row}})
	}
	if _, err := l.Apply(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	tables := query.Schema{IngestionTime: lake.ColumnIngestionTime}
	service := query.NewService(tables.Compile, openEngine(t, config, FromLake(l)), time.Now)
	request := query.Request{Text: "UnifiedAuditLog | summarize n = count() by ObjectId | summarize sum(n), max(strlen(ObjectId))"}
	if got := sortedRows(mustQuery(t, service, request)); got != "[150 60003]" {
		t.Errorf("%s", got)
	}
}

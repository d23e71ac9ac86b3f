package duckdb

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/schema"
)

// words have characters of which one case, or none, is in ASCII, and what stands beside them.
var words = []string{"kind", "KIND", "\u212aind", "s\u0131ng", "sing", "S\u0130NG", "\u017fing", "sing@ab.example", "ab", "AB.", "a", "\u00e4b", "\u00c4B", "k", "\u212a", ""}

// shortAndLong are such texts in columns that are short and long.
func shortAndLong(r *rand.Rand) map[string]func(n int) schema.Value {
	word := func() string { return words[r.IntN(len(words))] }
	return map[string]func(n int) schema.Value{
		"UserId":    func(int) schema.Value { return schema.String(word()) },
		"Operation": func(n int) schema.Value { return schema.String(fmt.Sprint("op", n/7%3, word())) },
		"ClientIP":  func(n int) schema.Value { return schema.String(fmt.Sprint("10.0.0.", n%40)) },
		"ObjectId": func(n int) schema.Value {
			return schema.String(fmt.Sprint(word(), "/", 10_000+n, strings.Repeat("-long", r.IntN(30)), word()))
		},
	}
}

// textLake is a lake of rows of which each has a number, and of that its values in some
// columns: in merged files, a flushed one, and memory.
func textLake(t *testing.T, r *rand.Rand, of map[string]func(n int) schema.Value) (*lake.Lake, string) {
	t.Helper()
	config := lake.DefaultConfig(filepath.Join(t.TempDir(), "lake"))
	config.CompactShare, config.RowGroupRows, config.Clock = 1, 2000, long{clock.System()}
	l, err := lake.Open(t.Context(), config, testLogger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	table, _ := schema.Lookup(schema.UnifiedAuditLog)
	last := 0
	add := func(day, rows int) {
		batch := lake.Batch{Position: uint64(last + 1), Ingested: start.AddDate(0, 0, 5)}
		for range rows {
			last++
			row := sampleRow(table, start.AddDate(0, 0, day).Add(time.Duration(r.IntN(24*60))*time.Minute), 0)
			row.Cells = slices.DeleteFunc(row.Cells, func(c schema.Cell) bool { return of[table.Columns[c.Column].Name] != nil })
			for c, column := range table.Columns {
				if value := of[column.Name]; value != nil {
					row.Cells = append(row.Cells, schema.Cell{Column: c, Value: value(last)})
				}
			}
			slices.SortFunc(row.Cells, func(a, b schema.Cell) int { return a.Column - b.Column })
			batch.Records = append(batch.Records, schema.Record{Key: schema.NewKey("test", fmt.Sprint(last)), Rows: []schema.Row{row}})
		}
		if _, err := l.Apply(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	for day := range 3 {
		add(day, 3000+2000*(day%2))
		if err := l.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	add(2, 90)
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	add(2, 60)
	return l, config.Dir
}

// aCondition is a condition on texts in the words of the language, with up to so many in it.
func aCondition(r *rand.Rand, most int) string {
	switch n := r.IntN(6); {
	case most > 1 && n < 2:
		return "(" + aCondition(r, most/2) + " or " + aCondition(r, most/2) + ")"
	case most > 1 && n < 4:
		return "(" + aCondition(r, most/2) + " and " + aCondition(r, most/2) + ")"
	case n == 4:
		return "not(" + aCondition(r, 1) + ")"
	}
	column := []string{"UserId", "Operation", "ClientIP", "ObjectId", "ObjectId"}[r.IntN(5)]
	operators := []string{"==", "=~", "!=", "!~", "contains", "!contains", "contains_cs", "has", "!has", "has_cs", "hasprefix", "hassuffix", "hasprefix_cs",
		"hassuffix_cs", "startswith", "!startswith", "startswith_cs", "endswith", "endswith_cs", "in", "!in"}
	operator := operators[r.IntN(len(operators))]
	needle := words[r.IntN(len(words))]
	switch r.IntN(5) {
	case 0:
		needle = fmt.Sprint("10.0.0.", r.IntN(40))
	case 1:
		needle = fmt.Sprint(needle, "/", r.IntN(9))
	case 2:
		needle = fmt.Sprint("op", r.IntN(3), needle)
	}
	if strings.HasSuffix(operator, "in") {
		return fmt.Sprintf("%s %s ('%s', '%s')", column, operator, needle, words[r.IntN(len(words))])
	}
	return fmt.Sprintf("%s %s '%s'", column, operator, needle)
}

// countedAsByAnEngine asks so many queries of a lake, and of an engine that leaves nothing out.
// It returns how many aggregates of them the lake counted, and how many queries had rows.
func countedAsByAnEngine(t *testing.T, l *lake.Lake, dir string, queries int, text func() string) (done, some int) {
	t.Helper()
	quick, service := openBefore(t, dir, FromLake(l))
	plain, engine := openBefore(t, dir, without{FromLake(l)})
	plain.atOnce = true
	for range queries {
		request := query.Request{Text: text()}
		got, want := sortedRows(mustQuery(t, service, request)), sortedRows(mustQuery(t, engine, request))
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", request.Text, got, want)
		}
		if want != "" && want != "[0]" {
			some++
		}
		done += countedIn(t, quick, request)
	}
	return done, some
}

// What the lake counts of rows that meet conditions on texts of several columns is what an
// engine counts that leaves nothing out.
func TestConditionsOnSeveralColumnsAreCounted(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 4))
	l, dir := textLake(t, r, shortAndLong(r))
	queries := 400
	if testing.Short() {
		queries = 120
	}
	done, some := countedAsByAnEngine(t, l, dir, queries, func() string {
		text := "UnifiedAuditLog | where " + aCondition(r, 4)
		if r.IntN(4) == 0 {
			text += " | where TimeGenerated > datetime(" + start.AddDate(0, 0, 1).Add(5*time.Hour).Format(time.RFC3339) + ")"
		}
		return text + []string{" | count", " | summarize n = count() by UserId"}[r.IntN(2)]
	})
	if done < queries*3/4 || some < queries/3 {
		t.Errorf("of %d queries %d were counted, and %d had rows", queries, done, some)
	}
}

// exactFinds counts the files that rows are found in by conditions instead of terms.
type exactFinds struct {
	Source
	times, rows atomic.Int64
}

func (x *exactFinds) Acquire(table string) (*ReadSet, error) {
	set, err := x.Source.Acquire(table)
	if err != nil {
		return nil, err
	}
	find := set.Find
	set.Find = func(ctx context.Context, f lake.File, asked lake.Finding) (arrow.RecordBatch, error) {
		batch, err := find(ctx, f, asked)
		if err == nil && len(asked.Only) > 0 {
			x.times.Add(1)
			x.rows.Add(batch.NumRows())
		}
		return batch, err
	}
	return set, nil
}

// Rows that are found by the conditions on their texts are those that an engine finds which
// leaves nothing out, also where values of another table are sought.
func TestRowsAreFoundByConditions(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 12))
	l, dir := textLake(t, r, shortAndLong(r))
	found := &exactFinds{Source: FromLake(l)}
	_, service := openBefore(t, dir, found)
	plain, engine := openBefore(t, dir, without{FromLake(l)})
	plain.atOnce = true
	rare := func() string {
		return []string{
			fmt.Sprintf("ObjectId contains '/%d-'", 10_100+r.IntN(8000)), fmt.Sprintf("ObjectId startswith '%s/%d'", words[r.IntN(len(words))], 10_100+r.IntN(9000)),
			fmt.Sprintf("ObjectId has '%d'", 10_100+r.IntN(9000)), fmt.Sprintf("(ObjectId has '%d' or ClientIP == '10.0.0.7' and ObjectId has_cs '%d')", 10_100+r.IntN(9000), 10_100+r.IntN(9000)),
		}[r.IntN(4)]
	}
	some, queries := 0, 300
	if testing.Short() {
		queries = 100
	}
	for range queries {
		text := "UnifiedAuditLog | where " + rare()
		switch r.IntN(6) {
		case 0, 1, 2:
			text += " and " + aCondition(r, 3)
		case 3:
			text += " or " + rare()
		case 4:
			text = "UnifiedAuditLog | where " + rare() + " or " + rare() + " | join kind=inner (UnifiedAuditLog | where " + aCondition(r, 2) + ") on ObjectId"
		}
		text += " | project UserId, Operation, ObjectId, TimeGenerated"
		request := query.Request{Text: text}
		got, want := sortedRows(mustQuery(t, service, request)), sortedRows(mustQuery(t, engine, request))
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", text, got, want)
		}
		if want != "" {
			some++
		}
	}
	if some < queries/3 || found.times.Load() < int64(queries)/2 || found.rows.Load() < int64(some)/2 {
		t.Errorf("of %d queries %d had rows, and %d rows were found in %d files", queries, some, found.rows.Load(), found.times.Load())
	}
}

package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	duckdriver "github.com/duckdb/duckdb-go/v2"

	"github.com/quoll/quoll/query"
)

// Rows that come as they are made are those that are in memory at once.
func TestRowsThatComeAreTheSame(t *testing.T) {
	s, e, _ := newService(t)
	for _, text := range []string{
		"Events",
		"Events | where N % 3 == 1 | extend twice = N * 2",
		"Events | take 50",
		"Events | take 50 | where N >= 0 | count",
		"Events | sort by N desc",
		"Events | top 70 by N",
		"Events | top 70 by TimeGenerated",
		"Events | where N > 500",
		"Events | summarize n = count() by bin(N, 7)",
		"Events | project v = 9223372036854775000 + N * 10", // beyond a long in some rows
		"union (Events | where N < 30), (Events | where N > 80), (print N = 7)",
		"union (Events | where N < 30), (Events | where N > 80) | take 75",
		"union (Events | where N < 30), (Events | where N > 80) | top 30 by TimeGenerated",
		"union (Events | where N < 30 | take 5), (Events | summarize N = count()) | extend x = strcat(N, 'x') | project x",
		"union withsource=T (Events | where N < 30), (Events | summarize N = count() by Name) | where N < 25 | sort by N asc, T asc, Name asc",
		"union (Events | where N < 30), (Events | extend TimeGenerated = datetime(null)) | top 40 by TimeGenerated asc | summarize count() by TimeGenerated | sort by TimeGenerated asc",
		"set truncationmaxrecords=40; Events",
		"set truncationmaxrecords=40; union Events, Events",
		"set truncationmaxsize=300; union (Events | project N, Name), (Events | project N, Name)",
		"Events; Events | where N < 3; print 1",
		"Events | join kind=inner (Events | where N < 50) on N | project N, Name1",
	} {
		e.coming, e.near = coming{fewRows, firstOrdered, manyColumns}, 12
		whole := mustQuery(t, s, query.Request{Text: text})
		e.coming, e.near = coming{0, 10, 1}, 12
		for how, came := range map[string]*query.Result{
			"in the result":                 mustQuery(t, s, query.Request{Text: text}),
			"handed on":                     handedOn(t, s, text, false),
			"handed on, void once or twice": handedOn(t, s, text, true),
		} {
			got, want := told(came), told(whole)
			if strings.Contains(text, "| take ") { // any rows would do
				got, want = fmt.Sprint(len(came.Rows)), fmt.Sprint(len(whole.Rows))
			}
			if got != want {
				t.Errorf("%s, %s, gave\n%s\ninstead of\n%s", text, how, got, want)
			}
		}
	}
}

// handedOn is a result with the rows that were handed on, which may be taken back.
func handedOn(t *testing.T, s *query.Service, text string, again bool) *query.Result {
	t.Helper()
	var rows [][]any
	r := query.Request{Text: text, Each: func(_ []query.Column, batch [][]any) error {
		rows = append(rows, batch...)
		return nil
	}}
	if again {
		r.Again = func() error { rows = nil; return nil }
	}
	result := mustQuery(t, s, r)
	if result.Handed != len(rows) || len(rows) > 0 && len(result.Rows) > 0 {
		t.Errorf("%s: %d rows are said to be handed on, %d were, %d are in the result", text, result.Handed, len(rows), len(result.Rows))
	}
	if len(rows) > 0 {
		result.Rows = rows
	}
	return result
}

// told words a result without the order of rows that have none, or of those that any would
// do for.
func told(r *query.Result) string {
	var rows []string
	for _, row := range r.Rows {
		rows = append(rows, fmt.Sprint(row))
	}
	slices.Sort(rows)
	if r.Truncated {
		rows = []string{fmt.Sprint(len(rows), " rows")}
	}
	text := fmt.Sprint(r.Truncated, r.PartialFailure, len(r.Rows), strings.Join(rows, "\n"))
	for _, more := range r.More {
		text += told(more)
	}
	return text
}

func TestRowsStopComing(t *testing.T) {
	e := openEngine(t, DefaultConfig(), nil)
	many := "SELECT i, repeat('x', 100) FROM range(100000000000) AS r(i)"
	onConnection(t, e, func(_ *sql.Conn, c any) {
		rows, err := askLong(context.Background(), c, many)
		if err != nil {
			t.Fatal(err)
		}
		if !rows.next() || rows.size == 0 {
			t.Fatalf("no rows: %v", rows.err)
		}
		rows.close() // of rows without end
		ctx, cancel := context.WithCancel(context.Background())
		if rows, err = askLong(ctx, c, many); err != nil {
			t.Fatal(err)
		}
		rows.next()
		cancel()
		for rows.next() { // what is made already may still come
		}
		if !errors.Is(rows.err, context.Canceled) {
			t.Errorf("cancelled rows ended with %v", rows.err)
		}
		rows.close()
		if _, err := askLong(ctx, c, many); !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled query gives %v", err)
		}
		// The connection answers what comes next.
		if rows, err = ask(context.Background(), c, "SELECT 1"); err != nil || !rows.next() {
			t.Fatalf("after them: %v", err)
		}
		rows.close()
	})
}

func TestRowsThatComeSayWhatIsWrong(t *testing.T) {
	e := openEngine(t, DefaultConfig(), nil)
	for text, want := range map[string]duckdriver.ErrorType{
		"SELECT nothing": duckdriver.ErrorTypeBinder,
		"SELECT":         duckdriver.ErrorTypeParser,
		"SELECT CASE WHEN i = 90000 THEN 'x' ELSE '1' END::INTEGER FROM range(100000) AS r(i)": duckdriver.ErrorTypeConversion,
	} {
		onConnection(t, e, func(_ *sql.Conn, c any) {
			rows, err := askLong(context.Background(), c, text)
			if err == nil {
				for rows.next() {
				}
				err = rows.err
				rows.close()
			}
			var failure *duckdriver.Error
			if !errors.As(err, &failure) || failure.Type != want {
				t.Errorf("%s: %v of type %v", text, err, failure)
			}
		})
	}
}

// What the first inputs of a union give in sufficient number is not asked of the others.
func TestAUnionIsAskedInTurn(t *testing.T) {
	s, e, table := newService(t)
	e.near, table.set.Fresh = 1000, nil
	for text, files := range map[string]int{
		"union (Events | where TimeGenerated < datetime(2026-09-15)), (Events | where N > 90) | take 4":                 1,
		"union (Events | where TimeGenerated < datetime(2026-09-15)), (Events | where N > 90) | take 40":                4,
		"union (Events | where TimeGenerated < datetime(2026-09-15)), (Events | where N > 90) | where N > 95 | take 40": 4,
		"union (Events | where TimeGenerated < datetime(2026-09-15)), (Events | where N > 90) | take 4 | where N > 1":   4,
	} {
		if result := mustQuery(t, s, query.Request{Text: text}); result.Statistics.FilesRead != files {
			t.Errorf("%s: %v, %+v", text, result.Rows, result.Statistics)
		}
	}
}

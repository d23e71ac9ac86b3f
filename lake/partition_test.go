package lake

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/quoll/quoll/schema"
)

// TestRowsOfADayKeepTheirOrder divides rows of random days, before 1970 too, and joins
// those that follow each other.
func TestRowsOfADayKeepTheirOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(52, 0))
	table, _ := schema.Lookup(schema.UnifiedAuditLog)
	column, _ := table.Column("TimeGenerated")
	for range 200 {
		build := newBuilder(columnsOf(table), column)
		var generation []batch
		want := map[int64][]rowRef{}
		days := 1 + r.IntN(4)
		for i := range 1 + r.IntN(3) {
			rows := 1 + r.IntN(40)
			for row := range rows {
				at := time.Date(1970, 1, -1+r.IntN(days), r.IntN(24), r.IntN(60), 0, r.IntN(1e9), time.UTC)
				build.add([]schema.Cell{{Column: column, Value: schema.DateTime(at)}}, rowOrigin{})
				day := at.Truncate(24*time.Hour).Unix() / (24 * 60 * 60)
				want[day] = append(want[day], rowRef{at.UnixMicro(), int32(i), int32(row)})
			}
			generation = append(generation, build.cut(false))
		}
		runs := splitByDay(generation, column)
		if !slices.IsSortedFunc(runs, func(a, b dayRun) int { return int(a.day - b.day) }) || len(runs) != len(want) {
			t.Fatalf("%d runs of %d days", len(runs), len(want))
		}
		for _, run := range runs {
			if !slices.Equal(run.rows, want[run.day]) {
				t.Fatalf("day %d: %v, want %v", run.day, run.rows, want[run.day])
			}
			checkSpans(t, run.rows)
		}
	}
}

func checkSpans(t *testing.T, refs []rowRef) {
	t.Helper()
	next := 0
	last := rowSpan{batch: -1}
	spans := spansOf(refs)
	for _, s := range spans {
		if s.batch == last.batch && s.from == last.to {
			t.Fatalf("%v and %v are one", last, s)
		}
		for row := s.from; row < s.to; row++ {
			if next == len(refs) || refs[next].batch != s.batch || refs[next].row != row {
				t.Fatalf("%v at row %d of %v", s, next, refs)
			}
			next++
		}
		last = s
	}
	if next != len(refs) || countRows(spans) != len(refs) {
		t.Fatalf("%d rows in %v, want %d", next, spans, len(refs))
	}
}

package duckdb

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
)

// The first rows are counted before they are joined: the engine by itself left out rows
// without a partner below the limit, where files and rows in memory come together.
func TestFirstRowsAreCountedBeforeTheyAreJoined(t *testing.T) {
	l, dir := windowLake(t, rand.New(rand.NewPCG(1, 2)))
	config := DefaultConfig()
	config.Dir = dir
	schema := query.Schema{IngestionTime: lake.ColumnIngestionTime}
	service := query.NewService(schema.Compile, openEngine(t, config, without{FromLake(l)}), func() time.Time { return start.AddDate(0, 0, 4) })
	count := func(text string) int64 {
		return mustQuery(t, service, query.Request{Text: text + ` | count`}).Rows[0][0].(int64)
	}
	for _, top := range []string{`UnifiedAuditLog | top 20 by TimeGenerated`, `UnifiedAuditLog | top 20 by Operation, TimeGenerated`, `let f = UnifiedAuditLog | top 20 by Id; union (f), (f)`} {
		want := count(top + ` | where UserId == 'u1'`)
		for _, rest := range []string{
			` | join kind=inner (print UserId = 'u1') on UserId`,
			` | join kind=leftsemi (print UserId = 'u1') on UserId`,
			` | lookup kind=inner (print UserId = 'u1') on UserId`,
			` | where UserId in ((UnifiedAuditLog | where UserId == 'u1' | summarize UserId = max(UserId)))`,
			` | extend n = 1 | where n > 0 | join kind=inner (print UserId = 'u1') on UserId`,
		} {
			for range 12 {
				if got := count(top + rest); got != want {
					t.Errorf("%s%s gives %d rows, want %d", top, rest, got, want)
					break
				}
			}
		}
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/query/duckdb"
)

// asked are security queries and look-ups. Where %s stands, a value goes that one
// record has.
var asked = []struct{ name, text string }{
	{"failed sign-ins by user, one day", `UnifiedAuditLog | where TimeGenerated between (datetime(2026-03-10) .. 1d) and Operation == "UserLoginFailed" | summarize count() by UserId`},
	{"forwarding rules", `UnifiedAuditLog | where Operation in ("New-InboxRule", "Set-InboxRule") and Record has "ForwardTo" | count`},
	{"downloads by user and hour", `UnifiedAuditLog | where Operation == "FileDownloaded" | summarize n = count() by UserId, bin(TimeGenerated, 1h) | where n > 20`},
	{"top users", `UnifiedAuditLog | summarize n = count() by UserId | top 20 by n`},
	{"latest hundred of a user", `UnifiedAuditLog | where UserId == "%[1]s" | top 100 by TimeGenerated`},
	{"one record by its id", `UnifiedAuditLog | where Id == "%[2]s"`},
	{"an id that nobody has", `UnifiedAuditLog | where Id == "00000000-0000-4000-8000-000000000000"`},
	{"one word in the whole record", `UnifiedAuditLog | where Record has "%[2]s" | count`},
	{"one word in any column", `search in (UnifiedAuditLog) "%[2]s" | count`},
}

// tables are what a query may name.
var tables = query.Schema{IngestionTime: lake.ColumnIngestionTime}

// repeats is how often a warm query runs.
const repeats = 5

// ask times every query: the first run, then the median of further ones. The
// engine is new, the files may be in the page cache.
func ask(ctx context.Context, dir string, l *lake.Lake, when string) (err error) {
	config := duckdb.DefaultConfig()
	config.Dir = dir
	engine, err := duckdb.Open(ctx, config, duckdb.FromLake(l), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	service := query.NewService(tables.Compile, engine, time.Now)
	one, err := service.Query(ctx, query.Request{Text: `UnifiedAuditLog | where TimeGenerated > datetime(2026-03-12) | take 1 | project UserId, Id`})
	if err != nil {
		return err
	}
	if len(one.Rows) != 1 {
		return errors.New("there are too few days to ask about")
	}
	fmt.Printf("\n| %s, ms | first | warm |\n|---|--:|--:|\n", when)
	for _, q := range asked {
		text := q.text
		if slices.Contains([]byte(text), '%') {
			text = fmt.Sprintf(text+"%.0[1]s%.0[2]s", one.Rows[0][0], one.Rows[0][1])
		}
		var took []time.Duration
		for range repeats + 1 {
			began := time.Now()
			if _, err := service.Query(ctx, query.Request{Text: text}); err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
			took = append(took, time.Since(began))
		}
		first := took[0]
		warm := took[1:]
		slices.Sort(warm)
		fmt.Printf("| %s | %.1f | %.1f |\n", q.name, ms(first), ms(warm[len(warm)/2]))
	}
	fmt.Println("\n| | |\n|---|--:|")
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

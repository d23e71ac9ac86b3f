package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // the engine of the native tables

	"github.com/quoll/quoll/internal/usage"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/query/duckdb"
	"github.com/quoll/quoll/schema"
)

// comparison is one question to all stores. Where %s stands, a value goes that one
// record has: %[1]s its user, %[2]s its id, %[3]s a word that few have.
type comparison struct{ name, kql, sql, logs string }

const anyColumn = `contains(lower(concat_ws(' ', Id, UserId, ClientIP, ObjectId, Operation, AppAccessContext, Record)), lower('%s'))`

var comparisons = []comparison{
	{"q1 failed sign-ins by user, one day", `UnifiedAuditLog | where TimeGenerated between (datetime(2026-03-03) .. 1d) and Operation == "UserLoginFailed" | summarize n = count() by UserId`,
		`SELECT UserId, count(*) FROM t WHERE TimeGenerated BETWEEN '2026-03-03' AND '2026-03-04' AND Operation = 'UserLoginFailed' GROUP BY 1`,
		`_time:2026-03-03 Operation:="UserLoginFailed" | stats by (UserId) count() n`},
	{"q2 forwarding rules", `UnifiedAuditLog | where Operation in ("New-InboxRule", "Set-InboxRule") and Record has "ForwardTo" | count`,
		`SELECT count(*) FROM t WHERE Operation IN ('New-InboxRule', 'Set-InboxRule') AND contains(Record, 'ForwardTo')`,
		`Operation:in("New-InboxRule", "Set-InboxRule") "ForwardTo" | stats count() n`},
	{"q3 downloads by user and hour", `UnifiedAuditLog | where Operation == "FileDownloaded" | summarize n = count() by UserId, bin(TimeGenerated, 1h) | where n > 20`,
		`SELECT UserId, date_trunc('hour', TimeGenerated), count(*) n FROM t WHERE Operation = 'FileDownloaded' GROUP BY 1, 2 HAVING n > 20`,
		`Operation:="FileDownloaded" | stats by (UserId, _time:1h) count() n | filter n:>20`},
	{"q4 rare pairs of user and address", `UnifiedAuditLog | summarize n = count() by UserId, ClientIP | where n < 3 | count`,
		`SELECT count(*) FROM (SELECT UserId, ClientIP, count(*) n FROM t GROUP BY 1, 2 HAVING n < 3)`,
		`* | stats by (UserId, ClientIP) count() n | filter n:<3 | stats count() n`},
	{"q6 top twenty users", `UnifiedAuditLog | summarize n = count() by UserId | top 20 by n`,
		`SELECT UserId, count(*) n FROM t GROUP BY 1 ORDER BY n DESC LIMIT 20`,
		`* | stats by (UserId) count() n | sort by (n desc) limit 20`},
	{"needle: an id in any column", `search in (UnifiedAuditLog) "%[2]s" | count`, `SELECT count(*) FROM t WHERE ` + strings.ReplaceAll(anyColumn, "%s", "%[2]s"), `"%[2]s" | stats count() n`},
	{"needle: an id that nobody has", `search in (UnifiedAuditLog) "0aa11bb2-0000-4000-8000-0123456789ab" | count`,
		`SELECT count(*) FROM t WHERE ` + strings.ReplaceAll(anyColumn, "%s", "0aa11bb2-0000-4000-8000-0123456789ab"), `"0aa11bb2-0000-4000-8000-0123456789ab" | stats count() n`},
	{"needle: an address that nobody has", `search in (UnifiedAuditLog) "198.51.100.77" | count`,
		`SELECT count(*) FROM t WHERE ` + strings.ReplaceAll(anyColumn, "%s", "198.51.100.77"), `"198.51.100.77" | stats count() n`},
	{"needle: a rare word in the record", `UnifiedAuditLog | where Record has "%[2]s" | project Id`, `SELECT Id FROM t WHERE contains(Record, '%[2]s')`, `Record:"%[2]s" | fields Id`},
	{"one record by its id", `UnifiedAuditLog | where Id == "%[2]s" | project Record`, `SELECT Record FROM t WHERE Id = '%[2]s'`, `Id:="%[2]s" | fields Record`},
}

// store answers questions and says how many rows an answer has.
type store struct {
	name string
	ask  func(ctx context.Context, c *comparison) (rows int, err error)
	cpu  func() time.Duration
	// each is how often a question is asked in a row for one figure, where cpu goes in
	// steps that are coarser than an answer.
	each int
}

// times asks a question so many times, and returns the rows of the answer and what one
// took by the clock and of the processor.
func (s *store) times(ctx context.Context, c *comparison, times int) (rows int, took, spent time.Duration, err error) {
	began, before := time.Now(), s.cpu()
	for range times {
		if rows, err = s.ask(ctx, c); err != nil {
			return 0, 0, 0, fmt.Errorf("%s: %s: %w", s.name, c.name, err)
		}
	}
	return rows, time.Since(began) / time.Duration(times), (s.cpu() - before) / time.Duration(times), nil
}

// sideBySide asks the lake of a data directory, a native DuckDB table and VictoriaLogs
// with the rows of its UnifiedAuditLog.
func sideBySide(ctx context.Context, dir, victoria, parent string, only string) (err error) {
	names, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	temp, err := os.MkdirTemp(parent, "quoll-compare-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	config := lake.DefaultConfig(filepath.Join(dir, "lake"))
	l, err := lake.Open(ctx, config, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	set, err := l.Acquire(schema.UnifiedAuditLog)
	if err != nil {
		return err
	}
	defer set.Release()
	native, err := openNative(ctx, filepath.Join(temp, "native.duckdb"), set)
	if err != nil {
		return fmt.Errorf("fill a native table: %w", err)
	}
	defer func() { err = errors.Join(err, native.Close()) }()
	ours, service, closeEngine, err := openLake(ctx, config.Dir, l)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeEngine()) }()
	one, err := service.Query(ctx, query.Request{Text: `UnifiedAuditLog | where isnotempty(ClientIP) | top 1 by TimeGenerated | project UserId, Id`})
	if err != nil || len(one.Rows) != 1 {
		return fmt.Errorf("find a record to ask for: %w", err)
	}
	values := []any{one.Rows[0][0], one.Rows[0][1]}
	stores := []store{ours, nativeStore(native)}
	if victoria != "" {
		v, stop, err := startVictoria(ctx, victoria, filepath.Join(temp, "victoria"), native)
		if err != nil {
			return fmt.Errorf("fill VictoriaLogs: %w", err)
		}
		defer stop()
		stores = append(stores, v)
	}
	sizes(set, temp)
	return compareAll(ctx, stores, names, values)
}

// sizes prints what each store takes for a row.
func sizes(set *lake.ReadSet, temp string) {
	var rows, bytes int64
	for _, f := range set.Files {
		rows, bytes = rows+f.Rows, bytes+f.Bytes
	}
	fmt.Printf("| bytes a row, of %d rows | |\n|---|--:|\n| quoll | %.0f |\n", rows, float64(bytes)/float64(rows))
	for name, path := range map[string]string{"native DuckDB table": "native.duckdb", "VictoriaLogs": "victoria"} {
		var size int64
		_ = filepath.Walk(filepath.Join(temp, path), func(_ string, info os.FileInfo, err error) error {
			if err == nil && !info.IsDir() {
				size += info.Size()
			}
			return nil
		})
		if size > 0 {
			fmt.Printf("| %s | %.0f |\n", name, float64(size)/float64(rows))
		}
	}
}

func openLake(ctx context.Context, dir string, l *lake.Lake) (store, *query.Service, func() error, error) {
	config := duckdb.DefaultConfig()
	config.Dir = dir
	engine, err := duckdb.Open(ctx, config, duckdb.FromLake(l), slog.New(slog.DiscardHandler))
	if err != nil {
		return store{}, nil, nil, err
	}
	service := query.NewService(tables.Compile, engine, time.Now)
	return store{name: "quoll", cpu: usage.Processor, ask: func(ctx context.Context, c *comparison) (int, error) {
		result, err := service.Query(ctx, query.Request{Text: c.kql})
		if err != nil {
			return 0, err
		}
		return len(result.Rows), nil
	}}, service, engine.Close, nil
}

// openNative copies the rows of the lake into a table of DuckDB's own.
func openNative(ctx context.Context, path string, set *lake.ReadSet) (*sql.DB, error) {
	db, err := sql.Open("duckdb", path)
	if err != nil {
		return nil, err
	}
	files := make([]string, len(set.Files))
	for i, f := range set.Files {
		files[i] = "'" + strings.ReplaceAll(f.Path, "'", "''") + "'"
	}
	for _, statement := range []string{"SET TimeZone = 'UTC'", "CREATE TABLE t AS SELECT * FROM read_parquet([" + strings.Join(files, ", ") + "])", "CHECKPOINT"} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return db, nil
}

func nativeStore(db *sql.DB) store {
	return store{name: "native DuckDB", cpu: usage.Processor, ask: func(ctx context.Context, c *comparison) (n int, err error) {
		rows, err := db.QueryContext(ctx, c.sql)
		if err != nil {
			return 0, err
		}
		defer rows.Close()
		for rows.Next() {
			n++
		}
		return n, rows.Err()
	}}
}

// compareAll asks every store every question in turn and prints first and median warm
// times, and the processor time of the median one.
func compareAll(ctx context.Context, stores []store, only *regexp.Regexp, values []any) error {
	fmt.Print("\n| ms: first / warm / processor time of warm |")
	for _, s := range stores {
		fmt.Printf(" %s |", s.name)
	}
	fmt.Println("\n|---|" + strings.Repeat("--:|", len(stores)))
	for _, c := range comparisons {
		if !only.MatchString(c.name) {
			continue
		}
		for _, text := range []*string{&c.kql, &c.sql, &c.logs} {
			if strings.Contains(*text, "%[") {
				*text = fmt.Sprintf(*text+"%.0[1]s%.0[2]s", values...)
			}
		}
		fmt.Printf("| %s |", c.name)
		var answers []int
		for _, s := range stores {
			rows, first, _, err := s.times(ctx, &c, 1)
			if err != nil {
				return err
			}
			answers = append(answers, rows)
			samples, each := repeats, max(1, s.each)
			if first > time.Second {
				samples, each = 1, 1
			}
			var took, spent []time.Duration
			for range samples {
				_, t, c, err := s.times(ctx, &c, each)
				if err != nil {
					return err
				}
				took, spent = append(took, t), append(spent, c)
			}
			slices.Sort(took)
			slices.Sort(spent)
			fmt.Printf(" %.1f / %.1f / %.1f |", ms(first), ms(took[samples/2]), ms(spent[samples/2]))
		}
		fmt.Println()
		for _, n := range answers[1:] {
			if n != answers[0] {
				fmt.Printf("| (rows of the answers: %v) |\n", answers)
				break
			}
		}
	}
	return nil
}

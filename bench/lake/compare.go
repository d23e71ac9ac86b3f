package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // the engine of the native tables

	"github.com/quoll/quoll/internal/pagecache"
	"github.com/quoll/quoll/internal/usage"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/query/duckdb"
	"github.com/quoll/quoll/schema"
)

// comparison is one question to all stores; a store whose text is empty is not asked.
// Where %[1]s stands, a value goes that one record has: %[1]s its user, %[2]s its id,
// %[3]s its address with the port, and %[4]s without.
type comparison struct{ name, kql, sql, logs string }

// about puts the values of a record into the texts.
func (c comparison) about(values []any) comparison {
	for _, text := range []*string{&c.kql, &c.sql, &c.logs} {
		if strings.Contains(*text, "%[") {
			*text = fmt.Sprintf(*text+"%.0[1]s%.0[2]s%.0[3]s%.0[4]s%.0[5]s", values...)
		}
	}
	return c
}

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
	{"q5 an address in any column", `search in (UnifiedAuditLog) "%[3]s" | count`, `SELECT count(*) FROM t WHERE ` + strings.ReplaceAll(anyColumn, "%s", "%[3]s"), `"%[3]s" | stats count() n`},
	{"q5 the latest hundred of them", `search in (UnifiedAuditLog) "%[3]s" | top 100 by TimeGenerated | project TimeGenerated, Id, Record`,
		`SELECT TimeGenerated, Id, Record FROM t WHERE ` + strings.ReplaceAll(anyColumn, "%s", "%[3]s") + ` ORDER BY TimeGenerated DESC LIMIT 100`,
		`"%[3]s" | fields _time, Id, Record | sort by (_time desc) limit 100`},
	{"q5 a frequent address in any column", `search in (UnifiedAuditLog) "%[4]s" | count`, `SELECT count(*) FROM t WHERE ` + strings.ReplaceAll(anyColumn, "%s", "%[4]s"), `"%[4]s" | stats count() n`},
	{"needle: an address of some records a day in any column", `search in (UnifiedAuditLog) "%[5]s" | count`,
		`SELECT count(*) FROM t WHERE ` + strings.ReplaceAll(anyColumn, "%s", "%[5]s"), `"%[5]s" | stats count() n`},
	{"needle: a user in any column", `search in (UnifiedAuditLog) "%[1]s" | count`,
		`SELECT count(*) FROM t WHERE ` + strings.ReplaceAll(anyColumn, "%s", "%[1]s"), `"%[1]s" | stats count() n`},
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
	// fresh forgets what is kept in memory.
	fresh func(ctx context.Context) error
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

// others says what is asked beside the lake.
type others struct {
	victoria string // the program of VictoriaLogs; empty leaves it out
	storage  string // its folder, which is filled if it is not yet, and kept; empty: a temporary one
	native   bool   // a native DuckDB table
	parent   string // where temporary folders are made
}

// sideBySide asks the lake of a data directory and others with the rows of its tables.
func sideBySide(ctx context.Context, dir string, chosen choice, beside others) (err error) {
	temp, err := os.MkdirTemp(beside.parent, "quoll-compare-")
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
	opened := &openedLake{dir: config.Dir, lake: l}
	if err := opened.open(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.close()) }()
	questions, err := askedQuestions(ctx, opened.service, chosen)
	if err != nil {
		return err
	}
	stores := []store{opened.store()}
	db, given, err := openRows(ctx, l, filepath.Join(temp, "rows.duckdb"), beside.native)
	if err != nil {
		return fmt.Errorf("open the rows for others: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	places := map[string]string{"quoll": filepath.Join(config.Dir)}
	if beside.native {
		stores = append(stores, nativeStore(db))
		places["native DuckDB"] = filepath.Join(temp, "rows.duckdb")
	}
	if beside.victoria != "" {
		storage := beside.storage
		if storage == "" {
			storage = filepath.Join(temp, "victoria")
		}
		v, stop, err := openVictoria(ctx, beside.victoria, storage, db, given)
		if err != nil {
			return fmt.Errorf("fill VictoriaLogs: %w", err)
		}
		defer stop()
		stores, places["VictoriaLogs"] = append(stores, v), storage
	}
	sizes(l, places)
	return compareAll(ctx, stores, questions)
}

// sizes prints what each store takes on disk.
func sizes(l *lake.Lake, places map[string]string) {
	fmt.Print("| table | rows | bytes a row |\n|---|--:|--:|\n")
	for _, t := range l.Stats() {
		if t.Rows > 0 {
			fmt.Printf("| %s | %d | %.1f |\n", t.Name, t.Rows, float64(t.Bytes)/float64(t.Rows))
		}
	}
	fmt.Print("\n| store | MiB on disk |\n|---|--:|\n")
	for _, name := range slices.Sorted(maps.Keys(places)) {
		var size int64
		_ = filepath.Walk(places[name], func(_ string, info os.FileInfo, err error) error {
			if err == nil && !info.IsDir() {
				size += info.Size()
			}
			return nil
		})
		fmt.Printf("| %s | %.1f |\n", name, float64(size)/(1<<20))
	}
}

// openedLake is a lake with an engine before it.
type openedLake struct {
	dir     string
	lake    *lake.Lake
	service *query.Service
	close   func() error // of the engine
}

func (o *openedLake) open(ctx context.Context) error {
	config := duckdb.DefaultConfig()
	config.Dir = o.dir
	engine, err := duckdb.Open(ctx, config, duckdb.FromLake(o.lake), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	o.service, o.close = query.NewService(tables.Compile, engine, time.Now), engine.Close
	return nil
}

// fresh forgets all that engine and operating system keep of the lake.
func (o *openedLake) fresh(ctx context.Context) error {
	if err := errors.Join(o.close(), pagecache.Forget(o.dir, ".parquet")); err != nil {
		return err
	}
	return o.open(ctx)
}

func (o *openedLake) store() store {
	return store{name: "quoll", cpu: usage.Processor, fresh: o.fresh, ask: func(ctx context.Context, c *comparison) (int, error) {
		result, err := o.service.Query(ctx, query.Request{Text: c.kql})
		if err != nil {
			return 0, err
		}
		return len(result.Rows), nil
	}}
}

// given are the tables that others have too, where the lake has rows of them.
var given = []source{
	{table: schema.UnifiedAuditLog, columns: []string{"Id", "UserId", "ClientIP", "ObjectId", "Operation", "AppAccessContext", "Record"}},
	{table: schema.EmailEvents, columns: []string{"NetworkMessageId", "InternetMessageId", "SenderFromAddress", "SenderMailFromAddress", "SenderFromDomain", "SenderMailFromDomain",
		"SenderIPv4", "SenderIPv6", "RecipientEmailAddress", "Subject", "DeliveryAction", "DeliveryLocation", "ThreatTypes"}},
	{table: schema.EmailPostDeliveryEvents, columns: []string{"NetworkMessageId", "SenderFromAddress", "RecipientEmailAddress", "ActionType", "Action", "DeliveryLocation", "ThreatTypes"}},
	{table: schema.EmailAttachmentInfo, columns: []string{"NetworkMessageId", "RecipientEmailAddress", "FileName", "FileType", "FileSize", "SHA256", "ThreatTypes"}},
	{table: schema.EmailUrlInfo, columns: []string{"NetworkMessageId", "Url", "UrlDomain"}},
	{table: schema.UrlClickEvents, columns: []string{"NetworkMessageId", "AccountUpn", "ActionType", "Url", "IPAddress", "AppName", "ThreatTypes"}},
}

// openRows opens DuckDB with a view for each table that others are given; native makes a
// table t of UnifiedAuditLog.
func openRows(ctx context.Context, l *lake.Lake, path string, native bool) (_ *sql.DB, there []source, err error) {
	db, err := sql.Open("duckdb", path)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	statements := []string{"SET TimeZone = 'UTC'"}
	for _, s := range given {
		set, err := l.Acquire(s.table)
		if err != nil {
			return nil, nil, err
		}
		defer set.Release()
		if len(set.Files) == 0 {
			continue
		}
		files := make([]string, len(set.Files))
		for i, f := range set.Files {
			files[i] = "'" + strings.ReplaceAll(f.Path, "'", "''") + "'"
		}
		s.files = files
		there = append(there, s)
		statements = append(statements, "CREATE VIEW "+s.table+" AS SELECT * FROM read_parquet(["+strings.Join(files, ", ")+"])")
	}
	if native {
		statements = append(statements, "CREATE TABLE t AS SELECT * FROM "+schema.UnifiedAuditLog, "CHECKPOINT")
	}
	for _, statement := range statements {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return nil, nil, err
		}
	}
	return db, there, nil
}

func nativeStore(db *sql.DB) store {
	return store{name: "native DuckDB", cpu: usage.Processor, fresh: func(context.Context) error { return nil }, ask: func(ctx context.Context, c *comparison) (n int, err error) {
		if c.sql == "" {
			return notAsked, nil
		}
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

// notAsked is the number of rows of a question that has no text for a store.
const notAsked = -1

// compareAll asks every store every question in turn and prints the time of the first
// answer, without anything kept in memory, the median of warm ones, and the processor
// time of the median one.
func compareAll(ctx context.Context, stores []store, questions []comparison) error {
	fmt.Print("\n| ms: cold / warm / processor time of warm |")
	for _, s := range stores {
		fmt.Printf(" %s |", s.name)
	}
	fmt.Println("\n|---|" + strings.Repeat("--:|", len(stores)))
	for _, c := range questions {
		fmt.Printf("| %s |", c.name)
		var answers []int
		for _, s := range stores {
			if err := s.fresh(ctx); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			rows, cold, _, err := s.times(ctx, &c, 1)
			if err != nil {
				return err
			}
			if rows == notAsked {
				fmt.Print(" |")
				continue
			}
			answers = append(answers, rows)
			took, spent, err := s.warm(ctx, &c, cold)
			if err != nil {
				return err
			}
			fmt.Printf(" %.1f / %.1f / %.1f |", ms(cold), ms(took), ms(spent))
		}
		fmt.Printf(" %v |\n", answers)
	}
	return nil
}

// slow is the answer from which on a question is asked once more only.
const slow = 3 * time.Second

// warm returns the median time of answers by the clock and of the processor.
func (s *store) warm(ctx context.Context, c *comparison, cold time.Duration) (took, spent time.Duration, err error) {
	// The first warm answer says how often there is time to ask.
	_, first, cpu, err := s.times(ctx, c, 1)
	if err != nil {
		return 0, 0, err
	}
	if first > slow {
		return first, cpu, nil
	}
	each := 1
	if s.each > 1 && first < slow/10 {
		each = s.each
	}
	var all, processor []time.Duration
	for range repeats {
		_, took, spent, err := s.times(ctx, c, each)
		if err != nil {
			return 0, 0, err
		}
		all, processor = append(all, took), append(processor, spent)
	}
	slices.Sort(all)
	slices.Sort(processor)
	return all[repeats/2], processor[repeats/2], nil
}

package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	duckdriver "github.com/duckdb/duckdb-go/v2"

	"github.com/quoll/quoll/internal/usage"
	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
)

const queriesDir = "../../bench/queries"

// benchTables are the tables of the benchmark as SQL over range(n) AS r(i).
// hash(i, k) makes independent numbers, the same in every run.
var benchTables = map[string]string{
	"OfficeActivity": `SELECT TIMESTAMP '2025-09-01' + to_microseconds(CAST(i * (31536000000000 / $n) AS BIGINT)) AS TimeGenerated,
		['FileAccessed', 'FileDownloaded', 'MailItemsAccessed', 'New-InboxRule', 'UserLoggedIn', 'FileModified', 'Set-InboxRule', 'Send'][1 + CAST(floor(8 * pow(hash(i, 1) / 18446744073709551616.0, 2)) AS INTEGER)] AS Operation,
		'user' || CAST(floor(2000 * pow(hash(i, 2) / 18446744073709551616.0, 2)) AS INTEGER) || '@agency.example' AS UserId,
		CASE WHEN hash(i, 3) % 200000 = 7 THEN '203.0.113.77' ELSE '10.' || hash(i, 4) % 4 || '.' || hash(i, 5) % 40 || '.' || hash(i, 6) % 50 END AS ClientIP,
		CASE WHEN hash(i, 7) % 3 = 0 THEN '[{"Name":"ForwardTo","Value":"x' || hash(i, 8) % 100 || '@outside.example"},{"Name":"Enabled","Value":"True"}]' ELSE '[{"Name":"MoveToFolder","Value":"RSS Feeds"},{"Name":"Forwarding","Value":"no"}]' END AS Parameters`,
	"EmailEvents": `SELECT TIMESTAMP '2025-09-01' + to_microseconds(CAST(i * (31536000000000 / $n) AS BIGINT)) AS TimeGenerated,
		'm' || CAST(floor(i * 0.9) AS BIGINT) AS NetworkMessageId,
		['Inbound', 'Inbound', 'Outbound', 'Intra-org'][1 + CAST(hash(i, 1) % 4 AS INTEGER)] AS EmailDirection,
		'd' || CAST(floor(3000 * pow(hash(i, 2) / 18446744073709551616.0, 3)) AS INTEGER) || '.example' AS SenderFromDomain,
		'person' || hash(i, 3) % 20000 || '@d.example' AS SenderFromAddress,
		'user' || hash(i, 4) % 2000 || '@agency.example' AS RecipientEmailAddress,
		CASE WHEN hash(i, 5) % 200000 = 7 THEN '203.0.113.77' ELSE '198.51.' || hash(i, 6) % 100 || '.' || hash(i, 7) % 250 END AS SenderIPv4,
		['Weekly report on ' , 'Invoice for order ', 'Re: minutes of meeting ', 'Your payroll statement ', 'Lunch '][1 + CAST(hash(i, 8) % 5 AS INTEGER)] || hash(i, 9) % 100000 AS Subject,
		['Delivered', 'Delivered', 'Junked', 'Blocked'][1 + CAST(hash(i, 10) % 4 AS INTEGER)] AS DeliveryAction,
		CASE WHEN hash(i, 11) % 50 = 0 THEN 'Phish' ELSE '' END AS ThreatTypes,
		'{"SPF":"' || ['pass', 'pass', 'fail', 'none'][1 + CAST(hash(i, 12) % 4 AS INTEGER)] || '","DKIM":"pass","DMARC":"pass","CompAuth":"pass"}' AS AuthenticationDetails`,
	"UrlClickEvents": `SELECT TIMESTAMP '2025-09-01' + to_microseconds(CAST(i * (31536000000000 / $n) AS BIGINT)) AS TimeGenerated,
		'm' || CAST(floor(i * 0.9) AS BIGINT) AS NetworkMessageId,
		'user' || hash(i, 1) % 2000 || '@agency.example' AS AccountUpn,
		['ClickAllowed', 'ClickBlocked'][1 + CAST(hash(i, 2) % 2 AS INTEGER)] AS ActionType`,
}

// benchData is the tables in Parquet files.
type benchData struct {
	dir    string
	tables map[string]*bind.Table
}

func (d *benchData) Table(name string) (*bind.Table, bool) { t, ok := d.tables[name]; return t, ok }
func (d *benchData) Names() []string                       { return nil }
func (d *benchData) file(name string) string               { return filepath.Join(d.dir, name+".parquet") }

func (d *benchData) Acquire(name string) (*ReadSet, error) {
	return &ReadSet{TimeColumn: "TimeGenerated", Files: []lake.File{{Path: d.file(name)}}, Release: func() {}}, nil
}

// plainDuckDB opens a database without anything of Quoll in it.
func plainDuckDB(b *testing.B) *sql.DB {
	connector, err := duckdriver.NewConnector("", nil)
	if err != nil {
		b.Fatal(err)
	}
	db := sql.OpenDB(connector)
	b.Cleanup(func() { db.Close() })
	return db
}

// benchRows is how many rows each table has: QUOLL_BENCH_ROWS, else a million.
func benchRows(b *testing.B) int {
	text := os.Getenv("QUOLL_BENCH_ROWS")
	if text == "" {
		return 1_000_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

func makeBenchData(b *testing.B, db *sql.DB) *benchData {
	d := &benchData{dir: b.TempDir(), tables: map[string]*bind.Table{}}
	n := benchRows(b)
	for name, text := range benchTables {
		text = strings.ReplaceAll(text, "$n", strconv.Itoa(n))
		if _, err := db.Exec(fmt.Sprintf("COPY (%s FROM range(%d) AS r(i)) TO '%s' (COMPRESSION zstd)", text, n, d.file(name))); err != nil {
			b.Fatalf("%s: %v", name, err)
		}
		if _, err := db.Exec(fmt.Sprintf("CREATE VIEW %s AS FROM read_parquet('%s')", name, d.file(name))); err != nil {
			b.Fatal(err)
		}
		rows, err := db.Query("SELECT column_name FROM (DESCRIBE " + name + ")")
		if err != nil {
			b.Fatal(err)
		}
		table := &bind.Table{Name: name}
		for rows.Next() {
			column := bind.Column{Type: types.String}
			if err := rows.Scan(&column.Name); err != nil {
				b.Fatal(err)
			}
			if column.Name == "TimeGenerated" {
				column.Type = types.DateTime
			}
			table.Columns = append(table.Columns, column)
		}
		rows.Close()
		d.tables[name] = table
	}
	return d
}

// beside measures two ways to the same rows in turn: by the clock, and in the
// processor time of all threads, which other work on the machine lengthens less.
// Who goes first changes, and the first turn does not count: it is the one that
// gets the memory from the machine, which at five million rows is a fifth of its
// time.
type beside struct {
	ways            [2]func()
	turns           int
	wall, processor [2]time.Duration
}

func (m *beside) measure(b *testing.B, ours, theirs func(), same func()) {
	m.ways = [2]func(){ours, theirs}
	m.turn()
	m.wall, m.processor = [2]time.Duration{}, [2]time.Duration{}
	for b.Loop() {
		m.turn()
		m.turn()
		same()
	}
	m.report(b)
}

// turn goes both ways once.
func (m *beside) turn() {
	m.turns++
	for i := range m.ways {
		way := (m.turns + i) % len(m.ways)
		started, before := time.Now(), usage.Processor()
		m.ways[way]()
		m.wall[way] += time.Since(started)
		m.processor[way] += usage.Processor() - before
	}
}

func (m *beside) report(b *testing.B) {
	b.ReportMetric(float64(m.wall[0])/float64(m.wall[1]), "ratio")
	b.ReportMetric(float64(m.processor[0])/float64(m.processor[1]), "processor-ratio")
}

// BenchmarkQueries runs the queries of bench/queries and the best SQL that we
// could write by hand for each, in turn; the ratios are the first over the second.
// Both must give as many rows.
func BenchmarkQueries(b *testing.B) {
	db := plainDuckDB(b)
	data := makeBenchData(b, db)
	config := DefaultConfig()
	config.Dir = data.dir
	engine := openEngine(b, config, data)
	files, err := filepath.Glob(queriesDir + "/*.kql")
	if err != nil || len(files) != 10 {
		b.Fatalf("%d queries, %v", len(files), err)
	}
	for _, file := range files {
		b.Run(strings.TrimSuffix(filepath.Base(file), ".kql"), func(b *testing.B) {
			text, hand := readFile(b, file), readFile(b, strings.TrimSuffix(file, ".kql")+".sql")
			var m beside
			var ours, theirs int
			m.measure(b, func() { ours = len(runKQL(b, engine, data, text)) }, func() { theirs = countAll(b, db, hand) }, func() {
				if ours != theirs {
					b.Fatalf("%d rows, by hand %d", ours, theirs)
				}
			})
		})
	}
}

func runKQL(b *testing.B, engine *Engine, data *benchData, text string) [][]any {
	statement, err := kql.Compile(text, data, time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		b.Fatal(err)
	}
	execution, err := engine.Run(context.Background(), statement, query.RunOptions{Limits: query.DefaultLimits()})
	if err != nil {
		b.Fatal(err)
	}
	return execution.Rows
}

func countAll(b *testing.B, db *sql.DB, text string) int {
	rows, err := db.Query(text)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		b.Fatal(err)
	}
	values, pointers := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		pointers[i] = &values[i]
	}
	n := 0
	for rows.Next() {
		if err := rows.Scan(pointers...); err != nil {
			b.Fatal(err)
		}
		n++
	}
	return n
}

func readFile(b *testing.B, file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	return string(text)
}

// predicates are KQL conditions over EmailEvents, and the best SQL by hand that
// means the same on these rows.
var predicates = []struct{ name, kql, sql string }{
	{"has", `Subject has "payroll"`, `regexp_matches(Subject, '(?i)(^|[^0-9a-z])payroll($|[^0-9a-z])')`},
	{"has_any", `Subject has_any ("payroll", "invoice", "nothing", "remittance")`, `regexp_matches(Subject, '(?i)(^|[^0-9a-z])(payroll|invoice|nothing|remittance)($|[^0-9a-z])')`},
	{"in~", `RecipientEmailAddress in~ ("USER7@agency.example", "user8@agency.example", "User9@agency.example")`, `lower(RecipientEmailAddress) IN ('user7@agency.example', 'user8@agency.example', 'user9@agency.example')`},
	{"contains", `Subject contains "MINUTES"`, `contains(lower(Subject), 'minutes')`},
	{"startswith", `Subject startswith "re:"`, `starts_with(lower(Subject), 're:')`},
	{"equals-fold", `DeliveryAction =~ "blocked"`, `lower(DeliveryAction) = 'blocked'`},
	{"matches-regex", `Subject matches regex "order [0-9]+7$"`, `regexp_matches(Subject, 'order [0-9]+7$')`},
	{"parse_json", `parse_json(AuthenticationDetails).DMARC == "pass"`, `json_extract_string(AuthenticationDetails, '$.DMARC') = 'pass'`},
}

// BenchmarkPredicates counts the rows that fulfil one condition.
func BenchmarkPredicates(b *testing.B) {
	db := plainDuckDB(b)
	data := makeBenchData(b, db)
	config := DefaultConfig()
	config.Dir = data.dir
	engine := openEngine(b, config, data)
	for _, p := range predicates {
		b.Run(p.name, func(b *testing.B) {
			var m beside
			var ours any
			var theirs int64
			m.measure(b, func() { ours = runKQL(b, engine, data, "EmailEvents | where "+p.kql+" | count")[0][0] }, func() {
				if err := db.QueryRow("SELECT count(*) FROM EmailEvents WHERE " + p.sql).Scan(&theirs); err != nil {
					b.Fatal(err)
				}
			}, func() {
				if ours != theirs {
					b.Fatalf("%v rows, by hand %d", ours, theirs)
				}
			})
		})
	}
}

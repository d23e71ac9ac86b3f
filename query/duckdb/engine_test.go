package duckdb

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
)

func testLogger() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func openEngine(t testing.TB, config Config, source Source) *Engine {
	t.Helper()
	e, err := Open(context.Background(), config, source, testLogger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// openBefore opens an engine with a folder, and a service before it, five days after start.
func openBefore(t testing.TB, dir string, source Source) (*Engine, *query.Service) {
	t.Helper()
	config := DefaultConfig()
	config.Dir = dir
	e := openEngine(t, config, source)
	return e, query.NewService(query.Schema{IngestionTime: lake.ColumnIngestionTime}.Compile, e, func() time.Time { return start.AddDate(0, 0, 5) })
}

// The generated SQL never says these things; should the first wall fail, the
// second must hold.
func TestDatabaseIsLockedDown(t *testing.T) {
	dir := t.TempDir()
	inside, outside := filepath.Join(dir, "lake"), filepath.Join(dir, "lakeside")
	for _, folder := range []string{inside, outside} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "a.csv"), []byte("x\n1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config := DefaultConfig()
	config.Dir = inside
	e := openEngine(t, config, nil)
	for _, statement := range []string{
		"SELECT * FROM read_csv('" + outside + "/a.csv')",
		"SELECT * FROM '" + outside + "/a.csv'",
		"SELECT * FROM read_csv('" + inside + "/../lakeside/a.csv')",
		"SELECT * FROM read_text('/etc/hostname')",
		"SELECT * FROM glob('/etc/*')",
		"SELECT * FROM read_parquet('https://127.0.0.1:1/a.parquet')",
		"COPY (SELECT 1) TO '" + outside + "/b.csv'",
		"ATTACH '" + outside + "/b.db'",
		"INSTALL httpfs",
		"LOAD httpfs",
		"SET enable_external_access = true",
		"SET memory_limit = '1TB'",
		"RESET lock_configuration",
		"SET GLOBAL TimeZone = 'Asia/Tokyo'",
	} {
		if _, err := e.db.Exec(statement); err == nil {
			t.Errorf("allowed: %s", statement)
		}
	}
	var n int
	if err := e.db.QueryRow("SELECT count(*) FROM read_csv('" + inside + "/a.csv')").Scan(&n); err != nil || n != 1 {
		t.Errorf("the lake's own folder cannot be read: %v", err)
	}
	var zone string
	if err := e.db.QueryRow("SELECT current_setting('TimeZone')").Scan(&zone); err != nil || zone != "UTC" {
		t.Errorf("time zone is %q, %v", zone, err)
	}
	left, err := filepath.Glob(filepath.Join(outside, "b.*"))
	if err != nil || len(left) > 0 {
		t.Errorf("written outside of the lake: %s", strings.Join(left, ", "))
	}
}

func TestTextFunctionsInSQL(t *testing.T) {
	e := openEngine(t, DefaultConfig(), nil)
	row := e.db.QueryRow(`SELECT count(*) FILTER (quoll_has(a, b)), count(*) FILTER (quoll_has(a, NULL)), count(*) FILTER (quoll_has(NULL, b))
		FROM (VALUES ('a long text with the Needle in it', 'needle'), ('short', 'x'), (NULL, 'x'), ('x', '')) AS t(a, b)`)
	var matched, nullNeedle, nullText int
	if err := row.Scan(&matched, &nullNeedle, &nullText); err != nil {
		t.Fatal(err)
	}
	if matched != 2 || nullNeedle != 4 || nullText != 1 {
		t.Errorf("matched %d, with null needle %d, with null text %d; want 2, 4, 1", matched, nullNeedle, nullText)
	}
}

func BenchmarkTextFunctions(b *testing.B) {
	e := openEngine(b, DefaultConfig(), nil)
	if _, err := e.db.Exec(`CREATE TABLE t AS SELECT 'https://contoso.sharepoint.com/sites/finance/Shared Documents/' || md5(i::VARCHAR) || '.docx' AS s FROM range(1000000) r(i)`); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct{ name, predicate string }{
		{"baseline", "s = 'abc'"},
		{"has", "quoll_has(s, 'invoice')"},
		{"has_cs", "quoll_has_cs(s, 'invoice')"},
		{"contains", "quoll_contains(s, 'voice')"},
		{"equals", "quoll_equals(s, 'https://contoso.sharepoint.com')"},
		{"endswith", "quoll_endswith(s, '.DOC')"},
		{"has_unicode", "quoll_has(s, 'größe')"},
		{"sql_lower_contains", "contains(lower(s), 'voice')"},
		{"sql_regexp", "regexp_matches(s, '(?i)\\binvoice\\b')"},
		{"sql_lower_equals", "lower(s) = 'https://contoso.sharepoint.com'"},
		{"sql_lower_suffix", "suffix(lower(s), '.doc')"},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				var n int
				if err := e.db.QueryRow("SELECT count(*) FROM t WHERE " + c.predicate).Scan(&n); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e6, "ns/row")
		})
	}
}

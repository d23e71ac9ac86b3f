package kql_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/kqltest"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/sqlgen/duckdb"
	"github.com/quoll/quoll/kql/types"
)

// events is a catalogue of one table.
type events struct{}

func (events) Table(name string) (*bind.Table, bool) {
	if name != "Events" {
		return nil, false
	}
	return &bind.Table{
		Name: "Events",
		Columns: []bind.Column{
			{Name: "TimeGenerated", Type: types.DateTime}, {Name: "User", Type: types.String},
			{Name: "Count", Type: types.Long}, {Name: "Detail", Type: types.Dynamic},
		},
		Aliases: map[string]string{"Timestamp": "TimeGenerated"},
	}, true
}

func (events) Names() []string { return []string{"Events"} }

// arrivals is events with a time of ingestion.
type arrivals struct{ events }

func (a arrivals) Table(name string) (*bind.Table, bool) {
	t, ok := a.events.Table(name)
	if ok {
		t.IngestionTime = "came"
	}
	return t, ok
}

var now = time.Date(2026, 9, 14, 12, 0, 0, 0, time.UTC)

func Example_mistake() {
	_, err := kql.Compile("Events | where Usr == 'a'", events{}, now)
	fmt.Println(err)
	// Output:
	// no column "Usr" in table Events; columns are TimeGenerated, User, Count, Detail at line 1, column 16:
	// Events | where Usr == 'a'
	//                ~~~
	// did you mean "User"?
}

func compile(t *testing.T, text string) *plan.Statement {
	t.Helper()
	statement, err := kql.Compile(text, events{}, now)
	if err != nil {
		t.Fatal(err)
	}
	return statement
}

func scans(s *plan.Statement) []*plan.Scan {
	var all []*plan.Scan
	plan.Visit(s.Root, func(n plan.Node) {
		if scan, ok := n.(*plan.Scan); ok {
			all = append(all, scan)
		}
	})
	return all
}

func TestTimeRangesReachScans(t *testing.T) {
	hour := func(h int) string { return now.Add(time.Duration(h) * time.Hour).Format(time.RFC3339) }
	for _, test := range []struct{ text, from, to string }{
		{"Events | where TimeGenerated > ago(1h)", hour(-1), ""},
		{"Events | where Timestamp >= ago(2h) and User == 'a' | where TimeGenerated < now()", hour(-2), now.Add(-time.Nanosecond).Format(time.RFC3339)},
		{"Events | where ago(1h) < TimeGenerated", hour(-1), ""},
		{"Events | where TimeGenerated between (ago(3h) .. ago(1h))", hour(-3), hour(-1)},
		{"Events | extend x = 1 | where TimeGenerated > ago(1h) | summarize count()", hour(-1), ""},
		{"let start = ago(1h); let t = Events | where User != ''; t | where TimeGenerated > start", hour(-1), ""},
		{"Events | where TimeGenerated > ago(1h) or User == 'a'", "", ""},
		{"Events | take 5 | where TimeGenerated > ago(1h)", "", ""},
		{"Events | extend TimeGenerated = now() | where TimeGenerated > ago(1h)", "", ""},
		{"Events | where TimeGenerated > ago(Count * 1h)", "", ""},
	} {
		all := scans(compile(t, test.text))
		if len(all) != 1 {
			t.Fatalf("%s: %d scans", test.text, len(all))
		}
		format := func(at time.Time) string {
			if at.IsZero() {
				return ""
			}
			return at.Format(time.RFC3339)
		}
		if from, to := format(all[0].From), format(all[0].To); from != test.from || to != test.to {
			t.Errorf("%s: reads from %q to %q, want %q to %q", test.text, from, to, test.from, test.to)
		}
	}
}

// What is asked of times beside TimeGenerated is told by their columns in storage.
func TestRangesOfOtherTimesReachScans(t *testing.T) {
	for text, want := range map[string]string{
		"Events | where ingestion_time() > ago(1h) and ingestion_time() <= now() | where ingestion_time() > ago(30m)": "came from 2026-09-14T11:30:00Z to 2026-09-14T12:00:00Z",
		"Events | extend Came = ingestion_time() | where Came == now() | count":                                       "came from 2026-09-14T12:00:00Z to 2026-09-14T12:00:00Z",
		"Events | where ingestion_time() > ago(1h) or Count == 1":                                                     "",
		"Events | where not(ingestion_time() > ago(1h))":                                                              "",
		"Events | summarize Came = max(ingestion_time()) by User | where Came > ago(1h)":                              "",
	} {
		statement, err := kql.Compile(text, arrivals{}, now)
		if err != nil {
			t.Fatal(err)
		}
		all, got := scans(statement), ""
		for _, r := range all[0].Ranges {
			got += r.Source + " from " + r.From.Format(time.RFC3339) + " to " + r.To.Format(time.RFC3339)
		}
		if len(all) != 1 || got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// A table that is read twice is scanned for what both readers need.
func TestTimeRangesOfSharedTables(t *testing.T) {
	for _, scan := range scans(compile(t, "let t = Events; union (t | where TimeGenerated > ago(1h)), (t | where TimeGenerated > ago(2h))")) {
		if !scan.From.IsZero() {
			t.Errorf("a scan with two readers starts at %s", scan.From)
		}
	}
}

func TestScansReadOnlyWhatIsUsed(t *testing.T) {
	for text, want := range map[string]string{
		"Events | project User":                                    "User",
		"Events | where Count > 1 | project User":                  "User Count",
		"Events | count":                                           "",
		"Events | extend x = Detail.a | summarize count() by User": "User",
		"Events | sort by Count | project User":                    "User Count",
		"Events | take 3":                                          "TimeGenerated User Count Detail",
		"Events | join kind=leftsemi (Events | where Count > 1 | project User) on User | project Detail": "User Detail; User Count",
		"let t = Events; t | where User in ((t | summarize by User)) | count":                            "User",
	} {
		var all []string
		for _, scan := range scans(compile(t, text)) {
			var names []string
			for _, f := range scan.Fields {
				names = append(names, f.Source)
			}
			all = append(all, strings.Join(names, " "))
		}
		if got := strings.Join(all, "; "); got != want {
			t.Errorf("%s: reads %q, want %q", text, got, want)
		}
	}
}

// Everything that a text could use to leave the tables is refused by name.
func TestNothingBesidesTablesIsReached(t *testing.T) {
	for _, text := range []string{
		"read_csv('/etc/passwd')", "['/etc/passwd'] | take 1", "print getenv('HOME')", "externaldata(a:string)['https://x/'] | take 1",
		"Events | where read_text('x') == ''", "print current_setting('x')", "cluster('c').database('d').Events",
	} {
		if _, err := kql.Compile(text, events{}, now); err == nil {
			t.Errorf("compiled: %s", text)
		}
	}
}

func TestDeepAndLargeQueriesAreRefused(t *testing.T) {
	doubling := "let f0 = (x:long) { x + x };"
	for i := 1; i < 20; i++ {
		doubling += fmt.Sprintf("let f%d = (x:long) { f%d(x) + f%d(x) };", i, i-1, i-1)
	}
	for name, text := range map[string]string{
		"functions that call each other": doubling + "print f19(1)",
		"parentheses":                    "print " + strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000),
	} {
		if _, err := kql.Compile(text, events{}, now); err == nil {
			t.Errorf("%s: compiled", name)
		}
	}
	chain := "Events | where User == 'a'" + strings.Repeat(" or User == 'b'", 1500)
	if _, err := kql.Compile(chain, events{}, now); err != nil {
		t.Errorf("a long chain: %v", err)
	}
}

func FuzzCompile(f *testing.F) {
	for _, text := range []string{"Events | where User has 'a' | summarize count() by bin(TimeGenerated, 1h)", "let f = (x:long) { x }; print f(1)", "union Ev*"} {
		f.Add(text)
	}
	scripts, err := kqltest.Queries()
	if err != nil {
		f.Fatal(err)
	}
	published, err := kqltest.Published(os.Getenv("QUOLL_FUZZ_CORPUS"))
	if err != nil {
		f.Fatal(err)
	}
	for i, text := range append(published, scripts...) {
		if i%4 == 0 { // the tests of the scripts compile them all
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		statement, err := kql.Compile(text, events{}, now)
		if err != nil {
			return
		}
		_ = statement.String()
		if _, err := kql.DuckDB(statement, duckdb.Options{Scan: func(*plan.Scan) (string, error) { return "events", nil }}); err != nil && strings.Contains(err.Error(), "is not among the columns") {
			t.Fatalf("%q: %v", text, err)
		}
	})
}

// Nothing short gives something that does not end: names of names, functions of
// functions and operators whose SQL says an operand several times. Steps are
// counted, for a clock would measure what else the machine does.
func TestGrowthIsBounded(t *testing.T) {
	names := "let x0 = rand();"
	tables := "let t0 = () { Events };"
	unions := "let u0 = Events;"
	for i := 1; i < 60; i++ {
		names += fmt.Sprintf("let x%d = x%d + x%d;", i, i-1, i-1)
		unions += fmt.Sprintf("let u%d = union u%d, u%d;", i, i-1, i-1)
		tables += fmt.Sprintf("let t%d = () { let a = t%d(); let b = t%d(); b };", i, i-1, i-1)
	}
	for name, text := range map[string]string{
		"names":      names + "print x59",
		"tables":     tables + "t59() | count",
		"unions":     unions + "u59 | count",
		"remainder":  "Events | project x = Count" + strings.Repeat(" % Count", 90),
		"iff":        "Events | project x = " + strings.Repeat("tostring(tolong(", 40) + "Detail" + strings.Repeat("))", 40),
		"same names": "Events | summarize " + strings.Repeat("make_set(User), count(), ", 3000) + "count()",
		"searched":   "search " + strings.Repeat("'a' or ", 1900) + "'b'",
		"columns":    "Events" + strings.Repeat(" | extend Count = Count + Count", 200),
	} {
		statement, err := kql.CompileWith(text, events{}, bind.Options{Now: now, Steps: 100_000})
		if err == nil {
			_, err = kql.DuckDB(statement, duckdb.Options{Scan: func(*plan.Scan) (string, error) { return "events", nil }})
		}
		if err != nil && !strings.Contains(err.Error(), "too large") && !strings.Contains(err.Error(), "more than") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRenderKeepsItsProperties(t *testing.T) {
	statement, err := kql.Compile(`Events | render anomalychart with (anomalycolumns=User, Count, ymin=-5, title="a, b", accumulate=true)`, events{}, now)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"anomalycolumns": "User,Count", "ymin": "-5", "title": "a, b", "accumulate": "true"} {
		if got := statement.Visualization.Properties[name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

package kql_test

import (
	"fmt"
	"time"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/sqlgen/duckdb"
	"github.com/quoll/quoll/kql/types"
)

// signIns is a catalogue of one table.
type signIns struct{}

func (signIns) Names() []string { return []string{"SignIns"} }

func (signIns) Table(name string) (*bind.Table, bool) {
	if name != "SignIns" {
		return nil, false
	}
	return &bind.Table{
		Name: "SignIns",
		Columns: []bind.Column{
			{Name: "TimeGenerated", Type: types.DateTime}, {Name: "User", Type: types.String}, {Name: "Failed", Type: types.Bool},
		},
	}, true
}

// A query is compiled against a catalogue, which says what tables there are.
// The plan is what an engine needs to know; DuckDB's generator makes SQL of it.
func Example() {
	now := time.Date(2026, 9, 14, 12, 0, 0, 0, time.UTC)
	statement, err := kql.Compile("SignIns | where TimeGenerated > ago(1h) and Failed | summarize n = count() by User | top 3 by n", signIns{}, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(statement)
	table := func(scan *plan.Scan) (string, error) { return "sign_ins", nil }
	query, err := kql.DuckDB(statement, duckdb.Options{Scan: table})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(query.Text)
	// Output:
	// scan SignIns [TimeGenerated User Failed] from 2026-09-14T11:00:00Z
	// | filter (TimeGenerated>datetime(2026-09-14T11:00:00.0000000Z)) and Failed
	// | aggregate [n=count()] by [User]
	// | sort n desc
	// | limit 3
	// | order n desc
	// | output [User n]
	// SELECT t2.c2 AS "User", t2.c4 AS "n" FROM (SELECT t1."User" AS c2, count(*) AS c4 FROM sign_ins AS t1 WHERE ((t1."TimeGenerated" > TIMESTAMP '2026-09-14 11:00:00.000000') AND t1."Failed") GROUP BY t1."User") AS t2 ORDER BY t2.c4 DESC NULLS LAST LIMIT 3
}

package duckdb

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
)

// partQueries ask for a text in a part of a document: the part is %[1]s, the text %[2]s,
// a pattern of it %[3]s, and the text in other case %[4]s.
var partQueries = []string{
	`where %[1]s has %[2]s`, `where %[1]s has_cs %[2]s`, `where %[1]s contains %[2]s`, `where %[1]s contains_cs %[2]s`, `where %[1]s hasprefix %[2]s`, `where %[1]s hassuffix %[2]s`,
	`where %[1]s startswith %[2]s`, `where %[1]s endswith %[2]s`, `where %[1]s == %[2]s`, `where %[1]s =~ %[4]s`, `where %[1]s in (%[2]s, "x1")`, `where %[1]s in~ (%[4]s, "x1")`,
	`where %[1]s has_any (%[2]s, "nothing")`, `where %[1]s has_all (%[2]s, "a")`, `where %[1]s matches regex %[3]s`, `where not(%[1]s has %[2]s)`, `where %[1]s !contains %[2]s`,
	`extend y = %[1]s | where y has %[2]s or UserId has %[2]s`, `extend y = %[1]s | where y has %[2]s or ClientIP == %[2]s and ObjectId contains "a"`,
	`extend d = Record.Object, u = UserId | extend y = tostring(d.list[0]) | where (y contains %[2]s or u contains %[2]s) and Id != ""`,
	`where %[1]s contains %[2]s and (Record has %[2]s or Operation == "act1")`, `where %[1]s has %[2]s or strlen(UserId) == 3`,
	`summarize n = count() by Id, y = %[1]s | where y contains %[4]s`, `extend y = %[1]s | join kind=inner (UnifiedAuditLog | project Id) on Id | where y contains %[2]s`,
}

// parts are those of the documents of termLake, and what is not in them.
var parts = []string{
	`tostring(Record.Text)`, `tostring(Record.Nested)`, `tostring(Record.Object)`, `tostring(Record.Object.list)`, `tostring(Record.Object.list[0])`, `tostring(Record["Text"])`,
	`tostring(Record.Object.list[2])`, `tostring(Record.Nothing)`, `tostring(parse_json(tostring(Record.Nested)).inner)`, `tostring(Record)`,
}

// What is sought in parts of documents is looked for in the stored text first, and the rows
// are the same as without.
func TestPartsAreSoughtInTheStoredText(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 30))
	l, dir, texts := termLake(t, r, 320, `{"Text":"a\nfoo bar"}`, `{"Text":"a\tfoo"} `, ` {"Text":"foo"}`, `{"Text":"x\\foo"}`, `{"Te\u0078t":"foo"}`, `{"Text":"f\u006fo"}`, `{"Text":"one","Text":"foo"}`, `{"Object":{"list":[{"foo" : "b"}]}}`)
	config := DefaultConfig()
	config.Dir = dir
	e := openEngine(t, config, FromLake(l))
	rows := func(text string, sought bool) (ids []string, asks bool) {
		s, err := query.Schema{IngestionTime: lake.ColumnIngestionTime}.Compile(text, bind.Options{Now: time.Now()})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		plan.Visit(s.Root, func(n plan.Node) {
			if scan, ok := n.(*plan.Scan); ok && !sought {
				scan.Sought = nil
			}
		})
		options := query.RunOptions{Limits: query.DefaultLimits()}
		sql, err := e.SQL(t.Context(), s, options)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		execution, err := e.Run(t.Context(), s, options)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for _, row := range execution.Rows {
			ids = append(ids, fmt.Sprint(row...))
		}
		slices.Sort(ids)
		return ids, strings.Contains(sql, "quoll_stored_contains")
	}
	asked, found := 0, 0
	for n := range 12 * len(partQueries) {
		needle := cut(r, texts[r.IntN(len(texts))])
		if r.IntN(8) == 0 {
			needle = "foo"
		}
		if r.IntN(3) == 0 {
			needle = texts[r.IntN(len(texts))]
		}
		quoted := func(text string) string {
			json, _ := json.Marshal(text)
			return string(json)
		}
		text := "UnifiedAuditLog | " + fmt.Sprintf(partQueries[n%len(partQueries)]+"%.0[1]s%.0[2]s%.0[3]s%.0[4]s | project Id", parts[r.IntN(len(parts))], quoted(needle), quoted(pattern(r, needle)), quoted(otherCase(r, needle)))
		got, asks := rows(text, true)
		want, _ := rows(text, false)
		if !slices.Equal(got, want) {
			t.Fatalf("%s\ngives %v where stored texts are asked, and %v without", text, got, want)
		}
		found += len(want)
		if asks {
			asked++
		}
	}
	if asked < 3*len(partQueries) || found < 500 {
		t.Errorf("%d queries ask stored texts, and %d rows are found", asked, found)
	}
}

package duckdb

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/quoll/quoll/internal/termfilter"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
)

// few are sides of a join that have few rows, of which the filters leave little.
var few = []string{
	`(UnifiedAuditLog | where Id in (%[1]s))`,
	`(UnifiedAuditLog | where Id in (%[1]s) | project Id, UserId, ClientIP, ObjectId, Record)`,
	`(UnifiedAuditLog | where Id in (%[1]s) | summarize Record = take_any(Record) by Id, UserId, ClientIP, ObjectId)`,
	`(UnifiedAuditLog | where Id in (%[1]s) | extend UserId = tostring(Record.Text))`,
	`(UnifiedAuditLog | where Id in (%[1]s) and UserId != "" | top 3 by Id)`,
	`(UnifiedAuditLog | where Id in (%[1]s) | take 2 | extend UserId = "")`,
	`(UnifiedAuditLog | where Id in (%[1]s) | extend n = rand(), UserId = toupper(UserId))`,
	`(union (UnifiedAuditLog | where Id == "id00001"), (UnifiedAuditLog | where Id in (%[1]s)))`,
	`(UnifiedAuditLog | where Id in (%[1]s) and 1 == 2)`,
	`(UnifiedAuditLog | where Id in (%[1]s) | join kind=leftouter (UnifiedAuditLog | project ObjectId, o = Operation) on ObjectId)`,
}

// many are sides with all rows.
var many = []string{
	`(UnifiedAuditLog)`,
	`(UnifiedAuditLog | extend UserId = tostring(Record.Nested.inner))`,
	`(UnifiedAuditLog | extend UserId = tostring(Record.Text))`,
	`(UnifiedAuditLog | where Operation != "act1" | project-away ResultStatus)`,
	`(UnifiedAuditLog | summarize n = count(), Id = max(Id), ClientIP = min(ClientIP) by UserId, ObjectId)`,
	`(union (UnifiedAuditLog | project Id, UserId, ObjectId, ClientIP), (UnifiedAuditLog | project Id = strcat(Id, "-"), UserId = ObjectId, ObjectId = UserId, ClientIP))`,
	`(UnifiedAuditLog | take 100000)`,
	`(UnifiedAuditLog | where not(UserId in ((UnifiedAuditLog | where Id in (%[1]s) | project ObjectId))))`,
}

// asked are the ways in which the many are joined with the few; the few come first, the
// many second, then the key.
var joined = func() (all []string) {
	for _, kind := range []string{"inner", "leftouter", "rightouter", "fullouter", "leftsemi", "rightsemi", "leftanti", "rightanti"} {
		all = append(all, "%[1]s | join kind="+kind+" %[2]s on %[3]s", "%[2]s | join kind="+kind+" %[1]s on %[3]s")
	}
	return append(all, "%[1]s | join kind=innerunique %[2]s on %[3]s | project-away Id", "%[2]s | join %[1]s on %[3]s | summarize by Id1",
		"%[2]s | lookup %[1]s on %[3]s", "%[2]s | lookup kind=inner %[1]s on %[3]s", "%[1]s | join kind=inner %[2]s on %[3]s, Id",
		"let f = %[1]s; %[2]s | where %[3]s in ((f | project %[3]s))", "let f = materialize(%[1]s); %[2]s | where %[3]s in ((f | project %[3]s)) or Id in ((f | project Id))",
		"let f = %[1]s; %[2]s | where %[3]s in ((f | project %[3]s)) and Id != '' | join kind=inner f on %[3]s",
		"%[2]s | where %[3]s in ((%[1]s | project %[3]s)) or UserId == 'a'", "%[2]s | where %[3]s !in ((%[1]s | project %[3]s))",
		"%[2]s | where %[3]s in~ ((%[1]s | project %[3]s))", "%[2]s | join kind=inner %[1]s on $left.UserId == $right.ObjectId")
}()

// A statement gives the same rows whether a part of it is computed first or not.
func TestWhatIsComputedFirstChangesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 55))
	l, dir, _ := termLake(t, r, 320)
	first, with := openBefore(t, dir, FromLake(l))
	plain, at := openBefore(t, dir, without{FromLake(l)})
	plain.atOnce = true
	less, rows, before := 0, 0, first.found.Load()
	for n := range 12 * len(joined) {
		ids := fmt.Sprintf(`"id%05d", "id%05d"`, r.IntN(320), r.IntN(320))
		if r.IntN(2) == 0 { // so many that they are asked of their column
			ids = ""
			for i, from := 0, r.IntN(300); i < 20; i++ {
				ids += fmt.Sprintf(`, "id%05d"`, from+i)
			}
			ids = ids[2:]
		}
		sides := func(of []string) string {
			side := of[r.IntN(len(of))]
			if strings.Contains(side, "%") {
				side = fmt.Sprintf(side, ids)
			}
			return side
		}
		text := fmt.Sprintf(joined[n%len(joined)], sides(few), sides(many), []string{"Id", "UserId", "ObjectId"}[r.IntN(3)])
		text += ` | project A = column_ifexists("Id", ""), B = column_ifexists("Id1", ""), C = column_ifexists("UserId", ""), D = column_ifexists("ObjectId1", "") | order by A asc, B asc, C asc, D asc`
		if strings.Contains(text, "take 2") || strings.Contains(text, "top 3") && strings.Contains(text, "order by") {
			text = strings.ReplaceAll(text, "take 2", "top 2 by Id") // of two evaluations the same
		}
		want, err := at.Query(t.Context(), query.Request{Text: text})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got := mustQuery(t, with, query.Request{Text: text})
		if fmt.Sprint(got.Rows) != fmt.Sprint(want.Rows) {
			t.Fatalf("%s\ngives %v where a part is computed first and %v at once", text, got.Rows, want.Rows)
		}
		rows += len(want.Rows)
		if got.Statistics.RowsScanned < want.Statistics.RowsScanned {
			less++
		}
	}
	if rows < 1000 || less < 4*len(joined) {
		t.Errorf("of %d queries %d read less, and all found %d rows", 12*len(joined), less, rows)
	}
	if made := first.found.Load() - before; made < int64(4*len(joined)) {
		t.Errorf("%d tables were made first", made)
	}
	var left int
	if err := first.db.QueryRowContext(t.Context(), "SELECT count(*) FROM duckdb_tables()").Scan(&left); err != nil || left != 0 {
		t.Errorf("%d tables are left behind: %v", left, err)
	}
}

// What is computed first is sought in the files of the other side: of a row group without
// it nothing is read.
func TestFewValuesAreSoughtInTheOtherSide(t *testing.T) {
	l, dir, _ := termLake(t, rand.New(rand.NewPCG(8, 56)), 320)
	service := termService(t, dir, FromLake(l))
	for text, most := range map[string]int64{
		`UnifiedAuditLog | where Id == "id00007" | join kind=inner UnifiedAuditLog on Id`:                               64,
		`UnifiedAuditLog | join kind=leftsemi (UnifiedAuditLog | where Id == "id00007") on Id`:                          64,
		`UnifiedAuditLog | where Id in ((UnifiedAuditLog | where Id == "id00007" | project Id))`:                        64,
		`let f = UnifiedAuditLog | where Id == "id00007"; UnifiedAuditLog | summarize n = count() by Id | join f on Id`: 64,
		`UnifiedAuditLog | where Id == "id00007" | join kind=leftanti UnifiedAuditLog on Id`:                            64,
		`UnifiedAuditLog | where Id == "nobody" | join kind=rightsemi UnifiedAuditLog on Id`:                            32,
	} {
		if result := mustQuery(t, service, query.Request{Text: text}); result.Statistics.RowsScanned > most {
			t.Errorf("%s reads %d rows", text, result.Statistics.RowsScanned)
		}
	}
	text := `UnifiedAuditLog | where Id == "id00007" | join kind=rightouter UnifiedAuditLog on Id`
	if result := mustQuery(t, service, query.Request{Text: text}); len(result.Rows) != 320 {
		t.Errorf("%s gives %d rows", text, len(result.Rows))
	}
}

// Values that are not known ask for nothing, and none at all for what no row has.
func TestSoughtAmongValues(t *testing.T) {
	rows, other := &plan.Rows{}, &plan.Rows{}
	text := &plan.Sought{Text: "x"}
	of := func(texts ...string) func(*plan.Rows) ([]string, bool) {
		return func(r *plan.Rows) ([]string, bool) { return texts, r == rows && texts != nil }
	}
	for _, c := range []struct {
		sought *plan.Sought
		values []string
		want   string
	}{
		{&plan.Sought{Among: rows}, nil, "nothing"},
		{&plan.Sought{Among: rows}, []string{"a", ""}, "nothing"},
		{&plan.Sought{Among: rows}, []string{}, "never"},
		{&plan.Sought{Among: rows}, []string{"a"}, "a"},
		{plan.SoughtAll(text, &plan.Sought{Among: rows}), nil, "x"},
		{plan.SoughtAny(text, &plan.Sought{Among: rows}), nil, "nothing"},
		{plan.SoughtAny(text, &plan.Sought{Among: rows}), []string{}, "x"},
		{plan.SoughtAll(text, &plan.Sought{Among: other}), []string{"a"}, "x"},
		{&plan.Sought{Among: rows, Whole: true}, []string{"a", "b"}, "one of [a b]"},
		{&plan.Sought{Among: rows, Whole: true}, []string{"a", ""}, "nothing"},
		{&plan.Sought{Among: rows, Whole: true}, []string{}, "never"},
		{plan.SoughtAny(&plan.Sought{Values: []string{"a", "b"}}, &plan.Sought{Values: []string{"c", "d"}}), nil, "2 of any"},
		{plan.SoughtAny(&plan.Sought{Among: other}, &plan.Sought{Among: rows}), []string{"a"}, "nothing"},
	} {
		got := c.sought.Known(of(c.values...))
		said := "nothing"
		switch {
		case got != nil && got.Any != nil && len(got.Any) == 0:
			said = "never"
		case got != nil && got.Values != nil:
			said = fmt.Sprintf("one of %v", got.Values)
		case got != nil && got.Any != nil:
			said = fmt.Sprintf("%d of any", len(got.Any))
		case got != nil:
			said = got.Text
		}
		if said != c.want {
			t.Errorf("%+v with %q asks for %s, want %s", c.sought, c.values, said, c.want)
		}
	}
}

// Many rows are looked into one by one where documents of them are read, or where long texts
// of many more are spared.
func TestWhereRowsAreFoundByThemselves(t *testing.T) {
	scan := func(of types.Type) *plan.Scan {
		return &plan.Scan{Table: "UnifiedAuditLog", Fields: []plan.Field{{Column: &plan.Column{Type: types.String}, Source: "UserId"}, {Column: &plan.Column{Type: of}, Source: "x"}}}
	}
	// Files of 16 Ki rows, of each of which so many may be sought, and columns so wide.
	const files, rows = 300, 16 << 10
	worth := func(of types.Type, candidates, width int64) bool {
		sought := termfilter.Text("x1", true, true, false)
		sought.Columns = []string{"UserId"}
		all := make([]narrowed, files)
		for i := range all {
			all[i] = narrowed{file: lake.File{Rows: rows}, parts: []lake.Part{{Span: lake.Span{End: rows}, Blocks: []lake.Span{{End: candidates}}, Sought: sought}}}
		}
		set := &ReadSet{TimeColumn: "TimeGenerated",
			Find:  func(context.Context, lake.File, lake.Finding) (arrow.RecordBatch, error) { return nil, nil },
			Weigh: func(lake.File, []string) (int64, error) { return width * rows, nil }}
		return worthFinding(set, scan(of), all, sought) != nil
	}
	for _, c := range []struct {
		of                types.Type
		candidates, width int64
		want              bool
	}{
		{types.String, 64, 3, true},
		{types.String, 1 << 10, 3, false},
		{types.String, 1 << 10, 100, true},
		{types.String, 3 << 10, 100, true},
		{types.String, 4 << 10, 100, false}, // more than a mebi of rows
		{types.Dynamic, 1 << 10, 3, true},
		{types.Dynamic, 4 << 10, 1000, true},
		{types.Dynamic, 8 << 10, 1000, true},
		{types.Dynamic, 9 << 10, 1000, false},
		{types.String, 8 << 10, 1000, false}, // half of each part
	} {
		if got := worth(c.of, c.candidates, c.width); got != c.want {
			t.Errorf("%d candidates of each file, %d bytes a row, with %s: found by themselves %v", c.candidates, c.width, c.of, got)
		}
	}
}

// Each text that is sought is a look at each row.
func TestLessToUnpack(t *testing.T) {
	for _, c := range []struct {
		rows, candidates, looks int64
		want                    bool
	}{{400, 200, 400, true}, {400, 200, 401, false}, {400, 20, 760, true}, {40 << 20, 10 << 20, 10 << 20, true}} {
		if got := lessToUnpack(c.rows, c.candidates, c.looks); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// A side of more rows than are kept stands as it is: none of them is lost.
func TestASideOfTooManyRowsIsNotComputedFirst(t *testing.T) {
	l, dir, _ := termLake(t, rand.New(rand.NewPCG(8, 57)), 320)
	service := termService(t, dir, FromLake(l))
	const side = `(print all = range(0, 20319) | mv-expand x = all to typeof(long) limit 100000 | project Id = strcat("id", substring(tostring(120319 - x), 1)))`
	for text, want := range map[string]int64{
		side + ` | join kind=inner UnifiedAuditLog on Id | count`:     320,
		side + ` | join kind=leftouter UnifiedAuditLog on Id | count`: 20320,
		`UnifiedAuditLog | where Id in (` + side + `) | count`:        320,
	} {
		if got := mustQuery(t, service, query.Request{Text: text}).Rows[0][0]; got != want {
			t.Errorf("%s gives %v, want %d", text, got, want)
		}
	}
}

// What a query reads twice by one name, and would give other rows the second time, is
// not computed apart for one of the two.
func TestRowsOfOneNameAreTheSame(t *testing.T) {
	l, dir, _ := termLake(t, rand.New(rand.NewPCG(8, 58)), 320)
	service := termService(t, dir, FromLake(l))
	const read = ` let g = f | where Id != ''; g | join kind=inner UnifiedAuditLog on Id | join kind=inner (f | project Id, v = u) on Id | project same = u == v`
	for _, text := range []string{
		`let f = UnifiedAuditLog | where Id in ('id00003', 'id00009') | project Id, u = tostring(new_guid());` + read,
		`let f = UnifiedAuditLog | where Id in ('id00003', 'id00009') | project Id, u = tostring(strlen(Id));` + read,
	} {
		result := mustQuery(t, service, query.Request{Text: text})
		if len(result.Rows) != 2 || result.Rows[0][0] != true || result.Rows[1][0] != true {
			t.Errorf("%s gives %v", text, result.Rows)
		}
	}
}

// Of a column itself thousands of values are sought, and of texts within one a few hundred;
// either way the rows are all there.
func TestSoMuchIsSoughtOfAColumnItself(t *testing.T) {
	l, dir, _ := termLake(t, rand.New(rand.NewPCG(8, 59)), 900)
	config := DefaultConfig()
	config.Dir = dir
	e := openEngine(t, config, FromLake(l))
	const text = `UnifiedAuditLog | where Id startswith "id000" or Id startswith "id001" or Id startswith "id002" or Id startswith "id003" or Id startswith "id004" or Id startswith "id005"
		| join kind=inner (union UnifiedAuditLog, UnifiedAuditLog, UnifiedAuditLog, UnifiedAuditLog, UnifiedAuditLog, UnifiedAuditLog%s) on Id`
	for extended, want := range map[string]struct{ values, rows int }{
		"": {600, 3600},
		" | extend Id = iff(strlen(Id) > 2, Id, '')": {0, 3600},
		" | extend Id = tostring(Record.Nothing)":    {0, 0},
	} {
		s, err := query.Schema{IngestionTime: lake.ColumnIngestionTime}.Compile(fmt.Sprintf(text, extended), bind.Options{Now: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		r := e.newReader(query.RunOptions{Limits: query.DefaultLimits()})
		execution, err := e.runText(t.Context(), r, s, false)
		if err != nil {
			t.Fatal(err)
		}
		values := 0
		for _, of := range r.first.values {
			values = max(values, len(of))
		}
		r.release()
		if values != want.values || len(execution.Rows) != want.rows {
			t.Errorf("many%s: %d values are sought and %d rows found, want %+v", extended, values, len(execution.Rows), want)
		}
	}
}

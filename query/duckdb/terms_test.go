package duckdb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/termfilter"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/schema"
)

// pieces are what texts and needles are put together of: little that is alike, so that
// needles are found, and all that is treated in a way of its own.
var pieces = []string{
	"a", "ab", "abc", "ABC", "abcd", "beef", "dead", "12", "123", "1234", "10", "192", "168", "x1", "e5", "Alice", "contoso", "com", "New", "InboxRule",
	".", ".", "-", "_", "@", ":", "::", "/", `\`, `"`, " ", "\n", ",", "{", "]",
	"é", "É", "ß", "ẞ", "ſ", "K", "İ", "ı", "µ", "Москва", "МОСКВА", "東京", "都", "ǅ", "\uFFFD", "\U00010400", "\U00010428", "١", "²",
	"10.1.2.3", "2001:db8::1", "10.1.2.3:443", "[2001:db8::1]:8443", "[a::1]:51234", "]:58443", ":443",
	"fe80:12:ab", "0f8fad5b-d9cb-469f-a165-70867728950e", "alice.smith@contoso.com",
}

// rare are words of which each is in few rows.
func rare(n int) string {
	return [...]string{
		fmt.Sprintf("needle%dé", n), fmt.Sprintf("203.0.113.%d", n), fmt.Sprintf("Person%d@rare.example", n), fmt.Sprintf("%08xx-0000-%012d", n*n+77777, n),
		fmt.Sprintf("2001:db8:%x::7", n+300), fmt.Sprintf("東%c", '京'+rune(n)), fmt.Sprintf("%d", 3456789+n), fmt.Sprintf("мир%csſK", 'Б'+rune(n)),
		fmt.Sprintf("10.1.2.3:%d", 50000+n), fmt.Sprintf("[2001:db8::1]:%d", 50000+n),
	}[n%10]
}

// rares is how many there are.
const rares = 40

func pieced(r *rand.Rand, most int) string {
	var b strings.Builder
	if r.IntN(5) == 0 {
		b.WriteString(rare(r.IntN(rares)))
		b.WriteString(pieces[20+r.IntN(15)]) // something that ends a term
	}
	for range r.IntN(most) + 1 {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

// cut returns a piece of a text, between characters.
func cut(r *rand.Rand, text string) string {
	runes := []rune(text)
	from := r.IntN(len(runes))
	return string(runes[from : from+1+r.IntN(len(runes)-from)])
}

// shapesOf are the operators as the rewriter hands them to the filters.
var shapesOf = map[string]struct{ begins, ends bool }{
	"quoll_equals": {true, true}, "quoll_has": {true, true}, "quoll_has_cs": {true, true},
	"quoll_hasprefix": {true, false}, "quoll_hassuffix": {false, true}, "quoll_contains": {},
	"quoll_startswith": {true, false}, "quoll_endswith": {false, true},
}

// What the engine finds in a text, the text's filter has.
func TestFiltersOfTermsMissNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 2026))
	found := map[string]int{}
	var matcher termfilter.Matcher
	for range 6_000 {
		text := pieced(r, 8)
		var b termfilter.Builder
		terms := termfilter.NewTerms(1, 1)
		terms.Text(0, []byte(text), false)
		b.Part(terms)
		body := b.Bytes()
		filter, err := termfilter.Open(bytes.NewReader(body), int64(len(body)))
		if err != nil {
			t.Fatal(err)
		}
		needle := cut(r, text)
		if r.IntN(2) == 0 {
			needle = strings.ToUpper(needle)
		}
		for function, shape := range shapesOf {
			if !textMatches(function, text, needle) {
				continue
			}
			found[function]++
			sought := termfilter.Text(needle, shape.begins, shape.ends, false)
			parts, err := filter.Parts(bytes.NewReader(body), sought, nil, nil)
			if err != nil || len(parts) != 1 || sought.Asks() && !matcher.In([]byte(text), false, sought) {
				t.Fatalf("%s(%q, %q): the filter knows nothing of it (%v)", function, text, needle, err)
			}
		}
	}
	for function := range shapesOf {
		if found[function] < 50 {
			t.Errorf("%s found only %d", function, found[function])
		}
	}
}

// TestFoldIsTheEngines compares the folding of the filters with that of the engine.
func TestFoldIsTheEngines(t *testing.T) {
	const ascii = "kabcdefghijlmnopqrstuvwxyz0123456789 .-@"
	for c := rune(0x80); c < 0x20000; c++ {
		if textMatches("quoll_contains", ascii, string(c)) {
			t.Fatalf("%U is taken for a character of ASCII", c)
		}
		if folded := termfilter.Fold(c); folded != c && !textMatches("quoll_equals", string(c), string(folded)) {
			t.Fatalf("%U is folded to %U, and the engine does not take them for equal", c, folded)
		}
	}
}

// long is a clock of after the day of the rows, so that they are merged.
type long struct{ clock.Clock }

func (long) Now() time.Time { return start.AddDate(0, 0, 7) }

// without is a source whose files have no filters.
type without struct{ Source }

func (w without) Acquire(table string) (*ReadSet, error) {
	set, err := w.Source.Acquire(table)
	if err == nil {
		set.Parts = nil
	}
	return set, err
}

// counting counts the rows that are found by themselves, the times that some are, and the
// times that they are too many.
type counting struct {
	Source
	most                 int64 // rows of a file; 0: as many as are asked for
	rows, times, refused atomic.Int64
}

func (c *counting) Acquire(table string) (*ReadSet, error) {
	set, err := c.Source.Acquire(table)
	if err != nil {
		return nil, err
	}
	find := set.Find
	set.Find = func(ctx context.Context, f lake.File, asked lake.Finding) (arrow.RecordBatch, error) {
		if c.most > 0 {
			asked.Rows = c.most
		}
		batch, err := find(ctx, f, asked)
		switch {
		case errors.Is(err, lake.ErrTooMany):
			c.refused.Add(1)
		case err == nil:
			c.times.Add(1)
			c.rows.Add(batch.NumRows())
		}
		return batch, err
	}
	return set, nil
}

// termLake returns a lake of one merged file with many row groups of random texts.
func termLake(t *testing.T, r *rand.Rand, rows int, documents ...string) (*lake.Lake, string, []string) {
	t.Helper()
	return termLakeOf(t, r, rows, time.Minute, 1, documents...)
}

// termLakeOf returns a lake with a row at every step, which are merged into so many files.
func termLakeOf(t *testing.T, r *rand.Rand, rows int, step time.Duration, files int, documents ...string) (*lake.Lake, string, []string) {
	t.Helper()
	config := lake.DefaultConfig(filepath.Join(t.TempDir(), "lake"))
	config.RowGroupRows, config.CompactShare, config.Clock = 32, 1, long{clock.System()}
	l, err := lake.Open(t.Context(), config, testLogger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	table, _ := schema.Lookup(schema.UnifiedAuditLog)
	batch := lake.Batch{Position: 1, Ingested: start}
	var texts []string
	for i := range rows {
		row := schema.Row{Table: table}
		for c, column := range table.Columns {
			switch column.Name {
			case "TimeGenerated":
				row.Cells = append(row.Cells, schema.Cell{Column: c, Value: schema.DateTime(start.Add(time.Duration(i) * step))})
			case "Id":
				row.Cells = append(row.Cells, schema.Cell{Column: c, Value: schema.String(fmt.Sprintf("id%05d", i))})
			case "Operation":
				row.Cells = append(row.Cells, schema.Cell{Column: c, Value: schema.String(fmt.Sprint("act", i/40))})
			case "UserId", "ClientIP", "ObjectId":
				text := pieced(r, 4)
				texts = append(texts, text)
				row.Cells = append(row.Cells, schema.Cell{Column: c, Value: schema.String(text)})
			case "Record":
				text, inner := pieced(r, 6), pieced(r, 3)
				texts = append(texts, text, inner)
				whole := document(r, text, inner)
				if i < len(documents) {
					whole = documents[i]
				}
				row.Cells = append(row.Cells, schema.Cell{Column: c, Value: schema.Dynamic(whole)})
			}
		}
		batch.Records = append(batch.Records, schema.Record{Key: schema.Key{byte(i), byte(i >> 8), 1}, Rows: []schema.Row{row}})
	}
	if _, err := l.Apply(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if done, err := l.Compact(t.Context()); err != nil || done.Into != files {
		t.Fatalf("merged into %d files: %v", done.Into, err)
	}
	return l, config.Dir, texts
}

// document is JSON with a text in it, escaped in one of the ways that there are, and
// one that is JSON again.
func document(r *rand.Rand, text, inner string) string {
	quoted := func(s string) string {
		q, _ := json.Marshal(s)
		switch r.IntN(4) {
		case 0, 1:
			return string(q)
		case 2: // as many programs write it
			return strings.ReplaceAll(string(q), "/", `\/`)
		}
		var b strings.Builder
		b.WriteByte('"')
		for _, c := range s {
			switch {
			case c == '/':
				b.WriteString(`\/`)
			case c >= 0x10000 || c >= 0x80 && r.IntN(2) == 0:
				b.WriteRune(c)
			default:
				fmt.Fprintf(&b, `\u%04x`, c)
			}
		}
		b.WriteByte('"')
		return b.String()
	}
	nested := `{"inner":` + quoted(inner) + `}`
	if r.IntN(8) == 0 {
		return quoted(text)
	}
	return `{"Text" : ` + quoted(text) + `, "Nested":` + quoted(nested) + `,"Object":{ "list": [` + quoted(inner) + `, 1.50, 1e3, 1234567]}}`
}

var termQueries = []string{
	`UnifiedAuditLog | where %s has %s`, `UnifiedAuditLog | where %s has_cs %s`, `UnifiedAuditLog | where %s contains %s`,
	`UnifiedAuditLog | where %s hasprefix %s`, `UnifiedAuditLog | where %s hassuffix %s`, `UnifiedAuditLog | where %s startswith %s`,
	`UnifiedAuditLog | where %s == %s`, `UnifiedAuditLog | where %s =~ %s`, `UnifiedAuditLog | where %s has_any (%[2]s, "nothing of it")`,
	`UnifiedAuditLog | where %s has_all (%[2]s, "a")`, `UnifiedAuditLog | where %s in (%[2]s, "x")`,
	`UnifiedAuditLog | extend x = strcat(Id, "-"), y = %[1]s | where y has %[2]s or x == "id00007-"`,
	`union UnifiedAuditLog, (UnifiedAuditLog | where UserId == "nobody") | where %s has %s`,
	`search in (UnifiedAuditLog, AlertInfo) %[2]s | project Id = column_ifexists("Id", "")`,
	`UnifiedAuditLog | where * has %[2]s`, `UnifiedAuditLog | where not(%s has %s)`,
	`UnifiedAuditLog | where %s has %s | project Id = tostring(pack_all())`,
	`UnifiedAuditLog | where %s matches regex %[3]s`, `UnifiedAuditLog | where %s matches regex %[3]s and Id != ""`,
	`UnifiedAuditLog | where %s in~ (%[4]s, %[2]s)`, `UnifiedAuditLog | where UserId in~ (%[4]s, "none") or ClientIP in~ (%[4]s)`,
}

// pattern returns a regular expression of texts that hold a word.
func pattern(r *rand.Rand, word string) string {
	quoted := regexp.QuoteMeta(word)
	return fmt.Sprintf([]string{"%s", "(?i)%s", `\b%s\b`, "^.*%s", "(?is)^.*%s.*$", "(?:%s)+", "(?:%s){1,3}x?", "nothing of it|(?i:%s)", "(%[1]s|%[1]s.)", "[a-z]*%s", "(?:%s)?"}[r.IntN(11)], quoted)
}

// otherCase returns a text that equals another but for case, by some tables or others.
func otherCase(r *rand.Rand, text string) string {
	others := map[rune][]rune{'k': {'K', '\u212a'}, 'K': {'k', '\u212a'}, 's': {'S', 'ſ'}, 'i': {'I', 'İ', 'ı'}, 'I': {'i', 'İ'}, '\u212a': {'k', 'K'}, 'ſ': {'s', 'S'}, 'İ': {'i', 'I'}, 'ı': {'I'}}
	return strings.Map(func(c rune) rune {
		if r.IntN(3) > 0 {
			return c
		}
		if of := others[c]; of != nil {
			return of[r.IntN(len(of))]
		}
		return unicode.SimpleFold(c)
	}, text)
}

// Characters that are in ASCII in lower case, and are not themselves, are few and known:
// filters are not asked for what in~ may take them for.
func TestLowerCaseOfWhatIsNotASCII(t *testing.T) {
	e := openEngine(t, DefaultConfig(), nil)
	rows, err := e.db.QueryContext(t.Context(), `SELECT c, lower(chr(c::INTEGER)) AS l FROM range(128, 1114112) AS r(c) WHERE c NOT BETWEEN 55296 AND 57343 AND regexp_matches(l, '[\x01-\x7f]')`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := 0
	for ; rows.Next(); found++ {
		var c int64
		var lower string
		if err := rows.Scan(&c, &lower); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsFunc(lower, func(r rune) bool { return r < 0x80 && r != 'i' && r != 'k' }) {
			t.Errorf("%U is %q in lower case", c, lower)
		}
	}
	if err := rows.Err(); err != nil || found == 0 {
		t.Errorf("%d found, %v", found, err)
	}
}

// Rows are the same with the filters and without.
func TestTermsLeaveOutNoRow(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 26))
	l, dir, texts := termLake(t, r, 160)
	found := &counting{Source: FromLake(l), most: 3}
	services := map[string]*query.Service{"with": termService(t, dir, found), "without": termService(t, dir, without{FromLake(l)})}
	pruned, rows := 0, 0
	for n := range 16 * len(termQueries) {
		word := cut(r, texts[r.IntN(len(texts))])
		if r.IntN(3) > 0 {
			word = rare(r.IntN(rares))
		}
		needle, _ := json.Marshal(word)
		operand := []string{"UserId", "ClientIP", "tostring(Record)", "Record", "tostring(Record.Text)", "tostring(Record.Object)", "tostring(Record.Nested)"}[r.IntN(7)]
		matched, _ := json.Marshal(pattern(r, word))
		whole, _ := json.Marshal(otherCase(r, texts[r.IntN(len(texts))]))
		written := func(operand string) string {
			return fmt.Sprintf(termQueries[n%len(termQueries)]+"%.0[1]s%.0[2]s%.0[3]s%.0[4]s", operand, needle, matched, whole) + " | project Id | order by Id asc"
		}
		text := written(operand)
		plain := operand
		if strings.HasPrefix(operand, "tostring") || operand == "Record" {
			plain = "strcat(tostring(" + operand + "), '')" // is looked into alone, and not as it is stored
		}
		want := mustQuery(t, services["without"], query.Request{Text: written(plain)})
		got := mustQuery(t, services["with"], query.Request{Text: text})
		if fmt.Sprint(got.Rows) != fmt.Sprint(want.Rows) {
			t.Fatalf("%s\ngives %v with filters of terms and %v without", text, got.Rows, want.Rows)
		}
		rows += len(want.Rows)
		if got.Statistics.RowsScanned < want.Statistics.RowsScanned {
			pruned++
		}
	}
	if pruned < 16 || rows == 0 {
		t.Errorf("of %d queries %d read less, and all found %d rows", 16*len(termQueries), pruned, rows)
	}
	if found.times.Load() < 32 || found.rows.Load() < 32 || found.refused.Load() == 0 {
		t.Errorf("rows were found by themselves %d times, %d of them, and were too many %d times", found.times.Load(), found.rows.Load(), found.refused.Load())
	}
}

// Where some files have more rows with documents than are handed over, the others' rows are
// found by themselves all the same, and none is missed or read twice.
func TestFilesOfTooManyRowsAreLeftToTheEngine(t *testing.T) {
	r := rand.New(rand.NewPCG(65, 26))
	l, dir, texts := termLakeOf(t, r, 150, time.Hour, 6) // and one that is not merged yet
	found := &counting{Source: FromLake(l)}
	config := DefaultConfig()
	config.Dir = dir
	engine := openEngine(t, config, found)
	with, without := query.NewService(query.Schema{IngestionTime: lake.ColumnIngestionTime}.Compile, engine, time.Now), termService(t, dir, without{FromLake(l)})
	both, rows := 0, 0
	for n := range 200 {
		engine.most.rows, engine.most.loaded = int64(r.IntN(12)), int64(r.IntN(5_000)) // a row has about a thousand
		word := rare(r.IntN(rares))
		if r.IntN(3) == 0 {
			word = cut(r, texts[r.IntN(len(texts))])
		}
		needle, _ := json.Marshal(word)
		text := fmt.Sprintf([]string{
			"search in (UnifiedAuditLog) %s | project Id, Record", "UnifiedAuditLog | where * has %s | project Id, Record",
			`UnifiedAuditLog | where Record has_any (%s, "10.1.2.3:50008") | project Id, Record`, "UnifiedAuditLog | where Record contains %s or UserId has %[1]s | project Id, Record",
		}[n%4], needle)
		times, refused := found.times.Load(), found.refused.Load()
		want, got := mustQuery(t, without, query.Request{Text: text}), mustQuery(t, with, query.Request{Text: text})
		if sortedRows(got) != sortedRows(want) {
			t.Fatalf("%s\ngives\n%s\nwant\n%s", text, sortedRows(got), sortedRows(want))
		}
		rows += len(want.Rows)
		if found.times.Load() > times && found.refused.Load() > refused {
			both++
		}
	}
	if both < 5 || rows < 500 {
		t.Errorf("of 200 queries %d found some rows by themselves and left others, of %d rows", both, rows)
	}
}

func termService(t *testing.T, dir string, source Source) *query.Service {
	config := DefaultConfig()
	config.Dir = dir
	return query.NewService(query.Schema{IngestionTime: lake.ColumnIngestionTime}.Compile, openEngine(t, config, source), time.Now)
}

// A document is asked for as it is written, as it is meant, and as an engine writes it.
func TestTermsOfDocuments(t *testing.T) {
	l, dir, _ := termLake(t, rand.New(rand.NewPCG(3, 3)), 40,
		`{"Text":"first\nsecond \u0074hird\/fourth \nfif\u0074h"}`, `"\u0073ixth\nseventh"`, `{"Address":"by:20864"}`, `{"Big":1e6,"Nested":"{\"a\":\"eigh\\u0074h\\nninth\"}"}`)
	service := termService(t, dir, FromLake(l))
	for _, text := range []string{
		`tostring(Record.Text) has "second"`, `tostring(Record.Text) has "third"`, `tostring(Record.Text) has "third/fourth"`, `tostring(Record.Text) has "fifth"`,
		`Record has "nsecond"`, `Record has "third"`, `Record has "nfifth"`, `Record has "sixth"`, `Record has "seventh"`, `Record has "by:20864"`,
		`Record contains "hird/fourth "`, `Record has_any ("nowhere", "nsecond")`, `tostring(Record.Nested) has "nninth"`, `tostring(Record.Big) has "1000000"`,
	} {
		result := mustQuery(t, service, query.Request{Text: "UnifiedAuditLog | where " + text + " | project Id"})
		if len(result.Rows) != 1 || result.Statistics.RowsScanned > 24 && !strings.Contains(text, "1000000") {
			t.Errorf("%s: %v, after reading %d rows", text, result.Rows, result.Statistics.RowsScanned)
		}
	}
}

// What is taken for a letter of ASCII where case does not count is found, and so is what
// goes on beyond a literal of a pattern; other row groups are not read for it.
func TestTermsOfPatternsAndOfOtherCase(t *testing.T) {
	l, dir, _ := termLake(t, rand.New(rand.NewPCG(3, 3)), 200,
		`{"Text":"\u212aelvinword"}`, `{"Text":"ſtrangeword"}`, `{"Text":"İstanbulword"}`, `{"Text":"beforeneedlewordbehind"}`, `{"Text":"a middleword z"}`, `{"Text":"Quantum.Word"}`)
	with, without := termService(t, dir, FromLake(l)), termService(t, dir, without{FromLake(l)})
	for text, narrow := range map[string]bool{
		`tostring(Record.Text) in~ ("kelvinword", "nowhereatall")`: false, `tostring(Record.Text) in~ ("istanbulword")`: false, `tostring(Record.Text) in~ ("QUANTUM.WORD")`: true,
		`tostring(Record.Text) matches regex "(?i)^kelvinword$"`: false, `tostring(Record.Text) matches regex "(?i)^strangeword$"`: false,
		`tostring(Record.Text) matches regex "needleword"`: false, `tostring(Record.Text) matches regex @"[a-z] middleword [a-z]"`: true,
		`tostring(Record.Text) matches regex @"(?i)\bquantum\b.*d"`: true, `tostring(Record.Text) matches regex "^beforeneedlewordbehind$|^nowhereatall$"`: true,
	} {
		request := query.Request{Text: "UnifiedAuditLog | where " + text + " | project Id"}
		got, want := mustQuery(t, with, request), mustQuery(t, without, request)
		if len(want.Rows) != 1 || fmt.Sprint(got.Rows) != fmt.Sprint(want.Rows) {
			t.Errorf("%s: %v with filters, %v without", text, got.Rows, want.Rows)
		}
		if got.Statistics.RowsScanned > 100 == narrow {
			t.Errorf("%s: %d rows are read", text, got.Statistics.RowsScanned)
		}
	}
}

// A damaged filter is no reason to leave anything out.
func TestFiltersThatCannotBeReadLeaveNothingOut(t *testing.T) {
	l, _, _ := termLake(t, rand.New(rand.NewPCG(1, 1)), 20)
	broken := func(lake.File, *termfilter.Sought) ([]lake.Part, bool, error) {
		return nil, false, termfilter.ErrDamaged
	}
	set, err := FromLake(l).Acquire(schema.UnifiedAuditLog)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Release()
	set.Parts = broken
	e := &Engine{logger: testLogger()}
	found, err := e.narrow(context.Background(), set, set.Files, newSought(&plan.Sought{Text: "abc"}))
	if err != nil || len(found) != 1 || !found[0].all {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestKindsOfActsAreLeftToTheEngine has rows that are sought by what they tell of read by
// the engine, unless something long of them is wanted, or something else is sought too.
func TestKindsOfActsAreLeftToTheEngine(t *testing.T) {
	l, dir, _ := termLake(t, rand.New(rand.NewPCG(3, 9)), 160)
	found := &counting{Source: FromLake(l), most: 3}
	with, without := termService(t, dir, found), termService(t, dir, without{FromLake(l)})
	for _, c := range []struct {
		text     string
		byItself bool
	}{
		{"where Operation == 'act0' | summarize count() by UserId", false},
		{"where Operation in ('act1', 'act3') and UserId != '' | project Id, TimeGenerated, ClientIP", false},
		{"where Operation has 'act3' | count", false},
		{"where Operation == 'nobody' | count", false},
		{"where Operation == 'act1' and Id == 'id00041' | project Id", true},
		{"where Operation == 'nobody' or Id == 'id00041' | project Id", true},
		{"where Operation == 'act0' | project Id, tostring(Record)", true},
		{"where Id == 'id00041' | project Operation", true},
	} {
		before := found.times.Load() + found.refused.Load()
		request := query.Request{Text: "UnifiedAuditLog | " + c.text}
		if got, want := sortedRows(mustQuery(t, with, request)), sortedRows(mustQuery(t, without, request)); got != want {
			t.Errorf("%s\ngives\n%s\nwant\n%s", c.text, got, want)
		}
		if byItself := found.times.Load()+found.refused.Load() > before; byItself != c.byItself {
			t.Errorf("%s: rows found by themselves: %v, want %v", c.text, byItself, c.byItself)
		}
	}
	for parts, whole := range map[int64]bool{1: true, worthAnItem: true, worthAnItem + 1: false} {
		n := narrowed{file: lake.File{Rows: 9 + parts}, parts: []lake.Part{{Span: lake.Span{First: 0, End: 9}}}}
		if n.simpler(); n.all != whole || whole != (n.parts == nil) {
			t.Errorf("a part of 9 rows, and %d others: whole %v", parts, n.all)
		}
	}
}

// TestNoRowsAreReadTwice has a file of which parts were found by themselves read in parts
// also where there are too many, and others whole.
func TestNoRowsAreReadTwice(t *testing.T) {
	part := func(first, end int64) lake.Part { return lake.Part{Span: lake.Span{First: first, End: end}} }
	for name, c := range map[string]struct {
		file  narrowed
		taken int
		all   bool
	}{
		"a part":            {narrowed{file: lake.File{Rows: 9}, parts: []lake.Part{part(0, 4)}}, 0, false},
		"every part":        {narrowed{file: lake.File{Rows: 9}, parts: []lake.Part{part(0, 4), part(4, 9)}}, 0, true},
		"one too many":      {narrowed{file: lake.File{Rows: 9}, parts: []lake.Part{part(0, 4)}}, maxSpans, true},
		"others were found": {narrowed{file: lake.File{Rows: 9}, parts: []lake.Part{part(0, 4)}, rest: true}, maxSpans, false},
		"no filters at all": {narrowed{file: lake.File{Rows: 9}, all: true}, maxSpans, true},
	} {
		if spans := c.file.within(&c.taken); c.file.all != c.all || c.all != (spans == nil) {
			t.Errorf("%s: whole %v, spans %v", name, c.file.all, spans)
		}
	}
}

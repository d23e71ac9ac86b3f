package syntax_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// parse returns the tree of a text that must be right.
func parse(t *testing.T, text string) *syntax.Query {
	t.Helper()
	src := source.New(text)
	tree := syntax.Parse(src)
	if err := src.Err(); err != nil {
		t.Fatal(err)
	}
	return tree
}

func mistakes(text string) []string {
	src := source.New(text)
	syntax.Parse(src)
	var all []string
	for _, d := range src.Diagnostics() {
		all = append(all, d.Message)
	}
	return all
}

func TestLiterals(t *testing.T) {
	for text, want := range map[string]any{
		`12`: int64(12), `010`: int64(10), `0x1F`: int64(31), `long(-5)`: int64(-5), `int(5)`: int32(5),
		`1.5`: 1.5, `1e5`: 1e5, `2.5E-3`: 2.5e-3, `real(-1)`: -1.0, `double(+inf)`: math.Inf(1),
		`decimal(1.10)`: "1.10", `bool(1)`: true, `boolean(false)`: false, `true`: true, `FALSE`: false,
		`1d`: types.TicksPerDay, `1.5h`: 90 * types.TicksPerMinute, `30m`: 30 * types.TicksPerMinute, `10s`: 10 * types.TicksPerSecond,
		`5ms`: 5 * types.TicksPerMillisecond, `1microsecond`: types.TicksPerMicrosecond, `1tick`: types.Ticks(1),
		`time(1.02:03:04.5)`: types.Ticks(937845000000), `timespan("-00:00:01")`: -types.TicksPerSecond, `time (2)`: 2 * types.TicksPerDay,
		`datetime(2026-09-14)`:             time.Date(2026, 9, 14, 0, 0, 0, 0, time.UTC),
		`datetime("2026-09-14T08:22:33Z")`: time.Date(2026, 9, 14, 8, 22, 33, 0, time.UTC),
		`datetime(null)`:                   nil, `int(null)`: nil,
		`guid(74BE27DE-1E4E-49D9-B579-FE0B331D3642)`: "74be27de-1e4e-49d9-b579-fe0b331d3642",
		`"a\tb\\\u00e9\x41"`:                         "a\tb\\éA",
		`'it''s'`:                                    "its", // two literals side by side
		`'say "x"'`:                                  `say "x"`,
		`@"C:\Users\""x"`:                            `C:\Users\"x`,
		`@'it''s'`:                                   "it's",
		`h"secret"`:                                  "secret",
		`h@'\d'`:                                     `\d`,
		"```a\n\\b```":                               "a\n\\b",
		"~~~a ``` b~~~":                              "a ``` b",
		"\"a\" // first\n 'b'":                       "ab",
		`"\ud83d\ude00"`:                             "😀",
	} {
		tree := parse(t, "print "+text)
		literal, ok := tree.Statements[0].(*syntax.ExpressionStatement).X.(*syntax.Pipe).Operators[0].(*syntax.PrintOperator).Columns[0].(*syntax.Literal)
		if !ok || fmt.Sprintf("%T %v", literal.Value, literal.Value) != fmt.Sprintf("%T %v", want, want) {
			t.Errorf("%s is %#v, want %#v", text, literal.Value, want)
		}
		if literal.Span() != (source.Span{Start: 6, End: 6 + len(text)}) {
			t.Errorf("%s spans %v", text, literal.Span())
		}
	}
}

func TestDynamicLiterals(t *testing.T) {
	for text, want := range map[string]string{
		`dynamic(null)`:                              `null`,
		`dynamic([1, -2.5, 'a', "b\n",])`:            `[1,-2.5,"a","b\n"]`,
		`dynamic({"a": {'b': [true, null]}, "c":1})`: `{"a":{"b":[true,null]},"c":1}`,
		`dynamic({"t": datetime(2026-09-14), "s": 1h, "g": guid(74be27de-1e4e-49d9-b579-fe0b331d3642)})`: `{"t":"2026-09-14T00:00:00.0000000Z","s":"01:00:00","g":"74be27de-1e4e-49d9-b579-fe0b331d3642"}`,
		`dynamic("<a&b>")`:         `"<a&b>"`,
		`dynamic([dynamic([1])])`:  `[[1]]`,
		`dynamic(3.0)`:             `3.0`,
		`dynamic([-1d, long(-5)])`: `["-1.00:00:00",-5]`,
	} {
		tree := parse(t, "print "+text)
		literal, ok := tree.Statements[0].(*syntax.ExpressionStatement).X.(*syntax.Pipe).Operators[0].(*syntax.PrintOperator).Columns[0].(*syntax.DynamicLiteral)
		if !ok || literal.JSON != want {
			t.Errorf("%s is %+v, want %s", text, literal, want)
		}
	}
}

// The text is printed with parentheses that show how it was read.
func TestPrecedence(t *testing.T) {
	for text, want := range map[string]string{
		`a or b and c`:                    `(a or (b and c))`,
		`a and b or c and d`:              `((a and b) or (c and d))`,
		`a == b and c < d + 1`:            `((a == b) and (c < (d + 1)))`,
		`a - b - c * d % e`:               `((a - b) - ((c * d) % e))`,
		`x has "a" == false`:              `((x has "a") == false)`,
		`a + b has c`:                     `(a + (b has c))`,
		`not(a) and b !contains "x"`:      `(not(a) and (b !contains "x"))`,
		`-a.b[0].c * 2`:                   `(-a.b[0].c * 2)`,
		`x matches regex @"\d" or y =~ z`: `((x matches regex "\\d") or (y =~ z))`,
		`t > ago(1d) and x in~ ("a", b)`:  `((t > ago(timespan(1.00:00:00))) and x in~ ("a", b))`,
		`t between (1d .. 2d) and y`:      `(t between (timespan(1.00:00:00) .. timespan(2.00:00:00)) and y)`,
		`a <> b`:                          `(a != b)`,
	} {
		tree := parse(t, "T | where "+text)
		where := tree.Statements[0].(*syntax.ExpressionStatement).X.(*syntax.Pipe).Operators[0].(*syntax.WhereOperator)
		if got := grouped(where.Predicate); got != want {
			t.Errorf("%s reads as %s, want %s", text, got, want)
		}
	}
}

func grouped(x syntax.Expr) string {
	b, ok := x.(*syntax.Binary)
	if !ok {
		return syntax.Print(x)
	}
	return "(" + grouped(b.X) + " " + string(b.Op) + " " + grouped(b.Y) + ")"
}

func TestPipeBehindANamedColumnEndsTheOperator(t *testing.T) {
	tree := parse(t, "T | extend a = b | project c = d, e | summarize f = count() by g = h | count")
	if n := len(tree.Statements[0].(*syntax.ExpressionStatement).X.(*syntax.Pipe).Operators); n != 4 {
		t.Errorf("%d operators, want 4:\n%s", n, syntax.Dump(tree))
	}
}

var wellFormed = []string{
	"T",
	"T | count",
	"T\n| where a == 1 // note\n| take 5;",
	"let a = 1; let f = (x:long, y:string = 'a') { T | where z == x }; let v = view () { T }; f(a)",
	"let f = (T:(a:long, b:string), U:(*)) { T | join kind=inner U on a }; f(A, B)",
	"let f = () { let x = 1; print x }; f()",
	"T | where count > 5 and kind == 1 and type =~ 'x' and ['by'] == 1 and range == 2",
	"T | project a, b = c, (d, e) = f(g), ['h i'], j.k, l['m'], n.['o p'], q.[0]",
	"T | project-away Device*, *_suffix, x | project-keep a* | project-rename a = b | project-reorder c desc, d* asc, e granny-asc, *",
	"T | summarize count(), s = sum(x), arg_max(t, *) by bin(t, 1h), k = a | summarize by a | summarize hint.shufflekey = a count() by a",
	"T | sort by a asc nulls last, b desc | order by c | top 5 by d nulls first | limit 3 | filter x",
	"T | join kind=leftouter hint.strategy=broadcast (U | where x) on a, $left.b == $right.c | lookup V on a | join (U) on a",
	"union withsource=Source isfuzzy=true T, (U | take 1), Email*, *, table('x') | count",
	"T | union U | distinct * | distinct a, b | serialize rn = row_number() | serialize | as x | as hint.materialized=true y",
	"T | mv-expand a | mvexpand bagexpansion=array b = c to typeof(string), d limit 100 | mv-expand with_itemindex=i e",
	"T | render timechart with (title='a', ycolumns=b, c, kind=stacked) | render piechart | render barchart kind=stacked title=\"x\"",
	"macro-expand kind=inner isfuzzy=true entity_group [T, table('U'), (V | take 1)] as x (x | where a > 1 | union x) | count",
	"print 1 | print x = 1, y = -2 | union (print 3)",
	"range x from 1 to 10 step 1 | where x in ((T | project a), 1) and y in (dynamic([1]))",
	"datatable (a:long, b:string) [1, 'a', -2, \"b\",]",
	"externaldata (a:string) [h@'https://example.com/a'] with (format='csv', ignoreFirstRecord=true)",
	"T | where a between (1..5) and b !between (datetime(2026-01-01) .. 1d) and x has_any ('a', 'b') and y !in~ ('c')",
	"set notruncation; set truncationmaxrecords = 5; T",
	"T | extend x = toscalar(U | count), y = materialize(print 1), z = iff(a, b, -c), w = f(a = 1)",
	"T | where * has 'x' | where 3rdParty == 1 | extend y = dynamic({'a': 1}).a",
}

func TestPrintedTextGivesTheSameTree(t *testing.T) {
	for _, text := range wellFormed {
		tree := parse(t, text)
		printed := syntax.Print(tree)
		if got, want := syntax.Dump(parse(t, printed)), syntax.Dump(tree); got != want {
			t.Errorf("%s\nprints as\n%s\nwhich gives\n%s\nwant\n%s", text, printed, got, want)
		}
		if again := syntax.Print(parse(t, printed)); again != printed {
			t.Errorf("printing is not stable:\n%s\n%s", printed, again)
		}
	}
}

// One mistake in an operator is reported once, and does not hide the mistakes
// in the operators and statements behind it.
func TestMistakes(t *testing.T) {
	for text, want := range map[string][]string{
		"T | where":                  {`an expression expected, but found the end of the query`},
		"T |":                        {`an operator expected, but found the end of the query`},
		"T | where a ==":             {`an expression expected, but found the end of the query`},
		"T | where a == == b | take": {`an expression expected, but found "=="`, `an expression expected, but found the end of the query`},
		"T | fold x | wehre y":       {`no operator "fold"`, `no operator "wehre"`},
		"T | macro-expand x (take 1) | where |": {
			`no entity groups are stored`, `an expression expected, but found "|"`, `an operator expected, but found the end of the query`},
		"let = 1; T | where x y; U | tke 1": {`a name expected, but found "="`, `"|" or the end of "where" expected, but found "y"`, `no operator "tke"`},
		"T | join (U | where a b) on c | where d e": {
			`"|" or the end of "where" expected, but found "b"`, `"|" or the end of "where" expected, but found "e"`},
		"(T | where x":                              {`")" expected, but found the end of the query`},
		"T | where x)":                              {`"|" or ";" expected, but found ")"`},
		"T | where 'abc":                            {"the string is not closed"},
		`T | where "a\qb" == 1`:                     {`unknown escape "\q" in a string`},
		"T | where x == 5parsec":                    {},
		"T | where x == 1.5parsec":                  {`unknown unit "parsec" after a number`},
		"T | where datetime(x) > t":                 {`"x" is not a constant of type datetime`},
		"T | where long(1":                          {"long( has no closing parenthesis"},
		"T | where a # b":                           {`unexpected character "#"`},
		"declare function(a:long); T":               {`"query_parameters" or "pattern" expected, but found "function"`},
		"declare pattern p = () { () = {}":          {`an expression expected, but found ")"`},
		"restrict access to (T); T":                 {"a query cannot restrict what it reads itself"},
		".show tables":                              {"management commands are not supported"},
		"find in (database('*').*) where * has 'a'": {"database() is not supported: there is one workspace and no cluster"},
		"union database(\"S*\").C*, T | count":      {"database() is not supported: there is one workspace and no cluster"},
		"cluster('a').database('b').T":              {`calls after a dot such as ".database(…)" are not supported`},
		"datatable (a:text) [1]":                    {`no type "text"`},
		"print dynamic({a: 1})":                     {`a string as key expected, but found "a"`},
		"print dynamic([ago(1d)])":                  {`"ago" is not JSON; dynamic(…) takes a constant`},
		"T | where a == \xff":                       {"the query is not valid UTF-8"},
		"print 9223372036854775808":                 {`"9223372036854775808" is not a value of type long`},
	} {
		got := mistakes(text)
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%q gives\n%s\nwant\n%s", text, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestRemedies(t *testing.T) {
	for text, want := range map[string]string{
		"T | wehre x":    `did you mean "where"?`,
		"T | sumarize x": `did you mean "summarize"?`,
		"macro-expand x": "write the group down: macro-expand entity_group [Table1, Table2] as T (T | …)",
		"T | xyzzy":      "",
	} {
		src := source.New(text)
		syntax.Parse(src)
		if got := src.Diagnostics()[0].Remedy; got != want {
			t.Errorf("%s: remedy %q, want %q", text, got, want)
		}
	}
}

// Texts that are too deep or too long are refused by a message, not by a crash
// here or in a later stage.
func TestBounds(t *testing.T) {
	deep := func(open, inner, close string) string {
		return "T | where " + strings.Repeat(open, 100_000) + inner + strings.Repeat(close, 100_000)
	}
	for name, text := range map[string]string{
		"parentheses": deep("(", "x", ")"),
		"calls":       deep("f(", "x", ")"),
		"indexes":     deep("x[", "0", "]"),
		"signs":       deep("-", "x", ""),
		"members":     deep("", "x", ".y"),
		"dynamic":     "print dynamic(" + strings.Repeat("[", 100_000),
		"functions":   strings.Repeat("let f = () { ", 50_000),
		"chain":       "T | where x" + strings.Repeat(" or x", 100_000),
		"comparisons": "T | where x" + strings.Repeat(" == x", 100_000),
		"operators":   "T" + strings.Repeat(" | take 1", 10_000),
		"length":      "T | where x == '" + strings.Repeat("a", syntax.MaxLength) + "'",
		"subqueries":  strings.Repeat("T | join (", 20_000),
	} {
		if len(mistakes(text)) == 0 {
			t.Errorf("%s: accepted", name)
		}
	}
	long := "T | where x in (" + strings.Repeat("'some value', ", 50_000) + "'last')"
	if got := mistakes(long); len(got) > 0 {
		t.Errorf("a long list is refused: %v", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range wellFormed {
		f.Add(text)
	}
	for _, text := range []string{"T | where 'abc", "T | where )]} (", "let f = (a: { } ;;", "print dynamic({'a':", "T | x-y-z | -", "h'\\", "@", "```", "0x", "\u200b\ufeff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		src := source.New(text)
		tree := syntax.Parse(src)
		if tree.Span().End > len(text) {
			t.Fatalf("span %v of a text of %d bytes", tree.Span(), len(text))
		}
		if err := src.Err(); err != nil {
			if err.Error() == "" {
				t.Error("empty error")
			}
			return
		}
		printed := syntax.Print(tree)
		again := source.New(printed)
		copied := syntax.Parse(again)
		if err := again.Err(); err != nil {
			t.Fatalf("%q prints as %q, which does not parse: %v", text, printed, err)
		}
		if syntax.Dump(copied) != syntax.Dump(tree) {
			t.Fatalf("%q prints as %q, which gives another tree:\n%s\n%s", text, printed, syntax.Dump(tree), syntax.Dump(copied))
		}
	})
}

func BenchmarkParse(b *testing.B) {
	text := strings.Join(wellFormed, ";\n")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		syntax.Parse(source.New(text))
	}
}

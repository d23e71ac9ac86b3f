package kql_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/rewrite"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// activity is a catalogue of one table with a dynamic column.
type activity struct{}

func (activity) Names() []string { return []string{"Events"} }

func (activity) Table(name string) (*bind.Table, bool) {
	return &bind.Table{Name: name, Columns: []bind.Column{
		{Name: "TimeGenerated", Type: types.DateTime}, {Name: "User", Type: types.String}, {Name: "Size", Type: types.Long}, {Name: "Bag", Type: types.Dynamic},
	}}, name == "Events"
}

func bound(t *testing.T, text string) *plan.Statement {
	t.Helper()
	src := source.New(text)
	statement := bind.Query(src, syntax.Parse(src), activity{}, bind.Options{Now: now})
	if err := src.Err(); err != nil {
		t.Fatal(err)
	}
	return statement
}

func scanOf(t *testing.T, s *plan.Statement) *plan.Scan {
	t.Helper()
	var found *plan.Scan
	plan.Visit(s.Root, func(n plan.Node) {
		if scan, ok := n.(*plan.Scan); ok {
			found = scan
		}
	})
	if found == nil {
		t.Fatalf("no scan in\n%s", s)
	}
	return found
}

func TestTimeRangesReachTheScan(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 9, d, 0, 0, 0, 0, time.UTC) }
	before := func(d int) time.Time { return day(d).Add(-time.Nanosecond) }
	for text, want := range map[string][2]time.Time{
		"Events | where TimeGenerated >= datetime(2026-09-10)":                                                      {day(10), {}},
		"Events | where TimeGenerated between (datetime(2026-09-10) .. datetime(2026-09-11))":                       {day(10), day(11)},
		"Events | where datetime(2026-09-12) > TimeGenerated and User == 'a'":                                       {{}, before(12)},
		"Events | where TimeGenerated > ago(12h)":                                                                   {day(14), {}},
		"Events | where User == 'a' | extend x = Size | where TimeGenerated == datetime(2026-09-13)":                {day(13), day(13)},
		"Events | where TimeGenerated > datetime(2026-09-10) or User == 'a'":                                        {},
		"Events | summarize TimeGenerated = max(TimeGenerated) by User | where TimeGenerated > ago(12h)":            {},
		"Events | take 5 | where TimeGenerated > ago(12h)":                                                          {},
		"Events | where startofday(TimeGenerated) == datetime(2026-09-13)":                                          {day(13), before(14)},
		"Events | extend d = bin(TimeGenerated, 1d) | where d >= datetime(2026-09-12) and d < datetime(2026-09-13)": {day(12), day(14).Add(-2 * time.Nanosecond)},
		"Events | where TimeGenerated <= endofday(datetime(2026-09-12), 1)":                                         {{}, day(14).Add(-100 * time.Nanosecond)},
		"Events | where bin(TimeGenerated, Size * 1d) == datetime(2026-09-13)":                                      {},
		"Events | summarize count() by bin(TimeGenerated, 1h) | where TimeGenerated > ago(12h)":                     {day(14), {}},
		"Events | sort by Size asc | where TimeGenerated > ago(12h)":                                                {day(14), {}},
		"Events | sort by Size asc | extend n = row_number() | where TimeGenerated > ago(12h)":                      {},
		"union (print User = 'a'), (Events | where Size > 1) | where TimeGenerated > ago(12h)":                      {day(14), {}},
		"Events | mv-expand Bag | where TimeGenerated > ago(12h)":                                                   {day(14), {}},
		"Events | join kind=leftouter (print User = 'a') on User | where TimeGenerated > ago(12h)":                  {day(14), {}},
		"print User = 'a' | join kind=inner Events on User | where TimeGenerated > ago(12h)":                        {day(14), {}},
		"Events | join kind=innerunique (print User = 'a') on User | where TimeGenerated > ago(12h)":                {},
		"Events | join kind=fullouter (print User = 'a') on User | where TimeGenerated > ago(12h)":                  {},
	} {
		s := bound(t, text)
		rewrite.PushTimeRanges(s, nil)
		if scan := scanOf(t, s); !scan.From.Equal(want[0]) || !scan.To.Equal(want[1]) {
			t.Errorf("%s: from %s to %s, want %s and %s", text, scan.From, scan.To, want[0], want[1])
		}
	}
}

func TestOnlyWhatIsReadIsScanned(t *testing.T) {
	for text, want := range map[string]string{
		"Events | project User":                           "User",
		"Events | where Size > 1 | project User":          "User Size",
		"Events | count":                                  "",
		"Events | sort by Size | project User":            "User Size",
		"Events | extend x = Size | project-away x, Size": "TimeGenerated User Bag",
		"Events | summarize max(Size), min(TimeGenerated) by User | project User, max_Size":           "User Size",
		"let A = Events; A | join kind=leftsemi (A | where Size > 1) on User | project TimeGenerated": "TimeGenerated User Size", // what any reader of a shared table asks for
	} {
		s := bound(t, text)
		rewrite.PruneColumns(s, nil)
		var names []string
		plan.Visit(s.Root, func(n plan.Node) {
			if scan, ok := n.(*plan.Scan); ok && len(names) == 0 {
				for _, f := range scan.Fields {
					names = append(names, f.Source)
				}
			}
		})
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: scans %q, want %q", text, got, want)
		}
	}
}

func TestSetsAreCountedWhereOnlyTheirSizeIsRead(t *testing.T) {
	for text, counted := range map[string]bool{
		"Events | summarize s = make_set(User) by Size | project array_length(s)":                                            true,
		"Events | summarize s = make_list(Size) | where array_length(s) > 1 | project n = array_length(s)":                   true,
		"Events | summarize s = make_set_if(User, Size > 1) by Size | project array_length(s)":                               true,
		"Events | summarize s = make_set(User) by Size | project s, array_length(s)":                                         false,
		"Events | summarize s = make_set(User) by Size | project array_length(s), s[0]":                                      false,
		"Events | summarize s = make_set(Bag) by Size | project array_length(s)":                                             false,
		"Events | summarize s = make_list_with_nulls(Size) by User | project array_length(s)":                                false,
		"Events | summarize s = make_set(User) by Size | mv-expand s | project array_length(s)":                              false,
		"Events | summarize s = make_set(User) by Size | sort by array_length(s) asc, tostring(s) | project array_length(s)": false,
	} {
		s := rewrite.All(bound(t, text), nil)
		got := false
		plan.Visit(s.Root, func(n plan.Node) {
			if a, ok := n.(*plan.Aggregate); ok {
				for _, d := range a.Aggregates {
					got = got || d.Column.Type == types.Long && strings.HasPrefix(d.Expr.(*plan.Call).Function.Name, "make_")
				}
			}
		})
		if got != counted {
			t.Errorf("%s: counted %v\n%s", text, got, s)
		}
	}
}

func TestUnionsAreCountedInputByInput(t *testing.T) {
	for text, want := range map[string]int{
		"union Events, (Events | where Size > 1) | count":                                                      2,
		"union (Events | project User), (Events | where Size > 1 | extend x = 1) | sort by User | count":       2,
		"union Events, (Events | where Size > 1), (union Events, Events | where Size > 2) | summarize count()": 3,
		"union Events, (union Events, (Events | where Size > 2) | project User) | count":                       3,
		"union Events, Events | summarize n = count(), m = count()":                                            2,
		"union Events, Events | summarize n = count(), m = max(Size)":                                          0,
		"union Events, Events | summarize n = count() by User":                                                 0,
		"union Events, Events | take 5 | count":                                                                0,
		"union Events, Events | where Size > 1 | count":                                                        0,
		"let u = materialize(union Events, Events); union (u | count), (u | take 1)":                           0,
	} {
		s := rewrite.All(bound(t, text), nil)
		sums, counts := 0, 0
		plan.Visit(s.Root, func(n plan.Node) {
			a, ok := n.(*plan.Aggregate)
			if !ok {
				return
			}
			for _, d := range a.Aggregates {
				switch d.Expr.(*plan.Call).Function.Name {
				case "sum":
					sums++
				case "count":
					counts++
				}
			}
		})
		if want > 0 && (counts != want || sums == 0) || want == 0 && sums > 0 {
			t.Errorf("%s: %d counts are added, %d sums\n%s", text, counts, sums, s)
		}
	}
}

func TestPassesHaveNamesAndKeepTheOutput(t *testing.T) {
	const text = "Events | where TimeGenerated > ago(1h) | summarize n = count(), s = make_set(User) by bin(TimeGenerated, 5m) | project TimeGenerated, n, size = array_length(s)"
	names := map[string]bool{}
	s := bound(t, text)
	for _, pass := range rewrite.Passes() {
		if pass.Name == "" || names[pass.Name] {
			t.Errorf("a pass is called %q", pass.Name)
		}
		names[pass.Name] = true
		pass.Apply(s, nil)
		var columns []string
		for _, o := range s.Output {
			columns = append(columns, o.Name+":"+o.Column.Type.String())
		}
		if got := strings.Join(columns, " "); got != "TimeGenerated:datetime n:long size:long" {
			t.Errorf("after %q the result is %s", pass.Name, got)
		}
	}
}

// What is the same for every row is known before the scan is told what is sought, and what
// depends on a row stays.
func TestConstantConditionsAreComputed(t *testing.T) {
	const address, other = "isnotempty(parse_ipv6('203.0.113.7'))", "isnotempty(parse_ipv6('Mozilla'))"
	for predicate, want := range map[string]string{
		address:                            "true",
		other:                              "false",
		"not(" + address + ")":             "false",
		"isnull(parse_ipv4('1.2.3'))":      "true",
		"isnotnull(parse_ipv4('1.2.3.4'))": "true",
		"isempty('')":                      "true",
		"isnull('')":                       "false",
		"isnull(long(null))":               "true",
		"bool(null)":                       "null",
		"not(bool(null))":                  "not(null)",
		"User has 'x' or not(" + address + ") and User has 'y'":                  "User has x",
		"User has 'x' or not(" + other + ") and User has 'y'":                    "User has x or User has y",
		"User has 'x' and (" + other + " or isempty('x'))":                       "false",
		"User has 'x' and (" + address + " and isempty(''))":                     "User has x",
		"User has 'x' or (" + address + " and isnull(long(null)))":               "true",
		"(User has 'x' or User has 'y') and not(" + other + " and User has 'z')": "User has x or User has y",
		"'ada@x.example' contains '@'":                                           "true",
		"'x.example' !contains '@'":                                              "true",
		"'' contains ''":                                                         "true",
		"User has 'x' or 'a@b' !contains '@' and User has 'y'":                   "User has x",
		"'ABC' contains 'b'":                                                     "contains(ABC, b)",
		"User contains '@'":                                                      "contains(User, @)",
		"isempty(User)":                                                          "isempty(User)",
		"isnotnull(parse_ipv4(User))":                                            "isnotnull(parse_ipv4(User))",
	} {
		s := bound(t, "Events | where "+predicate)
		rewrite.FoldConditions(s, nil)
		got := ""
		plan.Visit(s.Root, func(n plan.Node) {
			if f, ok := n.(*plan.Filter); ok {
				got = writtenOut(f.Predicate)
			}
		})
		if got != want {
			t.Errorf("%s is %s, want %s", predicate, got, want)
		}
	}
	s := rewrite.All(bound(t, "Events | extend u = tostring(Bag.u) | where User has 'first' or not("+address+") and u has 'second'"), nil)
	if sought := scanOf(t, s).Sought; sought == nil || sought.Text != "first" {
		t.Errorf("an address is sought as %+v", sought)
	}
}

// writtenOut writes a condition without parentheses around lists.
func writtenOut(e plan.Expr) string {
	switch e := e.(type) {
	case *plan.Literal:
		if e.Value == nil {
			return "null"
		}
		return fmt.Sprint(e.Value)
	case *plan.Ref:
		return e.Column.Name
	case *plan.Call:
		var args []string
		for _, a := range e.Args {
			args = append(args, writtenOut(a))
		}
		switch e.Function.Name {
		case "and", "or", "has":
			return strings.Join(args, " "+e.Function.Name+" ")
		}
		return e.Function.Name + "(" + strings.Join(args, ", ") + ")"
	}
	return fmt.Sprintf("%T", e)
}

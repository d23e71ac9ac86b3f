package bind_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

type tables struct{}

func (tables) Names() []string { return []string{"Events", "Users"} }

func (tables) Table(name string) (*bind.Table, bool) {
	switch name {
	case "Events":
		return &bind.Table{Name: name, Columns: []bind.Column{
			{Name: "TimeGenerated", Type: types.DateTime}, {Name: "User", Type: types.String}, {Name: "Size", Type: types.Long}, {Name: "Bag", Type: types.Dynamic},
		}, Aliases: map[string]string{"Timestamp": "TimeGenerated"}, IngestionTime: "ingested"}, true
	case "Users":
		return &bind.Table{Name: name, Columns: []bind.Column{{Name: "User", Type: types.String}, {Name: "Size", Type: types.Int}}}, true
	}
	return nil, false
}

func query(text string, options bind.Options) (*plan.Statement, *source.Text) {
	src := source.New(text)
	options.Now = time.Date(2026, 9, 14, 12, 0, 0, 0, time.UTC)
	return bind.Query(src, syntax.Parse(src), tables{}, options), src
}

func header(s *plan.Statement) string {
	columns := make([]string, len(s.Output))
	for i, o := range s.Output {
		columns[i] = o.Name + ":" + o.Column.Type.String()
	}
	return strings.Join(columns, " ")
}

// Names and types are decided here, without an engine.
func TestColumnsOfEveryOperator(t *testing.T) {
	for text, want := range map[string]string{
		"Events":                                "TimeGenerated:datetime User:string Size:long Bag:dynamic",
		"Events | count":                        "Count:long",
		"Events | project Timestamp, Size + 1":  "Timestamp:datetime Column1:long",
		"Events | extend Size = tostring(Size)": "TimeGenerated:datetime User:string Size:string Bag:dynamic",
		"Events | summarize max(Size) by bin(TimeGenerated, 1h)":                  "TimeGenerated:datetime max_Size:long",
		"Events | summarize arg_max(TimeGenerated, *) by User":                    "User:string TimeGenerated:datetime Size:long Bag:dynamic",
		"Events | extend Who = User | summarize arg_max(Size, *) by User":         "User:string Size:long TimeGenerated:datetime Bag:dynamic Who:string",
		"Events | join Users on User":                                             "TimeGenerated:datetime User:string Size:long Bag:dynamic User1:string Size1:int",
		"Events | join kind=leftanti Users on User":                               "TimeGenerated:datetime User:string Size:long Bag:dynamic",
		"Events | lookup Users on User":                                           "TimeGenerated:datetime User:string Size:long Bag:dynamic Size1:int",
		"union Events, Users":                                                     "TimeGenerated:datetime User:string Size_long:long Size_int:int Bag:dynamic",
		"Events | mv-expand x = Bag.list to typeof(long) | project x":             "x:long",
		"Events | make-series n = count() on TimeGenerated step 1h by User":       "User:string n:dynamic TimeGenerated:dynamic",
		"Events | parse User with a '@' b:long | project a, b":                    "a:string b:long",
		"Events | top-nested 1 of User by sum(Size)":                              "User:string aggregated_User:long",
		"Events | search 'x'":                                                     "$table:string TimeGenerated:datetime User:string Size:long Bag:dynamic",
		"Events | project Bag.a.b[0], tostring(Bag['c d']), -Bag.n":               "Bag_a_b_0:dynamic Bag_c d:string Column1:dynamic",
		"Events | project tostring(Size), Size":                                   "Size:string Size1:long",
		"print 1, x = 2.0, now()":                                                 "print_0:long x:real print_2:datetime",
		"let f = (T:(Size:long), n:long = 1) { T | project Size * n }; f(Events)": "Column1:long",
	} {
		s, src := query(text, bind.Options{})
		if err := src.Err(); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := header(s); got != want {
			t.Errorf("%s\n gives %s\n not   %s", text, got, want)
		}
	}
}

// A mistake has a place and, where something near is there, a remedy.
func TestMistakesHavePlaces(t *testing.T) {
	for text, want := range map[string]string{
		"Evnts | take 1":                            "0 5 Events",
		"Events | where Usr == 'a'":                 "15 18 User",
		"Events | summarize Size by User":           "19 23 ",
		"Events | where strlenn(User) > 1":          "15 22 strlen",
		"Events | project a = User - 1":             "21 29 ",
		"Events | extend x = count()":               "20 27 ",
		"Events | join Users on Who":                "23 26 ",
		"Events | where Size has 'x'":               "15 19 ",
		"Events | project User, User":               "23 27 ",
		"let x = 1; let x = 2; print x":             "15 16 ",
		"Events | evaluate nothing_of_it(User)":     "18 31 ",
		"Events | where TimeGenerated > '2026'":     "15 37 ",
		"externaldata(a:string)['https://a/b']":     "0 37 ",
		"declare query_parameters(n:long); print n": "25 31 ",
	} {
		_, src := query(text, bind.Options{})
		var mistakes *source.Error
		if !errors.As(src.Err(), &mistakes) {
			t.Errorf("%s: taken", text)
			continue
		}
		d := mistakes.Diagnostics[0]
		place := strings.Fields(want)
		if got := text[d.Span.Start:d.Span.End]; got != text[atoi(place[0]):atoi(place[1])] {
			t.Errorf("%s: %q is shown, want %q (%s)", text, got, text[atoi(place[0]):atoi(place[1])], d.Message)
		}
		if len(place) > 2 && !strings.Contains(d.Remedy, place[2]) {
			t.Errorf("%s: the remedy is %q", text, d.Remedy)
		}
	}
}

func atoi(text string) (n int) {
	for _, c := range text {
		n = 10*n + int(c-'0')
	}
	return n
}

func TestSeveralMistakesAtOnce(t *testing.T) {
	_, src := query("Events | extend a = Usr, b = Sizes | where strlenn(User) > 1", bind.Options{})
	var mistakes *source.Error
	if !errors.As(src.Err(), &mistakes) || len(mistakes.Diagnostics) != 3 {
		t.Errorf("got %v", src.Err())
	}
}

// Now is one instant, and constants are computed, so that a range is known.
func TestConstantsAreComputed(t *testing.T) {
	s, src := query("Events | where TimeGenerated > ago(1d) + 2h and Size in (1 + 1, tolong('3'))", bind.Options{})
	if err := src.Err(); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"2026-09-13", "14:00:00", "2", "3"} {
		if !strings.Contains(s.String(), part) {
			t.Errorf("%s is not in\n%s", part, s)
		}
	}
}

func TestAHostileQueryIsBounded(t *testing.T) {
	double := "let a = datatable(x:long)[1]; "
	for i := 0; i < 40; i++ {
		double += "let a" + strings.Repeat("x", i+1) + " = union a" + strings.Repeat("x", i) + ", a" + strings.Repeat("x", i) + "; "
	}
	for name, text := range map[string]string{
		"depth": "print " + strings.Repeat("abs(", 5000) + "1" + strings.Repeat(")", 5000),
		"width": "print " + strings.Repeat("1, ", 20000) + "1",
		"size":  double + "a" + strings.Repeat("x", 40),
	} {
		if _, src := query(text, bind.Options{}); src.Err() == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// What may be held at once is bounded over the whole query, not expression by
// expression.
func TestTheTablesOfAQueryAreBounded(t *testing.T) {
	fork := "Events | fork" + strings.Repeat(" (count)", 31)
	s, src := query(fork+"; print 1", bind.Options{})
	if err := src.Err(); err != nil || len(s.More) != 31 {
		t.Fatalf("32 tables: %v", err)
	}
	_, src = query(fork+"; Users | facet by User with (count)", bind.Options{})
	var mistakes *source.Error
	if !errors.As(src.Err(), &mistakes) || !strings.Contains(mistakes.Diagnostics[0].Message, "33 tables; at most 32") {
		t.Errorf("33 tables: %v", src.Err())
	}
}

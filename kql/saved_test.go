package kql_test

import (
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/types"
)

type oneTable struct{}

func (oneTable) Names() []string { return []string{"Mail"} }

func (oneTable) Table(name string) (*bind.Table, bool) {
	if name != "Mail" {
		return nil, false
	}
	return &bind.Table{Name: "Mail", Columns: []bind.Column{{Name: "From", Type: types.String}, {Name: "Size", Type: types.Long}}}, true
}

func TestSavedFunctions(t *testing.T) {
	saved := map[string]bind.Saved{
		"BigMail":   {Parameters: "atLeast:long = 10", Body: "Mail\n| where Size >= atLeast"},
		"Half":      {Parameters: "n:long", Body: "n / 2 // a remark"},
		"Inner":     {Body: "BigMail(Half(100))"},
		"Endless":   {Body: "Endless()"},
		"Misspelt":  {Body: "Mail\n| where Sise > 1"},
		"Unclosed":  {Body: "Mail | where ("},
		"Shadowed":  {Body: "Mail | take 1"},
		"FromQuery": {Body: "local"},
	}
	options := bind.Options{Now: time.Date(2026, 9, 14, 12, 0, 0, 0, time.UTC), Function: func(name string) (bind.Saved, bool) { f, ok := saved[name]; return f, ok }}
	for _, c := range []struct{ query, mistake string }{
		{"BigMail | count", ""},
		{"BigMail() | count", ""},
		{"BigMail(5) | extend H = Half(Size)", ""},
		{"Inner | project From", ""},
		{"let Shadowed = Mail; Shadowed | where Size > 1", ""},
		{"Endless | count", "nested"},
		{"Misspelt | count", `saved function Misspelt has a mistake in line 2: no column "Sise"`},
		{"Mail | join kind=inner Unclosed on From", "saved function Unclosed has a mistake in line"},
		{"let local = Mail; FromQuery | count", "saved function FromQuery"},
		{"Nobody() | count", "Nobody"},
	} {
		_, err := kql.CompileWith(c.query, oneTable{}, options)
		switch {
		case c.mistake == "" && err != nil:
			t.Errorf("%s: %v", c.query, err)
		case c.mistake != "" && (err == nil || !strings.Contains(err.Error(), c.mistake)):
			t.Errorf("%s: error %v, want %q", c.query, err, c.mistake)
		}
	}
}

// A watchlist whose rows are given is constants of the plan: the engine is
// asked for no table.
func TestWatchlistOfRows(t *testing.T) {
	list := &bind.Table{Name: "vip", Columns: []bind.Column{{Name: "SearchKey", Type: types.String}}, Rows: [][]any{{"ada"}, {"bo"}}}
	options := bind.Options{Watchlist: func(name string) (*bind.Table, bool) { return list, name == "vip" }}
	if _, err := kql.CompileWith("_GetWatchlist('vip') | project SearchKey", oneTable{}, options); err != nil {
		t.Error(err)
	}
	if _, err := kql.CompileWith("_GetWatchlist('vips')", oneTable{}, options); err == nil || !strings.Contains(err.Error(), `no watchlist "vips"`) {
		t.Errorf("error %v", err)
	}
}

func TestSavedFunctionsAreChecked(t *testing.T) {
	for _, c := range []struct {
		name, parameters, body, mistake string
	}{
		{"F", "days:long = 7, who:string", "Mail | where Size > days and From == who", ""},
		{"F", "T:(From:string), since:timespan, list:dynamic", "T | where From in (list) | extend Age = since", ""},
		{"F", "T:(*)", "T | where Anything == 1", ""},
		{"F", "a:guid, b:decimal, c:real, d:bool, e:datetime, f:int", "strcat(a, b, c, d, e, f)", ""},
		{"F", "", "Mail | where Sise > 1", `no column "Sise"`},
		{"F", "n", "Mail", "line 1"},
		{"F", "", "Mail | where (", ""},
		{"F", "", "let x = 1;", "without an expression"},
		{"F", "", "} ; Mail | take 1; let y = () { 1", "braces closed"},
		{"Mail", "", "Mail", "Mail is a table"},
		{"strcat", "", "1", "function of the language"},
	} {
		err := kql.CheckFunction(c.name, bind.Saved{Parameters: c.parameters, Body: c.body}, oneTable{}, bind.Options{Now: time.Unix(0, 0)})
		switch {
		case c.body == "Mail | where (":
			if err == nil {
				t.Errorf("%s: no error", c.body)
			}
		case c.mistake == "" && err != nil:
			t.Errorf("%s: %v", c.body, err)
		case c.mistake != "" && (err == nil || !strings.Contains(err.Error(), c.mistake)):
			t.Errorf("%s: error %v, want %q", c.body, err, c.mistake)
		}
	}
}

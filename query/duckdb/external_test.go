package duckdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/query"
)

// canned reads what it holds; it counts how often it is asked.
type canned struct {
	rows  [][]any
	err   error
	asked []bind.External
}

func (c *canned) Read(_ context.Context, asked bind.External) ([][]any, error) {
	c.asked = append(c.asked, asked)
	return c.rows, c.err
}

// Rows of a file are a table like any other; it is read once, however often the
// query uses it.
func TestExternalDataIsATable(t *testing.T) {
	service, _, _ := newService(t)
	files := &canned{rows: [][]any{
		{"it's", "1", "2026-01-02", json.RawMessage(`{"k":[1,"x"]}`), "1.5", "true"},
		{"", "", "", nil, "", ""},
		{json.RawMessage(`{"a":1}`), json.RawMessage(`2.9`), json.RawMessage(`"2026-01-03T04:05:06Z"`), json.RawMessage(`[1]`), json.RawMessage(`3`), json.RawMessage(`false`)},
		{nil, nil, nil, nil, nil, nil},
	}}
	service.AllowExternal(files)
	text := `let F = externaldata(s:string, n:long, t:datetime, d:dynamic, r:real, b:bool)[h@'https://host.example/a?sig=x', 'https://host.example/b'] with (format='csv', ignoreFirstRecord=true);
		F | extend k = d.k[1], both = toscalar(F | count)`
	result, err := service.Query(context.Background(), query.Request{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, row := range result.Rows {
		for _, cell := range row {
			if raw, ok := cell.(json.RawMessage); ok {
				cell = string(raw)
			}
			fmt.Fprintf(&b, "%v|", cell)
		}
		b.WriteString("\n")
	}
	want := `it's|1|2026-01-02 00:00:00 +0000 UTC|{"k":[1,"x"]}|1.5|true|"x"|4|
|<nil>|<nil>|<nil>|<nil>|<nil>|<nil>|4|
{"a":1}|2|2026-01-03 04:05:06 +0000 UTC|[1]|3|false|<nil>|4|
|<nil>|<nil>|<nil>|<nil>|<nil>|<nil>|4|
`
	if b.String() != want {
		t.Errorf("rows are\n%s, want\n%s", b.String(), want)
	}
	if len(files.asked) != 1 || len(files.asked[0].Sources) != 2 || files.asked[0].Format != "csv" || !files.asked[0].IgnoreFirstRecord || len(files.asked[0].Columns) != 6 {
		t.Errorf("asked for %+v", files.asked)
	}
}

func TestManyRowsOfAFile(t *testing.T) {
	service, _, _ := newService(t)
	files := &canned{}
	for i := range 2500 {
		files.rows = append(files.rows, []any{fmt.Sprint(i)})
	}
	service.AllowExternal(files)
	result, err := service.Query(context.Background(), query.Request{Text: "externaldata(n:long)['https://host.example/a'] | summarize count(), sum(n), dcount(n)"})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(result.Rows); got != "[[2500 3123750 2500]]" {
		t.Errorf("got %s", got)
	}
}

func TestExternalDataIsRefusedAtItsAddress(t *testing.T) {
	service, _, _ := newService(t)
	const text = "print 1 | union (externaldata(n:long)['https://host.example/a'])"
	_, err := service.Query(context.Background(), query.Request{Text: text})
	if err == nil || !strings.Contains(err.Error(), "externaldata is off") {
		t.Errorf("without a reader: %v", err)
	}
	service.AllowExternal(&canned{err: errors.New("not from there")})
	_, err = service.Query(context.Background(), query.Request{Text: text})
	if err == nil || !strings.Contains(err.Error(), "not from there at line 1, column 39") {
		t.Errorf("refused: %v", err)
	}
}

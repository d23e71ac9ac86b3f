package kql_test

import (
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
)

// A request gives values for declared parameters, as constants or as texts.
func TestParametersOfARequest(t *testing.T) {
	const text = `declare query_parameters(n:long = 1, who:string = "x", at:datetime = datetime(2026-01-01), list:dynamic = dynamic([])); print n, who, at, list`
	for name, test := range map[string]struct{ value, want string }{
		"n":    {"42", "42"},
		"who":  {`"a\"b"`, `a\"b`},
		"at":   {"datetime(2026-02-03)", "2026-02-03"},
		"list": {`["a"]`, `dynamic(["a"])`},
	} {
		statement, err := kql.CompileWith(text, events{}, bind.Options{Now: now, Parameters: map[string]string{name: test.value}})
		if err != nil {
			t.Errorf("%s = %s: %v", name, test.value, err)
			continue
		}
		if got := statement.String(); !strings.Contains(got, test.want) {
			t.Errorf("%s = %s gives %s", name, test.value, got)
		}
	}
	for name, value := range map[string]string{"n": `"; drop`, "at": "soon", "who": "it's"} {
		_, err := kql.CompileWith(text, events{}, bind.Options{Now: now, Parameters: map[string]string{name: value}})
		if (err == nil) != (name == "who") {
			t.Errorf("%s = %s: %v", name, value, err)
		}
	}
}

func TestSettingsOfAQuery(t *testing.T) {
	statement := compile(t, "set notruncation; set truncationmaxrecords = 5; set servertimeout = 30s; set norequesttimeout; set truncationmaxsize = 7; print 1")
	want := plan.Limits{NoTruncation: true, NoTimeout: true, Rows: 5, Bytes: 7, Time: 30 * time.Second}
	if statement.Limits != want {
		t.Errorf("got %+v, want %+v", statement.Limits, want)
	}
}

package kql_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
)

// answering is a probe that gives the same texts each time, and keeps what it
// was asked.
func answering(asked *[]*plan.Statement, texts ...string) bind.Options {
	return bind.Options{Now: now, Probe: func(s *plan.Statement) ([][]any, error) {
		*asked = append(*asked, s)
		var rows [][]any
		for _, text := range texts {
			rows = append(rows, []any{text})
		}
		return rows, nil
	}}
}

// What the data is asked reads no more than it needs: its own copy of the plan
// is rewritten, and the plan that it is a part of keeps what it reads.
func TestProbesReadLittle(t *testing.T) {
	var asked []*plan.Statement
	text := "Events | where TimeGenerated > ago(1h) | evaluate bag_unpack(Detail) | project User, size"
	statement, err := kql.CompileWith(text, events{}, answering(&asked, "lsize", "scolour"))
	if err != nil {
		t.Fatal(err)
	}
	if len(asked) != 1 {
		t.Fatalf("asked %d times", len(asked))
	}
	part, whole := scans(asked[0]), scans(statement)
	if len(part) != 1 || len(part[0].Fields) != 2 || part[0].From.IsZero() {
		t.Errorf("the probe reads %+v", part[0])
	}
	if len(whole) != 1 || len(whole[0].Fields) != 3 {
		t.Errorf("the query reads %+v", whole[0])
	}
	if got := statement.Output[1].Column.Type.String(); got != "long" {
		t.Errorf("the member is a %s", got)
	}
}

// Without a probe nothing is known of the columns, and nothing is wrong.
func TestWithoutProbeTablesStayOpen(t *testing.T) {
	for _, text := range []string{
		"Events | evaluate bag_unpack(Detail) | where anything == 1",
		"Events | project User, Count | evaluate pivot(User) | extend x = anybody",
	} {
		if _, err := kql.CompileWith(text, events{}, bind.Options{Now: now}); err != nil {
			t.Errorf("%s\n%v", text, err)
		}
	}
}

// A schema says the columns, so that the data is not asked.
func TestSchemasAskNothing(t *testing.T) {
	var asked []*plan.Statement
	for _, text := range []string{
		"Events | evaluate bag_unpack(Detail) : (size:long)",
		"Events | evaluate bag_unpack(Detail) : (*, size:long)",
		"Events | project User, Count | evaluate pivot(User) : (ann:long)",
	} {
		if _, err := kql.CompileWith(text, events{}, answering(&asked)); err != nil || len(asked) > 0 {
			t.Errorf("%s\nasked %d times, %v", text, len(asked), err)
		}
	}
}

func TestProbesAreBounded(t *testing.T) {
	var asked []*plan.Statement
	var many []string
	for i := range 1500 {
		many = append(many, "l"+strings.Repeat("x", 1+i))
	}
	_, err := kql.CompileWith("Events | evaluate bag_unpack(Detail)", events{}, answering(&asked, many...))
	if err == nil || !strings.Contains(err.Error(), "more than 1000 columns") {
		t.Errorf("1500 members give %v", err)
	}
	asked = nil
	text := "union (Events | evaluate bag_unpack(Detail))" + strings.Repeat(", (Events | evaluate bag_unpack(Detail))", 30)
	_, err = kql.CompileWith(text, events{}, answering(&asked, "la"))
	if err == nil || len(asked) > 20 {
		t.Errorf("asked %d times, %v", len(asked), err)
	}
	failing := bind.Options{Now: now, Probe: func(*plan.Statement) ([][]any, error) { return nil, errors.New("no disk") }}
	_, err = kql.CompileWith("Events | evaluate bag_unpack(Detail)", events{}, failing)
	if err == nil || !strings.Contains(err.Error(), "no disk") {
		t.Errorf("a probe that fails gives %v", err)
	}
}

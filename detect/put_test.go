package detect

import (
	"errors"
	"testing"
	"time"
)

func TestARulePutRunsFromTheNextTickAndReplacesTheOneOfItsID(t *testing.T) {
	b := newBench(t)
	b.must(b.after(0, row{at: noon.Add(-time.Minute), user: "ada", what: "x"}))
	if len(b.sink.alerts) != 0 {
		t.Fatalf("%d alerts without a rule", len(b.sink.alerts))
	}
	b.must(b.Put(rule(t)))
	if err := b.Put(rule(t, "query: T", "query: mistake")); err == nil {
		t.Error("a rule that does not compile was taken")
	}
	b.must(b.after(10 * time.Second))
	if len(b.sink.alerts) != 1 {
		t.Fatalf("got %d alerts, want that of the rule that was put", len(b.sink.alerts))
	}
	b.must(b.Put(rule(t, "version: 1.0.0", "version: 1.0.1", "query: T", "query: other")))
	b.must(b.after(10 * time.Second))
	last := b.table.queries[len(b.table.queries)-1].Text
	if len(b.rules) != 1 || b.rules[0].Query != "other" {
		t.Errorf("%d rules, the last query is %q", len(b.rules), last)
	}
}

// TestARulePutIsNotForgottenForABadMoment: what is asked for in vain when it is taken,
// as a watchlist in a database that is busy, is asked for again.
func TestARulePutIsNotForgottenForABadMoment(t *testing.T) {
	b := newBench(t)
	b.must(b.Put(rule(t)))
	b.table.expectFails = errors.New("database is locked")
	b.must(b.after(0, row{at: noon.Add(-time.Minute), user: "ada", what: "x"}))
	if h, err := b.Health(t.Context()); err != nil || len(h) != 1 || h[0].LastError != "database is locked" {
		t.Errorf("health is %+v, %v; want one rule that says why it does not run", h, err)
	}
	b.table.expectFails = nil
	b.must(b.after(10 * time.Second))
	if len(b.sink.alerts) != 1 {
		t.Errorf("got %d alerts, want that of the rule that was put", len(b.sink.alerts))
	}
}

package detect

import (
	"errors"
	"testing"
	"time"

	"github.com/quoll/quoll/model"
)

func TestAnExceptionHoldsBackUntilItEnds(t *testing.T) {
	b := newBench(t, rule(t))
	db := b.store.db
	b.must(b.after(0))
	id, err := AddException(t.Context(), db, Exception{RuleID: "r1", Kind: "Account", Value: "*@COAST.example", Why: "migration", By: "ada", Expires: b.now.Add(20 * time.Minute)}, b.now)
	b.must(err)
	b.must(b.after(time.Minute, row{at: b.now, user: "bo@coast.example", what: "x"}, row{at: b.now, user: "eve@other.example", what: "x"}))
	for range 3 {
		b.must(b.after(5 * time.Minute))
	}
	if len(b.sink.alerts) != 1 {
		t.Errorf("alerts %v, want that of eve alone", b.sink.alerts)
	}
	held, err := HeldBack(t.Context(), db, id)
	b.must(err)
	if len(held) != 1 || held[0].Entities[0].Identifiers["FullName"] != "bo@coast.example" || held[0].Rows != 1 || !held[0].Last.After(held[0].First) {
		t.Errorf("held back %+v", held)
	}
	all, err := Exceptions(t.Context(), db)
	b.must(err)
	if len(all) != 1 || all[0].Held != 1 || all[0].LastHeld.IsZero() {
		t.Errorf("exceptions %+v", all)
	}
	b.must(b.after(5 * time.Minute))
	if len(b.sink.alerts) != 2 {
		t.Errorf("%d alerts after the exception ended, want that of bo, too", len(b.sink.alerts))
	}
}

func TestNoSinglePersonMakesAnExceptionToAWatcher(t *testing.T) {
	b := newBench(t, rule(t, "severity: Medium", "severity: Medium\ntags: [WatchTheWatchers]"))
	db := b.store.db
	id, err := AddException(t.Context(), db, Exception{Kind: "Account", Value: "bor*", Why: "it is me", By: "bo", Expires: b.now.Add(10 * time.Hour)}, b.now)
	b.must(err)
	if err := AgreeException(t.Context(), db, id, "bo"); !errors.Is(err, ErrSamePerson) {
		t.Errorf("bo agrees with bo: %v", err)
	}
	b.must(b.after(0, row{at: noon.Add(-time.Minute), user: "boris", what: "x"}))
	if len(b.sink.alerts) != 1 {
		t.Fatal("one person muted a rule that watches")
	}
	b.must(AgreeException(t.Context(), db, id, "ada"))
	b.must(b.after(3*time.Hour, row{at: b.now.Add(3 * time.Hour).Add(-time.Minute), user: "boric", what: "y"}))
	if len(b.sink.alerts) != 1 {
		t.Error("two people made an exception, and it does not count")
	}
	b.must(RemoveException(t.Context(), db, id, b.now))
	b.must(b.after(5 * time.Minute))
	if len(b.sink.alerts) != 2 {
		t.Error("an exception that was taken away still counts")
	}
	if err := RemoveException(t.Context(), db, 99, b.now); !errors.Is(err, ErrUnknownException) {
		t.Errorf("remove one that is none: %v", err)
	}
}

func TestExceptionsThatMeanTooMuchAreRefused(t *testing.T) {
	b := newBench(t, rule(t))
	good := Exception{Kind: "Account", Value: "ada@coast.example", Why: "w", By: "b", Expires: b.now.Add(time.Hour)}
	for name, change := range map[string]func(*Exception){
		"everything": func(e *Exception) { e.Value = "*a*" },
		"no kind":    func(e *Exception) { e.Kind = "User" },
		"no reason":  func(e *Exception) { e.Why = "" },
		"no end":     func(e *Exception) { e.Expires = time.Time{} },
		"too long":   func(e *Exception) { e.Expires = b.now.AddDate(2, 0, 0) },
	} {
		e := good
		change(&e)
		if _, err := AddException(t.Context(), b.store.db, e, b.now); !errors.Is(err, ErrInvalidException) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An exception about one of two accounts holds back nothing.
func TestAnExceptionCoversAllOfAKind(t *testing.T) {
	account := func(name string) model.Entity {
		return model.Entity{Kind: "Account", Identifiers: map[string]string{"FullName": name}}
	}
	e := Exception{Kind: "Account", Value: "svc-*-backup"}
	for _, c := range []struct {
		names []string
		want  bool
	}{{[]string{"svc-a-backup"}, true}, {[]string{"svc-a-backup", "SVC-b-backup"}, true}, {[]string{"svc-a-backup", "ada"}, false}, {[]string{"svc-backup"}, false}, {nil, false}} {
		var alert model.Alert
		for _, n := range c.names {
			alert.Entities = append(alert.Entities, account(n))
		}
		if got := e.covers(rule(t), alert); got != c.want {
			t.Errorf("%v: %v", c.names, got)
		}
	}
}

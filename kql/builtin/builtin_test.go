package builtin_test

import (
	"strings"
	"testing"

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/types"
)

func TestEveryEntryIsDocumented(t *testing.T) {
	for _, f := range builtin.All().Functions() {
		if f.Doc == "" || !strings.HasSuffix(f.Doc, ".") {
			t.Errorf("%s: documentation %q is no sentence", f.Name, f.Doc)
		}
		if f.Example == "" {
			t.Errorf("%s has no example", f.Name)
		}
		if len(f.Overloads) == 0 {
			t.Errorf("%s has no overload", f.Name)
		}
	}
}

func TestOlderSpellingsMeanAPresentOne(t *testing.T) {
	for _, f := range builtin.All().Functions() {
		if f.Of == "" {
			continue
		}
		present, ok := builtin.All().Lookup(f.Of)
		if !ok || present.Of != "" {
			t.Errorf("%s is another spelling of %q, which is no present name", f.Name, f.Of)
			continue
		}
		if present.Kind != f.Kind {
			t.Errorf("%s and %s are of different kinds", f.Name, f.Of)
		}
	}
}

func TestNoNameIsBothThereAndAbsent(t *testing.T) {
	for _, f := range builtin.All().Functions() {
		if builtin.All().Absent(f.Name) {
			t.Errorf("%s is absent", f.Name)
		}
	}
	for name, want := range map[string]bool{"ai_embeddings": true, "external_table": true, "strlen": false, "no_such_function": false} {
		if got := builtin.All().Absent(name); got != want {
			t.Errorf("Absent(%q) is %v", name, got)
		}
	}
}

func TestSignatures(t *testing.T) {
	f := builtin.All().Must("split")
	o := f.Overloads[0]
	if got, want := o.String(), "(source:text, delimiter:string, index?:integer) -> dynamic"; got != want {
		t.Errorf("signature is %q, want %q", got, want)
	}
	if least, most := o.Bounds(); least != 2 || most != 3 {
		t.Errorf("bounds are %d to %d", least, most)
	}
	if least, most := builtin.All().Must("strcat").Overloads[0].Bounds(); least != 1 || most != -1 {
		t.Errorf("strcat's bounds are %d to %d", least, most)
	}
	if p := builtin.All().Must("strcat").Overloads[0].Param(7); !p.Repeat || p.Accept != builtin.AsText {
		t.Errorf("the eighth parameter of strcat is %+v", p)
	}
	if p := builtin.All().Must("datetime_add").Overloads[0].Param(0); !p.Constant || p.Type != types.String {
		t.Errorf("the first parameter of datetime_add is %+v", p)
	}
}

// exact are the functions that compute datetimes or decimals and lose nothing of
// what columns hold.
var exact = map[string]string{
	"now": "a time of microseconds", "ago": "now() less a constant, which keeps its ticks", "ingestion_time": "a time of microseconds",
	"startofday": "a whole day", "startofweek": "a whole day", "startofmonth": "a whole day", "startofyear": "a whole day",
	"datetime_local_to_utc": "moves by whole minutes", "datetime_utc_to_local": "moves by whole minutes",
	"parse_version": "a number of 38 digits",
}

// Whatever computes a datetime or a decimal says in what it is less exact than
// Kusto's, so that docs/kql.md lists it.
func TestLessExactFunctionsSaySo(t *testing.T) {
	for _, f := range builtin.All().Functions() {
		if f.Kind == builtin.Plugin || exact[f.Name] != "" || !computesTimesOrDecimals(f) {
			continue
		}
		if f.Differs == "" && builtin.All().Must(f.Canonical()).Differs == "" {
			t.Errorf("%s computes datetimes or decimals, and says nothing of ticks and digits", f.Name)
		}
	}
}

func computesTimesOrDecimals(f *builtin.Function) bool {
	for _, o := range f.Overloads {
		if o.Returns == builtin.Fixed && (o.Type == types.DateTime || o.Type == types.Decimal) {
			return true
		}
		for _, p := range o.Params {
			if o.Returns != builtin.Fixed && (p.Accept == builtin.AnyNumber || p.Accept == builtin.AnySum) {
				return true
			}
		}
	}
	return false
}

package duckdb

import (
	"testing"

	"github.com/quoll/quoll/kql/builtin"
	native "github.com/quoll/quoll/kql/native/all"
)

// inExpr are the operators that expr.go writes, since what they are depends on
// where they stand.
var inExpr = map[string]bool{"and": true, "or": true, "==": true, "!=": true, "<": true, "<=": true, ">": true, ">=": true,
	"in": true, "!in": true, "in~": true, "!in~": true, "has_any": true, "has_all": true}

// rewritten are the operators and functions that the binder expresses by
// others: between by comparisons, conversions by plan.Convert, and so on.
var rewritten = map[string]bool{"between": true, "!between": true, "tostring": true, "tolong": true, "toint": true, "todouble": true, "todecimal": true,
	"todatetime": true, "totimespan": true, "tobool": true, "toguid": true, "todynamic": true, "parse_json": true, "row_rank_dense": true, "row_rank_min": true, "row_window_session": true,
	"percentiles": true, "percentiles_array": true, "percentilesw": true, "percentilesw_array": true}

// Every function of the vocabulary has an SQL form, and every form is of one.
func TestFormsAreThoseOfTheVocabulary(t *testing.T) {
	all := forms()
	for _, f := range builtin.All().Functions() {
		if f.Of != "" || f.Kind == builtin.Context || f.Kind == builtin.Plugin || inExpr[f.Name] || rewritten[f.Name] {
			continue
		}
		if f.Kind == builtin.Aggregate || f.Kind == builtin.Window {
			continue // checked by the examples, which run on the engine
		}
		if all[f.Name] == nil && native.Functions()[f.Name] == nil {
			t.Errorf("%s has no SQL form", f.Name)
		}
	}
	const ownForms = "bag_shape" // the compiler's own, which no query can name
	for name := range all {
		if name == ownForms {
			continue
		}
		if f, ok := builtin.All().Lookup(name); !ok || f.Of != "" {
			t.Errorf("the form %s belongs to no function", name)
		}
	}
}

func TestTemplates(t *testing.T) {
	for template, want := range map[string]string{
		"f($1, $2)":      "f(a, b)",
		"f($*)":          "f(a, b)",
		"'$[*]' || $2":   "'$[*]' || b",
		"f($3, $1$1, $)": "f($3, aa, $)",
	} {
		if got := fill(template, []string{"a", "b"}); got != want {
			t.Errorf("%s gives %s, want %s", template, got, want)
		}
	}
}

// A name or a text from a query stays what it is, whatever it contains.
func TestQuoting(t *testing.T) {
	for in, want := range map[string]string{`a`: `"a"`, `a"b`: `"a""b"`, "a\x00b": "\"a\uFFFDb\"", `x"; DROP TABLE t; --`: `"x""; DROP TABLE t; --"`} {
		if got := quoteName(in); got != want {
			t.Errorf("quoteName(%q) is %s, want %s", in, got, want)
		}
	}
	g := &generator{}
	for in, want := range map[string]string{`it's`: `'it''s'`, `\'`: `'\'''`, "\xff": "'\uFFFD'"} {
		if got := g.text(in); got != want {
			t.Errorf("text(%q) is %s, want %s", in, got, want)
		}
	}
	if got := g.text("a\x00'b"); got != "('a' || chr(0) || '''b')" {
		t.Errorf("a text with a NUL is %s", got)
	}
}

func TestPatternsThatOverlapThemselves(t *testing.T) {
	for text, want := range map[string]bool{"a": false, "ab": false, "aa": true, "aba": true, "abc": false} {
		if got := overlapsItself(text); got != want {
			t.Errorf("overlapsItself(%q) is %v", text, got)
		}
	}
}

package reference_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/reference"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
)

func TestEveryEntryIsComplete(t *testing.T) {
	seen := map[string]string{}
	for _, s := range reference.Sections() {
		for _, e := range s.Entries {
			if other := seen[s.Title+e.Name]; other != "" {
				t.Errorf("%s stands twice in %s", e.Name, s.Title)
			}
			seen[s.Title+e.Name] = s.Title
			if e.Status() == reference.No {
				continue
			}
			if e.Doc == "" || !strings.HasSuffix(e.Doc, ".") || e.Example == "" || len(e.Forms) == 0 {
				t.Errorf("%s: the entry lacks its sentence, form or example: %+v", e.Name, e)
			}
			if e.Differs != "" && !strings.HasSuffix(e.Differs, ".") {
				t.Errorf("%s: %q is no sentence", e.Name, e.Differs)
			}
		}
	}
}

// What cannot be compiled is refused for what it is; an example with a mistake
// of another kind would hide that Quoll has something.
func TestWhatIsMissingIsRefusedByName(t *testing.T) {
	for _, s := range reference.Sections() {
		for _, e := range s.Entries {
			if e.Status() != reference.No || e.Example == "" {
				continue
			}
			var mistakes *source.Error
			if !errors.As(e.Err(), &mistakes) {
				t.Errorf("%s: %v", e.Name, e.Err())
				continue
			}
			first := mistakes.Diagnostics[0]
			mistaken := strings.HasPrefix(first.Message, "no ") || strings.Contains(first.Message, "expected")
			if !strings.Contains(first.Message, "supported") && (mistaken || first.Remedy == "") {
				t.Errorf("%s: the example fails for another reason: %v", e.Name, mistakes)
			}
		}
	}
}

func TestEveryFunctionAndOperatorHasAnEntry(t *testing.T) {
	listed := map[string]bool{"limit": true, "order": true, "filter": true, "mvexpand": true} // other spellings of listed ones
	for _, s := range reference.Sections() {
		for _, e := range s.Entries {
			listed[strings.TrimSuffix(e.Name, "()")] = true
		}
	}
	for _, f := range builtin.All().Functions() {
		internal := f.Kind == builtin.Operator && !strings.Contains(f.Example, f.Name) // no query writes it
		if !listed[f.Name] && !internal {
			t.Errorf("%s is in no section", f.Name)
		}
	}
	for _, name := range syntax.OperatorNames() {
		if !listed[name] {
			t.Errorf("the operator %s is in no section", name)
		}
	}
}

func TestStatesFollowFromTheTables(t *testing.T) {
	want := map[string]reference.Status{
		"strlen()": reference.Yes, "dcount()": reference.Partly, "http_request()": reference.No, "where": reference.Yes,
		"decimal": reference.Partly, "externaldata": reference.Partly, "has_cs": reference.Yes,
	}
	for _, s := range reference.Sections() {
		for _, e := range s.Entries {
			if status, ok := want[e.Name]; ok && e.Status() != status {
				t.Errorf("%s: %s, want %s", e.Name, e.Status(), status)
			}
			delete(want, e.Name)
		}
	}
	if len(want) > 0 {
		t.Errorf("without an entry: %v", want)
	}
}

package duckdb

import (
	"testing"

	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/kqltest"
	"github.com/quoll/quoll/kql/reference"
)

// Every example of the reference runs: those of functions and those of
// operators, statements and types.
func TestExamplesOfTheReference(t *testing.T) {
	engine := newScriptEngine(t)
	for _, section := range reference.Sections() {
		for _, e := range section.Entries {
			if e.Status() == reference.No {
				continue
			}
			statement, err := e.Compile(bind.Options{Now: kqltest.Now})
			if err != nil {
				t.Errorf("%s: %v", e.Name, err)
				continue
			}
			if _, _, err := engine.Run(t.Context(), statement, nil); err != nil {
				t.Errorf("%s: %v", e.Name, err)
			}
		}
	}
}

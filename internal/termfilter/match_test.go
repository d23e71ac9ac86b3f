package termfilter_test

import (
	"testing"

	"github.com/quoll/quoll/internal/termfilter"
)

// A colon is looked for where it is within a string of JSON, however that is written, and
// not where it may be one of JSON's own, behind or before spaces that come and go.
func TestColonsOfDocuments(t *testing.T) {
	for _, c := range []struct {
		needle, document string
		in               bool
	}{
		{"203.0.113.5:49152", `{"From":"203.0.113.5:49152"}`, true},
		{"203.0.113.5:49152", `{"From":"[203.0.113.5:49152]"}`, true},
		{"203.0.113.5:49152", `{"From":"203.0.113.5\u003a49152"}`, true},
		{"203.0.113.5:49152", `{"From":"203.0.113.\u0035:49152"}`, true},
		{"203.0.113.5:49152", `"203.0.113.5:49152"`, true},
		{"by:Someone:20864", `{"By":"\tBY:someone:20864"}`, true},
		{"::someone:20864", `{"By":"::someone:20864"}`, true},
		{":20864", `{"By" : 20864}`, true},
		{`"someone":20864`, `{"someone" : 20864}`, true},
		{`someone":":20864`, `{"someone" : ":20864"}`, true},
		{"someone:20864", `{"someone":20864}`, false},
		{"203.0.113.5:49152", `{"From":"203.0.113.5","Port":":49152"}`, false},
	} {
		var m termfilter.Matcher
		if got := m.In([]byte(c.document), true, termfilter.Text(c.needle, true, true, false)); got != c.in {
			t.Errorf("%s in %s: %t", c.needle, c.document, got)
		}
	}
}

package bind

import (
	"strings"

	"github.com/quoll/quoll/kql/builtin"
)

// insteadOfConstant is what works where a row should say an argument.
func insteadOfConstant(parameter string, f *builtin.Function) string {
	switch {
	case parameter != "limit":
		return "a let statement names a constant, and toscalar() makes one of a table"
	case strings.Contains(f.Canonical(), "bag"):
		return "a constant limit, or none"
	}
	return "array_slice(" + f.Canonical() + "(…), 0, n - 1) cuts to a number n that is computed"
}

// writtenOut are the parameters that an engine reads while it is told what to
// do, so that even a computed constant would come too late.
var writtenOut = []string{"path", "part", "format", "kind"}

// writtenDown are others of which the same is true, by function: how many groups a
// pattern has says how many columns of matches there are.
var writtenDown = map[string][]string{"extract_all": {"regex", "groups"}, "hll": {"accuracy"}, "hll_if": {"accuracy"}}

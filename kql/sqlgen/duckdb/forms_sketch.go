package duckdb

import (
	"github.com/quoll/quoll/kql/native/all"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// sketchForms are the functions of digests that take more than native calls do:
// the name of a type, a value that is no number.
func sketchForms() map[string]form {
	return map[string]form{
		"percentile_tdigest": func(g *generator, c *plan.Call, a []string, b *block) string {
			f := all.Functions()["percentile_tdigest"]
			return g.nativeResult(f, c.Of, g.nativeCall(f, g.json(c.Args[0], b), a[1]))
		},
		"rank_tdigest":        rank,
		"percentrank_tdigest": rank,
	}
}

func rank(g *generator, c *plan.Call, a []string, b *block) string {
	value := ticks(a[1], c.Args[1].Type())
	switch c.Args[1].Type() {
	case types.String, types.Dynamic, types.Bool, types.Guid:
		value = g.expr(&plan.Convert{X: c.Args[1], To: types.Real}, b)
	}
	return g.nativeNamed(c.Function.Name, g.json(c.Args[0], b), "CAST("+value+" AS DOUBLE)")
}

package duckdb

import (
	"strings"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/native/all"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// native writes the call of a function that is computed in Go, if name is one.
// Arguments are converted to its parameters, those left out are NULL.
func (g *generator) native(c *plan.Call, b *block) (string, bool) {
	f, ok := all.Functions()[c.Function.Name]
	if !ok {
		return "", false
	}
	args := make([]string, 0, max(len(c.Args), len(f.Params)))
	for i, a := range c.Args {
		t, err := f.Param(i)
		if err != nil {
			g.fail("write a call: %w", err)
			return "NULL", true
		}
		args = append(args, g.nativeArg(a, t, b))
	}
	for i := len(c.Args); i < len(f.Params) && !f.Variadic; i++ {
		args = append(args, "CAST(NULL AS "+sqlType(f.Params[i])+")")
	}
	return g.nativeResult(f, c.Of, g.nativeCall(f, args...)), true
}

// nativeCall writes the call itself.
func (g *generator) nativeCall(f *native.Function, args ...string) string {
	return f.SQLName() + "(" + strings.Join(append([]string{"CAST(" + itoa(g.options.Number) + " AS BIGINT)"}, args...), ", ") + ")"
}

func (g *generator) nativeArg(e plan.Expr, t types.Type, b *block) string {
	switch from := e.Type(); {
	case t == types.Dynamic && from == types.Dynamic:
		return g.json(e, b)
	case t == types.Dynamic:
		return "CAST(to_json(" + g.jsonItem(e, b) + ") AS VARCHAR)" // a string is itself, not JSON to be read
	case from != t:
		e = &plan.Convert{X: e, To: t}
	}
	return "CAST(" + g.expr(e, b) + " AS " + sqlType(t) + ")"
}

// nativeResult converts what a function gives to the type that the plan says.
func (g *generator) nativeResult(f *native.Function, want types.Type, text string) string {
	if f.Result == types.Dynamic && want != types.Dynamic {
		return fromJSON(text, want)
	}
	if f.Result == types.String {
		return "coalesce(" + text + ", '')"
	}
	return text
}

// nativeNamed writes the call of a function by its name.
func (g *generator) nativeNamed(name string, args ...string) string {
	return g.nativeCall(all.Functions()[name], args...)
}

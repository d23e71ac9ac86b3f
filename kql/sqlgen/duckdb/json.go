package duckdb

import (
	"slices"
	"strconv"
	"strings"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// DuckDB's JSON functions end the query with an error on text that is not JSON,
// and TRY() around them costs microseconds a row. So every dynamic value that
// may be what a source has sent is guarded by json_valid(); see trust.

func guard(text string) string {
	return "(CASE WHEN json_valid(" + text + ") THEN " + text + " END)"
}

// json returns the SQL of a dynamic value as text that is JSON, or NULL.
func (g *generator) json(e plan.Expr, b *block) string {
	text := g.expr(e, b)
	if g.trust.expr(e) {
		return text
	}
	return guard(text)
}

// path writes a chain of members and elements, `a.b[0].c`, as one extraction;
// with asText its value as a string, else as JSON text.
func (g *generator) path(e *plan.Call, b *block, asText bool) string {
	var steps []jsonStep
	var base plan.Expr = e
	for {
		c, ok := base.(*plan.Call)
		if !ok {
			break
		}
		step, ok := pathStep(c)
		if !ok || len(steps) == maxSteps {
			break
		}
		steps = append(steps, step)
		base = c.Args[0]
	}
	if len(steps) == 0 {
		return g.computedStep(e, b, asText)
	}
	source, isParsed := parsed(base)
	if !isParsed {
		source = base
	}
	text := g.expr(source, b)
	if asText {
		return "quoll_json_text(" + text + ", " + g.text(textRoute(steps)) + ")"
	}
	extract := "nullif(CAST(json_extract(" + text + ", " + g.text(jsonRoute(steps)) + ") AS VARCHAR), 'null')"
	if isParsed || !g.trust.expr(base) {
		return "(CASE WHEN json_valid(" + text + ") THEN " + extract + " END)"
	}
	return extract
}

// jsonStep is one constant member or element.
type jsonStep struct {
	name  string
	index int64
	named bool
}

// jsonRoute writes steps, the last one first, as DuckDB's JSON path.
func jsonRoute(steps []jsonStep) string {
	var route strings.Builder
	route.WriteByte('$')
	for _, s := range slices.Backward(steps) {
		switch {
		case s.named:
			route.WriteString(`."` + s.name + `"`)
		case s.index < 0:
			route.WriteString("[#" + itoa(s.index) + "]")
		default:
			route.WriteString("[" + itoa(s.index) + "]")
		}
	}
	return route.String()
}

// textRoute writes steps, the last one first, as quoll_json_text wants them.
func textRoute(steps []jsonStep) string {
	var route strings.Builder
	for _, s := range slices.Backward(steps) {
		if s.named {
			route.WriteString("k" + strconv.Itoa(len(s.name)) + ":" + s.name)
		} else {
			route.WriteString("i" + itoa(s.index) + ";")
		}
	}
	return route.String()
}

// parsed returns the string behind parse_json(), if e is that.
func parsed(e plan.Expr) (plan.Expr, bool) {
	c, ok := e.(*plan.Convert)
	if !ok || c.To != types.Dynamic || c.X.Type() != types.String {
		return nil, false
	}
	return c.X, true
}

// maxSteps bounds a path.
const maxSteps = 64

// pathStep returns one constant member or element. A name with a quote or a
// backslash in it has no place in a path.
func pathStep(c *plan.Call) (jsonStep, bool) {
	if len(c.Args) != 2 {
		return jsonStep{}, false
	}
	l, ok := c.Args[1].(*plan.Literal)
	if !ok {
		return jsonStep{}, false
	}
	switch v := l.Value.(type) {
	case string:
		if c.Function.Name == "member" && !strings.ContainsAny(v, "\"\\\x00") && v != "" {
			return jsonStep{name: v, named: true}, true
		}
	case int64:
		return elementStep(c, v)
	case int32:
		return elementStep(c, int64(v))
	}
	return jsonStep{}, false
}

// elementStep is a place in an array, cut to what a path can say: no array is
// that long.
func elementStep(c *plan.Call, i int64) (jsonStep, bool) {
	const most = 999_999_999
	return jsonStep{index: max(-most, min(i, most))}, c.Function.Name == "element"
}

// computedStep takes one member whose name is computed or odd.
func (g *generator) computedStep(e *plan.Call, b *block, asText bool) string {
	function := "json_extract"
	if asText {
		function = "json_extract_string"
	}
	j, name := g.json(e.Args[0], b), g.expr(e.Args[1], b)
	text := "(CASE WHEN json_type(" + j + ") = 'OBJECT' THEN " + function + "(" + j + ", " + pointer(name) + ") END)"
	if asText {
		return text
	}
	return "nullif(CAST(" + text + " AS VARCHAR), 'null')"
}

// pointer returns the JSON pointer (RFC 6901) to a member whose name is the
// SQL expression text.
func pointer(text string) string {
	return "'/' || replace(replace(" + text + ", '~', '~0'), '/', '~1')"
}

// jsonItem returns an SQL value that to_json() and its kin write as Kusto
// writes a value of that type inside a dynamic one.
func (g *generator) jsonItem(e plan.Expr, b *block) string {
	if e.Type() == types.Dynamic {
		return "CAST(" + g.json(e, b) + " AS JSON)"
	}
	return jsonScalar(g.expr(e, b), e.Type())
}

func jsonScalar(text string, t types.Type) string {
	switch t {
	case types.DateTime, types.TimeSpan:
		return toTextOrNull(text, t)
	case types.Real:
		return jsonReal(text)
	case types.Dynamic:
		return "CAST(" + guard(text) + " AS JSON)"
	}
	return text
}

// jsonReal gives a real as JSON, which has no numbers for NaN and infinity: they
// are the strings "NaN", "Infinity" and "-Infinity", as in Kusto's answers.
func jsonReal(text string) string {
	return "(CASE WHEN isfinite(" + text + ") THEN to_json(" + text + ") WHEN " + text + " IS NOT NULL THEN to_json(" + toTextOrNull(text, types.Real) + ") END)"
}

// jsonElements returns the elements of a dynamic array as a list of JSON. The
// cast says so where the engine finds out beforehand that j is NULL, of which
// it would not know that it has elements.
func jsonElements(j string) string { return "CAST(json_extract(" + j + ", '$[*]') AS JSON[])" }

// textElements returns them as a list of text.
func textElements(j string) string {
	return "CAST(json_extract_string(" + j + ", '$[*]') AS VARCHAR[])"
}

// isArray wraps text so that it is null for what is no array.
func whenArray(j, text string) string {
	return "(CASE WHEN json_type(" + j + ") = 'ARRAY' THEN " + text + " END)"
}

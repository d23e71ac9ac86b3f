package duckdb

import (
	"strconv"
	"strings"
	"sync"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// forms returns the SQL form of every function that the binder leaves in a
// plan. It is built once.
var forms = sync.OnceValue(func() map[string]form {
	all := map[string]form{}
	for _, family := range []map[string]form{
		operatorForms(), stringForms(), regexForms(), logicForms(), mathForms(), timeForms(), dynamicForms(), arrayForms(), addressForms(), codingForms(), sketchForms(),
	} {
		for name, f := range family {
			if all[name] != nil {
				panic("duckdb: two forms for " + name)
			}
			all[name] = f
		}
	}
	return all
})

// sql makes a form of a template in which $1, $2 … are the arguments and $*
// is all of them.
func sql(template string) form {
	return func(_ *generator, _ *plan.Call, args []string, _ *block) string { return fill(template, args) }
}

func fill(template string, args []string) string {
	var b strings.Builder
	for i := 0; i < len(template); i++ {
		if template[i] != '$' || i+1 == len(template) {
			b.WriteByte(template[i])
			continue
		}
		switch c := template[i+1]; {
		case c == '*':
			b.WriteString(strings.Join(args, ", "))
			i++
		case c >= '1' && c <= '9' && int(c-'1') < len(args):
			b.WriteString(args[c-'1'])
			i++
		default:
			b.WriteByte('$')
		}
	}
	return b.String()
}

// sqlBy chooses a template by the number of arguments.
func sqlBy(templates map[int]string) form {
	return func(g *generator, c *plan.Call, args []string, _ *block) string {
		template, ok := templates[len(args)]
		if !ok {
			g.fail("no SQL for %s with %d arguments", c.Function.Name, len(args))
		}
		return fill(template, args)
	}
}

// json makes a form of a template in which the dynamic arguments are JSON or
// NULL, and null gives the null of the result.
func sqlJSON(template string) form {
	return func(g *generator, c *plan.Call, args []string, b *block) string {
		return fill(template, g.jsonArgs(c, args, b))
	}
}

func (g *generator) jsonArgs(c *plan.Call, args []string, b *block) []string {
	out := make([]string, len(args))
	for i, a := range c.Args {
		out[i] = args[i]
		if a.Type() == types.Dynamic {
			out[i] = g.json(a, b)
		}
	}
	return out
}

// operatorForms are arithmetic and text search; comparisons are in expr.go.
func operatorForms() map[string]form {
	all := map[string]form{
		"+": add, "-": subtract, "*": multiply, "/": divide, "%": modulo,
		"negate": func(_ *generator, c *plan.Call, a []string, _ *block) string {
			if c.Of == types.Real || c.Of == types.Decimal {
				return "(-" + a[0] + ")"
			}
			return "TRY_CAST(-CAST(" + a[0] + " AS HUGEINT) AS " + sqlType(c.Of) + ")"
		},
		"=~":            sql("quoll_equals($1, $2)"),
		"!~":            sql("(NOT quoll_equals($1, $2))"),
		"matches regex": regexMatch,
		"member":        path, "element": path,
		"array_element": sqlJSON("(CASE WHEN json_type($1) = 'ARRAY' THEN nullif(CAST(json_extract($1, CASE WHEN $2 < 0 THEN '$[#' || $2 || ']' ELSE '$[' || $2 || ']' END) AS VARCHAR), 'null') END)"),
	}
	for _, name := range []string{"has", "hasprefix", "hassuffix", "contains", "startswith", "endswith"} {
		for _, suffix := range []string{"", "_cs"} {
			function := "quoll_" + name + suffix + "($1, $2)"
			switch name + suffix {
			case "contains_cs":
				function = "contains($1, $2)"
			case "startswith_cs":
				function = "starts_with($1, $2)"
			case "endswith_cs":
				function = "ends_with($1, $2)"
			}
			all[name+suffix] = sql(function)
			if own, ok := strings.CutSuffix(function, "($1, $2)"); ok && strings.HasPrefix(own, "quoll_") && !strings.HasSuffix(name, "with") {
				all[name+suffix] = textOperator(own)
			}
			all["!"+name+suffix] = sql("(NOT " + function + ")")
		}
	}
	return all
}

func path(g *generator, c *plan.Call, _ []string, b *block) string { return g.path(c, b, false) }

// wide computes with integers of 128 bits and gives NULL where the result does
// not fit, since an overflow would end the query.
func wide(x, op, y string, t types.Type) string {
	return "TRY_CAST(CAST(" + x + " AS HUGEINT) " + op + " " + y + " AS " + sqlType(t) + ")"
}

// inReals computes with reals. A decimal may be a whole number of 38 digits in
// the engine, of which a product would have no room.
func inReals(x, op, y string, t types.Type) string {
	if t == types.Decimal {
		x, y = "CAST("+x+" AS DOUBLE)", "CAST("+y+" AS DOUBLE)"
	}
	return "(" + x + " " + op + " " + y + ")"
}

func add(_ *generator, c *plan.Call, a []string, _ *block) string {
	switch c.Of {
	case types.Real, types.Decimal:
		return inReals(a[0], "+", a[1], c.Of)
	case types.DateTime:
		return shift(a[0], "+", a[1])
	}
	return wide(a[0], "+", a[1], c.Of)
}

// shift moves a datetime by ticks.
func shift(date, op, ticks string) string {
	return inYears("make_timestamp(epoch_us(" + date + ") " + op + " " + ticks + " // 10)")
}

func subtract(_ *generator, c *plan.Call, a []string, _ *block) string {
	switch {
	case c.Of == types.Real || c.Of == types.Decimal:
		return inReals(a[0], "-", a[1], c.Of)
	case c.Of == types.DateTime:
		return shift(a[0], "-", a[1])
	case c.Args[0].Type() == types.DateTime:
		return "((epoch_us(" + a[0] + ") - epoch_us(" + a[1] + ")) * 10)"
	}
	return wide(a[0], "-", a[1], c.Of)
}

func multiply(_ *generator, c *plan.Call, a []string, _ *block) string {
	if c.Of == types.Real || c.Of == types.Decimal {
		return inReals(a[0], "*", a[1], c.Of)
	}
	if hasReal(c) {
		return "TRY_CAST(" + a[0] + " * " + a[1] + " AS BIGINT)"
	}
	return wide(a[0], "*", a[1], c.Of)
}

func hasReal(c *plan.Call) bool {
	for _, a := range c.Args {
		if t := a.Type(); t == types.Real || t == types.Decimal {
			return true
		}
	}
	return false
}

// divide cuts the quotient of integers towards zero. Their division by zero
// gives NULL, that of reals infinity or NaN.
func divide(_ *generator, c *plan.Call, a []string, _ *block) string {
	switch {
	case c.Of == types.Real || c.Of == types.Decimal:
		return "(CAST(" + a[0] + " AS DOUBLE) / CAST(" + a[1] + " AS DOUBLE))"
	case hasReal(c):
		return "TRY_CAST(trunc(" + a[0] + " / " + a[1] + ") AS BIGINT)"
	}
	return "CAST(" + a[0] + " // nullif(" + a[1] + ", 0) AS " + sqlType(c.Of) + ")"
}

func modulo(_ *generator, c *plan.Call, a []string, _ *block) string {
	x := a[0]
	if c.Args[0].Type() == types.DateTime {
		x = "((epoch_us(" + a[0] + ") + 62135596800000000) * 10)"
	}
	y := "nullif(" + a[1] + ", 0)"
	if c.Of == types.Real || c.Of == types.Decimal {
		x, y = "CAST("+x+" AS DOUBLE)", "CAST("+y+" AS DOUBLE)"
	} else {
		x, y = "CAST("+x+" AS HUGEINT)", "CAST("+y+" AS HUGEINT)"
	}
	return "CAST((" + x + " % " + y + " + abs(" + y + ")) % " + y + " AS " + sqlType(c.Of) + ")"
}

func logicForms() map[string]form {
	return map[string]form{
		"not":        sql("(NOT $1)"),
		"isnull":     isNull("($1 IS NULL)", "false"),
		"isnotnull":  isNull("($1 IS NOT NULL)", "true"),
		"isempty":    isEmpty("($1 = '')", "($1 IS NULL)", "(coalesce($1, '\"\"') = '\"\"')"),
		"isnotempty": isEmpty("($1 <> '')", "($1 IS NOT NULL)", "(coalesce($1, '\"\"') <> '\"\"')"),
		"iff": func(g *generator, c *plan.Call, a []string, b *block) string {
			return "(CASE WHEN " + g.predicate(c.Args[0], b) + " THEN " + a[1] + " ELSE " + a[2] + " END)"
		},
		"coalesce": func(_ *generator, c *plan.Call, a []string, _ *block) string {
			if c.Of != types.String {
				return "coalesce(" + strings.Join(a, ", ") + ")"
			}
			for i := range a {
				a[i] = "nullif(" + a[i] + ", '')"
			}
			return "coalesce(" + strings.Join(a, ", ") + ", '')"
		},
		"max_of": sql("greatest($*)"),
		"min_of": sql("least($*)"),
		"around": func(_ *generator, c *plan.Call, a []string, _ *block) string {
			if c.Args[0].Type() == types.DateTime {
				return "(abs(epoch_us(" + a[0] + ") - epoch_us(" + a[1] + ")) * 10 <= " + a[2] + ")"
			}
			if hasReal(c) {
				return "(abs(CAST(" + a[0] + " AS DOUBLE) - " + a[1] + ") <= " + a[2] + ")"
			}
			return "(abs(CAST(" + a[0] + " AS HUGEINT) - " + a[1] + ") <= " + a[2] + ")"
		},
	}
}

func isNull(template, text string) form {
	return func(g *generator, c *plan.Call, args []string, b *block) string {
		if c.Args[0].Type() == types.String {
			return text
		}
		return fill(template, args)
	}
}

func isEmpty(text, other, dynamic string) form {
	return func(_ *generator, c *plan.Call, args []string, _ *block) string {
		switch c.Args[0].Type() {
		case types.String:
			return fill(text, args)
		case types.Dynamic:
			return fill(dynamic, args)
		}
		return fill(other, args)
	}
}

func constantInt(e plan.Expr) (int64, bool) {
	l, ok := e.(*plan.Literal)
	if !ok {
		return 0, false
	}
	switch v := l.Value.(type) {
	case int64:
		return v, true
	case int32:
		return int64(v), true
	}
	return 0, false
}

func constantText(e plan.Expr) (string, bool) {
	l, ok := e.(*plan.Literal)
	if !ok {
		return "", false
	}
	text, ok := l.Value.(string)
	return text, ok
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

package query_test

import (
	"cmp"
	"math"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/native/all"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

func parseDynamic(text string) (any, error) {
	v, err := dynamic.Parse(text)
	if err != nil {
		return text, err // text that is no JSON is a string
	}
	return v, nil
}

func dynamicText(v any) string { return dynamic.Text(v) }

func (r *plainRun) exprs(all []plan.Expr, in relation, row []any) []any {
	values := make([]any, len(all))
	for i, e := range all {
		values[i] = r.expr(e, in, row)
	}
	return values
}

func (r *plainRun) expr(e plan.Expr, in relation, row []any) any {
	if e.Type() == types.Decimal {
		r.decline("decimals")
		return nil
	}
	switch e := e.(type) {
	case *plan.Ref:
		return row[in.at(e.Column)]
	case *plan.Literal:
		return e.Value
	case *plan.Convert:
		return r.convert(r.expr(e.X, in, row), e.X.Type(), e.To)
	case *plan.Case:
		for _, b := range e.Branches {
			if r.expr(b.When, in, row) == true {
				return r.expr(b.Then, in, row)
			}
		}
		return r.expr(e.Else, in, row)
	case *plan.Scalar:
		of := r.node(e.Node)
		if len(of.rows) > 0 {
			return of.rows[0][of.at(e.Column)]
		}
		return nothing(relation{columns: []*plan.Column{e.Column}})[0]
	case *plan.Call:
		return r.call(e, in, row)
	}
	r.decline("%T", e)
	return nil
}

func (r *plainRun) call(c *plan.Call, in relation, row []any) any {
	switch name := c.Function.Name; name {
	case "in", "!in":
		return r.among(c, in, row) == (name == "in")
	case "iff":
		if r.expr(c.Args[0], in, row) == true {
			return r.expr(c.Args[1], in, row)
		}
		return r.expr(c.Args[2], in, row)
	}
	args := r.exprs(c.Args, in, row)
	if r.declined != "" {
		return nil // an argument may be a null that it cannot be
	}
	if form, ok := plainForms[c.Function.Name]; ok {
		return form(r, c, args)
	}
	if c.Function.Kind == builtin.Scalar {
		return r.native(c, args)
	}
	r.decline("function %s", c.Function.Name)
	return nil
}

// native calls a function that is computed in Go for every engine.
func (r *plainRun) native(c *plan.Call, args []any) any {
	f, ok := all.Functions()[c.Function.Name]
	if !ok {
		r.decline("function %s", c.Function.Name)
		return nil
	}
	given := make([]any, len(args))
	if !f.Variadic {
		given = make([]any, len(f.Params))
	}
	for i, v := range args {
		t, err := f.Param(i)
		switch from := c.Args[i].Type(); {
		case err != nil, t == types.Decimal, t == types.Dynamic && from != types.Dynamic:
			r.decline("argument %d of %s", i+1, f.Name)
		case t == types.Dynamic && v != nil:
			given[i], _ = parseDynamic(v.(string))
		case t != types.Dynamic:
			given[i] = r.convert(v, from, t)
		}
	}
	for i := len(args); i < len(given); i++ {
		if f.Params[i] == types.String {
			given[i] = ""
		}
	}
	value, err := f.Call(given)
	switch {
	case err != nil || f.Result != c.Of:
		r.decline("result of %s", f.Name)
		return nil
	case value == nil && c.Of == types.String:
		return ""
	case value == nil || c.Of != types.Dynamic:
		return value
	}
	return dynamicText(value)
}

// among looks for a value in a list, in the elements of an array or in rows.
func (r *plainRun) among(c *plan.Call, in relation, row []any) bool {
	x := r.expr(c.Args[0], in, row)
	for _, item := range c.Args[1:] {
		rows, ok := item.(*plan.Rows)
		if !ok {
			if item.Type() == types.Dynamic || c.Args[0].Type() == types.Dynamic {
				r.decline("in an array")
			} else if r.equal(x, r.expr(item, in, row)) {
				return true
			}
			continue
		}
		if rows.Column.Type != c.Args[0].Type() {
			r.decline("in rows of another type")
			continue
		}
		of := r.node(rows.Node)
		if i := of.at(rows.Column); slices.ContainsFunc(of.rows, func(row []any) bool { return r.equal(x, row[i]) }) {
			return true
		}
	}
	return false
}

func (r *plainRun) equal(x, y any) bool { return x != nil && y != nil && r.compare(x, y) == 0 }

// compare orders two values of one type that are not null.
func (r *plainRun) compare(x, y any) int {
	if f, g, ok := reals(x, y); ok {
		return compareReals(f, g)
	}
	switch x := x.(type) {
	case string:
		if y, ok := y.(string); ok {
			return strings.Compare(x, y)
		}
	case int64:
		if y, ok := y.(int64); ok {
			return cmp.Compare(x, y)
		}
	case int32:
		if y, ok := y.(int32); ok {
			return cmp.Compare(x, y)
		}
	case types.Ticks:
		if y, ok := y.(types.Ticks); ok {
			return cmp.Compare(x, y)
		}
	case time.Time:
		if y, ok := y.(time.Time); ok {
			return x.Compare(y)
		}
	case bool:
		if y, ok := y.(bool); ok {
			return map[bool]int{true: 1}[x] - map[bool]int{true: 1}[y]
		}
	}
	r.decline("comparison of %T and %T", x, y)
	return 0
}

// compareReals puts NaN behind all numbers, as DuckDB does.
func compareReals(f, g float64) int {
	switch {
	case math.IsNaN(f) && math.IsNaN(g):
		return 0
	case math.IsNaN(f):
		return 1
	case math.IsNaN(g):
		return -1
	}
	return cmp.Compare(f, g)
}

func reals(x, y any) (f, g float64, ok bool) {
	f, first := x.(float64)
	g, second := y.(float64)
	return f, g, first && second
}

func (r *plainRun) convert(v any, from, to types.Type) any {
	switch {
	case from == to:
		return v
	case v == nil && to == types.String:
		return ""
	case v == nil:
		return nil
	case from == types.Dynamic && to == types.String:
		parsed, _ := parseDynamic(v.(string))
		if text, ok := parsed.(string); ok {
			return text
		}
		return dynamicText(parsed)
	}
	switch v := v.(type) {
	case int32:
		return r.convert(int64(v), types.Long, to)
	case int64:
		return r.fromInteger(v, to)
	case bool:
		if to == types.String {
			return strconv.FormatBool(v)
		}
	case types.Ticks:
		if to == types.String {
			return v.String()
		}
	}
	r.decline("conversion of %T to %s", v, to)
	return nil
}

func (r *plainRun) fromInteger(v int64, to types.Type) any {
	switch to {
	case types.Long:
		return v
	case types.Int:
		if v != int64(int32(v)) {
			return nil
		}
		return int32(v)
	case types.Real:
		return float64(v)
	case types.String:
		return strconv.FormatInt(v, 10)
	case types.Bool:
		return v != 0
	}
	r.decline("conversion of long to %s", to)
	return nil
}

type plainForm func(r *plainRun, c *plan.Call, args []any) any

// plainForms are the functions that the engine has a form of its own for.
var plainForms = map[string]plainForm{
	"and": func(_ *plainRun, _ *plan.Call, a []any) any { return connected(a, false) },
	"or":  func(_ *plainRun, _ *plan.Call, a []any) any { return connected(a, true) },
	"not": func(_ *plainRun, _ *plan.Call, a []any) any {
		if a[0] == nil {
			return nil
		}
		return a[0] != true
	},
	"==": func(r *plainRun, c *plan.Call, a []any) any { return r.equality(c, a) },
	"!=": func(r *plainRun, c *plan.Call, a []any) any {
		if same, ok := r.equality(c, a).(bool); ok {
			return !same
		}
		return nil
	},
	"<": ordered(func(c int) bool { return c < 0 }), "<=": ordered(func(c int) bool { return c <= 0 }),
	">": ordered(func(c int) bool { return c > 0 }), ">=": ordered(func(c int) bool { return c >= 0 }),
	"+": arithmetic, "-": arithmetic, "*": arithmetic, "/": arithmetic,
	"isnull":    func(_ *plainRun, _ *plan.Call, a []any) any { return a[0] == nil },
	"isnotnull": func(_ *plainRun, _ *plan.Call, a []any) any { return a[0] != nil },
	"isempty":   func(r *plainRun, c *plan.Call, a []any) any { return r.empty(c, a) },
	"isnotempty": func(r *plainRun, c *plan.Call, a []any) any {
		return !r.empty(c, a)
	},
	"strcat": func(_ *plainRun, _ *plan.Call, a []any) any {
		var text strings.Builder
		for _, v := range a {
			text.WriteString(v.(string))
		}
		return text.String()
	},
	"strlen":  func(_ *plainRun, _ *plan.Call, a []any) any { return int64(len([]rune(a[0].(string)))) },
	"tolower": func(_ *plainRun, _ *plan.Call, a []any) any { return strings.ToLower(a[0].(string)) },
	"toupper": func(_ *plainRun, _ *plan.Call, a []any) any { return strings.ToUpper(a[0].(string)) },
	"split": func(r *plainRun, _ *plan.Call, a []any) any {
		if len(a) > 2 || a[1] == "" {
			r.decline("split with an index or without a delimiter")
			return nil
		}
		var parts []any
		for _, p := range strings.Split(a[0].(string), a[1].(string)) {
			parts = append(parts, p)
		}
		return dynamicText(parts)
	},
	"member": func(_ *plainRun, _ *plan.Call, a []any) any {
		bag, ok := parsed(a[0]).(*dynamic.Bag)
		if !ok {
			return nil
		}
		v, _ := bag.Get(a[1].(string))
		return textOrNull(v)
	},
	"element": func(_ *plainRun, _ *plan.Call, a []any) any {
		array, ok := parsed(a[0]).([]any)
		i, whole := a[1].(int64)
		if i < 0 {
			i += int64(len(array))
		}
		if !ok || !whole || i < 0 || i >= int64(len(array)) {
			return nil
		}
		return textOrNull(array[i])
	},
	"contains": texts(strings.Contains), "!contains": not(texts(strings.Contains)),
	"startswith": texts(strings.HasPrefix), "!startswith": not(texts(strings.HasPrefix)),
	"endswith": texts(strings.HasSuffix), "!endswith": not(texts(strings.HasSuffix)),
	"contains_cs": texts(strings.Contains), "startswith_cs": texts(strings.HasPrefix), "endswith_cs": texts(strings.HasSuffix),
	"=~": texts(func(x, y string) bool { return x == y }), "!~": not(texts(func(x, y string) bool { return x == y })),
	"has": texts(hasTerm), "!has": not(texts(hasTerm)), "has_cs": texts(hasTerm),
}

func parsed(v any) any {
	if v == nil {
		return nil
	}
	value, _ := parseDynamic(v.(string))
	return value
}

func textOrNull(v any) any {
	if v == nil {
		return nil
	}
	return dynamicText(v)
}

// connected is and, or where deciding is true or: a null counts only where no
// other value decides.
func connected(values []any, deciding bool) any {
	if slices.Contains(values, any(deciding)) {
		return deciding
	}
	if slices.Contains(values, nil) {
		return nil
	}
	return !deciding
}

func (r *plainRun) equality(c *plan.Call, a []any) any {
	if c.Args[0].Type() == types.Dynamic || c.Args[1].Type() == types.Dynamic {
		r.decline("equality of dynamic values")
		return nil
	}
	switch {
	case a[0] == nil && a[1] == nil:
		return nil
	case a[0] == nil || a[1] == nil:
		return false
	}
	return r.compare(a[0], a[1]) == 0
}

func (r *plainRun) empty(c *plan.Call, a []any) bool {
	if c.Args[0].Type() == types.Dynamic {
		return a[0] == nil || a[0] == `""`
	}
	return a[0] == nil || a[0] == ""
}

func ordered(holds func(int) bool) plainForm {
	return func(r *plainRun, _ *plan.Call, a []any) any {
		if a[0] == nil || a[1] == nil {
			return nil
		}
		return holds(r.compare(a[0], a[1]))
	}
}

// texts is an operator on texts; that without _cs takes upper and lower case alike.
func texts(holds func(x, y string) bool) plainForm {
	return func(r *plainRun, c *plan.Call, a []any) any {
		x, y := a[0].(string), a[1].(string)
		if !strings.HasSuffix(c.Function.Name, "_cs") {
			x, y = strings.ToLower(x), strings.ToLower(y)
		}
		return holds(x, y)
	}
}

func not(form plainForm) plainForm {
	return func(r *plainRun, c *plan.Call, a []any) any { return form(r, c, a) != true }
}

func hasTerm(x, y string) bool {
	const edge = `(^|$|[^\p{L}\p{N}])`
	before, after := edge, edge
	if y == "" || !regexp.MustCompile(`^[\p{L}\p{N}]`).MatchString(y) {
		before = ""
	}
	if y == "" || !regexp.MustCompile(`[\p{L}\p{N}]$`).MatchString(y) {
		after = ""
	}
	return regexp.MustCompile(before + regexp.QuoteMeta(y) + after).MatchString(x)
}

func arithmetic(r *plainRun, c *plan.Call, a []any) any {
	if a[0] == nil || a[1] == nil {
		return nil
	}
	op := c.Function.Name
	if f, g, ok := reals(a[0], a[1]); ok {
		return map[string]float64{"+": f + g, "-": f - g, "*": f * g, "/": f / g}[op]
	}
	n, first := integer(a[0])
	m, second := integer(a[1])
	if !first || !second || !c.Of.Integer() {
		r.decline("%T %s %T", a[0], op, a[1])
		return nil
	}
	if total, ok := whole(op, n, m); ok {
		return r.fromInteger(total, c.Of)
	}
	return nil
}

func integer(v any) (int64, bool) {
	if n, ok := v.(int32); ok {
		return int64(n), true
	}
	n, ok := v.(int64)
	return n, ok
}

// whole computes with integers; false is an overflow or a division by zero.
func whole(op string, n, m int64) (int64, bool) {
	switch op {
	case "+":
		return n + m, (n+m > n) == (m > 0)
	case "-":
		return n - m, (n-m < n) == (m > 0)
	case "*":
		high, low := bits.Mul64(magnitude(n), magnitude(m))
		negative := (n < 0) != (m < 0)
		return n * m, high == 0 && (low < 1<<63 || negative && low == 1<<63)
	}
	if m == 0 || n == math.MinInt64 && m == -1 {
		return 0, false
	}
	return n / m, true
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

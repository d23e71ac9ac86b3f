package duckdb

import (
	"errors"
	"strings"

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// form writes a call. args are its arguments as SQL; b is the block that the
// call stands in, for forms that look at the arguments themselves.
type form func(g *generator, c *plan.Call, args []string, b *block) string

// expr returns the SQL of an expression over the columns of b. A bool has the
// value that Kusto gives it in every case, null included.
func (g *generator) expr(e plan.Expr, b *block) string {
	text := g.bounded(g.written(e, b))
	if g.options.Careful && fallible(e) {
		return orNothing("TRY("+text+")", e.Type())
	}
	return text
}

// fallible reports whether a computation may fail and can be tried: the engine
// tries none that reads a table or throws dice.
func fallible(e plan.Expr) bool {
	switch e.(type) {
	case *plan.Call, *plan.Convert:
	default:
		return false
	}
	ok := true
	plan.VisitExpr(e, func(e plan.Expr) bool {
		switch e := e.(type) {
		case *plan.Scalar, *plan.Rows:
			ok = false
		case *plan.Call:
			switch e.Function.Name {
			case "rand", "new_guid", "datetime_list_timezones", "datetime_utc_to_local", "datetime_local_to_utc":
				ok = false
			}
		}
		return ok
	})
	return ok
}

// ErrTooLarge says that the SQL of a query would be too long.
var ErrTooLarge = errors.New("the query is too large once it is written out for the engine; fewer nested calls or let for what repeats make it smaller")

// maxText bounds the SQL of one expression and of the whole query. Many forms
// say an argument several times, so that deep nesting multiplies.
const maxText = 8 << 20

// bounded refuses text that has grown too long, and then gives a short one, so
// that it does not go on growing.
func (g *generator) bounded(text string) string {
	g.options.Budget.Spend(1 + len(text)/64)
	if len(text) <= maxText {
		return text
	}
	g.fail("%w", ErrTooLarge)
	return "NULL"
}

func (g *generator) written(e plan.Expr, b *block) string {
	switch e := e.(type) {
	case *plan.Ref:
		return b.column(g, e.Column)
	case *plan.Literal:
		return g.literal(e)
	case *plan.Convert:
		return g.convert(e, b)
	case *plan.Case:
		return g.caseOf(e, b)
	case *plan.Scalar:
		return g.scalar(e)
	case *plan.Call:
		return g.call(e, b)
	}
	g.fail("no SQL for a %T", e)
	return "NULL"
}

func (g *generator) exprs(all []plan.Expr, b *block) []string {
	texts := make([]string, len(all))
	for i, e := range all {
		texts[i] = g.expr(e, b)
	}
	return texts
}

// call writes a call in a place where its value counts.
func (g *generator) call(c *plan.Call, b *block) string {
	if c.Function.Kind == builtin.Operator && c.Of == types.Bool {
		if text, ok := g.comparison(c, b, false); ok {
			return text
		}
	}
	f, ok := g.forms[c.Function.Name]
	if !ok {
		if text, ok := g.native(c, b); ok {
			return text
		}
		g.fail("no SQL for the function %s", c.Function.Name)
		return "NULL"
	}
	if c.Function.Name == "member" || c.Function.Name == "element" {
		return g.path(c, b, false)
	}
	return f(g, c, g.exprs(c.Args, b), b)
}

// predicate returns the SQL of a condition in a place where null and false mean
// the same. It keeps plain comparisons plain, so that the engine can leave out
// row groups by them.
func (g *generator) predicate(e plan.Expr, b *block) string {
	return g.bounded(g.condition(e, b))
}

func (g *generator) condition(e plan.Expr, b *block) string {
	c, ok := e.(*plan.Call)
	if !ok {
		return g.expr(e, b)
	}
	switch c.Function.Name {
	case "and", "or":
		terms := make([]string, len(c.Args))
		for i, a := range c.Args {
			terms[i] = g.predicate(a, b)
		}
		return "(" + strings.Join(terms, " "+strings.ToUpper(c.Function.Name)+" ") + ")"
	}
	if text, ok := g.comparison(c, b, true); ok {
		return text
	}
	return g.expr(e, b)
}

// comparison writes the operators that give a bool. In a filter the null of a
// comparison may stay null; elsewhere Kusto's rules for nulls are written out:
// equality with one null is false, inequality with one is true, and null stays
// null beside and and or unless the other side decides.
func (g *generator) comparison(c *plan.Call, b *block, filter bool) (string, bool) {
	switch name := c.Function.Name; name {
	case "and", "or":
		if filter {
			return g.predicate(c, b), true
		}
		return "(" + strings.Join(g.exprs(c.Args, b), " "+strings.ToUpper(name)+" ") + ")", true
	case "==", "!=":
		return g.equality(c, b, filter), true
	case "<", "<=", ">", ">=":
		return "(" + g.expr(c.Args[0], b) + " " + name + " " + g.expr(c.Args[1], b) + ")", true
	case "in", "!in", "in~", "!in~":
		return g.membership(c, b, filter), true
	case "has_any", "has_all":
		return g.terms(c, b), true
	}
	return "", false
}

func (g *generator) equality(c *plan.Call, b *block, filter bool) string {
	x, y := g.expr(c.Args[0], b), g.expr(c.Args[1], b)
	first, second := neverNull(c.Args[0]), neverNull(c.Args[1])
	op, distinct := " = ", " IS NOT DISTINCT FROM "
	if c.Function.Name == "!=" {
		op, distinct = " <> ", " IS DISTINCT FROM "
	}
	switch {
	case first && second, filter && c.Function.Name == "==":
		return "(" + x + op + y + ")"
	case first || second || filter:
		return "(" + x + distinct + y + ")"
	}
	return "(CASE WHEN " + x + " IS NULL AND " + y + " IS NULL THEN NULL ELSE " + x + distinct + y + " END)"
}

// neverNull reports whether an expression is known to have a value. It says no
// where it does not know.
func neverNull(e plan.Expr) bool {
	if e.Type() == types.String {
		return true
	}
	switch e := e.(type) {
	case *plan.Literal:
		return e.Value != nil
	case *plan.Call:
		switch e.Function.Name {
		case "and", "or":
			for _, a := range e.Args {
				if !neverNull(a) {
					return false
				}
			}
			return true
		case "isnull", "isnotnull", "isempty", "isnotempty", "in", "!in", "in~", "!in~", "has_any", "has_all", "=~", "!~", "matches regex":
			return true
		}
		return strings.HasPrefix(strings.TrimPrefix(e.Function.Name, "!"), "has") && e.Of == types.Bool
	}
	return false
}

// membership writes in and its kin.
func (g *generator) membership(c *plan.Call, b *block, filter bool) string {
	name := strings.TrimPrefix(c.Function.Name, "!")
	negated := name != c.Function.Name
	fold := name == "in~"
	value := g.expr(c.Args[0], b)
	if fold {
		value = "lower(" + value + ")"
	}
	var terms, list []string
	for _, item := range c.Args[1:] {
		switch item := item.(type) {
		case *plan.Rows:
			terms = append(terms, value+" IN ("+g.rows(item, c.Args[0].Type(), fold)+")")
		default:
			if item.Type() == types.Dynamic {
				terms = append(terms, g.inArray(value, item, c.Args[0].Type(), fold, b))
				continue
			}
			text := g.expr(item, b)
			if fold {
				text = "lower(" + text + ")"
			}
			list = append(list, text)
		}
	}
	if len(list) > 0 {
		terms = append(terms, value+" IN ("+strings.Join(list, ", ")+")")
	}
	if len(terms) == 0 {
		terms = append(terms, "false")
	}
	text := "(" + strings.Join(terms, " OR ") + ")"
	if !filter || negated {
		if !neverNull(c.Args[0]) || mayHoldNull(c.Args[1:]) {
			text = "coalesce(" + text + ", false)"
		}
	}
	if negated {
		text = "(NOT " + text + ")"
	}
	return text
}

// mayHoldNull reports whether a list has more than constants that are something.
func mayHoldNull(list []plan.Expr) bool {
	for _, a := range list {
		if l, ok := a.(*plan.Literal); !ok || l.Value == nil {
			return true
		}
	}
	return false
}

// inArray looks for a value among the elements of a dynamic array.
func (g *generator) inArray(value string, array plan.Expr, t types.Type, fold bool, b *block) string {
	list := g.textList(array, b)
	switch {
	case fold:
		list = "list_transform(" + list + ", lambda e: lower(e))"
	case t != types.String && t != types.Guid:
		item := fromText("e", t)
		if t == types.Bool { // a number is compared as one
			item = "CASE TRY_CAST(e AS DOUBLE) WHEN 1 THEN true WHEN 0 THEN false ELSE " + item + " END"
		}
		list = "list_transform(" + list + ", lambda e: " + item + ")"
	}
	return "coalesce(list_contains(" + list + ", " + value + "), false)"
}

// textList returns the elements of a dynamic array as a list of strings; of
// any other value a list of its text alone.
func (g *generator) textList(array plan.Expr, b *block) string {
	if l, ok := array.(*plan.Literal); ok && l.Value == nil {
		return "CAST([] AS VARCHAR[])"
	}
	return listed(g.json(array, b))
}

// listed returns the elements of what is an array, those of arrays in it among them
// (lists are flat in Kusto), else the text itself; of null nothing.
func listed(j string) string {
	inner := "flatten(list_transform(" + jsonElements(j) + ", lambda e: CASE json_type(e) WHEN 'ARRAY' THEN " + textElements("e") + " ELSE [json_extract_string(e, '$')] END))"
	all := "CASE WHEN json_type(" + j + ") = 'ARRAY' THEN CASE WHEN contains(substr(" + j + ", 2), '[') THEN " + inner + " ELSE " + textElements(j) + " END ELSE [json_extract_string(" + j + ", '$')] END"
	return "list_filter(" + all + ", lambda e: e IS NOT NULL)"
}

// terms writes has_any and has_all.
func (g *generator) terms(c *plan.Call, b *block) string {
	value := g.expr(c.Args[0], b)
	word, every := " OR ", false
	if c.Function.Name == "has_all" {
		word, every = " AND ", true
	}
	var terms, list []string
	for _, item := range c.Args[1:] {
		switch {
		case isRows(item):
			rows := item.(*plan.Rows)
			terms = append(terms, g.hasAmong("(SELECT list(x) FROM ("+g.rows(rows, types.String, false)+") AS r(x))", value, every))
		case item.Type() == types.Dynamic:
			terms = append(terms, g.hasAmong(g.textList(item, b), value, every))
		default:
			list = append(list, g.storedFirst("quoll_has", c.Args[0], item, b, "quoll_has("+value+", "+g.expr(item, b)+")"))
		}
	}
	terms = append(terms, list...)
	if len(terms) == 0 {
		return map[bool]string{true: "true", false: "false"}[every]
	}
	return "(" + strings.Join(terms, word) + ")"
}

func isRows(e plan.Expr) bool {
	_, ok := e.(*plan.Rows)
	return ok
}

func (g *generator) hasAmong(list, value string, every bool) string {
	if every {
		return "(coalesce(len(list_filter(" + list + ", lambda e: NOT quoll_has(" + value + ", e))), 0) = 0)"
	}
	return "(coalesce(len(list_filter(" + list + ", lambda e: quoll_has(" + value + ", e))), 0) > 0)"
}

// rows returns a select of the values of a table's column, as values of type t.
func (g *generator) rows(r *plan.Rows, t types.Type, fold bool) string {
	b := g.node(r.Node)
	if b.closed() {
		b = g.wrap(b)
	}
	if r.Column.Type == types.Dynamic && t != types.Dynamic {
		// A set of one row holds an array: its elements are looked for.
		j := b.column(g, r.Column)
		if !g.trust.column(r.Column) {
			j = guard(j)
		}
		return "SELECT " + foldText("x", fold) + " FROM (SELECT unnest(" + listed(j) + ") AS x" + b.rest() + ") AS e"
	}
	text := b.column(g, r.Column)
	if t == types.String && r.Column.Type != types.String {
		text = toText(text, r.Column.Type)
	}
	return "SELECT " + foldText(text, fold) + b.rest()
}

func foldText(text string, fold bool) string {
	if fold {
		return "lower(" + text + ")"
	}
	return text
}

// scalar writes a subquery that gives one value.
func (g *generator) scalar(e *plan.Scalar) string {
	b := g.node(e.Node)
	if len(b.group) > 0 || b.distinct {
		b = g.wrap(b)
	}
	text := "(SELECT " + b.column(g, e.Column) + b.rest() + ")"
	if e.Type() == types.String {
		return "coalesce(" + text + ", '')"
	}
	return text
}

func (g *generator) caseOf(e *plan.Case, b *block) string {
	var text strings.Builder
	text.WriteString("(CASE")
	for _, branch := range e.Branches {
		text.WriteString(" WHEN " + g.predicate(branch.When, b) + " THEN " + g.expr(branch.Then, b))
	}
	text.WriteString(" ELSE " + g.expr(e.Else, b) + " END)")
	return text.String()
}

package bind

import (
	"encoding/json"
	"strings"

	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// inList binds in, in~, has_any, has_all and their negations. A constant
// dynamic array is written out as its elements, so that an engine sees a list;
// any other dynamic value stays one argument, whose elements count.
func (b *binder) inList(x *syntax.InList, r *rowScope) plan.Expr {
	if _, ok := x.X.(*syntax.Star); ok {
		return b.anyInList(x, r)
	}
	value := b.scalar(x.X, r)
	items, ok := b.listItems(x, r)
	if !ok || bad(value) {
		return unknown
	}
	return b.membership(x, value, items)
}

// anyInList binds `* has_any (…)`.
func (b *binder) anyInList(x *syntax.InList, r *rowScope) plan.Expr {
	items, ok := b.listItems(x, r)
	if !ok {
		return unknown
	}
	var args []plan.Expr
	for _, f := range r.rel.fields {
		if f.column.Type == types.String || f.column.Type == types.Dynamic {
			args = append(args, b.membership(x, &plan.Ref{Column: f.column}, items))
		}
	}
	return b.disjunction(args)
}

func (b *binder) membership(x *syntax.InList, value plan.Expr, items []plan.Expr) plan.Expr {
	op := string(x.Op)
	exact := op == "in" || op == "!in"
	if !exact || value.Type() == types.Dynamic && (textual(items) || mixed(items)) {
		value = convert(value, types.String)
		exact = exact && !mixed(items)
	}
	args := make([]plan.Expr, 0, 1+len(items))
	args = append(args, value)
	for i, item := range items {
		if item.Type() == types.Dynamic {
			args = append(args, item) // the engine compares its elements
			continue
		}
		if !exact {
			args = append(args, convertRows(item, types.String))
			continue
		}
		_, converted, ok := comparands(value, item, true)
		if _, isRows := item.(*plan.Rows); isRows {
			converted = item
		}
		if value.Type() == types.Dynamic {
			value = convert(value, item.Type())
			args[0] = value
		}
		if !ok {
			b.errorf(x.Items[min(i, len(x.Items)-1)].Span(), "cannot look for a %s among values of type %s", value.Type(), item.Type())
			return unknown
		}
		if _, isRows := item.(*plan.Rows); value.Type() == types.String && !isRows {
			converted = convert(converted, types.String) // text in the data may be no number
		}
		args = append(args, converted)
	}
	return b.callBuiltin(op, types.Bool, args...)
}

// mixed reports whether a list holds constants of several types. A dynamic
// value is compared with them by its text.
func mixed(items []plan.Expr) bool {
	for _, item := range items {
		if item.Type() != items[0].Type() {
			return true
		}
	}
	return false
}

// textual reports whether a list holds strings or arrays, against which a
// dynamic value is compared by its text.
func textual(items []plan.Expr) bool {
	for _, item := range items {
		if t := item.Type(); t != types.String && t != types.Dynamic {
			return false
		}
	}
	return true
}

// convertRows converts an item of a list; the values of a table are converted
// by the engine, since they have no expression here.
func convertRows(item plan.Expr, t types.Type) plan.Expr {
	if _, ok := item.(*plan.Rows); ok {
		return item
	}
	return convert(item, t)
}

func (b *binder) listItems(x *syntax.InList, r *rowScope) ([]plan.Expr, bool) {
	var items []plan.Expr
	ok := true
	for _, item := range x.Items {
		if b.isTabular(item, r.scope) && !b.hidden(item, r) {
			rows, bound := b.rowsOf(item, r.scope)
			ok = ok && bound
			items = append(items, rows)
			continue
		}
		e := b.scalar(item, r)
		if bad(e) {
			ok = false
			continue
		}
		items = append(items, elements(e)...)
	}
	if len(items) > maxListItems {
		b.errorf(x.Span(), "the list has %d elements; at most %d are allowed", len(items), maxListItems)
		return nil, false
	}
	return items, ok
}

// hidden reports whether a name that also names a table means a column here.
func (b *binder) hidden(x syntax.Expr, r *rowScope) bool {
	name, ok := x.(*syntax.Name)
	return ok && r.rel.find(name.Text) != nil
}

// rowsOf binds a table as the list of in: its first column counts.
func (b *binder) rowsOf(x syntax.Expr, s *scope) (plan.Expr, bool) {
	rel := b.tabular(x, s)
	if len(rel.fields) == 0 {
		if rel.open == nil {
			b.errorf(x.Span(), "the table has no column to look in")
		}
		return unknown, false
	}
	return &plan.Rows{Node: rel.node, Column: rel.fields[0].column}, true
}

// elements writes a constant array out as its elements.
func elements(e plan.Expr) []plan.Expr {
	l, ok := e.(*plan.Literal)
	if !ok || l.Of != types.Dynamic || l.Value == nil {
		return []plan.Expr{e}
	}
	decoder := json.NewDecoder(strings.NewReader(l.Value.(string)))
	decoder.UseNumber()
	var array []any
	if decoder.Decode(&array) != nil {
		return []plan.Expr{e}
	}
	all := make([]plan.Expr, 0, len(array))
	for _, element := range array {
		all = append(all, scalarOf(element))
	}
	return all
}

// scalarOf gives a decoded JSON value the type that it has in Kusto.
func scalarOf(value any) plan.Expr {
	switch v := value.(type) {
	case string:
		return &plan.Literal{Of: types.String, Value: v}
	case bool:
		return &plan.Literal{Of: types.Bool, Value: v}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return &plan.Literal{Of: types.Long, Value: n}
		}
		f, err := v.Float64()
		if err == nil {
			return &plan.Literal{Of: types.Real, Value: f, Exact: v.String()} // the text of 1.50 is that of the element
		}
	}
	text, err := json.Marshal(value)
	if err != nil || value == nil {
		return &plan.Literal{Of: types.Dynamic}
	}
	return &plan.Literal{Of: types.Dynamic, Value: string(text)}
}

// dynamicLiteral is a constant of package dynamic.
func dynamicLiteral(v any) plan.Expr {
	return &plan.Literal{Of: types.Dynamic, Value: dynamic.Text(v)}
}

package bind

import (
	"strconv"

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// tuples collects the calls of one operator that give several values, so that
// each is computed once, however many of its values are columns.
type tuples struct{ define []plan.Definition }

// attachTuples puts the collected calls between a node and what follows.
func (t *tuples) attachTuples(n plan.Node) plan.Node {
	if len(t.define) == 0 {
		return n
	}
	return &plan.Project{Input: n, Pass: n.Columns(), Define: t.define}
}

// tupleItems binds a call that gives several values, to a column for each; ok
// is false when x is no such call. The query names the first ones, and the
// function, its first argument and the value name the others.
func (b *binder) tupleItems(x syntax.Expr, names []*syntax.Name, row *rowScope) (items []item, ok bool) {
	call, f := b.tupleCall(x, row)
	if f == nil {
		return nil, false
	}
	args, ok := b.scalars(call.Args, row)
	if !ok {
		return failed, true
	}
	columns, prefix := b.tupleColumns(call, f, args, row)
	if n := len(columns); len(names) > n {
		b.errorf(names[n].Span(), "%s() gives %d values, and there are %d names for them", f.Name, n, len(names))
		return failed, true
	}
	value := b.apply(call, f, args)
	if bad(value) {
		return failed, true
	}
	if row.tuples != nil {
		c := b.newColumn(f.Name, types.Dynamic)
		row.tuples.define = append(row.tuples.define, plan.Definition{Column: c, Expr: value})
		value = &plan.Ref{Column: c}
	}
	for i, c := range columns {
		it := item{name: prefix + c.Name, named: true, part: true, expr: b.tupleElement(value, i, c.Type), at: x.Span()}
		if len(columns) == 1 && sorts(f) {
			it.expr = value // of one array it is that array
		}
		if i < len(names) {
			it.name, it.given, it.part, it.at = names[i].Text, true, false, names[i].Span()
		}
		it.beyond = len(names) > 0 && i >= len(names)
		items = append(items, it)
	}
	return items, true
}

// tupleColumns returns the values that a call gives, and what their names begin
// with.
func (b *binder) tupleColumns(call *syntax.Call, f *builtin.Function, args []plan.Expr, row *rowScope) (columns []builtin.Column, prefix string) {
	if sorts(f) {
		for i, a := range args {
			if a.Type() != types.Dynamic && i > 0 {
				break
			}
			name, _ := b.autoName(call.Args[i], row)
			if name == "" {
				name = "array" + strconv.Itoa(i)
			}
			columns = append(columns, builtin.Column{Name: name + "_sorted", Type: types.Dynamic})
		}
		return columns, ""
	}
	prefix = f.Name + "_"
	if len(call.Args) > 0 {
		first, _ := b.autoName(call.Args[0], row)
		prefix += first + "_"
	}
	return f.Tuple(), prefix
}

// sorts reports whether f gives each of its arrays in a new order.
func sorts(f *builtin.Function) bool {
	return f.Name == "array_sort_asc" || f.Name == "array_sort_desc"
}

// tupleCall returns the call that x is, if its function gives several values.
func (b *binder) tupleCall(x syntax.Expr, row *rowScope) (*syntax.Call, *builtin.Function) {
	for {
		p, ok := x.(*syntax.Paren)
		if !ok {
			break
		}
		x = p.X
	}
	call, ok := x.(*syntax.Call)
	if !ok {
		return nil, nil
	}
	if v := row.scope.find(call.Func.Text); v != nil && v.function != nil {
		return nil, nil
	}
	f, ok := b.functions.Lookup(call.Func.Text)
	if !ok || f.Kind != builtin.Scalar || len(f.Tuple()) == 0 && !sorts(f) {
		return nil, nil
	}
	return call, f
}

func (b *binder) tupleElement(value plan.Expr, i int, t types.Type) plan.Expr {
	e := b.callBuiltin("element", types.Dynamic, value, &plan.Literal{Of: types.Long, Value: int64(i)})
	return convert(e, t)
}

// withoutBeyond leaves out the values that the query did not name: every
// operator but print gives them.
func withoutBeyond(items []item) []item {
	kept := items[:0]
	for _, it := range items {
		if !it.beyond {
			kept = append(kept, it)
		}
	}
	return kept
}

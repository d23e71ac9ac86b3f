package bind

import (
	"time"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// binAutoSetting keeps what a set statement says for bin_auto().
func (b *binder) binAutoSetting(name string, statement *syntax.SetStatement) {
	l, ok := statement.Value.(*syntax.Literal)
	if !ok {
		b.errorf(statement.Span(), "%s is a number, a timespan or a datetime, as in set query_bin_auto_size = 1h", name)
		return
	}
	if b.binSettings == nil {
		b.binSettings = map[string]plan.Expr{}
	}
	b.binSettings[name] = literal(l)
}

// binAuto rounds down to the size, and counted from the point, that set
// statements give.
func (b *binder) binAuto(x *syntax.Call, r *rowScope) plan.Expr {
	args, ok := b.scalars(x.Args, r)
	if !ok {
		return unknown
	}
	if len(args) != 1 {
		b.errorf(x.Span(), "bin_auto() takes 1 argument, not %d", len(args))
		return unknown
	}
	size := b.binSettings["query_bin_auto_size"]
	if size == nil {
		b.src.Add(source.Diagnostic{Span: x.Span(), Message: "bin_auto() has no size to round to", Remedy: "put `set query_bin_auto_size = 1h;` before the query"})
		return unknown
	}
	name := "bin"
	args = append(args, size)
	if at := b.binSettings["query_bin_auto_at"]; at != nil {
		name = "bin_at"
		args = append(args, at)
	}
	call := &syntax.Call{Func: x.Func}
	for range args {
		call.Args = append(call.Args, x.Args[0]) // where a mistake is shown
	}
	return b.apply(call, b.functions.Must(name), args)
}

// cursorLayout is what a cursor looks like: a time, as exact as rows are kept.
const cursorLayout = "2006-01-02T15:04:05.000000Z"

// cursor binds the functions of database cursors. A cursor is the time of a
// statement: what was ingested later is behind it.
func (b *binder) cursor(x *syntax.Call, name string, r *rowScope) plan.Expr {
	if name == "cursor_current" {
		return &plan.Literal{Of: types.String, Value: b.now.UTC().Format(cursorLayout)}
	}
	args, ok := b.scalars(x.Args, r)
	if !ok {
		return unknown
	}
	if len(args) != 1 || args[0].Type() != types.String {
		b.errorf(x.Span(), "%s() takes a cursor, which is a string", name)
		return unknown
	}
	literal, ok := args[0].(*plan.Literal)
	if !ok {
		b.errorf(x.Args[0].Span(), "the cursor must be a constant")
		return unknown
	}
	after := name == "cursor_after"
	text, _ := literal.Value.(string)
	if text == "" {
		return &plan.Literal{Of: types.Bool, Value: after} // before all rows
	}
	at, ok := types.ParseDateTime(text)
	if !ok {
		b.src.Add(source.Diagnostic{Span: x.Args[0].Span(), Message: "this is no cursor", Remedy: "a cursor is what cursor_current() gave, a time such as " + b.now.UTC().Format(time.RFC3339)})
		return unknown
	}
	if r.rel.ingestion == nil {
		b.errorf(x.Span(), "%s() needs rows of a table, which know when they were ingested", name)
		return unknown
	}
	op := "<="
	if after {
		op = ">"
	}
	return b.callBuiltin(op, types.Bool, &plan.Ref{Column: r.rel.ingestion}, &plan.Literal{Of: types.DateTime, Value: at})
}

// dataSize adds up what the values of columns take: eight bytes for numbers and
// times, the text of strings and dynamic values.
func (b *binder) dataSize(x *syntax.Call, r *rowScope) plan.Expr {
	var columns []plan.Expr
	for _, a := range x.Args {
		if isStar(a) && len(x.Args) == 1 {
			for _, f := range r.rel.fields {
				columns = append(columns, &plan.Ref{Column: f.column})
			}
			continue
		}
		e := b.scalar(a, r)
		if bad(e) {
			return unknown
		}
		if _, ok := e.(*plan.Ref); !ok {
			b.errorf(a.Span(), "estimate_data_size() takes columns, or *")
			return unknown
		}
		columns = append(columns, e)
	}
	if len(columns) == 0 {
		b.errorf(x.Span(), "estimate_data_size() takes columns, or *")
		return unknown
	}
	var fixed int64
	var texts []plan.Expr
	for _, c := range columns {
		size, known := sizes[c.Type()]
		if known {
			fixed += size
			continue
		}
		texts = append(texts, b.callBuiltin("string_size", types.Long, convert(c, types.String)))
	}
	return b.sum(append(texts, &plan.Literal{Of: types.Long, Value: fixed}))
}

// sum adds up longs in pairs, so that many make no deep expression.
func (b *binder) sum(all []plan.Expr) plan.Expr {
	if len(all) == 1 {
		return all[0]
	}
	half := len(all) / 2
	return b.callBuiltin("+", types.Long, b.sum(all[:half]), b.sum(all[half:]))
}

// sizes are the bytes of the types that always take the same.
var sizes = map[types.Type]int64{
	types.Bool: 1, types.Int: 4, types.Long: 8, types.Real: 8, types.Decimal: 16, types.DateTime: 8, types.TimeSpan: 8, types.Guid: 16,
}

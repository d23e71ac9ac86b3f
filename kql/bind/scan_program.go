package bind

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// program is what a scan's steps do with the values that steps hold. All that a
// row by itself decides is lifted out of it into columns, which the engine
// computes.
type program struct {
	columns []*plan.Column // of a row, in the program's order
	lifted  []plan.Definition
	held    map[*plan.Column]heldColumn
	empty   []plan.Expr
	steps   []boundStep
}

// heldColumn is a column of a step's row: the i-th of the input, or if negative
// the declared one -1-i.
type heldColumn struct {
	step, index int
	column      *plan.Column
}

type boundStep struct {
	optional bool
	output   string
	when     any
	assign   []boundAssignment
}

type boundAssignment struct {
	declared int
	value    any
}

func (p *program) begin(defaults []plan.Expr) {
	p.held = map[*plan.Column]heldColumn{}
	p.empty = defaults
}

// column gives the place of a column in the program's rows.
func (p *program) column(c *plan.Column) int {
	for i, known := range p.columns {
		if known == c {
			return i
		}
	}
	p.columns = append(p.columns, c)
	return len(p.columns) - 1
}

// fromDeclared marks the place of a declared column until the width of a row is
// known.
type fromDeclared struct{ step, declared int }

// computable are the functions that package kql/native/steps has.
var computable = map[string]bool{
	"and": true, "or": true, "not": true, "==": true, "!=": true, "<": true, "<=": true, ">": true, ">=": true,
	"+": true, "-": true, "*": true, "/": true, "%": true, "negate": true, "abs": true, "bin": true, "in": true, "!in": true,
	"isnull": true, "isnotnull": true, "isempty": true, "isnotempty": true, "coalesce": true, "min_of": true, "max_of": true,
	"iff": true, "strcat": true, "strlen": true, "tolower": true, "toupper": true, "=~": true, "!~": true, "member": true,
	"element": true, "array_element": true, "pack_array": true, "array_length": true, "array_concat": true,
	"set_has_element": true, "contains": true, "startswith": true, "endswith": true,
	"contains_cs": true, "startswith_cs": true, "endswith_cs": true, "has": true, "has_cs": true,
	"!contains": true, "!startswith": true, "!endswith": true, "!contains_cs": true, "!startswith_cs": true, "!endswith_cs": true,
	"!has": true, "!has_cs": true,
	"substring": true, "indexof": true, "split": true, "replace_string": true, "strcat_delim": true, "strcat_array": true,
	"round": true, "ceiling": true, "sqrt": true, "exp": true, "log": true, "log10": true, "pow": true, "sign": true,
	"bag_pack": true, "bag_keys": true, "bag_merge": true, "bag_set_key": true, "bag_remove_keys": true, "bag_has_key": true, "bag_zip": true,
	"set_union": true, "set_intersect": true, "set_difference": true, "jaccard_index": true, "array_index_of": true, "array_iff": true,
	"array_shift_left": true, "array_shift_right": true, "zip": true, "treepath": true, "datetime_diff": true,
}

// compile gives the program of an expression. at is its text.
func (n *scanBinding) compile(e plan.Expr, at syntax.Expr) (any, bool) {
	p := &n.program
	switch e := e.(type) {
	case *plan.Literal:
		return []any{"value", tickLiteral(e)}, true
	case *plan.Ref:
		if h, ok := p.held[e.Column]; ok {
			if h.index < 0 {
				return fromDeclared{h.step, -1 - h.index}, true
			}
			return []any{"step", h.step, p.column(h.column)}, true
		}
		return []any{"row", p.column(e.Column)}, true
	}
	if !n.readsHeld(e) {
		c := n.b.newColumn("computed", e.Type())
		p.lifted = append(p.lifted, plan.Definition{Column: c, Expr: e})
		return []any{"row", p.column(c)}, true
	}
	switch e := e.(type) {
	case *plan.Case:
		all := []any{"case"}
		return n.compileAll(all, plan.Operands(e), at)
	case *plan.Convert:
		if name, ok := timeConversion(e.X.Type(), e.To); ok {
			if name == "" {
				return n.refuse("a conversion from "+e.X.Type().String()+" to "+e.To.String(), at)
			}
			return n.compileAll([]any{"call", name, e.To.String()}, []plan.Expr{e.X}, at)
		}
		return n.compileAll([]any{"call", "convert", e.To.String()}, []plan.Expr{e.X}, at)
	case *plan.Call:
		if !computable[e.Function.Name] {
			return n.refuse(e.Function.Name+"()", at)
		}
		return n.compileAll([]any{"call", e.Function.Name, e.Of.String()}, e.Args, at)
	}
	return n.refuse("a table", at)
}

func temporal(t types.Type) bool { return t == types.DateTime || t == types.TimeSpan }

// timeConversion names the function that converts between times, of which a
// program knows the ticks alone, and texts; ok is false for any other conversion.
func timeConversion(from, to types.Type) (name string, ok bool) {
	texts := to == types.String || to == types.Dynamic
	switch {
	case from == types.DateTime && texts:
		return "datetime_text", true
	case from == types.TimeSpan && texts:
		return "timespan_text", true
	case to == types.DateTime && (from == types.String || from == types.Dynamic):
		return "to_datetime", true
	case to == types.TimeSpan && (from == types.String || from == types.Dynamic):
		return "to_timespan", true
	case from == types.DateTime && to == types.Long:
		return "datetime_ticks", true
	case temporal(from) && to != types.Long:
		return "", true
	}
	return "", false
}

func (n *scanBinding) compileAll(all []any, exprs []plan.Expr, at syntax.Expr) (any, bool) {
	for _, e := range exprs {
		compiled, ok := n.compile(e, at)
		if !ok {
			return nil, false
		}
		all = append(all, compiled)
	}
	return all, true
}

func (n *scanBinding) refuse(what string, at syntax.Expr) (any, bool) {
	n.b.errorf(at.Span(), "%s of values that a step holds is not supported yet; of the row's own columns it is", what)
	return nil, false
}

// readsHeld reports whether an expression reads what a step holds.
func (n *scanBinding) readsHeld(e plan.Expr) bool {
	found := false
	plan.VisitExpr(e, func(e plan.Expr) bool {
		if ref, ok := e.(*plan.Ref); ok {
			if _, held := n.program.held[ref.Column]; held {
				found = true
			}
		}
		return !found
	})
	return found
}

// literal gives the program as JSON, once all steps are compiled.
func (p *program) literal(b *binder) plan.Expr {
	width := len(p.columns)
	empty := make([]any, 0, width+len(p.empty))
	for _, c := range p.columns {
		var value any
		if c.Type == types.String {
			value = ""
		}
		empty = append(empty, value)
	}
	for _, d := range p.empty {
		empty = append(empty, tickLiteral(d.(*plan.Literal)))
	}
	steps := make([]any, len(p.steps))
	for i, s := range p.steps {
		assign := make([]any, len(s.assign))
		for j, a := range s.assign {
			assign[j] = []any{width + a.declared, placed(a.value, width)}
		}
		steps[i] = map[string]any{"optional": s.optional, "output": s.output, "when": placed(s.when, width), "assign": assign}
	}
	text, err := json.Marshal(map[string]any{"empty": empty, "width": width, "steps": steps})
	if err != nil {
		text = nil // a value that JSON has no form for; the native function refuses the program
	}
	return &plan.Literal{Of: types.Dynamic, Value: string(text)}
}

// placed puts the places of declared columns, which follow those of the row,
// into an expression.
func placed(v any, width int) any {
	switch v := v.(type) {
	case fromDeclared:
		return []any{"step", v.step, width + v.declared}
	case []any:
		all := make([]any, len(v))
		for i, item := range v {
			all[i] = placed(item, width)
		}
		return all
	}
	return v
}

// The program's datetimes and timespans are numbers of ticks, the datetimes
// since 1970.

var epoch = time.Unix(0, 0).UTC()

func tickLiteral(l *plan.Literal) any {
	switch v := l.Value.(type) {
	case time.Time:
		return v.Unix()*int64(types.TicksPerSecond) + int64(v.Nanosecond()/100)
	case types.Ticks:
		return int64(v)
	case float64:
		return json.Number(strconv.FormatFloat(v, 'e', -1, 64))
	case string:
		if l.Of == types.Dynamic {
			return json.RawMessage(v)
		}
	case nil:
		if l.Of == types.String {
			return ""
		}
	}
	return l.Value
}

func (b *binder) toTicks(e plan.Expr) plan.Expr {
	switch e.Type() {
	case types.DateTime:
		e = b.callBuiltin("-", types.TimeSpan, e, &plan.Literal{Of: types.DateTime, Value: epoch})
		return convert(e, types.Long)
	case types.TimeSpan:
		return convert(e, types.Long)
	}
	return e
}

func (b *binder) fromTicks(e plan.Expr, t types.Type) plan.Expr {
	switch t {
	case types.DateTime:
		return b.callBuiltin("+", types.DateTime, &plan.Literal{Of: types.DateTime, Value: epoch}, convert(convert(e, types.Long), types.TimeSpan))
	case types.TimeSpan:
		return convert(convert(e, types.Long), types.TimeSpan)
	}
	return convert(e, t)
}

package bind

import (
	"strconv"
	"strings"

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// merge is what hll_merge() and tdigest_merge() mean with several arguments:
// no aggregate, but a function of a row.
type merge struct {
	name   *builtin.Function
	column string
}

var merges = map[string]merge{
	"hll_merge":     {&builtin.Function{Name: "merge_hll"}, "hll_merged_result"},
	"tdigest_merge": {&builtin.Function{Name: "merge_digest"}, "tdigests_merge_result"},
}

func (b *binder) mergeCall(x *syntax.Call, m merge, r *rowScope) plan.Expr {
	args, ok := b.scalars(x.Args, r)
	if !ok {
		return unknown
	}
	for i, a := range args {
		if a.Type() != types.Dynamic {
			b.errorf(x.Args[i].Span(), "%s() takes dynamic values, and this is a %s", x.Func.Text, a.Type())
			return unknown
		}
	}
	return &plan.Call{Function: m.name, Args: args, Of: types.Dynamic}
}

// percentiles binds percentile(x, p) and percentiles(x, p, …): one column for
// each percentage, named percentile_x_p.
func (b *binder) percentiles(x *syntax.Call, r *rowScope) []item {
	value, ok := b.percentileValue(x, 1, r)
	if !ok {
		return failed
	}
	return b.percentileColumns(x, value, x.Args[1:], r)
}

// weightedPercentiles binds percentilew(x, weight, p) and percentilesw().
func (b *binder) weightedPercentiles(x *syntax.Call, r *rowScope) []item {
	value, ok := b.percentileValue(x, 2, r)
	if !ok {
		return failed
	}
	return b.percentileColumns(x, value, x.Args[2:], r)
}

func (b *binder) percentileColumns(x *syntax.Call, value []plan.Expr, percentages []syntax.Expr, r *rowScope) []item {
	base, _ := b.autoName(x.Args[0], r)
	given := b.scalar(x.Args[0], r.plain()).Type()
	var items []item
	for _, a := range percentages {
		p, ok := b.percentage(b.scalar(a, r.plain()), a)
		if !ok {
			return failed
		}
		name := "percentile_" + base + "_" + percentText(p.Value.(float64))
		e := r.aggregates.add(name, b.percentileCall(value, p))
		if given == types.Dynamic {
			e = convert(e, given)
		}
		items = append(items, item{name: name, named: true, expr: e})
	}
	return items
}

// percentileValue binds the value, and with given == 2 the weight; a percentage
// must follow.
func (b *binder) percentileValue(x *syntax.Call, given int, r *rowScope) ([]plan.Expr, bool) {
	name := x.Func.Text
	if len(x.Args) <= given {
		b.errorf(x.Span(), "%s() takes a value, %sand a percentage", name, map[int]string{2: "a weight "}[given])
		return nil, false
	}
	args, ok := b.scalars(x.Args[:given], r.plain())
	if !ok {
		return nil, false
	}
	if args[0].Type() == types.Dynamic {
		args[0] = convert(args[0], types.Real)
	}
	if given == 2 {
		if t := args[1].Type(); !t.Integer() && t != types.Dynamic {
			b.errorf(x.Args[1].Span(), "the weight of %s() must be an integer, and this is a %s", name, t)
			return nil, false
		}
		args[1] = convert(args[1], types.Long)
	}
	switch args[0].Type() {
	case types.Int:
		args[0] = convert(args[0], types.Long)
	case types.Decimal:
		args[0] = convert(args[0], types.Real)
	}
	return args, true
}

func (b *binder) percentileCall(value []plan.Expr, percentage *plan.Literal) *plan.Call {
	name := "percentile"
	if len(value) == 2 {
		name = "percentilew"
	}
	return &plan.Call{Function: b.functions.Must(name), Args: append(value[:len(value):len(value)], percentage), Of: value[0].Type()}
}

func (b *binder) percentage(e plan.Expr, at syntax.Expr) (*plan.Literal, bool) {
	l, ok := convert(e, types.Real).(*plan.Literal)
	if !ok || l.Of != types.Real || l.Value == nil {
		if !bad(e) {
			b.src.Add(source.Diagnostic{Span: at.Span(), Message: "a percentage must be a constant number", Remedy: "a let statement can name the number"})
		}
		return nil, false
	}
	return l, true
}

func percentText(p float64) string {
	return strings.ReplaceAll(strconv.FormatFloat(p, 'f', -1, 64), ".", "_")
}

// percentilesArray packs the percentiles in an array.
func (b *binder) percentilesArray(x *syntax.Call, r *rowScope) []item {
	return b.packedPercentiles(x, 1, r)
}

// weightedArray packs weighted percentiles in an array.
func (b *binder) weightedArray(x *syntax.Call, r *rowScope) []item {
	return b.packedPercentiles(x, 2, r)
}

// packedPercentiles takes the percentages one by one or as one array.
func (b *binder) packedPercentiles(x *syntax.Call, given int, r *rowScope) []item {
	value, ok := b.percentileValue(x, given, r)
	if !ok {
		return failed
	}
	base, _ := b.autoName(x.Args[0], r)
	var all []plan.Expr
	for _, a := range x.Args[given:] {
		e := b.scalar(a, r.plain())
		if bad(e) {
			return failed
		}
		for _, p := range elements(e) {
			percentage, ok := b.percentage(p, a)
			if !ok {
				return failed
			}
			all = append(all, r.aggregates.add("p", b.percentileCall(value, percentage)))
		}
	}
	if len(all) == 0 {
		b.errorf(x.Span(), "%s() takes a value and percentages", x.Func.Text)
		return failed
	}
	return []item{{name: "percentiles_" + base, named: true, expr: b.callBuiltin("pack_array", types.Dynamic, all...)}}
}

package bind

import (
	"regexp"

	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// keyValueOptions are those of parse-kv; true for a bool, false for a string.
var keyValueOptions = map[string]bool{"pair_delimiter": false, "kv_delimiter": false, "quote": false, "escape": false, "regex": false, "greedy": true}

// parseKV binds parse-kv: the values of the named keys become columns.
func (b *binder) parseKV(op *syntax.ParseKVOperator, rel *relation, s *scope) *relation {
	r := rel.derive()
	text := b.scalar(op.X, rows(r, s))
	options, ok := b.keyValueOptions(op)
	if bad(text) || !ok {
		return b.nothing()
	}
	keys := make([]any, len(op.Columns))
	for i, c := range op.Columns {
		keys[i] = c.Name.Text
	}
	call := b.callBuiltin("parse_kv", types.Dynamic, convert(text, types.String), &plan.Literal{Of: types.Dynamic, Value: dynamic.Text(keys)}, &plan.Literal{Of: types.Dynamic, Value: dynamic.Text(options)})
	values := &plan.Ref{Column: b.define(r, []item{{name: "values", expr: call}})[0]}
	items := make([]item, len(op.Columns))
	for i, c := range op.Columns {
		value := b.callBuiltin("element", types.Dynamic, values, &plan.Literal{Of: types.Long, Value: int64(i)})
		items[i] = item{name: c.Name.Text, expr: convert(convert(value, types.String), c.Type)}
	}
	for i, c := range b.define(r, items) {
		r.set(items[i].name, c)
	}
	return r
}

// keyValueOptions reads what stands behind with.
func (b *binder) keyValueOptions(op *syntax.ParseKVOperator) (*dynamic.Bag, bool) {
	options := dynamic.NewBag()
	for _, p := range op.Options {
		name := p.Name.Text
		isBool, known := keyValueOptions[name]
		if !known {
			names := []string{"pair_delimiter", "kv_delimiter", "quote", "escape", "greedy", "regex"}
			b.src.Add(source.Diagnostic{Span: p.Span(), Message: "no option " + name + " of parse-kv; options are " + enumerate(names), Remedy: didYouMean(name, names)})
			return nil, false
		}
		l, ok := p.Value.(*syntax.Literal)
		if !ok || isBool && l.Type != types.Bool || !isBool && l.Type != types.String {
			b.errorf(p.Span(), "the option %s of parse-kv does not take this value", name)
			return nil, false
		}
		if name == "regex" {
			text, _ := l.Value.(string)
			pattern, err := regexp.Compile(text)
			if err != nil || pattern.NumSubexp() != 2 {
				b.errorf(p.Value.Span(), "the regular expression of parse-kv has two groups, the key and the value")
				return nil, false
			}
		}
		options.Set(name, l.Value)
	}
	return options, true
}

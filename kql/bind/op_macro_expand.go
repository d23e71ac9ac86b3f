package bind

import (
	"github.com/quoll/quoll/kql/syntax"
)

// macroExpand binds the pipeline once for each table of the group, and gives the
// union of what comes out.
func (b *binder) macroExpand(op *syntax.MacroExpandOperator, rel *relation, s *scope) *relation {
	if rel != nil {
		b.errorf(op.Span(), "macro-expand begins a pipeline, and takes no table from before it")
		return b.nothing()
	}
	fuzzy, inner := false, false
	for _, p := range op.Properties {
		switch word := propertyWord(p); p.Name.Text {
		case "isfuzzy":
			fuzzy = word == "true"
		case "kind":
			inner = word == "inner"
			if !inner && word != "outer" {
				b.errorf(p.Span(), "macro-expand has no kind %q; kinds are inner, outer", word)
				return b.nothing()
			}
		}
	}
	var inputs []unionInput
	for _, x := range op.Entities {
		for _, entity := range b.unionInputs(x, len(inputs), fuzzy, s) {
			within := newScope(s)
			within.values[op.Name.Text] = &value{table: b.share(op.Name.Text, entity.rel, false)}
			inputs = append(inputs, unionInput{b.tabular(op.Body, within), entity.name})
		}
	}
	if len(inputs) == 0 {
		if b.src.Err() == nil {
			b.errorf(op.Span(), "macro-expand needs a table that exists")
		}
		return b.nothing()
	}
	return b.united(inputs, inner, "")
}

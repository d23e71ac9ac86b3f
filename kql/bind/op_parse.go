package bind

import (
	"regexp"
	"strings"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// parsed is a pattern of parse as one regular expression, whose groups are the
// columns.
type parsed struct {
	expression strings.Builder
	columns    []*syntax.ParseColumn
	groups     []int // the group of each column; texts may have groups too
	last       int   // the number of groups so far
}

// parse binds parse and parse-where: columns are taken out of a text by a
// pattern. A row that does not match gets empty columns, or is dropped.
func (b *binder) parse(op *syntax.ParseOperator, rel *relation, s *scope) *relation {
	r := rel.derive()
	text := b.scalar(op.X, rows(r, s))
	if bad(text) {
		return b.nothing()
	}
	p := pattern(op)
	if _, err := regexp.Compile(p.expression.String()); err != nil {
		b.errorf(op.Span(), "the pattern cannot be read: %v", err)
		return b.nothing()
	}
	source := b.define(r, []item{{name: "text", expr: convert(text, types.String)}})[0]
	value := &plan.Ref{Column: source}
	whole := &plan.Literal{Of: types.String, Value: p.expression.String()}
	matches := b.callBuiltin("matches regex", types.Bool, value, whole)
	if op.Where {
		r.node = &plan.Filter{Input: r.node, Predicate: matches}
	}
	var items []item
	for i, c := range p.columns {
		group := &plan.Literal{Of: types.Long, Value: int64(p.groups[i])}
		part := b.callBuiltin("extract", types.String, whole, group, value)
		t := types.String
		if c.Type != nil {
			t = c.Type.Type
		}
		items = append(items, item{name: c.Name.Text, expr: convert(part, t)})
	}
	for i, c := range b.define(r, items) {
		r.set(items[i].name, c)
	}
	return r
}

// pattern turns the parts of a pattern into a regular expression. In the plain
// kinds texts mean themselves and a column reaches to the next text.
func pattern(op *syntax.ParseOperator) *parsed {
	kind, flags := "simple", ""
	for _, p := range op.Properties {
		switch p.Name.Text {
		case "kind":
			kind = propertyWord(p)
		case "flags":
			flags = propertyWord(p)
		}
	}
	out := &parsed{}
	out.expression.WriteString("(?s" + strings.Map(onlyFlags, flags) + ")")
	if kind != "regex" {
		out.expression.WriteString("^")
	}
	for i, part := range op.Pattern {
		last := i == len(op.Pattern)-1
		switch part := part.(type) {
		case *syntax.Star:
			if !last {
				out.expression.WriteString(".*?")
			}
		case *syntax.Literal:
			text, _ := part.Value.(string)
			if kind != "regex" {
				text = regexp.QuoteMeta(text)
			}
			out.expression.WriteString(text)
			if r, err := regexp.Compile(text); err == nil {
				out.last += r.NumSubexp()
			}
		case *syntax.ParseColumn:
			out.columns = append(out.columns, part)
			out.last++
			out.groups = append(out.groups, out.last)
			out.expression.WriteString(columnPattern(part, last, kind))
		}
	}
	return out
}

func onlyFlags(r rune) rune {
	if strings.ContainsRune("imU", r) {
		return r
	}
	return -1
}

// columnPattern is what a column takes: a number what looks like one, a text as
// little as possible, or with kind=regex as much as possible.
func columnPattern(c *syntax.ParseColumn, last bool, kind string) string {
	number := ""
	if c.Type != nil {
		switch c.Type.Type {
		case types.Int, types.Long:
			number = `[-+]?\d+`
		case types.Real, types.Decimal:
			number = `[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?`
		}
	}
	switch {
	case number != "" && kind == "relaxed":
		return `\s*(` + number + `|.*?)`
	case number != "":
		return `\s*(` + number + `)`
	case last || kind == "regex":
		return "(.*)"
	}
	return "(.*?)"
}

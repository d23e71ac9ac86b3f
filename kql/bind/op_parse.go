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
// pattern. A row that does not match gets empty columns, or is dropped. Except
// with kind=relaxed, a value that does not fit its column's type means that the
// row does not match.
func (b *binder) parse(op *syntax.ParseOperator, rel *relation, s *scope) *relation {
	r := rel.derive()
	text := b.scalar(op.X, rows(r, s))
	kind, ok := b.parseKind(op)
	if bad(text) || !ok || !b.parseArrangement(op) {
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
	fits := []plan.Expr{b.callBuiltin("matches regex", types.Bool, value, whole)}
	items := make([]item, len(p.columns))
	for i, c := range p.columns {
		group := &plan.Literal{Of: types.Long, Value: int64(p.groups[i])}
		part := b.callBuiltin("extract", types.String, whole, group, value)
		items[i] = item{name: c.Name.Text, expr: convert(part, parsedType(c))}
	}
	columns := b.define(r, items)
	for i, c := range p.columns {
		if t := parsedType(c); kind != "relaxed" && t != types.String {
			fits = append(fits, b.callBuiltin("isnotnull", types.Bool, &plan.Ref{Column: columns[i]}))
		}
	}
	if op.Where {
		r.node = &plan.Filter{Input: r.node, Predicate: b.callBuiltin("and", types.Bool, fits...)}
	} else if len(fits) > 1 {
		columns = b.parsedTogether(r, items, columns, b.callBuiltin("and", types.Bool, fits...))
	}
	for i, c := range columns {
		r.set(items[i].name, c)
	}
	return r
}

// parsedType is the type of a column in a pattern.
func parsedType(c *syntax.ParseColumn) types.Type {
	if c.Type != nil {
		return c.Type.Type
	}
	return types.String
}

// parsedTogether empties the columns of the rows in which one does not fit.
func (b *binder) parsedTogether(r *relation, items []item, columns []*plan.Column, fit plan.Expr) []*plan.Column {
	together := make([]item, len(items))
	for i, c := range columns {
		whole := &plan.Case{Branches: []plan.Branch{{When: fit, Then: &plan.Ref{Column: c}}}, Else: null(c.Type), Of: c.Type}
		together[i] = item{name: items[i].name, expr: whole}
	}
	return b.define(r, together)
}

// parseKind checks the kind and the flags.
func (b *binder) parseKind(op *syntax.ParseOperator) (string, bool) {
	kind := "simple"
	for _, p := range op.Properties {
		word := propertyWord(p)
		switch {
		case p.Name.Text == "kind" && word != "simple" && word != "regex" && word != "relaxed":
			b.errorf(p.Span(), "parse has no kind %q; kinds are simple, regex, relaxed", word)
			return "", false
		case p.Name.Text == "kind":
			kind = word
		case p.Name.Text == "flags" && strings.Trim(word, "imsUu") != "":
			b.errorf(p.Span(), "flags of parse are i, m, s and U, not %q", word)
			return "", false
		}
	}
	return kind, true
}

// parseArrangement reports parts of a pattern that cannot stand side by side,
// because nothing says where one ends and the next begins.
func (b *binder) parseArrangement(op *syntax.ParseOperator) bool {
	var before syntax.Expr
	for _, part := range op.Pattern {
		_, star := part.(*syntax.Star)
		column, isColumn := before.(*syntax.ParseColumn)
		_, text := part.(*syntax.Literal)
		switch {
		case star && isColumn && parsedType(column) == types.String:
			b.errorf(part.Span(), "* behind the text column %q says nothing: a text between them tells where it ends", column.Name.Text)
			return false
		case !text && !star && before != nil && !isLiteral(before), !text && before != nil && isStar(before):
			b.errorf(part.Span(), "a text in quotes must stand before this part of the pattern")
			return false
		}
		before = part
	}
	return true
}

func isLiteral(x syntax.Expr) bool {
	_, ok := x.(*syntax.Literal)
	return ok
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

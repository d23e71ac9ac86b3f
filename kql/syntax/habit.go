package syntax

import (
	"fmt"
	"strings"

	"github.com/quoll/quoll/kql/source"
)

// What people bring along from other languages, and how KQL says it.
const (
	joinConditions = `"and" and "or" join conditions`
	commentHabit   = "// begins a comment, which ends with the line"
	sqlHabit       = "KQL begins with the table: Table | where … | summarize … by … | project …"
)

// words of other languages behind an operand.
var habits = map[string]string{
	"like":  `"contains", "startswith", "endswith" and "matches regex" search in a text`,
	"is":    "isnull(x), isempty(x), isnotnull(x) and isnotempty(x) ask whether there is a value",
	"as":    "name = x names a column; the operator as names a table",
	"from":  sqlHabit,
	"rlike": `"matches regex" takes a regular expression`,
	"then":  "iff(condition, a, b) and case(condition, a, …, b) choose a value",
	"eq":    `"==" compares`,
	"ne":    `"!=" compares`,
}

// operators of SQL.
var operatorHabits = map[string]string{
	"group": "summarize … by … groups rows", "groupby": "summarize … by … groups rows",
	"select": "project chooses columns", "having": "where behind summarize filters groups",
	"from": sqlHabit, "head": "take gives some rows, top the first of an order", "first": "top gives the first rows of an order",
	"rename": "project-rename renames columns", "drop": "project-away drops columns", "stats": "summarize computes aggregates",
	"eval": "extend computes columns", "table": "project chooses columns", "dedup": "distinct keeps each row once",
	"filter_by": "where filters rows", "orderby": "sort by … orders rows", "unique": "distinct keeps each row once",
}

// remedy guesses what was meant where something else is expected.
func (p *parser) remedy(what string) string {
	t := p.current()
	switch {
	case t.Kind == Symbol && t.Text == "=":
		return `"==" compares; "=" names a column`
	case what == `")"` || what == `"]"`:
		return p.openBracket(what)
	case t.Kind == Symbol && t.Text == ")" && p.levels[p.i] == 0:
		return `there is no "(" that this closes`
	case t.Kind == Symbol && t.Text == "|" && p.previous("|"):
		return joinConditions + `; "|" stands once, before an operator`
	case t.Kind == Symbol && t.Text == "|" && p.previous(","):
		return "no comma stands behind the last of a list"
	case p.previous("not"):
		return "not(…) takes what it turns around in parentheses"
	case p.hasDashes():
		return commentHabit
	case t.Kind == Identifier:
		return p.wordRemedy(t.Text, what)
	case t.Kind == Constant && strings.HasSuffix(what, `"where"`):
		return joinConditions
	}
	return ""
}

// wordRemedy guesses what a word means that cannot stand where it does.
func (p *parser) wordRemedy(word, what string) string {
	lower := strings.ToLower(word)
	if remedy, ok := habits[lower]; ok {
		return remedy
	}
	if lower != word && infixWords[lower] {
		return `letters in their case: "` + lower + `"`
	}
	for _, name := range OperatorNames() {
		if name == lower && strings.HasPrefix(what, `"|"`) {
			return `a "|" stands before each operator: | ` + name
		}
	}
	best, least := "", 3
	for op := range stringOps {
		d := source.Distance(lower, op, least+1)
		if _, older := legacyOps[op]; !older && len(op) > 3 && (d < least || d == least && best != "" && op > best) {
			best, least = op, d
		}
	}
	switch {
	case best != "":
		return `did you mean "` + best + `"?`
	case strings.HasSuffix(what, `"where"`):
		return joinConditions
	}
	return ""
}

// previous reports whether text stands before the current token.
func (p *parser) previous(text string) bool { return p.i > 0 && p.tokens[p.i-1].Text == text }

// lookBack is how many tokens a guess goes back at most, so that the cost of
// many mistakes does not grow with the square of the text.
const lookBack = 200

// hasDashes reports whether two dashes side by side stand before the current
// token in its line.
func (p *parser) hasDashes() bool {
	for i := p.i - 1; i > 0 && i > p.i-lookBack; i-- {
		between := source.Span{Start: p.tokens[i].Span.End, End: p.tokens[i+1].Span.Start}
		if strings.Contains(p.src.Slice(between), "\n") {
			return false
		}
		if p.tokens[i].Text == "-" && p.tokens[i-1].Text == "-" && p.adjacent(i) {
			return true
		}
	}
	return false
}

// openBracket says where the bracket is that should be closed.
func (p *parser) openBracket(what string) string {
	opening := map[string]string{`")"`: "(", `"]"`: "["}[what]
	for i := p.i - 1; i >= 0 && i > p.i-lookBack; i-- {
		t := p.tokens[i]
		if t.Kind == Symbol && t.Text == opening && p.levels[i]+1 == p.levels[p.i] {
			line, column := p.src.Position(t.Span.Start)
			return fmt.Sprintf("it closes the %q at line %d, column %d", opening, line, column)
		}
	}
	return ""
}

// operatorRemedy guesses which operator a name means that is none.
func (p *parser) operatorRemedy(name string) string {
	lower := strings.ToLower(name)
	for _, known := range OperatorNames() {
		if known == lower {
			return `letters in their case: "` + known + `"`
		}
	}
	if remedy, ok := operatorHabits[lower]; ok {
		return remedy
	}
	if near := nearestOperator(name); near != "" {
		return `did you mean "` + near + `"?`
	}
	if p.isOp(equalityOps) || p.isOp(relationalOps) || p.isOp(stringOps) {
		return joinConditions + `; "|" stands before an operator`
	}
	return ""
}

// startsSQL reports whether a statement of SQL begins here.
func (p *parser) startsSQL() bool {
	word, next := p.peek(0), p.peek(1)
	if word.Kind != Identifier || next.Kind != Identifier && next.Kind != Constant && next.Text != "*" || isInfix(next) {
		return false
	}
	switch strings.ToLower(word.Text) {
	case "select", "insert", "update", "delete", "create", "alter", "drop", "show", "with":
		return true
	}
	return false
}

// sqlStatement refuses SQL.
func (p *parser) sqlStatement() Statement {
	start := p.i
	word := p.current()
	p.fail(source.Diagnostic{Span: word.Span, Message: quote(word.Text) + " begins no query: this is KQL and not SQL", Remedy: sqlHabit})
	return &BadStatement{pos: p.from(start)}
}

// strangers are characters of other languages, with what KQL has instead.
var strangers = []struct{ text, remedy string }{
	{"&&", joinConditions}, {"&", joinConditions}, {"!", "not(…) turns a condition around; != compares"},
	{"“", `quotes are " and '`}, {"”", `quotes are " and '`}, {"‘", `quotes are " and '`}, {"’", `quotes are " and '`}, {"`", `quotes are " and '; names with spaces stand in ['…']`},
	{"#", commentHabit}, {"^", "binary_xor() and pow() compute that"}, {"~", "=~ compares upper and lower case alike"},
}

package duckdb

import (
	"slices"
	"strings"

	"github.com/quoll/quoll/internal/asciifold"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/rewrite"
	sqlgen "github.com/quoll/quoll/kql/sqlgen/duckdb"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/lake"
)

// tally is an aggregate that the lake can compute.
type tally struct {
	node  *plan.Aggregate
	scan  *plan.Scan
	asked lake.Counting
	times sqlgen.Times
	// having are conditions that whoever reads the groups asks of their numbers of rows.
	having []having
}

// having is a comparison of a group's number of rows.
type having struct {
	operator string
	than     int64
}

func (h having) met(rows int64) bool {
	switch h.operator {
	case "<":
		return rows < h.than
	case "<=":
		return rows <= h.than
	case ">":
		return rows > h.than
	case ">=":
		return rows >= h.than
	}
	return true
}

// tallies returns the aggregates of a statement that the lake can compute.
func (r *reader) tallies(s *plan.Statement) (all []tally) {
	readers := plan.Readers(s.Root)
	plan.Visit(s.Root, func(n plan.Node) {
		if a, ok := n.(*plan.Aggregate); ok {
			if t, ok := r.tally(a); ok {
				all = append(all, t)
			}
		}
	})
	for i := range all {
		t := &all[i]
		if by := readers[t.node]; len(by) == 1 && len(t.node.Keys) > 0 {
			if f, ok := by[0].(*plan.Filter); ok {
				t.have(f.Predicate)
			}
		}
	}
	return all
}

// have takes in what a condition on the groups asks of their numbers of rows. The
// condition stays in the statement.
func (t *tally) have(e plan.Expr) {
	c, ok := e.(*plan.Call)
	if !ok {
		return
	}
	if c.Function.Name == "and" {
		for _, a := range c.Args {
			t.have(a)
		}
		return
	}
	if len(c.Args) != 2 {
		return
	}
	ref, isRef := c.Args[0].(*plan.Ref)
	l, isLiteral := c.Args[1].(*plan.Literal)
	if !isRef || !isLiteral {
		return
	}
	than, ok := l.Value.(int64)
	if ok && l.Of == types.Long && slices.ContainsFunc(t.node.Aggregates, func(d plan.Definition) bool { return d.Column == ref.Column }) {
		t.having = append(t.having, having{c.Function.Name, than})
	}
}

// tally reads an aggregate; ok is false where it asks for more than numbers of rows by
// texts and steps of time, or conditions are not of the kinds that the lake knows.
func (r *reader) tally(a *plan.Aggregate) (t tally, ok bool) {
	t.node = a
	for _, d := range a.Aggregates {
		if c, ok := d.Expr.(*plan.Call); !ok || c.Function.Name != "count" || len(c.Args) > 0 {
			return t, false
		}
	}
	var conditions []plan.Expr
	n := a.Input
	for {
		if f, ok := n.(*plan.Filter); ok {
			conditions, n = append(conditions, f.Predicate), f.Input
		} else if p, ok := n.(*plan.Project); ok {
			n = p.Input // what it defines is no column of the scan
		} else {
			break
		}
	}
	if t.scan, ok = n.(*plan.Scan); !ok || t.scan.Ranges != nil {
		return t, false
	}
	sources := map[*plan.Column]string{}
	for _, f := range t.scan.Fields {
		sources[f.Column] = f.Source
	}
	const timeColumn = rewrite.TimeColumn
	var others []plan.Expr
	t.times, others = sqlgen.Split(t.scan, timeColumn, conditions)
	for _, e := range others {
		only, ok := onlyOf(e, sources)
		if !ok {
			return t, false
		}
		t.asked.Only = append(t.asked.Only, only)
	}
	t.asked.Only = documentsLast(t.asked.Only)
	for _, d := range a.Keys {
		by, ok := byOf(d.Expr, sources, timeColumn)
		if !ok {
			return t, false
		}
		t.asked.By = append(t.asked.By, by)
	}
	t.asked.Groups = maxGroups
	// Statistics know what is counted without anything being asked.
	return t, len(a.Keys) > 0 || len(a.Aggregates) > 0 && len(t.asked.Only) > 0
}

// onlyOf reads a condition on texts of a table: on one column, or such that and and or
// put together.
func onlyOf(e plan.Expr, sources map[*plan.Column]string) (only lake.Only, ok bool) {
	only.Holds, ok = holds(e, func(value plan.Expr) bool {
		column, ok := textOf(value, sources)
		if only.Column == "" {
			only.Column = column
		}
		return ok && column == only.Column
	})
	if ok {
		only.Piece, only.Quick = pieceOf(e), isOfASCII(e)
		return only, true
	}
	c, isCall := e.(*plan.Call)
	if !isCall || c.Function.Name != "or" && c.Function.Name != "and" {
		return only, false
	}
	var parts []lake.Only
	args := c.Args
	if c.Function.Name == "or" {
		parts, args = anyTexts(c, sources)
	}
	for _, a := range args {
		part, ok := onlyOf(a, sources)
		if !ok {
			return only, false
		}
		parts = append(parts, part)
	}
	if c.Function.Name == "and" {
		return lake.Only{All: documentsLast(parts)}, true
	}
	if len(parts) == 1 {
		return parts[0], true
	}
	return lake.Only{Any: parts}, true
}

// documentsLast has conditions that may look into documents be asked last, of what is left.
func documentsLast(all []lake.Only) []lake.Only {
	slices.SortStableFunc(all, func(a, b lake.Only) int {
		switch {
		case a.Anywhere() == b.Anywhere():
			return 0
		case a.Anywhere():
			return 1
		}
		return -1
	})
	return all
}

// pieceOf returns a text that each text has for which a condition of holds is true,
// whatever the case of what is ASCII in it: no other character equals one of ASCII. It is
// empty if there is none.
func pieceOf(e plan.Expr) string {
	c, ok := e.(*plan.Call)
	if !ok {
		return ""
	}
	switch c.Function.Name {
	case "and":
		for _, a := range c.Args {
			if piece := pieceOf(a); piece != "" {
				return piece
			}
		}
		return ""
	case "==", "=~", "contains", "contains_cs", "has", "has_cs", "hasprefix", "hasprefix_cs", "hassuffix", "hassuffix_cs",
		"startswith", "startswith_cs", "endswith", "endswith_cs":
		for _, a := range c.Args {
			if texts, constant := constants([]plan.Expr{a}); constant {
				return texts[0]
			}
		}
	}
	return ""
}

// holds reads a condition on a text as the engine would compute it; ours says which
// expressions are the text.
func holds(e plan.Expr, ours func(plan.Expr) bool) (met func(text string) bool, ok bool) {
	c, ok := e.(*plan.Call)
	if !ok {
		return nil, false
	}
	switch name := c.Function.Name; name {
	case "and", "or", "not":
		return combined(c, ours)
	case "isempty", "isnotempty":
		return func(text string) bool { return (text == "") == (name == "isempty") }, ours(c.Args[0])
	case "in", "!in":
		list, constant := constants(c.Args[1:])
		return func(text string) bool { return slices.Contains(list, text) == (name == "in") }, constant && ours(c.Args[0])
	}
	if len(c.Args) != 2 {
		return nil, false
	}
	value, needle := c.Args[0], c.Args[1]
	if _, constant := value.(*plan.Literal); constant && c.Function.Name == "==" {
		value, needle = needle, value
	}
	list, constant := constants([]plan.Expr{needle})
	if !constant || !ours(value) {
		return nil, false
	}
	name, negated := strings.CutPrefix(c.Function.Name, "!")
	if met := ofASCII(name, list[0]); met != nil {
		return func(text string) bool { return met(text) != negated }, true
	}
	compare, ok := operator(name)
	return func(text string) bool { return compare(text, list[0]) != negated }, ok
}

// combined puts conditions together. None of them is null, as no text is.
func combined(c *plan.Call, ours func(plan.Expr) bool) (met func(text string) bool, ok bool) {
	var all []func(string) bool
	for _, a := range c.Args {
		met, ok := holds(a, ours)
		if !ok {
			return nil, false
		}
		all = append(all, met)
	}
	switch c.Function.Name {
	case "and":
		return func(text string) bool {
			return !slices.ContainsFunc(all, func(met func(string) bool) bool { return !met(text) })
		}, true
	case "or":
		return func(text string) bool {
			return slices.ContainsFunc(all, func(met func(string) bool) bool { return met(text) })
		}, true
	}
	return func(text string) bool { return !all[0](text) }, len(all) == 1
}

// ofASCII returns an operator without regard to case with a needle of ASCII: no other
// character equals one of those, so that bytes decide. It is nil for all else.
func ofASCII(name, needle string) (met func(text string) bool) {
	piece := asciifold.New(needle)
	if piece == nil || piece.Len() != len(needle) {
		return nil
	}
	switch name {
	case "=~", "~": // of !~
		return func(text string) bool { return len(text) == len(needle) && piece.Ends(text) }
	case "contains":
		return piece.In
	case "startswith":
		return piece.Begins
	case "endswith":
		return piece.Ends
	}
	return nil
}

// isOfASCII reports whether a condition of holds is one of ofASCII and nothing else.
func isOfASCII(e plan.Expr) bool {
	c, ok := e.(*plan.Call)
	if !ok || len(c.Args) != 2 {
		return false
	}
	needle, constant := constants(c.Args[1:])
	return constant && ofASCII(strings.TrimPrefix(c.Function.Name, "!"), needle[0]) != nil
}

// operator returns an operator of two texts; those that the engine has of its own go by
// bytes.
func operator(name string) (compare func(text, other string) bool, ok bool) {
	switch name {
	case "=": // of !=
		return func(text, other string) bool { return text == other }, true
	case "==":
		return func(text, other string) bool { return text == other }, true
	case "contains_cs":
		return strings.Contains, true
	case "startswith_cs":
		return strings.HasPrefix, true
	case "endswith_cs":
		return strings.HasSuffix, true
	case "=~", "~": // of !~
		name = "equals"
	}
	function := "quoll_" + name
	_, ok = textFunctions[function]
	return func(text, other string) bool { return textMatches(function, text, other) }, ok
}

// constants returns the texts of constants.
func constants(items []plan.Expr) (texts []string, ok bool) {
	for _, item := range items {
		l, ok := item.(*plan.Literal)
		if !ok || l.Of != types.String {
			return nil, false
		}
		text, ok := l.Value.(string)
		if !ok {
			return nil, false
		}
		texts = append(texts, text)
	}
	return texts, true
}

// textOf returns the name in storage of a column of texts.
func textOf(e plan.Expr, sources map[*plan.Column]string) (source string, ok bool) {
	ref, ok := e.(*plan.Ref)
	if !ok || ref.Column.Type != types.String {
		return "", false
	}
	source, ok = sources[ref.Column]
	return source, ok
}

// byOf reads what rows are counted by.
func byOf(e plan.Expr, sources map[*plan.Column]string, timeColumn string) (by lake.By, ok bool) {
	c, isCall := e.(*plan.Call)
	if !isCall {
		by.Column, ok = textOf(e, sources)
		return by, ok
	}
	if c.Function.Name != "bin" || c.Of != types.DateTime || len(c.Args) != 2 {
		return by, false
	}
	ref, isRef := c.Args[0].(*plan.Ref)
	l, isLiteral := c.Args[1].(*plan.Literal)
	if !isRef || !isLiteral || sources[ref.Column] != timeColumn {
		return by, false
	}
	span, ok := l.Value.(types.Ticks)
	if !ok || span <= 0 || span%10 != 0 {
		return by, false
	}
	return lake.By{Column: timeColumn, Step: int64(span) / 10}, true
}

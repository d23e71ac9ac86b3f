package duckdb

// #include "text.h"
import "C"

import (
	"bytes"
	"strings"

	"github.com/quoll/quoll/internal/asciifold"
	"github.com/quoll/quoll/internal/termfilter"
	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/lake"
)

// `search "x"` and `* has "x"` ask each column for x. Where x is an address, the lake knows
// in which columns it mostly is, and of which rows the documents must be looked into.

// looked is a column that is looked into for a text.
type looked struct {
	operator, needle string
	column           string
	document         bool
	condition        plan.Expr
}

// anyTexts splits the conditions that an or puts together: into those that ask several
// columns, documents among them, for the same address, and the rest.
func anyTexts(or *plan.Call, sources map[*plan.Column]string) (texts []lake.Only, rest []plan.Expr) {
	type asked struct{ operator, needle string }
	var order []asked
	columns := map[asked][]looked{}
	for _, e := range alternatives(or, nil) {
		l, ok := lookedInto(e, sources)
		if !ok {
			rest = append(rest, e)
			continue
		}
		of := asked{l.operator, l.needle}
		if len(columns[of]) == 0 {
			order = append(order, of)
		}
		columns[of] = append(columns[of], l)
	}
	for _, of := range order {
		if only, ok := anyText(of.operator, of.needle, columns[of], sources); ok {
			texts = append(texts, only)
			continue
		}
		for _, l := range columns[of] {
			rest = append(rest, l.condition)
		}
	}
	return texts, rest
}

// alternatives appends the conditions of which or wants one: has_any is has for each of its
// texts.
func alternatives(e plan.Expr, to []plan.Expr) []plan.Expr {
	c, ok := e.(*plan.Call)
	switch {
	case ok && c.Function.Name == "or":
		for _, a := range c.Args {
			to = alternatives(a, to)
		}
		return to
	case ok && c.Function.Name == "has_any":
		if _, constant := constants(c.Args[1:]); !constant {
			break
		}
		has := builtin.All().Must("has")
		for _, text := range c.Args[1:] {
			to = append(to, &plan.Call{Function: has, Args: []plan.Expr{c.Args[0], text}, Of: c.Of})
		}
		return to
	}
	return append(to, e)
}

// lookedInto reads a condition that a column has a word.
func lookedInto(e plan.Expr, sources map[*plan.Column]string) (l looked, ok bool) {
	c, isCall := e.(*plan.Call)
	if !isCall || len(c.Args) != 2 || c.Function.Name != "has" && c.Function.Name != "has_cs" {
		return l, false
	}
	needle, constant := constants(c.Args[1:])
	if !constant {
		return l, false
	}
	l.operator, l.needle, l.condition = c.Function.Name, needle[0], e
	if l.column, ok = textOf(c.Args[0], sources); ok {
		return l, true
	}
	text, isConverted := c.Args[0].(*plan.Convert)
	if !isConverted || text.To != types.String || text.X.Type() != types.Dynamic {
		return l, false
	}
	ref, isRef := text.X.(*plan.Ref)
	if !isRef {
		return l, false
	}
	l.document = true
	l.column, ok = sources[ref.Column]
	return l, ok
}

// anyText is the condition that one of some columns has a text; ok is false where there are
// no documents, or homes need not be asked first.
func anyText(operator, needle string, columns []looked, sources map[*plan.Column]string) (only lake.Only, ok bool) {
	only.Text = termfilter.Text(needle, true, true, false)
	if !only.Text.Placed() || !plan.WithinString(needle) {
		return only, false
	}
	for _, l := range columns {
		if l.document {
			only.Any, ok = append(only.Any, lake.Only{Column: l.column, Document: inDocument(operator, needle)}), true
			continue
		}
		of, known := onlyOf(l.condition, sources)
		if !known {
			return only, false
		}
		only.Any = append(only.Any, of)
	}
	return only, ok
}

// inDocument returns what says whether the text of a document has a word, as the engine
// does. It does not know of what is no JSON.
func inDocument(operator, needle string) func(document []byte) (has, known bool) {
	piece := asciifold.New(needle)
	stored, surely, text := modes()["quoll_stored_"+operator], modes()["quoll_surely_"+operator], textFunctions["quoll_"+operator]
	return func(document []byte) (has, known bool) {
		switch {
		case len(document) == 0:
			return false, true
		case piece != nil && piece.Index(document) < 0 && asWritten(document, needle):
			return false, true
		case !matches(stored, string(document), needle):
			return false, true
		case matches(surely, string(document), needle):
			return true, true
		}
		// It is within a string, so that it does not matter how numbers are written.
		value, valid := jsonPathText(string(document), "")
		if first := bytes.TrimLeft(document, " \t\r\n"); len(first) > 0 && (first[0] == '{' || first[0] == '[') {
			value = string(termfilter.Rewritten([]byte(value)))
		}
		return valid && matches(text, value, needle), valid
	}
}

// asWritten reports whether all strings of a document are stored as the engine writes them, as
// far as the needle can tell. What it writes for null, or for what is no JSON, is empty.
func asWritten(document []byte, needle string) bool {
	if document[0] != '{' && document[0] != '[' {
		return bytes.IndexByte(document, '\\') < 0
	}
	return !bytes.Contains(document, []byte(`\u`)) && (!strings.Contains(needle, "/") || !bytes.Contains(document, []byte(`\/`)))
}

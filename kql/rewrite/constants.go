package rewrite

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quoll/quoll/kql/budget"
	"github.com/quoll/quoll/kql/native/network"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// FoldConditions computes those parts of filters that are the same for every row and say
// what a constant is, so that what depends on them is known before files and columns are
// chosen: a query may ask a column only if what it looks for is an address.
//
// Only what a filter keeps is held to: a condition that is null becomes false.
func FoldConditions(s *plan.Statement, work *budget.Budget) {
	plan.Visit(s.Root, func(n plan.Node) {
		if f, ok := n.(*plan.Filter); ok {
			f.Predicate = folder{work}.condition(f.Predicate)
		}
	})
}

type folder struct{ work *budget.Budget }

// condition returns a condition without what is the same for every row: the literal true or
// false if that is all of it.
func (f folder) condition(e plan.Expr) plan.Expr {
	f.work.Spend(1)
	c, ok := e.(*plan.Call)
	if !ok {
		return e
	}
	if c.Function.Name == "and" || c.Function.Name == "or" {
		return f.several(c)
	}
	if v, known := f.value(e); known && e.Type() == types.Bool {
		return truth(v == true)
	}
	return e
}

// several folds the parts of a list of conditions: of and, one that is false decides, of or
// one that is true, and the others of the two are left out.
func (f folder) several(c *plan.Call) plan.Expr {
	call := *c
	call.Args = make([]plan.Expr, len(c.Args))
	for i, a := range c.Args {
		call.Args[i] = f.condition(a)
	}
	return joined(&call)
}

// written returns a call whose arguments are folded, without what is the same for every row.
// One that is null stays: it may stand within another.
func (f folder) written(c *plan.Call) plan.Expr {
	if c.Function.Name == "and" || c.Function.Name == "or" {
		return joined(c)
	}
	if v, known := f.call(c); known && c.Of == types.Bool && v != nil {
		return truth(v == true)
	}
	return c
}

// joined returns and or or without the parts that are constant, or the one that decides.
func joined(c *plan.Call) plan.Expr {
	decides := c.Function.Name == "or"
	var left []plan.Expr
	for _, a := range c.Args {
		switch l, ok := a.(*plan.Literal); {
		case !ok || l.Value == nil:
			left = append(left, a)
		case l.Value == decides:
			return truth(decides)
		}
	}
	switch len(left) {
	case 0:
		return truth(!decides)
	case 1:
		return left[0]
	}
	call := *c
	call.Args = left
	return &call
}

func truth(value bool) plan.Expr { return &plan.Literal{Of: types.Bool, Value: value} }

// value computes what needs no row: nil is null, and known says whether it is simple enough.
func (f folder) value(e plan.Expr) (v any, known bool) {
	f.work.Spend(1)
	switch e := e.(type) {
	case *plan.Literal:
		return e.Value, e.Of != types.Dynamic
	case *plan.Call:
		return f.call(e)
	}
	return nil, false
}

func (f folder) call(c *plan.Call) (v any, known bool) {
	name := c.Function.Name
	switch name {
	case "and", "or":
		return f.logic(c)
	case "contains", "!contains":
		found, known := f.within(c)
		return found == (name == "contains"), known
	case "has", "has_cs", "hasprefix", "hasprefix_cs", "hassuffix", "hassuffix_cs", "contains_cs":
		text, known := f.text(c.Args[0])
		needle, constant := f.text(c.Args[1])
		return false, known && constant && text == "" && needle != ""
	}
	if len(c.Args) != 1 {
		return nil, false
	}
	v, known = f.value(c.Args[0])
	if !known {
		return nil, false
	}
	if v == nil && c.Args[0].Type() == types.String {
		v = "" // a string is never null
	}
	null, empty := v == nil, v == nil || v == ""
	switch name {
	case "not":
		b, ok := v.(bool)
		return !b, ok
	case "isnull":
		return null, true
	case "isnotnull":
		return !null, true
	case "isempty":
		return empty, true
	case "isnotempty":
		return !empty, true
	}
	text, ok := v.(string)
	compute := addresses[name]
	if !ok || compute == nil {
		return nil, false
	}
	v, err := compute([]any{text})
	if v == nil && c.Of == types.String {
		v = ""
	}
	return v, err == nil
}

func (f folder) logic(c *plan.Call) (v any, known bool) {
	decides := c.Function.Name == "or"
	for _, a := range c.Args {
		v, known := f.value(a)
		b, ok := v.(bool)
		switch {
		case !known || !ok:
			return nil, false
		case b == decides:
			return decides, true
		}
	}
	return !decides, true
}

// text returns the text that an expression is for every row.
func (f folder) text(e plan.Expr) (text string, known bool) {
	v, known := f.value(e)
	text, _ = v.(string) // a string is never null
	return text, known && e.Type() == types.String
}

// within says whether a constant text has another in it, where case and forms of characters
// cannot matter: all of the other is ASCII and no letter.
func (f folder) within(c *plan.Call) (found, known bool) {
	var texts [2]string
	for i, a := range c.Args {
		if texts[i], known = f.text(a); !known {
			return false, false
		}
	}
	if texts[0] == "" {
		return texts[1] == "", true
	}
	if strings.ContainsFunc(texts[1], func(r rune) bool { return r >= utf8.RuneSelf || unicode.IsLetter(r) }) {
		return false, false
	}
	return strings.Contains(texts[0], texts[1]), true
}

// addresses are the functions that say whether a text is an address.
var addresses = func() map[string]func(args []any) (any, error) {
	all := map[string]func([]any) (any, error){}
	for _, f := range network.Functions() {
		if f.Name == "parse_ipv4" || f.Name == "parse_ipv6" {
			all[f.Name] = f.Call
		}
	}
	return all
}()

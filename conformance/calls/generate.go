package main

import (
	"math/rand/v2"
	"strings"

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/types"
)

// columns are those of the table T that the calls are made over: one of each
// type.
var columns = []struct {
	name string
	of   types.Type
}{
	{"b", types.Bool}, {"i", types.Int}, {"l", types.Long}, {"r", types.Real}, {"e", types.Decimal},
	{"s", types.String}, {"g", types.Guid}, {"t", types.DateTime}, {"d", types.TimeSpan}, {"x", types.Dynamic},
}

// constants are the arguments beside the columns.
var constants = []struct {
	text string
	of   types.Type
}{
	{"true", types.Bool}, {"int(2)", types.Int}, {"3", types.Long}, {"0.5", types.Real}, {"decimal(1.5)", types.Decimal}, {"'a'", types.String},
	{"datetime(2026-01-02)", types.DateTime}, {"1h", types.TimeSpan}, {"dynamic([1, 2])", types.Dynamic},
}

// most is how many calls of one function with one number of arguments there are.
const most = 70

// call is one call, alone in a query.
type call struct {
	Function   string
	Query      string
	Definition string // the same in operators, where the reference gives it so
}

// generator draws arguments; its seed makes the calls the same each time.
type generator struct{ *rand.Rand }

// anything is every argument that is a value.
func anything() []string {
	var all []string
	for _, c := range columns {
		all = append(all, c.name)
	}
	for _, c := range constants {
		all = append(all, c.text)
	}
	return all
}

// fitting are the arguments that a parameter asks for, or as many as it takes.
func fitting(p builtin.Param) []string {
	var all []string
	for _, c := range columns {
		if takes(p, c.of) {
			all = append(all, c.name)
		}
	}
	for _, c := range constants {
		if takes(p, c.of) && p.Accept != builtin.ColumnName {
			all = append(all, c.text)
		}
	}
	if p.Accept == builtin.TypeName {
		return []string{"typeof(long)", "typeof(string)"}
	}
	return all
}

func takes(p builtin.Param, t types.Type) bool {
	switch p.Accept {
	case builtin.Exactly:
		return t == p.Type
	case builtin.AnyNumber:
		return t.Numeric()
	case builtin.AnyInteger:
		return t.Integer()
	case builtin.AnySum:
		return t.Summable() || t == types.DateTime
	case builtin.AnyOrder:
		return t != types.Dynamic
	case builtin.TypeName:
		return false
	}
	return true
}

// calls returns the calls of a function: for each number of arguments every
// combination, or as many as most; half of those fit in all places but one.
func (g generator) calls(f *builtin.Function) []call {
	var all []call
	seen := map[string]bool{}
	add := func(args []string) {
		text := wrap(f, args)
		if !seen[text] {
			seen[text] = true
			all = append(all, call{f.Name, text, define(f.Name, args)})
		}
	}
	for n, o := range arities(f) {
		switch n {
		case 0:
			add(nil)
			continue
		case 1:
			for _, a := range append(anything(), fitting(o.Param(0))...) {
				add([]string{a})
			}
			continue
		}
		for range most / 2 {
			add(g.nearly(o, n))
			add(g.any(n))
		}
	}
	return all
}

// arities are the overloads of a function by how many arguments they take, a
// repeated parameter up to three times.
func arities(f *builtin.Function) func(func(int, builtin.Overload) bool) {
	return func(yield func(int, builtin.Overload) bool) {
		done := map[int]bool{}
		for _, o := range f.Overloads {
			least, top := o.Bounds()
			if top < 0 {
				top = len(o.Params) + 2
			}
			for n := least; n <= top; n++ {
				if !done[n] && !yield(n, o) {
					return
				}
				done[n] = len(f.Overloads) == 1
			}
		}
	}
}

func (g generator) any(n int) []string {
	args, from := make([]string, n), anything()
	for i := range args {
		args[i] = from[g.IntN(len(from))]
	}
	return args
}

func (g generator) nearly(o builtin.Overload, n int) []string {
	args := g.any(n)
	other := g.IntN(n + 1) // n: none
	for i := range args {
		if from := fitting(o.Param(i)); i != other && len(from) > 0 {
			args[i] = from[g.IntN(len(from))]
		}
	}
	return args
}

func wrap(f *builtin.Function, args []string) string {
	text := f.Name + "(" + strings.Join(args, ", ") + ")"
	switch f.Kind {
	case builtin.Aggregate:
		return "T | summarize " + text
	case builtin.Window:
		return "T | sort by l asc | project " + text
	}
	return "T | project " + text
}

// operators are the operators of an expression, as they stand between two values.
var operators = strings.Fields(`+ - * / % == != < <= > >= =~ !~ and or has !has has_cs !has_cs contains !contains
	contains_cs !contains_cs startswith !startswith startswith_cs endswith !endswith endswith_cs hasprefix !hasprefix hassuffix !hassuffix`)

// lists are the operators that take a list.
var lists = strings.Fields(`in !in in~ !in~ has_any has_all`)

// operations returns each operator between any two arguments.
func operations() []call {
	var all []call
	add := func(name, text string) { all = append(all, call{Function: name, Query: "T | project v = " + text}) }
	for _, x := range anything() {
		for _, y := range anything() {
			for _, op := range operators {
				add(op, x+" "+op+" "+y)
			}
			for _, op := range lists {
				add(op, x+" "+op+" ("+y+")")
			}
			add("between", x+" between ("+y+" .. "+y+")")
			add("[]", x+"["+y+"]")
		}
		add("negate", "-"+x)
		add("member", x+".a")
	}
	return all
}

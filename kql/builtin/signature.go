package builtin

import (
	"strings"

	"github.com/quoll/quoll/kql/types"
)

// entry is a Function as the family files write it down. Sig holds the
// overloads as text, separated by "|":
//
//	source:text, delimiter:string, index?:integer -> dynamic
//
// A parameter's name ends in "?" when it is optional and in "..." when it
// repeats; "const" before it asks for a constant. What stands after the colon
// is a type or one of the words of accepts. After the arrow stands a type, one
// of the words of returns, or the columns of several values in parentheses:
//
//	series:dynamic -> (real:dynamic, imag:dynamic)
type entry struct {
	Name    string
	Sig     string
	Naming  Naming
	Prefix  string
	Kind    Kind
	Of      string
	Stage   string
	Doc     string
	Differs string
	Example string
}

var accepts = map[string]Accept{
	"scalar": AnyScalar, "text": AsText, "number": AnyNumber, "integer": AnyInteger,
	"summable": AnySum, "orderable": AnyOrder, "common": CommonType, "type": TypeName, "column": ColumnName,
}

var returns = map[string]Return{
	"first": First, "second": Second, "widest": Widest, "promoted": Promoted, "common": Common, "literal": Literal,
}

func (e *entry) function() *Function {
	f := &Function{
		Name: e.Name, Kind: e.Kind, Naming: e.Naming, Prefix: e.Prefix,
		Of: e.Of, Stage: e.Stage, Doc: e.Doc, Differs: e.Differs, Example: e.Example,
	}
	for _, text := range strings.Split(e.Sig, "|") {
		f.Overloads = append(f.Overloads, parseOverload(e.Name, text))
	}
	return f
}

func parseOverload(name, text string) Overload {
	params, result, ok := strings.Cut(text, "->")
	if !ok {
		panic("builtin: no arrow in the signature of " + name)
	}
	var o Overload
	result = strings.TrimSpace(result)
	if r, ok := returns[result]; ok {
		o.Returns = r
	} else if list, ok := strings.CutPrefix(result, "("); ok {
		o.Type, o.Columns = types.Dynamic, parseColumns(name, strings.TrimSuffix(list, ")"))
	} else {
		o.Type = mustType(name, result)
	}
	for _, p := range strings.Split(params, ",") {
		if p = strings.TrimSpace(p); p != "" {
			o.Params = append(o.Params, parseParam(name, p))
		}
	}
	return o
}

func parseColumns(function, text string) []Column {
	var all []Column
	for _, c := range strings.Split(text, ",") {
		name, kind, _ := strings.Cut(strings.TrimSpace(c), ":")
		all = append(all, Column{Name: name, Type: mustType(function, kind)})
	}
	return all
}

func parseParam(function, text string) Param {
	text, constant := strings.CutPrefix(text, "const ")
	name, kind, ok := strings.Cut(text, ":")
	if !ok {
		panic("builtin: parameter without type in the signature of " + function)
	}
	p := Param{Constant: constant}
	name, p.Repeat = strings.CutSuffix(name, "...")
	name, p.Optional = strings.CutSuffix(name, "?")
	p.Name = name
	if a, ok := accepts[kind]; ok {
		p.Accept = a
		return p
	}
	p.Accept, p.Type = Exactly, mustType(function, kind)
	return p
}

func mustType(function, name string) types.Type {
	t, ok := types.ParseType(name)
	if !ok {
		panic("builtin: type " + name + " in the signature of " + function)
	}
	return t
}

// String returns the overload as documentation shows it.
func (o Overload) String() string {
	var b strings.Builder
	b.WriteByte('(')
	for i, p := range o.Params {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(p.String())
	}
	b.WriteString(") -> ")
	b.WriteString(o.result())
	return b.String()
}

// String returns the parameter as documentation shows it: `index?:integer`.
func (p Param) String() string {
	name := p.Name
	if p.Optional {
		name += "?"
	}
	if p.Repeat {
		name += "..."
	}
	if p.Accept == Exactly {
		return name + ":" + p.Type.String()
	}
	for word, a := range accepts {
		if a == p.Accept {
			return name + ":" + word
		}
	}
	return name
}

func (o Overload) result() string {
	if len(o.Columns) > 0 {
		columns := make([]string, len(o.Columns))
		for i, c := range o.Columns {
			columns[i] = c.Name + ":" + c.Type.String()
		}
		return "(" + strings.Join(columns, ", ") + ")"
	}
	for word, r := range returns {
		if r == o.Returns {
			return word
		}
	}
	return o.Type.String()
}

// Bounds returns the least and greatest number of arguments; most is -1 when
// there is no bound.
func (o Overload) Bounds() (least, most int) {
	for _, p := range o.Params {
		if !p.Optional {
			least++
		}
	}
	most = len(o.Params)
	if n := len(o.Params); n > 0 && o.Params[n-1].Repeat {
		most = -1
	}
	return least, most
}

// Param returns the parameter that the i-th of n arguments goes to.
func (o Overload) Param(i int) Param {
	if i >= len(o.Params) {
		return o.Params[len(o.Params)-1]
	}
	return o.Params[i]
}

// Package network has the functions over IP addresses and their ranges.
//
// An IPv4 address is computed with as a number of 32 bits, every other as one
// of 128 bits in which IPv4 has its usual place (::ffff:0:0/96). The package
// knows no tables of countries or owners.
package network

import (
	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// Functions returns the functions of this package.
func Functions() []native.Function {
	all := append(ipv4Functions(), ipv6Functions()...)
	return append(all, searchFunctions()...)
}

// call describes a function of text arguments and numbers, the latter all
// optional and last.
func call(name string, params []types.Type, result types.Type, of func(args []any) (any, error)) native.Function {
	return native.Function{Name: name, Params: params, Result: result, Call: of}
}

// list describes a function of a text and any number of texts or arrays of
// texts.
func list(name string, of func(args []any) (any, error)) native.Function {
	return native.Function{Name: name, Params: []types.Type{types.String, types.Dynamic}, Variadic: true, Result: types.Bool, Call: of}
}

func text(arg any) string {
	s, _ := arg.(string)
	return s
}

// each calls yield for every text among args and in the arrays among them,
// until it returns false.
func each(args []any, yield func(string) bool) {
	for _, a := range args {
		switch a := a.(type) {
		case string:
			if !yield(a) {
				return
			}
		case []any:
			for _, e := range a {
				if s, ok := e.(string); ok && !yield(s) {
					return
				}
			}
		}
	}
}

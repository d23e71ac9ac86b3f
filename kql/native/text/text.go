// Package text has the functions that take text apart: CSV, XML, user agents,
// command lines, paths and URLs.
//
// It knows no tables, and nothing of what the texts stand for.
package text

import (
	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// Functions returns the functions of this package.
func Functions() []native.Function {
	return []native.Function{
		parser("parse_csv", parseCSV),
		parser("parse_xml", parseXML),
		parser("parse_path", parsePath),
		parser("parse_url", parseURL),
		parser("parse_urlquery", parseURLQuery),
		{Name: "parse_command_line", Params: []types.Type{types.String, types.String}, Result: types.Dynamic, Call: parseCommandLine},
		{Name: "parse_user_agent", Params: []types.Type{types.String, types.Dynamic}, Result: types.Dynamic, Call: parseUserAgent},
		{Name: "format_bytes", Params: []types.Type{types.Real, types.Long, types.String}, Result: types.String, Call: formatBytes},
		{Name: "replace_strings", Params: []types.Type{types.String, types.Dynamic, types.Dynamic}, Result: types.String, Call: replaceStrings},
		{Name: "indexof_regex", Params: []types.Type{types.String, types.String, types.Long, types.Long, types.Long}, Result: types.Long, Call: indexOfRegex},
		{Name: "read_datetime", Params: []types.Type{types.String}, Result: types.DateTime, Call: readDateTime},
		{Name: "read_timespan", Params: []types.Type{types.String}, Result: types.TimeSpan, Call: readTimeSpan},
		{Name: "parse_kv", Params: []types.Type{types.String, types.Dynamic, types.Dynamic}, Result: types.Dynamic, Call: parseKV},
		{Name: "reduce", Params: []types.Type{types.Dynamic, types.Real, types.String, types.Bool}, Result: types.Dynamic, Call: reduce},
	}
}

// parser describes a function from a text to a dynamic value.
func parser(name string, parse func(source string) any) native.Function {
	return native.Function{Name: name, Params: []types.Type{types.String}, Result: types.Dynamic, Call: func(args []any) (any, error) {
		source, _ := args[0].(string)
		return parse(source), nil
	}}
}

// bag makes a bag of names and values in turn.
func bag(items ...any) *dynamic.Bag {
	b := dynamic.NewBag()
	for i := 0; i+1 < len(items); i += 2 {
		b.Set(items[i].(string), items[i+1])
	}
	return b
}

// readDateTime reads a text as the constants of a query are read.
func readDateTime(args []any) (any, error) {
	if at, ok := types.ParseDateTime(args[0].(string)); ok {
		return at, nil
	}
	return nil, nil
}

// readTimeSpan does so for a timespan.
func readTimeSpan(args []any) (any, error) {
	if span, ok := types.ParseTimeSpan(args[0].(string)); ok {
		return span, nil
	}
	return nil, nil
}

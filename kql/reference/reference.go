// Package reference says what Quoll has of the Kusto Query Language: an entry
// for each function, operator, statement and type of Kusto's own reference, with
// its form, one sentence, an example that runs without tables, and how Quoll's
// differs on purpose.
//
// Whether Quoll has something is never written down here: a function is there
// when the vocabulary has it, everything else when its example compiles. It
// knows no engine; whoever writes the document runs the examples.
package reference

import (
	"errors"
	"strings"
	"time"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
)

// Entry is one thing that the reference of Kusto describes.
type Entry struct {
	Name    string
	Forms   []string // how it is written
	Doc     string   // one sentence; empty for a function that Quoll lacks
	Example string   // a whole query that runs without any table
	Differs string   // in what Quoll's is on purpose not Kusto's
	// Varies says that the example gives something else each time.
	Varies bool
	// function says that the entry is one of the vocabulary, or is missing there.
	function bool
}

// Section is a group of entries, in the order of the document.
type Section struct {
	Title   string
	Entries []Entry
}

// Status is how much of an entry Quoll has.
type Status uint8

// The states of an entry.
const (
	No     Status = iota
	Partly        // it is there and differs as Entry.Differs says
	Yes
)

// String returns the word that the document uses.
func (s Status) String() string { return [...]string{"no", "partly", "yes"}[s] }

// Status tells how much of the entry Quoll has.
func (e Entry) Status() Status {
	switch {
	case e.function && e.Doc == "", !e.function && e.Err() != nil:
		return No
	case e.Differs != "":
		return Partly
	}
	return Yes
}

// Err returns why the example cannot be compiled, or nil.
func (e Entry) Err() error {
	_, err := e.Compile(bind.Options{Now: time.Unix(0, 0)})
	return err
}

// Compile gives the plan of the example. externaldata finds one file, which has
// a row of a word for each column.
func (e Entry) Compile(options bind.Options) (*plan.Statement, error) {
	options.External = func(asked bind.External) ([][]any, error) {
		row := make([]any, len(asked.Columns))
		for i := range row {
			row[i] = "quoll"
		}
		return [][]any{row}, nil
	}
	return kql.CompileWith(e.Example, empty{}, options)
}

// Reason says why Quoll lacks an entry, and what to use instead where there is
// something.
func (e Entry) Reason() string {
	if reason := builtin.All().WhyAbsent(strings.TrimSuffix(e.Name, "()")); reason != "" || e.function {
		return reason
	}
	var mistakes *source.Error
	if errors.As(e.Err(), &mistakes) {
		if first := mistakes.Diagnostics[0]; strings.Contains(first.Message, "not supported") {
			return first.Remedy
		}
		return mistakes.Diagnostics[0].Message
	}
	return ""
}

// empty is a catalogue without tables.
type empty struct{}

func (empty) Table(string) (*bind.Table, bool) { return nil, false }
func (empty) Names() []string                  { return nil }

// Sections returns everything, in the order of the document. Functions that
// Quoll has and Kusto's reference does not list, most of them older spellings,
// stand in the last section.
func Sections() []Section {
	sections := []Section{
		{"Data types", dataTypes()},
		{"Constants and names", constants()},
		{"Statements", statements()},
		{"Tabular operators", tabularOperators()},
		{"Kinds of join", joinKinds()},
		{"Graph operators", graphOperators()},
		{"Graph functions", graphFunctions()},
		{"Scalar operators", operators(scalarOperators)},
		{"String operators", operators(stringOperators)},
		{"Special functions", specialFunctions()},
		{"Scalar functions", functions(scalarFunctions)},
		{"Window functions", functions(windowFunctions)},
		{"Aggregation functions", functions(aggregates)},
		{"Series functions", functions(seriesFunctions)},
		{"Geospatial functions", functions(geoFunctions)},
		{"Plugins", functions(plugins)},
	}
	return append(sections, Section{"Older spellings and further functions", further(sections)})
}

// functions gives the entries of the functions of these names.
func functions(names string) []Entry {
	var all []Entry
	for _, name := range strings.Fields(names) {
		all = append(all, function(name))
	}
	return all
}

func function(name string) Entry {
	f, ok := builtin.All().Lookup(name)
	if !ok {
		return Entry{Name: name + "()", function: true}
	}
	e := Entry{Name: name + "()", Doc: f.Doc, Example: f.Example, Differs: f.Differs, Varies: varying[name], function: true}
	for _, o := range f.Overloads {
		e.Forms = append(e.Forms, name+o.String())
	}
	if present, ok := builtin.All().Lookup(f.Of); ok && f.Differs == "" {
		e.Differs = present.Differs
	}
	return e
}

// operators gives the entries of operators of the vocabulary.
func operators(names string) []Entry {
	var all []Entry
	for name := range strings.SplitSeq(strings.TrimSpace(names), "\n") {
		e := function(name)
		e.Name, e.Forms = name, operatorForms(name)
		all = append(all, e)
	}
	return all
}

func operatorForms(name string) []string {
	f, ok := builtin.All().Lookup(name)
	if !ok {
		return nil
	}
	var forms []string
	for _, o := range f.Overloads {
		types := make([]string, len(o.Params))
		for i, p := range o.Params {
			types[i] = strings.TrimPrefix(p.String(), p.Name+":")
		}
		switch {
		case name == "negate":
			forms = append(forms, "- "+types[0])
		case name == "between" || name == "!between":
			forms = append(forms, types[0]+" "+name+" ("+types[1]+" .. "+types[2]+")")
		case len(o.Params) == 2 && o.Params[1].Repeat:
			forms = append(forms, types[0]+" "+name+" (value, …)")
		case len(types) == 2:
			forms = append(forms, types[0]+" "+name+" "+types[1])
		}
	}
	return forms
}

// further gives the functions that no section has yet.
func further(sections []Section) []Entry {
	listed := map[string]bool{}
	for _, s := range sections {
		for _, e := range s.Entries {
			listed[strings.TrimSuffix(e.Name, "()")] = true
		}
	}
	var all []Entry
	for _, f := range builtin.All().Functions() {
		if f.Kind != builtin.Operator && !listed[f.Name] {
			all = append(all, function(f.Name))
		}
	}
	return all
}

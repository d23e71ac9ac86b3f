// Package builtin is the vocabulary of the Kusto Query Language as data: its
// scalar functions, aggregates, window functions, operators and plugins, each
// with overloads, the rule that names its column, documentation and an example
// that runs.
//
// It does not know how anything is computed: an engine's generator gives every
// entry a form, and a test beside the generator keeps the two equal. It knows
// no syntax and no plan.
package builtin

import (
	"sort"
	"sync"

	"github.com/quoll/quoll/kql/types"
)

// Kind says where a function may be called.
type Kind uint8

// The kinds of function.
const (
	Scalar    Kind = iota // in any expression
	Operator              // an operator; its name is the operator's spelling
	Aggregate             // in summarize, make-series and the like
	Window                // in an expression over serialized rows
	Plugin                // after evaluate
	Context               // scalar, but the binder itself gives it its meaning
)

// Naming says which name a column gets that is written as a bare call.
type Naming uint8

// The naming rules of Kusto.
const (
	NoName              Naming = iota // Column1, Column2, …
	FirstArgument                     // the name of the first argument
	OnlyArgument                      // the name of the argument if there is just one
	PrefixFirstArgument               // Prefix_argument, and Prefix_ when the argument has no name
	PrefixOnly                        // Prefix
)

// Function is one entry of the vocabulary.
type Function struct {
	Name      string
	Kind      Kind
	Naming    Naming
	Prefix    string // for PrefixFirstArgument and PrefixOnly
	Overloads []Overload
	// Of is the present name of the function when Name is an older spelling,
	// else empty.
	Of string
	// Stage names the step outside SQL that computes the function, for
	// example a native function of the engine; empty for what is plain SQL.
	Stage string
	Doc   string
	// Differs says in what the function is on purpose not what Kusto's is;
	// empty where there is nothing to say.
	Differs string
	// Example is a whole query that runs without any table.
	Example string
}

// Overload is one list of parameters and the type that it gives.
type Overload struct {
	Params  []Param
	Returns Return
	Type    types.Type // for Returns == Fixed
	// Columns are set when the function gives several values under names of
	// their own; Type is then dynamic, the array of these values.
	Columns []Column
}

// Column is one value of a function that gives several.
type Column struct {
	Name string
	Type types.Type
}

// Accept says which arguments a parameter takes.
type Accept uint8

// What a parameter takes. A dynamic value is taken wherever a scalar is, and
// converted.
const (
	AnyScalar  Accept = iota // every type, as it is
	AsText                   // every type, converted as tostring() does
	Exactly                  // Param.Type, and what widens to it
	AnyNumber                // int, long, real, decimal
	AnyInteger               // int, long
	AnySum                   // a number, a timespan or a datetime
	AnyOrder                 // everything but dynamic
	CommonType               // any type; all such arguments are converted to their common type
	TypeName                 // typeof(…)
	ColumnName               // a column of the input
)

// Param is one parameter.
type Param struct {
	Name     string
	Accept   Accept
	Type     types.Type // for Exactly
	Optional bool
	Repeat   bool // the last parameter: one or more arguments
	Constant bool // the argument does not depend on a row
}

// Return says how the type of a call follows from its arguments.
type Return uint8

// The return rules.
const (
	Fixed    Return = iota // Overload.Type
	First                  // the type of the first argument
	Second                 // the type of the second argument
	Widest                 // the common type of all arguments
	Promoted               // the type of the first argument, long for an int
	Common                 // the common type of the CommonType arguments
	Literal                // the type that the typeof() argument names
)

// Table is the vocabulary, looked up by name. It is immutable.
type Table struct {
	byName map[string]*Function
	sorted []*Function
}

// All returns the vocabulary. It is built once.
var All = sync.OnceValue(func() *Table {
	families := [][]entry{
		operatorEntries(), stringOperatorEntries(), stringEntries(), regexEntries(), conversionEntries(), logicEntries(),
		mathEntries(), timeEntries(), dynamicEntries(), arrayEntries(), addressEntries(),
		seriesEntries(), codingEntries(), aggregateEntries(), windowEntries(), contextEntries(), pluginEntries(),
		textEntries(), networkEntries(), geoEntries(), sketchEntries(), statisticsEntries(),
	}
	t := &Table{byName: map[string]*Function{}}
	for _, family := range families {
		for i := range family {
			t.add(family[i].function())
		}
	}
	for name, text := range differences() {
		t.byName[name].Differs = text
	}
	sort.Slice(t.sorted, func(i, j int) bool { return t.sorted[i].Name < t.sorted[j].Name })
	return t
})

func (t *Table) add(f *Function) {
	if t.byName[f.Name] != nil {
		panic("builtin: two entries named " + f.Name)
	}
	t.byName[f.Name] = f
	t.sorted = append(t.sorted, f)
}

// Lookup returns the function of that name; names are case-sensitive.
func (t *Table) Lookup(name string) (*Function, bool) {
	f, ok := t.byName[name]
	return f, ok
}

// Functions returns every entry, ordered by name. The caller does not change
// the slice.
func (t *Table) Functions() []*Function { return t.sorted }

// Must returns the function of that name, which a caller inside the compiler
// names as a constant.
func (t *Table) Must(name string) *Function {
	f, ok := t.byName[name]
	if !ok {
		panic("builtin: no function " + name)
	}
	return f
}

// Tuple returns the columns of a function that gives several values, else
// nothing.
func (f *Function) Tuple() []Column { return f.Overloads[0].Columns }

// Canonical returns the present name of f.
func (f *Function) Canonical() string {
	if f.Of != "" {
		return f.Of
	}
	return f.Name
}

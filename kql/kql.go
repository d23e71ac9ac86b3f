// Package kql compiles the Kusto Query Language, as security people write it
// for Microsoft Sentinel and Defender, to SQL.
//
// It knows no storage and no server. A Catalog says which tables there are;
// the statement that comes out runs on any engine for which there is a
// generator below sqlgen. Mistakes come back as a *source.Error that names
// every one with its place.
//
// # Another engine
//
// Everything up to the plan is the same for every engine; nothing of it has to
// change for a further one. A generator below sqlgen, or an interpreter, does
// this:
//
//   - It walks the nodes of package plan, of which there are about a dozen. A
//     node's columns are pointers, so names never have to be resolved again.
//   - It gives every function of package builtin that a plan can call a form of
//     its own, except those of kinds Context and Plugin, which are resolved
//     before. A test that goes over builtin.All(), as that of sqlgen/duckdb does,
//     says what is missing.
//   - It computes what it has no form for with the functions of native/all, which
//     take and give plain Go values.
//   - It quotes names and texts itself; a plan holds them as they were written.
//   - It is held to the meaning of the language by kqltest.Run, which runs every
//     script on an implementation of kqltest.Engine. An engine that does a part of
//     the language declines the rest with kqltest.ErrNotComputed.
//
// The tests of package query have such an engine besides DuckDB, which walks plans
// over rows in Go.
package kql

import (
	"errors"
	"time"

	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/budget"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/rewrite"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/sqlgen/duckdb"
	"github.com/quoll/quoll/kql/syntax"
)

// Compile gives the plan of a query over the tables of a catalogue. now is
// what now() and ago() mean throughout.
func Compile(text string, catalog bind.Catalog, now time.Time) (*plan.Statement, error) {
	return CompileWith(text, catalog, bind.Options{Now: now})
}

// CompileWith is Compile with all options. Work without end, which no query should
// give, is a mistake in the text; an interruption is the interruption's error.
func CompileWith(text string, catalog bind.Catalog, options bind.Options) (*plan.Statement, error) {
	src := source.New(text)
	src.Budget = budget.New(options.Steps, options.Interrupted)
	var statement *plan.Statement
	err := src.Budget.Do(func() { statement = compiled(src, catalog, options) })
	if errors.Is(err, budget.ErrSpent) {
		src.Add(source.Diagnostic{Span: src.Working, Message: "compiling the query takes too many steps; it was given up here", Remedy: "fewer nested tables and functions, or two queries, take less"})
		err = nil
	}
	if err == nil {
		err = src.Err()
	}
	if err != nil {
		return nil, err
	}
	return statement, nil
}

// compiled gives the plan of a text, or nil when it has mistakes.
func compiled(src *source.Text, catalog bind.Catalog, options bind.Options) *plan.Statement {
	if probe := options.Probe; probe != nil {
		options.Probe = func(s *plan.Statement) ([][]any, error) { return probe(improved(s, src.Budget)) }
	}
	statement := bind.Query(src, syntax.Parse(src), catalog, options)
	if src.Err() != nil {
		return nil
	}
	return rewrite.All(statement, src.Budget)
}

// improved rewrites a copy of a plan that is a part of a greater one.
func improved(s *plan.Statement, work *budget.Budget) *plan.Statement {
	if clone, ok := plan.Clone(s); ok {
		return rewrite.All(clone, work)
	}
	return s
}

// CheckFunction says whether a function can be saved: a *source.Error tells of
// the mistakes in it.
func CheckFunction(name string, saved bind.Saved, catalog bind.Catalog, options bind.Options) error {
	src := source.New(name)
	src.Budget = budget.New(options.Steps, options.Interrupted)
	var mistakes error
	if err := src.Budget.Do(func() { mistakes = bind.CheckFunction(src, name, saved, catalog, options) }); err != nil {
		return err
	}
	return mistakes
}

// DuckDB gives the SQL of a statement for DuckDB.
func DuckDB(statement *plan.Statement, options duckdb.Options) (*duckdb.Query, error) {
	return duckdb.Generate(statement, options)
}

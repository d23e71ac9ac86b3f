package query

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
)

// ErrTimeLimit is the cause of an error when a query ran longer than its limit.
var ErrTimeLimit = errors.New("the query ran longer than its time limit")

// ErrEngine says that a query is right as KQL but the engine could not run it:
// a value that it cannot compute with, or a fault of the generator.
var ErrEngine = errors.New("the engine could not run the query")

// ErrRefused says that the engine will not answer a query, in words for its
// author: it takes more steps than a query may, or its text grows too long.
var ErrRefused = errors.New("the query cannot be answered")

// Engine runs plans.
type Engine interface {
	// Run gives the rows of a statement, at most limits.Rows and about
	// limits.Bytes of them. It returns soon after ctx ends.
	Run(ctx context.Context, statement *plan.Statement, options RunOptions) (*Execution, error)
	// SQL returns the text that Run would run, for people to read.
	SQL(ctx context.Context, statement *plan.Statement, options RunOptions) (string, error)
}

// RunOptions are what a run depends on besides the statement.
type RunOptions struct {
	From, To time.Time // as in Request
	Limits   Limits
	Standing bool // as in Request
	// Each is given the rows of a statement with one table, as Request.Each is.
	Each func(rows [][]any) error
	// Again is as Request.Again is.
	Again func() error
}

// Execution is what an engine gives back. Rows are as in Result.
type Execution struct {
	Rows      [][]any
	Handed    int // rows that RunOptions.Each was given instead
	Truncated bool
	// LimitReached says in Kusto's words which limit cut the rows; it is empty where
	// none did.
	LimitReached string
	Statistics   Statistics // Compile is not set
	// More are the rows of the statement's further tables, in order.
	More []*Execution
}

// Compiler turns text into a plan. Mistakes in the text are *source.Error.
type Compiler func(text string, options bind.Options) (*plan.Statement, error)

// Fault is a broken invariant that a query ran into: a mistake of Quoll, not of
// the query. Stack says where, for the log.
type Fault struct {
	Value any
	Stack []byte
}

// Error says what was broken.
func (f *Fault) Error() string { return fmt.Sprintf("internal fault: %v", f.Value) }

// caught makes an error of a panic, when it is deferred.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("run query: %w", &Fault{Value: p, Stack: debug.Stack()})
	}
}

// External reads the files that externaldata names; see bind.Options.External.
type External interface {
	Read(ctx context.Context, asked bind.External) ([][]any, error)
}

// Service answers queries. It is safe for concurrent use.
type Service struct {
	compile  Compiler
	engine   Engine
	now      func() time.Time
	external External // nil: externaldata is refused
	library  Library  // nil: there are no watchlists and no saved functions
}

// NewService returns a service over an engine. now is the clock.
func NewService(compile Compiler, engine Engine, now func() time.Time) *Service {
	return &Service{compile: compile, engine: engine, now: now}
}

// AllowExternal lets queries read files through r. It is called before the first
// query.
func (s *Service) AllowExternal(r External) { s.external = r }

// Query compiles and runs a text. Mistakes in it are *source.Error values with
// positions; ErrTimeLimit and the errors of ctx say why a run was ended. A panic
// ends the query alone, as a *Fault.
func (s *Service) Query(ctx context.Context, r Request) (result *Result, err error) {
	defer caught(&err)
	r = s.withDefaults(r)
	started := time.Now()
	statement, err := s.compiled(ctx, r)
	if err != nil {
		return nil, err
	}
	r.Limits = r.Limits.settle(statement.Limits)
	compiled := time.Since(started)
	ctx, cancel := context.WithTimeoutCause(ctx, r.Limits.Time, ErrTimeLimit)
	defer cancel()
	started = time.Now()
	options := r.options()
	if r.Each != nil && len(statement.More) == 0 {
		of := columns(statement)
		options.Each = func(rows [][]any) error { return r.Each(of, rows) }
		options.Again = r.Again
	}
	execution, err := s.engine.Run(ctx, statement, options)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return nil, fmt.Errorf("run query: %w", cause)
	}
	if err != nil {
		return nil, fmt.Errorf("run query: %w", err)
	}
	result = table(statement, execution)
	if r.Standing {
		result.Reads = Reads(statement)
	}
	for i, further := range statement.More {
		if i < len(execution.More) {
			result.More = append(result.More, table(further, execution.More[i]))
		}
	}
	result.Statistics.Compile = compiled
	result.Statistics.Execute = time.Since(started)
	return result, nil
}

// table is the result of one statement.
func table(statement *plan.Statement, execution *Execution) *Result {
	return &Result{
		Columns: columns(statement), Rows: execution.Rows, Handed: execution.Handed, Truncated: execution.Truncated, PartialFailure: execution.LimitReached,
		Visualization: statement.Visualization, Statistics: execution.Statistics, Name: statement.Name,
	}
}

// compiled gives the plan of a request. The columns of some plugins are found
// by running a part of the query, within the limits that the whole has too.
func (s *Service) compiled(ctx context.Context, r Request) (*plan.Statement, error) {
	asked := r.options()
	asked.Limits = r.Limits.settle(plan.Limits{})
	asked.Limits.Rows = DefaultLimits().Rows
	ctx, cancel := context.WithTimeoutCause(ctx, asked.Limits.Time, ErrTimeLimit)
	defer cancel()
	var failed error
	options := bind.Options{Now: r.Now, Parameters: r.Parameters, Interrupted: func() error { return context.Cause(ctx) }, Probe: func(part *plan.Statement) ([][]any, error) {
		execution, err := s.engine.Run(ctx, part, asked)
		if err != nil {
			failed = err
			return nil, err
		}
		return execution.Rows, nil
	}}
	if s.external != nil {
		options.External = func(asked bind.External) ([][]any, error) { return s.external.Read(ctx, asked) }
	}
	statement, err := s.withLibrary(ctx, r.Text, options)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return nil, fmt.Errorf("compile query: %w", cause)
	}
	if failed != nil {
		return nil, fmt.Errorf("find the columns of a query: %w", failed)
	}
	return statement, err
}

func (s *Service) withDefaults(r Request) Request {
	if r.Now.IsZero() {
		r.Now = s.now()
	}
	return r
}

func (r Request) options() RunOptions {
	return RunOptions{From: r.From, To: r.To, Limits: r.Limits, Standing: r.Standing}
}

func columns(statement *plan.Statement) []Column {
	columns := make([]Column, len(statement.Output))
	for i, o := range statement.Output {
		columns[i] = Column{Name: o.Name, Type: o.Column.Type}
	}
	return columns
}

package duckdb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	duckdriver "github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/quoll/quoll/kql/budget"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/rewrite"
	sqlgen "github.com/quoll/quoll/kql/sqlgen/duckdb"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
)

// ErrMemory says that a query needs more memory than Config.MemoryBytes.
var ErrMemory = errors.New("the query needs more memory than it may use; a shorter time range or fewer columns need less")

// Run gives the rows of a statement. It implements query.Engine.
func (e *Engine) Run(ctx context.Context, s *plan.Statement, options query.RunOptions) (*query.Execution, error) {
	r := e.newReader(options)
	defer r.release()
	r.stand(s)
	execution, err := e.run(ctx, r, s)
	if err != nil {
		return nil, err
	}
	for _, further := range s.More {
		table, err := e.run(ctx, r, further)
		if err != nil {
			return nil, err
		}
		execution.More = append(execution.More, table)
	}
	execution.Statistics = r.statistics
	return execution, nil
}

// run gives the rows of one table of a statement. Should a value in some row be
// beyond what the engine computes with, it runs again and gives null for it.
func (e *Engine) run(ctx context.Context, r *reader, s *plan.Statement) (*query.Execution, error) {
	execution, err := e.runOnce(ctx, r, s, false)
	if err == nil || !ofValue(err) || !r.void() {
		return execution, describe(err)
	}
	if err := r.redo(); err != nil {
		return nil, err
	}
	execution, again := e.runOnce(ctx, r, s, true)
	if again == nil || errors.Is(describe(again), ErrMemory) || ctx.Err() != nil {
		return execution, describe(again)
	}
	return nil, describe(err)
}

// ofValue reports whether a value in the data made the engine fail, not the
// query. What a function of Quoll's own says is meant to be said.
func ofValue(err error) bool {
	var failure *duckdriver.Error
	if !errors.As(err, &failure) || strings.Contains(failure.Msg, ownError) {
		return false
	}
	switch failure.Type {
	case duckdriver.ErrorTypeOutOfRange, duckdriver.ErrorTypeConversion, duckdriver.ErrorTypeInvalidInput,
		duckdriver.ErrorTypeDivideByZero, errorOfDecimal, duckdriver.ErrorTypeInvalid:
		return true
	}
	return false
}

// errorOfDecimal is what the engine says; the driver's constant of that name is another.
const errorOfDecimal = duckdriver.ErrorType(mapping.ErrorTypeDecimal)

// ownError stands before what a function of Quoll's own says.
const ownError = "driver: API error: "

// runOnce looks for the first rows of tables near the end that is asked for, further where
// that gives too few, and then through all of them.
func (e *Engine) runOnce(ctx context.Context, r *reader, s *plan.Statement, careful bool) (*query.Execution, error) {
	if !r.part {
		r.near = r.nearEnd(s)
	}
	for share := int64(nearShare); r.near != nil && r.near.bind(ctx, r, share); share = nearAgain {
		pruned := r.statistics.FilesPruned
		execution, err := e.runText(ctx, r, s, careful)
		if err != nil || r.near.answers(execution) {
			return execution, err
		}
		r.statistics.FilesPruned = pruned
		if err := r.redo(); err != nil {
			return nil, err
		}
		if share == nearAgain || !r.near.further() {
			break
		}
	}
	r.near = nil
	if t := r.turns(s); t != nil && t.key == nil {
		return e.inTurn(ctx, r, s, t, careful)
	} else if t != nil {
		if execution, err := e.merged(ctx, r, s, t, careful); execution != nil || err != nil {
			return execution, err
		}
	}
	return e.runText(ctx, r, s, careful)
}

func (e *Engine) runText(ctx context.Context, r *reader, s *plan.Statement, careful bool) (*query.Execution, error) {
	number, done := e.running.add(ctx)
	defer done()
	r.bytes = 0
	r.above = filtersAbove(s.Root)
	if err := r.computeFirst(ctx, s, careful, number); err != nil {
		return nil, err
	}
	if execution, err := r.countFirst(ctx, s); execution != nil || err != nil {
		if err == nil && r.hands() {
			err = r.hand(execution, s)
		}
		return execution, err
	}
	w := r.want(s)
	if most := int(e.coming.ordered); w.long && len(s.Order) > 0 && len(s.Output) >= e.coming.columns && w.limit > most {
		pruned, first := r.statistics.FilesPruned, w
		first.limit, first.long = most, false
		execution, err := e.give(ctx, r, first, careful, number)
		if err != nil || execution.Truncated || len(execution.Rows)+execution.Handed < most {
			return execution, err
		}
		if err := r.redo(); err != nil {
			return nil, err
		}
		r.statistics.FilesPruned = pruned
	}
	return e.give(ctx, r, w, careful, number)
}

// give asks the engine for the rows of a statement.
func (e *Engine) give(ctx context.Context, r *reader, w wanted, careful bool, number int64) (execution *query.Execution, err error) {
	limit, ask := w.limit, ask
	if w.unbounded() {
		limit = 0
	}
	generated, err := e.generate(ctx, r, w.statement, careful, number, limit, w.cut)
	if err != nil {
		return nil, err
	}
	text := generated.Text
	switch {
	case w.long && r.statistics.RowsScanned > e.coming.few:
		ask = askLong
	case w.unbounded():
		text += " LIMIT " + strconv.Itoa(w.limit)
	}
	conn, err := e.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("open connection: %w", err)
	}
	defer conn.Close()
	err = conn.Raw(func(c any) error {
		rows, err := ask(ctx, c, text)
		if err != nil {
			return err
		}
		defer rows.close()
		execution, err = r.fetch(ctx, rows, w)
		return err
	})
	return execution, err
}

// SQL returns the text that Run would run. It implements query.Engine.
func (e *Engine) SQL(ctx context.Context, s *plan.Statement, options query.RunOptions) (string, error) {
	r := e.newReader(options)
	defer r.release()
	generated, err := e.sql(ctx, r, s, false, 0)
	if err != nil {
		return "", err
	}
	text := generated.Text
	for _, further := range s.More {
		if generated, err = e.sql(ctx, r, further, false, 0); err != nil {
			return "", err
		}
		text += ";\n" + generated.Text
	}
	return text, nil
}

// sql generates the SQL of a statement. One row more than the limit is asked
// for, which tells whether the result was cut.
func (e *Engine) sql(ctx context.Context, r *reader, s *plan.Statement, careful bool, number int64) (*sqlgen.Query, error) {
	return e.generate(ctx, r, s, careful, number, r.options.Limits.Rows+1, nil)
}

// generate generates the SQL of a statement of which so many rows are wanted at most; the
// limit cut is left out.
func (e *Engine) generate(ctx context.Context, r *reader, s *plan.Statement, careful bool, number int64, limit int, cut *plan.Limit) (*sqlgen.Query, error) {
	options := sqlgen.Options{
		Bounded:    func(s *plan.Scan, asked sqlgen.Times) (sqlgen.Item, error) { return r.scan(ctx, s, asked) },
		TimeColumn: rewrite.TimeColumn,
		Stored:     r.first.table, Limit: limit, Cut: cut, Careful: careful, Number: number,
		Budget: budget.New(0, func() error { return context.Cause(ctx) }),
	}
	generated, err := sqlgen.Generate(s, options)
	if errors.Is(err, sqlgen.ErrTooLarge) || errors.Is(err, lake.ErrCacheFull) {
		return nil, fmt.Errorf("%w: %w", query.ErrRefused, err)
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return nil, cause
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", query.ErrEngine, err)
	}
	return generated, nil
}

// handedRows are so many as are handed on at once.
const handedRows = 1024

// fetch reads rows up to the limits, and hands them on where the options say so.
func (r *reader) fetch(ctx context.Context, rows *answer, w wanted) (*query.Execution, error) {
	s, execution, total := w.statement, &query.Execution{}, r.before.bytes
	for !execution.Truncated && rows.next() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		size, err := r.chunk(rows, w, execution, total)
		if err != nil {
			return nil, err
		}
		total += size
		if w.cut != nil && r.given(execution) >= w.enough {
			break
		}
	}
	if rows.err != nil {
		return nil, rows.err
	}
	r.bytes = total - r.before.bytes
	if r.hands() {
		return execution, r.hand(execution, s)
	}
	exact(execution.Rows, s)
	return execution, nil
}

// chunk reads the rows of a chunk, and returns how many bytes they take; total are those
// before it.
func (r *reader) chunk(rows *answer, w wanted, execution *query.Execution, total int64) (size int64, err error) {
	limits := r.options.Limits
	for i := range rows.size {
		if w.cut != nil && r.given(execution) == w.enough {
			break
		}
		if r.handed+r.before.rows+len(execution.Rows) == limits.Rows {
			execution.Truncated, execution.LimitReached = true, limits.RecordLimitReached()
			break
		}
		if total+size > limits.Bytes {
			execution.Truncated, execution.LimitReached = true, limits.SizeLimitReached()
			break
		}
		row, bytes, err := rowOf(rows.columns, i, w.statement.Output)
		if err != nil {
			return 0, err
		}
		size += bytes
		r.near.see(row)
		execution.Rows = append(execution.Rows, row)
		if r.hands() && len(execution.Rows) == handedRows {
			if err := r.hand(execution, w.statement); err != nil {
				return 0, err
			}
		}
	}
	return size, nil
}

// given is how many rows the statement at work has given.
func (r *reader) given(execution *query.Execution) int { return execution.Handed + len(execution.Rows) }

// hands reports whether rows are handed on while they are read.
func (r *reader) hands() bool { return r.options.Each != nil && !r.hold }

// void reports whether rows that were handed on can be taken back.
func (r *reader) void() bool { return r.handed == 0 || r.options.Again != nil }

// redo takes back all rows that were handed on.
func (r *reader) redo() error {
	if r.handed == 0 {
		return nil
	}
	r.handed = 0
	return r.options.Again()
}

// hand gives the rows that were read to who asked for them, and lets them go.
func (r *reader) hand(execution *query.Execution, s *plan.Statement) error {
	if len(execution.Rows) == 0 {
		return nil
	}
	exact(execution.Rows, s)
	r.handed += len(execution.Rows)
	execution.Handed += len(execution.Rows)
	err := r.options.Each(execution.Rows)
	clear(execution.Rows)
	execution.Rows = execution.Rows[:0]
	return err
}

// rowOf gives the cells of a row of a chunk, and how many bytes they take.
func rowOf(values []vector, number int, output []plan.Output) (row []any, size int64, err error) {
	row = make([]any, len(output))
	for i, o := range output {
		value, bytes, err := cell(values[i].value(number), o.Column.Type)
		if err != nil {
			return nil, 0, fmt.Errorf("column %s: %w", o.Name, err)
		}
		row[i] = value
		size += bytes
	}
	return row, size, nil
}

// exact puts constants of which the engine holds fewer digits back into the rows:
// ticks of datetimes, and decimals.
func exact(rows [][]any, s *plan.Statement) {
	for i, l := range plan.Constants(s) {
		var value any
		switch {
		case l == nil || l.Value == nil:
			continue
		case l.Of == types.DateTime:
			value = l.Value
		case l.Exact != "":
			value = l.Exact
		default:
			continue
		}
		for _, row := range rows {
			row[i] = value
		}
	}
}

// describe puts an error of the engine into the words of a user of KQL. What
// DuckDB adds below the first line is the SQL that Quoll made, which the user
// has not written.
func describe(err error) error {
	var failure *duckdriver.Error
	if !errors.As(err, &failure) {
		return err
	}
	switch failure.Type {
	case duckdriver.ErrorTypeOutOfMemory:
		return ErrMemory
	case duckdriver.ErrorTypeInterrupt:
		return err
	}
	message, _, _ := strings.Cut(failure.Msg, "\n")
	if strings.Contains(message, "Max expression depth limit") {
		return fmt.Errorf("%w: an expression has too many operators one in another; extend names a part of it", query.ErrRefused)
	}
	if _, own, ok := strings.Cut(message, ownError); ok {
		message = own // what a function of Quoll's own says
		if !strings.Contains(own, "internal fault") {
			return fmt.Errorf("%w: %s", query.ErrRefused, own)
		}
	}
	return fmt.Errorf("%w: %s", query.ErrEngine, message)
}

package duckdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	duckdriver "github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"
)

// The driver prepares each statement and then runs it. DuckDB plans one that reads
// files both times, since files may have changed in between, and planning is most of
// what a short answer costs. So statements of queries go to the engine as they are.

// answer is what the engine gives for a statement: all its rows, in memory until close,
// or as they come.
type answer struct {
	ctx     context.Context
	conn    mapping.Connection
	result  mapping.Result
	chunk   mapping.DataChunk
	columns []vector
	size    int // rows of the chunk
	coming  bool
	ended   bool  // of rows that come: that there are no more
	err     error // what ended them
}

// interruptAgain is how long the engine has to end after it was told to, before it is
// told again: it forgets that where one of its steps begins.
const interruptAgain = 500 * time.Millisecond

// ask runs a statement without parameters on a connection of the driver. It returns soon
// after ctx ends. The caller calls close.
func ask(ctx context.Context, conn any, text string) (*answer, error) {
	raw, err := connectionPointer(conn)
	if err != nil {
		return nil, err
	}
	a := &answer{ctx: ctx, conn: mapping.Connection{Ptr: raw}}
	var state mapping.State
	if err := interruptible(ctx, a.conn, func() { state = mapping.Query(a.conn, text, &a.result) }); err != nil {
		return nil, err
	}
	return a, a.begin(state)
}

// begin describes the columns of the result; what is wrong with it ends the answer.
func (a *answer) begin(state mapping.State) (err error) {
	if state == mapping.StateError {
		defer a.close()
		return errors.Join(a.ctx.Err(), a.failure())
	}
	a.columns = make([]vector, mapping.ColumnCount(&a.result))
	for i := range a.columns {
		if a.columns[i], err = newVector(&a.result, i); err != nil {
			defer a.close()
			return fmt.Errorf("column %s: %w", mapping.ColumnName(&a.result, mapping.IdxT(i)), err)
		}
	}
	return nil
}

func (a *answer) failure() *duckdriver.Error {
	return &duckdriver.Error{Type: duckdriver.ErrorType(mapping.ResultErrorType(&a.result)), Msg: mapping.ResultError(&a.result)}
}

// interruptible runs a call of the engine, and tells the engine to end it when ctx ends.
func interruptible(ctx context.Context, conn mapping.Connection, call func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ended, quiet := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(quiet)
		again := time.NewTicker(interruptAgain)
		defer again.Stop()
		for {
			select {
			case <-ended:
				return
			default:
				mapping.Interrupt(conn)
			}
			select {
			case <-ended:
				return
			case <-again.C:
			}
		}
	})
	call()
	close(ended)
	if !stop() {
		<-quiet // else it could end the next statement of the connection
	}
	return nil
}

// next goes to the next chunk of rows; false is the end, or what err says.
func (a *answer) next() bool {
	mapping.DestroyDataChunk(&a.chunk)
	a.size = 0
	for a.size == 0 {
		mapping.DestroyDataChunk(&a.chunk)
		if !a.fetch() {
			return false
		}
		a.size = int(mapping.DataChunkGetSize(a.chunk))
	}
	for i := range a.columns {
		at := mapping.DataChunkGetVector(a.chunk, mapping.IdxT(i))
		a.columns[i].data, a.columns[i].valid = mapping.VectorGetData(at), mapping.VectorGetValidity(at)
	}
	return true
}

// fetch takes the next chunk from the engine, which works on it now where rows come.
func (a *answer) fetch() bool {
	if !a.coming {
		a.chunk = mapping.FetchChunk(a.result)
		return a.chunk.Ptr != nil
	}
	if a.err = interruptible(a.ctx, a.conn, func() { a.chunk = mapping.FetchChunk(a.result) }); a.err != nil {
		return false
	}
	if a.chunk.Ptr != nil {
		return true
	}
	a.ended = true
	if failure := a.failure(); failure.Msg != "" {
		a.err = errors.Join(a.ctx.Err(), failure)
	}
	return false
}

func (a *answer) close() {
	mapping.DestroyDataChunk(&a.chunk)
	mapping.DestroyResult(&a.result)
	if a.coming && !a.ended {
		a.letGo()
	}
}
